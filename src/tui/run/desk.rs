//! Carries effects to the engine and the workers, and brings back what they answer as messages.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::diff::Limit;
use crate::domain::patch::Candidate;
use crate::engine::api::{Notice, RequestId};
use crate::tui::backend::Backend;
use crate::tui::effect::{
    CheckJob, Checked, CompleteJob, DiffDone, DiffJob, Effect, Msg, Planned, Preview, Question, Submission, Unfit,
};
use crate::tui::work;

/// After this long a diff is shown as coarse as it is then.
const DIFF_WAIT: Duration = Duration::from_millis(800);

/// What the loop itself must do: everything about the terminal.
pub(super) enum Order {
    Copy(String),
    Repaint,
    Suspend,
    Quit,
}

enum Done {
    Diff(Option<Box<DiffDone>>),
    Check(u64, Option<Result<Box<Checked>, Unfit>>),
    Preview(u64, Option<Box<Preview>>),
    Completed(u64, Option<Vec<Candidate>>),
}

/// Requests under way. Of diffs, checks, previews and completions one each runs at a time; of the waiting ones only the newest are of interest.
pub(super) struct Desk {
    asked: HashMap<RequestId, Question>,
    submitted: HashMap<RequestId, Submission>,
    diffs: VecDeque<DiffJob>,
    is_diff_running: bool,
    check: Option<CheckJob>,
    is_check_running: bool,
    completion: Option<CompleteJob>,
    is_completion_running: bool,
    preview: Option<(u64, Planned)>,
    is_preview_running: bool,
    newest: Arc<AtomicU64>,
    outbox: mpsc::Sender<Done>,
    inbox: mpsc::Receiver<Done>,
}

impl Desk {
    pub fn new() -> Self {
        let (outbox, inbox) = mpsc::channel(4);
        Self {
            asked: HashMap::new(),
            submitted: HashMap::new(),
            diffs: VecDeque::new(),
            is_diff_running: false,
            check: None,
            is_check_running: false,
            completion: None,
            is_completion_running: false,
            preview: None,
            is_preview_running: false,
            newest: Arc::new(AtomicU64::new(0)),
            outbox,
            inbox,
        }
    }

    /// Takes effects; returns what is the loop's own business.
    pub fn take<B: Backend>(&mut self, effects: Vec<Effect>, backend: &mut B) -> Vec<Order> {
        let mut orders = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(submission, command) => {
                    let id = backend.submit(command);
                    self.submitted.insert(id, submission);
                }
                Effect::Ask(question, query) => {
                    let id = backend.ask(query);
                    self.asked.insert(id, question);
                }
                Effect::Diff(job) => {
                    self.newest.fetch_max(job.generation, Ordering::Relaxed);
                    let newest = self.newest.load(Ordering::Relaxed);
                    self.diffs.retain(|waiting| waiting.generation == newest);
                    self.diffs.push_back(job);
                    self.start_diff();
                }
                Effect::Check(job) => {
                    self.check = Some(job);
                    self.start_check();
                }
                Effect::Preview(revision, planned) => {
                    self.preview = Some((revision, planned));
                    self.start_preview();
                }
                Effect::Complete(job) => {
                    self.completion = Some(job);
                    self.start_completion();
                }
                Effect::SaveDraft(key, draft) => backend.save_draft(&key, draft.as_ref()),
                Effect::Copy(text) => orders.push(Order::Copy(text)),
                Effect::Repaint => orders.push(Order::Repaint),
                Effect::Suspend => orders.push(Order::Suspend),
                Effect::Quit => orders.push(Order::Quit),
            }
        }
        orders
    }

    fn start_diff(&mut self) {
        if self.is_diff_running {
            return;
        }
        let Some(job) = self.diffs.pop_front() else {
            return;
        };
        self.is_diff_running = true;
        let (newest, outbox) = (self.newest.clone(), self.outbox.clone());
        let deadline = tokio::time::Instant::now() + DIFF_WAIT;
        tokio::spawn(async move {
            let done = spawn_blocking(move || {
                let generation = job.generation;
                let is_over = || newest.load(Ordering::Relaxed) > generation || tokio::time::Instant::now() >= deadline;
                Box::new(work::diff(job, Limit::new(deadline.into_std(), &is_over)))
            });
            // A worker that panicked leaves the file unread; the loop and the next diff go on.
            let _ = outbox.send(Done::Diff(done.await.ok())).await;
        });
    }

    fn start_check(&mut self) {
        if self.is_check_running {
            return;
        }
        let Some(job) = self.check.take() else {
            return;
        };
        self.is_check_running = true;
        let outbox = self.outbox.clone();
        let deadline = tokio::time::Instant::now() + DIFF_WAIT;
        tokio::spawn(async move {
            let revision = job.revision;
            let done = spawn_blocking(move || {
                let is_over = || tokio::time::Instant::now() >= deadline;
                work::check(&job, Limit::new(deadline.into_std(), &is_over))
            });
            let _ = outbox.send(Done::Check(revision, done.await.ok())).await;
        });
    }

    fn start_completion(&mut self) {
        if self.is_completion_running {
            return;
        }
        let Some(job) = self.completion.take() else {
            return;
        };
        self.is_completion_running = true;
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            let revision = job.revision;
            let done = spawn_blocking(move || work::complete(&job));
            let _ = outbox.send(Done::Completed(revision, done.await.ok())).await;
        });
    }

    fn start_preview(&mut self) {
        if self.is_preview_running {
            return;
        }
        let Some((revision, planned)) = self.preview.take() else {
            return;
        };
        self.is_preview_running = true;
        let outbox = self.outbox.clone();
        let deadline = tokio::time::Instant::now() + DIFF_WAIT;
        tokio::spawn(async move {
            let done = spawn_blocking(move || {
                let is_over = || tokio::time::Instant::now() >= deadline;
                Box::new(work::preview(&planned, Limit::new(deadline.into_std(), &is_over)))
            });
            let _ = outbox.send(Done::Preview(revision, done.await.ok())).await;
        });
    }

    /// The next finished work. Cancel-safe.
    pub async fn done(&mut self) -> Msg {
        loop {
            // The sender is kept here, so the channel never closes.
            let Some(done) = self.inbox.recv().await else {
                return std::future::pending().await;
            };
            match done {
                Done::Diff(done) => {
                    self.is_diff_running = false;
                    self.start_diff();
                    if let Some(done) = done {
                        return Msg::DiffReady(done);
                    }
                }
                Done::Check(revision, done) => {
                    self.is_check_running = false;
                    self.start_check();
                    let failed = || {
                        Err(Unfit {
                            line: None,
                            message: "the patch could not be checked".to_owned(),
                            hint: None,
                        })
                    };
                    return Msg::PatchChecked(revision, done.unwrap_or_else(failed));
                }
                Done::Completed(revision, done) => {
                    self.is_completion_running = false;
                    self.start_completion();
                    return Msg::Completed(revision, done.unwrap_or_default());
                }
                Done::Preview(revision, done) => {
                    self.is_preview_running = false;
                    self.start_preview();
                    return Msg::PreviewReady(revision, done);
                }
            }
        }
    }

    /// A notice as a message, with what it answers.
    pub fn translate(&mut self, notice: Notice) -> Msg {
        match notice {
            Notice::Done(id, result) => match self.submitted.get(&id).copied() {
                Some(submission) => {
                    if result.is_err() {
                        self.submitted.remove(&id);
                    }
                    Msg::Done(submission, result)
                }
                None => Msg::Changed,
            },
            Notice::Published(id, result) => match self.submitted.remove(&id) {
                Some(submission) => Msg::Published(submission, result),
                None => Msg::Changed,
            },
            Notice::Answer(id, answer) => match self.asked.remove(&id) {
                Some(question) => Msg::Answered(question, answer),
                None => Msg::Changed,
            },
            Notice::Events(events) => Msg::Events(events),
            Notice::Changed => Msg::Changed,
            Notice::Lead(is_leading) => Msg::Lead(is_leading),
            Notice::ConfigLoaded(gates, warnings) => Msg::ConfigLoaded(gates, warnings),
            Notice::ConfigBroken(faults) => Msg::ConfigBroken(faults),
            Notice::Trouble(trouble) => Msg::Trouble(trouble),
        }
    }
}
