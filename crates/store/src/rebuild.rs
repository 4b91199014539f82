//! A lost database made again from what the run directories hold: whole or not at all, under
//! another name until it is.
//!
//! It writes what it is told; whether that is true is for the caller to find out.

use std::path::Path;

use super::apply;
use super::cells::{count, json_text, text_of};
use super::error::{RowError, StoreError, StoreErrorKind};
use super::open::{self, DATABASE_FILE};
use super::sql::{Connection, values};
use super::{event_row, gate_row};
use domain::chain::ChainLink;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::ids::JobId;
use domain::job::JobRows;
use domain::time::Timestamp;

/// The database that is being made.
#[derive(Debug)]
pub struct Rebuilding<'c> {
    connection: &'c Connection,
    path: &'c Path,
}

/// Makes the database of this runs directory from what `fill` tells; refused when there is one.
/// `before_named` is called when all of it is on disk, just before it gets its name: the last
/// moment to move another file away.
pub fn rebuild<E: From<StoreError>>(
    runs_dir: &Path,
    fill: impl FnOnce(&Rebuilding<'_>) -> Result<(), E>,
    before_named: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let path = runs_dir.join(DATABASE_FILE);
    let failed = |error: RowError| E::from(StoreError::of(&path, "make again", error));
    let (draft, connection) = open::draft(runs_dir, &path)?;
    let mut filled = Ok(());
    let written = connection.transaction(|connection| {
        let path = &path;
        filled = fill(&Rebuilding { connection, path });
        filled
            .as_ref()
            .map_or_else(|_| Err(RowError::unreadable("it was not filled")), |()| Ok(()))
    });
    filled?;
    written.map_err(failed)?;
    connection.close().map_err(failed)?;
    before_named()?;
    if open::name(runs_dir, draft, &path)? {
        Ok(())
    } else {
        let detail = "there is a database of that name";
        Err(StoreError::new(&path, "make again", StoreErrorKind::Other, detail).into())
    }
}

impl Rebuilding<'_> {
    /// Writes a job with everything its state holds but the decisions. Nothing is owed to its files
    /// up to `up_to`.
    pub fn job(&self, rows: &JobRows, up_to: u64, status_since: Timestamp) -> Result<(), StoreError> {
        self.write(|connection| {
            let id = &rows.job.id;
            apply::insert_job(connection, &rows.job, status_since)?;
            for attempt in &rows.attempts {
                apply::put_attempt(connection, id, attempt)?;
            }
            for gate in &rows.gates {
                let inserted = gate_row::insert(connection, gate);
                if let Err(RowError::NotAsRead(key)) = inserted {
                    return Err(RowError::Bad {
                        table: "gate",
                        key,
                        what: "the stage has two open gates, or one twice".to_owned(),
                    });
                }
                inserted?;
            }
            for artifact in &rows.artifacts {
                apply::put_artifact(connection, id, artifact)?;
            }
            Ok(())
        })?;
        self.reach(&rows.job.id, up_to)
    }

    /// Writes an event under its number; false: the number is taken.
    pub fn event(&self, event: &Event) -> Result<bool, StoreError> {
        self.write(|connection| {
            let sql = "INSERT INTO event (seq, ts, job_id, type, stage, status, message, payload)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            unless_taken(connection.execute(
                sql,
                values![
                    count(event.seq),
                    event.ts.micros(),
                    event.job_id.as_str(),
                    event.kind.as_str(),
                    event.stage.as_ref().map(|stage| stage.as_str()),
                    event.status.as_str(),
                    &event.message,
                    json_text(&event.payload)?,
                ],
            ))
        })
    }

    /// Writes a decision under its number, after the events it was committed with; false: the
    /// number or the gate is taken.
    pub fn decision(&self, sealed: &SealedDecision) -> Result<bool, StoreError> {
        self.write(|connection| {
            let decision = &sealed.decision;
            let document = sealed.to_file();
            // What was committed together bears one time.
            let sql = "INSERT INTO decision (seq, job_id, stage, attempt, event_seq, hash, document)
                       VALUES (?1, ?2, ?3, ?4,
                         ifnull((SELECT max(seq) FROM event WHERE job_id = ?2 AND ts = ?5),
                           (SELECT last_event_seq FROM job WHERE id = ?2)), ?6, ?7)";
            unless_taken(connection.execute(
                sql,
                values![
                    count(sealed.seq),
                    decision.job_id().as_str(),
                    decision.stage().as_str(),
                    decision.attempt(),
                    decision.at().micros(),
                    sealed.hash.to_string(),
                    text_of(&document)?,
                ],
            ))
        })
    }

    /// Notes a decision of which only the link is left, unless there is one of this number; true:
    /// it was noted.
    pub fn lost(&self, link: &ChainLink) -> Result<bool, StoreError> {
        self.write(|connection| {
            let sql = "INSERT INTO lost_decision (seq, job_id, hash) SELECT ?1, ?2, ?3
                       WHERE NOT EXISTS (SELECT 1 FROM decision WHERE seq = ?1)";
            unless_taken(connection.execute(
                sql,
                values![count(link.seq), link.job_id.as_str(), link.hash.to_string()],
            ))
        })
    }

    /// Makes sure that no number up to this one is given to an event again.
    pub fn event_numbers_up_to(&self, seq: u64) -> Result<(), StoreError> {
        self.write(|connection| event_row::number_events_above(connection, count(seq)))
    }

    /// Says how far the files of a job reach, where its state does not.
    pub fn reach(&self, job_id: &JobId, up_to: u64) -> Result<(), StoreError> {
        self.write(|connection| {
            connection.execute(
                "UPDATE job SET last_event_seq = ?2, published_seq = ?2 WHERE id = ?1",
                values![job_id.as_str(), count(up_to)],
            )?;
            Ok(())
        })
    }

    fn write<T>(&self, write: impl FnOnce(&Connection) -> Result<T, RowError>) -> Result<T, StoreError> {
        write(self.connection).map_err(|error| StoreError::of(self.path, "make again", error))
    }
}

/// A constraint that holds is an answer; everything else is a failure.
fn unless_taken(written: Result<usize, RowError>) -> Result<bool, RowError> {
    match written {
        Ok(rows) => Ok(rows == 1),
        Err(error) if error.constraint().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}
