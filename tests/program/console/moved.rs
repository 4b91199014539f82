//! `R` after an approved artifact was replaced: it is opened for review, and nothing runs on it.

use super::desk::Desk;
use crate::support::beside::wait_for;
use crate::support::run::Workspace;

const PIPELINE: &str = "\
pipeline: {stages: [{name: outline}, {name: audio, command: [/bin/sh, -c, 'cp artifacts/outline/plan.txt heard.txt']}]}
gates: {outline: {}}
";

#[test]
fn resuming_what_was_replaced_opens_its_gate_and_its_approval_goes_on() {
    let workspace = Workspace::new(PIPELINE);
    workspace.write("plan.txt", "plan\n");
    workspace.ok("job start --slug tides --id j-1");
    let open = ["gate", "open", "j-1", "outline", "--artifact", "outline=plan.txt"];
    workspace.ok(&open);
    workspace.ok("gate approve j-1 outline");
    // Nobody leads yet: the stage waits while somebody replaces what it is to read.
    workspace.write("runs/j-1/artifacts/outline/plan.txt", "forged\n");
    let mut desk = Desk::leading(&workspace);
    wait_for(&workspace, "j-1", "job_paused", 0);
    // The pane's own rows: the queue is read apart from them.
    desk.sees("paused at audio");
    desk.sees_after("g R", "RESUME j-1 tides");
    desk.confirms("Gate outline #3 of j-1 is open for review: plan.txt is not what");
    assert!(!workspace.exists("runs/j-1/heard.txt"));
    workspace.ok("gate approve j-1 outline");
    wait_for(&workspace, "j-1", "job_completed", 0);
    assert_eq!(workspace.read("runs/j-1/heard.txt"), "forged\n");
    desk.press("q");
}
