//! Work off the loop: of each kind one job runs at a time, and of those that wait only the newest
//! are of interest.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::effect::Msg;
use diff::Limit;

type Work = dyn FnOnce(Limit<'_>) -> Msg + Send;

/// Work for a thread of its own, which answers with a message.
pub(super) struct Job {
    /// A job of a higher number makes this one pointless, even while it runs.
    pub(super) number: u64,
    /// Jobs of one number for several files are all wanted.
    pub(super) file: Option<usize>,
    /// What is said when the work panicked: the loop and the next job go on.
    pub(super) failed: Msg,
    /// Blocks.
    pub(super) work: Box<Work>,
}

/// Whether a job of a kind runs, and those that wait.
pub(super) struct Slot {
    waiting: VecDeque<Job>,
    is_running: bool,
    /// The highest number so far; slots whose jobs become pointless together share it.
    newest: Arc<AtomicU64>,
    wait: Option<Duration>,
}

impl Slot {
    /// Answers are as coarse as they are after this wait; none: always whole.
    pub(crate) fn new(wait: Option<Duration>, newest: Arc<AtomicU64>) -> Self {
        Self {
            waiting: VecDeque::new(),
            is_running: false,
            newest,
            wait,
        }
    }

    pub(crate) fn put(&mut self, job: Job) {
        self.newest.fetch_max(job.number, Ordering::Relaxed);
        let is_wanted = |waiting: &Job| waiting.number == job.number && waiting.file != job.file;
        self.waiting.retain(is_wanted);
        self.waiting.push_back(job);
    }

    /// The next job's work, if none is running, and what is said if it panics.
    pub(crate) fn start(&mut self) -> Option<(impl FnOnce() -> Msg + Send + use<>, Msg)> {
        if self.is_running {
            return None;
        }
        let Job {
            number, failed, work, ..
        } = self.waiting.pop_front()?;
        self.is_running = true;
        let (newest, wait) = (self.newest.clone(), self.wait);
        let work = move || {
            let deadline = wait.map(|wait| Instant::now() + wait);
            let is_late = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let is_over = || newest.load(Ordering::Relaxed) > number || is_late();
            work(Limit::new(deadline.map(Instant::into_std), &is_over))
        };
        Some((work, failed))
    }

    pub(crate) fn end(&mut self) {
        self.is_running = false;
    }
}
