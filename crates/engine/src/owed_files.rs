//! Paying what is owed to the files: the second half of the writer's work (SPEC §4). Here they are
//! put in place; the flusher sees to it that they are on disk.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use domain::ids::JobId;
use domain::refusal::Refusal;
use runs::locks::PUBLISH_PATIENCE;
use runs::publish::{self, PublishRequest};
use runs::{RunsDir, RunsError};
use store::{Reader, StoreError};

use super::completing::{self, Bytes};
use super::flusher::FLUSH_PATIENCE;
use super::trouble::Trouble;
use super::writer::Writer;

/// The most jobs whose files are written in one group: all of a group are open at once.
pub(super) const PUBLISH_JOBS_MAX: u32 = 32;

impl Writer {
    /// Puts what is owed to the files in place, in groups, and hands it to the flusher. What cannot
    /// be paid now is tried again later, and keeps nobody else waiting.
    pub(super) fn publish(&mut self) {
        self.has_more = false;
        if let Ok(Some(_)) = self.preparer.reader.newer_version() {
            // The newer holdpoint writes the files from now on.
            self.is_owing = false;
            return self.leave_waiting(&Refusal::not_possible("a newer holdpoint has brought the database up"));
        }
        match self.preparer.is_here() {
            Ok(true) => {}
            Ok(false) => return self.leave_to_another_host(),
            Err(error) => return self.give_up(error.into()),
        }
        if let Err(trouble) = self.complete_chain() {
            return self.give_up(trouble.into());
        }
        // Not tried again at once: what the disk refused a moment ago, it refuses now.
        let mut failed = self.flusher.new_failures();
        for job_id in failed.keys() {
            self.preparer.in_place.forget(job_id);
        }
        loop {
            let jobs = match self.next_jobs(&failed) {
                Ok(jobs) => jobs,
                Err(error) => return self.give_up(error.into()),
            };
            if jobs.is_empty() {
                break;
            }
            match self.publish_group(&jobs) {
                Ok(more) => failed.extend(more),
                Err(error) => return self.give_up(error.into()),
            }
            // A host that takes over is owed the directories of all jobs: whoever asks for something
            // meanwhile waits for one group.
            if self.is_catching_up && jobs.len() >= PUBLISH_JOBS_MAX as usize && failed.is_empty() {
                (self.is_owing, self.has_more) = (true, true);
                return self.tell_those_in_place();
            }
        }
        self.is_catching_up = false;
        self.is_owing = !failed.is_empty();
        for (job_id, waiting) in std::mem::take(&mut self.owed) {
            let result = failed.get(&job_id).map_or(Ok(()), |why| Err(why.clone()));
            for unpublished in waiting {
                self.published(unpublished, result.clone());
            }
        }
        let trouble = failed.into_values().next_back();
        let waiting = || self.flusher.trouble().or_else(|| self.drafts.trouble());
        let trouble = trouble.or_else(waiting);
        self.report(trouble);
    }

    /// Tells whoever waits for files that are in place while others are not.
    fn tell_those_in_place(&mut self) {
        let jobs: Vec<JobId> = self.owed.keys().cloned().collect();
        for job_id in jobs {
            if !self.preparer.is_owed(&job_id).unwrap_or(true) {
                for unpublished in self.owed.remove(&job_id).unwrap_or_default() {
                    self.published(unpublished, Ok(()));
                }
            }
        }
    }

    /// Puts what is owed to this job in place, whatever else is owed. Where it cannot be, it is told
    /// when all of it is tried.
    pub(super) fn publish_now(&mut self, job_id: &JobId) {
        if self.preparer.is_here().unwrap_or(false)
            && let Err(error) = self.publish_group(std::slice::from_ref(job_id))
        {
            tracing::debug!("{job_id}: {error}");
        }
    }

    /// The same, and waits until all of it is on disk, as long as the disk goes on: before the
    /// process ends or is stopped.
    pub(super) fn publish_to_the_end(&mut self) {
        // Nobody asks for anything meanwhile, and nobody is left without an answer.
        self.is_catching_up = false;
        self.publish();
        while self.flusher.rest(FLUSH_PATIENCE) && self.flusher.was_awaited() {
            self.publish();
        }
        self.drafts.rest(FLUSH_PATIENCE);
    }

    /// The next jobs to publish: those whose files are not in place, and as many as there is room
    /// for of those whose files nobody flushes.
    fn next_jobs(&mut self, failed: &BTreeMap<JobId, Refusal>) -> Result<Vec<JobId>, StoreError> {
        let known = u32::try_from(failed.len() + self.preparer.in_place.count()).unwrap_or(u32::MAX);
        let limit = PUBLISH_JOBS_MAX.saturating_add(known);
        let owed = self.preparer.reader.owed(limit)?;
        if owed.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            let owed: BTreeMap<_, _> = owed.iter().cloned().collect();
            self.preparer.in_place.retain(|job_id| owed.contains_key(job_id));
            self.flusher.retain(|job_id| owed.contains_key(job_id));
        }
        let mut room = self.flusher.room();
        let mut jobs = Vec::new();
        for (job_id, up_to) in owed {
            let is_in_place = self.preparer.in_place.up_to(&job_id) >= up_to;
            if failed.contains_key(&job_id) || (is_in_place && self.flusher.has(&job_id, up_to)) {
                continue;
            }
            if is_in_place && room == 0 {
                self.flusher.await_room();
                continue;
            }
            room = room.saturating_sub(1);
            jobs.push(job_id);
            if jobs.len() >= PUBLISH_JOBS_MAX as usize {
                break;
            }
        }
        Ok(jobs)
    }

    /// The run directories of another host are kept up to date: what is owed to them is put in place
    /// there, and nobody here waits for it.
    fn leave_to_another_host(&mut self) {
        self.is_owing = false;
        self.preparer.in_place.retain(|_| false);
        self.flusher.retain(|_| false);
        for unpublished in std::mem::take(&mut self.owed).into_values().flatten() {
            self.published(unpublished, Ok(()));
        }
        self.report(self.drafts.trouble());
    }

    /// Where this host has led anew: what another one published meanwhile has its links here too.
    fn complete_chain(&mut self) -> Result<(), Trouble> {
        if !self.is_chain_whole {
            completing::complete_chain(&self.preparer.runs, &self.preparer.reader)?;
            self.is_chain_whole = true;
        }
        Ok(())
    }

    /// Nothing can be paid for now.
    fn give_up(&mut self, why: Refusal) {
        self.leave_waiting(&why);
        self.report(Some(why));
    }

    /// Nobody is left waiting for an answer.
    fn leave_waiting(&mut self, why: &Refusal) {
        for unpublished in std::mem::take(&mut self.owed).into_values().flatten() {
            self.published(unpublished, Err(why.clone()));
        }
    }

    /// Which of them could not be paid, and why; the error: none of them.
    fn publish_group(&mut self, jobs: &[JobId]) -> Result<BTreeMap<JobId, Refusal>, RunsError> {
        let runs = self.preparer.runs.clone();
        let patience = self.patience;
        let flusher = &self.flusher;
        let preparer = &self.preparer;
        let reader = &preparer.reader;
        let results = publish::publish(&runs, jobs, patience, |job_id| {
            let request = request(&runs, reader, job_id, preparer.in_place.up_to(job_id))?;
            Ok(request.map(|request| PublishRequest {
                is_distrusted: flusher.is_failed(job_id),
                ..request
            }))
        });
        // Somebody who is stopped keeps the lock: it is asked for again and again, and nothing else
        // waits for it as long as that.
        self.patience = if results.is_ok() {
            PUBLISH_PATIENCE
        } else {
            Duration::ZERO
        };
        let (results, unconfirmed) = results?;
        let mut failed = BTreeMap::new();
        for published in results {
            for finding in &published.findings {
                tracing::warn!("{}: {finding}", published.job_id);
            }
            match published.result {
                Ok(Some(up_to)) => {
                    self.preparer.in_place.note(published.job_id, up_to);
                }
                // The job's rows are gone, so there is nothing to write.
                Ok(None) => {
                    failed.insert(published.job_id, Refusal::not_possible("there is no such job any more"));
                }
                Err(error) => {
                    failed.insert(published.job_id, error.into());
                }
            }
        }
        self.flusher.hand_over(unconfirmed);
        Ok(failed)
    }
}

/// What a job's run directory is owed, where this process has put in place what was owed up to
/// `placed_seq`; none: there is no such job.
pub(super) fn request(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    placed_seq: u64,
) -> Result<Option<PublishRequest>, Box<dyn Error + Send + Sync>> {
    match reader.is_shared() {
        true => {
            let has_up_to = publish::last_event(&runs.run(job_id))?;
            request_above(runs, reader, job_id, placed_seq, has_up_to, Some(Bytes::Record(reader)))
        }
        false => request_above(runs, reader, job_id, placed_seq, u64::MAX, None),
    }
}

/// The same where the run directory has no more than the events up to `has_up_to`, and artifacts are
/// put in place from these bytes; none: all that are not patched lie where they were made.
pub(super) fn request_above(
    runs: &RunsDir,
    reader: &Reader,
    job_id: &JobId,
    placed_seq: u64,
    has_up_to: u64,
    bytes: Option<Bytes<'_>>,
) -> Result<Option<PublishRequest>, Box<dyn Error + Send + Sync>> {
    let Some(owed) = reader.owed_above(job_id, has_up_to)? else {
        return Ok(None);
    };
    let completed = match bytes {
        Some(bytes) => completing::artifacts(&runs.run(job_id), bytes, &owed, placed_seq)?,
        None => BTreeMap::new(),
    };
    // A line that a crash or a hand tore is cut, and may have been whole once: then the watermark is
    // above it.
    let torn_after = publish::torn_after(&runs.run(job_id))?;
    let torn_events = match torn_after.filter(|seq| *seq < owed.published_seq) {
        Some(seq) => {
            let mut events = reader.events(Some(job_id), seq, u32::MAX, false)?;
            events.retain(|event| event.seq <= owed.published_seq);
            events
        }
        None => Vec::new(),
    };
    Ok(Some(PublishRequest {
        rows: owed.rows,
        events: owed.events,
        torn_events,
        decisions: owed.decisions,
        up_to: owed.up_to,
        status_since: owed.status_since,
        published_seq: owed.published_seq,
        placed_seq,
        completed,
        is_distrusted: false,
    }))
}
