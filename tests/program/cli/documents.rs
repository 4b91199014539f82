//! The shapes of WIRE.md: which keys a document has, and in which order where that counts.

use serde_json::{Value, json};

use crate::support::run::Workspace;
use crate::support::said::assert_has;

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[track_caller]
fn has(value: &Value, wanted: &str) {
    let keys = keys(value);
    for key in wanted.split(' ') {
        assert!(keys.contains(&key), "{key} is missing: {keys:?}");
    }
}

fn workspace() -> Workspace {
    let workspace = Workspace::new(
        "pipeline: {stages: [{name: outline}, {name: script}]}\n\
         gates:\n  outline: {required: false, auto_approve: true, auto_approve_after_s: 1800}\n  script: {required: true}\n",
    );
    workspace.ok("job start --slug tides --intent 'a film' --id j-17");
    workspace
}

#[test]
fn a_job_has_an_entry_for_every_stage() {
    let workspace = workspace();
    let job = workspace.json("job show j-17");
    has(
        &job,
        "id slug intent status stage cfg gates artifacts params created_at updated_at operator",
    );
    assert_has!(job, "id": "j-17", "status": "needs_approval", "stage": "outline");
    let gates = job["gates"].as_array().unwrap();
    assert_has!(job, "gates/0/stage": "outline", "gates/0/state": "open", "gates/0/approved": null);
    assert_has!(job, "gates/1/stage": "script", "gates/1/state": "not_reached", "gates/1/approved": null);
    assert_eq!(gates.len(), 2);
    has(
        &gates[0],
        "stage required approved by at notes patch auto_approved has_patch state attempt opened_at deadline timeout_seconds \
         auto_approve_enabled time_remaining time_elapsed digest artifacts",
    );
    let left = gates[0]["time_remaining"].as_f64().unwrap();
    assert!((1700.0..=1800.0).contains(&left), "{left}");
    assert_eq!(gates[1]["time_remaining"], json!(null));
    assert_eq!(workspace.json("job list")[0]["id"], "j-17");
    assert_eq!(workspace.json("job list --status completed"), json!([]));
    workspace.ok("gate approve j-17 outline");
    let job = workspace.json("job show j-17");
    assert_has!(job, "gates/0/approved": true, "gates/1/state": "open");
}

#[test]
fn decisions_are_the_files_and_events_have_both_spellings() {
    let workspace = workspace();
    let approved = workspace.json("gate approve j-17 outline");
    assert_eq!(approved["message"], "Gate outline approved successfully");
    assert_eq!(
        keys(&approved["decision"]).join(" "),
        "stage approved by at notes patch auto_approved job_id attempt via opened_at deadline seen artifacts seq prev hash"
    );
    assert_eq!(workspace.json("decisions list"), json!([approved["decision"]]));
    let events = workspace.json_lines("events j-17");
    let numbers: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    for event in &events {
        has(
            event,
            "seq ts timestamp type event_type job_id stage status message payload",
        );
        assert_has!(event, "ts": event["timestamp"], "type": event["event_type"]);
    }
    let since = numbers[1].to_string();
    assert_eq!(
        workspace.json_lines(&["events", "j-17", "--since", &since]),
        events[2..]
    );
}

#[test]
fn patch_types_have_examples_that_are_patches() {
    let types = Workspace::without_configuration().json("patch types");
    assert_eq!(keys(&types), ["patch_types", "usage"]);
    for kind in ["script", "storyboard"] {
        let examples = types["patch_types"][kind]["examples"].as_array().unwrap();
        assert!(
            !examples.is_empty() && examples.iter().all(|one| one["type"] == one["example"]["type"]),
            "{examples:?}"
        );
    }
}

#[test]
fn a_configuration_is_shown_as_it_is_in_force() {
    let workspace = workspace();
    let shown = workspace.json("config show");
    has(&shown, "server security gates storage pipeline");
    assert_eq!(shown["gates"]["outline"]["auto_approve_after_s"], 1800);
    let yaml = workspace.ok("config show");
    workspace.write("again.yaml", yaml);
    assert_eq!(
        workspace.json("config show --config again.yaml")["gates"],
        shown["gates"]
    );
}

#[test]
fn a_started_job_is_its_id_or_its_document() {
    let workspace = Workspace::new("pipeline: {stages: [{name: script}]}\ngates: {script: {required: true}}\n");
    let stdout = workspace.ok("job start --slug tides");
    let id = stdout.trim_end();
    assert_eq!((stdout.lines().count(), id.len()), (1, 36));
    let started = workspace.json("job start --slug reef --manual --param a=1 --param b=x");
    assert_has!(started, "manual": true, "params": {"a": 1, "b": "x"});
    assert_eq!(workspace.count("job list"), 2);
}
