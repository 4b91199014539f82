//! The same suites on PostgreSQL.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use testing::database_line::{Cut, DatabaseLine};

use super::*;
use crate::{Submission, VersionWriter};

/// On the tests' own server. Where there is none, and that was said, they run in files once more.
pub(super) struct Server;

impl Ground for Server {
    // Each has a database of its own.
    const CASES: u32 = 16;
    const KEEPS_ANY_TEXT: bool = false;

    fn place(dir: &TempDir) -> StorePlace {
        match testing::postgres::server() {
            Some(server) => StorePlace::Postgres(server.database().unwrap().parse().unwrap()),
            None => Files::place(dir),
        }
    }
}

type House = HouseOn<Server>;

/// The name of the database that it has for itself.
fn database_of(house: &House) -> String {
    let address = house.place.path().display().to_string();
    address.rsplit('/').next().unwrap().to_owned()
}

#[path = "commits.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod commits;
#[path = "reads.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod reads;
#[path = "recorded.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod recorded;
#[path = "round_trip.rs"]
#[expect(clippy::duplicate_mod, reason = "one suite, two databases")]
mod round_trip;

#[test]
fn a_text_that_postgresql_cannot_keep_is_refused_and_hinders_no_other() {
    if testing::postgres::server().is_none() {
        return;
    }
    let mut house = House::with(["a", "b"]);
    for changes in [
        decided(&gate("a", 1), "an\0a", Verdict::Approve, at(10)).unwrap(),
        vec![Change::Event(Box::new(NewEvent {
            kind: EventType::GateSeen,
            stage: None,
            status: JobStatus::NeedsApproval,
            message: "seen".to_owned(),
            payload: json!({ "by": "an\0a" }),
        }))],
    ] {
        let before = house.rows("a");
        let entries = [
            Batched::new(id("a"), changes),
            Batched::new(id("b"), vec![event(EventType::GateSeen, JobStatus::NeedsApproval)]),
        ];
        let answers = house
            .store
            .commit(&entries, at(10), &mut |_, _, changes| Ok(changes.clone()))
            .unwrap();
        let refused = answers[0].as_ref().unwrap_err();
        assert_eq!(
            refused.message,
            "a text has the character U+0000, which PostgreSQL cannot keep"
        );
        assert!(answers[1].is_ok(), "{:?}", answers[1]);
        assert_eq!(house.rows("a"), before);
    }
}

#[test]
fn a_text_that_only_looks_like_it_is_kept() {
    let mut house = House::with(["a"]);
    let changes = decided(&gate("a", 1), r"an\\u0000a", Verdict::Approve, at(10)).unwrap();
    house.put("a", changes).unwrap();
}

#[test]
fn a_database_that_has_gone_back_is_refused() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a", "b"]);
    house.decide("a", 1, "ana", Verdict::Approve);
    let database = database_of(&house);
    server
        .psql(&database, "UPDATE head SET event_seq = event_seq - 1")
        .unwrap();
    let entry = Batched::new(id("b"), ());
    let refused = house.store.commit(&[entry], at(10), &mut |_, rows, ()| {
        decide(rows, "ana", Verdict::Approve)
    });
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("it has gone back: it ends with event "), "{refused}");
}

#[test]
fn by_a_clock_that_is_off_nothing_is_recorded_even_before_that_is_noticed() {
    if testing::postgres::server().is_none() {
        return;
    }
    let mut house = House::with(["a"]);
    let before = house.rows("a");
    let began = house.store.time().unwrap();
    for (ahead_us, off) in [(3_600 * SECOND_US, "ahead of"), (-3_600 * SECOND_US, "behind"), (0, "")] {
        // A minute passes between two readings: the answer was too long on its way to tell more.
        let passed_us = AtomicI64::new(0);
        house.store.go_by(move || Now {
            utc: began.plus_us(ahead_us),
            boot_us: passed_us.fetch_add(60 * SECOND_US, Ordering::Relaxed),
            boot: BootId::UNKNOWN,
        });
        let entry = Batched::new(id("a"), ());
        let done = house.store.commit(&[entry], at(10), &mut |_, rows, ()| {
            decide(rows, "ana", Verdict::Approve)
        });
        match done {
            Ok(_) => assert_eq!(ahead_us, 0),
            Err(refused) => {
                let refused = refused.to_string();
                let why = format!(" ms {off} that of the database");
                assert!(!off.is_empty() && refused.contains(&why), "{refused}");
                assert_eq!(house.rows("a"), before);
            }
        }
    }
}

#[test]
fn what_was_lost_before_its_commit_was_not_done() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a", "b"]);
    let database = database_of(&house);
    // Ends the connection when the transaction has its rows, before it is committed.
    server.psql(&database, "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
        CREATE TRIGGER cut AFTER INSERT ON decision FOR EACH STATEMENT EXECUTE FUNCTION cut()").unwrap();
    let before = house.rows("a");
    let entry = Batched::new(id("a"), ());
    let lost = house
        .store
        .commit(std::slice::from_ref(&entry), at(10), &mut |_, rows, ()| {
            decide(rows, "ana", Verdict::Approve)
        });
    assert_eq!(lost.unwrap_err().kind(), crate::StoreErrorKind::Unreachable);
    assert_eq!(house.rows("a"), before);
    server.psql(&database, "DROP TRIGGER cut ON decision").unwrap();
    house.decide("a", 1, "ana", Verdict::Approve);
    assert_eq!(
        server.psql(&database, "SELECT count(*) FROM decision").unwrap().trim(),
        "1"
    );
}

#[test]
fn a_commit_whose_answer_was_lost_is_asked_for_and_not_done_again() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a"]);
    let database = database_of(&house);
    let line = DatabaseLine::to(server.dir()).unwrap();
    let address = testing::postgres::address(&[line.dir()], &database);
    house.store = Store::open(StorePlace::Postgres(address.parse().unwrap())).unwrap();
    line.cut_behind_commit(Cut::Refused, Duration::ZERO);
    let applied = house.decide("a", 1, "ana", Verdict::Approve);
    assert!(line.has_cut_behind_commit(), "the answer to the commit was lost");
    assert_eq!(applied.decisions.len(), 1);
    assert_eq!(
        server.psql(&database, "SELECT count(*) FROM decision").unwrap().trim(),
        "1"
    );
    assert_eq!(house.reader().decisions(None, None, 9).unwrap(), applied.decisions);
}

#[test]
fn a_commit_is_asked_for_again_and_again_while_the_line_is_down() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a"]);
    let database = database_of(&house);
    let line = DatabaseLine::to(server.dir()).unwrap();
    let address = testing::postgres::address(&[line.dir()], &database);
    house.store = Store::open(StorePlace::Postgres(address.parse().unwrap())).unwrap();
    line.cut_behind_commit(Cut::Refused, Duration::from_millis(500));
    let applied = house.decide("a", 1, "ana", Verdict::Approve);
    assert_eq!(house.reader().decisions(None, None, 9).unwrap(), applied.decisions);
    // Also where the caller has a runtime of its own, whose thread waits meanwhile.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    line.cut_behind_commit(Cut::Refused, Duration::from_millis(500));
    runtime.block_on(async {
        house.reader();
        house
            .put("a", vec![event(EventType::GateSeen, JobStatus::NeedsApproval)])
            .unwrap();
    });
    assert!(line.has_cut_behind_commit());
}

#[test]
fn what_is_recorded_cannot_be_changed_and_what_is_missing_is_counted() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a"]);
    house.decide("a", 1, "ana", Verdict::Approve);
    let database = database_of(&house);
    for forbidden in [
        "DELETE FROM decision",
        "DELETE FROM event",
        "UPDATE event SET message = 'no'",
        "UPDATE decision SET document = '{}'",
        "UPDATE decision SET hash = 'no'",
        "TRUNCATE event, decision",
        "INSERT INTO decision SELECT seq, job_id, 'other', attempt, event_seq, hash, document FROM decision",
        "INSERT INTO event SELECT 1, ts, job_id, type, stage, status, message, payload FROM event LIMIT 1",
    ] {
        let refused = server.psql(&database, forbidden).unwrap_err().to_string();
        assert!(
            refused.contains("is recorded is never changed")
                || refused.contains("is taken")
                || refused.contains("duplicate key"),
            "{forbidden}: {refused}"
        );
    }
    assert_eq!(house.reader().integrity_faults().unwrap(), Vec::<String>::new());
    house.edit("DELETE FROM decision");
    assert_eq!(
        house.reader().integrity_faults().unwrap(),
        ["table decision: 1 rows fewer than were ever recorded"]
    );
}

#[test]
fn a_server_that_forgets_what_it_says_is_refused() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let address = server.database().unwrap();
    let database = address.rsplit('/').next().unwrap();
    server
        .psql(
            "postgres",
            &format!("ALTER DATABASE {database} SET synchronous_commit = off"),
        )
        .unwrap();
    let refused = Store::open(StorePlace::Postgres(address.parse().unwrap())).unwrap_err();
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
}

#[test]
fn a_connection_that_was_ended_is_made_again_and_nothing_is_doubled() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a", "b"]);
    let reader = house.reader();
    let database = database_of(&house);
    let end = || {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        server.psql(&database, sql).unwrap();
    };
    end();
    house.decide("a", 1, "ana", Verdict::Approve);
    end();
    assert_eq!(reader.job(&id("a")).unwrap().unwrap().decisions.len(), 1);
    // In the midst of a transaction nothing of it stays.
    let entry = Batched::new(id("b"), ());
    let before = house.rows("b");
    let lost = house
        .store
        .commit(std::slice::from_ref(&entry), at(10), &mut |_, rows, ()| {
            end();
            decide(rows, "ana", Verdict::Approve)
        });
    let lost = lost.unwrap_err();
    assert_eq!(lost.kind(), crate::StoreErrorKind::Unreachable, "{lost}");
    assert_eq!(house.rows("b"), before);
    house.decide("b", 1, "ana", Verdict::Approve);
    assert_eq!(house.reader().decisions(None, None, 9).unwrap().len(), 2);
}

#[test]
fn a_version_is_kept_whole_once_and_checked_when_it_is_read() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let mut house = House::with(["a"]);
    let reader = house.reader();
    let (mut ana, mut ben) = (
        VersionWriter::new(house.place.clone()),
        VersionWriter::new(house.place.clone()),
    );
    // More than two pieces, none, and a beginning that is no text.
    let large: Vec<u8> = (0..5_u32 * 1024 * 1024 / 2).map(|at| (at % 251) as u8).collect();
    for bytes in [large.as_slice(), b"", b"\0\xff\n"] {
        let digest = Digest::of(bytes);
        assert_eq!(reader.version(&digest).unwrap(), None);
        assert_eq!(reader.version_size_bytes(&digest).unwrap(), None);
        std::thread::scope(|scope| {
            scope.spawn(|| ana.put_if_absent(&digest, bytes).unwrap());
            scope.spawn(|| ben.put_if_absent(&digest, bytes).unwrap());
        });
        assert!(reader.version(&digest).unwrap().as_deref() == Some(bytes));
        assert_eq!(reader.version_size_bytes(&digest).unwrap(), Some(bytes.len() as u64));
    }
    let all = reader.versions_after(None, 9).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(reader.versions_after(all.first(), 1).unwrap(), all[1..2]);
    // Whoever decides holds the head meanwhile, and neither waits for the other.
    let beside = Digest::of(b"beside");
    let entry = Batched::new(id("a"), ());
    let decided = house.store.commit(&[entry], at(10), &mut |_, rows, ()| {
        ana.put_if_absent(&beside, b"beside").unwrap();
        decide(rows, "ana", Verdict::Approve)
    });
    assert!(decided.unwrap()[0].is_ok());
    let database = &database_of(&house);
    for forbidden in ["DELETE FROM version", "UPDATE version_piece SET bytes = ''"] {
        let refused = server.psql(database, forbidden).unwrap_err().to_string();
        assert!(refused.contains("is recorded is never changed"), "{refused}");
    }
    house.edit(&format!(
        "UPDATE version_piece SET bytes = bytes || 'x' WHERE digest = '{beside}'"
    ));
    let damaged = reader.version(&beside).unwrap_err().to_string();
    assert!(damaged.contains("its SHA-256 is "), "{damaged}");
}

/// The server ends a line that lies idle; another version goes over a new one.
#[test]
fn a_line_for_versions_that_was_ended_is_made_again() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let house = House::new();
    let mut writer = VersionWriter::new(house.place.clone());
    let address = house.place.path().display().to_string();
    let database = address.rsplit('/').next().unwrap();
    for bytes in [b"one", b"two"] {
        writer.put_if_absent(&Digest::of(bytes), bytes).unwrap();
        let ended = server.psql(
            database,
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        assert_ne!(ended.unwrap().trim(), "0");
        let reader = house.reader();
        assert_eq!(
            reader.version(&Digest::of(bytes)).unwrap().as_deref(),
            Some(bytes.as_slice())
        );
    }
}

#[test]
fn what_one_entry_cannot_write_is_its_own_fault_beside_one_that_is_refused_under_a_name() {
    if testing::postgres::server().is_none() {
        return;
    }
    let mut house = House::with(["a", "b", "c"]);
    let nul = decided(&gate("a", 1), "an\0a", Verdict::Approve, at(10)).unwrap();
    let named = Submission {
        id: "s-1".to_owned(),
        command: Digest::of(b"approve"),
    };
    let entries = [
        Batched::new(id("a"), Some(nul)),
        Batched {
            submission: Some(named),
            ..Batched::new(id("b"), None)
        },
        Batched::new(
            id("c"),
            Some(decided(&gate("c", 1), "ana", Verdict::Approve, at(10)).unwrap()),
        ),
    ];
    let answers = house
        .store
        .commit(&entries, at(10), &mut |_, _, changes| {
            changes.clone().ok_or_else(|| Refusal::wrong_state("no"))
        })
        .unwrap();
    let refused = |at: usize| answers[at].as_ref().unwrap_err().message.clone();
    assert!(refused(0).contains("U+0000"), "{}", refused(0));
    assert_eq!(refused(1), "no");
    assert!(answers[2].is_ok());
    assert!(house.reader().submission("s-1").unwrap().unwrap().outcome.is_err());
}

#[test]
fn a_server_that_takes_a_statement_and_is_silent_is_as_good_as_away() {
    let Some(server) = testing::postgres::server() else {
        return;
    };
    let house = House::with(["a"]);
    let database = &database_of(&house);
    let line = DatabaseLine::to(server.dir()).unwrap();
    let address = testing::postgres::address(&[line.dir()], database);
    let place = StorePlace::Postgres(address.parse().unwrap());
    let mut kept = crate::HostLine::open(&place).unwrap();
    kept.keep(None, None).unwrap();
    line.cut(Cut::Late, Duration::from_secs(3600));
    let silent = kept.keep(None, None).unwrap_err();
    assert_eq!(silent.kind(), crate::StoreErrorKind::Unreachable);
    assert!(silent.to_string().ends_with("it does not answer"), "{silent}");
    line.mend();
    crate::HostLine::open(&place).unwrap().keep(None, None).unwrap();
}
