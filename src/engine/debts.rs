//! Paying what is owed to the files: the second half of the writer's work (SPEC §4).

use std::collections::BTreeSet;

use crate::domain::ids::JobId;
use crate::runs::publish::{self, Owed};

use super::crash;
use super::inbox::Inbox;
use super::writer::Writer;

/// The most jobs whose files are written in one group.
pub(super) const PUBLISH_JOBS_MAX: u32 = 64;

impl Writer {
    /// Pays what is owed to the files, in groups, until nothing is owed or something is in the way.
    pub(super) fn publish(&mut self) {
        loop {
            let jobs = match self.preparer.reader.owed(PUBLISH_JOBS_MAX) {
                Ok(jobs) => jobs,
                Err(error) => return self.report(Some(error.to_string())),
            };
            if jobs.is_empty() {
                self.is_owing = false;
                self.settle_requests(&BTreeSet::new(), "");
                return self.report(None);
            }
            if !self.publish_group(&jobs) {
                return;
            }
        }
    }

    /// Whether all of them are on disk now.
    fn publish_group(&mut self, jobs: &[JobId]) -> bool {
        let runs = self.preparer.runs.clone();
        let reader = &mut self.preparer.reader;
        let results = publish::publish(&runs, jobs, |job_id| match reader.owed_of(job_id) {
            Ok(owed) => owed.map(|owed| Owed {
                rows: owed.rows,
                events: owed.events,
                decisions: owed.decisions,
                up_to: owed.up_to,
            }),
            Err(error) => {
                tracing::warn!("cannot read what is owed to {job_id}: {error}");
                None
            }
        });
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                self.settle_requests(&jobs.iter().cloned().collect(), &error.to_string());
                self.report(Some(error.to_string()));
                return false;
            }
        };
        crash::point("after_files");
        let mut done = Vec::new();
        let mut failed = BTreeSet::new();
        let mut why = String::new();
        for published in results {
            for finding in &published.findings {
                tracing::warn!("{}: {finding}", published.job_id);
            }
            match published.result {
                Ok(Some(up_to)) => done.push((published.job_id, up_to)),
                Ok(None) => {}
                Err(error) => {
                    why = error.to_string();
                    failed.insert(published.job_id);
                }
            }
        }
        if let Err(error) = self.store.mark_published(&done) {
            // They will be written again, to the same bytes.
            self.report(Some(error.to_string()));
            return false;
        }
        if failed.is_empty() {
            return true;
        }
        self.settle_requests(&failed, &why);
        self.report(Some(why));
        false
    }

    /// Answers requests whose files are on disk, and those whose files are not for now; the latter are not asked about again.
    fn settle_requests(&mut self, failed: &BTreeSet<JobId>, why: &str) {
        for (job_id, requests) in std::mem::take(&mut self.owed) {
            let result = if failed.contains(&job_id) {
                Err(why.to_owned())
            } else {
                Ok(())
            };
            for request in requests {
                self.tell(Inbox::Published(request, result.clone()));
            }
        }
    }
}
