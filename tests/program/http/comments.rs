//! Comments on lines, over HTTP.

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::assert_has;

#[test]
fn comments_go_with_a_decision_and_come_back_with_job_and_decision() {
    let (_workspace, served, ana) = serving("");
    let (pipe, shapes) = (served.pipe(), Shapes::of(&ana));
    let plan = json!({ "kind": "plan", "name": "plan.txt", "content": "one\ntwo\n" });
    let body = json!({ "stage": "outline", "artifacts": [plan] });
    pipe.post("/api/v1/jobs/deploy-42/gates", &body).expect(201);
    let reject = |comments: Value| {
        let verdict = json!({ "stage": "outline", "comments": comments });
        ana.act("deploy-42", "reject", &verdict)
    };
    let place = |comments: Value| reject(comments).expect(422)["detail"][0]["loc"].clone();
    assert_eq!(place(json!("two")), json!(["body", "comments"]));
    assert_eq!(
        place(json!([{ "artifact": "plan.txt", "line": "2", "text": "x", "side": "left" }])),
        json!(["body", "comments", 0, "line"])
    );
    assert_eq!(
        place(json!([{ "artifact": "plan.txt", "line": 2 }])),
        json!(["body", "comments", 0, "text"])
    );
    let refused = reject(json!([{ "artifact": "plan.txt", "line": 3, "text": "x" }])).expect(422);
    assert_has!(
        refused, "detail/0/loc": ["body", "comments"],
        "detail/0/msg": "a comment on plan.txt:3: plan.txt has 2 lines   hint: name a line from 1 to 2"
    );

    let path = "artifacts/outline/plan.txt";
    let said = json!([{ "artifact": path, "line": 2, "text": "wrong unit" }]);
    let decided = reject(json!([{ "artifact": "plan.txt", "line": 2, "side": "new", "text": "wrong unit" }]));
    shapes.check("POST", "/api/v1/jobs/{id}/reject", &decided);
    assert_eq!(decided.expect(200)["decision"]["comments"], said);
    let decision = ana.get("/api/v1/jobs/deploy-42/gates/outline/decision");
    shapes.check("GET", "/api/v1/jobs/{id}/gates/{stage}/decision", &decision);
    assert_eq!(decision.expect(200)["comments"], said);
    let job = ana.get("/api/v1/jobs/deploy-42");
    shapes.check("GET", "/api/v1/jobs/{id}", &job);
    let gates = job.expect(200)["gates"].clone();
    let left = ana.get("/api/v1/handover?by=ana");
    shapes.check("GET", "/api/v1/handover", &left);
    assert_eq!(left.expect(200), json!({ "by": "ana", "gates": [], "problems": [] }));
    assert!(gates.as_array().unwrap().iter().any(|gate| gate["comments"] == said));

    // The next attempt's diff has it beside the line as it is now.
    ana.post("/api/v1/jobs/deploy-42/resume", &json!({})).expect(200);
    let plan = json!({ "kind": "plan", "name": "plan.txt", "content": "zero\none\ntwo\n" });
    let body = json!({ "stage": "outline", "artifacts": [plan] });
    pipe.post("/api/v1/jobs/deploy-42/gates", &body).expect(201);
    let diff = ana.get("/api/v1/jobs/deploy-42/gates/outline/diff");
    shapes.check("GET", "/api/v1/jobs/{id}/gates/{stage}/diff", &diff);
    let moved = json!({ "attempt": 1, "by": "ana", "line": 2, "side": "new", "text": "wrong unit", "line_now": 3, "now": "same" });
    assert_eq!(diff.expect(200)[0]["comments"], json!([moved]));
}
