//! A job that failed stays on the screen of every console until somebody notes it.

use std::fs;

use rusqlite::Connection;

use super::desk::Desk;
use crate::support::beside::{Beside, wait_for};
use crate::support::run::Workspace;

/// A stage that fails as long as there is no file `works`.
const FRAGILE: &str = "\
pipeline:
  stages:
    - {name: script, command: [/bin/sh, -c, test -e ../../works]}
    - {name: release}
gates:
  script: {required: true}
  release: {required: true}
";

fn fails(workspace: &Workspace, id: &str) {
    workspace.ok(&format!("job start --id {id} --slug tides"));
    wait_for(workspace, id, "job_failed", 0);
}

#[test]
fn a_failed_job_stays_until_somebody_notes_it_and_then_leaves_every_console() {
    let workspace = Workspace::new(FRAGILE);
    let desk = Desk::leading(&workspace);
    fails(&workspace, "j-1");
    desk.sees("d notes it");
    // Nobody has noted it: it is there after the next start too, for everybody.
    desk.leaves();
    let mut desk = Desk::leading(&workspace);
    let other = Desk::open(&workspace);
    other.sees("failed");
    desk.sees(">j-1 tides");
    desk.sees("d notes it");
    desk.sees_after("d", "Noted that it failed: j-1 tides");
    desk.sees("Nothing waits for you");
    other.sees("Nothing waits for you");
    desk.leaves();
    other.leaves();
    let desk = Desk::leading(&workspace);
    desk.sees("Nothing waits for you");
    desk.leaves();
    let noted = workspace.events("j-1").pop().expect("it has events");
    assert_eq!(noted["type"], "job_acknowledged", "{noted}");
}

/// The database as the schema before acknowledging left it, with everything that is in it now.
fn back_to_schema_6(workspace: &Workspace) {
    let schema = format!("{}/crates/store/src/tests/schemas/6.sql", env!("CARGO_MANIFEST_DIR"));
    let schema = fs::read_to_string(schema).expect("it is kept");
    let (now, old) = (workspace.runs().join("holdpoint.db"), workspace.root().join("old.db"));
    let connection = Connection::open(&old).expect("it can be made");
    connection.execute_batch(&schema).expect("it was a schema");
    connection
        .execute("ATTACH ?1 AS now", [now.to_str().expect("a path of ours")])
        .expect("it is there");
    let tables: Vec<(String, String)> = connection
        .prepare(
            "SELECT name, (SELECT group_concat(name, ', ') FROM pragma_table_info(sqlite_schema.name, 'main'))
             FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
        .and_then(|mut listed| listed.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .expect("its tables can be listed");
    assert!(tables.iter().any(|(name, _)| name == "job"), "{tables:?}");
    for (table, columns) in tables {
        connection
            .execute_batch(&format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}"
            ))
            .expect("every column of then is there now");
    }
    connection.execute_batch("DETACH now").expect("nobody uses it");
    drop(connection);
    for beside in ["-wal", "-shm"] {
        let _ = fs::remove_file(workspace.runs().join(format!("holdpoint.db{beside}")));
    }
    fs::rename(old, now).expect("it is put in its place");
}

#[test]
fn what_failed_before_it_was_counted_is_history_and_all_else_is_as_it_was() {
    let workspace = Workspace::new(FRAGILE);
    let leader = Beside::leader(&workspace);
    fails(&workspace, "j-1");
    workspace.write("works", "");
    workspace.ok("job start --id j-2 --slug dunes");
    wait_for(&workspace, "j-2", "gate_opened", 0);
    workspace.ok("gate approve j-2 script");
    leader.leaves();
    let told = || {
        let mut job = workspace.json("job show j-2");
        for gate in job["gates"].as_array_mut().expect("a list") {
            gate["time_elapsed"].take();
        }
        (job, workspace.json("decisions list"))
    };
    let before = told();
    back_to_schema_6(&workspace);

    let mut desk = Desk::leading(&workspace);
    desk.selects("j-2", "release", 1);
    assert!(!desk.pty.screen_text().contains("j-1"), "{}", desk.pty.screen_text());
    let version = workspace.number("SELECT user_version FROM pragma_user_version");
    assert_eq!(version, i64::from(store::SCHEMA_VERSION));
    assert_eq!(told(), before);
    let failed = workspace.json("job show j-1");
    assert_eq!(failed["status"], "failed");
    assert!(failed["acknowledged_at"].is_string(), "{failed}");
    // From now on it counts.
    fs::remove_file(workspace.root().join("works")).expect("it is there");
    fails(&workspace, "j-3");
    desk.press(&format!("/ {}Enter", "Backspace ".repeat(30)));
    desk.sees("j-3 tides");
    workspace.ok("job acknowledge j-3");
    desk.pty.wait_gone("j-3 tides  ");
    desk.leaves();
    workspace.ok("decisions verify");
    workspace.ok("doctor");
}
