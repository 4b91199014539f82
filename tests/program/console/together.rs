//! Several at once: two consoles, a console and a command. The first decision stands, and the other
//! side is told.

use super::desk::{Desk, RELEASE};
use super::edit::drafts;
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;
use crate::support::said::assert_has;

#[test]
fn of_two_consoles_the_second_is_told_and_its_prompt_refuses() {
    let workspace = Workspace::new(RELEASE);
    let mut ana = Desk::leading(&workspace);
    let mut bea = Desk::open(&workspace);
    bea.sees("lead ");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    for desk in [&mut ana, &mut bea] {
        desk.reads("j-1", "release", 1, "Nothing is attached");
    }
    ana.sees_after("a", "APPROVE j-1 tides / release #1");
    // The lease is committed after the prompt is drawn: before that the second could take it as
    // well.
    bea.sees("other console");
    bea.sees_after("a", "APPROVE j-1 tides / release #1");
    bea.sees("has a prompt open here since ");

    ana.confirms("Approved j-1 tides / release #1");
    bea.sees("Not approved: ");
    bea.sees(" approved release #1");
    bea.press("Enter");
    bea.pty.wait_gone("Not approved: ");
    workspace.ok("gate wait j-1 release");
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
    bea.sees("j-1 tides: root approved release #1");

    // The one that leads goes; the other leads at once.
    ana.leaves();
    bea.sees("lead you");
    bea.leaves();
}

#[test]
fn a_command_is_quicker_than_an_open_prompt_and_the_note_is_kept() {
    let (workspace, mut desk) = Desk::at_release();
    desk.rejects("REJECT j-1", "not before the storm is over");

    workspace.ok("gate approve j-1 release --notes go");
    desk.sees("Not rejected: ");
    desk.sees("hint: your note is kept");
    desk.confirm();
    desk.pty.wait_gone("Not rejected: ");

    let decision = workspace.decision("j-1", "release");
    assert_has!(decision, "approved": true, "notes": "go", "via/surface": "cli");
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
    desk.leaves();
    let kept = drafts(&workspace);
    assert!(
        kept.iter().any(|text| text.contains("not before the storm is over")),
        "{kept:?}"
    );
}
