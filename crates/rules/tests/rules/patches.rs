//! Patches while the gate is open, taken back one at a time; patches of the parameters; files
//! beside an artifact.

use domain::artifact::{GateArtifact, PATCH_STEPS_MAX};
use domain::ask::Command;
use domain::event::EventType;
use domain::gate::{GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest};
use domain::job::{AttemptState, JobStatus};
use domain::proposal::{FileEffect, ParamsEffect, Proposal};
use domain::refusal::{Refusal, RefusalCode};
use rules::{Evidence, StageOutcome};
use serde_json::{Map, Value, json};
use testing::world::stage;

use crate::world::{Judgement, World, artifact, code, effect, looked, path_of, text};

impl World {
    fn apply_patch(&mut self, who: &str, effect: FileEffect) -> Result<(), Refusal> {
        let on_disk = self.on_disk("script");
        self.patch_on(who, effect, None, on_disk)
    }

    fn undo_on(
        &mut self,
        path: Option<&ArtifactPath>,
        digest: Option<Digest>,
        on_disk: Vec<OnDisk>,
    ) -> Result<(), Refusal> {
        let command = Command::UndoPatch {
            gate: self.gate_ref("script"),
            path: path.cloned(),
            digest,
        };
        let evidence = Evidence {
            on_disk,
            ..Evidence::default()
        };
        self.ask_with("bea", command, evidence)
    }

    fn undo(&mut self, path: Option<&ArtifactPath>) -> Result<(), Refusal> {
        let on_disk = self.on_disk("script");
        self.undo_on(path, None, on_disk)
    }

    /// The versions under review, by file name.
    fn under_review(&self) -> Vec<(String, Digest)> {
        let artifacts = &self.newest("script").artifacts;
        let name = |artifact: &GateArtifact| (artifact.path.file_name().to_owned(), artifact.digest);
        artifacts.iter().map(name).collect()
    }
}

/// A patch that makes a file beside the script.
fn beside(bytes: &str, former: Option<&str>) -> FileEffect {
    let sidecar = |bytes: &str| GateArtifact {
        kind: "mix".into(),
        path: ArtifactPath::new("artifacts/script/script.txt.mix.json").unwrap(),
        ..artifact("script", bytes)
    };
    FileEffect {
        patch: json!({"type": "level_adjust", "level_change_db": 3}),
        former: former.map(|former| sidecar(former).version()),
        after: sidecar(bytes),
        ..effect("script", "one", "")
    }
}

#[test]
fn patches_are_taken_back_one_at_a_time_and_never_beyond_what_the_attempt_made() {
    let mut world = World::reviewed();
    let original = world.newest("script").artifacts.clone();
    world.apply_patch("ana", effect("script", "one", "two")).unwrap();
    let once = world.newest("script").artifacts.clone();
    world.apply_patch("cy", effect("script", "two", "three")).unwrap();
    world.undo(None).unwrap();
    assert_eq!(world.newest("script").artifacts, once, "line counts and all");
    assert_eq!(world.rows().registered(&path_of("script")), Some(text("two")));
    world.undo(None).unwrap();
    assert_eq!(world.newest("script").artifacts, original);
    assert_eq!(world.state(), GateState::Open);
    assert_eq!(world.count(EventType::PatchUndone), 2);
    let refusal = world.undo(None).unwrap_err();
    assert_eq!(refusal.message, "nothing to undo: script.txt is as script #1 made it");
    assert_eq!(refusal.code, RefusalCode::WrongState);
    // What was taken back can be patched, and taken back, again.
    world.apply_patch("ana", effect("script", "one", "four")).unwrap();
    world.undo(None).unwrap();
    world.approve("script", "ana").unwrap();
    let refusal = world.undo(None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDecided);
}

#[test]
fn undo_has_the_guards_of_a_patch() {
    let mut world = World::reviewed();
    world.apply_patch("ana", effect("script", "one", "two")).unwrap();
    // Read before the patch.
    let on_disk = world.on_disk("script");
    let refusal = world.undo_on(None, Some(text("one")), on_disk).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ArtifactChanged);
    assert!(
        refusal
            .hint
            .as_ref()
            .unwrap()
            .contains(&format!("holdpoint gate diff j-1 script --base {}", text("one"))),
        "{refusal:?}"
    );
    // Moved on disk, read or not: the patch is no longer what lies there.
    let moved = looked("two", Some("else"));
    assert_eq!(
        code(world.undo_on(None, None, moved.clone())),
        RefusalCode::ArtifactChanged
    );
    let refusal = world.undo_on(None, Some(text("else")), moved).unwrap_err();
    assert!(refusal.message.contains("was changed by other means"), "{refusal}");
    // The look at the files is older than somebody's patch.
    let stale = looked("one", Some("one"));
    assert_eq!(code(world.undo_on(None, None, stale)), RefusalCode::ArtifactChanged);
    assert_eq!(world.count(EventType::PatchUndone), 0, "nothing was changed");
    world.undo(None).unwrap();
}

#[test]
fn a_change_by_others_between_two_patches_is_not_undone_with_the_first() {
    let mut world = World::reviewed();
    world.apply_patch("ana", effect("script", "one", "two")).unwrap();
    let moved = looked("two", Some("else"));
    world
        .patch_on("ana", effect("script", "else", "three"), Some(text("else")), moved)
        .unwrap();
    world.undo(None).unwrap();
    assert_eq!(world.under_review(), [("script.txt".to_owned(), text("else"))]);
    let refusal = world.undo(None).unwrap_err();
    assert!(refusal.message.contains("was changed by other means"), "{refusal}");
}

#[test]
fn of_several_artifacts_the_newest_patch_goes_first_unless_one_is_named() {
    let mut world = World::new(&["script!"], &["script"]);
    let captions = GateArtifact {
        path: ArtifactPath::new("artifacts/script/captions.srt").unwrap(),
        ..artifact("script", "1")
    };
    world
        .run(
            "script",
            1,
            StageOutcome::Made(vec![artifact("script", "one"), captions.clone()]),
        )
        .unwrap();
    let of_captions = FileEffect {
        artifact: captions.path.clone(),
        planned_on: captions.digest,
        former: Some(captions.version()),
        after: GateArtifact {
            digest: text("2"),
            ..captions.clone()
        },
        ..effect("script", "one", "two")
    };
    world.apply_patch("ana", effect("script", "one", "two")).unwrap();
    world.apply_patch("ana", of_captions.clone()).unwrap();
    world.undo(None).unwrap();
    assert_eq!(world.under_review()[1].1, text("1"));
    world.apply_patch("ana", of_captions).unwrap();
    world.undo(Some(&ArtifactPath::new("script.txt").unwrap())).unwrap();
    assert_eq!(
        world.under_review(),
        [
            ("script.txt".to_owned(), text("one")),
            ("captions.srt".to_owned(), text("2"))
        ]
    );
    let refusal = world.undo(Some(&path_of("script"))).unwrap_err();
    assert_eq!(refusal.message, "nothing to undo: script.txt is as script #1 made it");
    let refusal = world.undo(Some(&ArtifactPath::new("notes.txt").unwrap())).unwrap_err();
    assert!(refusal.hint.unwrap().contains("artifacts/script/captions.srt"));
    world.undo(None).unwrap();
    let refusal = world.undo(None).unwrap_err();
    assert_eq!(
        refusal.message,
        "nothing to undo: script.txt and captions.srt are as script #1 made them"
    );
}

#[test]
fn a_file_that_a_patch_makes_comes_under_review_and_goes_with_its_undo() {
    let mut world = World::reviewed();
    let before = world.newest("script").digest();
    world.apply_patch("ana", beside("gain 3", None)).unwrap();
    let names: Vec<_> = world.under_review();
    assert_eq!(names[1], ("script.txt.mix.json".to_owned(), text("gain 3")));
    assert_ne!(world.newest("script").digest(), before, "it is part of what is decided");
    world.apply_patch("ana", beside("gain 5", Some("gain 3"))).unwrap();
    world.undo(None).unwrap();
    assert_eq!(world.under_review()[1].1, text("gain 3"));
    world.undo(None).unwrap();
    assert_eq!(world.under_review().len(), 1);
    assert_eq!(world.newest("script").digest(), before);
    assert_eq!(world.rows().artifacts.len(), 1, "no artifact of the job any more");
    // Planned when there was none, and there is one now.
    world.apply_patch("ana", beside("gain 3", None)).unwrap();
    assert_eq!(
        code(world.apply_patch("bea", beside("gain 4", None))),
        RefusalCode::ArtifactChanged
    );
}

#[test]
fn an_approval_with_such_a_patch_names_the_new_file() {
    let mut world = World::reviewed();
    let request = Judgement {
        patch: Some(Proposal::File(Box::new(beside("gain 3", None)))),
        ..world.request("ana", Verdict::Approve)
    };
    world.judge(request).unwrap();
    let decided = serde_json::to_value(world.decision().artifacts()).unwrap();
    assert_eq!(
        decided,
        json!([
            {"path": "artifacts/script/script.txt", "sha256": text("one"), "sha256_after": null},
            {"path": "artifacts/script/script.txt.mix.json", "sha256": null, "sha256_after": text("gain 3")},
        ])
    );
    assert_eq!(world.newest("script").artifacts.len(), 2);
}

fn params(tone: &str) -> Map<String, Value> {
    Map::from_iter([("tone".to_owned(), Value::from(tone))])
}

fn tone(before: &str, after: &str) -> Proposal {
    Proposal::Params(Box::new(ParamsEffect {
        patch: json!({"type": "params", "params": {"tone": after}}),
        before: params(before),
        after: params(after),
        changes: vec![format!("params.tone {before} -> {after}")],
    }))
}

fn decided_with_params(world: &mut World, verdict: Verdict) -> Result<(), Refusal> {
    let request = Judgement {
        notes: Some("brighter".to_owned()),
        patch: Some(tone("calm", "bright")),
        ..world.request("ana", verdict)
    };
    world.judge(request)
}

#[test]
fn rejected_with_params_the_stage_runs_again_with_them() {
    let mut world = World::reviewed();
    world.rows_mut().job.params = params("calm");
    assert_eq!(
        code(decided_with_params(&mut world, Verdict::Approve)),
        RefusalCode::PatchUnfit
    );
    assert_eq!(world.state(), GateState::Open, "nothing is decided");
    decided_with_params(&mut world, Verdict::Reject).unwrap();
    assert_eq!(world.rows().job.params, params("calm"), "a rejection only keeps them");
    assert_eq!(
        world.decision().patch(),
        Some(&json!({"type": "params", "params": {"tone": "bright"}}))
    );
    // Planned on parameters that are not those any more.
    let stale = Evidence {
        proposal: Some(tone("dull", "bright")),
        on_disk: Vec::new(),
        ..Evidence::default()
    };
    assert_eq!(code(world.resume("bea", stale)), RefusalCode::WrongState);
    assert_eq!(world.status(), JobStatus::Paused);
    let plan = Evidence {
        proposal: Some(tone("calm", "bright")),
        on_disk: Vec::new(),
        ..Evidence::default()
    };
    world.resume("bea", plan).unwrap();
    assert_eq!(world.rows().job.params, params("bright"));
    let attempt = world.rows().newest_attempt(&stage("script")).unwrap();
    assert_eq!((attempt.number, attempt.state), (2, AttemptState::Queued));
    assert_eq!(attempt.notes.as_deref(), Some("brighter"));
    assert!(attempt.patch.is_some(), "the command is told what was said");
    assert_eq!(world.count(EventType::PatchApplied), 1);
}

#[test]
fn what_every_stage_reads_is_not_changed_by_whoever_is_limited_to_one() {
    let mut world = World::reviewed();
    world.rows_mut().job.params = params("calm");
    world.limit(Some(&["script"]));
    let refused = decided_with_params(&mut world, Verdict::Reject);
    assert_eq!(code(refused), RefusalCode::NotAllowed);
    assert_eq!(world.state(), GateState::Open, "nothing is decided");
    world.limit(None);
    decided_with_params(&mut world, Verdict::Reject).unwrap();
    let plan = Evidence {
        proposal: Some(tone("calm", "bright")),
        on_disk: Vec::new(),
        ..Evidence::default()
    };
    world.limit(Some(&["script"]));
    assert_eq!(code(world.resume("bea", plan.clone())), RefusalCode::NotAllowed);
    assert_eq!(world.rows().job.params, params("calm"));
    world.limit(None);
    world.resume("bea", plan).unwrap();
}

#[test]
fn of_a_bare_stage_a_new_gate_opens_and_a_manual_job_waits() {
    let mut world = World::new(&["script", "audio!"], &["script"]);
    world.rows_mut().job.params = params("calm");
    decided_with_params(&mut world, Verdict::Reject).unwrap();
    let plan = Evidence {
        proposal: Some(tone("calm", "bright")),
        on_disk: Vec::new(),
        ..Evidence::default()
    };
    world.resume("bea", plan.clone()).unwrap();
    assert_eq!(world.key("script").attempt, 2);
    assert_eq!((world.status(), world.at()), (JobStatus::NeedsApproval, Some("script")));

    let mut world = World::new(&["script", "audio!"], &["script"]);
    let job = &mut world.rows_mut().job;
    (job.params, job.is_manual) = (params("calm"), true);
    decided_with_params(&mut world, Verdict::Reject).unwrap();
    world.resume("bea", plan).unwrap();
    assert_eq!(world.status(), JobStatus::Running);
    assert_eq!(world.rows().job.params, params("bright"));
    assert_eq!(world.key("script").attempt, 1, "the pipeline outside opens the next");
}

#[test]
fn what_can_be_undone_is_bounded() {
    let mut world = World::reviewed();
    let name = |number: usize| {
        if number == 0 {
            "one".to_owned()
        } else {
            format!("v{number}")
        }
    };
    for number in 0..PATCH_STEPS_MAX + 5 {
        world
            .apply_patch("ana", effect("script", &name(number), &name(number + 1)))
            .unwrap();
    }
    assert_eq!(world.newest("script").artifacts[0].patches.len(), PATCH_STEPS_MAX);
    for _ in 0..PATCH_STEPS_MAX {
        world.undo(None).unwrap();
    }
    assert_eq!(world.under_review()[0].1, text("v5"));
    assert!(world.undo(None).is_err());
}
