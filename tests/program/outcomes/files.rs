//! Files that cannot be flushed, are gone, or are not what they were.

use serde_json::Value;

use super::{approve, assert_recovers, assert_said, opened};
use crate::support::beside::{Beside, Stream};
use crate::support::run::Workspace;
use crate::support::said::assert_has;

#[test]
fn a_write_that_fails_leaves_the_decision_in_the_database_and_the_files_owed() {
    for (fault, words) in [
        ("events_torn:ENOSPC", "no space left"),
        ("chain_torn:ENOSPC", "no space left"),
    ] {
        let workspace = opened();
        let failing = workspace.under(&[("HOLDPOINT_FAIL_AT", fault)], "gate approve j-1 deploy");
        assert_said(&failing, 0, &["not yet on disk", words]);
        assert!(!workspace.exists("runs/j-1/gates/deploy.json"), "{fault}");
        assert_recovers(&workspace, 5);
    }
}

/// Whether the files are on disk is found out after the answer: the decision is in the database,
/// and the files have their names.
#[test]
fn a_flush_that_fails_takes_nothing_back_and_the_files_are_owed_until_one_succeeds() {
    let workspace = opened();
    let failing = workspace.under(&[("HOLDPOINT_FAIL_AT", "files_named:EIO")], "gate approve j-1 deploy");
    assert_said(
        &failing,
        0,
        &[
            "approved",
            "its files are in place, and not known to be on disk: cannot flush",
        ],
    );
    assert_eq!(workspace.decision("j-1", "deploy")["approved"], true);
    let owed = || workspace.number("SELECT count(*) FROM job WHERE last_event_seq > published_seq");
    assert_eq!(owed(), 1);
    assert_recovers(&workspace, 5);
    assert_eq!(owed(), 0);
}

/// A disk that refused a flush may keep the bytes in memory and call the next flush a success: they
/// are written anew.
#[test]
fn what_a_flush_refused_is_written_anew_before_it_is_flushed_again() {
    use std::os::unix::fs::MetadataExt as _;
    let workspace = opened();
    workspace.write("failing", "");
    let mut server = Beside::of(
        workspace
            .command(&["serve", "--no-http"])
            .env("HOLDPOINT_FAIL_AT", "files_named:EIO")
            .env("HOLDPOINT_FAULT_WHEN", workspace.root().join("failing")),
        Stream::Stderr,
    );
    let owing = workspace.under(&[("HOLDPOINT_FAIL_AT", "files_named:EIO")], "gate approve j-1 deploy");
    assert_said(&owing, 0, &["not known to be on disk"]);
    server.line_with("j-1: its files are in place, and not known to be on disk");
    let file = workspace.run_directory("j-1").join("gates/deploy.1.json");
    let before = std::fs::metadata(&file).unwrap().ino();
    std::fs::remove_file(workspace.root().join("failing")).unwrap();
    while std::fs::metadata(&file).unwrap().ino() == before {
        std::thread::yield_now();
    }
    drop(server);
    assert_recovers(&workspace, 5);
}

#[test]
fn a_server_whose_files_cannot_be_written_writes_them_when_they_can() {
    let workspace = opened();
    workspace.write("failing", "");
    let failing = workspace.root().join("failing").display().to_string();
    let server = Beside::serving(
        &workspace,
        &[
            ("HOLDPOINT_FAIL_AT", "events_torn:ENOSPC"),
            ("HOLDPOINT_FAULT_WHEN", &failing),
        ],
    );
    let owing = workspace.under(
        &[("HOLDPOINT_FAIL_AT", "events_torn:ENOSPC")],
        "gate approve j-1 deploy",
    );
    assert_said(&owing, 0, &["not yet on disk"]);
    std::fs::remove_file(workspace.root().join("failing")).unwrap();
    // The debt of another process is paid without anybody asking.
    let file = workspace.run_directory("j-1").join("gates/deploy.json");
    while !file.exists() {
        std::thread::yield_now();
    }
    drop(server);
    assert_recovers(&workspace, 5);
}

#[test]
fn the_timer_approves_no_artifact_that_vanished_or_was_changed() {
    for changed in [None, Some("somebody's\n")] {
        let workspace =
            Workspace::new("gates: {deploy: {required: true, auto_approve: true, auto_approve_after_s: 2}}\n");
        super::open_gate(&workspace);
        let artifact = workspace.run_directory("j-1").join("artifacts/deploy/plan.txt");
        match changed {
            None => std::fs::remove_file(&artifact).unwrap(),
            Some(text) => workspace.write("runs/j-1/artifacts/deploy/plan.txt", text),
        }
        let server = Beside::serving(&workspace, &[]);
        let mut follow = Beside::start(&workspace, "events j-1 --follow --json", Stream::Stdout);
        let end = std::iter::repeat_with(|| serde_json::from_str::<Value>(&follow.line_with("")).unwrap())
            .find(|event| event["type"] == "gate_held" || event["type"] == "gate_auto_approved")
            .unwrap();
        assert_has!(end, "type": "gate_held", "payload/reason": "artifact_changed");
        drop((follow, server));
        assert_eq!(workspace.json("gate show j-1 deploy")["state"], "open");
        // A person who approves without having read the new bytes is told; one who puts the old
        // ones back may.
        assert_said(&approve(&workspace), 1, &["plan.txt"]);
        workspace.write("runs/j-1/artifacts/deploy/plan.txt", "plan v1\n");
        assert_recovers(&workspace, 0);
    }
}

#[test]
fn a_decision_file_that_was_deleted_or_altered_is_found_and_written_again() {
    for altered in [None, Some("{}")] {
        let workspace = opened();
        assert_recovers(&workspace, 0);
        for name in ["deploy.json", "deploy.1.json"] {
            match altered {
                None => std::fs::remove_file(workspace.run_directory("j-1").join("gates").join(name)).unwrap(),
                Some(text) => workspace.write(&format!("runs/j-1/gates/{name}"), text),
            }
        }
        let verify = workspace.under(&[], "decisions verify");
        assert_said(&verify, 1, &["j-1/gates/deploy.1.json"]);
        // The rows know better than the files.
        assert_said(&approve(&workspace), 5, &[]);
        workspace.ok("doctor --repair");
        assert_recovers(&workspace, 5);
    }
}
