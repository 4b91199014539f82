//! What a line of 2 kB a second has to carry: counted in bytes, because those are the same on every
//! machine.

use std::time::Duration;

use super::desk::{Desk, RELEASE};
use crate::support::pty::Waiting;
use crate::support::run::Workspace;

/// Bytes a second.
const THIN: usize = 2_000;
/// A held key repeats so often a second.
const REPEATS: u64 = 30;
const GATES: usize = 12;

/// Gates of a pipeline, each with a text that fills the pane.
fn gates(lines: usize) -> Workspace {
    let workspace = Workspace::new(RELEASE);
    for job in 1..=GATES {
        let line = |line| format!("step {line} of job {job}: copy the table shard_{job}_{line} and check its rows\n");
        let text: String = (0..lines).map(line).collect();
        workspace.write("plan.txt", text);
        workspace.ok(&format!("gate open deploy-{job:02} release --artifact plan=plan.txt"));
    }
    workspace
}

/// A console at the first of them, on a thin line from here on.
fn desk(workspace: &Workspace) -> Desk {
    let desk = Desk::leading(workspace);
    desk.sees("of job 1: copy");
    desk.pty.thin(THIN);
    desk
}

#[test]
fn a_held_key_is_on_the_screen_a_second_after_it_is_let_go() {
    let workspace = gates(14);
    let mut desk = desk(&workspace);
    let before = desk.pty.raw_bytes().len();
    let began = Waiting::begun();
    // Down and up: each row is passed, and the change of none but the last one is wanted.
    for step in 1..=40 {
        let is_down = (step / (GATES - 1)).is_multiple_of(2);
        desk.press(if is_down { "j" } else { "k" });
        while !began.has_lasted(Duration::from_millis(step as u64 * 1000 / REPEATS)) {
            std::thread::yield_now();
        }
    }
    let let_go_ms = (1..).find(|ms| !began.has_lasted(Duration::from_millis(*ms))).unwrap();
    // Ten down, eleven up, eleven down, eight up.
    desk.sees("of job 4: copy");
    desk.sees("NOT YET SHOWN: plan.txt");
    let bytes = desk.pty.raw_bytes().len() - before;
    let carried = THIN * (let_go_ms as usize + 1000) / 1000;
    assert!(bytes <= carried, "{bytes} bytes of {carried}: {let_go_ms} ms");
    desk.leaves();
}

#[test]
fn a_decision_with_its_step_is_1500_bytes() {
    let workspace = gates(5);
    let mut desk = desk(&workspace);
    let before = desk.pty.raw_bytes().len();
    desk.press("a");
    desk.sees("[Enter] approve");
    let asked = desk.pty.raw_bytes().len() - before;
    desk.press("Enter");
    desk.sees("Approved deploy-01");
    desk.sees("of job 2: copy");
    let bytes = desk.pty.raw_bytes().len() - before;
    assert!(bytes <= 1_500, "{bytes} bytes, {asked} of them for the question");
    desk.leaves();
}
