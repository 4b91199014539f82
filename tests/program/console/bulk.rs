//! Many gates with one question, in a real terminal, while others decide too.

use serde_json::json;

use super::desk::{Desk, RELEASE};
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::run::Workspace;

#[test]
fn marked_gates_are_decided_together_and_each_has_its_answer() {
    let workspace = Workspace::new(RELEASE);
    let mut desk = Desk::leading(&workspace);
    let jobs: Vec<String> = (1..=9).map(|n| format!("j-{n}")).collect();
    for job in &jobs {
        job_at_gate(&workspace, &["--id", job, "--slug", "tides"]);
    }
    desk.sees("9 open");
    // Nobody has looked at them: they are left out, by name, until a key takes them in.
    desk.asks_of_all(&workspace, 9);
    desk.sees("Left out, not wholly seen by you: ");
    desk.sees_after("i", "APPROVE 9 gates");
    desk.sees(" of them not wholly seen by you");
    // Somebody is quicker with one of them: it leaves the list aloud, and Enter is about the
    // others.
    workspace.ok("gate reject j-3 release --notes 'not this one'");
    desk.sees("APPROVE 8 gates");
    desk.sees("NOT: ");
    // All of the list is read before Enter counts.
    desk.sees_after("End", "[Enter] approve 8");
    // A key, and the text only when it has acted: in one piece they would be a pasted text.
    desk.sees_after("Tab", "[Tab] leave note");
    desk.sees_after("'reads well'", "note for each: reads well");
    desk.confirms_twice("Approved 8 of 9 gates");
    desk.backs_out(" marked");
    for job in &jobs {
        workspace.run(&format!("gate wait {job} release"), if job == "j-3" { 3 } else { 0 });
        let decision = workspace.decision(job, "release");
        let notes = if job == "j-3" { "not this one" } else { "reads well" };
        assert_eq!(
            (&decision["approved"], &decision["notes"]),
            (&json!(job != "j-3"), &json!(notes)),
            "{job}"
        );
    }
    let names: Vec<&str> = jobs.iter().map(String::as_str).collect();
    assert_eq!(record::assert_agrees(&workspace, &names), 9);
    desk.leaves();
}
