//! What an artifact is compared with, and which files are offered, on a real engine.

use std::path::Path;

use domain::ask::{Command, OutsideArtifact};
use domain::gate::Verdict;
use domain::ids::{Digest, JobId, StageName};
use engine::{Engine, Role};

use crate::at_gate::{Does as _, approve};
use crate::support::engine::{decide, open};

const MANUAL: &str = "gates: {script: {required: true}}";

async fn open_gate(
    engine: &mut Engine,
    folder: &Path,
    files: &[(&str, &str)],
    bases: &[&str],
) -> Vec<(String, String)> {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let command = Command::OpenGate {
        job_id: JobId::new("nightly").unwrap(),
        stage: StageName::new("script").unwrap(),
        artifacts: files
            .iter()
            .map(|(name, _)| OutsideArtifact {
                kind: "script".into(),
                file: folder.join(name).into(),
            })
            .collect(),
        bases: bases.iter().map(|base| folder.join(base).into()).collect(),
        context: Box::default(),
        heartbeat: None,
    };
    let receipt = engine.done(command).await;
    let gate = receipt.rows.newest_gate(&StageName::new("script").unwrap()).unwrap();
    for artifact in &gate.artifacts {
        assert_eq!(
            artifact.base.as_ref(),
            artifact.bases.first(),
            "the first is the one in force"
        );
    }
    let label = |bases: &[domain::artifact::Base]| {
        let labels: Vec<_> = bases.iter().map(|base| base.origin.label()).collect();
        labels.join(", ")
    };
    gate.artifacts
        .iter()
        .map(|artifact| (artifact.path.file_name().to_owned(), label(&artifact.bases)))
        .collect()
}

fn bases(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, bases)| ((*name).to_owned(), (*bases).to_owned()))
        .collect()
}

#[tokio::test]
async fn the_given_one_then_the_last_approved_each_version_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = open(&folder.path().join("runs"), MANUAL, "ci", Role::Visitor);
    let id = JobId::new("nightly").unwrap();
    std::fs::create_dir(folder.path().join("last")).unwrap();
    std::fs::write(folder.path().join("v0.txt"), "zero\n").unwrap();
    std::fs::write(folder.path().join("last/captions.srt"), "none\n").unwrap();
    let at = folder.path();

    // Nothing was decided yet: only what is given.
    let opened = open_gate(
        &mut engine,
        at,
        &[("script.txt", "one\n"), ("captions.srt", "1\n")],
        &["v0.txt", "last/captions.srt"],
    )
    .await;
    assert_eq!(
        opened,
        bases(&[("script.txt", "sent along"), ("captions.srt", "sent along")])
    );

    // Replaced without a decision: what the former attempt made is compared with when somebody
    // asks.
    let opened = open_gate(&mut engine, at, &[("script.txt", "two\n")], &["v0.txt"]).await;
    assert_eq!(opened, bases(&[("script.txt", "sent along, attempt #1")]));
    engine.done(approve(&id, "script")).await;

    // What was decided and the former attempt are the same version: it stands once.
    let opened = open_gate(&mut engine, at, &[("script.txt", "three\n")], &["v0.txt"]).await;
    assert_eq!(opened, bases(&[("script.txt", "sent along, last approved #2")]));

    // All three, and a file that is new in this attempt has nothing to be compared with.
    let opened = open_gate(
        &mut engine,
        at,
        &[("script.txt", "four\n"), ("notes.txt", "n\n")],
        &["v0.txt"],
    )
    .await;
    assert_eq!(
        opened,
        bases(&[
            ("script.txt", "sent along, last approved #2, attempt #3"),
            ("notes.txt", "")
        ])
    );
    // Every one of them can be read.
    let client = engine.client();
    let rows = client.job(&id).await.unwrap().unwrap();
    for base in &rows.newest_gate(&StageName::new("script").unwrap()).unwrap().artifacts[0].bases {
        let bytes = client.version(&id, base.digest).await.unwrap();
        let bytes = bytes.unwrap_or_else(|| panic!("{base:?} is not kept"));
        assert_eq!(Digest::of(&bytes), base.digest);
    }
    let files = client.files(&id).await.unwrap();
    assert_eq!(
        files[..],
        [
            "artifacts/script/captions.srt",
            "artifacts/script/notes.txt",
            "artifacts/script/script.txt"
        ]
    );
    engine.close();
}

/// Opens the gate on this text; the base in words, all in words, and what changed since a rejection
/// as `ana` reads it.
async fn compared(engine: &mut Engine, folder: &Path, text: &str, given: &[&str]) -> (String, String, Option<String>) {
    std::fs::write(folder.join("script.txt"), text).unwrap();
    let command = Command::OpenGate {
        job_id: JobId::new("nightly").unwrap(),
        stage: StageName::new("script").unwrap(),
        artifacts: vec![OutsideArtifact {
            kind: "script".into(),
            file: folder.join("script.txt").into(),
        }],
        bases: given.iter().map(|base| folder.join(base).into()).collect(),
        context: Box::default(),
        heartbeat: None,
    };
    let receipt = engine.done(command).await;
    let gate = receipt.rows.newest_gate(&StageName::new("script").unwrap()).unwrap();
    let artifact = &gate.artifacts[0];
    let base = artifact
        .base
        .as_ref()
        .map_or_else(String::new, |base| base.origin.label());
    let all: Vec<_> = artifact.bases.iter().map(|base| base.origin.label()).collect();
    (base, all.join(", "), artifact.since_rejection_words("ana"))
}

#[tokio::test]
async fn a_rejected_version_is_never_the_base_and_what_changed_since_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut engine = open(&at.join("runs"), MANUAL, "ana", Role::Visitor);
    let id = JobId::new("nightly").unwrap();
    std::fs::write(at.join("old.txt"), "one\ntwo\nthree\n").unwrap();
    let verdict = |verdict| decide(&id, "script", verdict, None, None);

    compared(&mut engine, at, "one\nTWO\nthree\nfour\n", &["old.txt"]).await;
    engine.done(verdict(Verdict::Reject)).await;
    // One line mended, with the same base: what stands in both versions is not hidden from whoever
    // approves.
    let mended = compared(&mut engine, at, "one\nTWO\nthree\nFOUR\n", &["old.txt"]).await;
    assert_eq!(
        mended,
        (
            "sent along".to_owned(),
            "sent along, last rejected #1".to_owned(),
            Some("since your rejection: +1 -1".to_owned())
        )
    );
    // A patch is counted again; taken back, it is as before.
    let patch = serde_json::json!({"type": "text_replace", "replacements": [{"old": "FOUR", "new": "four"}]});
    let patched = Command::ApplyPatch {
        gate: crate::support::engine::gate(&id, "script"),
        patch,
        digest: None,
    };
    let rows = engine.done(patched).await.rows;
    let words = |rows: &domain::job::JobRows| {
        let artifact = &rows.newest_gate(&StageName::new("script").unwrap()).unwrap().artifacts[0];
        (artifact.added_lines, artifact.since_rejection_words("bea"))
    };
    assert_eq!(
        words(&rows),
        (2, Some("since ana's rejection: nothing changed".to_owned()))
    );
    let undone = Command::UndoPatch {
        gate: crate::support::engine::gate(&id, "script"),
        path: None,
        digest: None,
    };
    let rows = engine.done(undone).await.rows;
    assert_eq!(words(&rows), (2, Some("since ana's rejection: +1 -1".to_owned())));

    // Without a given one it is compared with nothing; once something was approved, with that.
    let alone = compared(&mut engine, at, "one\n", &[]).await;
    assert_eq!(
        (alone.0.as_str(), alone.1.as_str()),
        ("", "last rejected #1, attempt #2")
    );
    engine.done(verdict(Verdict::Approve)).await;
    let later = compared(&mut engine, at, "one\nand\n", &[]).await;
    assert_eq!(
        (later.0.as_str(), later.2),
        ("last approved #3", None),
        "the rejection is older"
    );
    engine.done(verdict(Verdict::Reject)).await;
    let again = compared(&mut engine, at, "one\nor\n", &[]).await;
    assert_eq!(
        (again.0.as_str(), again.1.as_str(), again.2.as_deref()),
        (
            "last approved #3",
            "last approved #3, last rejected #4",
            Some("since your rejection: +1 -1")
        )
    );
    engine.close();
}
