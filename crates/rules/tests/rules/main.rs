//! The rules as lists of inputs: each test feeds a small world and looks at what became of it.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on has failed, and picks what it looks at"
)]

mod alive;
mod comments;
mod context;
mod decisions;
mod holds;
mod jobs;
mod last_calls;
mod looks;
mod moved;
mod patches;
mod recalls;
mod script;
mod timers;
mod unseen;
mod withdrawals;
mod world;

use domain::job::{AttemptState, JobStatus};
use rules::StageOutcome;
use testing::world::stage;
use world::{World, made};

#[test]
fn a_gate_opens_after_its_stage_and_the_job_goes_on_when_it_is_approved() {
    let mut world = World::new(&["script!", "audio!"], &["script"]);
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("script")));
    world.run("script", 1, made("script", "one")).unwrap();
    assert_eq!(world.status(), JobStatus::NeedsApproval);
    world.approve("script", "ana").unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    assert_eq!(
        world.rows().newest_attempt(&stage("audio")).unwrap().state,
        AttemptState::Queued
    );
    world.run("audio", 1, StageOutcome::Made(vec![])).unwrap();
    assert_eq!(world.status(), JobStatus::Completed, "audio has no gate");
}
