//! Nothing goes on but what somebody decided on: `job resume` after an approved artifact was
//! replaced.

use std::process::Stdio;

use serde_json::json;

use super::beside::{Beside, job_at_gate, run, wait_for};
use crate::support::run::Workspace;

/// The third stage reads what was approved at the first; between them is a gate of its own.
const PIPELINE: &str = r#"
pipeline:
  stages:
    - name: script
      command: [/bin/sh, -c, "mkdir -p artifacts/script && printf 'take %s\n' $HOLDPOINT_ATTEMPT > artifacts/script/script.txt"]
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: legal
    - name: audio
      command: [/bin/sh, -c, "cp artifacts/script/script.txt heard.txt"]
gates:
  script: {required: true, auto_approve: true, auto_approve_after_s: 3600}
  legal: {required: true}
"#;

fn replaced(workspace: &Workspace, by: &str) -> String {
    let id = job_at_gate(workspace, &["--slug", "tides"]);
    run(workspace, &["gate", "approve", &id, "script"], 0);
    workspace.write(&format!("runs/{id}/artifacts/script/script.txt"), by);
    run(workspace, &["gate", "approve", &id, "legal"], 0);
    wait_for(workspace, &id, "job_paused", 0);
    id
}

#[test]
fn resuming_opens_the_gate_of_what_was_replaced_and_goes_on_after_its_approval() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = replaced(&workspace, "take 1, forged\n");
    let (said, _) = run(&workspace, &["job", "resume", &id], 0);
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with(&format!(
            "Gate script #2 of {id} is open for review: script.txt is not what was decided on (was "
        )),
        "{said}"
    );
    assert_eq!(lines[1], format!("Job {id} waits at script #2"));
    let gate = workspace.json(&["gate", "show", &id, "script"]);
    assert_eq!(
        (
            &gate["state"],
            &gate["attempt"],
            &gate["deadline"],
            &gate["artifacts"][0]["base"]
        ),
        (&json!("open"), &json!(2), &json!(null), &json!("last approved #1"))
    );
    let (diff, _) = run(&workspace, &["gate", "diff", &id, "script"], 0);
    assert!(diff.contains("-take 1\n+take 1, forged\n"), "{diff}");
    assert!(!workspace.run_directory(&id).join("heard.txt").exists());
    run(&workspace, &["gate", "approve", &id, "script"], 0);
    // What comes after it is decided anew.
    run(&workspace, &["gate", "approve", &id, "legal"], 0);
    wait_for(&workspace, &id, "job_completed", 0);
    assert_eq!(workspace.read(&format!("runs/{id}/heard.txt")), "take 1, forged\n");
    run(&workspace, &["decisions", "verify"], 0);
}

#[test]
fn programs_are_told_which_gate_was_opened_and_bytes_that_are_back_just_go_on() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = replaced(&workspace, "forged\n");
    let resumed = workspace.json(&["job", "resume", &id]);
    let review = &resumed["review"];
    assert_eq!(
        (&review["stage"], &review["attempt"], &review["reason"]),
        (&json!("script"), &json!(2), &json!("artifact_changed"))
    );
    assert_eq!(review["artifacts"][0]["path"], "artifacts/script/script.txt");
    assert_eq!(
        (&resumed["job_status"], &resumed["job_stage"]),
        (&json!("needs_approval"), &json!("script"))
    );
    // A rejection of it makes the stage run again.
    run(&workspace, &["gate", "reject", &id, "script", "--notes", "not ours"], 0);
    let seq = workspace.json_lines(&["events", &id]).last().unwrap()["seq"]
        .as_u64()
        .unwrap();
    let resumed = workspace.json(&["job", "resume", &id]);
    assert_eq!(resumed.get("review"), None);
    wait_for(&workspace, &id, "gate_opened", seq);
    run(&workspace, &["gate", "approve", &id, "script"], 0);
    run(&workspace, &["gate", "approve", &id, "legal"], 0);
    wait_for(&workspace, &id, "job_completed", 0);
    assert_eq!(workspace.read(&format!("runs/{id}/heard.txt")), "take 3\n");

    let id = replaced(&workspace, "forged\n");
    let file = format!("runs/{id}/artifacts/script/script.txt");
    std::fs::remove_file(workspace.root().join(&file)).unwrap();
    let (_, said) = run(&workspace, &["job", "resume", &id], 1);
    assert!(
        said.starts_with("Not resumed: artifacts/script/script.txt is missing from the run directory   hint: copy the reviewed bytes back first, from versions/"),
        "{said}"
    );
    workspace.write(&file, "take 1\n");
    let (said, _) = run(&workspace, &["job", "resume", &id], 0);
    assert!(said.starts_with(&format!("Job {id} resumed\n")), "{said}");
    wait_for(&workspace, &id, "job_completed", 0);
    assert_eq!(workspace.read(&format!("runs/{id}/heard.txt")), "take 1\n");
}

/// Other roads to a stage's start: its leader died before the launch, or the launch failed and is
/// tried again.
#[test]
fn a_stage_that_was_lost_or_not_launched_is_looked_at_again_before_it_runs() {
    for (variable, fault) in [
        ("HOLDPOINT_CRASH_AT", "before_launch"),
        ("HOLDPOINT_FAIL_AT", "before_launch:EIO"),
    ] {
        let workspace = Workspace::new(
            "pipeline: {stages: [{name: outline}, {name: audio, command: [/bin/sh, -c, 'touch ran']}]}\ngates: {outline: {}}\n",
        );
        for name in ["plan.txt", "faulty"] {
            workspace.write(name, "plan\n");
        }
        let mut serve = workspace
            .command(&["serve", "--no-http"])
            .env(variable, fault)
            .env("HOLDPOINT_FAULT_WHEN", workspace.root().join("faulty"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let id = job_at_gate(&workspace, &["--slug", "tides"]);
        run(
            &workspace,
            &["gate", "open", &id, "outline", "--artifact", "outline=plan.txt"],
            0,
        );
        run(&workspace, &["gate", "approve", &id, "outline"], 0);
        let is_crash = variable == "HOLDPOINT_CRASH_AT";
        if is_crash {
            serve.wait().unwrap();
        } else {
            wait_for(&workspace, &id, "stage_failed", 0);
        }
        workspace.write(&format!("runs/{id}/artifacts/outline/plan.txt"), "forged\n");
        let _again = is_crash.then(|| Beside::leader(&workspace));
        if !is_crash {
            std::fs::remove_file(workspace.root().join("faulty")).unwrap();
        }
        wait_for(&workspace, &id, "job_paused", 0);
        let (said, _) = run(&workspace, &["job", "resume", &id], 0);
        assert!(said.starts_with("Gate outline #3 of "), "{fault}: {said}");
        assert!(!workspace.run_directory(&id).join("ran").exists(), "{fault}");
        serve.kill().unwrap();
        serve.wait().unwrap();
    }
}

#[test]
fn an_approval_says_that_the_next_stage_does_not_start_and_the_first_resume_opens_the_review() {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: a, artifacts: [{kind: plan, path: artifacts/a/a.txt}]}, {name: b}, {name: c, command: ['true']}]}\n\
         gates: {a: {}, b: {}}\n",
    );
    let file = "runs/j-1/artifacts/a/a.txt";
    workspace.write(file, "plan\n");
    run(&workspace, &["job", "start", "--id", "j-1", "--slug", "tides"], 0);
    run(&workspace, &["gate", "approve", "j-1", "a"], 0);
    workspace.write(file, "forged\n");
    let held_up = "Stage c does not start: a.txt was replaced; the job pauses.";
    let (said, _) = run(&workspace, &["gate", "approve", "j-1", "b", "--dry-run"], 0);
    let lines: Vec<_> = said.lines().map(str::trim).collect();
    assert_eq!(
        (lines[1], lines[2]),
        (held_up, "Once it is resumed: Stage c #1 does not start."),
        "{said}"
    );
    let (said, _) = run(&workspace, &["gate", "approve", "j-1", "b"], 0);
    assert_eq!(
        said.lines().last().unwrap(),
        format!("{held_up} To go on: holdpoint job resume j-1")
    );
    assert_eq!(workspace.json(&["job", "show", "j-1"])["status"], "paused");
    let (said, _) = run(&workspace, &["job", "resume", "j-1", "--dry-run"], 0);
    assert!(
        said.contains("Gate a #2 opens on what lies there: a person must decide."),
        "{said}"
    );
    let resumed = workspace.json(&["job", "resume", "j-1"]);
    assert_eq!(
        (&resumed["review"]["stage"], &resumed["review"]["attempt"]),
        (&json!("a"), &json!(2))
    );
    let (said, _) = run(&workspace, &["gate", "show", "j-1", "a"], 0);
    assert!(said.contains("for review: a.txt was replaced\n"), "{said}");
    let (said, _) = run(&workspace, &["gate", "approve", "j-1", "a", "--dry-run"], 0);
    assert!(
        said.contains("Gate b #2 opens on what lies there: a person must decide."),
        "{said}"
    );
}
