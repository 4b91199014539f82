//! The configuration changes while the console runs: a broken save is told and changes nothing, a
//! good one counts for later gates.

use super::desk::{Desk, RELEASE};
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;
use crate::support::said::assert_has;

const TIMED: &str = "handover: {auto_approve: true, auto_approve_after_s: 1, unseen: approve}";

/// Approves the first gate of a job: the console opens the second one, with the policy that it goes
/// by.
fn release(desk: &mut Desk, job: &str) {
    desk.reads(job, "release", 1, "Nothing is attached");
    desk.sees_after("a", &format!("APPROVE {job} "));
    desk.confirm();
    desk.pty.wait_gone("APPROVE ");
}

#[test]
fn a_broken_save_keeps_the_former_policy_and_a_good_one_counts_for_later_gates() {
    let workspace = Workspace::new(RELEASE);
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    job_at_gate(&workspace, &["--id", "j-2", "--slug", "dunes"]);
    let timed = RELEASE.replace("handover: {required: true}", TIMED);

    workspace.write(
        "conf/operator.yaml",
        timed.replace("release: {required: true}", "release: {required: soon}"),
    );
    desk.sees("Configuration not loaded: operator.yaml:");
    desk.sees("gates.release.required");
    release(&mut desk, "j-1");
    desk.reads("j-1", "handover", 1, "the former policy stays");

    // Taking the change back is told as well.
    workspace.write("conf/operator.yaml", RELEASE);
    desk.pty.wait_gone("the former policy stays");
    desk.sees_after("s", "Sorted by age");

    workspace.write("conf/operator.yaml", timed);
    desk.sees("Configuration loaded; in force for gates opened");
    release(&mut desk, "j-2");
    workspace.ok("gate wait j-2 handover");
    assert_eq!(workspace.decision("j-2", "handover")["by"], "timer");
    // The gate from before has no timer, whatever the file says now.
    let gate = workspace.json("gate show j-1 handover");
    assert_has!(gate, "state": "open", "deadline": null);
    desk.leaves();
}
