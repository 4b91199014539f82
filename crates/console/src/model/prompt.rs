//! The questions that stand between a key and something that cannot be taken back.
//!
//! A confirm prompt pins what it is about: gate, attempt, digest. It never follows the selection.

use super::bulk::BulkAsk;
use crate::editor::Editor;
use crate::effect::Checked;
use crate::keymap::Focus;
use domain::gate::Verdict;
use domain::ids::{Digest, JobId};
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;

/// What a confirm prompt would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Approve,
    Reject,
    /// Apply a patch; the gate stays open.
    Apply,
    /// Take the newest patch back; the gate stays open.
    Undo,
}

impl Intent {
    /// The verb on the key line: `[Enter] approve`.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Apply => "apply the patch",
            Self::Undo => "take it back",
        }
    }
    /// The head of the prompt.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Reject => "REJECT",
            Self::Apply => "APPLY PATCH",
            Self::Undo => "UNDO PATCH",
        }
    }
    /// When it was done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Approve => "Approved",
            Self::Reject => "Rejected",
            Self::Apply => "Patch applied to",
            Self::Undo => "Patch taken back of",
        }
    }
    /// When it was not.
    pub(crate) fn not_done(self) -> &'static str {
        match self {
            Self::Approve => "Not approved",
            Self::Reject => "Not rejected",
            Self::Apply => "Not applied",
            Self::Undo => "Not undone",
        }
    }
    /// The verdict, where it decides the gate.
    pub(crate) fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Approve => Some(Verdict::Approve),
            Self::Reject => Some(Verdict::Reject),
            Self::Apply | Self::Undo => None,
        }
    }
    /// Whether it decides the gate: a decision has a note, and is for good.
    pub(crate) fn is_decision(self) -> bool {
        self.verdict().is_some()
    }
}

/// What a prompt is about; any change of it turns the prompt into a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The gate, with its attempt.
    pub key: GateKey,
    /// What was on screen when the prompt was opened.
    pub digest: Digest,
    /// `j-21 dunes / storyboard #1`.
    pub label: String,
}

/// Where a confirm prompt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfirmState {
    /// Waits for the operator.
    Asking,
    /// Sent; not yet answered.
    Writing(Ticket),
    /// It will not happen: why, and what to do.
    Refused(String, Option<String>),
}

/// The prompt before a decision or a patch.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// What it is about.
    pub pin: Pin,
    /// What it would do.
    pub(crate) intent: Intent,
    pub note: Editor,
    /// Whether keys are typed into the note.
    pub(crate) is_note_focused: bool,
    /// The patch that goes with it.
    pub(crate) patch: Option<Checked>,
    /// Whether Enter was pressed once on an empty note of a rejection.
    pub(crate) is_empty_accepted: bool,
    /// Where it stands.
    pub(crate) state: ConfirmState,
}

impl Confirm {
    /// Whether it waits for the operator.
    pub(crate) fn is_asking(&self) -> bool {
        self.state == ConfirmState::Asking
    }

    /// Whether it was sent.
    pub(crate) fn is_writing(&self) -> bool {
        matches!(self.state, ConfirmState::Writing(_))
    }
}

/// The question before a paused job goes on.
#[derive(Debug, Clone)]
pub struct ResumeAsk {
    pub(crate) job_id: JobId,
    /// `j-21 dunes`.
    pub(crate) label: String,
    /// What whoever rejected the stage wrote.
    pub(crate) note: Option<String>,
}

/// The question before a job is canceled.
#[derive(Debug, Clone)]
pub struct CancelAsk {
    pub(crate) job_id: JobId,
    /// `j-21 dunes`.
    pub(crate) label: String,
    /// What was typed: must be the job's id.
    pub typed: Editor,
}

/// What a question about a gate's timer would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerIntent {
    /// Stop it.
    Hold,
    /// Let it run again.
    Release,
    /// Move its deadline.
    Extend,
}

impl TimerIntent {
    /// The verb on the key line.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Extend => "extend",
        }
    }
    /// The head of the prompt.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Hold => "HOLD TIMER",
            Self::Release => "RELEASE TIMER",
            Self::Extend => "EXTEND TIMER",
        }
    }
    /// When it was done.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Hold => "Held",
            Self::Release => "Released",
            Self::Extend => "Extended",
        }
    }
    /// When it was not.
    pub(crate) fn not_done(self) -> &'static str {
        match self {
            Self::Hold => "Not held",
            Self::Release => "Not released",
            Self::Extend => "Not extended",
        }
    }
}

/// The question before a gate's timer is stopped, started or moved. It asks, so that a key that
/// repeats itself adds nothing.
#[derive(Debug, Clone)]
pub struct TimerAsk {
    /// The gate, with its attempt.
    pub key: GateKey,
    /// `j-21 dunes / storyboard #1`.
    pub(crate) label: String,
    /// What would be done.
    pub(crate) intent: TimerIntent,
    /// The reason, or for how long.
    pub typed: Editor,
    /// Sent; not yet answered.
    pub(crate) sent: Option<Ticket>,
}

impl TimerAsk {
    /// Whether a refusal is about what was typed: it can be mended there.
    pub(crate) fn is_of_typed(refusal: &Refusal) -> bool {
        matches!(refusal.place.as_deref(), Some("seconds" | "reason"))
    }
}

/// What has to be typed before a text is thrown away.
pub(crate) const DISCARD_WORD: &str = "discard";

/// The question before a text is thrown away.
#[derive(Debug, Clone)]
pub struct DiscardAsk {
    /// What was typed: must be [`DISCARD_WORD`].
    pub(crate) typed: Editor,
}

/// The question before leaving although something is under way.
#[derive(Debug, Clone)]
pub struct QuitAsk {
    /// What is under way, as it is now.
    pub(crate) reasons: Vec<String>,
}

/// A question.
#[derive(Debug, Clone)]
pub enum PromptKind {
    /// Approve, reject, apply.
    Confirm(Box<Confirm>),
    /// Resume a job.
    Resume(Box<ResumeAsk>),
    /// Cancel a job.
    Cancel(Box<CancelAsk>),
    /// Decide all marked gates.
    Bulk(Box<BulkAsk>),
    /// Hold, release or extend a gate's timer.
    Timer(Box<TimerAsk>),
    /// Leave although something is under way.
    Quit(QuitAsk),
    /// What to do with the patch in the editor.
    Menu,
    /// Throw the patch away.
    Discard(Box<DiscardAsk>),
}

impl PromptKind {
    /// Who receives the keys as long as nothing stands over it.
    pub(crate) fn focus(&self) -> Focus {
        match self {
            Self::Confirm(confirm) if confirm.is_note_focused && confirm.is_asking() => Focus::Note,
            Self::Confirm(_) => Focus::Confirm,
            Self::Bulk(ask) if ask.is_note_focused && ask.is_asking() => Focus::Note,
            Self::Bulk(_) => Focus::Bulk,
            Self::Cancel(_) | Self::Timer(_) | Self::Discard(_) => Focus::Answer,
            Self::Menu => Focus::Menu,
            Self::Resume(_) | Self::Quit(_) => Focus::Ask,
        }
    }

    /// Whether its Enter does something that somebody has to have read about.
    fn is_to_be_read(&self) -> bool {
        !matches!(self, Self::Quit(_) | Self::Menu)
    }

    /// Whether Enter would do such a thing now.
    pub fn is_binding(&self) -> bool {
        self.is_to_be_read() && !self.is_sent()
    }

    /// When it was not done.
    pub(crate) fn not_done(&self) -> &'static str {
        match self {
            Self::Confirm(confirm) => confirm.intent.not_done(),
            Self::Resume(_) => "Not resumed",
            Self::Cancel(_) => "Not canceled",
            Self::Bulk(ask) => ask.not_done(),
            Self::Timer(ask) => ask.intent.not_done(),
            Self::Discard(_) => "Not discarded",
            Self::Quit(_) | Self::Menu => "Not done",
        }
    }

    /// Whether it was sent, or is over already.
    pub(crate) fn is_sent(&self) -> bool {
        match self {
            Self::Confirm(confirm) => !confirm.is_asking(),
            Self::Bulk(ask) => !ask.is_asking(),
            Self::Timer(ask) => ask.sent.is_some(),
            Self::Resume(_) | Self::Cancel(_) | Self::Discard(_) | Self::Quit(_) | Self::Menu => false,
        }
    }

    /// Whether it shows what comes of a command.
    pub(crate) fn waits_for(&self, ticket: Ticket) -> bool {
        match self {
            Self::Confirm(confirm) => confirm.state == ConfirmState::Writing(ticket),
            Self::Timer(ask) => ask.sent == Some(ticket),
            // A bulk takes its answers one by one.
            Self::Bulk(_) | Self::Resume(_) | Self::Cancel(_) | Self::Quit(_) | Self::Menu | Self::Discard(_) => false,
        }
    }

    /// The note that goes with an answer, as long as it can be written.
    pub(crate) fn note(&self) -> Option<&Editor> {
        match self {
            Self::Confirm(confirm) if confirm.is_asking() && confirm.intent.is_decision() => Some(&confirm.note),
            Self::Bulk(ask) if ask.is_asking() => Some(&ask.note),
            Self::Confirm(_) | Self::Bulk(_) | Self::Timer(_) | Self::Discard(_) => None,
            Self::Cancel(_) | Self::Resume(_) | Self::Quit(_) | Self::Menu => None,
        }
    }

    /// The field that letters are typed into while an answer is written.
    pub(crate) fn typed_mut(&mut self) -> Option<&mut Editor> {
        match self {
            Self::Cancel(ask) => Some(&mut ask.typed),
            Self::Discard(ask) => Some(&mut ask.typed),
            Self::Timer(ask) if ask.sent.is_none() => Some(&mut ask.typed),
            Self::Timer(_) | Self::Bulk(_) | Self::Confirm(_) | Self::Resume(_) | Self::Quit(_) | Self::Menu => None,
        }
    }
}

/// A question as it is asked now.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub(crate) ask: PromptKind,
    /// Rises with every change of what is asked.
    pub(crate) revision: u64,
    /// Whether all of this revision was on the terminal: only then does Enter confirm.
    pub(crate) is_drawn: bool,
}

impl Prompt {
    /// The revision, where what a key does depends on its being drawn.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.ask.is_to_be_read().then_some(self.revision)
    }
}
