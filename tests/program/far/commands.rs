//! Commands over a line.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::Elsewhere;
use crate::support::client::{Served, serving};
use crate::support::said::{assert_contains, assert_has, assert_starts};

const DEPLOY: &str = "";

#[test]
fn what_is_read_over_a_line_is_what_is_read_beside_the_database() {
    let (workspace, served, _ana) = serving(DEPLOY);
    let there = Elsewhere::of(&served, "ana-token");
    workspace.write("old.txt", "a\nb\nc\n");
    workspace.write("plan.txt", "a\nB\nc\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt --base old.txt --title Release --label team=media");
    workspace.ok("gate open j-2 deploy --artifact plan=plan.txt");
    workspace.ok("gate reject j-1 deploy --notes no");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt --base old.txt");
    for asked in [
        "gate list --json",
        "gate list --all --json",
        "gate list --filter label:team",
        "gate show j-1 deploy",
        "gate diff j-1 deploy",
        "gate diff j-1 deploy --json",
        "job list --json",
        "decisions list --json",
        "decisions show j-1 deploy --json",
        "events j-1 --json",
        "stats --json",
        "forecast --until 23:59",
        "handover --by root --json",
        "gate approve j-2 deploy --dry-run",
        "webhooks --json",
    ] {
        let here = without_moments(&workspace.ok(asked));
        let (told, _) = there.run(asked, 0);
        assert_eq!(without_moments(&told), here, "{asked}");
    }
    assert!(
        !there.machine.exists("runs/holdpoint.db"),
        "nothing is made on the machine that asks"
    );
}

#[test]
fn webhooks_are_those_that_the_server_is_configured_with() {
    let (workspace, served, _ana) = serving(
        "webhooks: [{name: chat, url: 'https://chat.example/in/T0K3N', secret_env: HOLDPOINT_S, events: [last_call]}]\n",
    );
    let here = workspace.json("webhooks");
    assert_has!(here, "0/name": "chat", "0/origin": "https://chat.example", "0/events": ["last_call"]);
    let (told, _) = Elsewhere::of(&served, "view-token").run("webhooks --json", 0);
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), here);
}

/// The text without what is different from one moment, or place, to the next.
fn without_moments(text: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else {
        return text
            .lines()
            .filter(|line| {
                ["ago)", "just now", "rejection:"]
                    .iter()
                    .all(|word| !line.contains(word))
            })
            .collect();
    };
    strip(&mut document);
    document.to_string()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for moment in ["file", "time_elapsed"] {
                object.shift_remove(moment);
            }
            object.values_mut().for_each(strip);
        }
        Value::Array(all) => all.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn a_gate_is_opened_with_files_of_the_machine_that_asks_and_decided_in_the_tokens_name() {
    let (workspace, served, _ana) = serving(DEPLOY);
    let pipeline = Elsewhere::of(&served, "pipe-token");
    pipeline.machine.write("plan.txt", "new\n");
    pipeline.machine.write("old.txt", "old\n");
    pipeline.run("gate open j-1 deploy --artifact plan=plan.txt --base old.txt", 0);
    assert_eq!(workspace.read("runs/j-1/artifacts/deploy/plan.txt"), "new\n");
    let (_, said) = pipeline.run("gate approve j-1 deploy", 1);
    assert_contains(&said, "pipe has the role pipeline; this needs operator");
    let (_, said) = pipeline.run("gate open j-2 deploy --artifact plan=missing.txt", 1);
    assert_contains(&said, "missing.txt");

    let ana = Elsewhere::of(&served, "ana-token");
    let (told, _) = ana.run("gate approve j-1 deploy --notes fine --json", 0);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["published"], true, "{told}");
    let decision = workspace.decision("j-1", "deploy");
    assert_has!(decision, "by": "ana", "approved": true, "notes": "fine");
    assert_eq!(workspace.json("decisions show j-1 deploy")["via"]["surface"], "cli");
    // Somebody was quicker: the same words and exit code as beside the database.
    let (_, said) = ana.run("gate reject j-1 deploy", 5);
    assert_starts(&said, "Not rejected: ana approved j-1 / deploy #1 at ");
    let (told, _) = ana.run("gate wait j-1 deploy", 0);
    assert_contains(&told, "approved by ana");
}

#[test]
fn whoever_may_not_or_cannot_is_told_why() {
    let (_workspace, served, _ana) = serving(DEPLOY);
    let (_, said) = Elsewhere::of(&served, "no-token").run("gate list", 1);
    assert_contains(&said, "this token opens nothing");
    let view = Elsewhere::of(&served, "view-token");
    view.run("gate list", 0);
    let (_, said) = view.run("job start --slug tides", 1);
    assert_contains(&said, "view has the role viewer");
    for (args, why) in [
        ("doctor", "this works on the machine that has the runs directory"),
        (
            "decisions verify",
            "this works on the machine that has the runs directory",
        ),
        ("--operator bea gate list", "you are who your token says"),
    ] {
        let (_, said) = view.run(args, 1);
        assert_contains(&said, why);
    }
    let machine = &view.machine;
    for (server, why) in [
        (
            "http://10.1.2.3:80",
            "http:// would send the token to 10.1.2.3 for everybody on the way to read",
        ),
        ("hold.example", "hold.example is no address of a server"),
        ("http://127.0.0.1:1", "127.0.0.1:1 cannot be reached"),
    ] {
        let output = machine.under(&[("HOLDPOINT_SERVER", server), ("HOLDPOINT_TOKEN", "t")], "gate list");
        assert_eq!(output.status.code(), Some(1), "{server}");
        assert_contains(&String::from_utf8_lossy(&output.stderr), why);
    }
    let output = machine.under(&[("HOLDPOINT_SERVER", "http://127.0.0.1:1")], "gate list");
    assert_contains(
        &String::from_utf8_lossy(&output.stderr),
        "no token for the server is named",
    );
}

#[test]
fn what_is_submitted_again_is_done_once_and_gets_the_same_answer() {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let before = workspace.json("gate show j-1 script")["deadline"].clone();
    let command = json!({"extend": {
        "gate": {"job_id": "j-1", "stage": "script", "attempt": 1}, "seconds": 600, "expected": null,
    }});
    let submit = |name: &str, command: &Value| {
        let body = json!({"surface": "cli", "commands": [{"submission": name, "command": command}]});
        ana.post("/api/v1/commands", &body).expect(200)[0].clone()
    };
    let first = submit("s-1", &command);
    assert_eq!(first["done"]["receipt"]["job_id"], "j-1", "{first}");
    let after = workspace.json("gate show j-1 script")["deadline"].clone();
    assert_ne!(after, before);
    // Whoever did not hear the answer asks again, also when the server was started anew meanwhile.
    let again = submit("s-1", &command);
    assert_eq!(again["done"]["receipt"]["job_id"], "j-1", "{again}");
    served.signal(Signal::SIGKILL);
    drop(served);
    let served = Served::start(&workspace);
    let ana = served.ana();
    let submit = |name: &str, command: &Value| {
        let body = json!({"surface": "cli", "commands": [{"submission": name, "command": command}]});
        ana.post("/api/v1/commands", &body).expect(200)[0].clone()
    };
    let again = submit("s-1", &command);
    assert!(again["done"].is_object(), "{again}");
    assert_eq!(workspace.json("gate show j-1 script")["deadline"], after);
    assert_eq!(workspace.count_events("j-1", "gate_extended"), 1);
    // A name is for one thing.
    let mut other = command.clone();
    other["extend"]["seconds"] = json!(60);
    let refused = submit("s-1", &other);
    assert_eq!(
        refused["refused"]["message"],
        "something else was submitted under this name"
    );
    // A decision that was made is answered as made, not as one that somebody else was quicker with.
    let approve = json!({"decide": {
        "gate": {"job_id": "j-1", "stage": "script", "attempt": 1}, "verdict": "approve", "notes": null, "comments": [],
        "draft_by": null, "patch": null, "digest": null, "context_digest": null,
    }});
    for _ in 0..2 {
        let done = submit("s-2", &approve);
        let receipt = &done["done"]["receipt"];
        assert_eq!(receipt["message"], "Gate script approved successfully", "{done}");
        assert_eq!(receipt["decision"]["seq"], 1, "{done}");
    }
    let refused = submit("s-3", &approve);
    assert_eq!(refused["refused"]["code"], "already_decided", "{refused}");
    // The same over the routes for everybody, by the header that is customary.
    let gate = json!({"stage": "script", "seconds": 60});
    workspace.ok("gate open j-2 script --artifact plan=plan.txt");
    let body = gate.to_string();
    let headers = [("Idempotency-Key", "s-4"), ("Content-Type", "application/json")];
    for _ in 0..2 {
        let reply = ana.send(
            "POST",
            "/api/v1/jobs/j-2/gates/script/extend",
            &headers,
            body.as_bytes(),
        );
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert_eq!(workspace.count_events("j-2", "gate_extended"), 1);
    // The values count, and not how they are written; the same of something else is something else.
    let spaced = br#"{ "seconds": 60, "stage": "script" }"#;
    let extend =
        |stage: &str, body: &[u8]| ana.send("POST", &format!("/api/v1/jobs/j-2/gates/{stage}"), &headers, body);
    extend("script/extend", spaced).expect(200);
    extend("script/extend", br#"{"stage": "script", "seconds": 61}"#).expect(422);
    extend("script/hold", spaced).expect(422);
    assert_eq!(workspace.count_events("j-2", "gate_extended"), 1);
    // A name that cannot be kept is not passed over: it would be done twice.
    let headers = [
        ("Idempotency-Key", &*"x".repeat(201)),
        ("Content-Type", "application/json"),
    ];
    let reply = ana.send(
        "POST",
        "/api/v1/jobs/j-2/gates/script/extend",
        &headers,
        body.as_bytes(),
    );
    assert_eq!(reply.status, 422, "{reply:?}");
}
