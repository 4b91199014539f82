//! The line drops, hangs, or the process is told to go: what was written is kept, the clock runs
//! on, the next console offers it.

use nix::sys::signal::Signal;

use super::desk::Desk;
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;

/// A note is in the prompt when the line goes in this way; the next console has it.
fn the_note_survives(go: impl FnOnce(&mut Desk)) {
    let (workspace, mut desk) = Desk::at_release();
    desk.rejects("REJECT j-1", "the harbour is closed");
    go(&mut desk);
    desk.pty.wait_exit();
    workspace.run("gate wait j-1 release --timeout 0", 4);

    let mut next = Desk::leading(&workspace);
    next.reads("j-1", "release", 1, "Nothing is attached");
    next.sees_after("r", "note: the harbour is closed");
    next.confirms("Rejected j-1 tides / release #1");
    workspace.run("gate wait j-1 release", 3);
    next.leaves();
    assert_eq!(workspace.decision("j-1", "release")["notes"], "the harbour is closed");
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_dropped_line_ends_the_console_and_keeps_the_note() {
    the_note_survives(|desk| desk.pty.hang_up());
}

#[test]
fn sighup_ends_the_console_and_keeps_the_note() {
    the_note_survives(|desk| desk.pty.terminate(Signal::SIGHUP));
}

#[test]
fn sigterm_keeps_the_note_too() {
    the_note_survives(|desk| desk.pty.terminate(Signal::SIGTERM));
}

const TIMED: &str = r#"
pipeline:
  stages:
    - name: script
      command:
        - /bin/sh
        - -c
        - >-
          mkdir -p artifacts/script &&
          awk 'BEGIN { for (i = 0; i < 300; i++) { printf "line %d", i; for (j = 0; j < 60; j++) printf " low tide"; print "" } }'
          > artifacts/script/script.txt
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: release
gates:
  script: {required: true}
  release: {auto_approve: true, auto_approve_after_s: 1}
"#;

#[test]
fn while_the_line_hangs_stages_run_and_the_timer_decides() {
    let workspace = Workspace::new(TIMED);
    // One frame of this size is more than a terminal takes while nobody reads.
    let mut desk = Desk::spawn(PtyOptions::new(workspace.root()).size(500, 220));
    desk.sees("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "line 100 low tide");
    desk.pty.stall();
    desk.press("<C-l>");
    job_at_gate(&workspace, &["--id", "j-2", "--slug", "dunes"]);
    workspace.ok("gate approve j-2 script");
    workspace.ok("gate wait j-2 release");
    assert_eq!(workspace.decision("j-2", "release")["by"], "timer");

    desk.pty.resume();
    desk.sees("timer approved release #1");
    desk.leaves();
    assert_eq!(record::assert_agrees(&workspace, &["j-1", "j-2"]), 2);
}
