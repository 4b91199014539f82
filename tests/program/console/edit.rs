//! `e` in the real binary: what is stored, what is on disk, and what a killed console leaves
//! behind.

use patch::Patch;
use serde_json::json;

use super::desk::{Desk, FILM};
use super::terminal::assert_given_back;
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::{Workspace, below};

const PATH: &str = "artifacts/script/script.txt";

/// Finds a word in the text and puts the cursor before it.
fn finds(desk: &mut Desk, word: &str) {
    desk.sees_after("<C-f>", "find /");
    desk.sees_after(&format!("'{word}' Enter"), "Ctrl-u undo");
}

#[test]
fn the_stored_patch_makes_exactly_what_is_on_disk() {
    let (workspace, mut desk) = Desk::at_script();
    let former = workspace.read(&format!("runs/j-1/{PATH}"));

    desk.sees("bring boots");
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    finds(&mut desk, "boots");
    desk.press("'rubber '");
    desk.sees_verdict("Fits script.txt: ");
    finds(&mut desk, "Go home");
    desk.pty.paste("\u{1b}[2JStay until dusk.\n");
    desk.sees_verdict("Fits script.txt: ");
    desk.sees_after("Esc", "[a] approve with it");
    desk.sees_after("a", "APPROVE WITH PATCH");
    desk.confirms("with patch");
    // Leaving asks first while a stage runs.
    desk.selects("j-1", "storyboard", 1);
    desk.leaves();

    let decision = workspace.decision("j-1", "script");
    assert_eq!(decision["approved"], json!(true));
    let patch = Patch::from_value(decision["patch"].clone()).unwrap();
    let planned = patch.plan(PATH, former.as_bytes()).unwrap().bytes;
    let now = workspace.read(&format!("runs/j-1/{PATH}"));
    assert_eq!(String::from_utf8(planned).unwrap(), now);
    let expected = former.replace("boots", "rubber boots");
    assert_eq!(now, expected.replace("Go home", "\u{1b}[2JStay until dusk.\nGo home"));
}

#[test]
fn an_edit_survives_a_killed_console() {
    let (workspace, mut desk) = Desk::at_script();
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    finds(&mut desk, "boots");
    desk.press("'rubber '");
    desk.sees_verdict("Fits script.txt: ");
    wait_for_draft(&desk, &workspace, "rubber boots");
    desk.killed();

    let mut desk = Desk::open(&workspace);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("e", "Your draft is back");
    desk.sees("rubber boots");
    desk.sees_verdict("Fits script.txt: ");
    desk.press("Esc");
    desk.discards();
    desk.leaves();
    assert!(drafts(&workspace).is_empty());
}

/// A panic ends the console, and no word that was typed before it: it is on disk before the process
/// is gone.
#[test]
fn an_edit_survives_a_panic() {
    let workspace = Workspace::new(FILM);
    let options = PtyOptions::new(workspace.root()).env("HOLDPOINT_PANIC_AT", "repaint");
    let mut desk = Desk::spawn(options);
    desk.sees("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    // In one piece: drafts are written half a second behind the first key.
    desk.press("'the last words' <C-l>");
    assert_eq!(desk.pty.wait_exit().code(), Some(101));
    desk.pty.wait_end_of_output();
    assert_given_back(&desk.pty.raw_bytes());
    assert!(drafts(&workspace).iter().any(|text| text.contains("the last words")));
    let mut desk = Desk::leading(&workspace);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("e", "the last words");
}

pub(super) fn drafts(workspace: &Workspace) -> Vec<String> {
    // What is being written or removed at this moment is not there.
    let files = below(&workspace.runs().join(".drafts")).into_iter().filter(|path| {
        let above = path.parent().and_then(std::path::Path::parent);
        above.is_some_and(|above| above.ends_with(".drafts"))
    });
    let texts = files.filter_map(|file| std::fs::read_to_string(file).ok());
    texts.filter(|text| !text.is_empty()).collect()
}

/// A draft is on disk within a second of the last key, whatever else the console does.
pub(super) fn wait_for_draft(desk: &Desk, workspace: &Workspace, words: &str) {
    desk.pty
        .wait_for(|_| drafts(workspace).iter().any(|text| text.contains(words)));
}
