//! What the console says about itself lies in a file of the operator's own: its screen has no place
//! for it.

use std::os::unix::fs::PermissionsExt as _;

use super::desk::{Desk, FILM};
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

const LOG: &str = ".local/state/holdpoint/console.log";

fn log(workspace: &Workspace, path: &str) -> String {
    std::fs::read_to_string(workspace.root().join(path)).unwrap_or_default()
}

#[test]
fn a_workers_panic_lands_in_the_log_and_the_console_goes_on() {
    let workspace = Workspace::new(FILM);
    let mut desk = Desk::spawn(PtyOptions::new(workspace.root()).env("HOLDPOINT_PANIC_AT", "diff"));
    desk.sees("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.selects("j-1", "script", 1);
    desk.pty
        .wait_for(|_| log(&workspace, LOG).contains("a test asked for a panic at diff"));
    desk.leaves();
    let text = log(&workspace, LOG);
    assert_contains(&text, "ERROR");
    assert_contains(&text, "a worker panicked");
    for (path, wanted) in [(LOG, 0o600), (".local/state/holdpoint", 0o700)] {
        let mode = std::fs::metadata(workspace.root().join(path))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, wanted, "{path}");
    }
}

#[test]
fn rust_log_chooses_what_is_told_and_the_state_directory_where() {
    let workspace = Workspace::new(FILM);
    let state = workspace.root().join("state");
    let options = PtyOptions::new(workspace.root())
        .env("RUST_LOG", "info")
        .env("XDG_STATE_HOME", state.display().to_string());
    let desk = Desk::spawn(options);
    desk.sees("lead you");
    desk.pty
        .wait_for(|_| !log(&workspace, "state/holdpoint/console.log").is_empty());
    desk.leaves();
    assert!(!workspace.root().join(LOG).exists());
}

#[test]
fn a_log_that_cannot_be_written_stops_nobody() {
    let workspace = Workspace::new(FILM);
    workspace.write("state", "a file where the directory belongs");
    let state = workspace.root().join("state");
    let options = PtyOptions::new(workspace.root())
        .env("RUST_LOG", "info")
        .env("XDG_STATE_HOME", state.display().to_string());
    let desk = Desk::spawn(options);
    desk.sees("lead you");
    desk.leaves();
}
