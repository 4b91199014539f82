//! Decisions that may be taken back: on the command line, in the files, and past a process that is
//! killed meanwhile.

use serde_json::Value;

use crate::support::beside::{Beside, wait_for};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_starts};

/// Longer than any test takes.
const LONG_S: u32 = 600;
/// Longer than a loaded machine takes to the next command, and short enough to be waited for.
const SHORT_S: u32 = 8;

/// A job at its gate, whose decision may be taken back for so many seconds; nobody leads.
fn at_gate(recall_s: u32) -> Workspace {
    let workspace = Workspace::new(&format!(
        "pipeline: {{stages: [{{name: script}}, {{name: audio, command: [/bin/sh, -c, 'true']}}]}}\n\
         gates: {{script: {{recall_s: {recall_s}}}}}\n"
    ));
    workspace.ok("job start --id j-1 --slug tides");
    workspace
}

fn gate_files(workspace: &Workspace) -> Vec<String> {
    let entries = std::fs::read_dir(workspace.runs().join("j-1/gates"));
    let names = entries.into_iter().flatten().flatten();
    let mut names: Vec<_> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_decision_is_taken_back_before_anybody_hears_of_it() {
    let workspace = at_gate(LONG_S);
    let (said, _) = workspace.run("gate approve j-1 script --dry-run", 0);
    assert_contains(&said, "  Then stage audio starts.\n  It can be taken back for 10:00.\n");
    let (said, _) = workspace.run("--operator ana gate approve j-1 script --notes fine", 0);
    assert_contains(&said, "; it can be taken back until ");
    assert_contains(
        &said,
        "Nothing moves before that; to take it back: holdpoint gate recall j-1 script\n",
    );
    let shown = workspace.json("gate show j-1 script");
    assert_has!(shown, "state": "decided", "approved": null, "recall_verdict": "approved", "by": "ana", "decision": null, "job_status": "needs_approval");
    assert!(shown["recall_until"].is_string(), "{shown}");
    assert!(gate_files(&workspace).is_empty(), "nobody hears of it yet");
    let refused = workspace.refused("gate approve j-1 script", 5);
    assert_contains(&refused, "hint: until ");
    assert_contains(&refused, "it can be taken back: holdpoint gate recall j-1 script");
    workspace.run("gate wait j-1 script --timeout 0", 4);
    workspace.ok("decisions verify");
    workspace.ok("doctor");

    let (said, _) = workspace.run("--operator bea gate recall j-1 script", 0);
    assert_eq!(
        said,
        "The decision on script #1 is taken back; script #2 waits for a person\nJob j-1 waits at script #2\n"
    );
    assert_eq!(gate_files(&workspace), ["script.1.recalled.json"]);
    let shown = workspace.json("gate show j-1 script");
    assert_has!(shown, "state": "open", "attempt": 2, "recalls/seq": 1, "recalls/by": "bea", "deadline": Value::Null);
    let refused = workspace.refused("gate recall j-1 script", 1);
    assert_starts(
        &refused,
        "Not taken back: the decision on j-1 / script #2 cannot be taken back: nobody has decided it yet",
    );
    workspace.ok("decisions verify");
}

#[test]
fn the_record_has_the_decision_that_was_taken_back_and_the_one_after_it() {
    let workspace = at_gate(SHORT_S);
    workspace.ok("--operator ana gate approve j-1 script");
    workspace.ok("--operator bea gate recall j-1 script");
    let serve = Beside::leader(&workspace);
    workspace.ok("gate reject j-1 script");
    wait_for(&workspace, "j-1", "job_paused", 0);
    serve.leaves();
    assert_eq!(
        gate_files(&workspace),
        ["script.1.recalled.json", "script.2.json", "script.json"]
    );
    let answer: Value =
        serde_json::from_slice(&std::fs::read(workspace.runs().join("j-1/gates/script.json")).unwrap()).unwrap();
    assert_has!(answer, "approved": false, "recalls/seq": 1, "recalls/by": "bea");
    let late = workspace.refused("gate recall j-1 script", 1);
    assert_contains(&late, "it is carried out, and the job is paused, at script");
    let figures = workspace.json("stats");
    assert_has!(figures["all"], "approved": 0, "rejected": 1, "recalled": 1);
    workspace.ok("decisions verify");
    // A database that is made anew knows it as well.
    let before = workspace.json("gate show j-1 script");
    std::fs::remove_file(workspace.runs().join("holdpoint.db")).expect("it is there");
    workspace.ok("doctor --rebuild");
    assert_eq!(workspace.json("gate show j-1 script")["recalls"], before["recalls"]);
    workspace.ok("decisions verify");
    workspace.ok("doctor");
}

#[test]
fn whoever_leads_next_carries_it_out_once_and_whoever_waits_hears_of_it_only_then() {
    let workspace = at_gate(SHORT_S);
    let serve = Beside::leader(&workspace);
    workspace.ok("--operator ana gate approve j-1 script");
    drop(serve);
    let types = workspace.event_types("j-1");
    assert!(!types.contains(&"gate_approved".to_owned()), "{types:?}");
    let (said, _) = workspace.run("gate wait j-1 script --timeout 30", 0);
    assert_ends(
        said.lines().next().unwrap().split(" at ").next().unwrap(),
        "script #1 approved by ana",
    );
    assert_eq!(gate_files(&workspace), ["script.1.json", "script.json"]);
    let serve = Beside::leader(&workspace);
    wait_for(&workspace, "j-1", "job_completed", 0);
    serve.leaves();
    assert_eq!(workspace.count_events("j-1", "decision_made"), 1);
    assert_eq!(workspace.count_events("j-1", "gate_approved"), 1);
    workspace.ok("decisions verify");
    workspace.ok("doctor");
}

#[test]
fn a_job_that_is_canceled_takes_it_back_and_several_each_have_a_result() {
    let workspace = at_gate(LONG_S);
    workspace.ok("gate approve j-1 script");
    workspace.ok("--operator ana job cancel j-1");
    assert_has!(workspace.json("gate show j-1 script"), "state": "recalled", "recalled/by": "ana");
    for id in ["j-2", "j-3"] {
        workspace.ok(&format!("job start --id {id} --slug tides"));
    }
    let several = workspace.json("gate approve j-2:script j-3:script");
    for one in several.as_array().unwrap() {
        assert!(one["recall_until"].is_string(), "{one}");
    }
    workspace.ok("gate recall j-3:script");
    let (said, failed) = workspace.run("gate recall j-2:script j-3:script", 1);
    assert_eq!(
        said,
        "The decision on script #1 is taken back; script #2 waits for a person\n"
    );
    assert_starts(
        &failed,
        "Not taken back: the decision on j-3 / script #2 cannot be taken back",
    );
    workspace.ok("decisions verify");
}

#[test]
fn it_is_told_how_to_take_a_decision_back_whatever_the_job_does_meanwhile() {
    let workspace = Workspace::new("gates: {script: {}, audio: {recall_s: 600}}\n");
    workspace.write("plan.txt", "x");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    workspace.ok("gate open j-1 audio --artifact plan=plan.txt");
    workspace.ok("gate reject j-1 script");
    let (said, _) = workspace.run("gate approve j-1 audio", 0);
    assert_contains(&said, "to take it back: holdpoint gate recall j-1 audio\n");
    assert_contains(&said, "Job j-1 is paused");
}
