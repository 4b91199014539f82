//! The binary killed at named points and started again: nothing lost, nothing repeated (SPEC §4,
//! §9).
//!
//! The points exist in builds with debug assertions only, which is what `cargo test` makes.

use std::os::unix::process::ExitStatusExt;

use serde_json::Value;

use crate::support::beside::{Beside, wait_for};
use crate::support::run::{Workspace, printed, text_replace};
use crate::support::said::assert_contains;

const MANUAL: &str = "gates: {deploy: {required: true}}\n";

const STAGES: &str = r#"
pipeline:
  stages:
    - name: script
      command: [sh, -c, 'echo run >> runs.txt; mkdir -p artifacts/script; echo text > artifacts/script/script.txt; cat hold 2>/dev/null; true']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
gates: {script: {required: true}}
"#;

/// Runs a command that is to die at this point; what it was about to do is left to whoever comes
/// next.
fn killed_at(workspace: &Workspace, point: &str, arguments: &[&str]) {
    let output = workspace.under(&[("HOLDPOINT_CRASH_AT", point)], arguments);
    assert_eq!(output.status.signal(), Some(9), "{point}: {}", printed(&output));
}

fn opened() -> Workspace {
    let workspace = Workspace::new(MANUAL);
    workspace.write("plan.txt", "plan v1\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    workspace
}

fn decision_events(workspace: &Workspace) -> usize {
    let is_decision = |kind: &String| kind == "gate_approved" || kind == "gate_rejected";
    workspace
        .event_types("j-1")
        .iter()
        .filter(|kind| is_decision(kind))
        .count()
}

#[test]
fn killed_before_the_commit_nothing_was_decided() {
    let workspace = opened();
    killed_at(&workspace, "before_commit", &["gate", "approve", "j-1", "deploy"]);
    assert_eq!(workspace.json("gate show j-1 deploy")["state"], "open");
    assert!(!workspace.exists("runs/j-1/gates/deploy.json"));
    workspace.ok("gate reject j-1 deploy");
    assert_eq!(decision_events(&workspace), 1);
}

#[test]
fn killed_between_commit_and_files_the_decision_stands_and_its_files_are_written_at_the_next_start() {
    let workspace = opened();
    killed_at(
        &workspace,
        "after_commit",
        &["gate", "approve", "j-1", "deploy", "--notes", "ship it"],
    );
    let file = workspace.run_directory("j-1").join("gates/deploy.json");
    assert!(!file.exists(), "it died before the files");
    // Any next process pays the debt, whatever it was started for.
    workspace.run("gate approve j-1 deploy", 5);
    let decision = workspace.decision("j-1", "deploy");
    assert_eq!(
        (decision["approved"].clone(), decision["notes"].clone()),
        (Value::Bool(true), "ship it".into())
    );
    assert_eq!(decision, workspace.decision_of_attempt("j-1", "deploy", 1));
    assert_eq!(decision_events(&workspace), 1);
    assert_eq!(workspace.state("j-1")["gates"][0]["state"], "approved");
}

#[test]
fn killed_between_files_and_watermark_nothing_is_written_twice() {
    let workspace = opened();
    killed_at(&workspace, "after_files", &["gate", "approve", "j-1", "deploy"]);
    let before = workspace.read("runs/j-1/events.jsonl");
    workspace.run("gate approve j-1 deploy", 5);
    assert_eq!(workspace.read("runs/j-1/events.jsonl"), before);
    assert_eq!(workspace.read("runs/chain.jsonl").lines().count(), 1);
}

#[test]
fn a_torn_last_line_of_the_log_is_cut_and_the_rest_goes_on() {
    let workspace = opened();
    let path = workspace.run_directory("j-1").join("events.jsonl");
    let whole = workspace.read("runs/j-1/events.jsonl");
    workspace.write("runs/j-1/events.jsonl", format!("{whole}{{\"seq\": 99, \"ts\": \"20"));
    workspace.ok("gate approve j-1 deploy");
    let after = std::fs::read_to_string(path).unwrap();
    assert!(after.starts_with(&whole) && after.lines().count() > whole.lines().count());
    assert!(
        after.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{after}"
    );
}

#[test]
fn a_lost_database_is_not_replaced_by_an_empty_one() {
    let workspace = opened();
    workspace.ok("gate reject j-1 deploy");
    workspace.lose_database();
    let said = workspace.refused("gate open j-1 deploy --artifact plan=plan.txt", 1);
    assert_contains(&said, "holdpoint.db is missing");
    assert_contains(&said, "run directories: 1");
    assert_eq!(
        workspace.decision("j-1", "deploy")["approved"],
        false,
        "the record stands"
    );
    assert!(!workspace.runs().join("holdpoint.db").exists());
}

#[test]
fn a_leader_killed_before_it_launches_a_stage_leaves_it_to_the_next() {
    let workspace = Workspace::new(STAGES);
    let leader = Beside::serving(&workspace, &[("HOLDPOINT_CRASH_AT", "before_launch")]);
    workspace.ok("job start --id j-1 --slug tides");
    assert_eq!(leader.ended().signal(), Some(9));
    let next = Beside::serving(&workspace, &[]);
    wait_for(&workspace, "j-1", "gate_opened", 0);
    assert_eq!(
        workspace.json("gate show j-1 script")["attempt"],
        2,
        "the lost attempt counts"
    );
    assert_eq!(workspace.read("runs/j-1/runs.txt"), "run\n", "the command ran once");
    drop(next);
}

#[test]
fn a_stage_outlives_the_leader_that_started_it_and_the_next_adopts_it() {
    let workspace = Workspace::new(STAGES);
    let leader = Beside::serving(&workspace, &[]);
    // The command waits in a pipe until somebody writes: the leader dies in the middle of the
    // stage.
    std::fs::create_dir_all(workspace.run_directory("j-1")).unwrap();
    let pipe = workspace.run_directory("j-1").join("hold");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    workspace.ok("job start --id j-1 --slug tides");
    // Opening to write returns when the command has opened to read.
    let writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    drop(leader);
    let next = Beside::serving(&workspace, &[]);
    drop(writer);
    wait_for(&workspace, "j-1", "gate_opened", 0);
    assert_eq!(workspace.json("gate show j-1 script")["attempt"], 1);
    assert_eq!(workspace.read("runs/j-1/runs.txt"), "run\n", "it was not run again");
    drop(next);
}

#[test]
fn a_patch_and_its_undo_killed_before_their_files_leave_what_was_there() {
    // Where the patch is still owed, a process that is to die after files would die paying for it,
    // before its own undo.
    for (applied, undone) in [
        (Some("after_commit"), "after_commit"),
        (Some("after_files"), "after_commit"),
        (None, "after_commit"),
        (None, "after_files"),
    ] {
        let workspace = opened();
        workspace.write("fix.json", text_replace("v1", "v2"));
        let apply = ["patch", "apply", "j-1", "deploy", "fix.json"];
        match applied {
            Some(point) => killed_at(&workspace, point, &apply),
            None => {
                workspace.ok(&apply);
            }
        }
        killed_at(&workspace, undone, &["patch", "undo", "j-1", "deploy"]);
        // Any next process pays what both owe; this one finds nothing left to undo.
        workspace.run("patch undo j-1 deploy", 1);
        let copy = "runs/j-1/artifacts/deploy/plan.txt";
        assert_eq!(workspace.read(copy), "plan v1\n", "{applied:?}, {undone}");
        workspace.ok("gate approve j-1 deploy");
        assert_eq!(workspace.read(copy), "plan v1\n", "{applied:?}, {undone}");
        let kinds = workspace.event_types("j-1");
        let count = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
        assert_eq!((count("patch_applied"), count("patch_undone")), (1, 1), "{kinds:?}");
    }
}

#[test]
fn an_undo_killed_before_its_commit_did_nothing() {
    let workspace = opened();
    workspace.write("fix.json", text_replace("v1", "v2"));
    workspace.ok("patch apply j-1 deploy fix.json");
    killed_at(&workspace, "before_commit", &["patch", "undo", "j-1", "deploy"]);
    assert_eq!(workspace.read("runs/j-1/artifacts/deploy/plan.txt"), "plan v2\n");
    workspace.ok("patch undo j-1 deploy");
    assert_eq!(workspace.read("runs/j-1/artifacts/deploy/plan.txt"), "plan v1\n");
}
