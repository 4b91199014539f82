//! What is refused, in which words and with which status.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::{Served, configuration};
use crate::support::run::Workspace;

#[test]
fn what_is_not_there_or_not_that_way() {
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start(&workspace);
    let ana = served.ana();
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    for path in ["/", "/api/v1/nothing", "/api/v2/jobs", "/api/v1/jobs/"] {
        assert!(ana.get(path).expect(404)["detail"].is_string(), "{path}");
    }
    for (path, template) in [
        ("/api/v1/jobs/none", "/api/v1/jobs/{id}"),
        ("/api/v1/jobs/..%2fx", "/api/v1/jobs/{id}"),
        ("/api/v1/jobs/none/gates/status", "/api/v1/jobs/{id}/gates/status"),
        ("/api/v1/jobs/none/events", "/api/v1/jobs/{id}/events"),
        ("/api/v1/jobs/none/events/stream", "/api/v1/jobs/{id}/events/stream"),
        (
            "/api/v1/jobs/none/gates/outline/decision",
            "/api/v1/jobs/{id}/gates/{stage}/decision",
        ),
    ] {
        let reply = ana.get(path);
        shapes.check("GET", template, &reply);
        assert!(reply.expect(404)["detail"].is_string(), "{path}");
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
    ana.post("/api/v1/jobs/none/approve", &json!({"stage": "script"}))
        .expect(404);
    ana.post(&format!("/api/v1/jobs/{id}/resume"), &json!({})).expect(409);
    ana.post(&approve, &json!({"stage": "outline"})).expect(200);
    let late = ana.post(&format!("/api/v1/jobs/{id}/reject"), &json!({"stage": "outline"}));
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
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start(&workspace);
    let ana = served.ana();
    let shapes = Shapes::of(&ana);
    let locs = |reply: &Value| -> Vec<Value> {
        let faults = reply["detail"].as_array().unwrap();
        for fault in faults {
            assert!(
                fault["msg"].is_string() && fault["type"].is_string() && fault.get("input").is_some(),
                "{fault}"
            );
        }
        faults.iter().map(|fault| fault["loc"].clone()).collect()
    };
    let reply = ana.post("/api/v1/jobs", &json!({"intent": 3, "params": [], "manual": "yes"}));
    shapes.check("POST", "/api/v1/jobs", &reply);
    assert_eq!(
        locs(&reply.expect(422)),
        [
            json!(["body", "slug"]),
            json!(["body", "intent"]),
            json!(["body", "params"]),
            json!(["body", "manual"])
        ]
    );
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"slug\": \"a\", \"intent\": \"b\"",
        &"[".repeat(100_000),
    ] {
        let reply = ana.send("POST", "/api/v1/jobs", &[], body.as_bytes());
        assert_eq!(locs(&reply.expect(422))[0][0], "body", "{body}");
    }
    for (query, key) in [
        ("status=odd", "status"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("before=noon", "before"),
    ] {
        let reply = ana.get(&format!("/api/v1/jobs?{query}"));
        assert_eq!(locs(&reply.expect(422)), [json!(["query", key])]);
    }
    ana.post("/api/v1/jobs", &json!({"slug": " ", "intent": ""}))
        .expect(422);
    let id = ana.start_job("tides");
    let approve = format!("/api/v1/jobs/{id}/approve");
    let contradiction = ana.post(&approve, &json!({"stage": "outline", "decision": "reject"}));
    assert_eq!(locs(&contradiction.expect(422)), [json!(["body", "decision"])]);
    let reply = ana.post(
        &approve,
        &json!({"stage": "A", "notes": 1, "patch": "x", "digest": "00"}),
    );
    assert_eq!(
        locs(&reply.expect(422)),
        [
            json!(["body", "stage"]),
            json!(["body", "notes"]),
            json!(["body", "digest"]),
            json!(["body", "patch"])
        ]
    );
    let unfit = ana.post(&approve, &json!({"stage": "outline", "patch": {"type": "text_replac"}}));
    assert_eq!(locs(&unfit.expect(422))[0][1], "patch");
    let notes = "x".repeat(64 * 1024 + 1);
    assert_eq!(
        locs(&ana.post(&approve, &json!({"notes": notes})).expect(422)),
        [json!(["body", "notes"])]
    );
    assert_eq!(
        ana.get(&format!("/api/v1/jobs/{id}")).expect(200)["gates"][0]["state"],
        "open",
        "nothing was decided"
    );
    let edge = "x".repeat(64 * 1024);
    ana.post(&approve, &json!({"notes": edge})).expect(200);
}

#[test]
fn bodies_and_heads_have_limits() {
    const BODY: usize = 2 * 1024 * 1024;
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start(&workspace);
    let ana = served.ana();
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
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start(&workspace);
    let ana = served.ana();
    let id = ana.start_job("tides");
    let before: Vec<_> = std::fs::read_dir(workspace.runs())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    let long = "a".repeat(256);
    let encoded = [
        "%2e%2e",
        "%2fetc",
        "a%2fb",
        "a%00b",
        "a%0ab",
        "%e2%80%aecod",
        "%ff%fe",
        "a%20b",
        "a.b",
        long.as_str(),
    ];
    for name in encoded {
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
        assert_eq!(
            ana.post(&format!("/api/v1/jobs/{id}/approve"), &json!({"stage": name}))
                .status,
            422,
            "{name:?}"
        );
    }
    let after: Vec<_> = std::fs::read_dir(workspace.runs())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(after, before);
}
