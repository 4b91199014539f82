//! A job that failed, noted over HTTP.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::{assert_has, assert_starts};

const FAILS: &str = "pipeline: {stages: [{name: script, command: [/bin/sh, -c, exit 3]}]}\n";

#[test]
fn a_failed_job_is_noted_once_by_whoever_may_decide() {
    let (workspace, served, ana) = serving(FAILS);
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let at = |rest: &str| format!("/api/v1/jobs/{id}{rest}");
    // From its first event on.
    let mut news = ana.follow(&at("/events/stream"), &[("Last-Event-ID", "0")]);
    news.until("job_failed");
    assert_eq!(ana.get(&at("")).expect(200).get("acknowledged_at"), None);

    let refused = served.pipe().post(&at("/acknowledge"), &json!({})).expect(403);
    assert_eq!(refused["code"], "forbidden", "{refused}");
    let noted = shapes.post(&at("/acknowledge"), &json!({}), 200);
    assert_has!(noted, "message": format!("Job {id} acknowledged"), "job_status": "failed", "published": true);
    let (_, event) = news.until("job_acknowledged");
    assert_eq!(event["payload"]["by"], "ana", "{event}");
    let job = shapes.get(&at(""), 200);
    let since = job["acknowledged_at"].clone();
    assert!(since.is_string(), "{since}");
    // The same request once more: who noted it, and when, stays.
    ana.post(&at("/acknowledge"), &json!({})).expect(200);
    assert_eq!(ana.get(&at("")).expect(200)["acknowledged_at"], since);
    assert_eq!(workspace.count_events(&id, "job_acknowledged"), 1);
}

#[test]
fn what_has_not_failed_is_refused_with_what_to_do() {
    let (_workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    let refused = ana.act(&id, "acknowledge", &json!({})).expect(409);
    assert_eq!(refused["code"], "wrong_state", "{refused}");
    let detail = refused["detail"].as_str().unwrap();
    assert_starts(detail, &format!("job {id} has not failed: it is "));
    assert!(refused["hint"].is_string(), "{refused}");
    let missing: Value = ana.act("none", "acknowledge", &json!({})).expect(404);
    assert_eq!(missing["code"], "not_found", "{missing}");
}
