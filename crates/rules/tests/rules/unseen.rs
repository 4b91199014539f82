//! What a timer does at zero where nobody was shown the whole change.

use domain::event::EventType;
use domain::gate::GateState;
use domain::ids::Digest;
use domain::job::JobStatus;
use domain::policy::{AtZero, Doubt, OnTimeout};
use domain::refusal::RefusalCode;
use serde_json::json;
use testing::world::stage;

use crate::world::{World, code, made};

/// A script that the timer approves in half a minute, unless nobody was shown all of it.
fn asking(unseen: OnTimeout) -> World {
    let mut world = World::empty();
    world.timer("script", 30, OnTimeout::Approve);
    world.policies.get_mut(&stage("script")).unwrap().unseen = unseen;
    world.start(&["script!", "audio!"]);
    world.run("script", 1, made("script", "one")).unwrap();
    world
}

fn digest(world: &World) -> Digest {
    world.newest("script").digest()
}

fn at_zero(world: &World) -> Option<AtZero> {
    world.newest("script").at_zero()
}

const UNSEEN: Option<AtZero> = Some(AtZero {
    then: OnTimeout::Hold,
    because: Some(Doubt::Unseen),
});
const APPROVES: Option<AtZero> = Some(AtZero {
    then: OnTimeout::Approve,
    because: None,
});

#[test]
fn what_nobody_was_shown_is_held_at_zero_and_only_a_person_ends_it() {
    let mut world = asking(OnTimeout::Hold);
    let opened = world.events.iter().find(|event| event.kind == EventType::GateOpened);
    let message = &opened.unwrap().message;
    assert!(
        message.starts_with("script #1 waits: the timer will hold at ")
            && message.ends_with(", unless somebody is shown the whole change"),
        "{message}"
    );
    assert_eq!(at_zero(&world), UNSEEN);
    world.pass_s(30);
    world.expires();
    assert_eq!(world.state(), GateState::Open);
    let event = world.events.last().unwrap();
    assert_eq!(
        (event.kind, event.message.as_str()),
        (
            EventType::GateHeld,
            "script #1 is held at zero: nobody was shown the whole change; only a person may decide"
        )
    );
    assert_eq!(
        event.payload,
        json!({ "attempt": 1, "by": "policy", "reason": "unseen" })
    );
    let timer = world.timer_of_script();
    assert_eq!(
        (timer.held_by_policy_at, timer.held_because),
        (Some(world.now.utc), Some(Doubt::Unseen))
    );
    // Whoever looks now comes too late for the timer.
    world.see("ana", digest(&world), 1, 1);
    assert_eq!(at_zero(&world), UNSEEN);
    world.pass_s(1_000_000);
    world.runs_on("only a person ends it");
    assert_eq!(code(world.hold("ana")), RefusalCode::WrongState);
    world.approve("script", "ana").unwrap();
    assert_eq!(world.decision().unseen(), None, "a person decides as always");
}

#[test]
fn who_was_shown_all_of_just_these_bytes_lets_the_timer_approve() {
    let mut world = asking(OnTimeout::Hold);
    world.see("ana", digest(&world), 3, 2);
    world.see("bea", Digest::of(b"what lay there before"), 3, 3);
    assert_eq!(at_zero(&world), UNSEEN, "a part, and other bytes");
    world.see("ana", digest(&world), 3, 3);
    assert_eq!(at_zero(&world), APPROVES);
    world.pass_s(30);
    world.expires();
    assert_eq!(world.state(), GateState::Approved);
    let decision = world.decision();
    assert_eq!((decision.is_auto_approved(), decision.unseen()), (true, None));
    assert!(!serde_json::to_string(decision).unwrap().contains("unseen"));
}

#[test]
fn it_may_be_rejected_instead_and_the_record_says_why() {
    let mut world = asking(OnTimeout::Reject);
    world.see("ana", digest(&world), 3, 2);
    world.pass_s(30);
    world.expires();
    assert_eq!(
        (world.state(), world.status()),
        (GateState::Rejected, JobStatus::Paused)
    );
    let decision = world.decision();
    assert_eq!((decision.by(), decision.unseen()), ("timer", Some(OnTimeout::Reject)));
    assert_eq!(
        decision.notes(),
        Some("nobody decided within 0:30; nobody was shown the whole change")
    );
    let event = world
        .events
        .iter()
        .find(|event| event.kind == EventType::GateRejected)
        .unwrap();
    assert_eq!(
        event.message,
        "timer rejected script #1; nobody was shown the whole change"
    );
    assert_eq!(event.payload["unseen"], "reject");
    // Before the numbers of the chain, and only here.
    let sealed = serde_json::to_string(&world.rows().decisions[0]).unwrap();
    assert!(sealed.contains(r#""unseen":"reject","seq":1"#), "{sealed}");
}

#[test]
fn the_rule_asks_only_what_would_approve() {
    for then in [OnTimeout::Reject, OnTimeout::Hold] {
        let mut world = World::empty();
        world.timer("script", 30, then);
        world.policies.get_mut(&stage("script")).unwrap().unseen = OnTimeout::Reject;
        world.start(&["script", "audio!"]);
        assert_eq!(at_zero(&world), Some(AtZero { then, because: None }));
        world.pass_s(30);
        world.expires();
        let held = world.timer_of_script().held_because;
        assert_eq!(held, None, "{then}");
        let decision = world.rows().decisions.first();
        assert_eq!(decision.and_then(|sealed| sealed.decision.unseen()), None, "{then}");
    }
}

#[test]
fn an_overdue_gate_says_what_comes_of_it_and_a_look_in_its_grace_counts() {
    let mut world = asking(OnTimeout::Hold);
    world.pass_s(500);
    world.expire(true).unwrap();
    let overdue = world.events.last().unwrap();
    assert_eq!(
        overdue.message,
        "script #1 is overdue: the timer will hold in 1:00, unless somebody is shown the whole change"
    );
    world.see("ana", digest(&world), 1, 1);
    world.pass_s(60);
    world.expire(true).unwrap();
    assert_eq!(world.state(), GateState::Approved);
}

#[test]
fn a_patch_is_something_that_nobody_was_shown_yet() {
    let mut world = asking(OnTimeout::Hold);
    world.see("ana", digest(&world), 1, 1);
    assert_eq!(at_zero(&world), APPROVES);
    let gate = &mut world.rows_mut().gates[0];
    gate.artifacts[0].digest = Digest::of(b"patched");
    assert_eq!(at_zero(&world), UNSEEN);
}

#[test]
fn of_two_doubts_the_one_that_holds_is_the_rule() {
    let mut world = World::empty();
    world.timer("script", 30, OnTimeout::Approve);
    let policy = world.policies.get_mut(&stage("script")).unwrap();
    (policy.unseen, policy.nobody_reached) = (OnTimeout::Reject, OnTimeout::Hold);
    policy.remind_before_s = vec![10];
    world.start(&["script!", "audio!"]);
    world.run("script", 1, made("script", "one")).unwrap();
    let held = AtZero {
        then: OnTimeout::Hold,
        because: Some(Doubt::NobodyReached),
    };
    assert_eq!(at_zero(&world), Some(held));
}
