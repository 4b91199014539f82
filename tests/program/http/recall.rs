//! A decision is taken back over HTTP, by whoever may decide.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::{configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

#[test]
fn a_decision_is_taken_back_and_the_gate_waits_for_a_person() {
    let recallable = configuration("").replace("outline: {}", "outline: {recall_s: 600}");
    let (workspace, served, ana) = serving_on(Workspace::new(&recallable));
    let (pipe, shapes) = (served.pipe(), Shapes::of(&ana));
    let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": "x"})];
    let body = json!({"stage": "outline", "artifacts": artifacts});
    pipe.post("/api/v1/jobs/deploy-42/gates", &body).expect(201);
    let approved = ana
        .act("deploy-42", "approve", &json!({"stage": "outline"}))
        .expect(200);
    assert!(approved["recall_until"].is_string(), "{approved}");
    let gate = "/api/v1/jobs/deploy-42/gates/outline";
    assert_has!(workspace.json("gate show deploy-42 outline"), "state": "approved", "attempt": 1);
    assert!(
        !workspace.exists("runs/deploy-42/gates/outline.json"),
        "nobody hears of it yet"
    );
    let path = format!("{gate}/recall");
    let refused = pipe.post(&path, &json!({}));
    assert_eq!(refused.status, 403, "a pipeline decides nothing");
    let again = ana.post(&path, &json!({"attempt": 1}));
    shapes.check("POST", "/api/v1/jobs/{id}/gates/{stage}/recall", &again);
    assert_has!(again.expect(200), "state": "open", "attempt": 2, "recalls/seq": 1, "deadline": null);
    let refused = ana.post(&path, &json!({})).expect(409);
    assert_contains(&refused.to_string(), "cannot be taken back: nobody has decided it yet");
    assert_eq!(workspace.count_events("deploy-42", "decision_recalled"), 1);
    workspace.ok("decisions verify");
}
