//! Twelve gates with one change in a real terminal: one row, opened, decided as one, with a record
//! each.

use super::desk::Desk;
use crate::support::run::Workspace;

#[test]
fn twelve_gates_with_one_change_are_one_row_and_one_question_and_twelve_records() {
    let workspace = Workspace::new(
        "gates:\n  release: {auto_approve: true, auto_approve_after_s: 3000}\nconsole: {groups: true}\n",
    );
    workspace.write("plan.txt", "one\ntwo\n");
    let ids: Vec<_> = (1..=12).map(|number| format!("h-{number:02}")).collect();
    for id in &ids {
        workspace.ok(&format!("job start --manual --id {id} --slug host"));
        workspace.ok(&format!("gate open {id} release --artifact plan=plan.txt"));
    }
    let mut desk = Desk::leading(&workspace);
    desk.sees("×12 h-01 host");
    desk.sees(" + two");
    desk.sees_after("l", "┌ h-01 host");
    desk.sees_after("h", "×12 h-01 host");
    desk.sees("seen by ");
    desk.sees_after("a", "APPROVE 12 gates with the same change");
    desk.sees("12 h-12 host / release #1");
    desk.confirm();
    desk.sees("Approved 12 gates");
    for id in &ids {
        workspace.ok(&format!("gate wait {id} release"));
        let decision = workspace.decision_of_attempt(id, "release", 1);
        assert_eq!(decision["attempt"], 1, "{id}");
        let seen = decision["seen"].as_array().unwrap();
        assert!(!seen.is_empty(), "{id}: {decision}");
        assert_eq!(
            seen[0]["digest"], decision["artifacts"][0]["sha256"],
            "{id}: {decision}"
        );
    }
    workspace.ok("decisions verify");
}
