//! Lines that are cut, and proxies that answer in the server's place: what was asked for is done
//! once, and what is told is so.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::proxy::{Deed, Proxy, Request, said};
use super::{Elsewhere, until};
use crate::support::beside::{Beside, Stream};
use crate::support::client::{Client, Served, configuration, serving, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

const COMMANDS: &str = "POST /api/v1/commands";
const NEWS: &str = "GET /api/v1/news/stream";

/// A workspace with a gate that waits, and its server.
fn waiting() -> (Workspace, Served, Client) {
    let (workspace, served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 deploy --artifact plan=plan.txt");
    workspace.ok("gate open j-2 script --artifact plan=plan.txt");
    (workspace, served, ana)
}

/// The names under which a request submits.
fn names(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let commands = body["commands"].as_array().unwrap().iter();
    commands
        .map(|one| one["submission"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_answer_that_was_lost_is_asked_for_again_under_the_same_name() {
    let (workspace, served, _ana) = waiting();
    let proxy = Proxy::before(served.address, |request| match (&*request.what, request.number) {
        (COMMANDS, 0) => Deed::LoseAnswer,
        _ => Deed::Pass,
    });
    let (told, _) = Elsewhere::at(proxy.address, "ana-token").run("gate approve j-1 deploy", 0);
    assert_contains(&told, "approved");
    let sent = proxy.requests(COMMANDS);
    assert_eq!(sent.len(), 2);
    assert_eq!(names(&sent[0]), names(&sent[1]));
    assert_eq!(workspace.count_events("j-1", "gate_approved"), 1);
}

#[test]
fn what_a_proxy_says_of_a_server_that_is_away_is_no_refusal() {
    let (workspace, served, _ana) = waiting();
    let proxy = Proxy::before(served.address, |request| match (&*request.what, request.number) {
        (COMMANDS, 0) => said("502 Bad Gateway", "", "<h1>nginx</h1>"),
        (COMMANDS, 1) => said("503 Service Unavailable", "Retry-After: 1\r\n", ""),
        (COMMANDS, 2) => said("429 Too Many Requests", "Retry-After: 0\r\n", "{}"),
        _ => Deed::Pass,
    });
    let (told, _) = Elsewhere::at(proxy.address, "ana-token").run("gate reject j-1 deploy --notes no", 0);
    assert_contains(&told, "rejected");
    let sent = proxy.requests(COMMANDS);
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|one| names(one) == names(&sent[0])));
    // Whoever wants to be left alone is, however soon the line may be back.
    assert!((sent[2].at - sent[1].at).as_millis() >= 1000);
    assert_eq!(workspace.count_events("j-1", "gate_rejected"), 1);
}

#[test]
fn what_is_no_answer_is_told_as_such() {
    let (_workspace, served, _ana) = waiting();
    for (status, body, why) in [
        (
            "500 Internal Server Error",
            "oops",
            "answered 500 Internal Server Error",
        ),
        ("200 OK", "<h1>sign in</h1>", "cannot be read"),
    ] {
        let proxy = Proxy::before(served.address, move |request| match &*request.what {
            COMMANDS => said(status, "", body),
            _ => Deed::Pass,
        });
        let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate approve j-1 deploy", 1);
        assert_contains(&told, why);
        assert_contains(&told, "whether it was done is not known");
        assert_eq!(proxy.requests(COMMANDS).len(), 1, "the same would come to the same");
    }
}

#[test]
fn a_refusal_of_what_may_have_been_done_before_says_nothing_of_the_first_time() {
    let (workspace, served, _ana) = waiting();
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "413 Payload Too Large",
    ] {
        let proxy = Proxy::before(served.address, move |request| match (&*request.what, request.number) {
            (COMMANDS, 0) => Deed::LoseAnswer,
            (COMMANDS, _) => said(status, "", r#"{"detail": "no more", "code": "forbidden"}"#),
            _ => Deed::Pass,
        });
        let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate hold j-2 script --reason look", 1);
        assert_contains(&told, "no more; whether it was done is not known");
        assert_eq!(proxy.requests(COMMANDS).len(), 2, "{status}");
    }
    // A server that refuses it in its place has not looked for its name.
    let refused = r#"[{"refused": {"code": "not_allowed", "message": "no more", "hint": null, "where": null}}]"#;
    let proxy = Proxy::before(served.address, move |request| match (&*request.what, request.number) {
        (COMMANDS, 0) => Deed::LoseAnswer,
        (COMMANDS, _) => said("200 OK", "", refused),
        _ => Deed::Pass,
    });
    let (_, told) = Elsewhere::at(proxy.address, "ana-token").run("gate hold j-2 script --reason look", 1);
    assert_contains(&told, "no more; whether it was done is not known");
    assert_eq!(workspace.count_events("j-2", "gate_held"), 1);
    // What was never taken is refused.
    let proxy = Proxy::before(served.address, |request| match &*request.what {
        COMMANDS => said("403 Forbidden", "", r#"{"detail": "no more", "code": "forbidden"}"#),
        _ => Deed::Pass,
    });
    let there = Elsewhere::at(proxy.address, "ana-token");
    let (_, told) = there.run("gate hold j-2 script", 1);
    assert!(!told.contains("not known"), "{told}");
}

#[test]
fn a_proxy_that_repeats_requests_has_nothing_done_twice_and_nothing_that_was_refused() {
    let (workspace, served, ana) = waiting();
    let proxy = Proxy::before(served.address, |request| match &*request.what {
        COMMANDS => Deed::Twice,
        _ => Deed::Pass,
    });
    let there = Elsewhere::at(proxy.address, "ana-token");
    there.run("gate hold j-2 script --reason look", 0);
    assert_eq!(workspace.count_events("j-2", "gate_held"), 1);
    there.run("gate approve j-1 deploy", 0);
    assert_eq!(workspace.count_events("j-1", "gate_approved"), 1);
    // What was refused stays so under its name, whatever becomes of the reason.
    let gate = json!({"job_id": "j-3", "stage": "script", "attempt": 1});
    let hold = json!({"hold": {"gate": gate, "reason": null}});
    let submit = |name: &str| {
        let body = json!({"surface": "cli", "commands": [{"submission": name, "command": hold}]});
        ana.post("/api/v1/commands", &body).expect(200)[0].clone()
    };
    assert_eq!(submit("s-1")["refused"]["code"], "not_found");
    workspace.ok("gate open j-3 script --artifact plan=plan.txt");
    assert_eq!(submit("s-1")["refused"]["code"], "not_found");
    assert_eq!(workspace.count_events("j-3", "gate_held"), 0);
    assert!(submit("s-2")["done"].is_object());
    // Judged by the rules, not before them.
    let release = json!({"release": {"gate": gate, "reason": null}});
    let submit = |name: &str| {
        let body = json!({"surface": "cli", "commands": [{"submission": name, "command": release}]});
        ana.post("/api/v1/commands", &body).expect(200)[0].clone()
    };
    assert!(submit("s-3")["done"].is_object());
    let refused = submit("s-4");
    assert!(refused["refused"].is_object(), "{refused}");
    workspace.ok("gate hold j-3 script");
    assert_eq!(submit("s-4"), refused);
}

#[test]
fn a_job_that_is_asked_for_twice_in_one_request_is_started_once() {
    let (_workspace, _served, ana) = serving("");
    let start = json!({"start_job": {
        "id": null, "slug": "tides", "intent": "a test", "params": {}, "cfg": {}, "is_manual": true,
    }});
    let one = json!({"submission": "s-1", "command": start});
    let body = json!({"surface": "cli", "commands": [one, one]});
    let told = ana.post("/api/v1/commands", &body).expect(200);
    assert_eq!(
        told[0]["done"]["receipt"]["job_id"], told[1]["done"]["receipt"]["job_id"],
        "{told}"
    );
    let jobs = ana.get("/api/v1/jobs").expect(200);
    assert_eq!(jobs.as_array().unwrap().len(), 1, "{jobs}");
}

#[test]
fn a_decision_that_was_taken_back_since_is_not_answered_as_if_it_stood() {
    let recallable = configuration("").replace("outline: {}", "outline: {recall_s: 600}");
    let (workspace, _served, ana) = serving_on(Workspace::new(&recallable));
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 outline --artifact plan=plan.txt");
    let gate = json!({"job_id": "j-1", "stage": "outline", "attempt": 1});
    let approve = json!({"decide": {
        "gate": gate, "verdict": "approve", "notes": null, "comments": [],
        "draft_by": null, "patch": null, "digest": null, "context_digest": null,
    }});
    let submit = || {
        let body = json!({"surface": "cli", "commands": [{"submission": "s-1", "command": approve}]});
        ana.post("/api/v1/commands", &body).expect(200)[0]["done"]["receipt"]["message"].clone()
    };
    assert_eq!(submit(), "Gate outline approved successfully");
    let became = || {
        let asked = json!([{"ask": "submitted", "of": {"name": "s-1"}}]);
        ana.post("/api/v1/questions", &asked).expect(200)[0]["answer"].clone()
    };
    assert_eq!(became(), "done");
    workspace.ok("gate recall j-1 outline");
    assert_eq!(submit(), "Gate outline approved successfully, and taken back since");
    let by = workspace.first_event("j-1", "decision_recalled")["payload"]["by"].clone();
    assert_eq!(became(), json!({"recalled": { "by": by }}));
}

#[test]
fn what_was_to_be_tried_again_is_tried_again_under_its_name() {
    let recallable = configuration("").replace("outline: {}", "outline: {recall_s: 3}");
    let (workspace, _served, ana) = serving_on(Workspace::new(&recallable));
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 outline --artifact plan=plan.txt");
    let complete = json!({"complete": "j-1"});
    let submit = || {
        let body = json!({"surface": "cli", "commands": [{"submission": "s-1", "command": complete}]});
        ana.post("/api/v1/commands", &body).expect(200)[0].clone()
    };
    workspace.ok("gate approve j-1 outline");
    let refused = submit();
    assert_eq!(refused["refused"]["code"], "still_recallable", "{refused}");
    // Whoever waits is answered when the decision is final.
    workspace.ok("gate wait j-1 outline");
    let done = submit();
    assert!(done["done"].is_object(), "{done}");
}

#[test]
fn news_that_are_refused_do_not_keep_whoever_waits_from_hearing() {
    let (workspace, served, _ana) = waiting();
    let proxy = Proxy::before(served.address, |request| match request.what.starts_with(NEWS) {
        true => said("403 Forbidden", "", "no streams here"),
        false => Deed::Pass,
    });
    let there = Elsewhere::at(proxy.address, "ana-token");
    let mut command = there.machine.command(&["gate", "wait", "j-1", "deploy"]);
    let mut waits = Beside::of(command.envs(there.variables()), Stream::Stdout);
    until(|| proxy.requests(NEWS).len() >= 2);
    workspace.ok("gate approve j-1 deploy");
    waits.line_with("approved by");
}

#[test]
fn a_server_that_dies_in_the_middle_of_a_decision_has_it_made_once_when_it_is_back() {
    for crash in ["before_commit", "after_commit", "answered"] {
        let (workspace, served, _ana) = waiting();
        let port = served.address.port();
        served.leaves();
        let text = workspace.read("conf/operator.yaml");
        let text = text.replace("server: {port: 0}", &format!("server: {{port: {port}}}"));
        workspace.write("conf/operator.yaml", text);
        let faulty = [("HOLDPOINT_CRASH_AT", crash), ("HOLDPOINT_FAULT_DURING", "approved")];
        let served = Served::start_with(&workspace, &faulty);
        let there = Elsewhere::at(served.address, "ana-token");
        let mut command = there.machine.command(&["gate", "approve", "j-1", "deploy"]);
        let mut approves = Beside::of(command.envs(there.variables()), Stream::Stdout);
        assert_eq!(served.ended(), None, "{crash}: it kills itself");
        let _again = Served::start(&workspace);
        approves.line_with("approved");
        assert_eq!(workspace.count_events("j-1", "gate_approved"), 1, "{crash}");
        assert_has!(workspace.decision("j-1", "deploy"), "by": "ana", "approved": true);
    }
}

#[test]
fn a_server_that_leaves_is_asked_again() {
    let (workspace, served, _ana) = waiting();
    let port = served.address.port();
    let proxy = Proxy::before(served.address, |_| Deed::Pass);
    let there = Elsewhere::at(proxy.address, "ana-token");
    let mut command = there.machine.command(&["gate", "wait", "j-1", "deploy"]);
    let mut waits = Beside::of(command.envs(there.variables()), Stream::Stdout);
    until(|| !proxy.requests(NEWS).is_empty());
    served.signal(Signal::SIGTERM);
    served.ended();
    let _again = Served::on_port(&workspace, port);
    workspace.ok("gate approve j-1 deploy");
    waits.line_with("approved by");
}

/// The numbers in lines of JSON, until there are so many.
fn numbers(beside: &mut Beside, count: usize) -> Vec<u64> {
    let number = |line: String| serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap();
    (0..count).map(|_| number(beside.line().expect("it goes on"))).collect()
}

#[test]
fn who_follows_all_jobs_comes_back_after_a_lost_line_without_a_gap_or_a_double() {
    let (workspace, served, ana) = waiting();
    let lost = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_lost = std::sync::Arc::clone(&lost);
    // The second stream of news is the first that comes through, and while the line is lost nothing does.
    let proxy = Proxy::before(served.address, move |request| {
        let is_cut = is_lost.load(std::sync::atomic::Ordering::SeqCst);
        match (&*request.what, request.number) {
            _ if is_cut => Deed::Cut,
            (what, 0) if what.starts_with(NEWS) => Deed::Cut,
            ("POST /api/v1/questions", 1) => Deed::LoseAnswer,
            _ => Deed::Pass,
        }
    });
    let there = Elsewhere::at(proxy.address, "ana-token");
    let mut command = there
        .machine
        .command(&["events", "--all", "--follow", "--since", "0", "--output", "jsonl"]);
    let mut follow = Beside::of(command.envs(there.variables()), Stream::Stdout);
    let all = || {
        let listed = workspace.json_lines("events --all");
        listed
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let before = all();
    assert_eq!(numbers(&mut follow, before.len()), before);
    lost.store(true, std::sync::atomic::Ordering::SeqCst);
    ana.act("j-1", "approve", &json!({"stage": "deploy"})).expect(200);
    ana.start_job("dunes");
    until(|| proxy.requests("").len() > 6);
    lost.store(false, std::sync::atomic::Ordering::SeqCst);
    ana.act("j-2", "approve", &json!({"stage": "script"})).expect(200);
    ana.until_on_disk();
    let after = all();
    assert_eq!(numbers(&mut follow, after.len() - before.len()), after[before.len()..]);
}
