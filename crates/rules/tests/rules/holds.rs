//! Holds, extensions and leases taken over.

use domain::event::{Event, EventType};
use domain::gate::{GateState, Verdict};
use domain::policy::OnTimeout;
use domain::refusal::RefusalCode;
use domain::time::SECOND_US;
use serde_json::json;
use testing::world::stage;

use crate::world::{World, code, names};

fn timed(after_s: u64, max_hold_s: u64) -> World {
    let mut world = World::empty();
    world.timer("script", after_s, OnTimeout::Approve);
    world.policies.get_mut(&stage("script")).unwrap().max_hold_s = max_hold_s;
    world.start(&["script", "audio!"]);
    world
}

#[test]
fn a_hold_keeps_the_timer_off_until_it_is_released_with_the_time_that_was_left() {
    let mut world = timed(300, 3600);
    world.pass_s(100);
    world.hold("ana").unwrap();
    world.pass_s(1000);
    world.runs_on("held");
    world.unhold("bea").unwrap();
    assert_eq!(world.left_s(), 200);
    let (_, payload) = world.last();
    assert_eq!((&payload["by"], &payload["holder"]), (&json!("bea"), &json!("ana")));
    assert_eq!(payload["reason"], json!("the lawyer said so"));
    world.pass_s(200);
    world.is_approved_by_its_timer();
}

#[test]
fn a_release_leaves_a_minute_at_least() {
    let mut world = timed(30, 3600);
    world.pass_s(28);
    world.hold("ana").unwrap();
    world.pass_s(5);
    world.unhold("ana").unwrap();
    assert_eq!(world.left_s(), 60);
}

#[test]
fn a_hold_ends_with_the_bound_whatever_else_is_asked() {
    let mut world = timed(30, 100);
    world.pass_s(10);
    world.hold("ana").unwrap();
    world.hold("ana").unwrap();
    assert_eq!(world.count(EventType::GateHeld), 1, "asked twice, held once");
    world.pass_s(60);
    world.extend("ana", 40).unwrap();
    assert_eq!(code(world.extend("ana", 1)), RefusalCode::WrongState);
    world.pass_s(59);
    world.runs_on("");
    world.pass_s(1);
    world.expires();
    assert_eq!(world.state(), GateState::Approved, "30 s and 100 s are over");
}

#[test]
fn a_dead_lease_below_a_hold_does_not_put_its_end_off() {
    let mut world = timed(30, 100);
    world.hold("ana").unwrap();
    world.lease("bea").unwrap();
    world.pass_s(130);
    world.is_approved_by_its_timer();
    assert!(world.newest("script").lease.is_none());
}

#[test]
fn somebody_elses_hold_is_named() {
    let mut world = timed(300, 3600);
    world.hold("ana").unwrap();
    let refusal = world.hold("bea").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::WrongState);
    assert!(
        refusal.message.starts_with("ana holds j-1 / script #1 since "),
        "{refusal}"
    );
    world.decide("script", "bea", Verdict::Approve, None).unwrap();
    assert_eq!(
        world.state(),
        GateState::Approved,
        "a hold stops the timer, not a person"
    );
}

#[test]
fn a_lease_inside_a_hold_neither_ends_it_nor_counts_twice() {
    let mut world = timed(300, 3600);
    world.pass_s(100);
    world.lease("ana").unwrap();
    world.pass_s(10);
    world.hold("ana").unwrap();
    world.pass_s(10);
    world.release("ana").unwrap();
    world.pass_s(80);
    world.runs_on("");
    world.lease("bea").unwrap();
    world.unhold("ana").unwrap();
    world.pass_s(10);
    world.release("bea").unwrap();
    assert_eq!(world.left_s(), 200);
    let timer = world.timer_of_script().clone();
    assert_eq!((timer.added_us, timer.stopped_at), (110 * SECOND_US, None));
}

#[test]
fn what_cannot_be_held_or_moved_is_refused_with_the_reason() {
    let mut world = timed(300, 0);
    let refusal = world.hold("ana").unwrap_err();
    assert!(refusal.message.ends_with("its max_hold_s is 0"), "{refusal}");
    assert_eq!(code(world.unhold("ana")), RefusalCode::WrongState);
    assert_eq!(code(world.extend("ana", 0)), RefusalCode::Invalid);
    let mut bare = World::new(&["script"], &["script"]);
    let refusal = bare.hold("ana").unwrap_err();
    assert_eq!(refusal.message, "j-1 / script #1 has no timer");
    let mut policy = World::empty();
    policy.timer("script", 30, OnTimeout::Hold);
    policy.start(&["script"]);
    policy.pass_s(30);
    policy.expire(false).unwrap();
    for refusal in [policy.hold("ana"), policy.unhold("ana"), policy.extend("ana", 9)] {
        assert!(refusal.unwrap_err().message.contains("stopped its timer for good"));
    }
}

#[test]
fn an_extension_moves_the_deadline_and_is_logged_by_name() {
    let mut world = timed(300, 3600);
    world.pass_s(100);
    world.extend("ana", 600).unwrap();
    assert_eq!(world.left_s(), 800);
    let refusal = world.extend("ana", 3001).unwrap_err();
    assert!(refusal.message.ends_with("50:00"), "{refusal}");
    let (kind, payload) = world.last();
    assert_eq!(kind, EventType::GateExtended);
    assert_eq!((&payload["by"], &payload["seconds"]), (&json!("ana"), &json!(600)));
}

#[test]
fn an_extension_of_a_deadline_that_has_moved_is_refused_and_adds_nothing() {
    let mut world = timed(300, 3600);
    let seen = world.newest("script").deadline();
    world.extend_from("ana", 600, seen).unwrap();
    let moved = world.newest("script").deadline();
    let refusal = world.extend_from("ana", 600, seen).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::DeadlineMoved);
    assert!(refusal.message.contains(&moved.unwrap().to_string()), "{refusal}");
    assert_eq!(
        (world.newest("script").deadline(), world.count(EventType::GateExtended)),
        (moved, 1)
    );
    world.extend_from("ana", 600, moved).unwrap();
}

#[test]
fn a_lease_is_taken_over_by_name_and_adds_no_time() {
    let mut world = timed(300, 3600);
    world.pass_s(100);
    world.lease("ana").unwrap();
    world.pass_s(20);
    world.take_over("bea").unwrap();
    assert_eq!(world.newest("script").lease.clone().unwrap().holder.name, "bea");
    let (kind, payload) = world.last();
    assert_eq!(kind, EventType::GateHeld);
    assert_eq!((&payload["by"], &payload["from"]), (&json!("bea"), &json!("ana")));
    assert_eq!(code(world.lease("ana")), RefusalCode::NotPossible, "ana's heartbeat");
    world.pass_s(10);
    world.release("bea").unwrap();
    assert_eq!(world.left_s(), 200, "30 s of stop in all");
}

/// A gate on which ana composes, and whoever asks from this session.
fn composed(session: Option<&str>) -> World {
    let mut world = timed(300, 3600);
    world.lease("ana").unwrap();
    world.session = session.map(str::to_owned);
    world
}

#[test]
fn a_session_decides_nothing_over_another_that_has_the_gate_open() {
    let mut world = composed(Some("bea's session"));
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let refusal = world.decide("script", "bea", verdict, Some("mine")).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NotPossible);
        assert_eq!(refusal.message, "ana is composing on j-1 / script #1");
        assert_eq!(
            refusal.hint.as_deref(),
            Some("Ctrl-t takes the gate over first; the record names both")
        );
    }
    assert!(world.rows().decisions.is_empty());
    // The same person at another console is another session.
    let refusal = world.decide("script", "ana", Verdict::Approve, None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotPossible);
    // The session itself decides, and nobody was passed over.
    world.session = Some("ana's session".to_owned());
    world.approve("script", "ana").unwrap();
    let payload = world.payload(EventType::GateApproved);
    assert_eq!(payload.get("overridden"), None, "{payload}");
    let decision = serde_json::to_value(&world.rows().decisions[0]).unwrap();
    assert_eq!(
        decision.get("overridden"),
        None,
        "old records and new ones have the same keys where nobody was"
    );
}

#[test]
fn who_took_a_gate_over_decides_and_the_record_names_both() {
    let mut world = composed(Some("bea's session"));
    world.take_over("bea").unwrap();
    // A heartbeat forgets nothing.
    world.pass_s(10);
    world.lease("bea").unwrap();
    world.approve("script", "bea").unwrap();
    let payload = world.payload(EventType::GateApproved);
    assert_eq!(names(payload), ["bea", "ana"]);
    let decision = serde_json::to_value(&world.rows().decisions[0]).unwrap();
    assert_eq!(
        (&decision["by"], &decision["overridden"]),
        (&json!("bea"), &json!("ana")),
        "gates/script.json"
    );
}

#[test]
fn a_lease_that_is_dead_hinders_nobody() {
    let mut world = composed(Some("bea's session"));
    world.pass_s(30);
    world.approve("script", "bea").unwrap();
    let payload = world.payload(EventType::GateApproved);
    assert_eq!(payload.get("overridden"), None, "{payload}");
}

#[test]
fn a_command_has_no_session_and_goes_through_with_both_names() {
    let mut world = composed(None);
    world.decide("script", "cli", Verdict::Reject, None).unwrap();
    let payload = world.payload(EventType::GateRejected);
    assert_eq!(names(payload), ["cli", "ana"]);
}

#[test]
fn a_session_stops_moves_and_ends_nothing_over_another_that_has_the_gate_open() {
    let mut world = composed(Some("bea's session"));
    let before = world.events.len();
    for refused in [world.hold("bea"), world.extend("bea", 60), world.cancel("bea")] {
        let refusal = refused.unwrap_err();
        assert_eq!(refusal.message, "ana is composing on j-1 / script #1");
    }
    assert_eq!(world.events.len(), before);
    world.take_over("bea").unwrap();
    world.extend("bea", 60).unwrap();
    world.cancel("bea").unwrap();
    for kind in [EventType::GateExtended, EventType::GateCanceled] {
        let payload = world.payload(kind);
        assert_eq!(names(payload), ["bea", "ana"], "{kind:?}");
    }
}

#[test]
fn letting_a_timer_run_takes_nothing_from_whoever_has_the_gate_open() {
    let mut world = composed(None);
    world.hold("cy").unwrap();
    world.session = Some("bea's session".to_owned());
    world.unhold("bea").unwrap();
    let gate = world.newest("script");
    assert_eq!(gate.lease.as_ref().unwrap().holder.name, "ana");
    world.runs_on("it is stopped for ana");
}

#[test]
fn a_command_that_stops_moves_or_ends_says_who_had_the_gate_open() {
    let mut world = composed(None);
    world.hold("cli").unwrap();
    world.unhold("cli").unwrap();
    world.extend("cli", 60).unwrap();
    world.cancel("cli").unwrap();
    for kind in [
        EventType::GateHeld,
        EventType::GateReleased,
        EventType::GateExtended,
        EventType::GateCanceled,
    ] {
        let of_cli = |event: &&Event| event.kind == kind && event.payload["by"] == json!("cli");
        let event = world.events.iter().find(of_cli).unwrap();
        assert_eq!(event.payload["overridden"], json!("ana"), "{kind:?}");
    }
}
