//! Several gates on one command line: a result for each.

use serde_json::{Value, json};

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, assert_lacks};

fn at_gates(count: usize) -> Workspace {
    let workspace = Workspace::without_configuration();
    for n in 1..=count {
        workspace.write("a.txt", format!("text {n}\n"));
        workspace.ok(&format!("gate open j-{n} script --artifact script=a.txt"));
    }
    workspace
}

#[test]
fn each_gate_has_its_result_and_its_own_decision() {
    let workspace = at_gates(3);
    let names = ["j-1:script", "j-2:script", "j-3:script"];
    let (stdout, stderr) = workspace.run(&[&["gate", "approve", "--notes", "fine"], &names[..]].concat(), 0);
    assert_eq!(stdout.lines().count(), 3, "{stdout}");
    assert_lacks(&stderr, "Not approved");
    for n in 1..=3 {
        let decision = workspace.decision(&format!("j-{n}"), "script");
        assert_has!(decision, "approved": true, "notes": "fine");
    }
    workspace.ok("decisions verify");
    // All lost for one reason: its code.
    let stderr = workspace.refused(&[&["gate", "reject"], &names[..]].concat(), 5);
    assert_eq!(stderr.matches("Not rejected: ").count(), 3);
}

#[test]
fn some_succeed_some_are_lost_and_the_document_says_which() {
    let workspace = at_gates(2);
    workspace.ok("gate reject j-1 script --notes no");
    let args = ["gate", "approve", "j-1:script", "j-2:script", "j-9:script", "--json"];
    let stdout = workspace.told(&args, 1);
    let results: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    let code = |at: usize| results[at]["error"]["code"].clone();
    assert_eq!((code(0), code(2)), (json!("already_decided"), json!("not_found")));
    assert_has!(results[1], "decision/approved": true, "published": true);
    let message = results[0]["error"]["message"].as_str().unwrap();
    assert_contains(message, " rejected j-1 / script #1 at 20");
}

#[test]
fn what_is_no_gate_and_what_goes_with_one_only_is_refused_before_anything_is_decided() {
    let workspace = at_gates(2);
    let stderr = workspace.refused("gate approve j-1:script j-2", 2);
    assert_contains(&stderr, "\"j-2\" is no gate   hint: write JOB STAGE");
    workspace.run("gate approve ../x:script j-2:script", 2);
    workspace.write("p.json", "{}");
    let stderr = workspace.refused("gate approve j-1:script j-2:script --patch p.json", 2);
    assert_contains(&stderr, "--digest and --context-digest go with one gate");
    workspace.run("gate wait j-1 script --timeout 0", 4);
    // One gate may be written either way, with all that goes with one.
    workspace.ok("gate approve j-1:script");
    workspace.ok("gate approve j-2 script");
}
