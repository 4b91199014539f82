//! Why a gate is asked for, and signs of life, over HTTP.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::{assert_contains, assert_has};

fn body(context: &Value) -> Value {
    let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": "x"})];
    json!({"stage": "outline", "artifacts": artifacts, "context": context})
}

#[test]
fn what_is_said_is_answered_filtered_by_and_changed_without_another_attempt() {
    let (workspace, served, ana) = serving("");
    let (pipe, shapes) = (served.pipe(), Shapes::of(&ana));
    let gates = "/api/v1/jobs/deploy-42/gates";
    let context = json!({
        "title": "release 17", "why": "monday\nlegal", "labels": {"team": "media"}, "severity": "critical",
        "links": [{"name": "ticket", "url": "https://t.example/17"}], "requester": "nightly", "instructions": "read",
    });
    let opened = pipe.post(gates, &body(&context));
    shapes.check("POST", "/api/v1/jobs/{id}/gates", &opened);
    assert_eq!(opened.expect(201)["context"], context);
    let found = |query: &str| {
        ana.get(&format!("/api/v1/gates?{query}"))
            .expect(200)
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(found("label=team%3Dmedia&label=team&severity=high"), 1);
    assert_eq!(found("label=team%3Dvideo"), 0);
    assert_eq!(found("severity=%3Chigh"), 0);
    ana.get("/api/v1/gates?severity=urgent").expect(422);
    assert_eq!(found("filter=unseen+severity%3Ehigh+17"), 1);
    assert_eq!(found("filter=!label:team&severity=high"), 0);
    assert_eq!(found("filter=mine"), 0);
    let refused = ana.get("/api/v1/gates?filter=left%3Cabc").expect(422);
    assert_contains(&refused.to_string(), "is no length of time; write left<10m");
    // Asked for again with another reason it is the same gate.
    let changed = pipe.post(gates, &body(&json!({"why": "tuesday"}))).expect(200);
    assert_has!(changed, "attempt": 1, "context/why": "tuesday", "context/title": "release 17");
    assert_eq!(workspace.count_events("deploy-42", "gate_context_changed"), 1);
    assert_ne!(changed["context_digest"], opened.expect(201)["context_digest"]);
    let on = |gate: &Value| json!({"stage": "outline", "context_digest": gate["context_digest"]});
    let refused = ana.act("deploy-42", "approve", &on(&opened.expect(201))).expect(409);
    assert_contains(&refused.to_string(), "its requester changed why since it was read");
    ana.act("deploy-42", "approve", &on(&changed)).expect(200);
    let decision = ana.get("/api/v1/jobs/deploy-42/gates/outline/decision");
    shapes.check("GET", "/api/v1/jobs/{id}/gates/{stage}/decision", &decision);
    assert_eq!(decision.expect(200)["context"]["why"], "tuesday");
}

#[test]
fn what_breaks_a_limit_is_told_by_its_place() {
    let (_workspace, served, _ana) = serving("");
    let pipe = served.pipe();
    let refused = |context: Value| {
        let answer = pipe.post("/api/v1/jobs/deploy-42/gates", &body(&context)).expect(422);
        (
            answer["detail"][0]["loc"].clone(),
            answer["detail"][0]["msg"].as_str().unwrap().to_owned(),
        )
    };
    let (place, told) = refused(json!({"links": [{"name": "x", "url": "ftp://a"}]}));
    assert_eq!(place, json!(["body", "context", "links", 0, "url"]));
    assert_contains(&told, "begin it with https://");
    assert_eq!(refused(json!({"titel": "x"})).0, json!(["body", "context", "titel"]));
    assert_eq!(refused(json!("x")).0, json!(["body", "context"]));
    assert_eq!(
        refused(json!({"title": "a\u{7}"})).0,
        json!(["body", "context", "title"])
    );
}

#[test]
fn a_sign_of_life_is_answered_with_the_gate_that_waits_for_it() {
    let (_workspace, served, ana) = serving("");
    let (pipe, shapes) = (served.pipe(), Shapes::of(&ana));
    let gates = "/api/v1/jobs/deploy-42/gates";
    let mut asked = body(&json!({}));
    asked["heartbeat_s"] = json!(600);
    asked["when_gone"] = json!("keep");
    let opened = pipe.post(gates, &asked).expect(201);
    assert_has!(opened, "heartbeat/heartbeat_s": 600, "heartbeat/when_gone": "keep", "heartbeat/gone_since": null);
    let alive = format!("{gates}/outline/alive");
    let kept = pipe.post(&alive, &json!({"context": {"title": "later"}}));
    shapes.check("POST", "/api/v1/jobs/{id}/gates/{stage}/alive", &kept);
    let kept = kept.expect(200);
    assert_has!(kept, "state": "open", "context/title": "later");
    assert_ne!(kept["heartbeat"]["alive_at"], opened["heartbeat"]["alive_at"]);
    asked["heartbeat_s"] = json!(1);
    pipe.post("/api/v1/jobs/deploy-43/gates", &asked).expect(422);
    pipe.post("/api/v1/jobs/deploy-44/gates", &body(&json!({}))).expect(201);
    pipe.post("/api/v1/jobs/deploy-44/gates/outline/alive", &json!({}))
        .expect(409);
    ana.act("deploy-42", "approve", &json!({"stage": "outline"}))
        .expect(200);
    pipe.post(&alive, &json!({})).expect(409);
}
