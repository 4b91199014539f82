//! Old records over HTTP: read by every GET of a job, refused by everything else.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::{Served, configuration};
use crate::support::old::{self, DECIDED, ORPHAN, UNDECIDED};
use crate::support::run::Workspace;
use crate::support::said::assert_has;

#[test]
fn history_is_read_and_never_acted_on() {
    let workspace = Workspace::new(&configuration(""));
    old::database(&workspace.root().join("jobs.db"));
    old::orphan(&workspace);
    let served = Served::start(&workspace);
    let ana = served.ana();
    let shapes = Shapes::of(&ana);
    let checked = |route: &str, path: &str| {
        let answer = ana.get(path);
        shapes.check("GET", route, &answer);
        answer.expect(200)
    };
    ana.post("/api/v1/jobs", &json!({"slug": "tides", "intent": ""}))
        .expect(201);
    let jobs = checked("/api/v1/jobs", "/api/v1/jobs");
    let listed: Vec<_> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| (&job["id"], job["old_record"].as_bool()))
        .collect();
    assert_eq!(
        listed[1..],
        [
            (&json!(UNDECIDED), Some(true)),
            (&json!(ORPHAN), Some(true)),
            (&json!(DECIDED), Some(true))
        ]
    );
    assert_eq!(listed[0].1, None);
    let before = checked("/api/v1/jobs", "/api/v1/jobs?before=2025-08-15T12:00:00Z&limit=1");
    assert_eq!(before[0]["id"], ORPHAN);
    assert_eq!(before.as_array().unwrap().len(), 1);
    assert_eq!(checked("/api/v1/jobs", "/api/v1/jobs?status=paused")[0]["id"], DECIDED);

    let at = |rest: &str| format!("/api/v1/jobs/{DECIDED}{rest}");
    assert_eq!(checked("/api/v1/jobs/{id}", &at(""))["slug"], "tides");
    let status = checked("/api/v1/jobs/{id}/gates/status", &at("/gates/status"));
    let counts = ["total_gates", "approved_gates", "rejected_gates", "pending_gates"].map(|key| status[key].as_u64());
    assert_eq!(counts, [Some(2), Some(1), Some(1), Some(0)]);
    let decisions = checked("/api/v1/jobs/{id}/gates/decisions", &at("/gates/decisions"));
    assert_has!(decisions, "total_decisions": 2, "decisions/script/by": "admin");
    let left = format!("/api/v1/jobs/{UNDECIDED}/gates/status");
    let left = checked("/api/v1/jobs/{id}/gates/status", &left);
    assert_has!(left, "gates/0/state": "open", "gates/0/approved": null, "job_status": "needs_approval");
    let one = "/api/v1/jobs/{id}/gates/{stage}/decision";
    assert_eq!(checked(one, &at("/gates/script/decision"))["notes"], "again – shorter");
    assert_eq!(checked(one, &at("/gates/script/decision?wait=600"))["approved"], false);
    ana.get(&at("/gates/audio/decision")).expect(404);
    let second = ana.get(&at("/gates/script/decision?attempt=2")).expect(404);
    assert_eq!(second["hint"], "its attempts are 1");
    assert_eq!(
        checked("/api/v1/jobs/{id}/artifacts", &at("/artifacts"))[0]["path"],
        "scripts/tides.txt"
    );
    let events = checked("/api/v1/jobs/{id}/events", &at("/events?limit=1"));
    assert_has!(events, "total": 2, "has_more": true, "events/0/seq": 1);
    let events = checked("/api/v1/jobs/{id}/events", &at("/events?since=2025-08-15T00:00:00Z"));
    assert_has!(events, "total": 1, "events/0/type": "gate_decision");
    assert_eq!(
        checked("/api/v1/decisions", "/api/v1/decisions")
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let of_job = format!("/api/v1/decisions?job_id={DECIDED}&stage=script");
    assert_eq!(checked("/api/v1/decisions", &of_job).as_array().unwrap().len(), 1);
    assert!(
        checked("/api/v1/gates", "/api/v1/gates?state=all")
            .as_array()
            .unwrap()
            .iter()
            .all(|gate| gate["slug"] == "tides")
    );

    let refused = |answer: crate::support::client::Reply| {
        let detail = answer.expect(409);
        assert!(
            detail["detail"]
                .as_str()
                .unwrap()
                .contains("is an old record: it is read and never written"),
            "{detail}"
        );
    };
    for rest in ["/approve", "/reject"] {
        refused(ana.post(&at(rest), &json!({"stage": "script"})));
    }
    for rest in ["/resume", "/cancel", "/gates/script/hold", "/gates/script/release"] {
        refused(ana.post(&at(rest), &json!({})));
    }
    refused(ana.post(&at("/gates/script/extend"), &json!({"seconds": 60})));
    refused(ana.post(
        &at("/patches/script/apply"),
        &json!({"type": "text_replace", "replacements": [{"old": "a", "new": "b"}]}),
    ));
    refused(ana.get(&at("/gates/script/diff")));
    refused(ana.get(&at("/events/stream")));
    refused(ana.get(&at("/artifacts/scripts/tides.txt")));
    assert!(!workspace.run_directory(DECIDED).exists());
}

#[test]
fn a_decision_that_has_a_file_is_its_file() {
    let workspace = Workspace::new(&configuration(""));
    old::database(&workspace.root().join("jobs.db"));
    workspace.write(
        &format!("runs/{DECIDED}/gates/script.json"),
        r#"{"stage": "script", "approved": true, "by": "bea", "at": "2025-08-15T04:00:00+00:00", "notes": "as filed", "patch": null, "auto_approved": false}"#,
    );
    let served = Served::start(&workspace);
    let ana = served.ana();
    let at = |rest: &str| ana.get(&format!("/api/v1/jobs/{DECIDED}{rest}")).expect(200);
    let decision = at("/gates/script/decision");
    assert_has!(decision, "approved": true, "by": "bea", "notes": "as filed", "patch": null);
    assert_eq!(at("/gates/decisions")["decisions"]["script"], decision);
    let told = &at("/gates/status")["gates"][1];
    assert_has!(told, "state": "approved", "by": "bea");
    // The row still speaks where no file does.
    assert_eq!(at("/gates/outline/decision")["by"], "timer");
}
