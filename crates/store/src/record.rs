//! The record as it is stored, damaged rows included: what `decisions verify` and `doctor` walk.
//!
//! Every page is one statement, so that memory is bounded whatever the history; a row that cannot
//! be read is an answer, not an error.

use super::Reader;
use super::cells::{Cells, count, json_text};
use super::error::{RowError, StoreError};
use super::event_row::{self, DECISION_COLUMNS, EVENT_COLUMNS};
use super::sql::{Connection, Row, values};
use domain::chain::{ChainHead, ChainLink};
use domain::decision::{DecisionStanding, SealedDecision};
use domain::event::Event;
use domain::ids::{JobId, StageName};
use domain::time::Timestamp;

/// A decision's row, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDecision {
    /// Its number.
    pub seq: i64,
    /// The decision; or the column that is wrong, and what is wrong with it.
    pub read: Result<SealedDecision, RowFault>,
}

/// A decision's row, unread: what its file ought to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDecision {
    /// Its number.
    pub seq: i64,
    /// The stage; none when the row does not hold one.
    pub stage: Option<StageName>,
    pub attempt: i64,
    /// The watermark at which it is owed to the run directory.
    pub event_seq: i64,
    /// The bytes of the decision file.
    pub document: Vec<u8>,
    pub standing: DecisionStanding,
}

/// An event's row, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its number.
    pub seq: i64,
    /// The event; or the column that is wrong, and what is wrong with it.
    pub read: Result<Event, RowFault>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    pub column: String,
    /// What is wrong.
    pub what: String,
}

impl RowFault {
    fn new(column: &str, what: impl Into<String>) -> Self {
        Self {
            column: column.to_owned(),
            what: what.into(),
        }
    }
}

/// A job with its watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMark {
    /// The job's id as stored, which may be damaged.
    pub id: String,
    /// The newest event's number, as the job's row says.
    pub last_event_seq: i64,
    /// The newest event that is on disk, as the job's row says.
    pub published_seq: i64,
    /// The newest event of the job that there is.
    pub newest_event_seq: i64,
    /// Since when the job has its status.
    pub status_since: Timestamp,
}

/// The events that end a decision's own entry after the decision's event: one of these behind
/// `event_seq`, of the same job and instant, means that the number is too low.
const FOLLOWS_A_DECISION: &str = "'stage_completed', 'gate_opened', 'job_paused'";

impl Reader {
    /// The newest decision's number and hash; none before the first.
    pub fn chain_head(&self) -> Result<Option<ChainHead>, StoreError> {
        let head = self.read(event_row::chain_head)?;
        Ok(head.map(|(seq, hash)| ChainHead { seq, hash }))
    }

    /// Decisions after this number in chain order, at most `limit`, each checked against its own
    /// columns, its hash and its events. Whether they hang together is for the caller to say.
    pub fn stored_decisions(&self, after_seq: i64, limit: u32) -> Result<Vec<StoredDecision>, StoreError> {
        let sql = format!(
            "SELECT {DECISION_COLUMNS}, event_seq,
               (SELECT job_id = decision.job_id FROM event WHERE event.seq = decision.event_seq),
               (SELECT ts FROM event WHERE event.seq = decision.event_seq),
               EXISTS (SELECT 1 FROM event AS own WHERE own.seq BETWEEN decision.event_seq - 1000 AND decision.event_seq
                 AND own.job_id = decision.job_id AND own.stage = decision.stage
                 AND own.type IN ('gate_approved', 'gate_rejected', 'gate_auto_approved', 'decision_made', 'decision_recalled')
                 AND own.ts = (SELECT ts FROM event WHERE event.seq = decision.event_seq)),
               EXISTS (SELECT 1 FROM event AS next WHERE next.seq = decision.event_seq + 1 AND next.job_id = decision.job_id
                 AND next.ts = (SELECT ts FROM event WHERE event.seq = decision.event_seq)
                 AND (next.type IN ({FOLLOWS_A_DECISION}) OR (next.type = 'job_completed'
                   AND EXISTS (SELECT 1 FROM job WHERE job.id = next.job_id AND NOT is_manual)))),
               (SELECT CASE WHEN json_valid(own.payload) THEN own.payload ->> '$.made_at' END FROM event AS own WHERE own.seq BETWEEN decision.event_seq - 1000 AND decision.event_seq
                 AND own.job_id = decision.job_id AND own.stage = decision.stage
                 AND own.type IN ('gate_approved', 'gate_rejected', 'decision_recalled')
                 AND own.ts = (SELECT ts FROM event WHERE event.seq = decision.event_seq) ORDER BY own.seq DESC LIMIT 1)
             FROM decision WHERE seq > ?1 ORDER BY seq LIMIT ?2"
        );
        self.read(|connection| {
            connection.collect(&sql, values![after_seq, limit], |row| {
                Ok(StoredDecision {
                    seq: row.get(0)?,
                    read: read_decision(row)?,
                })
            })
        })
    }

    /// A job's decisions after this number, in chain order, as their files ought to hold them.
    pub fn raw_decisions_of(&self, job_id: &JobId, after_seq: i64, limit: u32) -> Result<Vec<RawDecision>, StoreError> {
        let sql =
            "SELECT decision.seq, decision.stage, decision.attempt, event_seq, document, state, recall IS NOT NULL
                   FROM decision LEFT JOIN gate USING (job_id, stage, attempt)
                   WHERE job_id = ?1 AND decision.seq > ?2 ORDER BY decision.seq LIMIT ?3";
        self.read(|connection| {
            connection.collect(sql, values![job_id.as_str(), after_seq, limit], |row| {
                let stage = bytes(row, 1)?;
                Ok(RawDecision {
                    seq: row.get(0)?,
                    stage: std::str::from_utf8(&stage)
                        .ok()
                        .and_then(|stage| StageName::new(stage).ok()),
                    attempt: row.get(2)?,
                    event_seq: row.get(3)?,
                    document: bytes(row, 4)?,
                    standing: match (row.get(6)?, bytes(row, 5)?.as_slice()) {
                        (true, _) => DecisionStanding::Recallable,
                        (false, b"recalled") => DecisionStanding::Recalled,
                        (false, _) => DecisionStanding::Final,
                    },
                })
            })
        })
    }

    /// The link of the decision with this number, as its row says, and whether its files are owed;
    /// none when there is no such row, or it holds no link.
    pub fn link(&self, seq: u64) -> Result<Option<(ChainLink, bool)>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT decision.seq, hash, job_id, event_seq > published_seq
                       FROM decision JOIN job ON job.id = job_id WHERE decision.seq = ?1
                       UNION ALL SELECT seq, hash, job_id, FALSE FROM lost_decision WHERE seq = ?1";
            let found = connection.collect(sql, values![count(seq)], |row| {
                let is_owed: bool = row.get(3)?;
                Ok(fault_of(read_link(row))?.ok().map(|link| (link, is_owed)))
            })?;
            Ok(found.into_iter().next().flatten())
        })
    }

    /// Links after this number, in chain order, and whether their files are owed; damaged rows are
    /// left out.
    pub fn links_after(&self, after_seq: u64, limit: u32) -> Result<Vec<(ChainLink, bool)>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT seq, hash, job_id, is_owed FROM (
                         SELECT decision.seq AS seq, hash, job_id, event_seq > published_seq AS is_owed
                           FROM decision JOIN job ON job.id = job_id WHERE decision.seq > ?1
                         UNION ALL SELECT seq, hash, job_id, FALSE FROM lost_decision WHERE seq > ?1) AS link
                       ORDER BY seq LIMIT ?2";
            let found = connection.collect(sql, values![count(after_seq), limit], |row| {
                let is_owed: bool = row.get(3)?;
                Ok(fault_of(read_link(row))?.ok().map(|link| (link, is_owed)))
            })?;
            Ok(found.into_iter().flatten().collect())
        })
    }

    /// How many decisions there are from `first` to `last`, and how many of them are owed to files.
    /// By rows, for a damaged number may be any.
    pub fn count_links(&self, first: u64, last: u64) -> Result<(u64, u64), StoreError> {
        self.read(|connection| {
            let sql = "SELECT count(*), count(*) FILTER (WHERE is_owed) FROM (
                         SELECT event_seq > published_seq AS is_owed FROM decision JOIN job ON job.id = job_id
                           WHERE decision.seq BETWEEN ?1 AND ?2
                         UNION ALL SELECT FALSE FROM lost_decision WHERE seq BETWEEN ?1 AND ?2) AS link";
            let found = connection.first(sql, values![count(first), count(last)], |row| {
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?))
            })?;
            let (all, owed) = found.unwrap_or_default();
            Ok((all.unsigned_abs(), owed.unsigned_abs()))
        })
    }

    /// Decisions that are known by their links only, after this number.
    pub fn lost_decisions(&self, after_seq: i64, limit: u32) -> Result<Vec<ChainLink>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT seq, hash, job_id FROM lost_decision WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            connection.collect(sql, values![after_seq, limit], read_link)
        })
    }

    /// A job's events after this number, oldest first, each checked on its own.
    pub fn stored_events(&self, job_id: &JobId, after_seq: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE job_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
        self.read(|connection| {
            connection.collect(&sql, values![job_id.as_str(), after_seq, limit], |row| {
                Ok(StoredEvent {
                    seq: row.get(0)?,
                    read: read_event(row)?,
                })
            })
        })
    }

    /// The event with this number, of any job; none when there is none, or its row cannot be read.
    pub fn event(&self, seq: u64) -> Result<Option<Event>, StoreError> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE seq = ?1");
        self.read(|connection| {
            let found = connection.collect(&sql, values![count(seq)], read_event)?;
            Ok(found.into_iter().next().and_then(Result::ok))
        })
    }

    /// Jobs with their watermarks after this id, sorted by id.
    pub fn marks(&self, after: &str, limit: u32) -> Result<Vec<JobMark>, StoreError> {
        let sql = "SELECT id, last_event_seq, published_seq,
                     ifnull((SELECT max(seq) FROM event WHERE event.job_id = job.id), 0), status_since
                   FROM job WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.read(|connection| connection.collect(sql, values![after, limit], read_mark))
    }

    /// One job's watermark.
    pub fn mark(&self, job_id: &JobId) -> Result<Option<JobMark>, StoreError> {
        let sql = "SELECT id, last_event_seq, published_seq,
                     ifnull((SELECT max(seq) FROM event WHERE event.job_id = job.id), 0), status_since
                   FROM job WHERE id = ?1";
        self.read(|connection| Ok(connection.collect(sql, values![job_id.as_str()], read_mark)?.pop()))
    }

    /// How many decisions, events and jobs there are.
    pub fn counts(&self) -> Result<(u64, u64, u64), StoreError> {
        let count_of = |connection: &Connection, sql: &str| -> Result<u64, RowError> {
            Ok(connection.cell::<i64>(sql, &[])?.unsigned_abs())
        };
        self.read(|connection| {
            Ok((
                count_of(connection, "SELECT count(*) FROM decision")?,
                count_of(connection, "SELECT count(*) FROM event")?,
                count_of(connection, "SELECT count(*) FROM job")?,
            ))
        })
    }

    /// What the database's own check finds wrong, up to 100 lines; nothing when it is sound.
    pub fn integrity_faults(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| match connection {
            Connection::Sqlite(_) => {
                let lines = connection.collect("PRAGMA integrity_check", &[], |row| row.get::<String>(0))?;
                let foreign = connection.collect("PRAGMA foreign_key_check", &[], |row| {
                    let (table, number): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
                    let number = number.map_or(String::new(), |number| format!(", row {number}"));
                    Ok(format!("table {table}{number}, job_id: there is no such job"))
                })?;
                Ok(lines.into_iter().filter(|line| line != "ok").chain(foreign).collect())
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => connection.collect(MISSING_ROWS, &[], |row| {
                let (table, missing): (String, i64) = (row.get(0)?, row.get(1)?);
                Ok(format!("table {table}: {missing} rows fewer than were ever recorded"))
            }),
        })
    }
}

/// Of what is never deleted, fewer rows than the head has counted.
#[cfg(feature = "postgres")]
const MISSING_ROWS: &str = "SELECT * FROM (
    SELECT 'event', (SELECT events FROM head WHERE one = 1) - (SELECT count(*) FROM event)
    UNION ALL SELECT 'decision', (SELECT decisions FROM head WHERE one = 1)
      - (SELECT count(*) FROM decision) - (SELECT count(*) FROM lost_decision)) AS counted (name, missing) WHERE missing <> 0";

/// A text's bytes, whatever they are.
fn bytes(row: &Row<'_>, column: usize) -> Result<Vec<u8>, RowError> {
    Ok(row.cell(column)?.bytes())
}

fn read_mark(row: &Row<'_>) -> Result<JobMark, RowError> {
    Ok(JobMark {
        id: String::from_utf8_lossy(&bytes(row, 0)?).into_owned(),
        last_event_seq: row.get(1)?,
        published_seq: row.get(2)?,
        newest_event_seq: row.get(3)?,
        status_since: Timestamp::from_micros(row.get(4)?),
    })
}

fn read_link(row: &Row<'_>) -> Result<ChainLink, RowError> {
    let cells = Cells::new(row, "decision", 1);
    Ok(ChainLink {
        seq: cells.u64(0)?,
        hash: cells.digest(1)?,
        job_id: cells.job_id(2)?,
    })
}

/// A fault of the row is the answer; a fault of the database is not.
fn fault_of<T>(read: Result<T, RowError>) -> Result<Result<T, RowFault>, RowError> {
    match read {
        Ok(value) => Ok(Ok(value)),
        Err(RowError::Bad { what, .. }) => {
            let (column, what) = what.split_once(": ").unwrap_or(("", &what));
            Ok(Err(RowFault::new(column, what)))
        }
        Err(error) => Err(error),
    }
}

fn read_event(row: &Row<'_>) -> Result<Result<Event, RowFault>, RowError> {
    let event = match fault_of(event_row::event(row))? {
        Ok(event) => event,
        Err(fault) => return Ok(Err(fault)),
    };
    // Other bytes may mean the same JSON; they are not what was written.
    if json_text(&event.payload)?.as_bytes() != bytes(row, 7)? {
        return Ok(Err(RowFault::new(
            "payload",
            "it is not written as holdpoint writes it",
        )));
    }
    Ok(Ok(event))
}

fn read_decision(row: &Row<'_>) -> Result<Result<SealedDecision, RowFault>, RowError> {
    let cells = Cells::new(row, "decision", 1);
    let sealed: SealedDecision = match fault_of(cells.json(5))? {
        Ok(sealed) => sealed,
        Err(fault) => return Ok(Err(fault)),
    };
    let decision = &sealed.decision;
    let (seq, attempt, event_seq): (i64, i64, i64) = (row.get(0)?, row.get(3)?, row.get(6)?);
    let (names_job, at, has_own, has_more): (Option<bool>, Option<i64>, bool, bool) =
        (row.get(7)?, row.get(8)?, row.get(9)?, row.get(10)?);
    // What came of it later says when it was made.
    let is_of_its_time = match row.get::<Option<String>>(11)? {
        Some(made_at) => made_at == decision.at().to_string(),
        None => at == Some(decision.at().micros()),
    };
    let document = bytes(row, 5)?;
    let rendered = sealed.to_file();
    let differs = |column: &str, says: &str| Err(RowFault::new(column, format!("the document says {says}")));
    Ok(if rendered != document {
        let at = rendered
            .iter()
            .zip(&document)
            .take_while(|(one, other)| one == other)
            .count();
        Err(RowFault::new(
            "document",
            format!("from byte {at} on it is not written as holdpoint writes it"),
        ))
    } else if sealed.computed_hash() != sealed.hash {
        Err(RowFault::new("document", "its hash is not that of its content"))
    } else if bytes(row, 4)? != sealed.hash.to_string().as_bytes() {
        differs("hash", &sealed.hash.to_string())
    } else if count(sealed.seq) != seq {
        differs("seq", &sealed.seq.to_string())
    } else if bytes(row, 1)? != decision.job_id().as_str().as_bytes() {
        differs("job_id", decision.job_id().as_str())
    } else if bytes(row, 2)? != decision.stage().as_str().as_bytes() {
        differs("stage", decision.stage().as_str())
    } else if i64::from(decision.attempt()) != attempt {
        differs("attempt", &decision.attempt().to_string())
    } else if names_job != Some(true) || !is_of_its_time || !has_own || has_more {
        let what = format!("event {event_seq} does not end what was done with this decision");
        Err(RowFault::new("event_seq", what))
    } else {
        Ok(sealed)
    })
}
