//! Why a gate is asked for: from the request or the configured stage into the gate and the decision.

use domain::context::GateContext;
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::Digest;
use domain::policy::GatePolicy;
use domain::refusal::RefusalCode;
use serde_json::{Value, json};
use testing::world::stage;

use crate::world::{Judgement, World, made};

fn context(document: Value) -> GateContext {
    GateContext::read(&document).unwrap()
}

#[test]
fn what_the_request_says_stands_in_gate_log_and_decision() {
    let mut world = World::empty();
    let said = json!({ "title": "release 17", "labels": { "team": "media" }, "severity": "high" });
    world.open_saying("deploy", "v1", "ci", context(said.clone())).unwrap();
    assert_eq!(world.newest("deploy").context, context(said.clone()));
    assert_eq!(world.payload(EventType::GateOpened)["context"], said);
    world.approve("deploy", "ana").unwrap();
    let decision = world.rows().standing_decision(&stage("deploy")).unwrap().clone();
    let file = serde_json::to_value(&decision).unwrap();
    assert_eq!(file["context"], said);
    let keys: Vec<_> = file.as_object().unwrap().keys().map(String::as_str).collect();
    let place = |key: &str| keys.iter().position(|other| *other == key).unwrap();
    assert_eq!(place("context") + 1, place("seq"));
    let read: domain::decision::SealedDecision = serde_json::from_value(file).unwrap();
    assert_eq!((read.computed_hash(), &read), (decision.computed_hash(), &decision));
}

#[test]
fn a_decision_about_a_gate_that_says_nothing_keeps_its_bytes() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    assert!(world.payload(EventType::GateOpened).get("context").is_none());
    world.approve("deploy", "ana").unwrap();
    let decision = world.rows().standing_decision(&stage("deploy")).unwrap();
    assert!(!String::from_utf8(decision.to_file()).unwrap().contains("context"));
}

#[test]
fn a_request_that_breaks_a_limit_is_refused_by_its_place() {
    let mut world = World::empty();
    let title = Some("two\nlines".to_owned());
    let asked = GateContext {
        title,
        ..GateContext::default()
    };
    let refusal = world.open_saying("deploy", "v1", "ci", asked).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.place.as_deref()),
        (RefusalCode::Invalid, Some("title"))
    );
}

#[test]
fn asked_again_with_other_reasons_the_open_gate_says_those_and_the_log_which() {
    let mut world = World::empty();
    let first = json!({ "title": "release 17", "why": "monday", "labels": { "team": "media" } });
    world.open_saying("deploy", "v1", "ci", context(first)).unwrap();
    let digest: Digest = world.newest("deploy").digest();
    world
        .open_saying(
            "deploy",
            "v1",
            "ci",
            context(json!({ "why": "tuesday", "severity": "critical" })),
        )
        .unwrap();
    let gate = world.newest("deploy").clone();
    let wanted =
        json!({ "title": "release 17", "why": "tuesday", "labels": { "team": "media" }, "severity": "critical" });
    assert_eq!(
        (gate.key.attempt, gate.state, gate.digest()),
        (1, GateState::Open, digest)
    );
    assert_eq!(gate.context, context(wanted.clone()));
    let payload = world.payload(EventType::GateContextChanged);
    assert_eq!(
        *payload,
        json!({ "attempt": 1, "by": "ci", "parts": ["why", "severity"], "context": wanted })
    );
    // One that only repeats the opening changes nothing.
    let events = world.events.len();
    world.open("deploy", "v1", "ci").unwrap();
    assert_eq!(
        (world.events.len(), &world.newest("deploy").context),
        (events, &gate.context)
    );
}

#[test]
fn a_stage_says_what_it_was_configured_with_at_every_attempt() {
    let mut world = World::empty();
    world.policies.insert(stage("script"), GatePolicy::default());
    world.start_saying(&["script!"], &context(json!({ "title": "the script" })));
    world.run("script", 1, made("script", "one")).unwrap();
    assert_eq!(world.newest("script").context.title.as_deref(), Some("the script"));
    world.decide("script", "ana", Verdict::Reject, None).unwrap();
    world.resumes("ana");
    world.run("script", 2, made("script", "two")).unwrap();
    let gate = world.newest("script");
    assert_eq!(
        (gate.key.attempt, gate.context.title.as_deref()),
        (2, Some("the script"))
    );
}

#[test]
fn what_comes_bit_by_bit_keeps_the_limits_of_one_request() {
    let mut world = World::empty();
    let labels = |from: usize| {
        let labels = (from..from + 20).map(|number| (format!("k{number}"), "v".to_owned()));
        GateContext {
            labels: labels.collect(),
            ..GateContext::default()
        }
    };
    world.open_saying("deploy", "v1", "ci", labels(0)).unwrap();
    let refusal = world.open_saying("deploy", "v1", "ci", labels(20)).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.place.as_deref()),
        (RefusalCode::Invalid, Some("labels"))
    );
    assert_eq!(world.newest("deploy").context, labels(0));
}

#[test]
fn a_decision_on_other_words_is_refused_with_what_changed_and_nothing_is_decided() {
    let mut world = World::empty();
    let first = context(json!({ "title": "release 17", "why": "monday" }));
    world.open_saying("deploy", "v1", "ci", first.clone()).unwrap();
    let on = |world: &World, digest: Digest| Judgement {
        on_disk: world.on_disk("deploy"),
        context_digest: Some(digest),
        ..world.request("ana", Verdict::Approve)
    };
    for (said, parts) in [
        (json!({ "why": "friday", "severity": "critical" }), "why, severity"),
        (
            json!({ "why": "monday", "links": [{ "name": "x", "url": "https://x" }] }),
            "links, severity",
        ),
    ] {
        world.open_saying("deploy", "v1", "ci", context(said)).unwrap();
        let (gate, request) = (world.gate_ref("deploy"), on(&world, first.digest()));
        let events = world.events.len();
        let refusal = world.judge_at(gate, request).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ContextChanged);
        assert_eq!(
            refusal.message,
            format!("its requester changed {parts} since it was read")
        );
        let now = world.newest("deploy").context.digest();
        assert!(refusal.hint.unwrap().ends_with(&format!("--context-digest {now}")));
        assert_eq!(
            (world.newest("deploy").state, world.events.len()),
            (GateState::Open, events)
        );
    }
    // What nobody ever said of it is no less another.
    let (gate, request) = (world.gate_ref("deploy"), on(&world, Digest::of(b"x")));
    let refusal = world.judge_at(gate, request).unwrap_err();
    assert_eq!(refusal.message, "what its requester says changed since it was read");
    let (gate, request) = (
        world.gate_ref("deploy"),
        on(&world, world.newest("deploy").context.digest()),
    );
    world.judge_at(gate, request).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Approved);
}
