//! Deadlines, leases and looks.

use domain::anchor::BootId;
use domain::decision::SealedDecision;
use domain::event::EventType;
use domain::gate::GateState;
use domain::ids::Digest;
use domain::job::JobStatus;
use domain::operator::Surface;
use domain::policy::OnTimeout;
use domain::refusal::RefusalCode;
use domain::time::SECOND_US;
use serde_json::{Map, Value, json};
use testing::world::stage;

use crate::world::{World, code, made, text};

#[test]
fn the_timer_approves_in_its_own_name_and_the_job_goes_on() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(29);
    world.runs_on("not due");
    world.pass_s(1);
    world.expires();
    let decision = world.decision();
    assert_eq!(
        (decision.by(), decision.is_auto_approved(), decision.is_approved()),
        ("timer", true, true)
    );
    assert_eq!(decision.via().surface, Surface::Timer);
    assert_eq!(
        (
            world.count(EventType::GateAutoApproved),
            world.count(EventType::GateApproved)
        ),
        (1, 0)
    );
    assert_eq!(world.at(), Some("audio"));
}

#[test]
fn on_timeout_reject_pauses_the_job_and_is_no_auto_approval() {
    let mut world = World::timed(30, OnTimeout::Reject);
    world.pass_s(30);
    world.expires();
    let decision = world.decision();
    assert_eq!(
        (decision.by(), decision.is_auto_approved(), decision.is_approved()),
        ("timer", false, false)
    );
    assert_eq!(world.status(), JobStatus::Paused);
}

#[test]
fn on_timeout_hold_leaves_the_gate_to_persons_for_good() {
    let mut world = World::timed(30, OnTimeout::Hold);
    world.pass_s(30);
    world.expires();
    assert_eq!((world.state(), world.count(EventType::GateHeld)), (GateState::Open, 1));
    world.pass_s(1_000_000);
    world.runs_on("");
    world.approve("script", "ana").unwrap();
}

#[test]
fn a_gate_that_nobody_could_settle_in_time_is_overdue_for_the_grace_and_settled_once() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(500);
    world.expire(true).unwrap();
    assert_eq!(
        (world.state(), world.count(EventType::GateOverdue)),
        (GateState::Open, 1)
    );
    world.pass_s(59);
    assert_eq!(code(world.expire(true)), RefusalCode::WrongState);
    world.pass_s(1);
    world.expire(true).unwrap();
    assert_eq!(world.state(), GateState::Approved);
    assert_eq!(world.count(EventType::GateOverdue), 1, "the grace is not given twice");
}

#[test]
fn a_live_lease_keeps_the_timer_off_and_a_dead_one_gives_the_time_back() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(20);
    world.lease("ana").unwrap();
    world.pass_s(15);
    world.runs_on("under ana's hands");
    world.lease("ana").unwrap();
    world.pass_s(30);
    world.expires();
    assert_eq!(
        world.state(),
        GateState::Open,
        "the lease ended, the timer did not fire"
    );
    assert_eq!(world.newest("script").lease, None);
    assert_eq!(world.left_s(), 60);
    world.pass_s(60);
    world.is_approved_by_its_timer();
}

#[test]
fn a_lease_given_back_lets_the_time_left_run_again() {
    let mut world = World::timed(300, OnTimeout::Approve);
    world.pass_s(100);
    world.lease("ana").unwrap();
    world.pass_s(10);
    world.release("ana").unwrap();
    assert_eq!(world.left_s(), 200);
    assert_eq!(
        (world.count(EventType::GateHeld), world.count(EventType::GateReleased)),
        (1, 1)
    );
}

#[test]
fn heartbeats_and_reopening_never_hold_beyond_the_bound() {
    let mut world = World::empty();
    world.timer("script", 30, OnTimeout::Approve);
    world.policies.get_mut(&stage("script")).unwrap().max_hold_s = 100;
    world.start(&["script"]);
    for second in 0..13 {
        if second % 3 == 0 {
            let _ = world.release("ana");
        }
        world.lease("ana").unwrap();
        world.pass_s(10);
    }
    world.expires();
    assert_eq!(
        world.state(),
        GateState::Approved,
        "130 s after opening the bound is used up, heartbeats or not"
    );
}

#[test]
fn somebody_elses_live_lease_is_named_and_does_not_stop_a_decision() {
    let mut world = World::timed(300, OnTimeout::Approve);
    world.lease("ana").unwrap();
    let refusal = world.lease("bea").unwrap_err();
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (RefusalCode::NotPossible, "ana has j-1 / script #1 open")
    );
    world.release("bea").unwrap();
    assert!(
        world.newest("script").lease.is_some(),
        "only its own session gives it back"
    );
    world.approve("script", "bea").unwrap();
    assert_eq!(world.newest("script").lease, None);
}

#[test]
fn a_lease_that_died_unnoticed_is_counted_when_the_next_is_taken() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.lease("ana").unwrap();
    world.pass_s(40);
    world.lease("bea").unwrap();
    let gate = world.newest("script");
    assert_eq!(gate.lease.as_ref().unwrap().holder.name, "bea");
    assert_eq!(
        gate.timer.as_ref().unwrap().added_us,
        60 * SECOND_US,
        "ana's 30 s, and at least a minute left"
    );
}

#[test]
fn a_look_is_kept_once_per_person_and_version() {
    let mut world = World::timed(30, OnTimeout::Approve);
    let digest = world.newest("script").digest();
    for (who, digest) in [("ana", digest), ("ana", digest), ("bea", digest), ("ana", text("new"))] {
        world.see(who, digest, 5, 0);
    }
    assert_eq!(
        (world.newest("script").seen.len(), world.count(EventType::GateSeen)),
        (3, 3)
    );
    world.pass_s(30);
    world.expires();
    assert_eq!(world.decision().seen().len(), 3, "the record says who had looked");
}

#[test]
fn a_look_keeps_its_first_time_and_is_completed_by_what_was_shown_since() {
    let mut world = World::timed(3000, OnTimeout::Approve);
    let digest = world.newest("script").digest();
    let look = |world: &mut World, hunks_shown| {
        world.see("ana", digest, 5, hunks_shown);
    };
    for (hunks_shown, expected, events) in [(0, 0, 1), (2, 2, 2), (1, 2, 2), (9, 5, 3), (5, 5, 3)] {
        look(&mut world, hunks_shown);
        let gate = world.newest("script");
        assert_eq!(gate.seen.len(), 1);
        assert_eq!(
            (gate.seen[0].hunks, gate.seen[0].hunks_shown),
            (Some(5), Some(expected))
        );
        assert_eq!(world.count(EventType::GateSeen), events, "after {hunks_shown}");
        assert_eq!(gate.is_wholly_seen_by("ana"), expected == 5);
        world.pass_s(10);
    }
    assert_eq!(world.now.utc.us_since(world.newest("script").seen[0].at), 50_000_000);
    assert!(!world.events.is_empty());
}

#[test]
fn a_record_from_before_extents_reads_writes_and_hashes_as_it_did() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(30);
    world.expires();
    let mut file: Value = serde_json::from_slice(&world.rows().decisions[0].to_file()).unwrap();
    let former = json!({ "by": "ana", "at": "2026-11-22T17:00:00.000000+00:00", "digest": text("x") });
    file["seen"] = json!([former]);
    let sealed: SealedDecision = serde_json::from_value(file.clone()).unwrap();
    assert_eq!(serde_json::to_value(&sealed).unwrap(), file);
    assert_eq!(sealed.decision.seen()[0].extent(), None);
    file.as_object_mut().unwrap().remove("hash");
    let canonical = serde_json_canonicalizer::to_vec(&file).unwrap();
    assert_eq!(sealed.computed_hash(), Digest::of(&canonical));
}

#[test]
fn the_chain_hash_covers_every_field_and_the_file_reads_back() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(30);
    world.expires();
    let sealed = &world.rows().decisions[0];
    assert_eq!(sealed.hash, sealed.computed_hash());
    let file = sealed.to_file();
    let text = String::from_utf8(file.clone()).unwrap();
    let keys: Vec<_> = serde_json::from_str::<Map<String, Value>>(&text)
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let expected = [
        "stage",
        "approved",
        "by",
        "at",
        "notes",
        "patch",
        "auto_approved",
        "job_id",
        "attempt",
        "via",
        "opened_at",
        "deadline",
        "seen",
        "artifacts",
        "seq",
        "prev",
        "hash",
    ];
    assert_eq!(keys, expected);
    let read: domain::decision::SealedDecision = serde_json::from_slice(&file).unwrap();
    assert_eq!(read.to_file(), file);
    for (key, value) in [
        ("by", json!("ana")),
        ("auto_approved", json!(false)),
        ("notes", json!("x")),
        ("seq", json!(2)),
    ] {
        let mut object: Map<String, Value> = serde_json::from_str(&text).unwrap();
        object.insert(key.into(), value);
        let forged: domain::decision::SealedDecision = serde_json::from_value(Value::Object(object)).unwrap();
        assert_ne!(forged.computed_hash(), forged.hash, "{key}");
    }
}

#[test]
fn the_timer_approves_nothing_that_the_gate_does_not_show() {
    for found in [None, Some((text("two"), 3))] {
        for on_timeout in [OnTimeout::Approve, OnTimeout::Reject] {
            let mut world = World::new(&["script!"], &[]);
            world.timer("script", 30, on_timeout);
            world.run("script", 1, made("script", "one")).unwrap();
            world.pass_s(30);
            let mut on_disk = world.on_disk("script");
            on_disk[0].found = found;
            let expired = world.expired(false);
            if on_timeout == OnTimeout::Reject {
                world.happen(expired, on_disk).unwrap();
                assert_eq!(world.state(), GateState::Rejected, "a rejection lets nothing pass");
                continue;
            }
            world.happen(expired, on_disk).unwrap();
            let gate = world.newest("script");
            assert_eq!(gate.state, GateState::Open);
            assert!(gate.timer.as_ref().unwrap().held_by_policy_at.is_some());
            let (kind, payload) = world.last();
            assert_eq!(
                (kind, &payload["reason"]),
                (EventType::GateHeld, &"artifact_changed".into())
            );
            world.approve("script", "ana").unwrap();
        }
    }
}

#[test]
fn a_look_older_than_a_patch_makes_the_timer_ask_again() {
    let mut world = World::new(&["script!"], &[]);
    world.timer("script", 30, OnTimeout::Approve);
    world.run("script", 1, made("script", "one")).unwrap();
    world.pass_s(30);
    let mut on_disk = world.on_disk("script");
    on_disk[0].registered = text("older");
    for on_disk in [on_disk, Vec::new()] {
        let expired = world.expired(false);
        assert_eq!(code(world.happen(expired, on_disk)), RefusalCode::WrongState);
        assert!(world.timer_of_script().held_by_policy_at.is_none());
    }
    world.is_approved_by_its_timer();
}

#[test]
fn a_deadline_that_moved_after_the_ticker_asked_is_not_due_whatever_the_civil_clock_says() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.pass_s(20);
    let asked = world.wake();
    world.extend("ana", 600).unwrap();
    // The clock is set forward past both: the old deadline has passed by the boot clock when the
    // ticker asks, the new one has not.
    world.step_s(3600);
    world.pass_s(10);
    let expired = |wake, world: &World| world.expired_at(wake, false);
    for wake in [asked, world.wake()] {
        let early = expired(wake, &world);
        assert_eq!(code(world.happen(early, Vec::new())), RefusalCode::WrongState);
    }
    world.pass_s(600);
    let fresh = expired(world.wake(), &world);
    world.happen(fresh, Vec::new()).unwrap();
    assert_eq!(world.state(), GateState::Approved);
}

/// Whatever is done to the civil clock, what counts is how much time passed.
fn steps() -> [i64; 4] {
    [3600, -3600, 40, -40]
}

#[test]
fn no_step_of_the_clock_ends_a_live_lease_or_keeps_a_dead_one() {
    for by_s in steps() {
        let mut world = World::timed(300, OnTimeout::Approve);
        world.pass_s(100);
        world.lease("ana").unwrap();
        world.step_s(by_s);
        world.pass_s(29);
        world.runs_on(&format!("{by_s}"));
        assert_eq!(code(world.lease("bea")), RefusalCode::NotPossible, "{by_s}: it lives");
        world.lease("ana").unwrap();
        world.pass_s(29);
        assert_eq!(code(world.lease("bea")), RefusalCode::NotPossible, "{by_s}: renewed");
        world.pass_s(1);
        world.expires();
        assert_eq!(world.newest("script").lease, None, "{by_s}");
        let timer = world.timer_of_script().clone();
        assert_eq!(world.left_s(), 200, "{by_s}: the time left is given back");
        assert_eq!(timer.added_us, 59 * SECOND_US, "{by_s}: and so much was taken");
    }
}

#[test]
fn a_lease_of_another_host_is_not_over_because_a_clock_was_wrong_when_it_was_found_so() {
    let mut world = World::timed(300, OnTimeout::Approve);
    world.lease("ana").unwrap();
    world.now.boot = BootId::of_kernel("77aa4bd0-9d5c-3f2a");
    world.step_s(62);
    let by_a_wrong_clock = world.expired(false);
    world.step_s(-62);
    world.pass_s(10);
    assert_eq!(
        code(world.happen(by_a_wrong_clock, Vec::new())),
        RefusalCode::WrongState
    );
    assert!(world.newest("script").lease.is_some(), "it lives");
    // A ticker that has waited for it by its boot clock is believed, whatever civil time says of it.
    let waited = world.expired(false);
    world.pass_s(1);
    world.happen(waited, Vec::new()).unwrap();
    assert_eq!(world.newest("script").lease, None);
}

#[test]
fn a_timer_that_a_step_overtook_still_knows_its_time_left_when_it_is_stopped() {
    for by_s in steps() {
        let mut world = World::timed(300, OnTimeout::Approve);
        world.step_s(by_s);
        world.pass_s(100);
        world.lease("ana").unwrap();
        world.pass_s(20);
        world.release("ana").unwrap();
        let timer = world.timer_of_script().clone();
        assert_eq!(world.left_s(), 200, "{by_s}");
        assert_eq!(timer.added_us, 20 * SECOND_US, "{by_s}");
        world.pass_s(199);
        world.runs_on(&format!("{by_s}"));
        world.pass_s(1);
        world.expires();
        assert_eq!(world.state(), GateState::Approved, "{by_s}");
    }
}

#[test]
fn the_bound_of_a_hold_is_a_length_of_time() {
    for by_s in steps() {
        let mut world = World::timed(30, OnTimeout::Approve);
        world.pass_s(10);
        world.hold("ana").unwrap();
        world.step_s(by_s);
        world.pass_s(20 + 3600 - 1);
        world.runs_on(&format!("{by_s}"));
        let timer = world.timer_of_script().clone();
        assert_eq!(timer.addable_us(world.now, 3600), 0, "{by_s}");
        world.pass_s(1);
        world.expires();
        assert_eq!(world.state(), GateState::Approved, "{by_s}");
        let decision = world.decision();
        let deadline = world.newest("script").deadline().unwrap();
        assert!(deadline <= decision.at(), "{by_s}: told as the civil clock has it");
    }
}

#[test]
fn a_hold_that_the_machine_slept_through_is_overdue_once_and_not_held_anew() {
    let mut world = World::timed(30, OnTimeout::Approve);
    world.hold("ana").unwrap();
    world.pass_s(10_000);
    world.expire(true).unwrap();
    let gate = world.newest("script");
    assert_eq!((gate.state, world.count(EventType::GateOverdue)), (GateState::Open, 1));
    assert_eq!(gate.timer.as_ref().unwrap().hold, None);
    world.pass_s(60);
    world.is_approved_by_its_timer();
}

#[test]
fn the_timers_decision_says_after_how_long_and_whether_somebody_had_looked() {
    let decided = |act: fn(&mut World)| {
        let mut world = World::timed(90, OnTimeout::Reject);
        act(&mut world);
        world.pass_s(10_000);
        world.expires();
        world.decision().notes().map(str::to_owned)
    };
    let note = |text: &str| Some(text.to_owned());
    assert_eq!(decided(|_| {}), note("nobody decided within 1:30; nobody had looked"));
    assert_eq!(
        decided(|world| {
            for who in ["bea", "ana"] {
                let digest = world.newest("script").digest();
                world.see(who, digest, 1, 1);
            }
            world.extend("ana", 60).unwrap();
        }),
        note("nobody decided within 2:30, 1:00 of it added by persons; ana and bea had looked")
    );
    assert_eq!(
        decided(|world| world.hold("ana").unwrap()),
        note("nobody decided within 1h01m, 1h00m of it added by persons; nobody had looked")
    );
    assert_eq!(
        decided(|world| {
            world.pass_s(5000);
            world.expire(true).unwrap();
        }),
        note("nobody decided within 1:30, nor in the grace after it was overdue; nobody had looked")
    );
}
