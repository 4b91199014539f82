//! Hand-over at two consoles in real terminals: one operator goes and leaves a hold, a draft and
//! marks, the other takes all of it.

use serde_json::{Value, json};

use super::desk::Desk;
use super::record;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

fn desk_of(workspace: &Workspace, name: &str) -> Desk {
    let desk = Desk::spawn(PtyOptions::new(workspace.root()).args(["--operator", name]));
    desk.sees(" open ");
    desk
}

fn opened() -> Workspace {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: release}]}\n\
         gates: {release: {auto_approve: true, auto_approve_after_s: 3600}}\n",
    );
    for id in ["j-1", "j-2", "j-3"] {
        // Each another one: the same would stand in one row.
        workspace.write("plan.txt", format!("one\ntwo\n{id}\n"));
        workspace.ok(&format!("gate open {id} release --artifact plan=plan.txt"));
    }
    workspace
}

#[test]
fn what_one_leaves_the_other_takes_and_the_record_names_both() {
    let workspace = opened();
    let mut ana = desk_of(&workspace, "ana");
    // A name with a letter that its folder cannot have.
    let mut zoe = desk_of(&workspace, "zoë");
    ana.reads("j-2", "release", 1, "two");
    ana.sees_after("t", "HOLD TIMER j-2 / release #1");
    ana.press("'waits for legal'");
    ana.sees("reason: waits for legal");
    ana.confirms("Held j-2 / release #1");
    ana.reads("j-1", "release", 1, "two");
    ana.sees_after(";", "point at a line");
    ana.sees_after("Enter", "COMMENT plan.txt:1");
    ana.press("'which unit?'");
    ana.sees("about it: which unit?");
    ana.sees_after("Esc", "The comment is kept as it is");
    ana.sees_after("q", "a approve");
    ana.rejects("REJECT j-1", "not signed");
    ana.sees_after("Esc", "Nothing is decided; the note is kept");
    ana.sees_after("Space", "*>j-1");
    workspace.json_until("handover --by ana", |left| {
        let gates = left["gates"].as_array().unwrap();
        gates
            .iter()
            .any(|gate| gate["marked"] == true && gate["draft"]["first_words"] == "not signed")
    });
    ana.leaves_with_draft();
    let ana = desk_of(&workspace, "ana");
    ana.sees("M: marks 1 gate again, as you left them");
    ana.leaves_with_draft();

    zoe.sees_after("<", "what colleagues leave");
    zoe.sees("ana          j-2 / release #1  holds it: waits for legal");
    zoe.press("j-1");
    zoe.sees("ana: draft just now, marked, seen wholly");
    zoe.sees("Enter adopts draft and marks");
    zoe.confirms("Adopted from ana: note of a rejection, 1 comment of j-1");
    zoe.sees("*>j-1");
    zoe.sees("; zoë: which unit?");
    zoe.sees_after("r", "From a draft of ana: the record names both");
    zoe.sees("1 comment goes with it: plan.txt:1");
    zoe.sees("note: not signed");
    zoe.confirms("Rejected j-1 / release #1");
    let decision = workspace.json("decisions show j-1 release");
    assert_has!(decision, "by": "zoë", "draft_by": "ana", "notes": "not signed");
    assert_eq!(decision["comments"][0]["text"], "which unit?");

    // What ana held is let go by whoever is there now.
    zoe.reads("j-2", "release", 1, "held by ana");
    zoe.sees_after("t", "RELEASE TIMER j-2 / release #1");
    zoe.confirms("Released j-2 / release #1");
    let left = workspace.json("handover --by ana");
    let gates: Vec<Value> = left["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| gate["hold"].clone())
        .collect();
    assert!(gates.iter().all(Value::is_null), "{left}");
    assert_eq!(left["problems"], json!([]));
    assert_contains(&workspace.ok("handover --by ana"), "seen      all of it, not decided");
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
    zoe.leaves();
}
