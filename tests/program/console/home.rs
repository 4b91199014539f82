//! A console that the configuration has made somebody's own, in a real terminal.

use super::desk::{Desk, FILM, RELEASE};
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;

/// A console at the gate of a job, with this under `console:`.
fn with(console: &str) -> (Workspace, Desk) {
    let workspace = Workspace::new(&format!("{RELEASE}console: {console}\n"));
    let mut desk = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "release", 1, "Nothing is attached");
    (workspace, desk)
}

#[test]
fn a_key_that_is_bound_anew_decides_and_the_former_one_does_nothing() {
    let (workspace, mut desk) = with("{keys: {decide: {approve: x, reject: Ctrl-r}}}");
    desk.sees("x approve");
    desk.sees("Ctrl-r reject");
    desk.sees_after("a", "no such key: a");
    desk.sees_after("x", "APPROVE");
    desk.confirms("Approved j-1 tides");
    desk.leaves();
    assert!(workspace.ok("decisions list").contains("approve"));
    let keys = workspace.ok("keys");
    assert!(
        keys.contains("| `x` | approve") && keys.contains("| `Ctrl-r` | reject"),
        "{keys}"
    );
}

#[test]
fn the_mouse_is_left_to_the_terminal_where_it_is_not_wanted() {
    let is_asked_for = |desk: &Desk| {
        let bytes = desk.pty.raw_bytes();
        bytes.windows(8).any(|bytes| bytes == b"\x1b[?1000h")
    };
    let (_workspace, desk) = with("{}");
    assert!(is_asked_for(&desk));
    desk.leaves();
    let (_workspace, desk) = with("{mouse: false}");
    assert!(!is_asked_for(&desk));
    desk.leaves();
}

#[test]
fn colours_of_the_configuration_reach_the_terminal_unless_none_are_wanted() {
    let workspace = Workspace::new(&format!("{FILM}console: {{theme: {{preset: colour_blind}}}}\n"));
    let shown = |no_color: &str| {
        let options = PtyOptions::new(workspace.root()).env("TERM", "xterm-256color");
        let mut desk = Desk::spawn(options.env("NO_COLOR", no_color));
        desk.sees("lead you");
        if no_color.is_empty() {
            job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
        }
        desk.reads("j-1", "script", 1, "bring boots");
        let bytes = desk.pty.raw_bytes();
        desk.leaves();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let coloured = shown("");
    assert!(coloured.contains("38;5;27") && !coloured.contains("\x1b[32m"));
    assert!(!shown("1").contains("38;5;"));
}

#[test]
fn local_time_is_that_of_the_machine_and_the_header_says_how_far_it_is_from_utc() {
    for (zone, told) in [("XST-5:30", "+05:30"), ("America/Nowhere", "+00:00")] {
        let workspace = Workspace::new(&format!("{RELEASE}console: {{time: local}}\n"));
        let desk = Desk::spawn(PtyOptions::new(workspace.root()).env("TZ", zone));
        desk.sees(told);
        desk.leaves();
    }
}
