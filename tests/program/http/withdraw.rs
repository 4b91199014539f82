//! Gates that a pipeline opened and takes back, and stages that the configuration does not know.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::{Served, configuration, serving};
use crate::support::run::Workspace;
use crate::support::said::{assert_ends, assert_has};

#[test]
fn a_token_takes_back_what_it_opened_and_nothing_else() {
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start_with(&workspace, &[("ADMIN_TOKEN", "admin-token")]);
    let (ana, pipe) = (served.ana(), served.pipe());
    let shapes = Shapes::of(&ana);
    let gates = "/api/v1/jobs/deploy-42/gates";
    let open = |text: &str| {
        let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": text})];
        pipe.post(gates, &json!({"stage": "outline", "artifacts": artifacts}))
    };
    assert_eq!(open("one\n").expect(201).get("warnings"), None);
    let withdraw = format!("{gates}/outline/withdraw");
    let refused = ana.post(&withdraw, &json!({})).expect(403);
    assert_has!(refused, "detail": "pipe opened deploy-42 / outline #1, not ana", "code": "not_allowed");
    let withdrawn = pipe.post(&withdraw, &json!({"attempt": 1, "reason": "wrong tag"}));
    shapes.check("POST", "/api/v1/jobs/{id}/gates/{stage}/withdraw", &withdrawn);
    let withdrawn = withdrawn.expect(200);
    assert_has!(withdrawn, "state": "canceled", "canceled/by": "pipe", "job_status": "running");
    // Sent again after the next attempt opened, it still means the first.
    open("two\n").expect(201);
    let again = pipe.post(&withdraw, &json!({"attempt": 1})).expect(200);
    assert_has!(again, "attempt": 1, "canceled": withdrawn["canceled"]);
    let admin = served
        .as_("admin-token")
        .post(&withdraw, &json!({"attempt": 2}))
        .expect(200);
    assert_eq!(admin["canceled"]["by"], "admin");
    assert_eq!(workspace.count_events("deploy-42", "gate_canceled"), 2);
    open("three\n").expect(201);
    ana.act("deploy-42", "approve", &json!({"stage": "outline"}))
        .expect(200);
    pipe.post(&withdraw, &json!({"attempt": 3})).expect(409);
    pipe.post(&withdraw, &json!({"attempt": 9})).expect(404);
}

#[test]
fn a_stage_that_the_configuration_does_not_know_is_told() {
    let (_workspace, served, ana) = serving("");
    let pipe = served.pipe();
    let shapes = Shapes::of(&ana);
    let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": "x"})];
    let opened = pipe.post(
        "/api/v1/jobs/deploy-42/gates",
        &json!({"stage": "outlin", "artifacts": artifacts}),
    );
    shapes.check("POST", "/api/v1/jobs/{id}/gates", &opened);
    let opened = opened.expect(201);
    let warning = opened["warnings"][0].as_str().unwrap();
    assert_ends(warning, "hint: did you mean outline?");
}
