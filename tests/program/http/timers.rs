//! A gate's timer over HTTP: held, released, extended, within its bound.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::{configuration, serving_on};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_lacks, assert_starts};

/// `outline` has a timer of an hour, to which persons may add ten minutes; `script` has none.
fn timed() -> Workspace {
    let text = configuration("").replace(
        "outline: {}\n  script: {auto_approve: true, auto_approve_after_s: 3600, unseen: approve}",
        "outline: {auto_approve: true, auto_approve_after_s: 3600, max_hold_s: 600}\n  script: {}",
    );
    assert!(text.contains("max_hold_s"));
    Workspace::new(&text)
}

#[test]
fn a_timer_is_held_by_name_once_however_often_it_is_asked_and_runs_again() {
    let (workspace, _served, ana) = serving_on(timed());
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let at = |deed: &str| format!("/api/v1/jobs/{id}/gates/outline/{deed}");
    let held = shapes.post(&at("hold"), &json!({"reason": "the lawyer looks"}), 200);
    assert_has!(held, "hold/by": "ana", "state": "open", "published": true);
    // Also with no body at all, and with the attempt named.
    let again = ana.send("POST", &at("hold"), &[], b"").expect(200);
    assert_eq!(again["hold"], held["hold"], "a repeated request changes nothing");
    ana.post(&at("hold"), &json!({"attempt": 1})).expect(200);
    let count = |kind: &str| workspace.count_events(&id, kind);
    assert_eq!(count("gate_held"), 1);
    let gone = ana.post(&at("hold"), &json!({"attempt": 2}));
    assert_eq!(gone.status, 404, "no such attempt: {gone:?}");
    let told = workspace
        .events(&id)
        .into_iter()
        .find(|event| event["type"] == "gate_held")
        .unwrap();
    assert_eq!(told["payload"]["reason"], "the lawyer looks", "{told}");
    // What is left stands still, until when at the latest and why is said everywhere.
    assert!(held["stopped"]["left_seconds"].as_f64().unwrap() > 3590.0, "{held}");
    assert!(
        held["stopped"]["until"].as_str().unwrap() < held["deadline"].as_str().unwrap(),
        "{held}"
    );
    let listed = workspace.ok("gate list");
    assert_contains(&listed, "THEN");
    assert_contains(&listed, " =59:5");
    assert_contains(&listed, "held by ana until 2");
    assert_contains(&listed, "Z: the lawyer looks");
    let shown = workspace.ok(&format!("gate show {id} outline"));
    assert_contains(&shown, "stands still, 59:5");
    assert_contains(&shown, "runs again by 2");
    // Somebody else's hold is named.
    let refused = workspace.cmd(&["gate", "hold", &id, "outline"]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ana holds"));
    let released = shapes.post(&at("release"), &json!({}), 200);
    assert_eq!(released["hold"], json!(null));
    let nobody = ana.post(&at("release"), &json!({})).expect(409);
    assert_starts(nobody["detail"].as_str().unwrap(), "nobody holds");
    assert_eq!((count("gate_held"), count("gate_released")), (1, 1));
}

#[test]
fn a_deadline_moves_as_far_as_its_bound_which_the_refusal_names() {
    let (_workspace, _served, ana) = serving_on(timed());
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let path = format!("/api/v1/jobs/{id}/gates/outline/extend");
    let before = ana.job(&id, "")["gates"][0].clone();
    for (body, loc) in [
        (json!({}), json!(["body", "seconds"])),
        (json!({"seconds": 0}), json!(["body", "seconds"])),
        (json!({"seconds": -5}), json!(["body", "seconds"])),
        (json!({"seconds": 1.5}), json!(["body", "seconds"])),
        (json!({"seconds": "60"}), json!(["body", "seconds"])),
        (json!({"seconds": 60, "attempt": 0}), json!(["body", "attempt"])),
    ] {
        let refused = ana.post(&path, &body).expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{body}: {refused}");
    }
    let over = ana.post(&path, &json!({"seconds": 601})).expect(409);
    assert_contains(over["detail"].as_str().unwrap(), "10:00");
    assert_contains(over["hint"].as_str().unwrap(), "(max_hold_s)");
    let extended = shapes.post(&path, &json!({"seconds": 400}), 200);
    assert_ne!(extended["deadline"], before["deadline"]);
    // The same request once more, as by a client that had no answer.
    let again = json!({"seconds": 100, "expect_deadline": before["deadline"]});
    let moved = shapes.post(&path, &again, 409);
    assert_eq!(moved["code"], "deadline_moved");
    assert!(
        moved["detail"]
            .as_str()
            .unwrap()
            .contains(extended["deadline"].as_str().unwrap()),
        "{moved}"
    );
    ana.post(&path, &json!({"seconds": 100, "expect_deadline": "soon"}))
        .expect(422);
    let more = ana.post(&path, &json!({"seconds": 300})).expect(409);
    assert_contains(more["detail"].as_str().unwrap(), "3:20");
    let known = json!({"seconds": 200.0, "expect_deadline": extended["deadline"]});
    ana.post(&path, &known).expect(200);
    let over = ana.post(&path, &json!({"seconds": 1})).expect(409);
    assert_contains(over["detail"].as_str().unwrap(), "10:00");
    // A gate without a timer has nothing to move; one that is decided neither.
    ana.approve(&id);
    ana.post(&path, &json!({"seconds": 1})).expect(409);
    let script = format!("/api/v1/jobs/{id}/gates/script/extend");
    let none = ana.post(&script, &json!({"seconds": 1})).expect(409);
    assert_ends(none["detail"].as_str().unwrap(), "has no timer");
    ana.act(&id, "gates/nope/hold", &json!({})).expect(404);
}

/// Listed, shown and answered as the console shows it; "held by" would promise that nothing
/// happens.
#[test]
fn a_hold_whose_time_is_used_up_is_told_as_one_that_stops_nothing() {
    let (workspace, _served, ana) = serving_on(timed());
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let at = |deed: &str| format!("/api/v1/jobs/{id}/gates/outline{deed}");
    let held = ana.post(&at("/hold"), &json!({})).expect(200);
    assert_eq!(held["hold"]["is_used_up"], false, "{held}");
    // The ten minutes that persons may add pass on both clocks.
    workspace.write("clock.next", "601 601");
    std::fs::rename(workspace.root().join("clock.next"), workspace.root().join("clock")).unwrap();
    let status = shapes.get(&format!("/api/v1/jobs/{id}/gates/status"), 200);
    let gate = status["gates"][0].clone();
    assert_has!(gate, "hold/is_used_up": true, "stopped": null, "addable_seconds": 0.0);
    for args in [&["gate", "list"][..], &["gate", "show", &id, "outline"]] {
        let shown = workspace.ok(args);
        assert_contains(&shown, "ana's hold has used up its time: the timer runs on");
        assert_lacks(&shown, "by ana since");
    }
}
