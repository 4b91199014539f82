//! Carries effects to the engine and the workers, and brings back what they answer as messages.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::copy::{self, Copy};
use config::Problem;
use diff::Limit;
use diff::search::Spot;
use engine::api::{Notice, RequestId};
use patch::Candidate;

use crate::backend::Backend;
use crate::effect::{
    CheckJob, Checked, CompleteJob, Details, DiffDone, DiffJob, Effect, FindJob, MeasureJob, Msg, Planned, Preview,
    Submission, Unfit,
};
use crate::own_editor::OwnEditor;
use crate::question::Answered;
use crate::work;

/// After this long a diff is shown as coarse as it is then.
const DIFF_WAIT: Duration = Duration::from_millis(800);

/// What the loop itself must do: everything about the terminal.
pub(super) enum Order {
    Copy(String),
    Repaint,
    Suspend,
    StartOwnEditor(OwnEditor, PathBuf),
    Quit,
}

enum Done {
    Copy(copy::Done),
    Diff(Result<Box<DiffDone>, (usize, u64)>),
    Measured(usize, u64, Option<Details>),
    Found(u64, Option<Spot>),
    Check(u64, Option<Result<Box<Checked>, Unfit>>),
    Preview(u64, Option<Box<Preview>>),
    Completed(u64, Option<Vec<Candidate>>),
}

/// Requests under way. Of diffs, measures, searches, checks, previews and completions one each runs at a time; of the waiting ones only
/// the newest are of interest.
pub(super) struct Desk {
    asked: FuturesOrdered<BoxFuture<'static, Answered>>,
    submitted: HashMap<RequestId, Submission>,
    diffs: VecDeque<DiffJob>,
    is_diff_running: bool,
    measures: VecDeque<MeasureJob>,
    is_measure_running: bool,
    find: Option<FindJob>,
    is_find_running: bool,
    newest_find: Arc<AtomicU64>,
    check: Option<CheckJob>,
    is_check_running: bool,
    completion: Option<CompleteJob>,
    is_completion_running: bool,
    preview: Option<(u64, Planned)>,
    is_preview_running: bool,
    newest: Arc<AtomicU64>,
    copy: Option<Copy>,
    outbox: mpsc::Sender<Done>,
    inbox: mpsc::Receiver<Done>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let (outbox, inbox) = mpsc::channel(4);
        Self {
            asked: FuturesOrdered::new(),
            submitted: HashMap::new(),
            diffs: VecDeque::new(),
            is_diff_running: false,
            measures: VecDeque::new(),
            is_measure_running: false,
            find: None,
            is_find_running: false,
            newest_find: Arc::new(AtomicU64::new(0)),
            check: None,
            is_check_running: false,
            completion: None,
            is_completion_running: false,
            preview: None,
            is_preview_running: false,
            newest: Arc::new(AtomicU64::new(0)),
            copy: None,
            outbox,
            inbox,
        }
    }

    /// Takes effects; returns what is the loop's own business.
    pub(crate) fn take<B: Backend>(&mut self, effects: Vec<Effect>, backend: &mut B) -> Vec<Order> {
        let mut orders = Vec::new();
        for effect in effects {
            match effect {
                Effect::Send(submission, command) => {
                    let id = backend.submit(command);
                    self.submitted.insert(id, submission);
                }
                Effect::Ask(question) => self.asked.push_back(backend.ask(question)),
                Effect::Diff(job) => {
                    self.newest.fetch_max(job.generation, Ordering::Relaxed);
                    let newest = self.newest.load(Ordering::Relaxed);
                    self.diffs
                        .retain(|waiting| waiting.generation == newest && waiting.file != job.file);
                    self.diffs.push_back(job);
                    self.start_diff();
                }
                Effect::Measure(job) => {
                    self.measures
                        .retain(|waiting| waiting.generation == job.generation && waiting.file != job.file);
                    self.measures.push_back(job);
                    self.start_measure();
                }
                Effect::Find(job) => {
                    self.newest_find.fetch_max(job.number, Ordering::Relaxed);
                    self.find = Some(job);
                    self.start_find();
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
                Effect::OpenCopy(job) => {
                    let copies = backend.edit_copies();
                    self.start_copy(move || copy::open(&copies, &job));
                }
                Effect::LookAtCopy => {
                    if let Some(look) = self.copy.as_mut().and_then(Copy::look) {
                        self.start_copy(look);
                    }
                }
                Effect::ReadCopy => match &self.copy {
                    Some(copy) => {
                        let read = copy.reader();
                        self.start_copy(move || copy::Done::Read(read()));
                    }
                    None => self.start_copy(|| copy::Done::Read(Err("there is no copy".to_owned()))),
                },
                Effect::CloseCopy { is_kept } => {
                    if let Some(copy) = self.copy.take() {
                        self.start_copy(move || copy.close(is_kept));
                    }
                }
                Effect::StartOwnEditor(editor, path) => orders.push(Order::StartOwnEditor(editor, path)),
                Effect::SaveDraft(key, draft) => backend.save_draft(&key, draft.as_ref()),
                Effect::PutAside(discarded) => backend.put_aside(&discarded),
                Effect::Restore(draft, discarded) => backend.restore(&draft, &discarded),
                Effect::Copy(text) => orders.push(Order::Copy(text)),
                Effect::Repaint => orders.push(Order::Repaint),
                Effect::Suspend => orders.push(Order::Suspend),
                Effect::Quit => orders.push(Order::Quit),
            }
        }
        orders
    }

    /// Works on the copy, on files: a disk that does not answer must not stop the clock.
    fn start_copy(&self, work: impl FnOnce() -> copy::Done + Send + 'static) {
        let outbox = self.outbox.clone();
        tokio::spawn(async move {
            let done = spawn_blocking(work).await.unwrap_or(copy::Done::Failed);
            let _ = outbox.send(Done::Copy(done)).await;
        });
    }

    /// The copy, for the moment before the process leaves.
    pub(crate) fn take_copy(&mut self) -> Option<Copy> {
        self.copy.take()
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
        let (file, number) = (job.file, job.number);
        tokio::spawn(async move {
            let done = spawn_blocking(move || {
                fault::panic_point("diff");
                let generation = job.generation;
                let is_over = || newest.load(Ordering::Relaxed) > generation || tokio::time::Instant::now() >= deadline;
                Box::new(work::diff(job, Limit::new(deadline.into_std(), &is_over)))
            });
            // A worker that panicked leaves the file unread; the loop and the next diff go on.
            let done = done.await.map_err(|_| (file, number));
            let _ = outbox.send(Done::Diff(done)).await;
        });
    }

    fn start_measure(&mut self) {
        if self.is_measure_running {
            return;
        }
        let Some(job) = self.measures.pop_front() else {
            return;
        };
        self.is_measure_running = true;
        let (newest, outbox) = (self.newest.clone(), self.outbox.clone());
        tokio::spawn(async move {
            let (file, number) = (job.file, job.number);
            let done = spawn_blocking(move || {
                // From here: it may have waited for another one.
                let deadline = tokio::time::Instant::now() + DIFF_WAIT;
                let is_over =
                    || newest.load(Ordering::Relaxed) > job.generation || tokio::time::Instant::now() >= deadline;
                work::measure(&job, Limit::new(deadline.into_std(), &is_over))
            });
            let _ = outbox.send(Done::Measured(file, number, done.await.ok())).await;
        });
    }

    fn start_find(&mut self) {
        if self.is_find_running {
            return;
        }
        let Some(job) = self.find.take() else {
            return;
        };
        self.is_find_running = true;
        let (newest, outbox) = (self.newest_find.clone(), self.outbox.clone());
        tokio::spawn(async move {
            let number = job.number;
            let done = spawn_blocking(move || {
                let is_over = || newest.load(Ordering::Relaxed) > number;
                work::find(&job, &is_over)
            });
            let _ = outbox.send(Done::Found(number, done.await.ok().flatten())).await;
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

    /// The next answer, or finished work that there is something to say of. Cancel-safe.
    pub(crate) async fn done(&mut self) -> Msg {
        loop {
            tokio::select! {
                biased;
                Some(answered) = self.asked.next() => return Msg::Answered(answered),
                // The sender is kept here, so the channel never closes.
                Some(done) = self.inbox.recv() => if let Some(msg) = self.told(done) {
                    return msg;
                },
            }
        }
    }

    fn told(&mut self, done: Done) -> Option<Msg> {
        Some(match done {
            Done::Copy(done) => return copy::told(&mut self.copy, done),
            Done::Diff(done) => {
                self.is_diff_running = false;
                self.start_diff();
                match done {
                    Ok(done) => Msg::DiffReady(done),
                    Err((file, number)) => Msg::DiffFailed(file, number),
                }
            }
            Done::Measured(file, number, details) => {
                self.is_measure_running = false;
                self.start_measure();
                Msg::Measured(file, number, details.unwrap_or_default())
            }
            Done::Found(number, spot) => {
                self.is_find_running = false;
                self.start_find();
                Msg::Found(number, spot)
            }
            Done::Check(revision, done) => {
                self.is_check_running = false;
                self.start_check();
                let failed = || {
                    Err(Unfit {
                        message: "the patch could not be checked".to_owned(),
                        ..Unfit::default()
                    })
                };
                Msg::PatchChecked(revision, done.unwrap_or_else(failed))
            }
            Done::Completed(revision, done) => {
                self.is_completion_running = false;
                self.start_completion();
                Msg::Completed(revision, done.unwrap_or_default())
            }
            Done::Preview(revision, done) => {
                self.is_preview_running = false;
                self.start_preview();
                Msg::PreviewReady(revision, done)
            }
        })
    }

    /// A notice as a message, with what it answers.
    pub(crate) fn translate(&mut self, notice: Notice) -> Msg {
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
            Notice::Events(events) => Msg::Events(events),
            Notice::Changed => Msg::Changed,
            Notice::Looked => Msg::Looked,
            Notice::Lead(is_leading) => Msg::Lead(is_leading),
            Notice::ConfigLoaded(gates, warnings) => Msg::ConfigLoaded(gates, brief(&warnings)),
            Notice::ConfigBroken(faults) => Msg::ConfigBroken(brief(&faults)),
            Notice::ReadOnly(why) => Msg::ReadOnly(why),
            Notice::Trouble(trouble) => Msg::Trouble(trouble),
        }
    }
}

fn brief(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::brief).collect()
}
