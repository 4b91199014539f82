//! A thin line in a real terminal. What it has to carry is counted in the screens
//! (`tests/screens/thin_line.rs`).

use super::desk::{Desk, RELEASE};
use crate::support::run::Workspace;

/// Bytes a second.
const THIN: usize = 2_000;
const GATES: usize = 12;

#[test]
fn a_held_key_ends_at_its_row_with_the_text_of_that() {
    let workspace = Workspace::new(RELEASE);
    for job in 1..=GATES {
        let line = |line| format!("step {line} of job {job}: copy the table shard_{job}_{line} and check its rows\n");
        let text: String = (0..14).map(line).collect();
        workspace.write("plan.txt", text);
        workspace.ok(&format!("gate open deploy-{job:02} release --artifact plan=plan.txt"));
    }
    let mut desk = Desk::leading(&workspace);
    desk.sees("of job 1: copy");
    desk.pty.thin(THIN);
    // Ten down, eleven up, eleven down, eight up.
    for step in 1..=40 {
        let is_down = (step / (GATES - 1)).is_multiple_of(2);
        desk.press(if is_down { "j" } else { "k" });
    }
    desk.sees("of job 4: copy");
    desk.sees("NOT YET SHOWN: plan.txt");
    desk.leaves();
}
