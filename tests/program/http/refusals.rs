//! What is refused, in which words and with which status.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::assert_starts;

#[test]
fn what_is_not_there_or_not_that_way() {
    let (_workspace, _served, ana) = serving("");
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    for path in ["/", "/api/v1/nothing", "/api/v2/jobs", "/api/v1/jobs/"] {
        assert!(ana.get(path).expect(404)["detail"].is_string(), "{path}");
    }
    for rest in [
        "none",
        "..%2fx",
        "none/gates/status",
        "none/events",
        "none/events/stream",
        "none/gates/outline/decision",
    ] {
        let refused = shapes.get(&format!("/api/v1/jobs/{rest}"), 404);
        assert!(refused["detail"].is_string(), "{rest}");
    }
    for stage in ["outline", "script", "nope", "No.Stage"] {
        let reply = ana.get(&format!("/api/v1/jobs/{id}/gates/{stage}/decision"));
        assert!(reply.expect(404)["detail"].is_string(), "{stage}");
    }
    // What breaks the rule of names is told by the rule.
    for (path, what) in [
        (
            "/api/v1/jobs/v1.2.3".to_owned(),
            "\"v1.2.3\" is no job id: a job id is 1 to 100 letters, digits, _ and -,",
        ),
        (
            format!("/api/v1/jobs/{id}/gates/No.Stage/decision"),
            "\"No.Stage\" is no stage: a stage is 1 to 50 lower-case letters, digits, _ and -,",
        ),
    ] {
        let detail = ana.get(&path).expect(404)["detail"].clone();
        assert!(detail.as_str().unwrap().starts_with(what), "{detail}");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/jobs", "GET,HEAD,POST"),
        ("POST", "/healthz", "GET,HEAD"),
    ] {
        let reply = ana.send(method, path, &[], b"");
        assert_eq!(reply.expect(405)["detail"], "Method Not Allowed");
        let mut methods: Vec<_> = reply.header("allow").unwrap().split(',').collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed);
    }
    let approve = format!("/api/v1/jobs/{id}/approve");
    ana.post(&approve, &json!({"stage": "script"})).expect(404);
    ana.act("none", "approve", &json!({"stage": "script"})).expect(404);
    ana.act(&id, "resume", &json!({})).expect(409);
    ana.post(&approve, &json!({"stage": "outline"})).expect(200);
    let late = ana.act(&id, "reject", &json!({"stage": "outline"}));
    shapes.check("POST", "/api/v1/jobs/{id}/reject", &late);
    let late = late.expect(409);
    let said = late["detail"].as_str().unwrap();
    assert!(
        said.starts_with(&format!("ana approved {id} / outline #1 at 20")),
        "who and when: {said}"
    );
    assert_eq!(late["code"], "already_decided");
}

#[test]
fn every_fault_of_a_body_is_named_with_its_place() {
    let (_workspace, _served, ana) = serving("");
    let shapes = Shapes::of(&ana);
    let faults = |reply: &Value| {
        let faults = reply["detail"].as_array().unwrap().iter().map(|fault| {
            assert!(
                fault["msg"].is_string() && fault["type"].is_string() && fault.get("input").is_some(),
                "{fault}"
            );
            let loc = fault["loc"].as_array().unwrap().iter();
            loc.map(|step| step.to_string().replace('"', ""))
                .collect::<Vec<_>>()
                .join(".")
        });
        faults.collect::<Vec<_>>().join(" ")
    };
    let reply = shapes.post(
        "/api/v1/jobs",
        &json!({"intent": 3, "params": [], "manual": "yes"}),
        422,
    );
    assert_eq!(faults(&reply), "body.slug body.intent body.params body.manual");
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"slug\": \"a\", \"intent\": \"b\"",
        &deep,
    ] {
        let reply = ana.send("POST", "/api/v1/jobs", &[], body.as_bytes()).expect(422);
        assert_starts(&faults(&reply), "body");
    }
    for query in ["status=odd", "limit=0", "limit=1001", "before=noon"] {
        let reply = ana.get(&format!("/api/v1/jobs?{query}")).expect(422);
        assert_eq!(faults(&reply), format!("query.{}", query.split('=').next().unwrap()));
    }
    ana.post("/api/v1/jobs", &json!({"slug": " ", "intent": ""}))
        .expect(422);
    let id = ana.start_job("tides");
    let long = "x".repeat(64 * 1024 + 1);
    for (body, places) in [
        (json!({"stage": "outline", "decision": "reject"}), "body.decision"),
        (
            json!({"stage": "A", "notes": 1, "patch": "x", "digest": "00"}),
            "body.stage body.notes body.digest body.patch",
        ),
        (json!({"notes": long}), "body.notes"),
    ] {
        assert_eq!(faults(&ana.act(&id, "approve", &body).expect(422)), places);
    }
    let unfit = json!({"stage": "outline", "patch": {"type": "text_replac"}});
    let unfit = ana.act(&id, "approve", &unfit).expect(422);
    assert_eq!(unfit["detail"][0]["loc"][1], "patch");
    assert_eq!(ana.job(&id, "")["gates"][0]["state"], "open", "nothing was decided");
    let edge = "x".repeat(64 * 1024);
    ana.act(&id, "approve", &json!({"notes": edge})).expect(200);
}

#[test]
fn bodies_and_heads_have_limits() {
    const BODY: usize = 2 * 1024 * 1024;
    let (_workspace, _served, ana) = serving("");
    let frame = r#"{"free_text_brief": ""}"#.len();
    let body = |bytes: usize| json!({"free_text_brief": "x".repeat(bytes - frame + 1)}).to_string();
    assert!(body(BODY).len() <= BODY && body(BODY + 2).len() > BODY);
    // Read whole, and refused for its text; one past the limit is not read.
    ana.send("POST", "/api/v1/compile-brief", &[], body(BODY).as_bytes())
        .expect(422);
    ana.send("POST", "/api/v1/compile-brief", &[], body(BODY + 2).as_bytes())
        .expect(413);
    let chunked = b"5\r\n{\"a\":\r\n1\r\n1\r\n1\r\n}\r\n0\r\n\r\n";
    let reply = ana.send(
        "POST",
        "/api/v1/compile-brief",
        &[("Transfer-Encoding", "chunked")],
        chunked,
    );
    assert!(
        [400, 422].contains(&reply.status),
        "two lengths at once, or a body of an odd shape: {reply:?}"
    );
    let long = "x".repeat(30 * 1024);
    ana.send("GET", "/healthz", &[("X-Long", &long)], b"").expect(200);
    let long = "x".repeat(200 * 1024);
    match ana.try_send("GET", "/healthz", &[("X-Long", &long)], b"") {
        Ok(reply) => assert_eq!(reply.status, 431),
        // Closed before all of it was read: the answer may be lost on the way.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    let many: Vec<_> = (0..120).map(|number| format!("X-{number}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "x")).collect();
    assert_eq!(ana.send("GET", "/healthz", &many, b"").status, 431);
    ana.get("/healthz").expect(200);
}

#[test]
fn names_that_are_none_lead_nowhere() {
    let (workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    let names = || {
        std::fs::read_dir(workspace.runs())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
    };
    let before: Vec<_> = names().collect();
    let long = "a".repeat(256);
    let encoded = "%2e%2e %2fetc a%2fb a%00b a%0ab %e2%80%aecod %ff%fe a%20b a.b";
    for name in encoded.split(' ').chain([long.as_str()]) {
        for path in [
            format!("/api/v1/jobs/{name}"),
            format!("/api/v1/jobs/{name}/events"),
            format!("/api/v1/jobs/{id}/gates/{name}/decision"),
            format!("/api/v1/jobs/{id}/artifacts/{name}"),
        ] {
            assert_eq!(ana.get(&path).status, 404, "{path}");
        }
        let path = format!("/api/v1/jobs/{name}/approve");
        assert_eq!(ana.post(&path, &json!({})).status, 404, "{path}");
    }
    let plain = ["..", "/etc", "a/b", "a\u{0}b", "a\nb", "\u{202e}cod", "", long.as_str()];
    for name in plain {
        let open = |stage: &str, file: &str| {
            let body = json!({"stage": stage, "artifacts": [{"kind": "plan", "name": file, "content": "plan"}]});
            ana.post(&format!("/api/v1/jobs/{id}/gates"), &body).status
        };
        assert_eq!(open(name, "plan.txt"), 422, "the stage {name:?}");
        // A file may be called so; every screen shows it with a mark (see the hostile texts of the
        // command line).
        if name != "\u{202e}cod" {
            assert_eq!(open("outline", name), 422, "the file {name:?}");
        }
        assert_eq!(ana.act(&id, "approve", &json!({"stage": name})).status, 422, "{name:?}");
    }
    assert_eq!(names().collect::<Vec<_>>(), before);
}
