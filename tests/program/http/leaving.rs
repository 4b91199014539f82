//! Leaving while decisions are under way: whoever was answered was told the truth.

use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::thread;

use serde_json::json;

use crate::support::client::serving;

#[test]
fn every_decision_that_was_answered_is_on_disk_and_none_is_half_made() {
    let (workspace, served, ana) = serving("");
    let ids: Vec<String> = (0..24).map(|number| ana.start_job(&format!("job-{number}"))).collect();
    let barrier = Arc::new(Barrier::new(ids.len() + 1));
    let deciders: Vec<_> = ids
        .iter()
        .map(|id| {
            let (client, id, barrier) = (ana.clone(), id.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                let path = format!("/api/v1/jobs/{id}/approve");
                // Refused, or cut off before it was taken: both are no answer to rely on.
                let reply = client.try_send("POST", &path, &[], json!({"stage": "outline"}).to_string().as_bytes());
                reply.ok().filter(|reply| reply.status == 200).map(|_| id)
            })
        })
        .collect();
    barrier.wait();
    served.terminate();
    let answered: HashSet<String> = deciders
        .into_iter()
        .filter_map(|decider| decider.join().unwrap())
        .collect();
    assert_eq!(served.ended(), Some(0));
    let decisions = workspace.json("decisions list");
    let decided: HashSet<String> = decisions
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| decision["job_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        answered.is_subset(&decided),
        "answered but not decided: {:?}",
        answered.difference(&decided)
    );
    for id in &decided {
        assert_eq!(workspace.decision(id, "outline")["by"], "ana", "on disk");
    }
    assert_eq!(decisions.as_array().unwrap().len(), decided.len(), "none twice");
}
