//! The forecast in a terminal: what the timers would decide overnight is held in one pass.

use super::desk::Desk;
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

#[test]
fn what_nobody_was_shown_is_held_in_one_pass_before_the_shift_ends() {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: release}]}\n\
         gates: {release: {auto_approve: true, auto_approve_after_s: 3600}}\n",
    );
    workspace.write("plan.txt", "one\ntwo\n");
    for id in ["j-1", "j-2", "j-3"] {
        workspace.ok(&format!("job start --manual --id {id} --slug tides"));
        workspace.ok(&format!("gate open {id} release --artifact plan=plan.txt"));
    }
    let mut desk = Desk::leading(&workspace);
    desk.sees("3 open");
    desk.sees_after("F", "3 ends");
    desk.sees("approves");
    desk.sees_after("*", "3 marked");
    desk.sees_after("t", "HOLD TIMER of 3 gates");
    desk.sees_after("'until cy is here'", "reason: until cy is here");
    desk.confirms("Held 3 gates");
    // It is foreseen anew: a hold ends by its bound.
    for id in ["j-1", "j-2", "j-3"] {
        let told = workspace.ok(&format!("gate show {id} release"));
        assert_contains(&told, "until cy is here");
    }
    desk.sees_after("Enter", "release #1");
    desk.press("q");
    desk.press("q");
}
