//! Old records as history (SPEC §4): what old databases and old run directories tell, put together
//! and told apart from our jobs.
//!
//! Nothing here is looked at before it is asked for, and then only what the page needs: one index
//! of names and times, made anew when an old database or the runs directory has changed, and the
//! jobs of the page. An old database that cannot be read is in nobody's way: it is left out of the
//! answers, and front ends name it ([`OldDatabase::check`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::SystemTime;

use super::trouble::Trouble;
use domain::ids::JobId;
use domain::old::{ListedEvent, ListedJob, OldDecision, OldJob};
use domain::time::Timestamp;
use domain::view::{EventsSince, JobFilter};
use runs::{RunsDir, RunsError, old};
use store::{OldDatabase, Reader, StoreError};

/// Jobs that are loaded at once.
const PAGE: usize = 200;

/// The old records of one runs directory.
#[derive(Debug)]
pub struct OldRecords {
    runs: RunsDir,
    databases: Vec<OldDatabase>,
    index: Option<Index>,
}

/// Where the newest word on a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// An old database, by its place among them.
    Database(usize),
    /// Its run directory alone.
    Files,
}

#[derive(Debug)]
struct Index {
    /// What the old databases and the runs directory were when it was made.
    stamps: Vec<Option<[i128; 4]>>,
    runs_changed: Option<SystemTime>,
    /// Newest first.
    jobs: Vec<(Timestamp, JobId, Source)>,
}

impl OldRecords {
    /// Nothing is looked at yet.
    pub fn new(runs: RunsDir, databases: Vec<OldDatabase>) -> Self {
        Self {
            runs,
            databases,
            index: None,
        }
    }

    /// The same for another thread: nothing is looked at yet.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.runs.clone(), self.databases.clone())
    }

    /// Whether an id is an old record's. A job of ours never is one, whatever lies in its
    /// directory.
    pub(crate) fn knows(&self, ours: Option<&Reader>, id: &JobId) -> Result<bool, Trouble> {
        if is_ours(ours, id)? {
            return Ok(false);
        }
        if old::is_old(&self.runs.run(id))? {
            return Ok(true);
        }
        let loaded = self
            .databases
            .iter()
            .map(|database| database.load(std::slice::from_ref(id)));
        // An old database that cannot be read must not stop the work.
        Ok(loaded.flatten().any(|jobs| !jobs.is_empty()))
    }

    /// One job of ours or of the old system; `ours` knows which jobs are not old.
    pub fn find(&self, ours: Option<&Reader>, id: &JobId) -> Result<Option<ListedJob>, Trouble> {
        if let Some(rows) = ours.map(|reader| reader.job(id)).transpose()?.flatten() {
            return Ok(Some(ListedJob::Ours(Arc::new(rows))));
        }
        Ok(self.job(ours, id)?.map(|job| ListedJob::Old(Box::new(job))))
    }

    fn job(&self, ours: Option<&Reader>, id: &JobId) -> Result<Option<OldJob>, Trouble> {
        if is_ours(ours, id)? {
            return Ok(None);
        }
        let rows = self.databases.iter().find_map(|database| {
            let loaded = database.load(std::slice::from_ref(id)).ok()?;
            loaded.into_iter().next()
        });
        Ok(match rows {
            Some(job) => Some(self.with_files(job)?),
            None => old::job(&self.runs.run(id))?,
        })
    }

    /// The events of one job as a client pages through them, oldest first, and how many there are
    /// without the limit. After a time, those that share the time of the last come with it.
    pub fn event_page(
        &self,
        ours: Option<&Reader>,
        id: &JobId,
        since: EventsSince,
        limit: u32,
    ) -> Result<(Vec<ListedEvent>, u64), Trouble> {
        if let Some(ours) = ours
            && ours.mark(id)?.is_some()
        {
            let (events, total) = ours.event_page(id, since, limit)?;
            return Ok((events.into_iter().map(ListedEvent::from).collect(), total));
        }
        let mut events = self.old_events(id)?;
        events.retain(|event| match since {
            EventsSince::Seq(seq) => event.seq > seq,
            EventsSince::Time(time) => event.ts > time,
        });
        let total = events.len() as u64;
        let mut limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if let EventsSince::Time(_) = since {
            events.sort_by_key(|event| event.ts);
            let last = limit.checked_sub(1).and_then(|last| events.get(last));
            let last = last.map(|event| event.ts);
            limit = events.partition_point(|event| last.is_none_or(|last| event.ts <= last));
        }
        events.truncate(limit);
        Ok((events, total))
    }

    fn old_events(&self, id: &JobId) -> Result<Vec<ListedEvent>, Trouble> {
        let run = self.runs.run(id);
        let filed = if old::is_old(&run)? {
            old::events(&run)?
        } else {
            Vec::new()
        };
        if !filed.is_empty() {
            return Ok(filed);
        }
        let rows = self.databases.iter().filter_map(|database| database.events(id).ok());
        Ok(rows.into_iter().find(|events| !events.is_empty()).unwrap_or_default())
    }

    /// Jobs of ours and of the old system, newest first; of equal ones ours first.
    pub fn list(&mut self, ours: Option<&Reader>, filter: &JobFilter) -> Result<Vec<ListedJob>, Trouble> {
        let rows = ours.map(|reader| reader.jobs(filter)).transpose()?.unwrap_or_default();
        let rows = rows.into_iter().map(|rows| ListedJob::Ours(Arc::new(rows)));
        let old = self.jobs(ours, filter)?.into_iter();
        let mut jobs: Vec<_> = rows.chain(old.map(|job| ListedJob::Old(Box::new(job)))).collect();
        jobs.sort_by_key(|job| Reverse(job.created_at()));
        jobs.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
        Ok(jobs)
    }

    /// Old jobs, newest first. One whose id a job of ours has is not among them.
    fn jobs(&mut self, ours: Option<&Reader>, filter: &JobFilter) -> Result<Vec<OldJob>, Trouble> {
        let wanted = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let is_before = |at: Timestamp| filter.before.is_none_or(|before| at < before);
        let entries: Vec<_> = self
            .index(ours)?
            .iter()
            .filter(|(at, ..)| is_before(*at))
            .cloned()
            .collect();
        let mut found = Vec::new();
        for page in entries.chunks(PAGE.min(wanted.max(1))) {
            if found.len() >= wanted {
                break;
            }
            let jobs = self.load(page)?;
            found.extend(
                jobs.into_iter()
                    .filter(|job| filter.status.is_none_or(|status| job.status == status)),
            );
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// Old decisions, newest first; only this job's, all of them, or at most `limit`.
    pub fn decisions(
        &mut self,
        ours: Option<&Reader>,
        job_id: Option<&JobId>,
        limit: u32,
    ) -> Result<Vec<OldDecision>, Trouble> {
        if let Some(id) = job_id {
            let job = self.job(ours, id)?;
            let decisions = job.iter().flat_map(OldJob::decisions).rev();
            return Ok(decisions.cloned().collect());
        }
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let entries = self.index(ours)?.to_vec();
        let mut found = Vec::new();
        // By the beginnings of jobs: a short list may leave out a late decision on an early job,
        // and reads no more than it shows.
        for page in entries.chunks(PAGE) {
            if found.len() >= wanted {
                break;
            }
            for job in self.load(page)? {
                found.extend(job.decisions().into_iter().cloned());
            }
        }
        found.sort_by_key(|decision| Reverse(decision.at));
        found.truncate(wanted);
        Ok(found)
    }

    /// The jobs of these entries, in their order.
    fn load(&self, entries: &[(Timestamp, JobId, Source)]) -> Result<Vec<OldJob>, Trouble> {
        let mut loaded: BTreeMap<JobId, OldJob> = BTreeMap::new();
        for (place, database) in self.databases.iter().enumerate() {
            let of_this = entries
                .iter()
                .filter(|(_, _, source)| *source == Source::Database(place));
            let ids: Vec<_> = of_this.map(|(_, id, _)| id.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            // It could be read a moment ago; what it had is missing now, and the rest is told.
            for job in database.load(&ids).unwrap_or_default() {
                loaded.insert(job.id.clone(), self.with_files(job)?);
            }
        }
        let mut jobs = Vec::with_capacity(entries.len());
        for (_, id, source) in entries {
            match source {
                Source::Database(_) => jobs.extend(loaded.remove(id)),
                Source::Files => jobs.extend(old::job(&self.runs.run(id))?),
            }
        }
        Ok(jobs)
    }

    /// Adds what the run directory knows of a job of an old database.
    fn with_files(&self, mut job: OldJob) -> Result<OldJob, RunsError> {
        let run = self.runs.run(&job.id);
        if old::is_old(&run)? {
            job.put_files(old::gates(&run, job.updated_at)?);
        }
        Ok(job)
    }

    fn index(&mut self, ours: Option<&Reader>) -> Result<&[(Timestamp, JobId, Source)], Trouble> {
        let stamps: Vec<_> = self.databases.iter().map(OldDatabase::stamp).collect();
        // This time changes when run directories are added or removed.
        let runs_changed = std::fs::metadata(self.runs.path())
            .and_then(|metadata| metadata.modified())
            .ok();
        let is_fresh = |index: &Index| index.stamps == stamps && index.runs_changed == runs_changed;
        let index = match self.index.take().filter(is_fresh) {
            Some(index) => index,
            None => Index {
                jobs: self.look(ours)?,
                stamps,
                runs_changed,
            },
        };
        Ok(&self.index.insert(index).jobs)
    }

    /// All old jobs with their times, newest first.
    fn look(&self, ours: Option<&Reader>) -> Result<Vec<(Timestamp, JobId, Source)>, Trouble> {
        let mut found: BTreeMap<JobId, (Timestamp, Source)> = BTreeMap::new();
        for (place, database) in self.databases.iter().enumerate() {
            for (id, at) in database.jobs().unwrap_or_default() {
                found.entry(id).or_insert((at, Source::Database(place)));
            }
        }
        let directories = self.runs.jobs()?;
        let names: BTreeSet<_> = found.keys().cloned().chain(directories).collect();
        let names: Vec<_> = names.into_iter().collect();
        let unknown = match ours {
            Some(reader) => reader.unknown(names)?,
            None => names,
        };
        let mut jobs = Vec::new();
        for id in unknown {
            match found.get(&id) {
                Some((at, source)) => jobs.push((*at, id, *source)),
                // One directory that cannot be read hides no other.
                None => {
                    let job = old::job(&self.runs.run(&id)).ok().flatten();
                    jobs.extend(job.map(|job| (job.created_at, id, Source::Files)));
                }
            }
        }
        jobs.sort_by(|one, other| other.cmp(one));
        Ok(jobs)
    }
}

fn is_ours(ours: Option<&Reader>, id: &JobId) -> Result<bool, StoreError> {
    match ours {
        Some(reader) => Ok(reader.mark(id)?.is_some()),
        None => Ok(false),
    }
}
