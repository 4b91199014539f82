//! Events as they happen, and waiting for a decision: across processes.

use std::thread;

use serde_json::json;

use crate::support::client::{Follow, Served, configuration, serving};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

#[test]
fn what_was_missed_comes_first_then_what_another_process_does() {
    let (workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    let path = format!("/api/v1/jobs/{id}/events/stream");
    let mut live = ana.follow(&path, &[]);
    let (_, connected) = live.next().unwrap();
    assert_eq!(connected["type"], "connected");
    for key in ["ts", "type", "stage", "status", "message", "payload", "seq", "job_id"] {
        assert!(connected.get(key).is_some(), "{key}: {connected}");
    }
    // Another job's events are not this one's.
    ana.start_job("dunes");
    workspace.ok(&format!("gate approve {id} outline"));
    let (number, approved) = live.next().unwrap();
    assert_has!(approved, "type": "gate_approved", "job_id": id);
    assert_eq!(approved["seq"].as_u64(), number);
    let seen = number.unwrap();
    let (_, opened) = live.until("gate_opened");
    assert_eq!(opened["stage"], "script");
    drop(live);
    // Everything after what was seen, in order, and nothing twice.
    let mut resumed = ana.follow(&path, &[("Last-Event-ID", &seen.to_string())]);
    assert_eq!(resumed.next().unwrap().0, Some(seen), "connected bears what is known");
    let all = ana.get(&format!("/api/v1/jobs/{id}/events?since={seen}")).expect(200);
    for event in all["events"].as_array().unwrap() {
        let (number, replayed) = resumed.next().unwrap();
        assert_eq!((number, &replayed), (event["seq"].as_u64(), event));
    }
    workspace.ok(&format!("gate reject {id} script"));
    assert_eq!(resumed.next().unwrap().1["type"], "gate_rejected");
    let mut whole = ana.follow(&format!("{path}?since=0"), &[]);
    whole.next().unwrap();
    assert_eq!(whole.next().unwrap().1["type"], "job_created");
    for bad in ["x", "-1", "1.5"] {
        let reply = ana.send("GET", &path, &[("Last-Event-ID", bad)], b"");
        reply.expect(422);
    }
}

#[test]
fn a_quiet_stream_shows_that_it_lives_and_says_when_the_server_leaves() {
    let (_workspace, served, ana) = serving("");
    let id = ana.start_job("tides");
    let mut live = ana.follow_job(&id);
    let (number, beat) = live.until("heartbeat");
    assert_eq!(
        (number, &beat["job_id"], &beat["seq"]),
        (None, &json!(id), &json!(null))
    );
    served.terminate();
    let (number, last) = live.until("closing");
    assert_eq!((number, live.next()), (None, None), "{last}");
    assert_eq!(served.ended(), Some(0));
}

#[test]
fn a_shell_waits_for_a_decision_that_another_process_makes() {
    let (workspace, served, ana) = serving("");
    let pipe = served.pipe();
    let id = pipe.start_job("tides");
    let path = format!("/api/v1/jobs/{id}/gates/outline/decision");
    let late = pipe.get(&format!("{path}?wait=1")).expect(404);
    assert_eq!(late["code"], "still_open");
    let waiting = {
        let (pipe, path) = (pipe.clone(), format!("{path}?wait=60"));
        thread::spawn(move || pipe.get(&path))
    };
    // The loop is free while somebody waits.
    pipe.get("/api/v1/jobs").expect(200);
    workspace.ok(&format!("gate reject {id} outline --notes no"));
    let decision = waiting.join().unwrap().expect(200);
    assert_has!(decision, "approved": false, "notes": "no");
    assert_eq!(decision, workspace.decision(&id, "outline"), "it is on disk");
    // The decision of an attempt is not that of the next.
    ana.act(&id, "resume", &json!({})).expect(200);
    assert_eq!(pipe.get(&format!("{path}?wait=0")).expect(404)["code"], "still_open");
    assert_eq!(pipe.get(&format!("{path}?attempt=1&wait=5")).expect(200), decision);
    assert_eq!(
        pipe.get(&path).expect(200),
        decision,
        "without waiting: the newest there is"
    );
    workspace.ok(&format!("job cancel {id}"));
    assert_eq!(
        pipe.get(&format!("{path}?wait=60&attempt=2")).expect(404)["code"],
        "gate_canceled"
    );
    pipe.get(&format!("{path}?wait=601")).expect(422);
    pipe.get(&format!("/api/v1/jobs/{id}/gates/nope/decision?wait=60"))
        .expect(404);
}

#[test]
fn the_timers_decisions_are_counted_with_their_lateness() {
    let short = configuration("").replace("outline: {}", "outline: {auto_approve: true, auto_approve_after_s: 1}");
    let workspace = Workspace::new(&short);
    let served = Served::start(&workspace);
    let ana = served.ana();
    let id = ana.start_job("tides");
    let decision = ana.job(&id, "/gates/outline/decision?wait=60");
    assert_has!(decision, "by": "timer", "auto_approved": true);
    ana.act(&id, "approve", &json!({"stage": "script"})).expect(200);
    let mut text = String::new();
    // Counted from the feed, which may be a moment behind the answer.
    while !text.contains("holdpoint_decisions_total{by=\"ana\",outcome=\"approved\"} 1") {
        text = ana.get("/metrics").text();
    }
    assert_contains(
        &text,
        "holdpoint_decisions_total{by=\"timer\",outcome=\"auto_approved\"} 1",
    );
    assert_contains(&text, "holdpoint_timer_lateness_seconds_count 1");
}

/// What everybody follows: the numbers of events up to one of this job.
fn numbers_until(follow: &mut Follow, job: &str, kind: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some((number, event)) = follow.next() {
        numbers.extend(number.filter(|_| event["type"] != "connected"));
        if event["job_id"] == job && event["type"] == kind {
            return numbers;
        }
    }
    panic!("it ended after {numbers:?}")
}

#[test]
fn one_stream_has_the_events_of_all_jobs_and_goes_on_behind_the_last_that_was_seen() {
    let (workspace, served, ana) = serving("");
    let first = ana.start_job("tides");
    let path = "/api/v1/events/stream";
    let mut live = ana.follow(path, &[]);
    let (number, connected) = live.next().unwrap();
    assert_has!(connected, "type": "connected", "message": "following all jobs");
    for key in ["job_id", "stage", "status", "seq"] {
        assert_eq!(connected[key], json!(null), "{connected}");
    }
    assert_eq!(number, connected["payload"]["last_event_id"].as_u64());
    // From now on, whoever does it.
    let second = ana.start_job("dunes");
    workspace.ok(&format!("gate approve {first} outline"));
    let seen = numbers_until(&mut live, &first, "gate_approved");
    drop(live);
    ana.until_on_disk();
    workspace.ok(&format!("gate reject {second} outline --notes no"));
    let mut resumed = ana.follow(path, &[("Last-Event-ID", &seen[seen.len() - 1].to_string())]);
    let rest = numbers_until(&mut resumed, &second, "gate_rejected");
    let mut whole = ana.follow(&format!("{path}?since={}", number.unwrap()), &[]);
    let all = numbers_until(&mut whole, &second, "gate_rejected");
    assert_eq!([seen, rest].concat(), all, "nothing twice, nothing missed");
    let mut after = ana.follow(&format!("{path}?after={}", number.unwrap()), &[]);
    assert_eq!(numbers_until(&mut after, &second, "gate_rejected"), all);
    // The shape is that of the stream of one job.
    let mut one = ana.follow(&format!("/api/v1/jobs/{second}/events/stream?since=0"), &[]);
    let mut both = ana.follow(&format!("{path}?since=0"), &[]);
    while both.next().unwrap().1["job_id"] != second {}
    one.next().unwrap();
    one.next().unwrap();
    let (number, event) = one.next().unwrap();
    while let Some(told) = both.next() {
        if told.0 == number {
            assert_eq!(told.1, event);
            break;
        }
    }
    assert_has!(both.until("heartbeat").1, "job_id": null, "status": null);
    ana.send("GET", path, &[("Last-Event-ID", "x")], b"").expect(422);
    ana.get(&format!("{path}?after=x")).expect(422);
    // Whoever may look may follow; nobody else.
    let stranger = served.as_("nobody");
    stranger.get(path).expect(401);
    served.terminate();
    resumed.until("closing");
}

#[test]
fn places_are_counted_for_streams_of_all_jobs_too() {
    let (_workspace, _served, ana) = serving("");
    let mut open = Vec::new();
    let refused = loop {
        let mut stream = ana.open("GET", "/api/v1/events/stream", &[], b"").unwrap();
        let mut head = [0; 12];
        std::io::Read::read_exact(&mut stream, &mut head).unwrap();
        if !head.ends_with(b"200") {
            break String::from_utf8_lossy(&head).into_owned();
        }
        open.push(stream);
        assert!(open.len() < 2000, "there is no limit");
    };
    assert_contains(&refused, "429");
}
