//! What an artifact is compared with, and which files are offered, on a real engine.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and plays the others who write files"
)]

mod support;

use std::path::Path;

use holdpoint::domain::gate::Verdict;
use holdpoint::domain::ids::{Digest, JobId, StageName};
use holdpoint::engine::api::{Answer, Command, OutsideArtifact, Query};
use holdpoint::engine::{Engine, Role};
use support::engine::{decide, open};

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
    };
    let receipt = engine.call(command).await.unwrap();
    let gate = receipt.rows.newest_gate(&StageName::new("script").unwrap()).unwrap();
    for artifact in &gate.artifacts {
        assert_eq!(
            artifact.base.as_ref(),
            artifact.bases.first(),
            "the first is the one in force"
        );
    }
    let label = |bases: &[holdpoint::domain::artifact::Base]| {
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
async fn last_decided_then_former_attempt_then_given_each_version_once() {
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
        bases(&[("script.txt", "given base"), ("captions.srt", "given base")])
    );

    // Replaced without a decision: the former attempt goes before the given one.
    let opened = open_gate(&mut engine, at, &[("script.txt", "two\n")], &["v0.txt"]).await;
    assert_eq!(opened, bases(&[("script.txt", "attempt #1, given base")]));
    engine
        .call(decide(&id, "script", Verdict::Approve, None, None))
        .await
        .unwrap();

    // What was decided and the former attempt are the same version: it stands once.
    let opened = open_gate(&mut engine, at, &[("script.txt", "three\n")], &["v0.txt"]).await;
    assert_eq!(opened, bases(&[("script.txt", "last approved #2, given base")]));

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
            ("script.txt", "last approved #2, attempt #3, given base"),
            ("notes.txt", "")
        ])
    );
    // Every one of them can be read.
    let Answer::Job(Some(rows)) = engine.read(Query::Job(id.clone())).await else {
        panic!("there is a job")
    };
    for base in &rows.newest_gate(&StageName::new("script").unwrap()).unwrap().artifacts[0].bases {
        let version = Query::Version {
            job_id: id.clone(),
            digest: base.digest,
        };
        let Answer::Bytes(Some(bytes)) = engine.read(version).await else {
            panic!("{base:?} is not kept")
        };
        assert_eq!(Digest::of(&bytes), base.digest);
    }
    let Answer::Files(files) = engine.read(Query::Files(id)).await else {
        panic!("the files are listed")
    };
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
