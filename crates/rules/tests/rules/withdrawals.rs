//! Gates that were opened from outside and are taken back.

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::job::JobStatus;
use domain::key::GateRef;
use domain::policy::OnTimeout;
use domain::refusal::{Refusal, RefusalCode};
use rules::{Evidence, OpeningRecord};
use serde_json::json;
use testing::world::stage;

use crate::world::{World, code, made};

fn withdraw(world: &mut World, name: &str, by: &str, record: OpeningRecord) -> Result<(), Refusal> {
    let gate = GateRef {
        attempt: Some(world.key(name).attempt),
        ..world.gate_ref(name)
    };
    let reason = Some(" wrong tag\n".to_owned());
    let evidence = Evidence {
        opening: record,
        ..Evidence::default()
    };
    world.ask_with(by, Command::Withdraw { gate, reason }, evidence)
}

fn opened_by(name: &str) -> OpeningRecord {
    OpeningRecord {
        opened_by: Some(name.to_owned()),
        ..OpeningRecord::default()
    }
}

#[test]
fn whoever_opened_it_takes_it_back_and_the_manual_job_goes_on() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    let opened = world.payload(EventType::GateOpened);
    assert_eq!(opened["by"], "ci", "who opened it is on record");
    withdraw(&mut world, "deploy", "ci", opened_by("ci")).unwrap();
    let gate = world.newest("deploy").clone();
    let settled = gate.settled.clone().unwrap();
    assert_eq!((gate.state, settled.by.as_str()), (GateState::Canceled, "ci"));
    assert_eq!(world.status(), JobStatus::Running);
    let (kind, payload) = world.last();
    assert_eq!(
        (kind, &payload["by"], &payload["why"], &payload["withdrawn"]),
        (EventType::GateCanceled, &json!("ci"), &json!("wrong tag"), &json!(true))
    );
    // Asked again, it stays as it is.
    let events = world.events.len();
    let again = OpeningRecord {
        is_withdrawn: true,
        ..opened_by("ci")
    };
    withdraw(&mut world, "deploy", "ci", again).unwrap();
    assert_eq!(
        (world.events.len(), world.newest("deploy").settled.clone()),
        (events, Some(settled))
    );
    world.open("deploy", "v2", "ci").unwrap();
    assert_eq!(world.key("deploy").attempt, 2);
}

#[test]
fn nobody_else_may_but_an_admin() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    let refusal = withdraw(&mut world, "deploy", "other", opened_by("ci")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotAllowed);
    assert_eq!(refusal.message, "ci opened j-1 / deploy #1, not other");
    let unknown = withdraw(&mut world, "deploy", "other", OpeningRecord::default());
    assert_eq!(code(unknown), RefusalCode::NotAllowed);
    let admin = OpeningRecord {
        may_any: true,
        ..opened_by("ci")
    };
    withdraw(&mut world, "deploy", "admin", admin).unwrap();
    assert_eq!(world.newest("deploy").state, GateState::Canceled);
}

#[test]
fn what_is_decided_stays_decided_and_what_a_stage_opened_is_not_withdrawn() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    world.approve("deploy", "ana").unwrap();
    let late = withdraw(&mut world, "deploy", "ci", opened_by("ci"));
    assert_eq!(code(late), RefusalCode::AlreadyDecided);
    let mut world = World::new(&["script!"], &["script"]);
    world.run("script", 1, made("script", "one")).unwrap();
    let admin = OpeningRecord {
        may_any: true,
        ..OpeningRecord::default()
    };
    assert_eq!(
        code(withdraw(&mut world, "script", "ana", admin)),
        RefusalCode::WrongState
    );
}

#[test]
fn a_job_that_holdpoint_runs_pauses_at_the_stage_until_it_is_opened_or_resumed() {
    for is_resumed in [false, true] {
        let mut world = World::new(&["outline", "script!"], &["outline"]);
        world.timer("outline", 5, OnTimeout::Approve);
        world.open("outline", "x", "ci").unwrap();
        withdraw(&mut world, "outline", "ci", opened_by("ci")).unwrap();
        assert_eq!((world.status(), world.at()), (JobStatus::Paused, Some("outline")));
        if is_resumed {
            world.resumes("ana");
        } else {
            world.open("outline", "y", "ci").unwrap();
        }
        assert_eq!(world.status(), JobStatus::NeedsApproval);
        assert_eq!(world.key("outline").attempt, 3, "the first was its stage's own");
        world.approve("outline", "ana").unwrap();
        assert_eq!(world.at(), Some("script"));
    }
}

/// An old rejection of the stage is not what the job waits for now.
#[test]
fn a_withdrawal_after_a_rejection_opens_again_and_hands_nothing_to_the_stage() {
    let mut world = World::new(&["outline", "script!"], &["outline"]);
    world.decide("outline", "ana", Verdict::Reject, Some("no")).unwrap();
    world.resumes("ana");
    world.open("outline", "x", "ci").unwrap();
    withdraw(&mut world, "outline", "ci", opened_by("ci")).unwrap();
    assert!(
        !world
            .rows()
            .standing_decision(&stage("outline"))
            .unwrap()
            .decision
            .is_approved()
    );
    assert_eq!(world.rows().rejection_to_answer(), None);
    world.resumes("ana");
    assert_eq!(
        (world.status(), world.newest("outline").state),
        (JobStatus::NeedsApproval, GateState::Open)
    );
}

/// What was withdrawn or rejected and is not under review any more is nothing that a stage may
/// start on.
#[test]
fn what_no_approval_names_is_no_artifact_any_more() {
    for is_rejected in [false, true] {
        let mut world = World::new(&["outline", "script!"], &["outline"]);
        world.open("outline", "x", "ci").unwrap();
        if is_rejected {
            world.decide("outline", "ana", Verdict::Reject, None).unwrap();
        } else {
            withdraw(&mut world, "outline", "ci", opened_by("ci")).unwrap();
        }
        world.resumes("ana");
        assert!(
            world.newest("outline").artifacts.is_empty(),
            "the stage promises nothing"
        );
        world.approve("outline", "ana").unwrap();
        assert_eq!(world.rows().artifacts, []);
        world.begin("script", 1).unwrap();
    }
}
