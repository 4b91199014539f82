//! An open prompt stops the timer, and closing it gives the time back.

use super::desk::Desk;
use super::record;
use crate::support::beside::{job_at_gate, wait_for};
use crate::support::run::Workspace;

/// Long enough to open a prompt in on a busy machine.
const TIMED: &str = "\
pipeline: {stages: [{name: release}, {name: handover}]}
gates:
  release: {auto_approve: true, auto_approve_after_s: 5}
  handover: {required: true}
";

#[test]
fn an_open_prompt_holds_the_timer_and_esc_gives_the_time_back() {
    let workspace = Workspace::new(TIMED);
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "release", 1, "Nothing is attached");
    desk.sees_after("a", "APPROVE j-1 tides / release #1");
    desk.sees("timer held");
    let held = wait_for(&workspace, "j-1", "gate_held", 0);

    // Another gate that opened later is due later: once its timer has fired, this one's deadline
    // has passed.
    job_at_gate(&workspace, &["--id", "j-2", "--slug", "dunes"]);
    workspace.ok("gate wait j-2 release");
    assert_eq!(workspace.decision("j-2", "release")["by"], "timer");
    workspace.run("gate wait j-1 release --timeout 0", 4);
    assert!(!workspace.exists("runs/j-1/gates/release.json"));
    desk.sees("you decide");

    desk.press("Esc");
    wait_for(&workspace, "j-1", "gate_released", held);
    desk.pty.wait_gone("APPROVE");
    // A hold that ends leaves a minute.
    desk.pty.wait_for(|now| {
        let row = crate::support::screen::row(now, 2);
        row.contains("j-1 tides") && (row.contains(" 0:5") || row.contains(" 1:00"))
    });
    workspace.run("gate wait j-1 release --timeout 0", 4);

    desk.approves("j-1 tides / release #1");
    workspace.ok("gate wait j-1 release");
    assert_eq!(workspace.decision("j-1", "release")["auto_approved"], false);
    desk.leaves();
    assert_eq!(record::assert_agrees(&workspace, &["j-1", "j-2"]), 2);
}
