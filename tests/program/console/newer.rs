//! A newer holdpoint has brought the database up: this one reads, says so, and decides nothing
//! (SPEC §9).

use std::path::Path;

use super::desk::{Desk, RELEASE};
use crate::support::beside::{Beside, Stream, job_at_gate};
use crate::support::run::Workspace;
use crate::support::said::assert_contains;

const OLDER: &str = "this holdpoint is older than the database (schema 99, this one knows";

/// What a newer holdpoint would do: a column more, and the version.
fn bring_up(database: &Path) {
    let connection = rusqlite::Connection::open(database).expect("the database opens");
    connection
        .execute_batch("ALTER TABLE gate ADD COLUMN of_the_future TEXT; PRAGMA user_version = 99")
        .expect("the schema changes");
}

fn at_gate() -> Workspace {
    let workspace = Workspace::new(RELEASE);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    workspace
}

#[test]
fn commands_that_look_still_do_and_what_would_change_something_is_refused() {
    let workspace = at_gate();
    bring_up(&workspace.runs().join("holdpoint.db"));
    for looking in [
        &["gate", "list"][..],
        &["job", "list"],
        &["job", "show", "j-1"],
        &["gate", "show", "j-1", "release"],
        &["events", "j-1"],
        &["decisions", "list"],
    ] {
        let (stdout, stderr) = workspace.run(looking, 0);
        assert!(stderr.contains(OLDER), "{looking:?}: {stderr}");
        assert!(
            looking[0] == "decisions" || !stdout.is_empty(),
            "{looking:?} shows nothing"
        );
    }
    for changing in [
        &["gate", "approve", "j-1", "release"][..],
        &["gate", "reject", "j-1", "release"],
        &["gate", "hold", "j-1", "release"],
        &["job", "cancel", "j-1"],
        &["job", "start", "--slug", "dunes"],
        &["serve", "--no-http"],
    ] {
        let stderr = workspace.refused(changing, 1);
        assert!(stderr.contains(OLDER), "{changing:?}: {stderr}");
    }
    assert_eq!(workspace.number("SELECT count(*) FROM decision"), 0);
}

#[test]
fn a_console_reads_a_newer_database_and_every_deciding_key_is_refused() {
    let workspace = at_gate();
    bring_up(&workspace.runs().join("holdpoint.db"));
    let mut desk = Desk::open(&workspace);
    desk.sees("READ ONLY");
    desk.sees("read-only: this holdpoint is older than the database");
    desk.selects("j-1", "release", 1);
    // One after the other: four letters at once would be a pasted text.
    for (key, what) in [
        ("a", "Not approved"),
        ("r", "Not rejected"),
        ("e", "Not edited"),
        ("t", "Not held"),
    ] {
        desk.press(key);
        desk.sees(&format!("{what}: this console only reads"));
    }
    desk.leaves();
}

#[test]
fn who_runs_while_the_database_is_brought_up_reads_from_then_on() {
    let workspace = Workspace::new(RELEASE);
    let mut serve = Beside::start(&workspace, "serve --no-http", Stream::Stderr);
    serve.line_with("this process leads");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    let mut desk = Desk::open(&workspace);
    desk.reads("j-1", "release", 1, "Nothing is attached");
    desk.sees_after("a", "APPROVE j-1 tides / release #1");
    bring_up(&workspace.runs().join("holdpoint.db"));
    // Refused in the transaction itself, whether or not anybody has noticed.
    desk.confirms("read-only: this holdpoint is older than the database");
    desk.sees("READ ONLY");
    let (status, said) = serve.finish();
    assert_eq!(status.code(), Some(1), "{said}");
    assert_contains(&said, OLDER);
    desk.backs_out("[Esc] back");
    desk.sees_after("a", "this console only reads");
    desk.press("q");
    desk.pty.wait_exit();
    assert_eq!(workspace.number("SELECT count(*) FROM decision"), 0);
}
