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
    let database = workspace.database();
    let mut statement = database
        .prepare("SELECT seq, job_id, stage, attempt, hash, document FROM decision ORDER BY seq")
        .expect("the table is there");
    let rows: Vec<(i64, String, String, u32, String, String)> = statement
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })
        .and_then(Iterator::collect)
        .expect("the rows can be read");
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
    let database = workspace.database();
    let mut statement = database
        .prepare(
            "SELECT g.job_id || ' / ' || g.stage || ' #' || g.attempt, g.state, g.settled_by,
                    count(d.seq), max(d.document ->> 'approved'), max(d.document ->> 'by')
             FROM gate g LEFT JOIN decision d USING (job_id, stage, attempt) GROUP BY g.rowid",
        )
        .expect("the tables are there");
    let mut rows = statement.query([]).expect("the rows can be read");
    while let Some(row) = rows.next().expect("the rows can be read") {
        let place: String = row.get(0).expect("text");
        let state: String = row.get(1).expect("text");
        let settled_by: Option<String> = row.get(2).expect("text or null");
        let (count, approved): (u32, Option<u32>) = (row.get(3).expect("a count"), row.get(4).expect("a flag"));
        let by: Option<String> = row.get(5).expect("text or null");
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
    let database = workspace.database();
    let mut statement = database
        .prepare("SELECT seq, type, message FROM event WHERE job_id = ?1 ORDER BY seq")
        .expect("the table is there");
    let rows: Vec<Value> = statement
        .query_map([job], |row| {
            let (seq, kind, message): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(json!([seq, kind, message]))
        })
        .and_then(Iterator::collect)
        .expect("the rows can be read");
    let events = workspace.events(job);
    let told: Vec<Value> = events
        .iter()
        .map(|event| json!([event["seq"], event["type"], event["message"]]))
        .collect();
    assert_eq!(told, rows, "{job}");
    let decisions: Vec<String> = events
        .iter()
        .filter(|event| {
            ["gate_approved", "gate_rejected", "gate_auto_approved"].contains(&event["type"].as_str().unwrap_or(""))
        })
        .map(|event| format!("{}.{}", event["stage"], event["payload"]["attempt"]))
        .collect();
    let once: BTreeSet<&String> = decisions.iter().collect();
    assert_eq!(
        once.len(),
        decisions.len(),
        "{job}: a decision is told once: {decisions:?}"
    );
    let count: i64 = database
        .query_row("SELECT count(*) FROM decision WHERE job_id = ?1", [job], |row| {
            row.get(0)
        })
        .expect("a count");
    assert_eq!(i64::try_from(decisions.len()), Ok(count), "{job}");
}
