//! Patches on a real engine: SPEC §5 and §6, sentence by sentence.

use domain::ask::{Command, NewJob};
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::Digest;
use domain::job::JobStatus;
use domain::refusal::RefusalCode;
use engine::Role;
use serde_json::{Map, Value, json};

use crate::at_gate::{AtGate, Does as _, SCRIPT, approve, reject, replace};
use crate::support::engine::{Calls as _, PIPELINE, decide, gate, job, open, read_json, until};

#[tokio::test]
async fn patches_are_taken_back_one_by_one_with_their_bytes() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    at.apply(replace("attempt", "try")).await;
    at.apply(replace("try", "go")).await;
    assert_eq!(at.text(), "go 1: ");
    let receipt = at.undo(None).await.unwrap();
    assert_eq!(
        receipt.message,
        format!(
            "Took back ana's text_replace of script.txt: {} -> {}",
            Digest::of(b"go 1: ").short(),
            Digest::of(b"try 1: ").short()
        )
    );
    assert_eq!(at.text(), "try 1: ");
    at.undo(None).await.unwrap();
    assert_eq!(at.text(), original);
    let refusal = at.undo(None).await.unwrap_err();
    assert_eq!(refusal.message, "nothing to undo: script.txt is as script #1 made it");
    for version in [original.as_str(), "try 1: ", "go 1: "] {
        assert_eq!(
            at.kept(version).as_deref(),
            Some(version.as_bytes()),
            "former bytes stay"
        );
    }
    let undone = at.events(EventType::PatchUndone).await;
    assert_eq!(undone.len(), 2);
    assert_eq!(
        (&undone[0]["path"], &undone[0]["sha256"], &undone[0]["sha256_after"]),
        (
            &json!(SCRIPT),
            &json!(Digest::of(b"go 1: ")),
            &json!(Digest::of(b"try 1: "))
        )
    );
    let rows = at.rows().await;
    assert_eq!(rows.gates[0].state, GateState::Open);
    // The gate goes on as if nothing had been.
    at.engine.done(approve(&at.id, "script")).await;
    until(&mut at.engine, &at.id, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!(std::fs::read_to_string(at.run.join("heard.txt")).unwrap(), original);
    at.engine.close();
}

#[tokio::test]
async fn a_patch_and_its_undo_that_could_not_be_written_leave_the_disk_right() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    at.engine.rest().await;
    // Nothing of this job can be published until the way is free again.
    let gates = at.run.join("gates");
    let _ = std::fs::remove_dir_all(&gates);
    std::fs::write(&gates, "in the way").unwrap();
    let patch = |old: &str, new: &str| Command::ApplyPatch {
        gate: gate(&at.id, "script"),
        patch: replace(old, new),
        digest: None,
    };
    let undo = || Command::UndoPatch {
        gate: gate(&at.id, "script"),
        path: None,
        digest: None,
    };
    for command in [patch("attempt", "try"), patch("try", "go"), undo()] {
        let (_, published) = at.engine.call_published(command).await.unwrap();
        assert!(published.is_err(), "its file is owed");
    }
    assert_eq!(at.text(), original, "nothing is on disk yet");
    std::fs::remove_file(&gates).unwrap();
    let (_, published) = at.engine.call_published(undo()).await.unwrap();
    assert_eq!(published, Ok(()));
    assert_eq!(at.text(), original);
    assert_eq!(at.rows().await.gates[0].digest(), Digest::of(original.as_bytes()));
    at.engine.close();
}

#[tokio::test]
async fn a_patch_that_does_not_fit_decides_nothing_and_changes_no_byte() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    let before = at.rows().await;
    let unfit = replace("nowhere", "x");
    let too_long = json!({"type": "text_replace", "replacements": [{"old": "attempt", "new": "x".repeat(1 << 20)}]});
    for patch in [unfit, too_long, json!({"type": "no_such_type"}), json!([1])] {
        for verdict in [Verdict::Approve, Verdict::Reject] {
            let command = decide(&at.id, "script", verdict, None, Some(patch.clone()));
            let refusal = at.engine.refused(command).await;
            assert_eq!(refusal.code, RefusalCode::PatchUnfit, "{refusal}");
        }
        let refusal = at.try_apply(patch, None).await.unwrap_err();
        assert_eq!(refusal.code, RefusalCode::PatchUnfit, "{refusal}");
    }
    assert_eq!(at.text(), original);
    assert_eq!(at.rows().await, before, "not one row");
    at.engine.close();
}

#[tokio::test]
async fn approved_with_a_patch_it_is_one_decision_with_both_digests() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    let command = decide(
        &at.id,
        "script",
        Verdict::Approve,
        None,
        Some(replace("attempt", "try")),
    );
    let receipt = at.engine.done(command).await;
    let decision = serde_json::to_value(receipt.decision.unwrap()).unwrap();
    assert_eq!(
        decision["artifacts"],
        json!([{"path": SCRIPT, "sha256": Digest::of(original.as_bytes()), "sha256_after": Digest::of(b"try 1: ")}])
    );
    assert_eq!(decision["patch"], replace("attempt", "try"));
    let rows = until(&mut at.engine, &at.id, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!((rows.decisions.len(), rows.gates.len()), (1, 1));
    at.engine.close();
}

#[tokio::test]
async fn the_patch_of_a_rejection_is_planned_again_at_resume_and_refused_when_it_no_longer_fits() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    let command = decide(&at.id, "script", Verdict::Reject, None, Some(replace("attempt", "try")));
    at.engine.call_published(command).await.unwrap().1.unwrap();
    assert_eq!(at.text(), original, "a rejection only keeps the patch");
    for text in ["something else\n", "attempt 1: and more"] {
        // Unfit, and fitting but not what was reviewed.
        at.write(text);
        let refusal = at.engine.refused(Command::resume(at.id.clone())).await;
        assert!(
            matches!(refusal.code, RefusalCode::PatchUnfit | RefusalCode::ArtifactChanged),
            "{refusal}"
        );
        assert_eq!(at.rows().await.job.status, JobStatus::Paused);
        assert_eq!(at.text(), text, "no byte is changed");
    }
    at.write(&original);
    at.engine.done(Command::resume(at.id.clone())).await;
    let rows = until(&mut at.engine, &at.id, |rows| rows.job.status == JobStatus::Completed).await;
    assert_eq!(
        rows.attempts
            .iter()
            .filter(|one| one.stage.as_str() == "script")
            .count(),
        1
    );
    assert_eq!(std::fs::read_to_string(at.run.join("heard.txt")).unwrap(), "try 1: ");
    at.engine.close();
}

#[tokio::test]
async fn every_way_to_change_what_moved_is_refused_and_names_the_command_that_shows_what_changed() {
    let mut at = AtGate::new(PIPELINE).await;
    let original = at.text();
    let read = Digest::of(original.as_bytes());
    at.apply(replace("attempt", "try")).await;
    let moved = format!("{} more", at.text());
    at.write(&moved);
    let patch = replace("more", "less");
    let with = |verdict, patch: Option<Value>| decide(&at.id, "script", verdict, None, patch);
    let gate = gate(&at.id, "script");
    let commands = [
        with(Verdict::Approve, None),
        with(Verdict::Reject, None),
        with(Verdict::Approve, Some(patch.clone())),
        with(Verdict::Reject, Some(patch.clone())),
        Command::ApplyPatch {
            gate: gate.clone(),
            patch: patch.clone(),
            digest: None,
        },
        Command::UndoPatch {
            gate: gate.clone(),
            path: None,
            digest: None,
        },
    ];
    for command in commands {
        let refusal = at.engine.refused(command).await;
        assert_eq!(refusal.code, RefusalCode::ArtifactChanged, "{refusal}");
        let hint = refusal.hint.unwrap();
        let shows = format!("holdpoint gate diff {} script --base {}", at.id, Digest::of(b"try 1: "));
        assert!(hint.contains(&shows), "{hint}");
        assert!(
            hint.ends_with(&format!("--digest {}", Digest::of(moved.as_bytes()))),
            "{hint}"
        );
        assert!(at.kept("try 1: ").is_some() && at.kept(&moved).is_some());
    }
    // What was read is older than a registered patch.
    at.write("try 1: ");
    let stale = Command::ApplyPatch {
        gate: gate.clone(),
        patch: replace("try", "go"),
        digest: Some(read),
    };
    let refusal = at.engine.refused(stale).await;
    assert!(
        refusal.hint.unwrap().contains(&format!("--base {read}")),
        "{}",
        refusal.message
    );
    assert_eq!(at.text(), "try 1: ");
    at.engine.close();
}

#[tokio::test]
async fn every_change_of_an_artifact_keeps_the_former_bytes() {
    let mut at = AtGate::new(PIPELINE).await;
    let first = at.text();
    at.apply(replace("attempt", "try")).await;
    // Changed by hand, read, and rejected: the stage overwrites all of it.
    at.write("by hand");
    let reject = Command::Decide {
        gate: gate(&at.id, "script"),
        verdict: Verdict::Reject,
        notes: Some("again".to_owned()),
        comments: Vec::new(),
        draft_by: None,
        patch: None,
        digest: Some(Digest::of(b"by hand")),
        context_digest: None,
    };
    at.engine.done(reject).await;
    at.engine.done(Command::resume(at.id.clone())).await;
    until(&mut at.engine, &at.id, |rows| {
        rows.job.status == JobStatus::NeedsApproval
    })
    .await;
    assert_eq!(at.text(), "attempt 2: again");
    let refusal = at.undo(None).await.unwrap_err();
    assert_eq!(
        refusal.message, "nothing to undo: script.txt is as script #2 made it",
        "never beyond what the attempt made"
    );
    // Changed behind everybody's back, looked at by a refused decision, and taken back by hand.
    at.write("never registered");
    let refused = approve(&at.id, "script");
    at.engine.refused(refused).await;
    for version in [
        first.as_str(),
        "try 1: ",
        "by hand",
        "attempt 2: again",
        "never registered",
    ] {
        assert_eq!(
            at.kept(version).as_deref(),
            Some(version.as_bytes()),
            "{version:?} is kept"
        );
    }
    at.engine.close();
}

const TWO: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'mkdir -p artifacts/script; printf "noon" > artifacts/script/script.txt; printf "noon" > artifacts/script/captions.srt']
      artifacts: [{kind: script, path: artifacts/script/script.txt}, {kind: captions, path: artifacts/script/captions.srt}]
gates:
  script: {required: true}
"#;

#[tokio::test]
async fn of_several_artifacts_a_patch_names_one_or_is_refused_with_the_candidates() {
    let mut at = AtGate::new(TWO).await;
    let refusal = at.try_apply(replace("noon", "one"), None).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::PatchUnfit);
    let hint = refusal.hint.unwrap();
    assert!(
        hint.contains(SCRIPT) && hint.contains("artifacts/script/captions.srt"),
        "{hint}"
    );
    let mut named = replace("noon", "one");
    named["artifact"] = "captions.srt".into();
    at.apply(named).await;
    assert_eq!(at.text(), "noon");
    let captions = at.run.join("artifacts/script/captions.srt");
    assert_eq!(std::fs::read_to_string(&captions).unwrap(), "one");
    at.undo(None).await.unwrap();
    assert_eq!(std::fs::read_to_string(&captions).unwrap(), "noon");
    at.engine.close();
}

const WITH_PARAMS: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'mkdir -p artifacts/script; cat "$HOLDPOINT_PARAMS" > artifacts/script/script.txt; printf "%s|%s" "$HOLDPOINT_NOTES" "$HOLDPOINT_PATCH" > told.txt']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
gates:
  script: {required: true}
"#;

#[tokio::test]
async fn rejected_with_params_the_stage_runs_again_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(folder.path(), WITH_PARAMS, "ana", Role::Candidate("serve"));
    let params = json!({"tone": "calm", "voice": {"name": "ada", "rate": 1}, "length_s": 306.0});
    let new = NewJob {
        slug: "tides".into(),
        params: params.as_object().unwrap().clone(),
        ..NewJob::default()
    };
    let id = engine.done(Command::StartJob(new)).await.job_id;
    until(&mut engine, &id, |rows| rows.job.status == JobStatus::NeedsApproval).await;
    let run = folder.path().join(id.as_str());
    let heard = || -> Map<String, Value> { serde_json::from_slice(&std::fs::read(run.join(SCRIPT)).unwrap()).unwrap() };
    assert_eq!(Value::Object(heard()), params);

    // Nothing but a rejection may carry it.
    let patch = json!({"type": "params", "params": {"tone": "bright", "voice": {"rate": 2}, "length_s": null}});
    let before = job(&mut engine, &id).await;
    let approve = decide(&id, "script", Verdict::Approve, None, Some(patch.clone()));
    let refusal = engine.refused(approve).await;
    assert_eq!(
        (refusal.code, refusal.message.as_str()),
        (
            RefusalCode::PatchUnfit,
            "a params patch goes with a rejection: script runs again with it"
        )
    );
    let apply = Command::ApplyPatch {
        gate: gate(&id, "script"),
        patch: patch.clone(),
        digest: None,
    };
    assert_eq!(engine.refused(apply).await.code, RefusalCode::PatchUnfit);
    let same = json!({"type": "params", "params": {"tone": "calm"}});
    let nothing = decide(&id, "script", Verdict::Reject, None, Some(same));
    assert_eq!(engine.refused(nothing).await.code, RefusalCode::PatchUnfit);
    assert_eq!(job(&mut engine, &id).await, before, "nothing is decided");

    let reject = decide(&id, "script", Verdict::Reject, Some("brighter"), Some(patch.clone()));
    engine.call_published(reject).await.unwrap().1.unwrap();
    assert_eq!(read_json(&run.join("gates/script.1.json"))["patch"], patch);
    let receipt = engine.done(Command::resume(id.clone())).await;
    assert_eq!(receipt.patches_applied, 1);
    assert_eq!(
        receipt.changes,
        [
            "params.tone \"calm\" -> \"bright\"",
            "params.voice.rate 1 -> 2",
            "params.length_s 306.0 -> (deleted)"
        ]
    );
    let rows = until(&mut engine, &id, |rows| rows.gates.len() == 2).await;
    let merged = json!({"tone": "bright", "voice": {"name": "ada", "rate": 2}});
    assert_eq!(Value::Object(rows.job.params), merged);
    assert_eq!(
        Value::Object(heard()),
        merged,
        "the file is written anew for the new attempt"
    );
    let told = std::fs::read_to_string(run.join("told.txt")).unwrap();
    assert!(told.starts_with("brighter|"), "{told}");
    engine.rest().await;
    assert_eq!(read_json(&run.join("state.json"))["job"]["params"], merged);
    engine.close();
}

const VOICE: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'mkdir -p artifacts/script; printf "fLaC take %s" "$HOLDPOINT_ATTEMPT" > artifacts/script/voice.flac']
      artifacts: [{kind: voiceover, path: artifacts/script/voice.flac}]
gates:
  script: {required: true}
"#;

#[tokio::test]
async fn a_sidecar_is_reviewed_undone_decided_and_reviewed_again_with_the_next_attempt() {
    let mut at = AtGate::new(VOICE).await;
    let sidecar = at.run.join("artifacts/script/voice.flac.mix.json");
    let louder = |db: f64| json!({"type": "level_adjust", "level_change_db": db});
    let before = at.rows().await.gates[0].digest();
    at.apply(louder(3.0)).await;
    assert_eq!(read_json(&sidecar), json!({"gain_db": 3.0}));
    at.apply(louder(-4.5)).await;
    assert_eq!(
        read_json(&sidecar),
        json!({"gain_db": -1.5}),
        "planned on the sidecar that there is"
    );
    let rows = at.rows().await;
    let names: Vec<_> = rows.gates[0].artifacts.iter().map(|one| one.path.file_name()).collect();
    assert_eq!(names, ["voice.flac", "voice.flac.mix.json"]);
    assert_ne!(rows.gates[0].digest(), before, "it is part of what is decided");
    at.undo(None).await.unwrap();
    assert_eq!(read_json(&sidecar), json!({"gain_db": 3.0}));
    at.undo(None).await.unwrap();
    assert!(!sidecar.exists(), "only the patch made it");
    assert_eq!(at.rows().await.gates[0].digest(), before);

    // Rejected with it in place: the next attempt brings it under review again.
    at.apply(louder(3.0)).await;
    let reject = reject(&at.id, "script", Some("again"));
    at.engine.done(reject).await;
    at.engine.done(Command::resume(at.id.clone())).await;
    let rows = until(&mut at.engine, &at.id, |rows| rows.gates.len() == 2).await;
    let second = &rows.gates[1].artifacts;
    assert_eq!((second.len(), second[1].kind.as_str()), (2, "mix"));
    assert!(at.undo(None).await.is_err(), "that patch was of the former attempt");

    // Approved with a patch, both digests are in the record.
    let approve = decide(&at.id, "script", Verdict::Approve, None, Some(louder(1.5)));
    let receipt = at.engine.call_published(approve).await.unwrap().0;
    let decided = serde_json::to_value(receipt.decision.unwrap()).unwrap();
    let decided = &decided["artifacts"][1];
    assert_eq!(decided["path"], "artifacts/script/voice.flac.mix.json");
    assert!(
        decided["sha256"].is_string() && decided["sha256_after"].is_string(),
        "{decided}"
    );
    assert_eq!(read_json(&sidecar), json!({"gain_db": 4.5}));
    at.engine.close();
}
