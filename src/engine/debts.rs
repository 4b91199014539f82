//! Paying what is owed to the files: the second half of the writer's work (SPEC §4).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::ids::JobId;
use crate::fault;
use crate::runs::locks::PUBLISH_PATIENCE;
use crate::runs::publish::{self, Owed};

use super::inbox::Inbox;
use super::writer::Writer;

/// The most jobs whose files are written in one group.
pub(super) const PUBLISH_JOBS_MAX: u32 = 64;

impl Writer {
    /// Pays what is owed to the files, in groups. What cannot be paid now is tried again later, and keeps nobody else waiting.
    pub(super) fn publish(&mut self) {
        if let Ok(Some(_)) = self.preparer.reader.newer_version() {
            // Its files are the newer holdpoint's to write.
            self.is_owing = false;
            return self.leave_waiting("a newer holdpoint has brought the database up");
        }
        let mut failed: BTreeMap<JobId, String> = BTreeMap::new();
        loop {
            let limit = PUBLISH_JOBS_MAX.saturating_add(u32::try_from(failed.len()).unwrap_or(u32::MAX));
            let mut jobs = match self.preparer.reader.owed(limit) {
                Ok(jobs) => jobs,
                Err(error) => return self.give_up(&error.to_string()),
            };
            jobs.retain(|job_id| !failed.contains_key(job_id));
            if jobs.is_empty() {
                break;
            }
            match self.publish_group(&jobs) {
                Ok(more) => failed.extend(more),
                Err(why) => return self.give_up(&why),
            }
        }
        self.is_owing = !failed.is_empty();
        for (job_id, requests) in std::mem::take(&mut self.owed) {
            let result = failed.get(&job_id).map_or(Ok(()), |why| Err(why.clone()));
            for request in requests {
                self.tell(Inbox::Published(request, result.clone()));
            }
        }
        self.report(failed.into_values().next_back());
    }

    /// Nothing can be paid for now.
    fn give_up(&mut self, why: &str) {
        self.leave_waiting(why);
        self.report(Some(why.to_owned()));
    }

    /// Nobody is left waiting for an answer.
    fn leave_waiting(&mut self, why: &str) {
        for request in std::mem::take(&mut self.owed).into_values().flatten() {
            self.tell(Inbox::Published(request, Err(why.to_owned())));
        }
    }

    /// Which of them could not be paid, and why; the error: none of them.
    fn publish_group(&mut self, jobs: &[JobId]) -> Result<BTreeMap<JobId, String>, String> {
        let runs = self.preparer.runs.clone();
        let patience = self.patience;
        let reader = &mut self.preparer.reader;
        let results = publish::publish(&runs, jobs, patience, |job_id| {
            let owed = reader.owed_of(job_id).map_err(|error| error.to_string())?;
            let Some(owed) = owed else { return Ok(None) };
            // A line that a crash or a hand tore is cut, and may have been whole once: then the watermark is above it.
            let torn_after = publish::torn_after(&runs.run(job_id)).map_err(|error| error.to_string())?;
            let torn_events = match torn_after.filter(|seq| *seq < owed.published_seq) {
                Some(seq) => {
                    let events = reader.events(Some(job_id), seq, u32::MAX, false);
                    let mut events = events.map_err(|error| error.to_string())?;
                    events.retain(|event| event.seq <= owed.published_seq);
                    events
                }
                None => Vec::new(),
            };
            Ok(Some(Owed {
                rows: owed.rows,
                events: owed.events,
                torn_events,
                decisions: owed.decisions,
                up_to: owed.up_to,
                status_since: owed.status_since,
            }))
        });
        // Somebody who is stopped keeps the lock: it is asked for again and again, and nothing else waits for it as long as that.
        self.patience = if results.is_ok() {
            PUBLISH_PATIENCE
        } else {
            Duration::ZERO
        };
        let results = results.map_err(|error| error.to_string())?;
        fault::point("after_files");
        let mut done = Vec::new();
        let mut failed = BTreeMap::new();
        for published in results {
            for finding in &published.findings {
                tracing::warn!("{}: {finding}", published.job_id);
            }
            match published.result {
                Ok(Some(up_to)) => done.push((published.job_id, up_to)),
                // Its rows are gone: nothing can be written, and nothing is.
                Ok(None) => {
                    failed.insert(published.job_id, "there is no such job any more".to_owned());
                }
                Err(error) => {
                    failed.insert(published.job_id, error.to_string());
                }
            }
        }
        // When this fails they will be written again, to the same bytes.
        self.store.mark_published(&done).map_err(|error| error.to_string())?;
        fault::point("after_watermark");
        Ok(failed)
    }
}
