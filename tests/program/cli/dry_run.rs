//! `--dry-run`: what would happen in words and as data, and the exit code that the command itself
//! would have.

use serde_json::{Value, json};

use super::beside::run;
use crate::support::run::Workspace;

const PIPELINE: &str =
    "pipeline: {stages: [{name: outline}, {name: research}, {name: audio, command: ['true']}]}\ngates: {outline: {}}\n";

fn at_gate() -> Workspace {
    let workspace = Workspace::new(PIPELINE);
    run(&workspace, &["job", "start", "--id", "j-1", "--slug", "tides"], 0);
    workspace
}

#[test]
fn the_stage_that_is_passed_over_is_not_said_to_start() {
    let workspace = at_gate();
    let (stdout, _) = run(&workspace, &["gate", "approve", "j-1", "outline", "--dry-run"], 0);
    assert_eq!(
        stdout,
        "Nothing is changed (--dry-run). If j-1 / outline were approved now:\n  \
         Stage research passes: it has no command and no gate.\n  Then stage audio starts.\n  Cannot be taken back.\n"
    );
    let (stdout, _) = run(&workspace, &["gate", "reject", "j-1", "outline", "--dry-run"], 0);
    assert!(
        stdout.contains("The job pauses.\n  Once it is resumed: Gate outline #2 opens"),
        "{stdout}"
    );
    assert_eq!(workspace.json(&["gate", "show", "j-1", "outline"])["state"], "open");
    run(&workspace, &["gate", "approve", "j-1", "outline"], 0);
    assert_eq!(workspace.json(&["job", "show", "j-1"])["stage"], "audio");
}

#[test]
fn a_dry_run_ends_as_the_command_would() {
    let workspace = at_gate();
    run(&workspace, &["job", "resume", "j-1", "--dry-run"], 1);
    run(&workspace, &["job", "cancel", "j-9", "--dry-run"], 6);
    run(&workspace, &["patch", "undo", "j-1", "outline", "--dry-run"], 1);
    run(&workspace, &["gate", "reject", "j-1", "outline", "--notes", "no"], 0);
    let dry = run(&workspace, &["gate", "approve", "j-1", "outline", "--dry-run"], 5);
    let real = run(&workspace, &["gate", "approve", "j-1", "outline"], 5);
    assert_eq!(dry, real);
    let document = workspace.json(&["job", "resume", "j-1", "--dry-run"]);
    assert_eq!(
        (&document["dry_run"], &document["job_status"]),
        (&json!(true), &json!("needs_approval"))
    );
    assert_eq!(document["facts"][0]["fact"], "gate_opens", "{document}");
    assert_eq!(workspace.json(&["job", "show", "j-1"])["status"], "paused");
}

#[test]
fn a_patch_is_planned_and_its_digest_told() {
    let workspace = Workspace::without_configuration();
    workspace.write("a.txt", "one two\n");
    run(
        &workspace,
        &["gate", "open", "j-1", "script", "--artifact", "script=a.txt"],
        0,
    );
    workspace.write(
        "fix.json",
        r#"{"type": "text_replace", "replacements": [{"old": "two", "new": "three"}]}"#,
    );
    let said = workspace.json(&["patch", "apply", "j-1", "script", "fix.json", "--dry-run"]);
    assert_eq!(workspace.read("runs/j-1/artifacts/script/a.txt"), "one two\n");
    let done = workspace.json(&["patch", "apply", "j-1", "script", "fix.json"]);
    assert_eq!(said["digest"], done["digest"]);
    assert_eq!(workspace.read("runs/j-1/artifacts/script/a.txt"), "one three\n");
    let said = workspace.json(&["patch", "undo", "j-1", "script", "--dry-run"]);
    let done = workspace.json(&["patch", "undo", "j-1", "script"]);
    assert_eq!(said["digest"], done["digest"]);
    workspace.write(
        "unfit.json",
        r#"{"type": "text_replace", "replacements": [{"old": "nowhere", "new": "x"}]}"#,
    );
    let dry = run(
        &workspace,
        &["patch", "apply", "j-1", "script", "unfit.json", "--dry-run"],
        1,
    );
    assert_eq!(
        dry,
        run(&workspace, &["patch", "apply", "j-1", "script", "unfit.json"], 1)
    );
}

#[test]
fn of_several_each_has_its_own_answer() {
    let workspace = Workspace::without_configuration();
    for n in 1..=2 {
        workspace.write("a.txt", format!("text {n}\n"));
        let id = format!("j-{n}");
        run(
            &workspace,
            &["gate", "open", &id, "script", "--artifact", "script=a.txt"],
            0,
        );
    }
    run(&workspace, &["gate", "reject", "j-1", "script", "--notes", "no"], 0);
    let args = ["gate", "approve", "j-1:script", "j-2:script", "j-9:script", "--dry-run"];
    let (stdout, stderr) = run(&workspace, &args, 1);
    assert!(
        stdout.contains("If j-2 / script were approved now:\n  Then the pipeline that opened the gate may go on."),
        "{stdout}"
    );
    assert_eq!(stderr.matches("Not approved: ").count(), 2, "{stderr}");
    let (stdout, _) = run(&workspace, &[&args[..], &["--json"]].concat(), 1);
    let results: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    assert_eq!(results[0]["error"]["code"], "already_decided");
    assert_eq!(
        (&results[1]["dry_run"], &results[1]["stage"]),
        (&json!(true), &json!("script"))
    );
    assert_eq!(workspace.json(&["gate", "show", "j-2", "script"])["state"], "open");
}
