//! `--dry-run`: what would happen in words and as data, and the exit code that the command itself
//! would have.

use serde_json::Value;

use crate::support::run::{Workspace, text_replace};
use crate::support::said::{assert_contains, assert_has};

const PIPELINE: &str =
    "pipeline: {stages: [{name: outline}, {name: research}, {name: audio, command: ['true']}]}\ngates: {outline: {}}\n";

fn at_gate() -> Workspace {
    let workspace = Workspace::new(PIPELINE);
    workspace.ok("job start --id j-1 --slug tides");
    workspace
}

#[test]
fn the_stage_that_is_passed_over_is_not_said_to_start() {
    let workspace = at_gate();
    let stdout = workspace.ok("gate approve j-1 outline --dry-run");
    assert_eq!(
        stdout,
        "Nothing is changed (--dry-run). If j-1 / outline were approved now:\n  \
         Stage research passes: it has no command and no gate.\n  Then stage audio starts.\n  Cannot be taken back.\n"
    );
    let stdout = workspace.ok("gate reject j-1 outline --dry-run");
    assert_contains(&stdout, "The job pauses.\n  Once it is resumed: Gate outline #2 opens");
    assert_eq!(workspace.json("gate show j-1 outline")["state"], "open");
    workspace.ok("gate approve j-1 outline");
    assert_eq!(workspace.json("job show j-1")["stage"], "audio");
}

#[test]
fn a_dry_run_ends_as_the_command_would() {
    let workspace = at_gate();
    workspace.run("job resume j-1 --dry-run", 1);
    workspace.run("job cancel j-9 --dry-run", 6);
    workspace.run("patch undo j-1 outline --dry-run", 1);
    workspace.ok("gate reject j-1 outline --notes no");
    let dry = workspace.run("gate approve j-1 outline --dry-run", 5);
    let real = workspace.run("gate approve j-1 outline", 5);
    assert_eq!(dry, real);
    let document = workspace.json("job resume j-1 --dry-run");
    assert_has!(document, "dry_run": true, "job_status": "needs_approval");
    assert_eq!(document["facts"][0]["fact"], "gate_opens", "{document}");
    assert_eq!(workspace.json("job show j-1")["status"], "paused");
}

#[test]
fn a_patch_is_planned_and_its_digest_told() {
    let workspace = Workspace::without_configuration();
    workspace.write("a.txt", "one two\n");
    workspace.ok("gate open j-1 script --artifact script=a.txt");
    workspace.write("fix.json", text_replace("two", "three"));
    let said = workspace.json("patch apply j-1 script fix.json --dry-run");
    assert_eq!(workspace.read("runs/j-1/artifacts/script/a.txt"), "one two\n");
    let done = workspace.json("patch apply j-1 script fix.json");
    assert_eq!(said["digest"], done["digest"]);
    assert_eq!(workspace.read("runs/j-1/artifacts/script/a.txt"), "one three\n");
    let said = workspace.json("patch undo j-1 script --dry-run");
    let done = workspace.json("patch undo j-1 script");
    assert_eq!(said["digest"], done["digest"]);
    workspace.write("unfit.json", text_replace("nowhere", "x"));
    let dry = workspace.run("patch apply j-1 script unfit.json --dry-run", 1);
    assert_eq!(dry, workspace.run("patch apply j-1 script unfit.json", 1));
}

#[test]
fn of_several_each_has_its_own_answer() {
    let workspace = Workspace::without_configuration();
    for n in 1..=2 {
        workspace.write("a.txt", format!("text {n}\n"));
        let id = format!("j-{n}");
        workspace.ok(&format!("gate open {id} script --artifact script=a.txt"));
    }
    workspace.ok("gate reject j-1 script --notes no");
    let args = ["gate", "approve", "j-1:script", "j-2:script", "j-9:script", "--dry-run"];
    let (stdout, stderr) = workspace.run(&args, 1);
    assert_contains(
        &stdout,
        "If j-2 / script were approved now:\n  Then the pipeline that opened the gate may go on.",
    );
    assert_eq!(stderr.matches("Not approved: ").count(), 2, "{stderr}");
    let stdout = workspace.told(&[&args[..], &["--json"]].concat(), 1);
    let results: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    assert_eq!(results[0]["error"]["code"], "already_decided");
    assert_has!(results[1], "dry_run": true, "stage": "script");
    assert_eq!(workspace.json("gate show j-2 script")["state"], "open");
}
