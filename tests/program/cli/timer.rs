//! What the timer decides, as commands tell it.

use crate::support::beside::{Beside, Stream};
use crate::support::run::Workspace;
use crate::support::said::{assert_ends, assert_has};

#[test]
fn silence_approves_and_is_told_as_the_timer() {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: outline}, {name: research}]}\n\
         gates:\n  outline: {required: false, auto_approve: true, auto_approve_after_s: 1}\n",
    );
    let mut serve = Beside::leader(&workspace);
    let id = workspace.ok("job start --slug tides");
    let waiting = Beside::start(
        &workspace,
        &format!("gate wait {} outline --json", id.trim()),
        Stream::Stdout,
    );
    let told = waiting.document(0);
    assert_has!(told, "by": "timer", "auto_approved": true);
    assert_has!(told, "timeout_seconds": 1, "auto_approve_enabled": true);
    serve.line_with("gate_auto_approved");
    // The last stage has no gate: it passes, and who waits for it goes on.
    let stdout = workspace.ok(&["gate", "wait", id.trim(), "research"]);
    assert_ends(&stdout, "passed without a gate\n");
    assert_eq!(workspace.decision(id.trim(), "outline")["by"], "timer");
}
