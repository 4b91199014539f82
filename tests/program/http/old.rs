//! Old records over HTTP: read by every GET of a job, refused by everything else.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::{Reply, configuration, serving_on};
use crate::support::old::{self, DECIDED, ORPHAN, UNDECIDED};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

#[test]
fn history_is_read_and_never_acted_on() {
    let workspace = Workspace::new(&configuration(""));
    old::database(&workspace.root().join("jobs.db"));
    old::orphan(&workspace);
    let (workspace, _served, ana) = serving_on(workspace);
    let shapes = Shapes::of(&ana);
    let checked = |path: &str| shapes.get(path, 200);
    ana.post("/api/v1/jobs", &json!({"slug": "tides", "intent": ""}))
        .expect(201);
    let jobs = checked("/api/v1/jobs");
    assert_has!(jobs, "1/id": UNDECIDED, "2/id": ORPHAN, "3/id": DECIDED, "4": null, "0/old_record": null);
    assert_has!(jobs, "1/old_record": true, "2/old_record": true, "3/old_record": true);
    let before = checked("/api/v1/jobs?before=2025-08-15T12:00:00Z&limit=1");
    assert_eq!(before[0]["id"], ORPHAN);
    assert_eq!(before.as_array().unwrap().len(), 1);
    assert_eq!(checked("/api/v1/jobs?status=paused")[0]["id"], DECIDED);

    let at = |rest: &str| format!("/api/v1/jobs/{DECIDED}{rest}");
    assert_eq!(checked(&at(""))["slug"], "tides");
    let status = checked(&at("/gates/status"));
    assert_has!(status, "total_gates": 2, "approved_gates": 1, "rejected_gates": 1, "pending_gates": 0);
    let decisions = checked(&at("/gates/decisions"));
    assert_has!(decisions, "total_decisions": 2, "decisions/script/by": "admin");
    let left = format!("/api/v1/jobs/{UNDECIDED}/gates/status");
    let left = checked(&left);
    assert_has!(left, "gates/0/state": "open", "gates/0/approved": null, "job_status": "needs_approval");
    assert_eq!(checked(&at("/gates/script/decision"))["notes"], "again – shorter");
    assert_eq!(checked(&at("/gates/script/decision?wait=600"))["approved"], false);
    ana.get(&at("/gates/audio/decision")).expect(404);
    let second = ana.get(&at("/gates/script/decision?attempt=2")).expect(404);
    assert_eq!(second["hint"], "its attempts are 1");
    assert_eq!(checked(&at("/artifacts"))[0]["path"], "scripts/tides.txt");
    let events = checked(&at("/events?limit=1"));
    assert_has!(events, "total": 2, "has_more": true, "events/0/seq": 1);
    let events = checked(&at("/events?since=2025-08-15T00:00:00Z"));
    assert_has!(events, "total": 1, "events/0/type": "gate_decision");
    assert_eq!(checked("/api/v1/decisions").as_array().unwrap().len(), 3);
    let of_job = format!("/api/v1/decisions?job_id={DECIDED}&stage=script");
    assert_eq!(checked(&of_job).as_array().unwrap().len(), 1);
    assert!(
        checked("/api/v1/gates?state=all")
            .as_array()
            .unwrap()
            .iter()
            .all(|gate| gate["slug"] == "tides")
    );

    let refused = |answer: Reply| {
        let refusal = answer.expect(409);
        assert_contains(&refusal.to_string(), "is an old record: it is read and never written");
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
    let (_workspace, _served, ana) = serving_on(workspace);
    let at = |rest: &str| ana.get(&format!("/api/v1/jobs/{DECIDED}{rest}")).expect(200);
    let decision = at("/gates/script/decision");
    assert_has!(decision, "approved": true, "by": "bea", "notes": "as filed", "patch": null);
    assert_eq!(at("/gates/decisions")["decisions"]["script"], decision);
    let told = &at("/gates/status")["gates"][1];
    assert_has!(told, "state": "approved", "by": "bea");
    // The row still speaks where no file does.
    assert_eq!(at("/gates/outline/decision")["by"], "timer");
}
