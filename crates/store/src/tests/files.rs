//! The file itself: made private, refused when it is not ours, read only when it is newer.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::{DATABASE_FILE, SCHEMA_VERSION, StoreErrorKind};

#[test]
fn the_database_is_private_durable_and_of_the_newest_schema() {
    let house = House::with(["a"]);
    for file in [DATABASE_FILE, "holdpoint.db-wal", "holdpoint.db-shm"] {
        let mode = std::fs::metadata(house.dir.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let names: Vec<_> = std::fs::read_dir(house.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "no draft is left over: {names:?}");
    let pragma = |connection: &rusqlite::Connection, name: &str| -> String {
        connection
            .query_row(&format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"), [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    assert_eq!(pragma(house.store.durable.sqlite(), "journal_mode"), "wal");
    assert_eq!(pragma(house.store.durable.sqlite(), "synchronous"), "2");
    assert_eq!(pragma(house.store.relaxed.sqlite(), "synchronous"), "1");
    assert_eq!(pragma(house.store.durable.sqlite(), "foreign_keys"), "1");
    assert_eq!(
        pragma(house.store.durable.sqlite(), "user_version"),
        SCHEMA_VERSION.to_string()
    );
    assert!(house.reader().integrity_faults().unwrap().is_empty());
}

#[test]
fn many_processes_may_open_a_new_directory_at_once() {
    let dir = TempDir::new().unwrap();
    let stores: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(dir.path()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (index, store) in stores.into_iter().enumerate() {
        let name = format!("j-{index}");
        let entry = Batched::new(id(&name), name);
        let mut store = store.unwrap();
        let answers = store
            .commit(&[entry], at(3), &mut |_, _, name| Ok(started(name)))
            .unwrap();
        assert!(answers[0].is_ok());
    }
    assert_eq!(
        Reader::open(dir.path()).unwrap().queue().unwrap().len(),
        8,
        "it is one database"
    );
}

#[test]
fn what_is_no_database_is_refused_and_not_touched() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join(DATABASE_FILE);
    let text = SCRIPT.repeat(100);
    foreign_file(&file, text.as_bytes());
    for error in [
        Store::open(dir.path()).unwrap_err(),
        Reader::open(dir.path()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        assert_eq!(
            error.to_string(),
            format!("cannot open {}: it is not a database", file.display())
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), text.as_bytes());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_database_of_another_program_is_refused_and_not_touched() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join(DATABASE_FILE);
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE jobs (id TEXT); PRAGMA user_version = 7")
        .unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(
        error.to_string().ends_with("it is a database of another program"),
        "{error}"
    );
    assert!(Reader::open(dir.path()).is_err());
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_newer_database_can_be_read_and_not_changed() {
    let house = House::with(["a"]);
    house
        .store
        .durable
        .sqlite()
        .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
        .unwrap();
    let error = Store::open(house.dir.path()).unwrap_err();
    let (found, known) = (SCHEMA_VERSION + 1, SCHEMA_VERSION);
    assert_eq!(error.kind(), StoreErrorKind::Newer { found, known });
    let reader = house.reader();
    assert_eq!(reader.newer_version().unwrap(), Some(found));
    assert!(reader.job(&id("a")).unwrap().is_some());
}

#[test]
fn a_missing_directory_or_database_is_missing() {
    let dir = TempDir::new().unwrap();
    let nowhere = dir.path().join("nowhere");
    assert_eq!(Store::open(&nowhere).unwrap_err().kind(), StoreErrorKind::Missing);
    assert_eq!(Reader::open(dir.path()).unwrap_err().kind(), StoreErrorKind::Missing);
    assert!(!nowhere.exists());
}

#[test]
fn an_edited_row_is_named_and_hinders_no_other() {
    let mut house = House::with(["a", "b", "c"]);
    let edits = [
        (
            "UPDATE gate SET stage = '../x' WHERE job_id = 'a'",
            "table gate, row a / ../x / 1: stage: ",
        ),
        (
            "UPDATE gate SET policy = '{' WHERE job_id = 'a'",
            "table gate, row a / script / 1: policy: ",
        ),
        (
            "UPDATE gate SET state = 'perhaps', settled_at = 1, settled_by = '' WHERE job_id = 'a'",
            "table gate, row a / script / 1: state: \"perhaps\" is not one of its words",
        ),
        (
            "UPDATE gate SET attempt = -1 WHERE job_id = 'a'",
            "table gate, row a / script / -1: attempt: ",
        ),
        (
            "UPDATE job SET status = 'lost' WHERE id = 'a'",
            "table job, row a: status: \"lost\" is not one of its words",
        ),
        (
            "UPDATE job SET params = '[]' WHERE id = 'a'",
            "table job, row a: params: ",
        ),
        (
            "UPDATE artifact SET digest = 'abc' WHERE job_id = 'a'",
            "table artifact, row a / artifacts/script/script.txt: digest: ",
        ),
        (
            "UPDATE artifact SET path = '/etc/passwd' WHERE job_id = 'a'",
            "table artifact, row a / /etc/passwd: path: ",
        ),
    ];
    for (edit, expected) in edits {
        let (table, key) = match edit.split_whitespace().nth(1).unwrap() {
            "job" => ("job", "id"),
            other => (other, "job_id"),
        };
        house.edit_batch(&format!(
            "CREATE TABLE saved AS SELECT rowid AS at, * FROM {table} WHERE {key} = 'a'"
        ));
        house.edit(edit);
        let error = house.reader().job(&id("a")).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{edit}: {error}");
        assert!(error.to_string().contains(expected), "{edit}: {error}");
        let inputs = ["a", "b"].map(|name| Batched::new(id(name), ()));
        let answers = house
            .store
            .commit(&inputs, at(9), &mut |_, _, ()| Ok(Vec::new()))
            .unwrap();
        assert!(answers[0].as_ref().unwrap_err().message.contains(expected), "{edit}");
        assert!(answers[1].is_ok(), "{edit}");
        house.restore(table, key);
        assert!(house.reader().job(&id("a")).is_ok(), "{edit}: restored");
    }
}

#[test]
fn a_decision_that_was_edited_is_not_handed_on() {
    let mut house = House::with(["a"]);
    house.decide("a", 1, "ana", Verdict::Approve);
    let stored = house.reader().raw_decisions_of(&id("a"), 0, 10).unwrap();
    assert_eq!(stored[0].document, house.rows("a").decisions[0].to_file());
    house.edit("UPDATE decision SET document = replace(document, '  \"stage\"', ' \"stage\"')");
    let error = house.reader().decisions(None, None, 10).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("table decision, row 1: document: it was changed"),
        "{error}"
    );
    house.edit("UPDATE decision SET attempt = 2");
    assert!(house.reader().job(&id("a")).is_err());
    let still = house.reader().stored_decisions(0, 10).unwrap();
    let fault = still[0].read.as_ref().unwrap_err();
    assert_eq!(
        (still[0].seq, fault.column.as_str()),
        (1, "document"),
        "verify can still look at it"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a foreign file is what this test is about; nothing needs to be atomic"
)]
fn foreign_file(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_full_disk_records_nothing_and_the_next_try_succeeds() {
    let mut house = House::with(["a"]);
    let before = house.rows("a");
    let pages: i64 = house
        .store
        .durable
        .sqlite()
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    house
        .store
        .durable
        .sqlite()
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let big = vec![Change::Event(Box::new(NewEvent {
        kind: EventType::GateSeen,
        stage: None,
        status: JobStatus::NeedsApproval,
        message: "x".repeat(100_000),
        payload: Value::Null,
    }))];
    let inputs = [
        Batched::new(
            id("a"),
            decided(&gate("a", 1), "ana", Verdict::Approve, at(10)).unwrap(),
        ),
        Batched::new(id("a"), big),
    ];
    let mut rule = |_: &JobId, _: Option<&JobRows>, changes: &Vec<Change>| Ok(changes.clone());
    let error = house.store.commit(&inputs, at(10), &mut rule).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
    assert!(error.to_string().starts_with("cannot record in "), "{error}");
    assert_eq!(house.rows("a"), before);
    house
        .store
        .durable
        .sqlite()
        .pragma_update(None, "max_page_count", pages + 1000)
        .unwrap();
    assert!(
        house
            .store
            .commit(&inputs, at(11), &mut rule)
            .unwrap()
            .iter()
            .all(Result::is_ok)
    );
}

#[test]
fn a_lock_that_stays_is_busy() {
    let mut house = House::new();
    let other = house.second();
    let held = other.durable.sqlite().unchecked_transaction().unwrap();
    house
        .store
        .durable
        .sqlite()
        .busy_timeout(std::time::Duration::ZERO)
        .unwrap();
    let entry = Batched::new(id("a"), ());
    let error = house
        .store
        .commit(&[entry], at(3), &mut |_, _, ()| Ok(started("a")))
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy, "{error}");
    drop(held);
    house.put("a", started("a")).unwrap();
}

impl House {
    fn edit_batch(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.dir.path().join(DATABASE_FILE)).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Puts the saved rows of job `a` back.
    fn restore(&self, table: &str, key: &str) {
        let connection = rusqlite::Connection::open(self.dir.path().join(DATABASE_FILE)).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        let columns: Vec<String> = connection
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let columns = columns.join(", ");
        connection
            .execute_batch(&format!(
                "DELETE FROM {table} WHERE {key} = 'a';
                 INSERT INTO {table} (rowid, {columns}) SELECT at, {columns} FROM saved; DROP TABLE saved"
            ))
            .unwrap();
    }
}
