//! Jobs: re-runs, losses, cancellation, manual jobs and gates opened from outside.

use domain::ask::Command;
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::JobId;
use domain::job::{AttemptState, JobStatus};
use domain::policy::{GatePolicy, OnTimeout};
use domain::refusal::RefusalCode;
use rules::{Evidence, StageOutcome};
use testing::world::stage;

use crate::world::{World, code, made};

#[test]
fn rejected_without_a_patch_only_that_stage_runs_again_with_the_notes() {
    let mut world = World::reviewed();
    world.decide("script", "ana", Verdict::Reject, Some("shorter")).unwrap();
    assert_eq!(world.status(), JobStatus::Paused);
    world.resumes("bea");
    let again = world.rows().newest_attempt(&stage("script")).unwrap().clone();
    assert_eq!(
        (again.number, again.state, again.notes.as_deref()),
        (2, AttemptState::Queued, Some("shorter"))
    );
    world.run("script", 2, made("script", "two")).unwrap();
    assert_eq!(world.key("script").attempt, 2);
    assert_eq!(code(world.resume("bea", Evidence::default())), RefusalCode::WrongState);
}

#[test]
fn a_lost_stage_runs_again_as_a_new_attempt_and_is_given_up_after_five() {
    let mut world = World::new(&["script!"], &["script"]);
    for attempt in 1..=4 {
        world.run("script", attempt, StageOutcome::Lost).unwrap();
        assert_eq!(
            world.rows().newest_attempt(&stage("script")).unwrap().number,
            attempt + 1
        );
    }
    world.run("script", 5, StageOutcome::Lost).unwrap();
    assert_eq!(world.status(), JobStatus::Failed);
}

#[test]
fn a_loss_between_other_ends_does_not_count_as_a_row() {
    let mut world = World::reviewed();
    for attempt in 2..20 {
        world.decide("script", "ana", Verdict::Reject, None).unwrap();
        world.resumes("ana");
        let number = world.rows().newest_attempt(&stage("script")).unwrap().number;
        world.run("script", number, StageOutcome::Lost).unwrap();
        world
            .run("script", number + 1, made("script", &attempt.to_string()))
            .unwrap();
    }
    assert_eq!(world.status(), JobStatus::NeedsApproval);
}

#[test]
fn a_failed_stage_ends_the_job() {
    let mut world = World::new(&["script!", "audio!"], &["script"]);
    world
        .run("script", 1, StageOutcome::Failed("exit status 3".into()))
        .unwrap();
    assert_eq!(world.status(), JobStatus::Failed);
    assert_eq!(
        (world.count(EventType::StageFailed), world.count(EventType::JobFailed)),
        (1, 1)
    );
}

#[test]
fn an_end_that_is_told_twice_counts_once() {
    let mut world = World::reviewed();
    let again = made("script", "two");
    assert_eq!(code(world.end("script", 1, again)), RefusalCode::WrongState);
    assert_eq!(world.rows().gates.len(), 1);
}

#[test]
fn canceling_ends_gates_and_attempts_and_nothing_happens_after() {
    let mut world = World::reviewed();
    world.cancel("ana").unwrap();
    assert_eq!(
        (world.status(), world.state()),
        (JobStatus::Canceled, GateState::Canceled)
    );
    assert_eq!(code(world.approve("script", "bea")), RefusalCode::GateCanceled);
    assert_eq!(code(world.cancel("ana")), RefusalCode::WrongState);
    let mut running = World::new(&["script!"], &[]);
    running.begin("script", 1).unwrap();
    running.cancel("ana").unwrap();
    let late = made("script", "one");
    assert_eq!(
        code(running.end("script", 1, late)),
        RefusalCode::WrongState,
        "an orphan's output is never registered"
    );
    assert!(running.rows().artifacts.is_empty());
}

#[test]
fn bare_stages_open_or_pass_at_once() {
    let world = World::new(&["outline", "script", "audio"], &["script"]);
    assert_eq!((world.status(), world.at()), (JobStatus::NeedsApproval, Some("script")));
    let done = World::new(&["outline", "script"], &[]);
    assert_eq!(done.status(), JobStatus::Completed);
}

#[test]
fn a_rejected_bare_gate_opens_again_even_if_the_policy_was_dropped_meanwhile() {
    let mut world = World::new(&["script", "audio"], &["script"]);
    world.decide("script", "ana", Verdict::Reject, None).unwrap();
    world.policies.clear();
    world.resumes("ana");
    assert_eq!((world.key("script").attempt, world.state()), (2, GateState::Open));
}

#[test]
fn opening_from_outside_makes_a_manual_job_and_the_same_digests_return_the_same_gate() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    assert!(world.rows().job.is_manual);
    assert_eq!(
        (world.status(), world.key("deploy").attempt),
        (JobStatus::NeedsApproval, 1)
    );
    world.open("deploy", "v1", "ci").unwrap();
    assert_eq!(world.rows().gates.len(), 1);
    world.open("deploy", "v2", "ci").unwrap();
    assert_eq!(
        (world.key("deploy").attempt, world.rows().gates[0].state),
        (2, GateState::Canceled)
    );
    world.approve("deploy", "ana").unwrap();
    assert_eq!(world.status(), JobStatus::Running);
    world.ask("ci", Command::Complete(JobId::new("j-1").unwrap())).unwrap();
    assert_eq!(world.status(), JobStatus::Completed);
    assert_eq!(code(world.open("deploy", "v3", "ci")), RefusalCode::WrongState);
}

#[test]
fn a_manual_job_waits_after_a_rejection_and_opening_again_ends_the_pause() {
    let mut world = World::empty();
    world.open("deploy", "v1", "ci").unwrap();
    world.decide("deploy", "ana", Verdict::Reject, None).unwrap();
    assert_eq!(
        code(world.ask("ci", Command::Complete(JobId::new("j-1").unwrap()))),
        RefusalCode::WrongState
    );
    world.open("deploy", "v2", "ci").unwrap();
    assert_eq!(
        (world.status(), world.count(EventType::JobResumed)),
        (JobStatus::NeedsApproval, 1)
    );
    world.decide("deploy", "ana", Verdict::Reject, None).unwrap();
    world.resumes("ana");
    assert_eq!(world.status(), JobStatus::Running);
}

#[test]
fn a_gate_that_is_asked_for_waits_for_a_person_where_the_policy_would_let_it_pass() {
    let mut world = World::empty();
    world.policies.insert(
        stage("deploy"),
        GatePolicy {
            required: false,
            ..GatePolicy::default()
        },
    );
    world.open("deploy", "v1", "ci").unwrap();
    assert_eq!(world.newest("deploy").timer, None);
}

#[test]
fn on_a_job_that_holdpoint_runs_only_the_current_bare_stage_can_be_opened() {
    let mut world = World::new(&["outline", "script!"], &["outline", "script"]);
    assert_eq!(code(world.open("script", "x", "ci")), RefusalCode::WrongState);
    assert_eq!(code(world.open("trailer", "x", "ci")), RefusalCode::NotFound);
    world.open("outline", "x", "ci").unwrap();
    assert_eq!(world.key("outline").attempt, 2);
}

#[test]
fn the_policy_in_force_is_frozen_into_the_gate() {
    let mut world = World::new(&["script", "audio"], &["script", "audio"]);
    world.timer("script", 5, OnTimeout::Approve);
    world.timer("audio", 5, OnTimeout::Approve);
    assert_eq!(world.newest("script").timer, None);
    world.approve("script", "ana").unwrap();
    assert!(world.newest("audio").timer.is_some());
}

#[test]
fn a_failure_is_noted_once_and_only_of_a_job_that_failed() {
    let mut world = World::new(&["script!"], &["script"]);
    let note = |world: &mut World, who: &str| world.ask(who, Command::Acknowledge(JobId::new("j-1").unwrap()));
    let refusal = note(&mut world, "ana").unwrap_err();
    assert!(refusal.message.contains("has not failed"), "{refusal}");
    world
        .run("script", 1, StageOutcome::Failed("exit status 3".into()))
        .unwrap();
    assert_eq!(world.rows().job.acknowledged_at, None);
    note(&mut world, "ana").unwrap();
    let noted = world.rows().job.acknowledged_at;
    assert!(noted.is_some());
    world.pass_s(5);
    note(&mut world, "bea").unwrap();
    assert_eq!(world.rows().job.acknowledged_at, noted);
    assert_eq!(world.count(EventType::JobAcknowledged), 1);
}
