//! How often a client may ask.

use serde_json::json;

use super::client::{Served, configuration};
use crate::support::run::Workspace;

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let limits = "rate_limiting: {api_requests_per_minute: 20, job_creation_per_minute: 3}";
    let workspace = Workspace::new(&configuration("").replace("rate_limiting: {enabled: false}", limits));
    let served = Served::start(&workspace);
    let (ana, pipe) = (served.ana(), served.as_("pipe-token"));
    let new = json!({"slug": "a", "intent": "b"});
    for _ in 0..3 {
        pipe.post("/api/v1/jobs", &new).expect(201);
    }
    let reply = pipe.post("/api/v1/jobs", &new);
    assert_eq!(reply.expect(429)["detail"], "too many new jobs from pipe");
    let wait_s: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait_s), "{wait_s}");
    pipe.get("/api/v1/jobs").expect(200);
    // The limit is each token's own; a few more come back while the test runs.
    let statuses: Vec<u16> = (0..60).map(|_| ana.get("/api/v1/jobs").status).collect();
    assert!(statuses[..20].iter().all(|status| *status == 200), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    served.nobody().get("/healthz").expect(200);
}

#[test]
fn guessing_tokens_is_slowed_down_and_keeps_nobody_out() {
    let workspace = Workspace::new(&configuration(""));
    let served = Served::start(&workspace);
    let statuses: Vec<u16> = (0..150)
        .map(|guess| served.as_(&format!("guess-{guess}")).get("/api/v1/jobs").status)
        .collect();
    assert!(statuses[..60].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    served.ana().get("/api/v1/jobs").expect(200);
}

#[test]
fn how_often_one_may_guess_is_configured_also_without_other_limits() {
    let limits = "rate_limiting: {enabled: false, unauthorized_per_minute: 3}";
    let workspace = Workspace::new(&configuration("").replace("rate_limiting: {enabled: false}", limits));
    let served = Served::start(&workspace);
    let replies: Vec<_> = (0..30).map(|_| served.nobody().get("/api/v1/jobs")).collect();
    assert!(replies[..3].iter().all(|reply| reply.status == 401));
    let late = replies.iter().find(|reply| reply.status == 429).unwrap();
    let wait_s: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait_s), "{wait_s}");
}
