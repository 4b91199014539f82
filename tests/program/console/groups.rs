//! Gates with one change in a real terminal: one row, opened, decided as one, with a record each,
//! whatever happens to the console meanwhile.

use serde_json::Value;

use super::desk::Desk;
use super::held::shared_with;
use super::record;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_has, each};

const GATES: &str = "gates: {release: {auto_approve: true, auto_approve_after_s: 3000}}\n";

/// So many hosts, each with a gate for the same plan.
fn hosts(count: usize) -> (Workspace, Vec<String>) {
    let workspace = shared_with(GATES);
    workspace.write("plan.txt", "one\ntwo\n");
    let ids: Vec<_> = (1..=count).map(|number| format!("h-{number:02}")).collect();
    for id in &ids {
        workspace.ok(&format!("job start --manual --id {id} --slug host"));
        workspace.ok(&format!("gate open {id} release --artifact plan=plan.txt"));
    }
    (workspace, ids)
}

#[test]
fn twelve_gates_with_one_change_are_one_row_and_one_question_and_twelve_records() {
    let (workspace, ids) = hosts(12);
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

#[test]
fn a_console_that_is_killed_inside_the_question_decides_none_and_the_next_one_all() {
    let (workspace, ids) = hosts(6);
    let mut desk = Desk::leading(&workspace);
    desk.sees("×6 h-01 host");
    // Each in its own row, and back; opened, and closed.
    desk.sees_after("K", "Every gate has its own row");
    desk.pty.wait_gone("×6");
    desk.sees("h-06 host");
    desk.sees_after("K", "×6 h-01 host");
    desk.sees_after("l", "└ h-06 host");
    desk.sees_after("h", "×6 h-01 host");
    desk.sees_after("X", "the row stands for 6 gates   hint: l opens it");
    desk.sees("seen by ");
    desk.sees_after("a", "APPROVE 6 gates with the same change");
    desk.sees("6 h-06 host / release #1");
    desk.killed();
    let open = |workspace: &Workspace| workspace.json("gate list").as_array().map(Vec::len);
    assert_eq!(open(&workspace), Some(6));

    // One was decided elsewhere meanwhile: the row stands for those that are left.
    workspace.ok("gate approve h-03 release");
    let mut desk = Desk::leading(&workspace);
    desk.sees("×5 h-01 host");
    desk.sees("seen by ");
    // The dead console's question is known to be over when its leases lapse.
    let is_lapsed = |gates: &Value| gates.as_array().unwrap().iter().all(|gate| gate["held_by"].is_null());
    workspace.json_until("gate list", is_lapsed);
    desk.sees_after("a", "APPROVE 5 gates with the same change");
    desk.confirm();
    desk.sees("Approved 5 gates");
    for id in &ids {
        workspace.ok(&format!("gate wait {id} release"));
    }
    assert_eq!(open(&workspace), Some(0));
    workspace.ok("decisions verify");
}

#[test]
fn what_a_console_that_was_killed_had_open_is_taken_over_and_decided_once() {
    let (workspace, ids) = hosts(3);
    let colleague = |name: &str| Desk::spawn(PtyOptions::new(workspace.root()).args(["--operator", name]));
    let mut ana = colleague("ana");
    ana.sees("×3 h-01 host");
    // What stands on the screen counts as seen once somebody is there.
    ana.sees_after("l", "└ h-03 host");
    ana.sees_after("h", "×3 h-01 host");
    ana.sees("seen by ana");
    ana.sees_after("a", "APPROVE 3 gates with the same change");
    let are_ana = |gates: &Value| gates.as_array().unwrap().iter().all(|gate| gate["held_by"] == "ana");
    workspace.json_until("gate list", are_ana);
    ana.killed();

    // Nobody gave her leases back: they live on for up to 30 s.
    let mut bea = colleague("bea");
    bea.sees("×3 h-01 host");
    bea.sees_after("l", "└ h-03 host");
    bea.sees_after("h", "×3 h-01 host");
    bea.sees("seen by bea");
    bea.sees_after("a", "APPROVE: nothing to approve yet, 3 left out");
    bea.sees_after("<C-t>", "Ctrl-t once more takes 3 gates over from ana");
    bea.sees_after("<C-t>", "APPROVE 3 gates with the same change");
    bea.confirms("Approved 3 gates");
    for id in &ids {
        workspace.ok(&format!("gate wait {id} release"));
        let approved = workspace.first_event(id, "gate_approved");
        assert_has!(approved, "payload/by": "bea", "payload/overridden": "ana");
        // Between the kill and the decision nobody gave the gate back, and no lease lapsed.
        let kinds = each(&workspace.json_lines(&format!("events {id}")).into(), "type");
        assert!(kinds.iter().all(|kind| kind != "gate_released"), "{id}: {kinds:?}");
        assert_eq!(
            kinds.iter().filter(|kind| *kind == "gate_approved").count(),
            1,
            "{id}: {kinds:?}"
        );
    }
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    assert_eq!(record::assert_agrees(&workspace, &ids), 3);
    bea.leaves();
}
