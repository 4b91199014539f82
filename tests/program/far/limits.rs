//! What a server does for those who ask from elsewhere, and no more.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::client::{Client, configuration, serving, serving_on};
use crate::support::pty::{Waiting, patience};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

/// More than a body may have where no artifact comes with it.
const LARGE_BYTES: usize = 3 * 1024 * 1024;

/// What came of one question.
#[track_caller]
fn ask(client: &Client, question: &str, of: &Value) -> Value {
    let told = client.post("/api/v1/questions", &json!([{ "ask": question, "of": of }]));
    told.expect(200)[0].clone()
}

#[track_caller]
fn answer(client: &Client, question: &str, of: &Value) -> Value {
    let told = ask(client, question, of);
    assert!(told.get("answer").is_some(), "{told}");
    told["answer"].clone()
}

/// What came of one command.
#[track_caller]
fn submit(client: &Client, submission: &str, command: &Value) -> Value {
    let body = json!({"surface": "cli", "commands": [{ "submission": submission, "command": command }]});
    client.post("/api/v1/commands", &body).expect(200)[0].clone()
}

/// A request with a body of so many bytes, of which nothing comes.
fn begin(client: &Client, path: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(client.address).unwrap();
    let token = client.token.as_ref().unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn only_commands_may_be_large_and_only_a_few_at_once() {
    let (_workspace, served, ana) = serving("");
    let large = " ".repeat(LARGE_BYTES);
    let post = |client: &Client, path: &str| client.send("POST", path, &[], large.as_bytes()).status;
    assert_eq!(post(&served.view(), "/api/v1/questions"), 413);
    // It is read, and no document.
    assert_eq!(post(&ana, "/api/v1/commands"), 422);
    let mut begun = Vec::new();
    let mut until = |status: u16, is_more: bool| {
        let waiting = Waiting::begun();
        while post(&ana, "/api/v1/commands") != status {
            assert!(!waiting.has_lasted(patience()), "never {status}");
            match is_more {
                true => begun.push(begin(&ana, "/api/v1/commands", LARGE_BYTES)),
                false => begun.clear(),
            }
        }
    };
    until(429, true);
    // Others have their share, and small ones are done meanwhile.
    assert_eq!(post(&served.pipe(), "/api/v1/commands"), 422);
    submit(&ana, "s-1", &json!({"cancel": "j-1"}));
    until(422, false);
}

#[test]
fn whoever_asks_for_everything_gets_what_a_server_can_bear() {
    let (workspace, _served, ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    let more = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500) \
                INSERT INTO event (ts, job_id, type, stage, status, message, payload) \
                SELECT ts, job_id, type, stage, status, message, payload FROM event, n WHERE seq = 1";
    workspace.edit(more, 10_500);
    let most = u32::MAX;
    let page = answer(&ana, "events", &json!({"job_id": "j-1", "since": 0, "limit": most}));
    assert_eq!(page.as_array().unwrap().len(), 2000);
    // A part is never told as if it were all.
    let told = ask(
        &ana,
        "event_page",
        &json!({"id": "j-1", "since": {"Seq": 0}, "limit": most}),
    );
    let why = "there are more than 10000, and no more are told to another machine at once";
    assert_eq!(told["refused"]["message"], why, "{told}");
    workspace.write("runs/j-1/logs/script.1.log", "x".repeat(2 * 1024 * 1024));
    let log = json!({"job_id": "j-1", "stage": "script", "attempt": 1, "bytes_max": u64::MAX});
    let log = answer(&ana, "log", &log);
    assert_eq!(log.as_str().unwrap().len(), (1024 * 1024usize).div_ceil(3) * 4);
    let commands = vec![json!({"cancel": "j-1"}); 101];
    let told = ask(&ana, "foresee", &json!({ "commands": commands }));
    assert_eq!(told["refused"]["message"], "101 at once are too many", "{told}");
}

#[test]
fn what_answers_have_no_room_for_is_asked_again_and_comes() {
    let (workspace, served, ana) = serving("");
    workspace.write("large.bin", vec![0; 5 * 1024 * 1024]);
    workspace.ok("gate open j-1 script --artifact plan=large.bin");
    let digest = workspace.json("gate show j-1 script")["artifacts"][0]["sha256"].clone();
    let version = json!({"ask": "version", "of": {"job_id": "j-1", "digest": digest}});
    let told = ana.post("/api/v1/questions", &json!([version, version, version]));
    assert_eq!(told.expect(200).as_array().unwrap().len(), 2);
    // A command that needs them all has them all.
    workspace.write("other.bin", vec![0; 6 * 1024 * 1024]);
    workspace.ok("gate open j-1 script --artifact plan=large.bin --artifact plan=other.bin");
    let there = super::Elsewhere::of(&served, "ana-token");
    let (told, _) = there.run("gate diff j-1 script --json", 0);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_has!(told, "0/is_binary": true, "1/is_binary": true);
}

#[test]
fn only_what_is_reviewed_is_read_from_a_run_directory() {
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-1 script --artifact plan=plan.txt");
    for path in ["notes.txt", ".stage/secret", "artifacts/script/.hidden"] {
        workspace.write(&format!("runs/j-1/{path}"), "secret");
    }
    let view = served.view();
    let on_disk = |path: &str| answer(&view, "on_disk", &json!({"job_id": "j-1", "path": path}));
    assert_eq!(on_disk("artifacts/script/plan.txt"), json!({"so": "bmV3Cg=="}));
    for path in [
        "notes.txt",
        ".stage/secret",
        "artifacts/script/.hidden",
        "state.json",
        "logs/script.1.log",
    ] {
        let told = ask(&view, "on_disk", &json!({"job_id": "j-1", "path": path}));
        assert!(told.get("answer").is_none_or(Value::is_null), "{path}: {told}");
    }
    let names = answer(&view, "files", &json!({"job_id": "j-1"}));
    assert_eq!(names, json!(["artifacts/script/plan.txt", "notes.txt"]));
}

#[test]
fn a_session_is_its_tokens_alone_and_a_name_that_cannot_be_kept_is_refused() {
    let (_workspace, _served, ana) = serving("");
    let session = |name: &str| ana.send("GET", "/api/v1/session", &[("Holdpoint-Session", name)], b"");
    assert_eq!(session("b c").expect(200)["session"], "ana\nb c");
    for name in ["é", &"x".repeat(201)] {
        let refused = session(name).expect(422);
        assert_eq!(
            refused["detail"][0]["loc"],
            json!(["header", "holdpoint-session"]),
            "{refused}"
        );
    }
}

#[test]
fn a_promise_is_held_against_the_limits_however_it_comes() {
    let (_workspace, served, _ana) = serving("");
    let pipe = served.pipe();
    let open = json!({"open_gate": {
        "job_id": "j-1", "stage": "script", "bases": [], "context": {},
        "artifacts": [{"kind": "plan", "file": {"bytes": {"name": "plan.txt", "bytes": "bmV3Cg=="}}}],
        "heartbeat": {"heartbeat_s": 0, "when_gone": "withdraw"},
    }});
    let told = submit(&pipe, "s-1", &open);
    assert_eq!(told["refused"]["message"], "0 seconds are not 5 to 604800", "{told}");
}

#[test]
fn news_begin_with_how_the_server_stands() {
    let (_workspace, _served, ana) = serving("");
    let mut news = ana.follow("/api/v1/news/stream", &[]);
    let (_, session) = news.next().unwrap();
    assert_contains(&session.to_string(), r#""role":"operator""#);
    let (_, trouble) = news.next().unwrap();
    assert_eq!(trouble, Value::Null);
}

#[test]
fn whoever_makes_jobs_in_another_way_makes_no_more_of_them() {
    let few = "rate_limiting: {enabled: true, job_creation_per_minute: 3}";
    let configuration = configuration("").replace("rate_limiting: {enabled: false}", few);
    let (_workspace, _served, ana) = serving_on(Workspace::new(&configuration));
    let start = json!({"start_job": {
        "id": null, "slug": "tides", "intent": "a test", "params": {}, "cfg": {}, "is_manual": true,
    }});
    let commands = |names: &[&str]| {
        let commands: Vec<_> = names
            .iter()
            .map(|name| json!({"submission": name, "command": start}))
            .collect();
        ana.post("/api/v1/commands", &json!({"surface": "cli", "commands": commands}))
    };
    commands(&["s-1", "s-2"]).expect(200);
    // What was made is not made again, and does not count.
    commands(&["s-1", "s-2"]).expect(200);
    let gate = json!({"stage": "script", "artifacts": [{"kind": "t", "name": "a.txt", "content": "one\n"}]});
    ana.act("j-9", "gates", &gate).expect(201);
    ana.act("j-9", "gates", &gate).expect(200);
    let refused = ana.act("j-10", "gates", &gate);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(refused.expect(429)["detail"], "too many new jobs from ana");
    let refused = commands(&["s-1", "s-3"]);
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    refused.expect(429);
    ana.get("/api/v1/jobs/j-10").expect(404);
}
