//! Work off the loop: of each kind one job runs at a time, and of those that wait only the newest are of interest.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;

use crate::effect::{CheckJob, CompleteJob, DiffJob, FindJob, MeasureJob, Msg, Planned, Unfit};
use crate::work;
use diff::Limit;

/// Work for a thread of its own, which answers with a message.
pub(super) trait Job: Send + Sized + 'static {
    /// Whether its answer may be as coarse as it is when the time for it is over.
    const IS_TIMED: bool = true;
    /// A job of a higher number makes this one pointless, even while it runs.
    fn number(&self) -> u64;
    /// Whether it is still wanted while it waits and this newer one comes.
    fn is_wanted_beside(&self, _newer: &Self) -> bool {
        false
    }
    /// What is said when it panicked: the loop and the next job go on.
    fn failed(&self) -> Msg;
    /// Does the work. Blocks.
    fn run(self, limit: Limit<'_>) -> Msg;
}

/// The one running job of a kind, and those that wait.
pub(super) struct Slot<J> {
    waiting: VecDeque<J>,
    running: Option<(JoinHandle<Msg>, Msg)>,
    /// The highest number so far; slots whose jobs become pointless together share it.
    newest: Arc<AtomicU64>,
    wait: Option<Duration>,
}

impl<J: Job> Slot<J> {
    /// Jobs run so long at most, if they are timed; none: to their end.
    pub(crate) fn new(wait: Option<Duration>, newest: Arc<AtomicU64>) -> Self {
        Self {
            waiting: VecDeque::new(),
            running: None,
            newest,
            wait: wait.filter(|_| J::IS_TIMED),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    /// Takes a job, which runs as soon as none does.
    pub(crate) fn put(&mut self, job: J) {
        self.newest.fetch_max(job.number(), Ordering::Relaxed);
        self.waiting.retain(|waiting| waiting.is_wanted_beside(&job));
        self.waiting.push_back(job);
        if self.is_idle() {
            self.start();
        }
    }

    fn start(&mut self) {
        let (newest, wait) = (self.newest.clone(), self.wait);
        self.running = self.waiting.pop_front().map(|job| {
            let failed = job.failed();
            let work = move || {
                let number = job.number();
                let deadline = wait.map(|wait| Instant::now() + wait);
                let is_over = || {
                    newest.load(Ordering::Relaxed) > number
                        || deadline.is_some_and(|deadline| Instant::now() >= deadline)
                };
                job.run(Limit::new(deadline.map(Instant::into_std), &is_over))
            };
            (spawn_blocking(work), failed)
        });
    }

    /// The answer of the job that runs; waits for ever while none does. Cancel-safe.
    pub(crate) async fn done(&mut self) -> Msg {
        let Some((running, failed)) = &mut self.running else {
            return pending().await;
        };
        let msg = running.await.unwrap_or_else(|_| failed.clone());
        self.start();
        msg
    }
}

impl Job for DiffJob {
    fn number(&self) -> u64 {
        self.generation
    }

    fn is_wanted_beside(&self, newer: &Self) -> bool {
        self.generation == newer.generation && self.file != newer.file
    }

    fn failed(&self) -> Msg {
        Msg::DiffFailed(self.file, self.number)
    }

    fn run(self, limit: Limit<'_>) -> Msg {
        fault::panic_point("diff");
        Msg::DiffReady(Box::new(work::diff(self, limit)))
    }
}

impl Job for MeasureJob {
    fn number(&self) -> u64 {
        self.generation
    }

    fn is_wanted_beside(&self, newer: &Self) -> bool {
        self.generation == newer.generation && self.file != newer.file
    }

    fn failed(&self) -> Msg {
        Msg::Measured(self.file, self.number, Default::default())
    }

    fn run(self, limit: Limit<'_>) -> Msg {
        Msg::Measured(self.file, self.number, work::measure(&self, limit))
    }
}

impl Job for FindJob {
    const IS_TIMED: bool = false;

    fn number(&self) -> u64 {
        self.number
    }

    fn failed(&self) -> Msg {
        Msg::Found(self.number, None)
    }

    fn run(self, limit: Limit<'_>) -> Msg {
        Msg::Found(self.number, work::find(&self, &|| limit.is_reached()))
    }
}

impl Job for CheckJob {
    fn number(&self) -> u64 {
        self.revision
    }

    fn failed(&self) -> Msg {
        let unfit = Unfit {
            message: "the patch could not be checked".to_owned(),
            ..Unfit::default()
        };
        Msg::PatchChecked(self.revision, Err(unfit))
    }

    fn run(self, limit: Limit<'_>) -> Msg {
        Msg::PatchChecked(self.revision, work::check(&self, limit))
    }
}

impl Job for CompleteJob {
    fn number(&self) -> u64 {
        self.revision
    }

    fn failed(&self) -> Msg {
        Msg::Completed(self.revision, Vec::new())
    }

    fn run(self, _: Limit<'_>) -> Msg {
        Msg::Completed(self.revision, work::complete(&self))
    }
}

/// What a patch would make of a file, of this revision.
impl Job for (u64, Planned) {
    fn number(&self) -> u64 {
        self.0
    }

    fn failed(&self) -> Msg {
        Msg::PreviewReady(self.0, None)
    }

    fn run(self, limit: Limit<'_>) -> Msg {
        Msg::PreviewReady(self.0, Some(Box::new(work::preview(&self.1, limit))))
    }
}
