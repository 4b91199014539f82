//! The record after the deed: decision files, events and the database say the same, and the chain
//! holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::run::Workspace;

/// Compares everything that was written down about these jobs; returns how many decisions there
/// are.
#[track_caller]
pub fn assert_agrees(workspace: &Workspace, jobs: &[&str]) -> usize {
    let decided = assert_chain(workspace);
    assert_gates(workspace);
    for job in jobs {
        assert_events(workspace, job);
    }
    decided
}

/// Every decision row: next in the chain, rightly hashed, and its file byte for byte the same.
fn assert_chain(workspace: &Workspace) -> usize {
    let sql = "SELECT seq, job_id, stage, attempt, hash, document FROM decision ORDER BY seq";
    let rows: Vec<(i64, String, String, u32, String, String)> = workspace.rows(sql, []);
    let chain = workspace.read("runs/chain.jsonl");
    let mut links = chain
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).expect("a link is JSON") });
    let mut prev = "0".repeat(64);
    for (expected_seq, (seq, job, stage, attempt, hash, document)) in (1..).zip(&rows) {
        let place = format!("{job} / {stage} #{attempt}");
        assert_eq!(*seq, expected_seq, "{place}");
        let mut decision: Value = serde_json::from_str(document).expect("a decision is JSON");
        assert_eq!(
            (&decision["seq"], &decision["prev"], &decision["hash"]),
            (&json!(seq), &json!(prev), &json!(hash)),
            "{place}"
        );
        decision.as_object_mut().expect("an object").remove("hash");
        let canonical = serde_json_canonicalizer::to_vec(&decision).expect("a canonical form");
        let digest: String = Sha256::digest(canonical)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, *hash, "{place}");
        let file = workspace.read(&format!("runs/{job}/gates/{stage}.{attempt}.json"));
        assert_eq!(file, *document, "{place}: the file is the row, byte for byte");
        let is_newest = rows
            .iter()
            .all(|row| (&row.1, &row.2) != (job, stage) || row.3 <= *attempt);
        if is_newest {
            assert_eq!(
                workspace.read(&format!("runs/{job}/gates/{stage}.json")),
                file,
                "{place}"
            );
        }
        assert_eq!(
            links.next(),
            Some(json!({"seq": seq, "hash": hash, "job_id": job})),
            "{place}"
        );
        prev.clone_from(hash);
    }
    assert_eq!(links.next(), None);
    rows.len()
}

/// A settled gate has one decision, which says the same; an open one has none.
fn assert_gates(workspace: &Workspace) {
    type Told = (String, String, Option<String>, u32, Option<u32>, Option<String>);
    let rows: Vec<Told> = workspace.rows(
        "SELECT g.job_id || ' / ' || g.stage || ' #' || g.attempt, g.state, g.settled_by,
                count(d.seq), max(d.document ->> 'approved'), max(d.document ->> 'by')
         FROM gate g LEFT JOIN decision d USING (job_id, stage, attempt) GROUP BY g.rowid",
        [],
    );
    for (place, state, settled_by, count, approved, by) in rows {
        let expected = match state.as_str() {
            "open" => (0, None),
            "approved" => (1, Some(1)),
            "rejected" => (1, Some(0)),
            "canceled" => (0, None),
            other => panic!("{place} is {other}"),
        };
        assert_eq!((count, approved), expected, "{place}");
        if state != "canceled" {
            assert_eq!(settled_by, by, "{place}");
        }
    }
}

/// The event file is the event rows, in order, and tells every decision once.
fn assert_events(workspace: &Workspace, job: &str) {
    let sql = "SELECT seq, type, message FROM event WHERE job_id = ?1 ORDER BY seq";
    let rows: Vec<(i64, String, String)> = workspace.rows(sql, [job]);
    let events = workspace.events(job);
    let told = events
        .iter()
        .map(|event| json!([event["seq"], event["type"], event["message"]]));
    assert_eq!(json!(told.collect::<Vec<_>>()), json!(rows), "{job}");
    let is_decision = |event: &&Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        ["gate_approved", "gate_rejected", "gate_auto_approved"].contains(&kind)
    };
    let gate = |event: &Value| format!("{}.{}", event["stage"], event["payload"]["attempt"]);
    let decisions: Vec<String> = events.iter().filter(is_decision).map(gate).collect();
    let once: BTreeSet<&String> = decisions.iter().collect();
    assert_eq!(
        once.len(),
        decisions.len(),
        "{job}: a decision is told once: {decisions:?}"
    );
    let count: Vec<(i64,)> = workspace.rows("SELECT count(*) FROM decision WHERE job_id = ?1", [job]);
    assert_eq!(i64::try_from(decisions.len()), Ok(count[0].0), "{job}");
}
