//! A job that holdpoint runs, from start to end: one process leads, every command is a process of
//! its own.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::beside::{Beside, Stream, job_at_gate, wait_for};
use crate::support::run::{Workspace, text_replace};
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_starts};

pub const PIPELINE: &str = r#"
pipeline:
  stages:
    - name: script
      command:
        - /bin/sh
        - -c
        - >-
          mkdir -p artifacts/script &&
          printf '**Opening**\n\nLow tide is at noon \342\200\223 bring boots.\n\n**Close**\n\n%s' "$HOLDPOINT_NOTES"
          > artifacts/script/script.txt
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: acceptance
gates:
  script: {required: true}
  acceptance: {required: true}
"#;

fn gate(workspace: &Workspace, id: &str) -> Value {
    workspace.json(&format!("gate show {id} script"))
}

#[test]
fn a_job_is_patched_rejected_resumed_and_approved_by_several_processes() {
    let workspace = Workspace::new(PIPELINE);
    workspace.write("fix.json", text_replace("boots", "wellies"));
    workspace.write("unfit.json", text_replace("gone", ""));
    let serve = Beside::leader(&workspace);
    let id = job_at_gate(&workspace, &["--slug", "tides", "--param", "length_s=45"]);
    opened(&workspace, &id);
    patched(&workspace, &id);
    rejected_and_resumed(&workspace, &id);
    approved_with_a_patch(&workspace, &id);
    ended(&workspace, &id);
    let (status, said) = serve.leaves();
    assert_eq!(status.code(), Some(0));
    assert_contains(&said, "gate_rejected");
    assert_contains(&said, "SIGTERM: leaving");
}

/// Lists and documents agree, and a look does not wait.
fn opened(workspace: &Workspace, id: &str) {
    workspace.run(&format!("gate wait {id} script --timeout 0"), 4);
    let listed = workspace.json("gate list");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_has!(listed[0], "job_id": id, "stage": "script", "attempt": 1);
    let opened = gate(workspace, id);
    assert_has!(opened, "state": "open", "approved": null, "by": null);
    let diff = workspace.ok(&format!("gate diff {id} script"));
    assert_starts(
        &diff,
        "--- /dev/null\n+++ artifacts/script/script.txt\n@@ -0,0 +1,6 @@\n",
    );
}

/// A patch is planned, then applied; the gate stays open on other bytes.
fn patched(workspace: &Workspace, id: &str) {
    let opened = gate(workspace, id);
    let plan = workspace.json(&format!("patch check {id} script fix.json"));
    assert_eq!(plan["sha256"], opened["digest"]);
    assert_eq!(
        gate(workspace, id)["digest"],
        opened["digest"],
        "a check changes nothing"
    );
    let stderr = workspace.refused(&format!("patch check {id} script unfit.json"), 1);
    let told = "Not fit to apply: unfit.json: replacements[0].old: `old` `gone` does not occur in ";
    assert_starts(&stderr, told);
    let applied = workspace.json(&format!("patch apply {id} script fix.json"));
    assert_has!(applied, "digest": plan["sha256_after"], "published": true);
    assert_contains(
        &workspace.read(&format!("runs/{id}/artifacts/script/script.txt")),
        "wellies",
    );
    let old = opened["digest"].as_str().unwrap();
    let stderr = workspace.refused(&["gate", "approve", id, "script", "--digest", old], 1);
    assert_starts(&stderr, "Not approved: ");
    assert_contains(&stderr, " changed since it was read");
}

/// Whoever waits is told so, the job pauses, and the note goes to the next attempt.
fn rejected_and_resumed(workspace: &Workspace, id: &str) {
    let waiting = Beside::start(workspace, &format!("gate wait {id} script --json"), Stream::Stdout);
    let rejected = workspace.json(&format!("gate reject {id} script --notes 'mention the tide table'"));
    assert_has!(rejected, "job_status": "paused", "decision/approved": false);
    assert_eq!(workspace.decision(id, "script"), rejected["decision"]);
    let told = waiting.document(3);
    assert_has!(told, "state": "rejected", "decision": rejected["decision"]);
    workspace.run(&format!("gate wait {id} script"), 3);
    let since = workspace.last_seq(id);
    let resumed = workspace.json(&format!("job resume {id}"));
    assert_has!(resumed, "patches_applied": 0, "job_stage": "script");
    wait_for(workspace, id, "gate_opened", since);
    assert_ends(
        &workspace.read(&format!("runs/{id}/artifacts/script/script.txt")),
        "mention the tide table",
    );
    let diff = workspace.ok(&format!("gate diff {id} script"));
    assert!(
        diff.starts_with("--- /dev/null") && diff.contains("+Low tide is at noon – bring boots.\n"),
        "nothing was approved yet: {diff}"
    );
    let diff = workspace.ok(&format!("gate diff {id} script --base rejected"));
    assert_contains(
        &diff,
        "-Low tide is at noon – bring wellies.\n+Low tide is at noon – bring boots.\n",
    );
}

fn approved_with_a_patch(workspace: &Workspace, id: &str) {
    let waiting = Beside::start(workspace, &format!("gate wait {id} script --json"), Stream::Stdout);
    let stdout = workspace.ok(&format!("gate approve {id} script --patch fix.json --notes good"));
    let mut lines = stdout.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with(&format!("Gate script approved successfully: {id} / script #2, digest "))
    );
    assert_eq!(lines.next(), Some(format!("Job {id} waits at acceptance #1").as_str()));
    let told = waiting.document(0);
    let file = told["artifacts"][0]["file"].as_str().unwrap();
    assert!(
        std::fs::read_to_string(file).unwrap().contains("wellies"),
        "whoever waited reads the patched bytes"
    );
    let stderr = workspace.refused(&format!("gate approve {id} script"), 5);
    assert_contains(&stderr, &format!("approved {id} / script #2 at "));
}

/// The last gate ends the job; the record has every attempt.
fn ended(workspace: &Workspace, id: &str) {
    let watch = Beside::start(workspace, &format!("job watch {id} --json"), Stream::Stdout);
    workspace.ok(&format!("gate approve {id} acceptance"));
    let (status, told) = watch.finish();
    assert_eq!(status.code(), Some(0));
    let numbers: Vec<u64> = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    assert_eq!(numbers.len(), workspace.events(id).len());
    let decisions = workspace.json(&format!("decisions list {id}"));
    let told: Vec<_> = decisions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["stage"].clone(), one["attempt"].clone(), one["approved"].clone()))
        .collect();
    assert_eq!(
        json!(told),
        json!([["script", 1, false], ["script", 2, true], ["acceptance", 1, true]])
    );
    let first = workspace.json(&format!("decisions show {id} script --attempt 1"));
    assert_eq!(first, workspace.decision_of_attempt(id, "script", 1));
    let job = workspace.json(&format!("job show {id}"));
    assert_has!(job, "status": "completed", "params/length_s": 45);
}

#[test]
fn a_second_serve_stands_by_and_takes_over() {
    let workspace = Workspace::new(PIPELINE);
    let first = Beside::leader(&workspace);
    let mut second = Beside::start(&workspace, "serve --no-http", Stream::Stderr);
    second.line_with("standing by: serve of");
    first.signal(Signal::SIGKILL);
    second.line_with("this process leads");
    job_at_gate(&workspace, &["--slug", "tides"]);
}

#[test]
fn who_waits_runs_the_stages_when_nobody_else_does() {
    let workspace = Workspace::new(PIPELINE);
    let (id, stderr) = workspace.run("job start --slug tides", 0);
    assert_starts(&stderr, "Nobody leads: ");
    let waiting = Beside::start(&workspace, &format!("gate wait {} script", id.trim()), Stream::Stdout);
    wait_for(&workspace, id.trim(), "gate_opened", 0);
    workspace.ok(&["gate", "approve", id.trim(), "script"]);
    assert_eq!(waiting.finish().0.code(), Some(0));
}

#[test]
fn ctrl_c_ends_a_wait_and_nothing_else() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = job_at_gate(&workspace, &["--slug", "tides"]);
    let mut watch = Beside::start(&workspace, &format!("job watch {id}"), Stream::Stdout);
    watch.line_with("gate_opened");
    watch.signal(Signal::SIGINT);
    assert_eq!(watch.finish().0.code(), Some(130));
    assert_eq!(gate(&workspace, &id)["state"], "open");
}

#[test]
fn a_canceled_job_cancels_its_gate_and_whoever_waits_for_it() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = job_at_gate(&workspace, &["--slug", "tides"]);
    let waiting = Beside::start(&workspace, &format!("gate wait {id} script --json"), Stream::Stdout);
    workspace.ok(&format!("job cancel {id}"));
    let (status, told) = waiting.finish();
    assert_eq!(status.code(), Some(1));
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["state"], "canceled");
    workspace.run(&format!("gate approve {id} script"), 1);
    let stderr = workspace.refused(&format!("job cancel {id}"), 1);
    assert_contains(&stderr, "has already ended: canceled");
    workspace.run(&format!("gate wait {id} acceptance"), 1);
}
