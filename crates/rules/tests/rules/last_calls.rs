//! Last calls: said once each, moved with the deadline, and whom they reached.

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::GateState;
use domain::policy::{AtZero, Doubt, OnTimeout};
use domain::time::SECOND_US;
use domain::wake::WakeKind;
use rules::Happening;
use serde_json::{Value, json};
use testing::world::stage;

use crate::world::World;

/// A gate of ten minutes with two last calls.
fn calling(nobody_reached: OnTimeout) -> World {
    let mut world = World::empty();
    world.timer("script", 600, OnTimeout::Approve);
    let policy = world.policies.get_mut(&stage("script")).unwrap();
    (policy.remind_before_s, policy.nobody_reached) = (vec![120, 300], nobody_reached);
    world.start(&["script", "audio!"]);
    world
}

fn said(world: &World) -> Vec<&Value> {
    let calls = world.events.iter().filter(|event| event.kind == EventType::LastCall);
    calls.map(|event| &event.payload).collect()
}

fn wakes(world: &World) -> Option<(WakeKind, i64)> {
    let gate = world.newest("script");
    let wake = gate
        .timer
        .as_ref()?
        .wake(gate.lease.as_ref(), gate.policy.max_hold_s, 60)?;
    Some((wake.kind, wake.at.us_since(world.now.utc) / SECOND_US))
}

fn shows(world: &mut World, who: &str) {
    let gate = world.gate_ref("script");
    world.ask_at_console(who, Command::MarkReached { gate }).unwrap();
}

#[test]
fn each_is_said_once_the_first_first_and_then_the_timer_ends() {
    let mut world = calling(OnTimeout::Approve);
    assert_eq!(wakes(&world), Some((WakeKind::LastCall, 300)));
    world.runs_on("not yet");
    world.pass_s(300);
    world.expires();
    assert_eq!(
        said(&world),
        [&json!({ "attempt": 1, "before_s": 300, "left_s": 300, "at_zero": "approve" })]
    );
    assert_eq!(
        world.events.last().unwrap().message,
        "last call for script #1: the timer will approve in 5:00"
    );
    assert_eq!(wakes(&world), Some((WakeKind::LastCall, 180)));
    world.pass_s(180);
    world.expires();
    assert_eq!(wakes(&world), Some((WakeKind::Deadline, 120)));
    world.pass_s(120);
    world.expires();
    assert_eq!((world.state(), said(&world).len()), (GateState::Approved, 2));
}

#[test]
fn what_was_said_is_not_said_again_after_a_hold_or_an_extension() {
    let mut world = calling(OnTimeout::Approve);
    world.pass_s(300);
    world.expires();
    world.extend("ana", 200).unwrap();
    assert_eq!(wakes(&world), Some((WakeKind::LastCall, 380)), "the other one moves");
    world.pass_s(100);
    world.hold("ana").unwrap();
    world.pass_s(1000);
    world.runs_on("a hold stops it");
    world.unhold("ana").unwrap();
    assert_eq!(wakes(&world), Some((WakeKind::LastCall, 280)));
    world.pass_s(280);
    world.expires();
    assert_eq!(wakes(&world), Some((WakeKind::Deadline, 120)));
    let before: Vec<_> = said(&world).iter().map(|call| call["before_s"].clone()).collect();
    assert_eq!(before, [300, 120]);
}

#[test]
fn calls_that_were_missed_are_said_as_one_and_before_the_grace() {
    let mut world = calling(OnTimeout::Approve);
    world.pass_s(540);
    world.expire(true).unwrap();
    assert_eq!(
        said(&world),
        [&json!({ "attempt": 1, "before_s": 300, "left_s": 60, "at_zero": "approve" })]
    );
    assert_eq!(wakes(&world), Some((WakeKind::Deadline, 60)));
    let mut world = calling(OnTimeout::Approve);
    world.pass_s(2000);
    world.expire(true).unwrap();
    assert_eq!((said(&world).len(), said(&world)[0]["left_s"].clone()), (1, json!(0)));
    world.expire(true).unwrap();
    assert_eq!(world.last().0, EventType::GateOverdue);
}

#[test]
fn a_hold_that_uses_its_bound_up_is_called_before_it_ends() {
    let mut world = calling(OnTimeout::Approve);
    world.pass_s(100);
    world.hold("ana").unwrap();
    assert_eq!(wakes(&world), Some((WakeKind::LastCall, 3600 + 500 - 300)));
    world.pass_s(3800);
    world.expires();
    assert_eq!(said(&world)[0]["left_s"], 300);
}

#[test]
fn a_timer_whose_last_call_reached_nobody_is_held_where_the_policy_asks_for_it() {
    let unreached = Some(AtZero {
        then: OnTimeout::Hold,
        because: Some(Doubt::NobodyReached),
    });
    let mut world = calling(OnTimeout::Hold);
    // Before anything was said, no screen can have shown it.
    shows(&mut world, "ana");
    assert_eq!(world.newest("script").at_zero(), unreached);
    for seconds in [300, 180, 120] {
        world.pass_s(seconds);
        world.expires();
    }
    assert_eq!(
        world.events.last().unwrap().message,
        "script #1 is held at zero: its last call reached nobody; only a person may decide"
    );
    assert_eq!(world.last().1["reason"], "nobody_reached");
    assert_eq!(said(&world)[1]["doubt"], "nobody_reached");
    world.approve("script", "ana").unwrap();
}

#[test]
fn a_screen_or_a_webhook_reaches_and_is_noted_once() {
    for by_webhook in [false, true] {
        let mut world = calling(OnTimeout::Hold);
        world.pass_s(300);
        world.expires();
        let key = world.key("script");
        for _ in 0..2 {
            if by_webhook {
                let answered = |is_asked_for, webhook: &str| Happening::Answered {
                    key: key.clone(),
                    webhook: webhook.to_owned(),
                    is_asked_for,
                };
                world.happen(answered(false, "archive"), Vec::new()).unwrap();
                world.happen(answered(true, "chat"), Vec::new()).unwrap();
            } else {
                shows(&mut world, "ana");
            }
        }
        assert_eq!(world.count(EventType::GateReached), 1);
        let payload = world.payload(EventType::GateReached);
        let who = if by_webhook {
            json!({ "attempt": 1, "webhook": "chat" })
        } else {
            json!({ "attempt": 1, "by": "ana" })
        };
        assert_eq!(*payload, who);
        for seconds in [180, 120] {
            world.pass_s(seconds);
            world.expires();
        }
        assert_eq!(world.state(), GateState::Approved);
    }
}

#[test]
fn another_policy_calls_anew() {
    let mut world = calling(OnTimeout::Approve);
    world.pass_s(310);
    world.expires();
    let mut policies = world.policies.clone();
    policies.get_mut(&stage("script")).unwrap().remind_before_s = vec![295, 60];
    let rows = world.rows().clone();
    let (rows, _) = rules::under_policies(rows, &policies, (world.now, 60));
    let gate = rows.newest_gate(&stage("script")).unwrap();
    let calls = gate.timer.as_ref().unwrap().calls.as_ref().unwrap();
    assert_eq!((calls.next_s, calls.said_s), (Some(60), None), "290 s are left");
}
