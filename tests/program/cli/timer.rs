//! What the timer decides, as commands tell it.

use serde_json::{Value, json};

use super::beside::{Beside, Stream, run};
use crate::support::run::Workspace;

#[test]
fn silence_approves_and_is_told_as_the_timer() {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: outline}, {name: research}]}\n\
         gates:\n  outline: {required: false, auto_approve: true, auto_approve_after_s: 1}\n",
    );
    let mut serve = Beside::leader(&workspace);
    let (id, _) = run(&workspace, &["job", "start", "--slug", "tides"], 0);
    let waiting = Beside::start(
        &workspace,
        &["gate", "wait", id.trim(), "outline", "--json"],
        Stream::Stdout,
    );
    let (status, told) = waiting.finish();
    assert_eq!(status.code(), Some(0));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["by"], &told["auto_approved"]), (&json!("timer"), &json!(true)));
    assert_eq!(
        (&told["timeout_seconds"], &told["auto_approve_enabled"]),
        (&json!(1), &json!(true))
    );
    serve.line_with("gate_auto_approved");
    // The last stage has no gate: it passes, and who waits for it goes on.
    let (stdout, _) = run(&workspace, &["gate", "wait", id.trim(), "research"], 0);
    assert!(stdout.ends_with("passed without a gate\n"), "{stdout}");
    assert_eq!(workspace.decision(id.trim(), "outline")["by"], "timer");
}
