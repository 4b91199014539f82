//! What the console needs of an engine: implemented for the engine, and in tests by a world in
//! memory over the real rules.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::draft::{Discarded, Draft};
use super::question::{Answered, Question};
use clock::Clock as _;
use domain::ask::Command;
use domain::handover::MarkedGate;
use domain::key::GateKey;
use domain::time::Now;
use engine::Engine;
use engine::KeptDrafts;
use engine::api::{Notice, Ticket};
use engine::edit_copies::EditCopies;
use engine::far::{FarEngine, LeftCommand};

/// An engine, as the console uses it. No call blocks.
pub trait Backend {
    /// What both clocks say.
    fn now(&self) -> Now;
    /// After this long a diff, a check and the like are taken as coarse as they are then; none:
    /// they are always whole.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_millis(800))
    }
    /// Has something done; what comes of it is told with the same ticket.
    fn submit(&mut self, ticket: Ticket, command: Command);
    /// What former consoles of this operator have sent over a line that was lost and nobody did, and
    /// what is to be told of the rest.
    fn take_unsent(&mut self) -> (Vec<LeftCommand>, Vec<String>) {
        Default::default()
    }
    /// Has one of these done; what comes of it is told with the same ticket.
    fn send_unsent(&mut self, _ticket: Ticket, _unsent: LeftCommand) {}
    /// Nobody wants it any more.
    fn forget_unsent(&mut self, _unsent: &LeftCommand) {}
    /// The answers to these were on the screen, and what was told of former consoles.
    fn outcomes_read(&mut self, _tickets: &[Ticket]) {}
    /// Has something read; answers come in the order of the questions.
    fn ask(&mut self, question: Question) -> BoxFuture<'static, Answered>;
    /// Does what is due; called after whatever woke the loop, so that a flood of keys never starves
    /// the timer.
    fn settle(&mut self);
    /// The next notice. Cancel-safe.
    fn notice(&mut self) -> impl Future<Output = Notice>;
    /// Gives the lead back: a stopped process must not keep it.
    fn resign(&mut self);
    /// Waits until nothing that was handed over is under way: a stopped process must not hold the
    /// database either.
    fn rest(&mut self) -> impl Future<Output = ()>;
    /// Stands for the lead again.
    fn stand(&mut self);
    /// Keeps a draft, or removes it (`<runs>/.drafts/<operator>/`, see [`Draft::file_name`]).
    fn save_draft(&mut self, key: &GateKey, draft: Option<&Draft>);
    /// Keeps the marks of this operator beside their drafts; none: removes them.
    fn save_marks(&mut self, marks: Vec<MarkedGate>);
    /// The marks that this operator's earlier sessions have left.
    fn load_marks(&mut self) -> Vec<MarkedGate>;
    /// Keeps a text that was thrown away, for some days.
    fn put_aside(&mut self, discarded: &Discarded);
    /// Keeps a draft that a text was restored to, and forgets what was put aside of it.
    fn restore(&mut self, draft: &Draft, discarded: &Discarded);
    /// What this operator threw away lately, newest first.
    fn load_discarded(&mut self) -> Vec<Discarded>;
    /// Where copies for this operator's own editor lie.
    fn edit_copies(&self) -> EditCopies;
    /// The drafts kept by former sessions of this operator, and why others are not offered.
    fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>);
}

/// A question that is handed over now, and not when the loop has drawn and comes to wait for it.
fn handed_over(mut answer: BoxFuture<'static, Answered>) -> BoxFuture<'static, Answered> {
    match (&mut answer).now_or_never() {
        Some(answered) => ready(answered).boxed(),
        None => answer,
    }
}

impl Backend for &mut FarEngine {
    fn now(&self) -> Now {
        self.clock().now()
    }

    fn submit(&mut self, ticket: Ticket, command: Command) {
        FarEngine::submit(self, ticket, command);
    }

    fn take_unsent(&mut self) -> (Vec<LeftCommand>, Vec<String>) {
        FarEngine::take_unsent(self)
    }

    fn send_unsent(&mut self, ticket: Ticket, unsent: LeftCommand) {
        FarEngine::send_unsent(self, ticket, unsent);
    }

    fn forget_unsent(&mut self, unsent: &LeftCommand) {
        FarEngine::forget_unsent(self, unsent);
    }

    fn outcomes_read(&mut self, tickets: &[Ticket]) {
        FarEngine::outcomes_read(self, tickets);
    }

    fn ask(&mut self, question: Question) -> BoxFuture<'static, Answered> {
        handed_over(question.answer(self.client()).boxed())
    }

    /// The timer lives with the server.
    fn settle(&mut self) {}

    async fn notice(&mut self) -> Notice {
        FarEngine::notice(self).await
    }

    fn resign(&mut self) {}

    async fn rest(&mut self) {
        FarEngine::rest(self).await;
    }

    fn stand(&mut self) {}

    fn save_draft(&mut self, key: &GateKey, draft: Option<&Draft>) {
        let removed = || Draft {
            written_at: Some(self.clock().now().utc),
            ..Draft::new(key.clone())
        };
        let draft = draft.cloned().unwrap_or_else(removed);
        FarEngine::save_draft(self, draft);
    }

    fn save_marks(&mut self, marks: Vec<MarkedGate>) {
        FarEngine::save_marks(self, marks);
    }

    fn load_marks(&mut self) -> Vec<MarkedGate> {
        FarEngine::load_marks(self)
    }

    fn put_aside(&mut self, discarded: &Discarded) {
        let oldest_us = Discarded::oldest_us(discarded.discarded_at);
        if let Ok(bytes) = serde_json::to_vec_pretty(discarded) {
            FarEngine::put_aside(self, discarded.file_name(), bytes, oldest_us);
        }
    }

    fn restore(&mut self, draft: &Draft, discarded: &Discarded) {
        FarEngine::restore(self, draft.clone(), discarded.file_name());
    }

    fn load_discarded(&mut self) -> Vec<Discarded> {
        discarded(FarEngine::load_discarded(
            self,
            Discarded::oldest_us(self.clock().now().utc),
        ))
    }

    fn edit_copies(&self) -> EditCopies {
        FarEngine::edit_copies(self)
    }

    fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>) {
        FarEngine::load_drafts(self)
    }
}

/// The texts that were thrown away, newest first.
fn discarded(kept: KeptDrafts) -> Vec<Discarded> {
    let read = kept.drafts.iter().rev().map(|(_, bytes)| serde_json::from_slice(bytes));
    read.filter_map(Result::ok).collect()
}

/// The drafts, and why others are none.
fn drafts(kept: KeptDrafts) -> (Vec<Draft>, Vec<String>) {
    let mut drafts = Vec::new();
    let mut problems = kept.problems;
    for (path, bytes) in kept.drafts {
        match serde_json::from_slice(&bytes) {
            Ok(draft) => drafts.push(draft),
            Err(error) => problems.push(format!("{} is no draft: {error}", path.display())),
        }
    }
    (drafts, problems)
}

impl Backend for &mut Engine {
    fn now(&self) -> Now {
        self.clock().now()
    }

    fn submit(&mut self, ticket: Ticket, command: Command) {
        Engine::submit(self, ticket, command);
    }

    fn ask(&mut self, question: Question) -> BoxFuture<'static, Answered> {
        handed_over(question.answer(self.client()).boxed())
    }

    fn settle(&mut self) {
        Engine::settle(self);
    }

    async fn notice(&mut self) -> Notice {
        Engine::notice(self).await
    }

    fn resign(&mut self) {
        Engine::resign(self);
    }

    async fn rest(&mut self) {
        Engine::rest(self).await;
    }

    fn stand(&mut self) {
        Engine::stand(self);
    }

    fn save_draft(&mut self, key: &GateKey, draft: Option<&Draft>) {
        let name = Draft::new(key.clone()).file_name();
        // A draft is text and numbers: it always has a JSON form.
        let bytes = draft.and_then(|draft| serde_json::to_vec_pretty(draft).ok());
        Engine::save_draft(self, name, bytes);
    }

    fn save_marks(&mut self, marks: Vec<MarkedGate>) {
        Engine::save_marks(self, marks);
    }

    fn load_marks(&mut self) -> Vec<MarkedGate> {
        Engine::load_marks(self)
    }

    fn put_aside(&mut self, discarded: &Discarded) {
        let oldest_us = Discarded::oldest_us(discarded.discarded_at);
        if let Ok(bytes) = serde_json::to_vec_pretty(discarded) {
            Engine::put_aside(self, discarded.file_name(), bytes, oldest_us);
        }
    }

    fn restore(&mut self, draft: &Draft, discarded: &Discarded) {
        if let Ok(bytes) = serde_json::to_vec_pretty(draft) {
            Engine::restore(self, draft.file_name(), bytes, discarded.file_name());
        }
    }

    fn load_discarded(&mut self) -> Vec<Discarded> {
        discarded(Engine::load_discarded(
            self,
            Discarded::oldest_us(self.clock().now().utc),
        ))
    }

    fn edit_copies(&self) -> EditCopies {
        Engine::edit_copies(self)
    }

    fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>) {
        drafts(Engine::load_drafts(self))
    }
}
