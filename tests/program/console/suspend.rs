//! Ctrl-Z and `fg`, as a shell with job control does them.

use std::path::Path;

use super::desk::{Desk, FILM};
use super::terminal::assert_given_back;
use crate::support::beside::{Beside, job_at_gate};
use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::screen;

#[test]
fn ctrl_z_gives_terminal_and_lead_back_and_fg_takes_them_again() {
    let workspace = Workspace::new(FILM);
    let shell = PtyOptions::new(workspace.root()).args(["-i"]).env("PS1", "shell> ");
    let mut pty = Pty::spawn_program(Path::new("/bin/sh"), shell);
    pty.wait_text("shell>");
    pty.send(&format!("'{}' Enter", holdpoint().display()));
    pty.wait_text("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    pty.wait_text("j-1 tides");

    pty.send("<C-z>");
    pty.wait_text("Stopped");
    wait_prompt(&pty);
    assert_given_back(&pty.raw_bytes());
    // The line echoes again: what is typed shows.
    pty.send("'echo once more' Enter");
    pty.wait_text("shell> echo once more");
    pty.wait_for(|now| screen::text(now).lines().any(|row| row == "once more"));
    let serve = Beside::leader(&workspace);
    job_at_gate(&workspace, &["--id", "j-2", "--slug", "dunes"]);

    pty.send("fg Enter");
    pty.wait_gone("lead you");
    pty.wait_text("j-2 dunes");
    pty.wait_gone("shell>");
    assert!(serve.leaves().0.success());
    pty.wait_text("lead you");
    pty.send("q");
    // The former prompts have commands behind them.
    wait_prompt(&pty);
    assert_given_back(&pty.raw_bytes());
    pty.send("exit Enter");
    pty.wait_exit();
    // The terminal was left as it was found, so a console starts again.
    Desk::leading(&workspace).leaves();
}

/// Waits for a prompt of the shell with nothing typed yet.
fn wait_prompt(pty: &Pty) {
    pty.wait_for(|now| screen::text(now).lines().any(|row| row == "shell>"));
}
