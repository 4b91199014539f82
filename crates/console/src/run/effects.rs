//! Carries effects to the engine and the workers, and brings back what they answer as messages.

use std::collections::VecDeque;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use tokio::task::JoinSet;

use super::copy::{self, Copy};
use super::slot::{Job, Slot};
use config::Problem;
use diff::Limit;
use domain::refusal::Refusal;
use engine::api::Notice;

use crate::backend::Backend;
use crate::effect::{Attention, Details, Effect, Msg, Unfit};
use crate::external_editor::ExternalEditor;
use crate::question::Answered;
use crate::work;

/// What the loop itself must do: everything about the terminal.
pub(super) enum Order {
    Copy(String),
    Attend(Attention),
    Repaint,
    Suspend,
    LendTo(ExternalEditor, PathBuf),
    Quit,
}

#[derive(Clone, Copy)]
enum Kind {
    Diff,
    Measure,
    Place,
    Find,
    Check,
    Complete,
    Preview,
}

enum Done {
    Copy(copy::CopyDone),
    Job(Kind, Msg),
}

/// Requests and work that are under way.
pub(super) struct EffectRunner {
    /// One an [`Order`].
    asked: [FuturesOrdered<BoxFuture<'static, Answered>>; 4],
    /// One a [`Kind`].
    slots: [Slot; 7],
    copy: Option<Copy>,
    work: JoinSet<Done>,
}

impl EffectRunner {
    /// Diffs, checks and the like are as coarse as they are after this wait; none: they are always
    /// whole.
    pub(crate) fn new(wait: Option<Duration>) -> Self {
        // A newer gate view makes diffs and measures pointless.
        let generation = Arc::<AtomicU64>::default();
        Self {
            asked: Default::default(),
            slots: [
                Slot::new(wait, generation.clone()),
                Slot::new(wait, generation.clone()),
                Slot::new(None, generation),
                // A search goes on until it is over.
                Slot::new(None, Arc::default()),
                Slot::new(wait, Arc::default()),
                Slot::new(wait, Arc::default()),
                Slot::new(wait, Arc::default()),
            ],
            copy: None,
            work: JoinSet::new(),
        }
    }

    /// Carries effects out; what is the loop's own business goes to the orders.
    pub(crate) fn run<B: Backend>(&mut self, effects: Vec<Effect>, backend: &mut B, orders: &mut VecDeque<Order>) {
        for effect in effects {
            match effect {
                Effect::Send(ticket, command) => backend.submit(ticket, command),
                Effect::SendUnsent(ticket, unsent) => backend.send_unsent(ticket, *unsent),
                Effect::ForgetUnsent(unsent) => backend.forget_unsent(&unsent),
                Effect::OutcomesRead(tickets) => backend.outcomes_read(&tickets),
                Effect::Ask(question) => self.asked[question.order() as usize].push_back(backend.ask(question)),
                Effect::Diff(job) => {
                    let (number, file) = (job.generation, Some(job.file));
                    let failed = Msg::DiffFailed(job.file, job.number);
                    self.put(Kind::Diff, number, file, failed, |limit| {
                        fault::panic_point("diff");
                        Msg::DiffReady(Box::new(work::diff(job, limit)))
                    });
                }
                Effect::Measure(job) => {
                    let (number, file) = (job.generation, Some(job.file));
                    let failed = Msg::Measured(job.file, job.number, Details::default());
                    self.put(Kind::Measure, number, file, failed, move |limit| {
                        Msg::Measured(job.file, job.number, work::measure(&job, limit))
                    });
                }
                Effect::Place(job) => {
                    let (number, file) = (job.generation, Some(job.file));
                    let failed = Msg::Placed(job.file, job.number, Vec::new());
                    self.put(Kind::Place, number, file, failed, move |_| {
                        Msg::Placed(job.file, job.number, work::place(&job))
                    });
                }
                Effect::Find(job) => {
                    let number = job.number;
                    self.put(Kind::Find, number, None, Msg::Found(number, None), move |limit| {
                        Msg::Found(number, work::find(&job, &|| limit.is_reached()))
                    });
                }
                Effect::Check(job) => {
                    let revision = job.revision;
                    let unfit = Unfit {
                        message: "the patch could not be checked".to_owned(),
                        ..Unfit::default()
                    };
                    let failed = Msg::PatchChecked(revision, Err(unfit));
                    self.put(Kind::Check, revision, None, failed, move |limit| {
                        Msg::PatchChecked(revision, work::check(&job, limit))
                    });
                }
                Effect::Preview(revision, planned) => {
                    let failed = Msg::PreviewReady(revision, None);
                    self.put(Kind::Preview, revision, None, failed, move |limit| {
                        Msg::PreviewReady(revision, Some(Box::new(work::preview(&planned, limit))))
                    });
                }
                Effect::Complete(job) => {
                    let revision = job.revision;
                    let failed = Msg::Completed(revision, Vec::new());
                    self.put(Kind::Complete, revision, None, failed, move |_| {
                        Msg::Completed(revision, work::complete(&job))
                    });
                }
                Effect::OpenCopy(job) => {
                    let copies = backend.edit_copies();
                    self.work_on_copy(move || copy::open(&copies, &job));
                }
                Effect::LookAtCopy => {
                    if let Some(look) = self.copy.as_mut().and_then(Copy::look) {
                        self.work_on_copy(look);
                    }
                }
                Effect::ReadCopy => {
                    let read = self.copy.as_ref().map(Copy::reader);
                    let none = || Err("there is no copy".to_owned());
                    let read = move || copy::CopyDone::Read(read.map_or_else(none, |read| read()));
                    self.work_on_copy(read);
                }
                Effect::CloseCopy { is_kept } => {
                    if let Some(copy) = self.copy.take() {
                        self.work_on_copy(move || copy.close(is_kept));
                    }
                }
                Effect::StartExternalEditor(editor, path) => orders.push_back(Order::LendTo(editor, path)),
                Effect::SaveDraft(key, draft) => backend.save_draft(&key, draft.as_ref()),
                Effect::SaveMarks(marks) => backend.save_marks(marks),
                Effect::PutAside(discarded) => backend.put_aside(&discarded),
                Effect::Restore(draft, discarded) => backend.restore(&draft, &discarded),
                Effect::Copy(text) => orders.push_back(Order::Copy(text)),
                Effect::Attend(attention) => orders.push_back(Order::Attend(attention)),
                Effect::Repaint => orders.push_back(Order::Repaint),
                Effect::Suspend => orders.push_back(Order::Suspend),
                Effect::Quit => orders.push_back(Order::Quit),
            }
        }
    }

    /// The copy, for the moment before the process leaves.
    pub(crate) fn take_copy(&mut self) -> Option<Copy> {
        self.copy.take()
    }

    fn put(
        &mut self,
        kind: Kind,
        number: u64,
        file: Option<usize>,
        failed: Msg,
        work: impl FnOnce(Limit<'_>) -> Msg + Send + 'static,
    ) {
        self.slots[kind as usize].put(Job {
            number,
            file,
            failed,
            work: Box::new(work),
        });
        self.start(kind);
    }

    fn start(&mut self, kind: Kind) {
        if let Some((work, failed)) = self.slots[kind as usize].start() {
            self.spawn(Done::Job(kind, failed), move || Done::Job(kind, work()));
        }
    }

    /// Works on a thread of its own: neither a long diff nor a disk that does not answer may stop
    /// the clock.
    fn spawn(&mut self, failed: Done, work: impl FnOnce() -> Done + Send + 'static) {
        self.work
            .spawn_blocking(|| catch_unwind(AssertUnwindSafe(work)).unwrap_or(failed));
    }

    fn work_on_copy(&mut self, work: impl FnOnce() -> copy::CopyDone + Send + 'static) {
        self.spawn(Done::Copy(copy::CopyDone::Failed), || Done::Copy(work()));
    }

    /// Whether nothing is being read and no work is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.asked.iter().all(FuturesOrdered::is_empty) && self.work.is_empty()
    }

    /// The next answer, or what is said of the next work that is finished, if anything is.
    /// Cancel-safe.
    pub(crate) async fn done(&mut self) -> Option<Msg> {
        let [rows, files, all, ahead] = &mut self.asked;
        let done = tokio::select! {
            biased;
            Some(answered) = rows.next() => return Some(Msg::Answered(answered)),
            Some(answered) = files.next() => return Some(Msg::Answered(answered)),
            Some(answered) = all.next() => return Some(Msg::Answered(answered)),
            Some(answered) = ahead.next() => return Some(Msg::Answered(answered)),
            Some(done) = self.work.join_next() => done,
            else => return pending().await,
        };
        match done {
            Ok(Done::Copy(done)) => copy::answer(&mut self.copy, done),
            Ok(Done::Job(kind, msg)) => {
                self.slots[kind as usize].end();
                self.start(kind);
                Some(msg)
            }
            // Panics are caught where they happen.
            Err(_) => None,
        }
    }
}

/// A notice as a message.
pub(super) fn translate(notice: Notice) -> Msg {
    match notice {
        Notice::Done(ticket, result) => {
            if let Err(refusal) = &result
                && refusal.cause.error().is_some()
            {
                tracing::warn!("{}", refusal.with_causes());
            }
            Msg::Done(ticket, result)
        }
        Notice::Published(ticket, result) => Msg::Published(ticket, result.map_err(logged)),
        Notice::Events(events) => Msg::Events(events),
        Notice::Changed => Msg::Changed,
        Notice::Looked => Msg::Looked,
        Notice::Lead(is_leading) => Msg::Lead(is_leading),
        Notice::ConfigLoaded(gates, offers, warnings) => Msg::ConfigLoaded(gates, offers, brief(&warnings)),
        Notice::ConfigBroken(faults) => Msg::ConfigBroken(brief(&faults)),
        Notice::ReadOnly(why) => Msg::ReadOnly(why),
        Notice::PutAside(draft) => Msg::PutAside(draft),
        Notice::Access(rights, expires) => Msg::Access(rights, expires),
        Notice::Trouble(trouble) => Msg::Trouble(trouble.map(logged)),
    }
}

/// What is told of a trouble on the screen; the log says what it came of.
fn logged(trouble: Refusal) -> String {
    tracing::warn!("{}", trouble.with_causes());
    trouble.message
}

fn brief(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::brief).collect()
}
