//! Resuming over HTTP after an approved artifact was replaced: the gate that was opened is named.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::{assert_contains, assert_has, assert_starts};

const PIPELINE: &str = r#"
pipeline:
  stages:
    - name: outline
      artifacts: [{kind: outline, path: artifacts/outline/outline.txt}]
    - name: script
    - name: audio
      command: [/bin/sh, -c, "true"]
"#;

#[test]
fn resume_names_the_gate_that_it_opened_for_review() {
    let (workspace, _served, ana) = serving(PIPELINE);
    let shapes = Shapes::of(&ana);
    let opened = ana
        .post("/api/v1/jobs", &json!({"slug": "tides", "intent": ""}))
        .expect(201);
    let id = opened["id"].as_str().unwrap().to_owned();
    let at = |rest: &str| format!("/api/v1/jobs/{id}{rest}");
    let file = [json!({"kind": "outline", "name": "outline.txt", "content": "plan\n"})];
    ana.post(&at("/gates"), &json!({"stage": "outline", "artifacts": file}))
        .expect(201);
    ana.post(&at("/approve"), &json!({"stage": "outline"})).expect(200);
    workspace.write(&format!("runs/{id}/artifacts/outline/outline.txt"), "forged\n");
    let mut news = ana.follow(&at("/events/stream"), &[]);
    let said = ana
        .post(&at("/approve?dry_run=true"), &json!({"stage": "script"}))
        .expect(200);
    let held_up = said["facts"].as_array().unwrap().last().unwrap();
    assert_has!(held_up, "fact": "stage_held_up", "stage": "audio", "path": "artifacts/outline/outline.txt");
    assert_has!(said, "job_status": "paused");
    let approved = shapes.post(&at("/approve"), &json!({"stage": "script"}), 200);
    assert_has!(approved, "next": held_up, "job_status": "paused");
    while news.next().unwrap().1["type"] != "job_paused" {}
    let resumed = shapes.post(&at("/resume"), &json!({}), 200);
    assert_has!(resumed, "review/stage": "outline", "review/attempt": 3, "job_status": "needs_approval");
    assert_starts(resumed["message"].as_str().unwrap(), "Gate outline #3");
    let gates = ana.get(&at("/gates/status"));
    shapes.check("GET", "/api/v1/jobs/{id}/gates/status", &gates);
    let gates = gates.expect(200).to_string();
    assert_contains(&gates, r#""review":"for review: outline.txt was replaced""#);
    let gate = ana.get(&at("/gates/outline/diff")).expect(200);
    assert!(gate[0]["diff"].as_str().unwrap().contains("-plan\n+forged\n"), "{gate}");
}

#[test]
fn what_a_refused_request_came_of_is_in_the_log() {
    let (workspace, served, ana) = serving(PIPELINE);
    let job = json!({"slug": "tides", "intent": "", "manual": true});
    let job = ana.post("/api/v1/jobs", &job).expect(201);
    let at = |rest: &str| format!("/api/v1/jobs/{}{rest}", job["id"].as_str().unwrap());
    let file = [json!({"kind": "outline", "name": "outline.txt", "content": "plan\n"})];
    ana.post(&at("/gates"), &json!({"stage": "outline", "artifacts": file}))
        .expect(201);
    let versions = workspace.run_directory(job["id"].as_str().unwrap()).join("versions");
    for version in std::fs::read_dir(versions).unwrap() {
        let path = version.unwrap().path();
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
    }
    let refused = ana.get(&at("/artifacts/artifacts/outline/outline.txt")).expect(503);
    let line = served.until("a request was refused: ");
    assert!(line.contains(refused["detail"].as_str().unwrap()), "{line}");
}
