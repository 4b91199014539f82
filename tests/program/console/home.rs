//! A console that the configuration has made somebody's own, in a real terminal.

use super::desk::{Desk, RELEASE};
use crate::support::beside::job_at_gate;
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
}
