//! What the old system left is read unharmed: no byte and no time of it changes, whatever is done
//! beside it.

use super::story;
use crate::support::old::files;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_starts};

const OLD_JOB: &str = "e2d2a4a7-f54f-4901-b9de-7b576c90a2ab";

const OLD_DECISION: &str = "{\n  \"stage\": \"script\",\n  \"approved\": false,\n  \"by\": \"admin\",\n  \"at\": \"2025-08-15T03:45:31.029652+00:00\",\n  \"notes\": \"again – shorter\",\n  \"patch\": null,\n  \"auto_approved\": false\n}";

/// A run directory as the old system wrote one, and its database beside.
fn left(workspace: &Workspace) {
    let run = format!("runs/{OLD_JOB}");
    workspace.write(&format!("{run}/gates/script.json"), OLD_DECISION);
    workspace.write(
        &format!("{run}/state.json"),
        "{\n  \"id\": \"e2d2a4a7-f54f-4901-b9de-7b576c90a2ab\",\n  \"slug\": \"tides\",\n  \"status\": \"running\",\n  \"stage\": \"script\",\n  \"gates\": [],\n  \"artifacts\": []\n}",
    );
    workspace.write(
        &format!("{run}/events.jsonl"),
        "{\"ts\": \"2025-08-14T16:24:49.424250+00:00\", \"type\": \"gate_decision\", \"stage\": null, \"status\": null, \"message\": \"m\", \"payload\": {}}\n",
    );
    let database = rusqlite::Connection::open(workspace.root().join("jobs.db")).unwrap();
    database
        .execute_batch("CREATE TABLE jobs (id TEXT PRIMARY KEY); INSERT INTO jobs VALUES ('old')")
        .unwrap();
}

#[test]
fn old_records_are_left_as_they_are() {
    let workspace = Workspace::new(story::PIPELINE);
    left(&workspace);
    let directory = workspace.run_directory(OLD_JOB);
    let database = || {
        std::fs::metadata(workspace.root().join("jobs.db"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let (before, database_before) = (files(&directory), database());
    // They are no reason to believe that a database is lost.
    workspace.ok("job list");
    workspace.ok("job start --slug tides --id j-17");
    workspace.ok("gate approve j-17 outline");
    for args in [
        &["job", "start", "--slug", "tides", "--id", OLD_JOB][..],
        &[
            "gate",
            "open",
            OLD_JOB,
            "script",
            "--artifact",
            "script=conf/operator.yaml",
        ],
    ] {
        let said = workspace.refused(args, 1);
        assert_contains(
            &said,
            &format!("{OLD_JOB} is an old record: it is read and never written"),
        );
    }
    let said = workspace.refused(&format!("gate approve {OLD_JOB} script"), 1);
    assert_contains(&said, &format!("{OLD_JOB} is an old record"));
    for args in [&["decisions", "verify"][..], &["doctor"], &["doctor", "--repair"]] {
        let said = workspace.ok(args);
        assert_contains(&said, &format!("note: {OLD_JOB} is an old record"));
        assert_contains(&said, "Sound: 1 decision, ");
    }
    workspace.lose_database();
    let said = workspace.ok("doctor --rebuild");
    assert_starts(&said, "runs/holdpoint.db made again: 1 job, ");
    assert_eq!(files(&directory), before);
    assert_eq!(database(), database_before);
}
