//! What the run directories are owed: everything above each job's watermark (SPEC §4).

use std::path::PathBuf;

use super::cells::count;
use super::error::{RowError, StoreError};
use super::event_row::{self, DECISION_COLUMNS, EVENT_COLUMNS};
use super::open::{Access, forget_damage};
use super::sql::{Connection, values};
use super::{Reader, Store, rows};
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::ids::{HostId, JobId};
use domain::job::JobRows;
use domain::time::Timestamp;

/// What one run directory is owed.
#[derive(Debug, Clone, PartialEq)]
pub struct OwedRecords {
    /// The job as it is: `state.json`, and the newest decision of each stage.
    pub rows: JobRows,
    /// The events above the watermark, oldest first.
    pub events: Vec<Event>,
    /// The decisions above the watermark, in chain order.
    pub decisions: Vec<SealedDecision>,
    /// The watermark so far, or what was given as the most.
    pub published_seq: u64,
    /// The watermark is above what was given as the most.
    pub is_behind: bool,
    /// The watermark when all of this is on disk.
    pub up_to: u64,
    /// Since when the job has its status.
    pub status_since: Timestamp,
}

impl Reader {
    /// Jobs whose run directories are owed something, those that wait longest first, and the last
    /// event of each.
    pub fn owed(&self, limit: u32) -> Result<Vec<(JobId, u64)>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT id, last_event_seq FROM job INDEXED BY job_owed WHERE last_event_seq > published_seq
                       ORDER BY last_event_seq LIMIT ?1";
            connection.collect(sql, values![limit], |row| {
                let last: i64 = row.get(1)?;
                Ok((super::cells::Cells::new(row, "job", 2).job_id(0)?, last.unsigned_abs()))
            })
        })
    }

    /// How many run directories are owed something, counted up to `max`.
    pub fn owing(&self, max: u32) -> Result<usize, StoreError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM
                       (SELECT 1 FROM job INDEXED BY job_owed WHERE last_event_seq > published_seq LIMIT ?1) AS owing";
            let counted: i64 = connection.cell(sql, values![max])?;
            Ok(usize::try_from(counted).unwrap_or_default())
        })
    }

    /// What this job's run directory is owed; none: there is no such job.
    pub fn owed_of(&self, job_id: &JobId) -> Result<Option<OwedRecords>, StoreError> {
        self.owed_above(job_id, u64::MAX)
    }

    /// The same where the run directory has no more than the events up to this one, whatever the
    /// watermark says: it may be about that of another host.
    pub fn owed_above(&self, job_id: &JobId, has_up_to: u64) -> Result<Option<OwedRecords>, StoreError> {
        self.read(|connection| {
            let Some(rows) = rows::load(connection, job_id)? else {
                return Ok(None);
            };
            let sql = "SELECT published_seq, last_event_seq, status_since FROM job WHERE id = ?1";
            let marks = connection.first(sql, values![job_id.as_str()], |row| {
                Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
            })?;
            let Some((published, last, since)) = marks else {
                return Ok(None);
            };
            let is_behind = count(has_up_to) < published;
            let published = published.min(count(has_up_to));
            let above = values![job_id.as_str(), published];
            let sql = format!("SELECT {EVENT_COLUMNS} FROM event WHERE job_id = ?1 AND seq > ?2 ORDER BY seq");
            let events = connection.collect(&sql, above, event_row::event)?;
            let sql =
                format!("SELECT {DECISION_COLUMNS} FROM decision WHERE job_id = ?1 AND event_seq > ?2 ORDER BY seq");
            let decisions = connection.collect(&sql, above, event_row::decision)?;
            Ok(Some(OwedRecords {
                rows,
                events,
                decisions,
                published_seq: published.unsigned_abs(),
                is_behind,
                up_to: last.unsigned_abs(),
                status_since: Timestamp::from_micros(since),
            }))
        })
    }
}

impl Reader {
    /// The event with which a decision is owed to its job's run directory; none: it is owed no
    /// more.
    pub fn owed_with(&self, decision_seq: u64) -> Result<Option<u64>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT event_seq FROM decision JOIN job ON job.id = job_id
                       WHERE decision.seq = ?1 AND event_seq > published_seq";
            let owed = connection.collect(sql, values![decision_seq.cast_signed()], |row| row.get::<i64>(0))?;
            Ok(owed.first().map(|seq| seq.unsigned_abs()))
        })
    }
}

/// Notes what is on disk, beside the writer: a connection of its own, so that whoever waits for the
/// disk keeps no decision waiting.
#[derive(Debug)]
pub struct Marker {
    path: PathBuf,
    /// Whose run directories they are, where several hosts share the record.
    host: Option<HostId>,
    relaxed: Connection,
}

impl Store {
    /// A marker for the same database and the run directories of this host.
    pub fn marker(&self, host: Option<HostId>) -> Result<Marker, StoreError> {
        Ok(Marker {
            path: self.path.clone(),
            host,
            relaxed: self.place.connect(Access::Relaxed)?,
        })
    }
}

impl Marker {
    /// Notes that the run directories have everything up to these events on disk. A watermark never
    /// falls.
    ///
    /// This does not wait for the disk (synchronous NORMAL): a note lost with the power means that
    /// files are written again with the same bytes. The next decision's flush covers it anyway,
    /// since both are in one log, in order.
    pub fn mark_published(&mut self, published: &[(JobId, u64)]) -> Result<(), StoreError> {
        if published.is_empty() {
            return Ok(());
        }
        self.mark(published).map_err(|error| {
            let error = StoreError::of(&self.path, "note what is published in", error);
            forget_damage(&self.relaxed, &error);
            error
        })
    }

    fn mark(&mut self, published: &[(JobId, u64)]) -> Result<(), RowError> {
        self.relaxed.transaction(|connection| {
            // No further than there are events: a watermark above them would hide the next ones.
            let sql = "UPDATE job SET published_seq = CASE WHEN last_event_seq < ?2 THEN last_event_seq ELSE ?2 END
                       WHERE id = ?1 AND published_seq < ?2 AND published_seq < last_event_seq";
            // The watermark may be about the directories of another host since.
            let of_host = format!("{sql} AND ?3 = (SELECT host FROM leader WHERE one = 1)");
            for (job_id, seq) in published {
                let (id, seq) = (job_id.as_str(), count(*seq));
                match &self.host {
                    None => connection.execute(sql, values![id, seq])?,
                    Some(host) => connection.execute(&of_host, values![id, seq, host.as_str()])?,
                };
            }
            Ok(())
        })
    }
}

/// Lets the database say that the disk has confirmed nothing, as it does between the names of files
/// and their flush.
#[cfg(feature = "testing")]
pub fn unconfirm(runs: &std::path::Path) -> rusqlite::Result<usize> {
    let database = rusqlite::Connection::open(runs.join("holdpoint.db"))?;
    database.execute("UPDATE job SET published_seq = 0", [])
}
