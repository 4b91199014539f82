//! What the console's loop asks of an engine, answered by the world.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::console::SESSION;
use console::Backend;
use console::draft::{Discarded, Draft};
use console::question::{Answered, Question};
use domain::ask::{Ask, Command};
use domain::handover::MarkedGate;
use domain::key::GateKey;
use domain::outlook::Fact;
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Now;
use engine::api::{Notice, Receipt, Ticket};
use engine::edit_copies::EditCopies;
use engine::far::LeftCommand;
use runs::RunsDir;
use tempfile::TempDir;
use testing::world::operator;

use crate::world::World;

impl World {
    /// Carries a command out; none: it is not answered (yet).
    pub fn submit(&mut self, command: Command) -> Option<Result<Box<Receipt>, Refusal>> {
        self.sent.push(in_words(&command));
        if self.is_slow && matches!(command, Command::Decide { .. } | Command::UndoPatch { .. }) {
            return None;
        }
        let id = command.job_id().unwrap().clone();
        let ask = Ask::new(operator("bea"), SESSION, command);
        Some(self.command(ask).map(|mut applied| {
            Box::new(Receipt {
                job_id: id.clone(),
                message: "done".to_owned(),
                decision: applied.decisions.pop(),
                rows: Arc::new(self.jobs[&id].clone()),
                patches_applied: 0,
                has_opened: !applied.opened.is_empty(),
                changes: Vec::new(),
                review: None,
                next: Fact::of_waiting(&self.jobs[&id], applied.held_up.as_ref()),
                warnings: Vec::new(),
            })
        }))
    }
}

/// What was sent, for tests to look at.
fn in_words(command: &Command) -> String {
    match command {
        Command::Decide {
            gate,
            verdict,
            notes,
            comments,
            draft_by,
            patch,
            digest,
            context_digest: _,
        } => {
            let said = comments.iter().map(|said| format!(" {} {:?}", said.place(), said.text));
            let said: String = said
                .chain(draft_by.iter().map(|by| format!(" draft by {by}")))
                .collect();
            let patch = patch.as_ref().map(|patch| format!(" patch {}", patch["type"]));
            format!(
                "{verdict:?} {}/{} #{} note {notes:?}{said}{} digest {}",
                gate.job_id,
                gate.stage,
                gate.attempt.unwrap(),
                patch.unwrap_or_default(),
                digest.unwrap().short()
            )
        }
        Command::ApplyPatch { gate, patch, .. } => {
            format!("ApplyPatch {}/{} {}", gate.job_id, gate.stage, patch["type"])
        }
        Command::UndoPatch { gate, path, digest } => format!(
            "UndoPatch {}/{} {} digest {}",
            gate.job_id,
            gate.stage,
            path.as_ref().unwrap(),
            digest.unwrap().short()
        ),
        Command::Resume { job_id, .. } => format!("Resume {job_id}"),
        Command::Cancel(id) => format!("Cancel {id}"),
        Command::TakeLease {
            gate,
            purpose,
            is_takeover,
        } => {
            let over = if *is_takeover { " over" } else { "" };
            format!("TakeLease {} {}{over}", gate.job_id, purpose.as_str())
        }
        Command::Hold { gate, reason } => format!("Hold {} {reason:?}", gate.job_id),
        Command::Release { gate, reason } => format!("Release {} {reason:?}", gate.job_id),
        Command::Extend { gate, seconds, .. } => format!("Extend {} {seconds}", gate.job_id),
        Command::Acknowledge(id) => format!("Acknowledge {id}"),
        Command::ReleaseLease { gate } => format!("ReleaseLease {}", gate.job_id),
        Command::MarkSeen { gate, digest, extent } => format!(
            "MarkSeen {} {} {} of {}",
            gate.job_id,
            digest.short(),
            extent.hunks_shown,
            extent.hunks
        ),
        Command::Recall { gate } => format!("Recall {}", gate.job_id),
        Command::MarkReached { gate } => format!("MarkReached {}", gate.job_id),
        other => panic!("the console does not send {other:?}"),
    }
}

/// The engine's side of the console's loop.
impl Backend for World {
    fn now(&self) -> Now {
        self.now
    }

    fn patience(&self) -> Option<Duration> {
        None
    }

    fn submit(&mut self, ticket: Ticket, command: Command) {
        if let Some(result) = World::submit(self, command) {
            let is_done = result.is_ok();
            self.notices.push_back(Notice::Done(ticket, result));
            if is_done {
                let problem = self.publish_problem.clone();
                let refusal = |why| Refusal::new(RefusalCode::NotPossible, why);
                let published = problem.map_or(Ok(()), |why| Err(refusal(why)));
                self.notices.push_back(Notice::Published(ticket, published));
            }
        }
    }

    /// What the rules answer comes when all else has been told; until then its place is held by an
    /// answer to no question.
    fn ask(&mut self, question: Question) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
        let is_preview = matches!(question, Question::Preview(..));
        let mut answer = self.answer(question);
        if is_preview {
            let preview = std::mem::replace(&mut answer, Answered::Preview(0, Ok(Vec::new())));
            if !self.is_asking {
                self.previews.push_back(preview);
            }
        }
        Box::pin(ready(answer))
    }

    fn settle(&mut self) {}

    fn take_unsent(&mut self) -> (Vec<LeftCommand>, Vec<String>) {
        std::mem::take(&mut self.left)
    }

    fn send_unsent(&mut self, ticket: Ticket, unsent: LeftCommand) {
        Backend::submit(self, ticket, unsent.submitted.command);
    }

    fn forget_unsent(&mut self, unsent: &LeftCommand) {
        self.forgotten.push(unsent.clone());
    }

    fn outcomes_read(&mut self, tickets: &[Ticket]) {
        self.read.extend(tickets);
    }

    async fn notice(&mut self) -> Notice {
        match self.notices.pop_front() {
            Some(notice) => notice,
            None => pending().await,
        }
    }

    fn resign(&mut self) {}

    async fn rest(&mut self) {}

    fn stand(&mut self) {}

    fn save_draft(&mut self, key: &GateKey, draft: Option<&Draft>) {
        self.saved.push((key.clone(), draft.cloned()));
    }

    fn save_marks(&mut self, marks: Vec<MarkedGate>) {
        self.kept_marks = marks;
    }

    fn load_marks(&mut self) -> Vec<MarkedGate> {
        self.kept_marks.clone()
    }

    fn put_aside(&mut self, discarded: &Discarded) {
        self.put_aside.push(discarded.clone());
    }

    fn restore(&mut self, draft: &Draft, discarded: &Discarded) {
        self.put_aside.retain(|other| other != discarded);
        self.saved.push((draft.key.clone(), Some(draft.clone())));
    }

    fn load_discarded(&mut self) -> Vec<Discarded> {
        Vec::new()
    }

    fn load_drafts(&mut self) -> (Vec<Draft>, Vec<String>) {
        (Vec::new(), Vec::new())
    }

    fn edit_copies(&self) -> EditCopies {
        let directory = self.copies.get_or_init(|| TempDir::new().unwrap());
        EditCopies::new(RunsDir::open(directory.path(), None).unwrap(), "bea".to_owned())
    }
}
