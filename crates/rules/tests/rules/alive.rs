//! Signs of life of whoever asked for a gate.

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::GateState;
use domain::heartbeat::{HeartbeatTerms, WhenGone};
use domain::key::GateRef;
use domain::policy::OnTimeout;
use domain::refusal::RefusalCode;
use domain::wake::{self, DueGate, Wake, WakeKind};
use rules::{Evidence, Happening, OpeningRecord, Trigger};
use serde_json::json;

use crate::world::{Done, World, artifact};

const TERMS: HeartbeatTerms = HeartbeatTerms {
    heartbeat_s: 60,
    when_gone: WhenGone::Withdraw,
};

fn open(world: &mut World, terms: HeartbeatTerms) {
    let command = Command::OpenGate {
        job_id: world.job_id.clone(),
        stage: testing::world::stage("deploy"),
        artifacts: Vec::new(),
        bases: Vec::new(),
        context: Box::default(),
        heartbeat: Some(terms),
    };
    let evidence = Evidence {
        brought: vec![artifact("deploy", "v1")],
        ..Evidence::default()
    };
    world.ask_with("ci", command, evidence).unwrap();
}

fn alive(world: &mut World) -> Done {
    alive_by(world, "ci", None)
}

fn alive_by(world: &mut World, who: &str, terms: Option<HeartbeatTerms>) -> Done {
    let gate = GateRef::from(&world.key("deploy"));
    let opening = OpeningRecord {
        opened_by: Some("ci".to_owned()),
        ..OpeningRecord::default()
    };
    let evidence = Evidence {
        opening,
        ..Evidence::default()
    };
    let command = Command::KeepAlive {
        gate,
        context: None,
        heartbeat: terms,
    };
    world.ask_with(who, command, evidence)
}

fn next(world: &World) -> Option<Wake> {
    let gate = world.newest("deploy");
    wake::next(
        gate.timer.as_ref(),
        gate.lease.as_ref(),
        gate.heartbeat.as_ref(),
        3600,
        60,
    )
}

fn expires(world: &mut World, wake: Wake, is_missed: bool) -> Done {
    let key = world.key("deploy");
    let trigger = Trigger::Happened(Happening::Expired(DueGate::found(key, wake, is_missed, world.now)));
    let job_id = world.job_id.clone();
    world.put(&job_id, &trigger, &Evidence::default()).map(|_| ())
}

#[test]
fn a_gate_whose_requester_is_silent_is_withdrawn_and_says_why() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    let first = next(&world).unwrap();
    assert_eq!(first.kind, WakeKind::Silence);
    world.pass_s(50);
    alive(&mut world).unwrap();
    // Whoever found the former time due is told that it is not.
    world.pass_s(10);
    assert!(expires(&mut world, first, false).is_err());
    let second = next(&world).unwrap();
    assert!(expires(&mut world, second, false).is_err(), "it is not due yet");
    world.pass_s(50);
    expires(&mut world, second, false).unwrap();
    let gate = world.newest("deploy").clone();
    assert_eq!(
        (gate.state, gate.settled.unwrap().by.as_str()),
        (GateState::Canceled, "timer")
    );
    let payload = world.payload(EventType::GateCanceled);
    assert_eq!(payload["why"], "no sign of life of the requester for 1:00");
    assert_eq!(payload["withdrawn"], true);
    // A person who decides then has lost cleanly.
    let late = world.approve("deploy", "ana").unwrap_err();
    assert_eq!(late.code, RefusalCode::GateCanceled);
    assert_eq!(alive(&mut world).unwrap_err().code, RefusalCode::GateCanceled);
}

#[test]
fn who_decides_in_the_same_moment_and_comes_first_has_decided() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    let wake = next(&world).unwrap();
    world.pass_s(60);
    world.approve("deploy", "ana").unwrap();
    assert!(expires(&mut world, wake, false).is_err());
    assert_eq!(world.newest("deploy").state, GateState::Approved);
    assert_eq!(world.count(EventType::GateCanceled), 0);
}

#[test]
fn one_that_is_to_be_kept_stays_and_says_when_its_requester_is_gone_and_back() {
    let mut world = World::empty();
    let when_gone = WhenGone::Keep;
    open(&mut world, HeartbeatTerms { when_gone, ..TERMS });
    let wake = next(&world).unwrap();
    world.pass_s(60);
    expires(&mut world, wake, false).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Open);
    assert_eq!(next(&world), None, "it is told once");
    assert_eq!(world.count(EventType::GateRequesterGone), 1);
    alive(&mut world).unwrap();
    assert_eq!(
        *world.payload(EventType::GateRequesterBack),
        json!({ "attempt": 1, "by": "ci" })
    );
    assert!(next(&world).is_some());
    world.approve("deploy", "ana").unwrap();
}

#[test]
fn where_nobody_could_have_heard_it_the_time_begins_anew() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    let wake = next(&world).unwrap();
    world.pass_s(600);
    expires(&mut world, wake, true).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Open);
    let again = next(&world).unwrap();
    assert_eq!(again.at, world.now.utc.plus_s(60));
    world.pass_s(60);
    expires(&mut world, again, false).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Canceled);
}

#[test]
fn the_timer_and_the_silence_come_in_their_order() {
    let mut world = World::empty();
    world.timer("deploy", 30, OnTimeout::Reject);
    open(&mut world, TERMS);
    let first = next(&world).unwrap();
    assert_eq!(first.kind, WakeKind::Deadline);
    world.pass_s(30);
    expires(&mut world, first, false).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Rejected);
}

#[test]
fn a_gate_that_waits_for_no_sign_of_life_refuses_one() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    let refusal = alive(&mut world).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::WrongState);
    assert_eq!(
        HeartbeatTerms::of(Some(4), None).unwrap_err().place.as_deref(),
        Some("heartbeat_s")
    );
    assert_eq!(
        HeartbeatTerms::of(None, Some(WhenGone::Keep))
            .unwrap_err()
            .place
            .as_deref(),
        Some("when_gone")
    );
    assert_eq!(HeartbeatTerms::of(None, None), Ok(None));
}

#[test]
fn a_promise_outside_the_limits_is_refused_wherever_it_comes_from() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    for heartbeat_s in [0, 4, u64::MAX] {
        let terms = HeartbeatTerms { heartbeat_s, ..TERMS };
        let refusal = alive_by(&mut world, "ci", Some(terms)).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.place.as_deref()),
            (RefusalCode::Invalid, Some("heartbeat_s"))
        );
    }
    assert_eq!(world.newest("deploy").heartbeat.as_ref().unwrap().terms, TERMS);
}

#[test]
fn nobody_but_the_opener_speaks_for_a_gate() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    let before = world.newest("deploy").clone();
    world.pass_s(30);
    let refusal = alive_by(&mut world, "another", None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotAllowed);
    assert_eq!(*world.newest("deploy"), before);
    alive(&mut world).unwrap();
    assert_ne!(world.newest("deploy").heartbeat, before.heartbeat);
}

#[test]
fn a_sign_of_life_may_promise_otherwise_and_keeps_what_it_does_not_name() {
    let mut world = World::empty();
    open(&mut world, TERMS);
    world.pass_s(50);
    let other = HeartbeatTerms {
        heartbeat_s: 600,
        when_gone: WhenGone::Keep,
    };
    alive_by(&mut world, "ci", Some(other)).unwrap();
    assert_eq!(next(&world).unwrap().at, world.now.utc.plus_s(600));
    world.pass_s(300);
    alive(&mut world).unwrap();
    let wake = next(&world).unwrap();
    world.pass_s(600);
    expires(&mut world, wake, false).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Open);
    assert_eq!(world.count(EventType::GateRequesterGone), 1);
    // One that promised nothing may begin to.
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    alive_by(&mut world, "ci", Some(TERMS)).unwrap();
    assert_eq!(next(&world).unwrap().kind, WakeKind::Silence);
}
