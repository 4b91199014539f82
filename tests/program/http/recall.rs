//! A decision is taken back over HTTP, by whoever may decide.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::shapes::Shapes;
use crate::support::beside::{Beside, Stream};
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
    assert_has!(workspace.json("gate show deploy-42 outline"), "state": "decided", "attempt": 1, "recall_s": 600, "nobody_reached": "approve");
    assert!(
        !workspace.exists("runs/deploy-42/gates/outline.json"),
        "nobody hears of it yet"
    );
    let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": "y"})];
    let body = json!({"stage": "outline", "artifacts": artifacts});
    let early = pipe.post("/api/v1/jobs/deploy-42/gates", &body);
    let wait_s: u64 = early.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&wait_s), "{wait_s}");
    shapes.check("POST", "/api/v1/jobs/{id}/gates", &early);
    assert_has!(early.expect(409), "code": "still_recallable", "recall_until": approved["recall_until"].clone());
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

/// The number of the decision that stands in this answer.
fn seq(answer: &Value) -> Option<u64> {
    answer["seq"].as_u64()
}

#[test]
fn nobody_goes_on_before_a_decision_can_no_longer_be_taken_back_and_then_the_one_that_counts() {
    let recallable = configuration("").replace("outline: {}", "outline: {recall_s: 600}");
    let (workspace, served, ana) = serving_on(Workspace::new(&recallable));
    let (pipe, view) = (served.pipe(), served.view());
    let open = |content: &str| {
        let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": content})];
        let body = json!({"stage": "outline", "artifacts": artifacts});
        pipe.post("/api/v1/jobs/deploy-42/gates", &body).expect(201);
    };
    let approve = || {
        let approved = ana.act("deploy-42", "approve", &json!({"stage": "outline"}));
        seq(&approved.expect(200)["decision"]).unwrap()
    };
    let gate = "/api/v1/jobs/deploy-42/gates/outline";
    let decision = format!("{gate}/decision");
    let states = |state: &str| {
        view.get(&format!("/api/v1/gates?state={state}"))
            .expect(200)
            .as_array()
            .unwrap()
            .len()
    };
    let gates = || view.get("/api/v1/jobs/deploy-42/gates/status").expect(200);
    open("x");
    approve();
    let status = gates();
    assert_has!(status, "approved_gates": 0, "pending_gates": 1);
    assert_has!(status["gates"][0], "state": "decided", "approved": null, "recall_verdict": "approved", "by": "ana");
    assert_eq!((states("approved"), states("decided"), states("open")), (0, 1, 0));
    assert_has!(view.get(&decision).expect(404), "code": "still_open");
    let decisions = "/api/v1/jobs/deploy-42/gates/decisions";
    assert_has!(view.get(decisions).expect(200), "total_decisions": 0);

    // Whoever waits, in whatever way, is not answered while it may be taken back.
    let long = format!("{decision}?wait=600");
    let is_over = AtomicBool::new(false);
    let wait = Beside::start(&workspace, "gate wait deploy-42 outline --json", Stream::Stdout);
    workspace.write("plan.txt", "x");
    let again = "gate open deploy-42 outline --artifact plan=plan.txt --wait";
    let again = Beside::start(&workspace, again, Stream::Stdout);
    let first = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (pipe.get(&long), is_over.load(Ordering::SeqCst)));
        view.get(&format!("{decision}?wait=1")).expect(404);
        workspace.run("gate wait deploy-42 outline --timeout 0", 4);
        is_over.store(true, Ordering::SeqCst);
        workspace.set_clocks(600, 600);
        let (answer, was_over) = waiting.join().unwrap();
        assert!(was_over, "it was answered before the decision was final");
        seq(&answer.expect(200)).unwrap()
    });
    assert_has!(wait.document(0), "state": "approved", "approved": true, "decision/seq": first);
    assert_eq!(again.finish().0.code(), Some(0));
    assert_has!(gates(), "approved_gates": 1, "pending_gates": 0);

    // A later one that is taken back does not count.
    open("y");
    let second = approve();
    assert!(second > first);
    assert_eq!(seq(&view.get(&decision).expect(200)), Some(first), "not yet");
    ana.post(&format!("{gate}/recall"), &json!({})).expect(200);
    assert_eq!(seq(&view.get(&decision).expect(200)), Some(first));
    let all = view.get(decisions).expect(200);
    assert_eq!(seq(&all["decisions"]["outline"]), Some(first));
    workspace.ok("decisions verify");
    workspace.ok("doctor");
}

#[test]
fn an_open_window_hides_no_other_decision_from_the_figures() {
    let recallable = configuration("").replace("outline: {}", "outline: {recall_s: 600}");
    let (workspace, served, ana) = serving_on(Workspace::new(&recallable));
    let artifacts = [json!({"kind": "plan", "name": "plan.txt", "content": "x"})];
    for stage in ["outline", "script"] {
        let body = json!({"stage": stage, "artifacts": artifacts});
        served.pipe().post("/api/v1/jobs/deploy-42/gates", &body).expect(201);
        ana.act("deploy-42", "approve", &json!({"stage": stage})).expect(200);
    }
    let counted = || {
        let metrics = String::from_utf8(ana.get("/metrics").body).unwrap();
        let of = |stage: &str| {
            let series = format!("holdpoint_stage_decisions_total{{stage=\"{stage}\",outcome=\"approved\"}} ");
            metrics
                .lines()
                .find_map(|line| line.strip_prefix(&series))
                .map(str::to_owned)
        };
        let of_record = workspace.json("stats")["all"]["approved"].as_u64().unwrap();
        (of("outline"), of("script"), of_record)
    };
    let one = || Some("1".to_owned());
    assert_eq!(counted(), (None, one(), 1));
    assert_eq!(counted(), (None, one(), 1));
    workspace.set_clocks(600, 600);
    workspace.ok("gate wait deploy-42 outline");
    assert_eq!(counted(), (one(), one(), 2));
    assert_eq!(counted(), (one(), one(), 2));
}
