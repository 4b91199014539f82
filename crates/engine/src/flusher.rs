//! Waits for the disk, so that nobody else has to: flushes what the writer has put in place, then
//! lets the watermarks rise.
//!
//! ```text
//! writer: commit ─ answer ─ files in place ─ told ─┐ at most FLUSHING_JOBS_MAX jobs
//! flusher:                                         └ each file ─ each directory ─ watermark
//! ```
//! A slow disk, or a neighbour that writes at full speed, keeps only this thread waiting. Where it
//! cannot keep up, files are still put in place and told of; they are handed over when there is
//! room, and until then the rows say that they are owed. So does a process that dies in between:
//! whoever starts next flushes them again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use domain::ids::JobId;

use domain::refusal::Refusal;
use runs::publish::Unconfirmed;
use store::Marker;

use super::inbox::Inbox;

/// The most jobs whose files are held open until they are flushed: each has some, and a process may
/// have only so many.
const FLUSHING_JOBS_MAX: usize = 64;
/// How long a process that ends, or is about to be stopped, waits for the disk without anything
/// becoming done. What is not confirmed by then is owed, and flushed by whoever starts next.
pub(super) const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct State {
    /// Of jobs that wait to be flushed, the event up to which they have their files.
    waiting: BTreeMap<JobId, u64>,
    /// How many were handed over and are not done.
    count: usize,
    /// Jobs whose last flush failed, and why.
    failed: BTreeMap<JobId, Refusal>,
    /// Those of them that the writer has not heard of.
    is_new: BTreeSet<JobId>,
    /// The writer had more than there was room for.
    is_awaited: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    done: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer's side of the thread, which ends when this is dropped.
pub(super) struct Flusher {
    shared: Arc<Shared>,
    batches: SyncSender<Unconfirmed>,
}

impl Flusher {
    /// Starts the thread.
    pub(crate) fn start(marker: Marker, inbox: Sender<Inbox>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (batches, received) = sync_channel(FLUSHING_JOBS_MAX);
        let thread = Thread {
            shared: Arc::clone(&shared),
            batches: received,
            marker,
            inbox,
        };
        std::thread::Builder::new()
            .name("flusher".to_owned())
            .spawn(move || thread.run())?;
        Ok(Self { shared, batches })
    }

    /// How many more jobs can be handed over.
    pub(crate) fn room(&self) -> usize {
        FLUSHING_JOBS_MAX.saturating_sub(self.shared.state().count)
    }

    /// Whether the job's files up to this event wait to be flushed.
    pub(crate) fn has(&self, job_id: &JobId, up_to: u64) -> bool {
        self.shared
            .state()
            .waiting
            .get(job_id)
            .is_some_and(|waiting| *waiting >= up_to)
    }

    /// Hands files over to be flushed. Where there is no room they stay owed, and the writer is
    /// told when there is some.
    pub(crate) fn hand_over(&self, batch: Unconfirmed) {
        let jobs: Vec<(JobId, u64)> = batch.jobs().map(|(job_id, up_to)| (job_id.clone(), up_to)).collect();
        if jobs.is_empty() {
            return;
        }
        let mut state = self.shared.state();
        if state.count + jobs.len() > FLUSHING_JOBS_MAX || self.batches.try_send(batch).is_err() {
            state.is_awaited = true;
            return;
        }
        state.count += jobs.len();
        state.waiting.extend(jobs);
    }

    /// Notes that the writer has more than there is room for.
    pub(crate) fn await_room(&self) {
        self.shared.state().is_awaited = true;
    }

    /// The failures that the writer has not heard of.
    pub(crate) fn new_failures(&self) -> BTreeMap<JobId, Refusal> {
        let mut state = self.shared.state();
        let new = std::mem::take(&mut state.is_new);
        let failed = new.into_iter().filter_map(|job_id| {
            let why = state.failed.get(&job_id)?.clone();
            Some((job_id, why))
        });
        failed.collect()
    }

    /// Whether the job's last flush failed: then what lies there may be in memory only, however
    /// often it is flushed.
    pub(crate) fn is_failed(&self, job_id: &JobId) -> bool {
        self.shared.state().failed.contains_key(job_id)
    }

    /// Why some job's files are not known to be on disk, where a flush failed.
    pub(crate) fn trouble(&self) -> Option<Refusal> {
        self.shared.state().failed.values().next_back().cloned()
    }

    /// Forgets failures of jobs that are owed nothing any more: somebody else has flushed them.
    pub(crate) fn retain(&self, is_owed: impl Fn(&JobId) -> bool) {
        self.shared.state().failed.retain(|job_id, _| is_owed(job_id));
    }

    /// Waits until nothing is under way. False: `patience` is over.
    pub(crate) fn rest(&self, patience: Duration) -> bool {
        let state = self.shared.state();
        let waited = self
            .shared
            .done
            .wait_timeout_while(state, patience, |state| state.count > 0);
        let (state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        drop(state);
        !timeout.timed_out()
    }

    /// Whether the writer had more than there was room for, since it was last asked.
    pub(crate) fn was_awaited(&self) -> bool {
        std::mem::take(&mut self.shared.state().is_awaited)
    }
}

struct Thread {
    shared: Arc<Shared>,
    batches: Receiver<Unconfirmed>,
    marker: Marker,
    inbox: Sender<Inbox>,
}

impl Thread {
    fn run(mut self) {
        while let Ok(batch) = self.batches.recv() {
            let mut results = BTreeMap::new();
            let mut done = Vec::new();
            for (job_id, up_to, flushed) in batch.flush() {
                match flushed {
                    Ok(()) => {
                        done.push((job_id.clone(), up_to));
                        results.insert(job_id, (up_to, Ok(())));
                    }
                    Err(error) => {
                        results.insert(job_id, (up_to, Err(error.into())));
                    }
                }
            }
            // If this fails, the files will be flushed again.
            if let Err(error) = self.marker.mark_published(&done) {
                let why = Refusal::from(error);
                for (job_id, up_to) in done {
                    results.insert(job_id, (up_to, Err(why.clone())));
                }
            } else if !done.is_empty() {
                fault::point("after_watermark");
            }
            if self.note(results) && self.inbox.blocking_send(Inbox::Flushed).is_err() {
                // The loop has ended; the writer may still wait for the flushes.
                tracing::debug!("the loop is gone");
            }
        }
    }

    /// Whether the writer is to look again.
    fn note(&self, results: BTreeMap<JobId, (u64, Result<(), Refusal>)>) -> bool {
        let mut state = self.shared.state();
        state.count = state.count.saturating_sub(results.len());
        for (job_id, (up_to, result)) in results {
            if state.waiting.get(&job_id) == Some(&up_to) {
                state.waiting.remove(&job_id);
            }
            match result {
                Ok(()) => {
                    state.failed.remove(&job_id);
                    state.is_new.remove(&job_id);
                }
                Err(why) => {
                    let told = why.with_causes();
                    tracing::warn!("{job_id}: its files are in place, and not known to be on disk: {told}");
                    state.failed.insert(job_id.clone(), why);
                    state.is_new.insert(job_id);
                }
            }
        }
        self.shared.done.notify_all();
        !state.is_new.is_empty() || (state.is_awaited && state.count < FLUSHING_JOBS_MAX / 2)
    }
}
