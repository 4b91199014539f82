//! The one transaction that decides (SPEC §4): load the rows, ask the rule, apply its changes,
//! commit; many entries share one commit.

use std::collections::{HashMap, HashSet};

use super::apply::{self, Stop};
use super::error::{RowError, StoreError};
use super::event_row::{self, Chain};
use super::open::{forget_damage, refuse_newer};
use super::rows::Load;
use super::sql::{Connection, Value};
use super::submissions::{self, Submission};
use super::{Store, leader, rows};
use domain::change::{Applied, Change};
use domain::hosts::{clock_differs, differs_in_words};
use domain::ids::JobId;
use domain::job::JobRows;
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;

/// What is to be recorded of one job in a transaction.
#[derive(Debug, Clone)]
pub struct Batched<M> {
    /// The job it is about; the rule may change no other.
    pub job_id: JobId,
    /// Only the leader of this epoch may do it. None: every process may.
    pub epoch: Option<u64>,
    /// The name under which it was submitted: what it comes to, a refusal too, is kept, and it is
    /// done once.
    pub submission: Option<Submission>,
    /// What the rule reads.
    pub matter: M,
}

impl<M> Batched<M> {
    /// One that every process may make.
    pub fn new(job_id: JobId, matter: M) -> Self {
        Self {
            job_id,
            epoch: None,
            submission: None,
            matter,
        }
    }
}

/// Says what an entry changes in this job, given its rows as the transaction sees them; none: there
/// is no such job.
pub type Rule<'r, M> = dyn FnMut(&JobId, Option<&JobRows>, &M) -> Result<Vec<Change>, Refusal> + 'r;

/// What an entry came to, with the job's rows after it.
pub type Answer = Result<(Applied, JobRows), Refusal>;

impl Store {
    /// Records all these entries with one commit, in their order; one that is refused changes
    /// nothing and hinders no other.
    ///
    /// When this returns, what the answers say is on disk. An error means that nothing was
    /// recorded, with one exception that no database can avoid: when the disk failed during the
    /// commit itself, the next process to open the file may find it done.
    pub fn commit<M>(
        &mut self,
        entries: &[Batched<M>],
        now: Timestamp,
        rule: &mut Rule<'_, M>,
    ) -> Result<Vec<Answer>, StoreError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.record(entries, now, rule);
        answers.map_err(|error| {
            let error = StoreError::of(&self.path, "record in", error);
            forget_damage(&self.durable, &error);
            error
        })
    }

    fn record<M>(
        &mut self,
        entries: &[Batched<M>],
        now: Timestamp,
        rule: &mut Rule<'_, M>,
    ) -> Result<Vec<Answer>, RowError> {
        // At the end of a line what all entries write goes there at once. Where a row holds one of them
        // back, nothing of it stays, and each is written by itself, so that the others do not suffer
        // for it.
        if !self.durable.is_file() {
            match self
                .record_as(Writing::Together, entries, now, rule)
                .map_err(Stop::from)
            {
                Ok(answers) => return Ok(answers),
                Err(Stop::Refused(_) | Stop::Failed(RowError::HeldBack)) => {}
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        self.record_as(Writing::OneByOne, entries, now, rule)
    }

    fn record_as<M>(
        &mut self,
        writing: Writing,
        entries: &[Batched<M>],
        now: Timestamp,
        rule: &mut Rule<'_, M>,
    ) -> Result<Vec<Answer>, RowError> {
        let groups: Vec<_> = entries.chunks(AHEAD_MAX).collect();
        let loads: Result<Vec<_>, _> = groups.iter().map(|group| load_of(writing, group)).collect();
        let loads = loads?;
        let first = loads.first().and_then(Option::as_ref);
        let before = self.clock.as_ref().map(|clock| (clock, (clock.0)()));
        self.durable.transaction_after(&queries_of(first), |connection| {
            refuse_newer(connection)?;
            // What was off for a moment was perhaps not noticed by whoever looks now and then.
            if let (Some((clock, before)), Some(time)) = (before, connection.began_at())
                && let Some(Some(ahead_us)) = clock_differs(before, time, (clock.0)())
            {
                return Err(RowError::Value(differs_in_words(ahead_us)));
            }
            let epoch = match entries.iter().any(|entry| entry.epoch.is_some()) {
                true => leader::find(connection)?.map(|leader| leader.epoch),
                false => None,
            };
            let mut answers = Vec::with_capacity(entries.len());
            let mut under = Under {
                connection,
                writing,
                epoch,
                now,
                chain: Chain::default(),
                loaded: None,
            };
            for (at, (group, load)) in groups.into_iter().zip(&loads).enumerate() {
                under.load(load.as_ref(), at == 0)?;
                for entry in group {
                    answers.push(under.answer(entry, rule)?);
                }
            }
            fault::point("in_transaction");
            Ok(answers)
        })
    }
}

/// The most entries whose rows are read at once.
const AHEAD_MAX: usize = 100;

/// What loads the jobs of all these entries at once. None where they have to be read one after the
/// other: of two entries of one job the second finds it as the first left it.
fn load_of<M>(writing: Writing, entries: &[Batched<M>]) -> Result<Option<Load>, RowError> {
    let jobs: HashSet<_> = entries.iter().map(|entry| &entry.job_id).collect();
    if writing == Writing::OneByOne || jobs.len() < entries.len() {
        return Ok(None);
    }
    let jobs: Vec<_> = jobs.into_iter().cloned().collect();
    Load::new(&jobs).map(Some)
}

/// What is asked for entries with this load before anything is written for them.
fn queries_of(load: Option<&Load>) -> Vec<(&str, &[Value<'_>])> {
    let mut queries = load.map(Load::queries).unwrap_or_default();
    if load.is_some() {
        queries.push((event_row::CHAIN_HEAD, &[]));
    }
    queries
}

/// How the entries of a commit are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// All at once: each has to be written as it is.
    Together,
    /// Each under a savepoint of its own.
    OneByOne,
}

/// A transaction that records entries.
struct Under<'c> {
    connection: &'c Connection,
    writing: Writing,
    /// The leader's.
    epoch: Option<u64>,
    now: Timestamp,
    chain: Chain,
    /// The jobs of the next entries; none: each is still to be read.
    loaded: Option<HashMap<String, JobRows>>,
}

impl Under<'_> {
    /// Takes the jobs of the next entries. Those of the first were asked for as the transaction began.
    fn load(&mut self, load: Option<&Load>, is_asked: bool) -> Result<(), RowError> {
        self.loaded = None;
        let Some(load) = load else {
            return Ok(());
        };
        if !is_asked {
            self.connection.ahead(&queries_of(Some(load)))?;
        }
        let jobs = load.jobs(self.connection);
        // Which of them is damaged, and only that, is told where each is read by itself.
        let is_damaged = matches!(jobs, Err(RowError::Bad { .. }));
        self.loaded = Some(if is_damaged { Err(RowError::HeldBack) } else { jobs }?);
        Ok(())
    }

    fn answer<M>(&mut self, entry: &Batched<M>, rule: &mut Rule<'_, M>) -> Result<Answer, RowError> {
        let job_id = &entry.job_id;
        if entry.epoch.is_some() && entry.epoch != self.epoch {
            return Ok(Err(not_leading(job_id)));
        }
        let rows = match self.loaded.as_mut() {
            Some(loaded) => {
                self.connection.next_entry();
                Ok(loaded.remove(job_id.as_str()))
            }
            None => rows::load(self.connection, job_id),
        };
        let rows = match rows {
            Ok(rows) => rows,
            // A damaged job must not hinder the others.
            Err(RowError::Bad { table, key, what }) => return Ok(Err(damaged(table, &key, &what))),
            Err(error) => return Err(error),
        };
        let answer = match rule(job_id, rows.as_ref(), &entry.matter) {
            Err(refusal) => Err(refusal),
            Ok(changes) => match self.writing {
                Writing::Together => Ok(self.apply(entry, rows, changes).map_err(|stop| match stop {
                    Stop::Refused(_) => RowError::HeldBack,
                    Stop::Failed(error) => error,
                })?),
                Writing::OneByOne => self.apply_or_undo(entry, rows, changes)?,
            },
        };
        if let (Err(refusal), Some(submission)) = (&answer, &entry.submission) {
            // What was done under the name already stays.
            submissions::keep(
                self.connection,
                self.writing,
                submission,
                Some(job_id),
                Err(refusal),
                self.now,
            )?;
        }
        Ok(answer)
    }

    fn apply<M>(
        &mut self,
        entry: &Batched<M>,
        rows: Option<JobRows>,
        changes: Vec<Change>,
    ) -> Result<(Applied, JobRows), Stop> {
        let (job_id, now) = (&entry.job_id, self.now);
        let applied = apply::apply(self.connection, job_id, rows, changes, now, &mut self.chain)?;
        if let Some(submission) = &entry.submission
            && !submissions::keep(
                self.connection,
                self.writing,
                submission,
                Some(job_id),
                Ok(&applied.0),
                now,
            )?
        {
            return Err(Stop::Refused(done_already(job_id)));
        }
        Ok(applied)
    }

    fn apply_or_undo<M>(
        &mut self,
        entry: &Batched<M>,
        rows: Option<JobRows>,
        changes: Vec<Change>,
    ) -> Result<Answer, RowError> {
        self.connection.put("SAVEPOINT input", &[], None)?;
        let before = self.chain;
        let applied = self.apply(entry, rows, changes);
        let applied = applied.and_then(|applied| {
            self.connection.settle()?;
            Ok(applied)
        });
        let answer = match applied {
            Ok(applied) => Ok(applied),
            Err(Stop::Refused(refusal)) => {
                self.connection.execute("ROLLBACK TO input", &[])?;
                self.chain = before;
                Err(refusal)
            }
            // The whole transaction is rolled back, the savepoint with it.
            Err(Stop::Failed(error)) => return Err(error),
        };
        self.connection.put("RELEASE input", &[], None)?;
        Ok(answer)
    }
}

fn not_leading(job_id: &JobId) -> Refusal {
    Refusal::new(RefusalCode::NotPossible, "another process leads now").at(job_id.to_string())
}

/// Another process has done it while this one looked at it.
fn done_already(job_id: &JobId) -> Refusal {
    Refusal::wrong_state("this submission was done already")
        .with_hint("send it again: it gets the answer that it had")
        .at(job_id.to_string())
}

fn damaged(table: &str, key: &str, what: &str) -> Refusal {
    let message = format!("the database is damaged: table {table}, row {key}: {what}");
    Refusal::new(RefusalCode::NotPossible, message).with_hint("holdpoint doctor tells what is damaged")
}
