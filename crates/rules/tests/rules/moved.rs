//! Nothing goes on but what somebody decided on: artifacts that are not what was decided on when
//! the next stage is to start.

use domain::artifact::{Base, BaseOrigin, GateArtifact};
use domain::event::EventType;
use domain::gate::{GateState, OnDisk, Verdict};
use domain::ids::Digest;
use domain::job::{AttemptState, JobStatus};
use domain::policy::{GatePolicy, OnTimeout};
use domain::refusal::{Refusal, RefusalCode};
use rules::{Evidence, Happening, Review, StageOutcome};
use serde_json::json;
use testing::world::stage;

use crate::world::{World, artifact, code, made, path_of, text};

fn approved() -> World {
    let mut world = World::new(&["outline!", "script!", "audio!"], &["outline", "script"]);
    for (name, bytes) in [("outline", "plan"), ("script", "one")] {
        world.run(name, 1, made(name, bytes)).unwrap();
        world.approve(name, "ana").unwrap();
    }
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    world
}

/// What lies there, where it is not what was agreed on; none: nothing.
fn looks(world: &World, before: &str, other: &[(&str, Option<&str>)]) -> Vec<OnDisk> {
    let mut looks = world.agreed(before);
    for (name, bytes) in other {
        let path = path_of(name);
        let looked = looks.iter_mut().find(|looked| looked.path == path).unwrap();
        looked.found = bytes.map(|bytes| (Digest::of(bytes.as_bytes()), bytes.len() as u64));
    }
    looks
}

fn pause(world: &mut World, looks: &[OnDisk]) {
    let moved = looks.iter().find(|looked| looked.is_moved()).unwrap().clone();
    let attempt = world.rows().newest_attempt(&stage("audio")).unwrap().number;
    let stage = stage("audio");
    let happening = Happening::ArtifactMoved { stage, attempt, moved };
    world.happen(happening, Vec::new()).unwrap();
    assert_eq!(world.status(), JobStatus::Paused);
}

fn plan(review: Option<(&str, &str)>) -> Evidence {
    Evidence {
        review: review.map(|(name, bytes)| Review {
            stage: stage(name),
            artifacts: vec![artifact(name, bytes)],
        }),
        ..Evidence::default()
    }
}

/// The script was replaced before audio could start, and a resume has opened it for review.
fn reviewing(mut world: World) -> World {
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    resume(&mut world, found, Some(("script", "tampered"))).unwrap();
    world
}

fn resume(world: &mut World, looks: Vec<OnDisk>, review: Option<(&str, &str)>) -> Result<(), Refusal> {
    world.seeing(looks, |world| world.resume("bea", plan(review)))
}

#[test]
fn a_stage_is_not_opened_for_review_by_whoever_is_limited_to_another() {
    let mut world = approved();
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    world.limit(Some(&["audio"]));
    let refused = resume(&mut world, found.clone(), Some(("script", "tampered")));
    assert_eq!(code(refused), RefusalCode::NotAllowed);
    assert_eq!(world.status(), JobStatus::Paused);
    world.limit(Some(&["script", "audio"]));
    resume(&mut world, found, Some(("script", "tampered"))).unwrap();
}

#[test]
fn resuming_opens_the_stage_that_answers_for_it_and_its_approval_goes_on_from_there() {
    let mut world = reviewing(approved());
    let gate = world.newest("script").clone();
    assert_eq!((gate.key.attempt, gate.state), (2, GateState::Open));
    assert_eq!(gate.artifacts[0].digest, text("tampered"));
    assert_eq!((world.status(), world.at()), (JobStatus::NeedsApproval, Some("script")));
    let waiting = world.rows().newest_attempt(&stage("audio")).unwrap();
    assert_eq!(waiting.state, AttemptState::Canceled, "no second one may be left over");
    assert_eq!(
        world.rows().newest_attempt(&stage("script")).unwrap().number,
        1,
        "the stage does not run"
    );
    world.approve("script", "bea").unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    world.run("audio", 2, StageOutcome::Made(vec![])).unwrap();
    assert_eq!(world.status(), JobStatus::Completed);
}

#[test]
fn only_a_person_may_approve_what_somebody_put_there() {
    let mut world = approved();
    world.timer("script", 5, OnTimeout::Approve);
    let world = reviewing(world);
    assert_eq!(world.newest("script").timer, None);
}

#[test]
fn a_rejection_of_it_lets_the_stage_run_again() {
    let mut world = reviewing(approved());
    world
        .decide("script", "bea", Verdict::Reject, Some("not mine"))
        .unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Paused, Some("script")));
    world.resumes("bea");
    let again = world.rows().newest_attempt(&stage("script")).unwrap();
    assert_eq!((again.number, again.notes.as_deref()), (3, Some("not mine")));
    world.run("script", 3, made("script", "two")).unwrap();
    world.approve("script", "bea").unwrap();
    world.run("audio", 2, StageOutcome::Made(vec![])).unwrap();
    assert_eq!(world.status(), JobStatus::Completed);
}

#[test]
fn what_is_again_as_it_was_decided_on_just_goes_on() {
    let mut world = approved();
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    let looks = world.agreed("audio");
    resume(&mut world, looks, None).unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("audio")));
    assert_eq!(world.rows().gates.len(), 2);
    world.run("audio", 1, StageOutcome::Made(vec![])).unwrap();
    assert_eq!(world.status(), JobStatus::Completed);
}

#[test]
fn what_is_missing_is_refused_with_a_remedy() {
    let mut world = approved();
    let found = looks(&world, "audio", &[("outline", Some("x")), ("script", None)]);
    pause(&mut world, &found);
    let refusal = resume(&mut world, found, Some(("outline", "x"))).unwrap_err();
    assert_eq!(
        refusal.message,
        "artifacts/script/script.txt is missing from the run directory"
    );
    assert!(refusal.hint.unwrap().contains(&text("one").to_string()));
    assert_eq!(world.status(), JobStatus::Paused);
}

#[test]
fn several_are_reviewed_one_after_the_other_the_first_stage_first() {
    let mut world = approved();
    let found = looks(
        &world,
        "audio",
        &[("outline", Some("plan b")), ("script", Some("tampered"))],
    );
    pause(&mut world, &found);
    resume(&mut world, found, Some(("outline", "plan b"))).unwrap();
    assert_eq!((world.key("outline").attempt, world.at()), (2, Some("outline")));
    assert_eq!(world.newest("script").key.attempt, 1);
    world.approve("outline", "bea").unwrap();
    // What came of the other outline is made again: its stage overwrites what somebody put there.
    assert_eq!((world.status(), world.at()), (JobStatus::Queued, Some("script")));
    world.begin("script", 2).unwrap();
}

#[test]
fn a_stage_behind_the_reviewed_one_that_did_not_run_again_is_no_reason_to_stop() {
    let mut world = World::new(
        &["outline!", "script!", "legal", "audio!"],
        &["outline", "script", "legal"],
    );
    for (name, bytes) in [("outline", "plan"), ("script", "one")] {
        world.run(name, 1, made(name, bytes)).unwrap();
        world.approve(name, "ana").unwrap();
    }
    world.approve("legal", "ana").unwrap();
    let found = looks(&world, "audio", &[("outline", Some("plan b"))]);
    pause(&mut world, &found);
    resume(&mut world, found, Some(("outline", "plan b"))).unwrap();
    world.approve("outline", "bea").unwrap();
    assert_eq!(
        world.agreed("script").len(),
        1,
        "script reads the outline and nothing of its own"
    );
    world.run("script", 2, made("script", "two")).unwrap();
    world.approve("script", "bea").unwrap();
    assert_eq!(world.at(), Some("legal"), "decided anew");
    world.approve("legal", "bea").unwrap();
    assert_eq!(world.at(), Some("audio"));
}

#[test]
fn what_passed_without_a_gate_is_reviewed_too_when_somebody_changes_it() {
    let mut world = World::new(&["research!", "audio!"], &[]);
    world.run("research", 1, made("research", "facts")).unwrap();
    let found = looks(&world, "audio", &[("research", Some("lies"))]);
    pause(&mut world, &found);
    resume(&mut world, found, Some(("research", "lies"))).unwrap();
    assert_eq!(
        (world.key("research").attempt, world.newest("research").state),
        (2, GateState::Open)
    );
    world.approve("research", "bea").unwrap();
    world.begin("audio", 2).unwrap();
}

#[test]
fn no_stage_starts_on_a_look_that_is_stale_or_shows_other_bytes() {
    let mut world = approved();
    let start = |world: &mut World, on_disk| {
        let (stage, attempt) = (stage("audio"), 1);
        world.happen(
            Happening::StageStarted {
                stage,
                attempt,
                host: None,
            },
            on_disk,
        )
    };
    assert_eq!(
        code(start(&mut world, Vec::new())),
        RefusalCode::WrongState,
        "not looked at"
    );
    let moved = looks(&world, "audio", &[("script", Some("tampered"))]);
    assert_eq!(code(start(&mut world, moved)), RefusalCode::ArtifactChanged);
    let mut stale = world.agreed("audio");
    for looked in &mut stale {
        looked.registered = text("tampered");
        looked.found = Some((looked.registered, 8));
    }
    assert_eq!(code(start(&mut world, stale)), RefusalCode::WrongState);
    world.begin("audio", 1).unwrap();
}

/// An older holdpoint registered what it found, and queued the stage: the decision has the last
/// word.
#[test]
fn bytes_that_were_registered_without_a_decision_are_not_started_on() {
    let mut world = approved();
    let rows = world.rows_mut();
    let script = rows
        .artifacts
        .iter_mut()
        .find(|one| one.stage == stage("script"))
        .unwrap();
    script.digest = text("tampered");
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    assert!(found.iter().any(OnDisk::is_moved));
    pause(&mut world, &found);
    resume(&mut world, found, Some(("script", "tampered"))).unwrap();
    assert_eq!(world.key("script").attempt, 2);
}

#[test]
fn the_last_look_before_the_launch_puts_the_attempt_back() {
    let mut world = approved();
    world.begin("audio", 1).unwrap();
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    let attempt = world.rows().newest_attempt(&stage("audio")).unwrap();
    assert_eq!((attempt.state, attempt.started_at), (AttemptState::Queued, None));
}

#[test]
fn a_review_that_shows_something_else_than_what_was_found_is_refused() {
    let mut world = approved();
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    for wrong in [None, Some(("script", "other")), Some(("outline", "plan"))] {
        let refused = resume(&mut world, found.clone(), wrong);
        assert_eq!(code(refused), RefusalCode::WrongState, "{wrong:?}");
    }
    assert_eq!(world.status(), JobStatus::Paused);
}

#[test]
fn what_an_operator_said_to_the_stage_that_waited_is_not_lost() {
    let mut world = approved();
    world.policies.insert(stage("audio"), GatePolicy::default());
    world.run("audio", 1, made("audio", "loud")).unwrap();
    world.decide("audio", "ana", Verdict::Reject, Some("quieter")).unwrap();
    world.resumes("ana");
    let mut world = reviewing(world);
    world.approve("script", "bea").unwrap();
    let again = world.rows().newest_attempt(&stage("audio")).unwrap();
    assert_eq!((again.number, again.notes.as_deref()), (3, Some("quieter")));
}

/// What waits, and what became of the job, after somebody has approved the script while the outline
/// was not what was decided on.
fn approved_over(found: Option<&str>) -> World {
    let mut world = World::new(&["outline!", "script!", "audio!"], &["outline", "script"]);
    for (name, bytes) in [("outline", "plan"), ("script", "one")] {
        world.run(name, 1, made(name, bytes)).unwrap();
        if name == "outline" {
            world.approve(name, "ana").unwrap();
        }
    }
    let looks = looks(&world, "audio", &[("outline", found)]);
    world.seeing(looks, |world| world.approve("script", "ana")).unwrap();
    world
}

#[test]
fn an_approval_before_a_stage_that_would_read_something_else_pauses_the_job_at_once() {
    for found in [Some("tampered"), None] {
        let world = approved_over(found);
        assert_eq!((world.status(), world.at()), (JobStatus::Paused, Some("audio")));
        let waiting = world.rows().waiting().unwrap();
        assert_eq!((waiting.number, waiting.state), (1, AttemptState::Queued));
        let (kind, payload) = world.last();
        assert_eq!(
            (kind, &payload["reason"], &payload["review"]),
            (EventType::JobPaused, &json!("artifact_changed"), &json!("outline"))
        );
        assert_eq!(world.state(), GateState::Approved);
    }
    let as_decided = approved_over(Some("plan"));
    assert_eq!(
        (as_decided.status(), as_decided.at()),
        (JobStatus::Queued, Some("audio"))
    );
}

/// The audio was rejected, and meanwhile somebody replaced the script.
fn rejected_over(found: Option<&str>) -> (World, Vec<OnDisk>) {
    let mut world = approved();
    world.policies.insert(stage("audio"), GatePolicy::default());
    world.run("audio", 1, made("audio", "loud")).unwrap();
    world.decide("audio", "ana", Verdict::Reject, Some("quieter")).unwrap();
    let found = looks(&world, "audio", &[("script", found)]);
    (world, found)
}

#[test]
fn the_first_resume_opens_the_review_and_what_was_said_is_not_lost() {
    let (mut world, found) = rejected_over(Some("tampered"));
    resume(&mut world, found, Some(("script", "tampered"))).unwrap();
    assert_eq!((world.status(), world.at()), (JobStatus::NeedsApproval, Some("script")));
    assert_eq!(world.key("script").attempt, 2);
    let dropped = world.rows().newest_attempt(&stage("audio")).unwrap();
    assert_eq!((dropped.number, dropped.state), (2, AttemptState::Canceled));
    assert_eq!(world.count(EventType::JobResumed), 1);
    let how = world.payload(EventType::JobResumed)["how"].as_str().unwrap();
    assert!(how.ends_with("script #2 is opened for review"), "{how}");
    world.approve("script", "bea").unwrap();
    let again = world.rows().newest_attempt(&stage("audio")).unwrap();
    assert_eq!((again.number, again.notes.as_deref()), (3, Some("quieter")));
}

#[test]
fn a_resume_before_a_stage_that_would_read_what_is_missing_is_refused() {
    let (mut world, found) = rejected_over(None);
    let refusal = resume(&mut world, found, None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
    assert_eq!(world.status(), JobStatus::Paused);
}

#[test]
fn a_gate_says_that_it_is_open_for_review_and_why() {
    let mut world = approved();
    let found = looks(&world, "audio", &[("script", Some("tampered"))]);
    pause(&mut world, &found);
    let base = Base {
        digest: text("one"),
        origin: BaseOrigin::Decided {
            attempt: 1,
            approved: true,
        },
    };
    let artifacts = vec![GateArtifact {
        base: Some(base),
        ..artifact("script", "tampered")
    }];
    let review = Some(Review {
        stage: stage("script"),
        artifacts,
    });
    let plan = Evidence {
        review,
        ..Evidence::default()
    };
    world.seeing(found, |world| world.resume("bea", plan)).unwrap();
    let why = |world: &World, name: &str| world.rows().review_words(world.newest(name));
    assert_eq!(
        why(&world, "script").as_deref(),
        Some("for review: script.txt was replaced")
    );
    assert_eq!(why(&world, "outline"), None, "decided");
    world.decide("script", "bea", Verdict::Reject, None).unwrap();
    world.resumes("bea");
    world.run("script", 3, made("script", "two")).unwrap();
    assert_eq!(why(&world, "script"), None, "its stage has run for it");
}
