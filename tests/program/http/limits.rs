//! How often a client may ask, and how long the head of a request may be.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::support::client::{Served, configuration, serving};
use crate::support::run::Workspace;

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let limits = "rate_limiting: {api_requests_per_minute: 20, job_creation_per_minute: 3}";
    let workspace = Workspace::new(&configuration("").replace("rate_limiting: {enabled: false}", limits));
    let served = Served::start(&workspace);
    let (ana, pipe) = (served.ana(), served.pipe());
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
    let (_workspace, served, ana) = serving("");
    let statuses: Vec<u16> = (0..150)
        .map(|guess| served.as_(&format!("guess-{guess}")).get("/api/v1/jobs").status)
        .collect();
    assert!(statuses[..60].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    ana.get("/api/v1/jobs").expect(200);
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

/// The status of a request with a head of exactly so many bytes, sent in pieces of `piece`.
fn status_of_head(served: &Served, bytes: usize, piece: usize) -> String {
    let (before, after) = (
        "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Pad: ",
        "\r\n\r\n",
    );
    let pad = "a".repeat(bytes - before.len() - after.len());
    let head = format!("{before}{pad}{after}");
    let mut stream = TcpStream::connect(served.address).unwrap();
    for piece in head.as_bytes().chunks(piece) {
        // A server that refuses closes before it has all of it.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    // What was sent after a refusal may reset the connection, and take the answer with it.
    match stream.read_to_end(&mut answer) {
        Ok(_) => String::from_utf8_lossy(&answer)
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned(),
        Err(_) => "431".to_owned(),
    }
}

#[test]
fn a_head_has_the_bytes_that_are_said_and_not_one_more() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/HTTP.md")).unwrap();
    assert!(page.contains("32 KiB and 100 headers a head"));
    let limit = 32 * 1024;
    let (_workspace, served, ana) = serving("");
    for piece in [usize::MAX, 1400] {
        assert_eq!(status_of_head(&served, limit, piece), "200", "in pieces of {piece}");
        for over in [1, 100, 8 * 1024, 30 * 1024] {
            let status = status_of_head(&served, limit + over, piece);
            assert_eq!(status, "431", "{over} over, in pieces of {piece}");
        }
    }
    // As many headers as are said, too: Host, Connection, Authorization and Content-Length are four
    // of them.
    for (more, status) in [(96, 200), (97, 431)] {
        let names: Vec<_> = (0..more).map(|number| format!("X-{number}")).collect();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "a")).collect();
        assert_eq!(ana.send("GET", "/api/v1/jobs", &headers, b"").status, status, "{more}");
    }
}
