//! An old database and old run directories as history: listed and shown, never acted on, never
//! written, never in the way.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::story;
use crate::support::old::{self, DECIDED, ORPHAN, UNDECIDED};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, each};

/// A workspace with an old database beside the runs directory, and an orphan in it.
fn left() -> Workspace {
    let workspace = Workspace::new(story::PIPELINE);
    old::database(&workspace.root().join("jobs.db"));
    old::orphan(&workspace);
    workspace
}

fn ids(jobs: &Value) -> Vec<Value> {
    each(jobs, "id")
}

/// The files in the working directory itself.
fn beside(workspace: &Workspace) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(workspace.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn history_is_listed_and_shown_and_its_files_stay_as_they_are() {
    let workspace = left();
    let (before, names) = (old::files(workspace.root()), beside(&workspace));
    // Looking makes nothing, not even a database of ours.
    assert_eq!(ids(&workspace.json("job list")), [UNDECIDED, ORPHAN, DECIDED]);
    assert_eq!(workspace.json(&format!("job show {DECIDED}"))["slug"], "tides");
    assert_eq!(old::files(workspace.root()), before);
    assert_eq!(beside(&workspace), names);

    workspace.ok("job start --slug tides --id j-17");
    workspace.ok("gate approve j-17 outline");
    let jobs = workspace.json("job list");
    assert_eq!(ids(&jobs), ["j-17", UNDECIDED, ORPHAN, DECIDED]);
    assert_eq!(jobs[0].get("old_record"), None);
    assert_has!(jobs[3], "old_record": true, "status": "paused", "cfg/brief/tone": "calm");
    assert_has!(jobs[3], "created_at": "2025-08-14T16:00:00.000001+00:00");
    assert_eq!(
        jobs[3]["artifacts"][0],
        json!({"stage": "script", "kind": "script", "path": "scripts/tides.txt", "meta": {"words": 850},
               "created_at": "2025-08-15T03:40:00.000000+00:00", "size_bytes": null, "checksum": null})
    );
    let gates = jobs[3]["gates"].as_array().unwrap();
    assert_has!(gates[0], "stage": "outline", "state": "approved", "by": "timer", "auto_approved": true);
    assert_has!(gates[1], "stage": "script", "state": "rejected", "by": "admin", "auto_approved": false);
    assert_eq!(gates[1]["patch"]["type"], "text_replace");
    assert_eq!(
        (&jobs[1]["gates"][0]["state"], &jobs[1]["gates"][0]["approved"]),
        (&json!("open"), &json!(null)),
        "the job was left waiting there, and nobody canceled anything"
    );
    assert_eq!(ids(&workspace.json("job list --limit 2")), ["j-17", UNDECIDED]);
    assert_eq!(ids(&workspace.json("job list --status paused")), [DECIDED]);
    assert_contains(&workspace.ok("job list"), "paused, old record");
    assert_contains(&workspace.ok(&format!("job show {ORPHAN}")), "Audit test approval");

    // No gate of theirs waits for anybody.
    let gates = workspace.json("gate list --all");
    assert!(gates.as_array().unwrap().iter().all(|gate| gate["job_id"] == "j-17"));
    let decisions = workspace.json("decisions list");
    let decisions = decisions.as_array().unwrap();
    assert_eq!(decisions.len(), 4);
    assert_has!(decisions[0], "job_id": DECIDED, "stage": "outline", "old_record": true);
    assert_has!(decisions[3], "job_id": "j-17", "stage": "outline", "old_record": null);
    assert_eq!(workspace.count(&format!("decisions list {DECIDED}")), 2);
    let shown = workspace.json(&format!("decisions show {DECIDED} script"));
    assert_has!(shown, "notes": "again – shorter", "approved": false);
    workspace.run(&format!("decisions show {DECIDED} audio"), 6);
    let events = workspace.json_lines(&format!("events {DECIDED}"));
    assert_eq!(
        (events.len(), &events[1]["type"], &events[1]["status"]),
        (2, &json!("gate_decision"), &Value::Null)
    );
    assert_eq!(workspace.json_lines(&format!("events {DECIDED} --since 1")).len(), 1);
    assert_eq!(workspace.json_lines(&format!("events {ORPHAN} --follow")).len(), 1);

    let now = old::files(workspace.root());
    for file in &before {
        assert!(now.contains(file), "{} is as it was", file.0);
    }
    assert_eq!(beside(&workspace), names, "and nothing lies beside it");
}

#[test]
fn an_old_database_is_read_before_there_is_a_runs_directory() {
    let workspace = Workspace::new(story::PIPELINE);
    old::database(&workspace.root().join("jobs.db"));
    let names = beside(&workspace);
    assert_eq!(ids(&workspace.json("job list")), [UNDECIDED, DECIDED]);
    assert_eq!(workspace.json(&format!("job show {DECIDED}"))["slug"], "tides");
    assert_eq!(workspace.json_lines(&format!("events {DECIDED}")).len(), 2);
    let refused = workspace
        .cmd(&["gate", "approve", UNDECIDED, "outline"])
        .output()
        .unwrap();
    let words = String::from_utf8(refused.stderr).unwrap();
    assert_contains(&words, "but that of an old database: it is read and never written");
    assert_eq!(beside(&workspace), names, "looking makes nothing");
}

#[test]
fn nothing_is_done_to_an_old_record() {
    let workspace = left();
    workspace.ok("job start --slug tides --id j-17");
    let (before, head) = (old::files(workspace.root()), workspace.json("decisions head"));
    let attempts: [&[&str]; 14] = [
        &["gate", "approve", DECIDED, "script"],
        &["gate", "reject", UNDECIDED, "outline"],
        &["gate", "approve", ORPHAN, "outline"],
        &["gate", "hold", UNDECIDED, "outline"],
        &["gate", "release", UNDECIDED, "outline"],
        &["gate", "extend", UNDECIDED, "outline", "60"],
        &["gate", "wait", UNDECIDED, "outline", "--timeout", "0"],
        &["gate", "show", UNDECIDED, "outline"],
        &["gate", "diff", UNDECIDED, "outline"],
        &[
            "gate",
            "open",
            UNDECIDED,
            "script",
            "--artifact",
            "script=conf/operator.yaml",
        ],
        &["job", "start", "--slug", "tides", "--id", DECIDED],
        &["job", "resume", DECIDED],
        &["job", "cancel", UNDECIDED],
        &["patch", "undo", DECIDED, "script"],
    ];
    for args in attempts {
        let said = workspace.refused(args, 1);
        assert!(
            said.contains(" is an old record: it is read and never written"),
            "{args:?}: {said}"
        );
    }
    for id in [DECIDED, UNDECIDED, ORPHAN] {
        workspace.run(&format!("job watch {id}"), 1);
        assert_eq!(
            workspace.run_directory(id).exists(),
            id == ORPHAN,
            "no directory was made for {id}"
        );
    }
    assert_eq!(workspace.json("decisions head"), head);
    for file in before
        .iter()
        .filter(|file| !file.0.contains("holdpoint.db") && !file.0.contains("/."))
    {
        assert!(old::files(workspace.root()).contains(file), "{} is as it was", file.0);
    }
}

#[test]
fn a_job_that_is_ours_is_never_history() {
    let workspace = left();
    workspace.ok("job start --slug tides --id j-17");
    let database = Connection::open(workspace.root().join("jobs.db")).unwrap();
    let taken = "INSERT INTO jobs VALUES ('j-17', 'other', '', 'paused', 'script', '{}', '2025-08-14', '2025-08-14')";
    database.execute_batch(taken).unwrap();
    drop(database);
    let jobs = workspace.json("job list");
    assert_eq!(ids(&jobs), ["j-17", UNDECIDED, ORPHAN, DECIDED]);
    assert_eq!(jobs[0]["slug"], "tides");
    workspace.ok("gate approve j-17 outline");
}

#[test]
fn the_database_that_the_old_configuration_names_is_found_once() {
    let named = format!(
        "{}storage: {{db_path: 'sqlite:///data/old jobs?.db?mode=rw'}}\n",
        story::PIPELINE
    );
    let workspace = Workspace::new(&named.replace("?.db", ".db"));
    workspace.write("data/.keep", "");
    old::database(&workspace.root().join("data/old jobs.db"));
    assert_eq!(ids(&workspace.json("job list")), [UNDECIDED, DECIDED]);
    // The same file by two names is one database.
    std::fs::hard_link(
        workspace.root().join("data/old jobs.db"),
        workspace.root().join("jobs.db"),
    )
    .unwrap();
    assert_eq!(ids(&workspace.json("job list")), [UNDECIDED, DECIDED]);
    let said = workspace.ok("config check");
    assert_contains(&said, "storage.db_path");
    // Our own database named as the old one is not read as one.
    let own = Workspace::new(&format!("{}storage: {{db_path: runs/holdpoint.db}}\n", story::PIPELINE));
    own.ok("job start --slug tides --id j-17");
    assert_eq!(ids(&own.json("job list")), ["j-17"]);
    assert!(!own.ok("doctor").contains("old database"));
}

#[test]
fn an_earlier_version_of_the_old_database_is_read_as_far_as_it_goes() {
    let workspace = Workspace::new(story::PIPELINE);
    let database = Connection::open(workspace.root().join("jobs.db")).unwrap();
    database
        .execute_batch(
            "CREATE TABLE jobs (id TEXT PRIMARY KEY, status, created_at);
             CREATE TABLE gates (job_id TEXT, stage TEXT, approved BOOLEAN);
             INSERT INTO jobs VALUES ('j-1', 'no such word', 'yesterday'), ('../../etc', 'running', NULL), (x'00ff', NULL, NULL);
             INSERT INTO gates VALUES ('j-1', 'script', 1), ('j-1', 'Not A Stage', 1), ('j-1', 'audio', 'maybe'), (NULL, NULL, NULL);",
        )
        .unwrap();
    drop(database);
    let jobs = workspace.json("job list");
    assert_eq!(ids(&jobs), ["j-1"]);
    assert_eq!(each(&jobs[0]["gates"], "state"), ["approved", "not_reached"]);
}

/// What is said when the old database is `bytes`, or whatever `make` puts in its place.
#[track_caller]
fn in_the_way(make: impl FnOnce(&Path), words: &str) {
    let workspace = left();
    let path = workspace.root().join("jobs.db");
    std::fs::remove_file(&path).unwrap();
    make(&path);
    let names = beside(&workspace);
    let (listed, said) = workspace.run("job list", 0);
    assert_eq!(said.matches("Old jobs are not listed: ").count(), 1, "{said}");
    assert_contains(&said, words);
    assert!(listed.contains(ORPHAN), "what can be read is listed: {listed}");
    workspace.ok("job start --slug tides --id j-17");
    workspace.ok("gate approve j-17 outline");
    let told = workspace.ok("doctor");
    assert_eq!(told.matches("note: old jobs are not listed: ").count(), 1, "{told}");
    assert_eq!(beside(&workspace), names);
}

#[test]
fn an_old_database_that_cannot_be_read_is_named_once_and_in_nobodys_way() {
    let write = |bytes: Vec<u8>| {
        move |path: &Path| std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), &bytes).unwrap()
    };
    in_the_way(
        write(b"nonsense, and more than sixteen bytes of it".to_vec()),
        "it is not a database",
    );
    in_the_way(write(Vec::new()), "no database of the old system");
    in_the_way(|path| std::fs::create_dir(path).unwrap(), "it is not a regular file");
    in_the_way(
        |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
        "it is not a regular file",
    );
    in_the_way(
        |path| {
            Connection::open(path)
                .unwrap()
                .execute_batch("CREATE TABLE other (x)")
                .unwrap()
        },
        "no database of the old system",
    );
    // A view can be made to run for ever.
    let view =
        "CREATE VIEW jobs AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id FROM n";
    in_the_way(
        |path| Connection::open(path).unwrap().execute_batch(view).unwrap(),
        "no database of the old system",
    );
    let torn = |path: &Path| {
        old::database(path);
        old::many(path, 500);
        let length = std::fs::metadata(path).unwrap().len();
        std::fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(length / 2)
            .unwrap();
    };
    in_the_way(torn, "damaged");
}

#[test]
fn a_write_ahead_log_is_neither_made_nor_put_in() {
    let workspace = left();
    let path = workspace.root().join("jobs.db");
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update(None, "journal_mode", "WAL").unwrap();
    writer
        .execute_batch("UPDATE jobs SET slug = 'ebb' WHERE slug = 'tides'")
        .unwrap();
    // Its own program has it open: what lies in the log is not told, and nothing is put in.
    let before = old::files(workspace.root());
    let said = workspace.refused("job list", 0);
    assert_contains(&said, "changes still lie in the file -wal beside it");
    assert_eq!(old::files(workspace.root()), before);
    // It was closed properly: the file still says that it has a log, and none is made.
    drop(writer);
    let names = beside(&workspace);
    assert_eq!(names, ["conf", "jobs.db", "runs"]);
    let before = old::files(workspace.root());
    assert_eq!(workspace.json(&format!("job show {DECIDED}"))["slug"], "ebb");
    assert_eq!(beside(&workspace), names);
    assert_eq!(old::files(workspace.root()), before);
}

#[test]
fn another_program_may_be_writing_it() {
    let workspace = left();
    let writer = Connection::open(workspace.root().join("jobs.db")).unwrap();
    writer
        .execute_batch("BEGIN IMMEDIATE; UPDATE jobs SET slug = 'ebb' WHERE slug = 'tides'")
        .unwrap();
    assert_eq!(
        workspace.json(&format!("job show {DECIDED}"))["slug"],
        "tides",
        "what is committed"
    );
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(workspace.json(&format!("job show {DECIDED}"))["slug"], "ebb");
}

#[test]
fn ten_thousand_old_jobs_are_paged() {
    let workspace = left();
    old::many(&workspace.root().join("jobs.db"), 10_000);
    let jobs = workspace.json("job list");
    assert_eq!(jobs.as_array().unwrap().len(), 100);
    assert_eq!(ids(&jobs)[..4], [UNDECIDED, ORPHAN, DECIDED, "old-009999"]);
    assert_eq!(jobs[3]["gates"].as_array().unwrap().len(), 2);
    let all = workspace.json("job list --limit 20000");
    assert_eq!(all.as_array().unwrap().len(), 10_003);
    assert_eq!(workspace.count("decisions list"), 20_003);
    workspace.ok("job start --slug tides --id j-17");
}
