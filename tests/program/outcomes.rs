//! What becomes of each fault, with the real thing where the machine allows it: nothing is decided
//! because of it, it is said what is wrong and what to do, and what was running goes on
//! (DURABILITY.md, "Faults"). A test that needs root or a mount says so when it has neither.

mod console;
mod database;
mod disk;
mod files;
mod processes;

use std::process::Output;

use crate::support::run::{Workspace, printed};
use crate::support::said::assert_contains;

/// A workspace with one open gate that waits for a person.
fn opened() -> Workspace {
    let workspace = Workspace::new("gates: {deploy: {required: true}}\n");
    open_gate(&workspace);
    workspace
}

fn open_gate(workspace: &Workspace) {
    workspace.write("plan.txt", "plan v1\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
}

fn approve(workspace: &Workspace) -> Output {
    workspace.under(&[], "gate approve j-1 deploy")
}

/// Exit status, and everything that was said.
#[track_caller]
fn assert_said(output: &Output, code: i32, words: &[&str]) {
    let said = printed(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    words.iter().for_each(|word| assert_contains(&said, word));
}

/// The gate can be decided, and the record is sound.
#[track_caller]
fn assert_recovers(workspace: &Workspace, code: i32) {
    assert_said(&approve(workspace), code, &[]);
    assert_eq!(workspace.decision("j-1", "deploy")["approved"], true);
    workspace.ok("decisions verify");
}
