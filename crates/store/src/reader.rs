//! Reads for screens, lists and the leader. Each answer is one consistent view; nothing is written.

use std::path::PathBuf;

use super::cells::{Cells, count};
use super::error::{RowError, StoreError, StoreErrorKind};
use super::event_row::{self, EVENT_COLUMNS};
use super::open::{forget_damage, refuse_newer};
use super::place::StorePlace;
use super::sql::{Connection, Value, values};
use super::{leader, rows};
use domain::decision::SealedDecision;
use domain::event::{Event, EventType};
use domain::figures::RecordFilter;
use domain::ids::{JobId, StageName};
use domain::job::{Attempt, JobRows, JobStatus};
use domain::key::GateKey;
use domain::view::{EventsSince, JobFilter, LeaderInfo};

/// A connection that cannot write.
#[derive(Debug)]
pub struct Reader {
    place: StorePlace,
    /// What messages call the database.
    path: PathBuf,
    connection: Connection,
}

impl Reader {
    /// Opens the database of this place. One with a newer schema is opened too, see
    /// [`Self::newer_version`]; one that is older is refused: [`super::Store::open`] brings it up
    /// first.
    pub fn open(place: impl Into<StorePlace>) -> Result<Self, StoreError> {
        let place = place.into();
        Ok(Self {
            path: place.path(),
            connection: place.connect_to_read()?,
            place,
        })
    }

    pub(super) fn place(&self) -> &StorePlace {
        &self.place
    }

    /// Another one of the same database, for another thread.
    pub fn another(&self) -> Result<Self, StoreError> {
        Self::open(self.place.clone())
    }

    /// The schema's version now, when a newer holdpoint has brought it up since this one was built.
    pub fn newer_version(&self) -> Result<Option<u32>, StoreError> {
        match self.read(refuse_newer) {
            Ok(()) => Ok(None),
            Err(error) => match error.kind() {
                StoreErrorKind::Newer { found, .. } => Ok(Some(found)),
                StoreErrorKind::Busy
                | StoreErrorKind::Full
                | StoreErrorKind::ReadOnly
                | StoreErrorKind::Corrupt
                | StoreErrorKind::Missing
                | StoreErrorKind::Unreachable
                | StoreErrorKind::Unknown
                | StoreErrorKind::Other => Err(error),
            },
        }
    }

    /// Runs a read in one transaction, so that all its statements see the same commit.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, RowError>) -> Result<T, StoreError> {
        self.connection.transaction(read).map_err(|error| {
            let error = StoreError::of(&self.path, "read", error);
            forget_damage(&self.connection, &error);
            error
        })
    }

    /// Reads with one statement, which sees one commit by itself: at the end of a line a transaction
    /// around it costs twice as much again.
    pub(super) fn glance<T>(&self, read: impl Fn(&Connection) -> Result<T, RowError>) -> Result<T, StoreError> {
        match read(&self.connection) {
            Ok(found) => Ok(found),
            // A line that was lost is made again at the beginning of a transaction.
            Err(_) => self.read(read),
        }
    }

    /// Another number whenever anybody else has committed since. Costs the same however much there
    /// is.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        self.read(|connection| match connection {
            Connection::Sqlite(_) => connection.cell("SELECT data_version FROM pragma_data_version", &[]),
            #[cfg(feature = "postgres")]
            Connection::Postgres(session) => session.data_version(),
        })
    }

    /// One job with all that the rules know of it.
    pub fn job(&self, id: &JobId) -> Result<Option<JobRows>, StoreError> {
        self.read(|connection| rows::load(connection, id))
    }

    /// Jobs, newest first.
    pub fn jobs(&self, filter: &JobFilter) -> Result<Vec<JobRows>, StoreError> {
        let mut conditions = Conditions::default();
        if let Some(status) = filter.status {
            conditions.add("status = ?", Value::from(status.as_str().to_owned()));
        }
        if let Some(before) = filter.before {
            conditions.add("created_at < ?", Value::from(before.micros()));
        }
        let sql = conditions.sql("SELECT id FROM job", "ORDER BY created_at DESC, id DESC", filter.limit);
        self.read(|connection| {
            let ids = connection.collect(&sql, &conditions.values, |row| Cells::new(row, "job", 1).job_id(0))?;
            rows::load_all(connection, &ids)
        })
    }

    /// The ids of jobs that are not over, the newest first.
    pub fn newest_unfinished(&self, limit: usize) -> Result<Vec<JobId>, StoreError> {
        let unfinished = JobStatus::ALL.iter().filter(|status| !status.is_ended());
        let words: Vec<_> = unfinished.map(|status| format!("'{}'", status.as_str())).collect();
        let sql = format!(
            "SELECT id FROM job WHERE status IN ({}) ORDER BY created_at DESC, id DESC LIMIT ?1",
            words.join(", ")
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| connection.collect(&sql, values![limit], |row| Cells::new(row, "job", 1).job_id(0)))
    }

    /// Those of these ids, which are sorted, that no job has. Reads the ids of all jobs, one after
    /// the other.
    pub fn unknown(&self, ids: Vec<JobId>) -> Result<Vec<JobId>, StoreError> {
        let Some(first) = ids.first() else {
            return Ok(ids);
        };
        self.read(|connection| {
            let sql = "SELECT id FROM job WHERE id >= ? ORDER BY id";
            let mut wanted = ids.iter().peekable();
            let mut unknown = Vec::new();
            connection.each(sql, values![first.as_str()], |row| {
                let known = row.cell(0)?.text().unwrap_or_default();
                // Both lists are sorted by bytes, so one pass is enough.
                while let Some(id) = wanted.next_if(|id| id.as_str() < known) {
                    unknown.push(id.clone());
                }
                wanted.next_if(|id| id.as_str() == known);
                Ok(wanted.peek().is_some())
            })?;
            unknown.extend(wanted.cloned());
            Ok(unknown)
        })
    }

    /// Events after `since`, oldest first, of one job or all; with `tail`, the last `limit` of them
    /// instead of the first.
    pub fn events(&self, job_id: Option<&JobId>, since: u64, limit: u32, tail: bool) -> Result<Vec<Event>, StoreError> {
        let mut conditions = Conditions::default();
        conditions.add("seq > ?", Value::from(count(since)));
        if let Some(job_id) = job_id {
            conditions.add("job_id = ?", Value::from(job_id.to_string()));
        }
        let order = if tail { "ORDER BY seq DESC" } else { "ORDER BY seq" };
        let sql = conditions.sql(&format!("SELECT {EVENT_COLUMNS} FROM event"), order, limit);
        let mut events = self.read(|connection| connection.collect(&sql, &conditions.values, event_row::event))?;
        if tail {
            events.reverse();
        }
        Ok(events)
    }

    /// The newest hundred events of a gate's attempt of these two kinds, the newest first.
    pub fn gate_events(&self, key: &GateKey, kinds: [EventType; 2]) -> Result<Vec<Event>, StoreError> {
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM event WHERE job_id = ?1 AND stage = ?2 AND type IN (?3, ?4) \
             AND CAST(payload ->> '$.attempt' AS BIGINT) = ?5 ORDER BY seq DESC LIMIT 100"
        );
        let [one, other] = kinds.map(|kind| kind.as_str());
        self.read(|connection| {
            let wanted = values![key.job_id.as_str(), key.stage.as_str(), one, other, key.attempt];
            connection.collect(&sql, wanted, event_row::event)
        })
    }

    /// A page of a job's events, oldest first, and how many there are without the limit.
    pub fn event_page(&self, job_id: &JobId, since: EventsSince, limit: u32) -> Result<(Vec<Event>, u64), StoreError> {
        let (condition, page, after) = match since {
            EventsSince::Seq(seq) => ("job_id = ?1 AND seq > ?2", "ORDER BY seq LIMIT ?3", count(seq)),
            // Whoever asks by time goes on from the time of the last event: all that share it
            // belong to the page.
            EventsSince::Time(time) => (
                "job_id = ?1 AND ts > ?2",
                "AND ts <= (SELECT max(ts) FROM (SELECT ts FROM event WHERE job_id = ?1 AND ts > ?2 ORDER BY ts LIMIT ?3) AS page) \
                 ORDER BY ts, seq",
                time.micros(),
            ),
        };
        let all = format!("SELECT count(*) FROM event WHERE {condition}");
        let page = format!("SELECT {EVENT_COLUMNS} FROM event WHERE {condition} {page}");
        self.read(|connection| {
            let wanted = values![job_id.as_str(), after];
            let total: i64 = connection.cell(&all, wanted)?;
            let wanted = values![job_id.as_str(), after, limit];
            let events = connection.collect(&page, wanted, event_row::event)?;
            Ok((events, total.unsigned_abs()))
        })
    }

    /// The number of the newest event of all; 0 before the first.
    pub fn last_event_seq(&self) -> Result<u64, StoreError> {
        self.glance(event_row::last_event_seq)
    }

    /// Decisions, newest first, every attempt.
    pub fn decisions(
        &self,
        job_id: Option<&JobId>,
        stage: Option<&StageName>,
        limit: u32,
    ) -> Result<Vec<SealedDecision>, StoreError> {
        let filter = RecordFilter {
            job_id: job_id.cloned(),
            stage: stage.cloned(),
            ..RecordFilter::default()
        };
        self.recorded(&filter, limit)
    }

    /// Attempts that wait for the leader, the oldest first.
    pub fn queued_attempts(&self) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        self.attempts(
            "INDEXED BY attempt_queued WHERE state = 'queued' \
             AND (SELECT status FROM job WHERE job.id = attempt.job_id) = 'queued' ORDER BY queued_at, rowid",
            &[],
        )
    }

    /// Attempts whose supervisor was started and has not been seen to end, the oldest first.
    pub fn running_attempts(&self) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        self.attempts(
            "INDEXED BY attempt_running WHERE state = 'running' ORDER BY queued_at, rowid",
            &[],
        )
    }

    /// How many attempts of other jobs run, or wait for the leader before the one of this job; if
    /// the job has none waiting, all waiting ones count. None: of all jobs.
    pub fn attempts_before(&self, job_id: Option<&JobId>) -> Result<usize, StoreError> {
        self.read(|connection| {
            let sql = "SELECT
                (SELECT count(*) FROM attempt INDEXED BY attempt_running WHERE state = 'running' AND ifnull(job_id <> ?1, TRUE))
              + (SELECT count(*) FROM attempt INDEXED BY attempt_queued WHERE state = 'queued' AND ifnull(job_id <> ?1, TRUE)
                   AND (SELECT status FROM job WHERE job.id = attempt.job_id) = 'queued'
                   AND ifnull((queued_at, rowid) < (SELECT queued_at, rowid FROM attempt AS own
                     WHERE own.job_id = ?1 AND own.state = 'queued' ORDER BY queued_at, rowid LIMIT 1), TRUE))";
            let before: u32 = connection.cell(sql, values![job_id.map(JobId::as_str)])?;
            Ok(usize::try_from(before).unwrap_or(usize::MAX))
        })
    }

    /// Attempts of the jobs that were canceled last, the newest first: whoever canceled them may
    /// have died before it ended their commands.
    pub fn canceled_attempts(&self, limit: u32) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        self.attempts("WHERE state = 'canceled' ORDER BY rowid DESC LIMIT ?1", values![limit])
    }

    pub(super) fn attempts(&self, condition: &str, values: &[Value<'_>]) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        let sql = format!("SELECT {} FROM attempt {condition}", rows::ATTEMPT_COLUMNS);
        self.read(|connection| {
            connection.collect(&sql, values, |row| {
                let cells = Cells::new(row, "attempt", 3);
                Ok((cells.job_id(0)?, rows::attempt(&cells)?))
            })
        })
    }

    /// Who leads; none when nobody does.
    pub fn leader(&self) -> Result<Option<LeaderInfo>, StoreError> {
        self.read(leader::find_live)
    }
}

/// The conditions of a list, with their values in order.
#[derive(Default)]
pub(super) struct Conditions {
    texts: Vec<&'static str>,
    pub(super) values: Vec<Value<'static>>,
}

impl Conditions {
    pub(super) fn add(&mut self, text: &'static str, value: Value<'static>) {
        self.texts.push(text);
        self.values.push(value);
    }

    pub(super) fn sql(&mut self, select: &str, order: &str, limit: u32) -> String {
        let conditions = if self.texts.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.texts.join(" AND "))
        };
        self.values.push(Value::from(i64::from(limit)));
        format!("{select}{conditions} {order} LIMIT ?")
    }
}
