//! Why a gate is asked for, and signs of life, on the command line and by dropped files.

use serde_json::{Value, json};

use crate::support::beside::{Beside, Stream, wait_for};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

const OPEN: [&str; 20] = [
    "gate",
    "open",
    "deploy-42",
    "release",
    "--artifact",
    "plan=plan.txt",
    "--title",
    "release 17",
    "--why",
    "monday\nlegal waits",
    "--link",
    "ticket=https://t.example/17?a=b",
    "--label",
    "team=media",
    "--severity",
    "high",
    "--requester",
    "nightly",
    "--instructions",
    "read it",
];

fn workspace() -> Workspace {
    let workspace = Workspace::new("gates: {release: {required: true}, script: {required: true}}\n");
    workspace.write("plan.txt", "v1\n");
    workspace
}

fn said() -> Value {
    json!({
        "title": "release 17", "why": "monday\nlegal waits", "labels": { "team": "media" }, "severity": "high",
        "links": [{ "name": "ticket", "url": "https://t.example/17?a=b" }],
        "requester": "nightly", "instructions": "read it",
    })
}

#[test]
fn what_is_said_is_shown_filtered_by_and_frozen_into_the_decision() {
    let workspace = workspace();
    workspace.ok(&OPEN);
    workspace.ok("gate open deploy-43 release --artifact plan=plan.txt");
    assert_eq!(workspace.json("gate show deploy-42 release")["context"], said());
    assert_eq!(workspace.json("gate show deploy-43 release").get("context"), None);
    let shown = workspace.ok("gate show deploy-42 release");
    for line in [
        "title     release 17",
        "severity  high",
        "requester nightly",
        "label     team=media",
        "why       monday\n          legal waits",
        "to do     read it",
        "link      ticket: https://t.example/17?a=b",
    ] {
        assert_contains(&shown, line);
    }
    let listed = |filter: &str| {
        let gates = workspace.json(&format!("gate list {filter}"));
        let jobs = gates.as_array().unwrap().iter();
        jobs.map(|gate| gate["job_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("--label team=media"), ["deploy-42"]);
    assert_eq!(listed("--label team --severity high"), ["deploy-42"]);
    assert_eq!(listed("--severity =normal"), ["deploy-43"]);
    assert_eq!(listed("--label team=video").len(), 0);
    assert_eq!(listed("--filter severity>=high"), ["deploy-42"]);
    assert_eq!(listed("--filter !label:team --severity <=normal"), ["deploy-43"]);
    assert_eq!(listed("--filter unseen").len(), 2);
    assert_eq!(listed("--filter stage:rel").len(), 2);
    assert_eq!(listed("--filter left<10m").len(), 0);
    let refused = workspace.refused("gate list --filter left<abc", 2);
    assert_contains(&refused, "left<abc: \"abc\" is no length of time; write left<10m");
    assert_eq!(listed("--filter mine").len(), 0);
    assert_contains(&workspace.ok("gate list"), "high: release 17");
    workspace.ok("gate approve deploy-42 release");
    workspace.ok("gate approve deploy-43 release");
    assert_eq!(
        listed("--all --filter mine").len(),
        2,
        "what one has decided is one's own"
    );
    let decision = workspace.decision_of_attempt("deploy-42", "release", 1);
    assert_eq!(decision["context"], said());
    assert_eq!(
        workspace.decision_of_attempt("deploy-43", "release", 1).get("context"),
        None
    );
    workspace.ok("decisions verify");
}

#[test]
fn a_decision_may_name_what_the_gate_said() {
    let workspace = workspace();
    workspace.ok(&OPEN);
    let read = workspace.json("gate show deploy-42 release")["context_digest"].clone();
    let read = read.as_str().unwrap();
    assert_contains(
        &workspace.ok("gate show deploy-42 release"),
        &format!("context   {read}"),
    );
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt --why tuesday --severity low");
    let approve = |digest: &str| format!("gate approve deploy-42 release --context-digest {digest}");
    for dry_run in [" --dry-run", ""] {
        let refused = workspace.refused(&(approve(read) + dry_run), 1);
        assert_contains(
            &refused,
            "Not approved: its requester changed why, severity since it was read",
        );
    }
    let now = workspace.json("gate show deploy-42 release");
    assert_has!(now, "state": "open", "context/why": "tuesday");
    workspace.ok(&approve(now["context_digest"].as_str().unwrap()));
}

#[test]
fn what_breaks_a_limit_is_refused_by_its_name() {
    let workspace = workspace();
    let open = |option: &str, value: &str, code: i32| {
        workspace.refused(
            &[
                "gate",
                "open",
                "j-1",
                "release",
                "--artifact",
                "plan=plan.txt",
                option,
                value,
            ],
            code,
        )
    };
    assert_contains(&open("--link", "x=javascript:alert(1)", 2), "begin it with https://");
    assert_contains(&open("--severity", "urgent", 2), "low, normal, high or critical");
    assert_contains(&open("--label", "team", 2), "key=value");
    assert_contains(&open("--title", "a\u{1b}[2J", 1), "control character");
    assert_contains(&open("--why", &"x".repeat(4097), 1), "the most is 4096");
    assert_contains(&open("--heartbeat", "1", 1), "5 to 604800");
    assert_eq!(workspace.json("gate list"), json!([]));
}

#[test]
fn a_dropped_file_says_why_and_written_again_it_is_a_sign_of_life() {
    let workspace = workspace();
    workspace.write("runs/nightly-17/artifacts/script/script.md", "Low tide.\n");
    let file = "runs/nightly-17/gates/script.open.json";
    let request = |title: &str, heartbeat_s: u64, when_gone: &str| {
        json!({
            "attempt": 1, "artifacts": [{ "kind": "script", "path": "artifacts/script/script.md" }],
            "context": { "title": title }, "heartbeat_s": heartbeat_s, "when_gone": when_gone,
        })
        .to_string()
    };
    workspace.write(file, request("first", 3600, "keep"));
    let mut leader = Beside::leader(&workspace);
    leader.line_with("script #1 waits");
    let first = workspace.json("gate show nightly-17 script");
    assert_has!(first, "context/title": "first", "heartbeat/when_gone": "keep", "heartbeat/gone_since": null);
    workspace.write(file, request("second", 7200, "withdraw"));
    wait_for(&workspace, "nightly-17", "gate_context_changed", 0);
    let changed = workspace.first_event("nightly-17", "gate_context_changed");
    assert_eq!(changed["payload"]["parts"], json!(["title"]));
    let second = workspace.json_until("gate show nightly-17 script", |gate| {
        gate["heartbeat"]["heartbeat_s"] == 7200
    });
    assert_has!(second, "attempt": 1, "state": "open", "context/title": "second", "heartbeat/when_gone": "withdraw");
    assert_ne!(second["heartbeat"]["alive_at"], first["heartbeat"]["alive_at"]);
}

#[test]
fn a_gate_whose_requester_is_silent_is_withdrawn() {
    let workspace = workspace();
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt --heartbeat 5");
    assert_contains(
        &workspace.ok("gate alive deploy-42 release"),
        "the next sign of life is due by",
    );
    let _leader = Beside::leader(&workspace);
    wait_for(&workspace, "deploy-42", "gate_canceled", 0);
    let event = workspace.first_event("deploy-42", "gate_canceled");
    assert_eq!(
        event["payload"]["why"], "no sign of life of the requester for 0:05",
        "{event}"
    );
    workspace.refused("gate alive deploy-42 release", 1);
    workspace.ok("gate open deploy-42 release --artifact plan=plan.txt");
    workspace.refused("gate alive deploy-42 release", 1);
}

#[test]
fn whoever_opens_a_gate_and_waits_gives_its_signs_of_life() {
    let workspace = workspace();
    let opens = "gate open deploy-42 release --artifact plan=plan.txt --heartbeat 5 --wait";
    let mut waiting = Beside::start(&workspace, opens, Stream::Stderr);
    waiting.line_with("waiting for the decision");
    let alive_at = |gate: &Value| gate["heartbeat"]["alive_at"].clone();
    let mut last = workspace.json("gate show deploy-42 release");
    // Longer than it promised to be silent.
    for _ in 0..4 {
        last = workspace.json_until("gate show deploy-42 release", |gate| alive_at(gate) != alive_at(&last));
        assert_has!(last, "state": "open", "heartbeat/gone_since": null);
    }
    workspace.ok("gate approve deploy-42 release");
    assert_eq!(waiting.ended().code(), Some(0));
    assert_eq!(workspace.count_events("deploy-42", "gate_canceled"), 0);
}
