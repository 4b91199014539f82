//! What one process decides, the clients of another hear of at once: not when it looks next by
//! itself.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::client::{Served, configuration, serving};
use crate::support::run::Workspace;
use crate::support::said::assert_has;

/// Without a hint a process looks every 10 s, so of several decisions in a row all but the first
/// would take almost that. The quickest one tells the two apart on a machine of any speed.
const ROUNDS: usize = 5;
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn a_stream_hears_at_once_of_what_another_process_decides() {
    let workspace = Workspace::new(&configuration(""));
    let (other, here) = (Served::start(&workspace), Served::start(&workspace));
    for by_command in [true, false] {
        let took = (0..ROUNDS).map(|_| {
            let id = other.ana().start_job("tides");
            let mut stream = here.ana().follow_job(&id);
            assert_eq!(stream.next().unwrap().1["type"], "connected");
            if by_command {
                workspace.ok(&format!("gate approve {id} outline"));
            } else {
                let path = format!("/api/v1/jobs/{id}/approve");
                other.ana().post(&path, &json!({})).expect(200);
            }
            let decided = Instant::now();
            stream.until("gate_approved");
            decided.elapsed()
        });
        let took: Vec<_> = took.collect();
        assert!(took.iter().min() < Some(&AT_ONCE), "by command: {by_command}: {took:?}");
    }
}

#[test]
fn who_waits_at_one_process_is_answered_at_once_when_another_decides() {
    let workspace = Workspace::new(&configuration(""));
    let (other, here) = (Served::start(&workspace), Served::start(&workspace));
    let took = (0..ROUNDS).map(|_| {
        let id = other.ana().start_job("tides");
        let pipe = here.pipe();
        let path = format!("/api/v1/jobs/{id}/gates/outline/decision?wait=600");
        let waiting = {
            let pipe = pipe.clone();
            thread::spawn(move || (pipe.get(&path), Instant::now()))
        };
        // After so many other answers of that process it waits: what it had to look at was asked
        // for before.
        for _ in 0..20 {
            pipe.get("/api/v1/jobs?limit=1").expect(200);
        }
        let reject = format!("/api/v1/jobs/{id}/reject");
        other.ana().post(&reject, &json!({"notes": "no"})).expect(200);
        let decided = Instant::now();
        let (reply, answered) = waiting.join().unwrap();
        let decision = reply.expect(200);
        assert_has!(decision, "approved": false, "by": "ana");
        answered.saturating_duration_since(decided)
    });
    let took: Vec<_> = took.collect();
    assert!(took.iter().min() < Some(&AT_ONCE), "{took:?}");
}

#[test]
fn a_stream_hears_of_what_a_person_at_a_console_decides() {
    let (workspace, _served, ana) = serving("");
    let id = ana.start_job("tides");
    let mut stream = ana.follow_job(&id);
    let mut console = workspace.pty(&[]);
    console.wait_text("Nothing is attached");
    console.send("a");
    console.wait_text("APPROVE ");
    console.confirm();
    let (_, approved) = stream.until("gate_approved");
    let decision = ana.job(&id, "/gates/outline/decision");
    assert_has!(approved, "payload/by": decision["by"]);
    assert_has!(decision, "via/surface": "console");
}
