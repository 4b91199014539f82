//! Databases of every former schema are brought up, with all that is in them.

use super::*;
use crate::migrate::{SCHEMA_VERSION, migrate, take_steps};
use crate::sql::Connection;
use crate::{DATABASE_FILE, StoreErrorKind};
use domain::figures::RecordFilter;
use domain::group::GroupKey;
use domain::view::QueueRow;

/// The schema of that version as it was written then, whatever the steps say today.
fn schema(version: u32) -> String {
    let path = format!("{}/src/tests/schemas/{version}.sql", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("a new step needs the schema before it in {path}: {error}"))
}

/// What makes the tables and indexes, and the version.
fn shape(connection: &rusqlite::Connection) -> (Vec<String>, u32) {
    let mut statement = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let version = connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0));
    (rows.map(Result::unwrap).collect(), version.unwrap())
}

/// A file of that schema with the rows of another, as far as its columns go.
fn file_of(version: u32, rows: &House) -> TempDir {
    let dir = TempDir::new().unwrap();
    let connection = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    connection.execute_batch(&schema(version)).unwrap();
    let newest = rows.dir.path().join(DATABASE_FILE);
    connection
        .execute("ATTACH ?1 AS newest", [newest.to_str().unwrap()])
        .unwrap();
    for table in ["job", "attempt", "gate", "artifact", "event", "decision", "leader"] {
        let columns: String = connection
            .query_row(
                "SELECT group_concat(name, ', ') FROM pragma_table_info(?1, 'main')",
                [table],
                |row| row.get(0),
            )
            .unwrap();
        connection
            .execute_batch(&format!(
                "INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newest.{table}"
            ))
            .unwrap();
    }
    dir
}

/// A job with an open gate, and one that was decided.
fn rows() -> House {
    let mut house = House::with(["a", "b"]);
    let changes = decided(&gate("b", 1), "ana", Verdict::Approve, at(10)).unwrap();
    house.put("b", changes).unwrap();
    house
}

#[test]
fn every_former_schema_is_brought_up_with_its_rows() {
    let rows = rows();
    let newest = shape(rows.store.durable.sqlite());
    assert_eq!(newest.1, SCHEMA_VERSION);
    for version in 1..SCHEMA_VERSION {
        let dir = file_of(version, &rows);
        let refused = Reader::open(dir.path()).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("its schema is version {version};")),
            "{refused}"
        );
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(shape(store.durable.sqlite()), newest, "from {version}");
        let reader = Reader::open(dir.path()).unwrap();
        assert!(reader.integrity_faults().unwrap().is_empty(), "from {version}");
        let (decided, before) = (reader.job(&id("b")).unwrap().unwrap(), rows.rows("b"));
        assert_eq!(decided.job, before.job, "from {version}");
        assert_eq!(
            decided.decisions[0].to_file(),
            before.decisions[0].to_file(),
            "from {version}"
        );
        let mut open = reader.job(&id("a")).unwrap().unwrap().gates;
        let mut before = rows.rows("a").gates;
        assert_eq!(open.len(), 1);
        // Before schema 5 nobody noted what a timer's times are counted by.
        if version < 5 {
            for gate in open.iter_mut().chain(&mut before) {
                gate.timer.as_mut().unwrap().anchor = Anchor::default();
            }
        }
        assert_eq!(open, before, "from {version}");
    }
}

#[test]
fn each_step_makes_the_schema_that_was_kept_of_it() {
    for version in 1..SCHEMA_VERSION {
        let connection = Connection::Sqlite(rusqlite::Connection::open_in_memory().unwrap());
        take_steps(&connection, version).unwrap();
        let kept = rusqlite::Connection::open_in_memory().unwrap();
        kept.execute_batch(&schema(version)).unwrap();
        let (kept, numbered) = shape(&kept);
        // Steps 8 and 14 failed on a torn payload: they are mended, and the step 17 mends their work.
        let mended = kept.iter().map(|sql| {
            sql.replace(
                "payload ->> '$.kind' = 'hold'",
                "CASE WHEN json_valid(payload) THEN payload ->> '$.kind' END = 'hold'",
            )
        });
        let mended = (mended.collect(), numbered);
        assert_eq!(shape(connection.sqlite()), mended, "a step up to {version} was edited");
    }
}

#[test]
fn many_processes_may_bring_up_an_old_file_at_once() {
    let dir = file_of(1, &rows());
    let stores: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(dir.path()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for store in stores {
        assert_eq!(shape(store.unwrap().durable.sqlite()).1, SCHEMA_VERSION);
    }
}

#[test]
fn a_step_that_fails_leaves_the_file_at_its_version() {
    let dir = file_of(2, &rows());
    let path = dir.path().join(DATABASE_FILE);
    let before = rusqlite::Connection::open(&path).unwrap();
    // The fourth step finds its table made by somebody else.
    before.execute_batch("CREATE TABLE webhook (name TEXT)").unwrap();
    let shape_before = shape(&before);
    let error = Store::open(dir.path()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Other);
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot prepare {}: ", path.display())),
        "{error}"
    );
    assert_eq!(shape(&before), shape_before);
}

#[test]
fn a_lease_from_before_holds_were_known_stops_its_timer_from_its_own_beginning() {
    let connection = Connection::Sqlite(rusqlite::Connection::open_in_memory().unwrap());
    take_steps(&connection, 1).unwrap();
    let lease = serde_json::to_string(&lease()).unwrap();
    connection
        .sqlite()
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO gate (job_id, stage, attempt, state, opened_at, on_timeout, deadline, added_us, max_hold_s, added_lines,
               removed_lines, files, is_new, is_binary, is_seen, lease, policy, artifacts, seen)
             VALUES ('j', 'script', 1, 'open', 0, 'approve', 9, 0, 9, 0, 0, 0, 0, 0, 0, '{lease}', '', '', '')"
        ))
        .unwrap();
    migrate(&connection).unwrap();
    let (stopped_at, hold): (i64, Option<String>) = connection
        .sqlite()
        .query_row("SELECT stopped_at, hold FROM gate", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    // SQLite reads times to the millisecond, and rounds.
    assert!(
        (stopped_at - super::lease().taken_at.micros()).abs() <= 1000,
        "{stopped_at}"
    );
    assert_eq!(hold, None);
}

#[test]
fn a_torn_decision_keeps_nobody_from_bringing_the_file_up() {
    let dir = file_of(13, &rows());
    let old = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    old.execute("UPDATE decision SET document = 'torn'", []).unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(shape(store.durable.sqlite()).1, SCHEMA_VERSION);
}

#[test]
fn a_torn_hold_keeps_nobody_from_bringing_the_file_up() {
    let mut rows = rows();
    rows.put("a", vec![hold(1)]).unwrap();
    // Between 8 and 16 a hold that was torn could not be written: the index would not have it.
    let dir = file_of(7, &rows);
    let old = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    let torn = old.execute(
        "UPDATE event SET payload = '{\"kind\": \"ho' WHERE type = 'gate_held'",
        [],
    );
    assert_eq!(torn, Ok(1));
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(shape(store.durable.sqlite()), shape(rows.store.durable.sqlite()));
    let reader = Reader::open(dir.path()).unwrap();
    assert!(reader.integrity_faults().unwrap().is_empty());
    assert!(reader.holds(&RecordFilter::default(), 0, 9).unwrap().is_empty());
}

#[test]
fn what_no_step_can_make_of_a_live_gate_is_made_of_its_row() {
    let mut rows = House::with(["a", "b"]);
    let open = gate("a", 1);
    let seen = domain::decision::Seen {
        by: "bea".to_owned(),
        at: at(4),
        digest: open.digest(),
        hunks: None,
        hunks_shown: None,
        artifacts: Vec::new(),
    };
    let open = Gate {
        seen: vec![seen],
        context: context(),
        ..open
    };
    rows.put_one("a", puts(open.clone())).unwrap();
    let dir = file_of(14, &rows);
    let old = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    old.execute("UPDATE gate SET artifacts = 'torn' WHERE job_id = 'b'", [])
        .unwrap();
    Store::open(dir.path()).unwrap();
    let mut queue = Reader::open(dir.path()).unwrap().queue().unwrap();
    queue.sort_by(|a, b| a.job_id.cmp(&b.job_id));
    let derived = |row: &QueueRow| (row.group.as_deref().copied(), row.context_digest.as_deref().copied());
    assert_eq!(derived(&queue[0]), (GroupKey::of(&open), Some(open.context.digest())));
    assert!(queue[0].is_wholly_seen && open.context.digest() != GateContext::default().digest());
    // What cannot be read keeps nobody out.
    assert_eq!(derived(&queue[1]), (None, None));
    assert!(!queue[1].is_wholly_seen);
}
