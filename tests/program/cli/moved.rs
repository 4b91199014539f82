//! Nothing goes on but what somebody decided on: `job resume` after an approved artifact was
//! replaced.

use crate::support::beside::{Beside, job_at_gate, wait_for};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_starts};

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
    workspace.ok(&format!("gate approve {id} script"));
    workspace.write(&format!("runs/{id}/artifacts/script/script.txt"), by);
    workspace.ok(&format!("gate approve {id} legal"));
    wait_for(workspace, &id, "job_paused", 0);
    id
}

#[test]
fn resuming_opens_the_gate_of_what_was_replaced_and_goes_on_after_its_approval() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = replaced(&workspace, "take 1, forged\n");
    let said = workspace.ok(&format!("job resume {id}"));
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with(&format!(
            "Gate script #2 of {id} is open for review: script.txt is not what was decided on (was "
        )),
        "{said}"
    );
    assert_eq!(lines[1], format!("Job {id} waits at script #2"));
    let gate = workspace.json(&format!("gate show {id} script"));
    assert_has!(gate, "state": "open", "attempt": 2, "deadline": null, "artifacts/0/base": "last approved #1");
    let diff = workspace.ok(&format!("gate diff {id} script"));
    assert_contains(&diff, "-take 1\n+take 1, forged\n");
    assert!(!workspace.exists(&format!("runs/{id}/heard.txt")));
    workspace.ok(&format!("gate approve {id} script"));
    // What comes after it is decided anew.
    workspace.ok(&format!("gate approve {id} legal"));
    wait_for(&workspace, &id, "job_completed", 0);
    assert_eq!(workspace.read(&format!("runs/{id}/heard.txt")), "take 1, forged\n");
    workspace.ok("decisions verify");
}

#[test]
fn programs_are_told_which_gate_was_opened_and_bytes_that_are_back_just_go_on() {
    let workspace = Workspace::new(PIPELINE);
    let _serve = Beside::leader(&workspace);
    let id = replaced(&workspace, "forged\n");
    let resumed = workspace.json(&format!("job resume {id}"));
    let review = &resumed["review"];
    assert_has!(review, "stage": "script", "attempt": 2, "reason": "artifact_changed");
    assert_eq!(review["artifacts"][0]["path"], "artifacts/script/script.txt");
    assert_has!(resumed, "job_status": "needs_approval", "job_stage": "script");
    // A rejection of it makes the stage run again.
    workspace.ok(&format!("gate reject {id} script --notes 'not ours'"));
    let seq = workspace.last_seq(&id);
    let resumed = workspace.json(&format!("job resume {id}"));
    assert_eq!(resumed.get("review"), None);
    wait_for(&workspace, &id, "gate_opened", seq);
    workspace.ok(&format!("gate approve {id} script"));
    workspace.ok(&format!("gate approve {id} legal"));
    wait_for(&workspace, &id, "job_completed", 0);
    assert_eq!(workspace.read(&format!("runs/{id}/heard.txt")), "take 3\n");

    let id = replaced(&workspace, "forged\n");
    let file = format!("runs/{id}/artifacts/script/script.txt");
    std::fs::remove_file(workspace.root().join(&file)).unwrap();
    let said = workspace.refused(&format!("job resume {id}"), 1);
    assert_starts(
        &said,
        "Not resumed: artifacts/script/script.txt is missing from the run directory   hint: copy the reviewed bytes back first, from versions/",
    );
    workspace.write(&file, "take 1\n");
    let said = workspace.ok(&format!("job resume {id}"));
    assert_starts(&said, &format!("Job {id} resumed\n"));
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
        let faulty = workspace.root().join("faulty").display().to_string();
        let serve = Beside::serving(&workspace, &[(variable, fault), ("HOLDPOINT_FAULT_WHEN", &faulty)]);
        let id = job_at_gate(&workspace, &["--slug", "tides"]);
        workspace.ok(&format!("gate open {id} outline --artifact outline=plan.txt"));
        workspace.ok(&format!("gate approve {id} outline"));
        let is_crash = variable == "HOLDPOINT_CRASH_AT";
        let serve = if is_crash {
            serve.ended();
            None
        } else {
            wait_for(&workspace, &id, "stage_failed", 0);
            Some(serve)
        };
        workspace.write(&format!("runs/{id}/artifacts/outline/plan.txt"), "forged\n");
        let _again = is_crash.then(|| Beside::leader(&workspace));
        if !is_crash {
            std::fs::remove_file(workspace.root().join("faulty")).unwrap();
        }
        wait_for(&workspace, &id, "job_paused", 0);
        let said = workspace.ok(&format!("job resume {id}"));
        assert!(said.starts_with("Gate outline #3 of "), "{fault}: {said}");
        assert!(!workspace.exists(&format!("runs/{id}/ran")), "{fault}");
        drop(serve);
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
    workspace.ok("job start --id j-1 --slug tides");
    workspace.ok("gate approve j-1 a");
    workspace.write(file, "forged\n");
    let held_up = "Stage c does not start: a.txt was replaced; the job pauses.";
    let said = workspace.ok("gate approve j-1 b --dry-run");
    let lines: Vec<_> = said.lines().map(str::trim).collect();
    assert_eq!(
        (lines[1], lines[2]),
        (held_up, "Once it is resumed: Stage c #1 does not start."),
        "{said}"
    );
    let said = workspace.ok("gate approve j-1 b");
    assert_eq!(
        said.lines().last().unwrap(),
        format!("{held_up} To go on: holdpoint job resume j-1")
    );
    assert_eq!(workspace.json("job show j-1")["status"], "paused");
    let said = workspace.ok("job resume j-1 --dry-run");
    assert_contains(&said, "Gate a #2 opens on what lies there: a person must decide.");
    let resumed = workspace.json("job resume j-1");
    assert_has!(resumed, "review/stage": "a", "review/attempt": 2);
    let said = workspace.ok("gate show j-1 a");
    assert_contains(&said, "for review: a.txt was replaced\n");
    let said = workspace.ok("gate approve j-1 a --dry-run");
    assert_contains(&said, "Gate b #2 opens on what lies there: a person must decide.");
}
