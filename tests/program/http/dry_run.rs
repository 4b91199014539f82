//! `?dry_run=true`: what would happen, or the very refusal; nothing is changed.

use serde_json::json;

use super::shapes::Shapes;
use crate::support::client::serving;
use crate::support::said::{assert_has, each};

#[test]
fn what_would_happen_is_told_and_then_happens() {
    let (_workspace, served, ana) = serving("");
    let shapes = Shapes::of(&ana);
    let id = ana.start_job("tides");
    let at = |deed: &str| format!("/api/v1/jobs/{id}/{deed}");
    let (approve, reject) = (at("approve"), at("reject"));
    let body = json!({"stage": "outline"});
    let rows = || {
        let job = ana.get(&format!("/api/v1/jobs/{id}")).json();
        let events = ana.get(&format!("/api/v1/jobs/{id}/events")).json();
        (
            job["updated_at"].clone(),
            job["gates"][0]["state"].clone(),
            events["events"].clone(),
        )
    };
    let before = rows();

    let said = shapes.post(&format!("{approve}?dry_run=true"), &body, 200);
    assert_has!(said, "dry_run": true, "job_stage": "script");
    assert_eq!(
        said["message"],
        "Stage research passes: it has no command and no gate. Then gate script #1 opens: the timer will approve after 1h00m. \
         Cannot be taken back."
    );
    assert_eq!(
        each(&said["facts"], "fact"),
        ["gate_decided", "stage_passes", "gate_opens"]
    );
    assert_eq!(said["facts"][0]["by"], "ana", "the token's name");

    let said = ana.post(&format!("{reject}?dry_run=true"), &body).expect(200);
    assert_has!(said, "job_status": "paused", "resumed/facts/0/fact": "gate_opens");

    // The same refusals, with the same status and words.
    for (path, body) in [
        (at("resume"), json!({})),
        ("/api/v1/jobs/nobody/cancel".to_owned(), json!({})),
        (at("patches/outline/undo"), json!({})),
        (
            at("patches/outline/apply"),
            json!({"type": "text_replace", "replacements": []}),
        ),
        (approve.clone(), json!({"stage": "audio"})),
    ] {
        let (dry, real) = (ana.post(&format!("{path}?dry_run=true"), &body), ana.post(&path, &body));
        assert!(real.status >= 400, "{path}: {real:?}");
        assert_eq!((dry.status, dry.json()), (real.status, real.json()), "{path}");
    }
    // One who may not decide learns nothing either.
    let viewer = served.view();
    assert_eq!(viewer.post(&format!("{approve}?dry_run=true"), &body).status, 403);
    assert_eq!(ana.post(&format!("{approve}?dry_run=perhaps"), &body).status, 422);

    assert_eq!(rows(), before, "nothing was changed");
    let done = ana.post(&approve, &body).expect(200);
    assert_eq!(done["job_stage"], "script", "{done}");
    let said = ana
        .post(&format!("/api/v1/jobs/{id}/cancel?dry_run=1"), &json!({}))
        .expect(200);
    assert_eq!(said["job_status"], "canceled");
    assert_eq!(ana.job(&id, "")["status"], "needs_approval");
}
