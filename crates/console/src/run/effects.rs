//! Carries effects to the engine and the workers, and brings back what they answer as messages.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::task::JoinSet;

use super::copy::{self, Copy};
use super::slot::Slot;
use config::Problem;
use engine::api::{Notice, RequestId};

use crate::backend::Backend;
use crate::effect::{CheckJob, CompleteJob, DiffJob, Effect, FindJob, MeasureJob, Msg, Planned, Question, Submission};
use crate::own_editor::OwnEditor;

/// What the loop itself must do: everything about the terminal.
pub(super) enum Order {
    Copy(String),
    Repaint,
    Suspend,
    StartOwnEditor(OwnEditor, PathBuf),
    Quit,
}

/// Requests and work that are under way.
pub(super) struct EffectRunner {
    asked: HashMap<RequestId, Question>,
    submitted: HashMap<RequestId, Submission>,
    diffs: Slot<DiffJob>,
    measures: Slot<MeasureJob>,
    finds: Slot<FindJob>,
    checks: Slot<CheckJob>,
    completions: Slot<CompleteJob>,
    previews: Slot<(u64, Planned)>,
    copy: Option<Copy>,
    /// Work on the copy, on files: a disk that does not answer must not stop the clock.
    copying: JoinSet<copy::Done>,
}

impl EffectRunner {
    /// Diffs, checks and the like are as coarse as they are after this wait; none: they are always whole.
    pub(crate) fn new(wait: Option<Duration>) -> Self {
        // A newer gate view makes both pointless.
        let generation = Arc::<AtomicU64>::default();
        Self {
            asked: HashMap::new(),
            submitted: HashMap::new(),
            diffs: Slot::new(wait, generation.clone()),
            measures: Slot::new(wait, generation),
            finds: Slot::new(wait, Arc::default()),
            checks: Slot::new(wait, Arc::default()),
            completions: Slot::new(wait, Arc::default()),
            previews: Slot::new(wait, Arc::default()),
            copy: None,
            copying: JoinSet::new(),
        }
    }

    /// Takes effects; what is the loop's own business goes to the orders.
    pub(crate) fn take<B: Backend>(&mut self, effects: Vec<Effect>, backend: &mut B, orders: &mut VecDeque<Order>) {
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
                Effect::Diff(job) => self.diffs.put(job),
                Effect::Measure(job) => self.measures.put(job),
                Effect::Find(job) => self.finds.put(job),
                Effect::Check(job) => self.checks.put(job),
                Effect::Preview(revision, planned) => self.previews.put((revision, planned)),
                Effect::Complete(job) => self.completions.put(job),
                Effect::OpenCopy(job) => {
                    let copies = backend.edit_copies();
                    self.copying.spawn_blocking(move || copy::open(&copies, &job));
                }
                Effect::LookAtCopy => {
                    if let Some(look) = self.copy.as_mut().and_then(Copy::look) {
                        self.copying.spawn_blocking(look);
                    }
                }
                Effect::ReadCopy => {
                    let read = self.copy.as_ref().map(Copy::reader);
                    let none = || Err("there is no copy".to_owned());
                    let read = move || copy::Done::Read(read.map_or_else(none, |read| read()));
                    self.copying.spawn_blocking(read);
                }
                Effect::CloseCopy { is_kept } => {
                    if let Some(copy) = self.copy.take() {
                        self.copying.spawn_blocking(move || copy.close(is_kept));
                    }
                }
                Effect::StartOwnEditor(editor, path) => orders.push_back(Order::StartOwnEditor(editor, path)),
                Effect::SaveDraft(key, draft) => backend.save_draft(&key, draft.as_ref()),
                Effect::PutAside(discarded) => backend.put_aside(&discarded),
                Effect::Restore(draft, discarded) => backend.restore(&draft, &discarded),
                Effect::Copy(text) => orders.push_back(Order::Copy(text)),
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

    /// Whether no work is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.copying.is_empty()
            && self.diffs.is_idle()
            && self.measures.is_idle()
            && self.finds.is_idle()
            && self.checks.is_idle()
            && self.completions.is_idle()
            && self.previews.is_idle()
    }

    /// What is said of the next work that is finished, if anything is. Cancel-safe.
    pub(crate) async fn done(&mut self) -> Option<Msg> {
        let msg = tokio::select! {
            biased;
            Some(done) = self.copying.join_next() => {
                return copy::told(&mut self.copy, done.unwrap_or(copy::Done::Failed));
            }
            msg = self.diffs.done() => msg,
            msg = self.measures.done() => msg,
            msg = self.finds.done() => msg,
            msg = self.checks.done() => msg,
            msg = self.completions.done() => msg,
            msg = self.previews.done() => msg,
        };
        Some(msg)
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
            Notice::Answer(id, answer) => match self.asked.remove(&id) {
                Some(question) => Msg::Answered(question, answer),
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
