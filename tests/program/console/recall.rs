//! A decision that one key takes back, and one that outlives the console in which it was made.

use super::desk::Desk;
use crate::support::beside::{job_at_gate, wait_for};
use crate::support::run::Workspace;
use crate::support::said::assert_has;

const RECALL: &str = "pipeline: {stages: [{name: release}, {name: handover}]}\n\
                      gates: {release: {recall_s: 20}, handover: {}}\n";

#[test]
fn one_key_takes_a_decision_back_and_one_that_stands_is_carried_out_past_a_kill() {
    let workspace = Workspace::new(RECALL);
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "release", 1, "Nothing is attached");
    desk.sees_after("a", "It can be taken back for");
    desk.confirms("Approved j-1 tides / release #1, moves on in 0:");
    desk.sees("approved by ");
    desk.press("U");
    desk.sees("Took back the decision on j-1 tides / release #1");
    let shown = workspace.json("gate show j-1 release");
    assert_has!(shown, "state": "open", "attempt": 2, "recalls/seq": 1);
    desk.sees("open again: ");
    desk.sees_after("a", "APPROVE j-1 tides / release #2");
    desk.confirms("Approved j-1 tides / release #2, moves on in 0:");
    drop(desk);
    let other = Desk::leading(&workspace);
    wait_for(&workspace, "j-1", "gate_approved", 0);
    other.leaves();
    assert_eq!(workspace.count_events("j-1", "gate_approved"), 1);
    assert_eq!(workspace.count_events("j-1", "decision_recalled"), 1);
    workspace.ok("decisions verify");
}
