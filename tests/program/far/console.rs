//! The console over a line.

use nix::sys::signal::Signal;

use super::Elsewhere;
use crate::console::desk::Desk;
use crate::support::client::{Served, serving};
use crate::support::said::assert_has;

/// A console on another machine.
fn desk(there: &Elsewhere) -> Desk {
    let desk = there.desk();
    desk.sees(" open ");
    desk
}

#[test]
fn the_console_elsewhere_sees_what_changed_and_decides_in_the_tokens_name() {
    let (workspace, served, _ana) = serving("");
    workspace.write("old.txt", "a\nb\nc\n");
    workspace.write("plan.txt", "a\nB\nc\n");
    let there = Elsewhere::of(&served, "ana-token");
    let mut desk = desk(&there);
    // What happens while it is open comes by itself.
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt --base old.txt");
    desk.selects("j-1", "deploy", 1);
    desk.sees(" 2 + B");
    desk.sees("seen by ana");
    assert_eq!(workspace.json("gate show j-1 deploy")["seen"][0]["by"], "ana");
    desk.sees_after("a", "APPROVE j-1");
    // The lease lives with the server.
    workspace.json_until("gate show j-1 deploy", |gate| gate["held_by"] == "ana");
    desk.confirms("Approved j-1");
    let decision = workspace.decision("j-1", "deploy");
    assert_has!(decision, "by": "ana", "approved": true);
    assert_eq!(workspace.json("decisions show j-1 deploy")["via"]["surface"], "console");
    desk.leaves();
    assert!(!there.machine.exists("runs/holdpoint.db"));
}

#[test]
fn a_line_that_is_lost_is_told_and_what_was_typed_is_decided_once_when_it_is_back() {
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    let there = Elsewhere::of(&served, "ana-token");
    let port = served.address.port();
    let mut desk = desk(&there);
    desk.selects("j-1", "deploy", 1);
    desk.press("a");
    desk.asked(&workspace, "APPROVE j-1");
    served.signal(Signal::SIGKILL);
    desk.sees("cannot be reached");
    desk.sees("! as of ");
    desk.sees_after("Tab", "type the note");
    desk.press("f i n e");
    desk.sees("note: fine");
    desk.sees_after("Tab", "[Enter] approve");
    // Enter waits: nothing is decided on what may not be so any more.
    desk.confirm();
    drop(served);
    let _again = Served::on_port(&workspace, port);
    desk.sees("Approved j-1");
    let decision = workspace.decision("j-1", "deploy");
    assert_has!(decision, "by": "ana", "approved": true, "notes": "fine");
    assert_eq!(workspace.count_events("j-1", "gate_approved"), 1);
    desk.pty.wait_gone("cannot be reached");
    desk.leaves();
}
