//! Exactly one decision, whoever races whom.

use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::json;

use crate::support::client::serving;

#[test]
fn of_http_and_commands_exactly_one_decides() {
    let (workspace, _served, ana) = serving("");
    for round in 0..5 {
        let id = ana.start_job(&format!("race-{round}"));
        let barrier = Arc::new(Barrier::new(6));
        let mut racers = Vec::new();
        for racer in 0..4 {
            let (client, id, barrier) = (ana.clone(), id.clone(), Arc::clone(&barrier));
            racers.push(thread::spawn(move || {
                let deed = if racer % 2 == 0 { "approve" } else { "reject" };
                barrier.wait();
                let reply = client.post(&format!("/api/v1/jobs/{id}/{deed}"), &json!({"stage": "outline"}));
                match reply.status {
                    200 => true,
                    409 => {
                        assert_eq!(reply.json()["code"], "already_decided");
                        false
                    }
                    other => panic!("{other}: {reply:?}"),
                }
            }));
        }
        for deed in ["approve", "reject"] {
            let (mut command, barrier) = (workspace.cmd(&["gate", deed, &id, "outline"]), Arc::clone(&barrier));
            racers.push(thread::spawn(move || {
                barrier.wait();
                match command.output().unwrap().status.code() {
                    Some(0) => true,
                    Some(5) => false,
                    other => panic!("{other:?}"),
                }
            }));
        }
        let winners = racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .filter(|won| *won)
            .count();
        assert_eq!(winners, 1, "round {round}");
        let decided = workspace
            .event_types(&id)
            .iter()
            .filter(|kind| ["gate_approved", "gate_rejected"].contains(&kind.as_str()))
            .count();
        assert_eq!(decided, 1, "round {round}");
    }
    assert_eq!(workspace.count("decisions list"), 5);
}

#[test]
fn a_request_that_names_its_attempt_may_be_sent_again() {
    let (_workspace, _served, ana) = serving("");
    let id = ana.start_job("again");
    let at = |rest: &str| format!("/api/v1/jobs/{id}/{rest}");
    let body = json!({"stage": "outline", "attempt": 1, "notes": "mine"});
    ana.post(&at("reject"), &body).expect(200);
    let again = ana.post(&at("reject"), &body).expect(409);
    assert_eq!(again["code"], "already_decided");
    // Where the job has gone on, the newest gate is another one: it is not decided by what was
    // meant for the first.
    ana.post(&at("resume"), &json!({})).expect(200);
    assert_eq!(ana.get(&at("gates/status")).expect(200)["gates"][0]["attempt"], 2);
    ana.post(&at("reject"), &body).expect(409);
    assert_eq!(ana.get(&at("gates/status")).expect(200)["gates"][0]["state"], "open");
    assert_eq!(
        ana.get(&at("gates/outline/decision?attempt=1")).expect(200)["notes"],
        "mine"
    );
    for attempt in [json!(0), json!(-1), json!("1"), json!(1.5), json!(4_294_967_296_u64)] {
        let faults = ana.post(&at("approve"), &json!({"attempt": attempt})).expect(422);
        assert_eq!(faults["detail"][0]["loc"], json!(["body", "attempt"]));
    }
    ana.post(&at("approve"), &json!({"stage": "outline", "attempt": 2}))
        .expect(200);
}
