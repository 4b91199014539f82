//! How far the files of each job are in place under their names, while the disk has not confirmed
//! them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::JobId;

/// Of jobs that are owed the flush of their files alone, the event up to which this process has put
/// those in place.
///
/// The writer notes it. The reader asks: a dry run that did not know would take bytes that somebody
/// put back for a file that is still owed.
#[derive(Clone, Default)]
pub(super) struct InPlace(Arc<Mutex<BTreeMap<JobId, u64>>>);

impl InPlace {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event up to which the job's files are in place; 0: this process has put none there.
    pub(crate) fn up_to(&self, job_id: &JobId) -> u64 {
        self.jobs().get(job_id).copied().unwrap_or(0)
    }

    pub(crate) fn note(&self, job_id: JobId, up_to: u64) {
        self.jobs().insert(job_id, up_to);
    }

    pub(crate) fn forget(&self, job_id: &JobId) {
        self.jobs().remove(job_id);
    }

    /// Forgets the jobs that are owed nothing any more.
    pub(crate) fn retain(&self, is_owed: impl Fn(&JobId) -> bool) {
        self.jobs().retain(|job_id, _| is_owed(job_id));
    }

    pub(crate) fn count(&self) -> usize {
        self.jobs().len()
    }
}
