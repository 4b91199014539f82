//! What questions are made of: what they are about, what they would do, their notes and lines.

use ratatui::style::Style;

use crate::draft::Draft;
use crate::editor::Editor;
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateKey;

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

/// How it is told what would be done, or was.
pub(crate) struct Wording {
    /// On the key line: `[Enter] approve`.
    pub(crate) verb: &'static str,
    pub(crate) head: &'static str,
    /// When it was done.
    pub(crate) done: &'static str,
    /// When it was not.
    pub(crate) not_done: &'static str,
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
    /// Stop it, and say for whom.
    HandOver,
}

impl TimerIntent {
    pub(crate) fn words(self) -> Wording {
        let [verb, head, done, not_done] = match self {
            Self::Hold => ["hold", "HOLD TIMER", "Held", "Not held"],
            Self::Release => ["release", "RELEASE TIMER", "Released", "Not released"],
            Self::Extend => ["extend", "EXTEND TIMER", "Extended", "Not extended"],
            Self::HandOver => ["hand over", "HAND OVER", "Handed over", "Not handed over"],
        };
        Wording {
            verb,
            head,
            done,
            not_done,
        }
    }
}

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
    pub(crate) fn words(self) -> Wording {
        let [verb, head, done, not_done] = match self {
            Self::Approve => ["approve", "APPROVE", "Approved", "Not approved"],
            Self::Reject => ["reject", "REJECT", "Rejected", "Not rejected"],
            Self::Apply => ["apply the patch", "APPLY PATCH", "Patch applied to", "Not applied"],
            Self::Undo => ["take it back", "UNDO PATCH", "Patch taken back of", "Not undone"],
        };
        Wording {
            verb,
            head,
            done,
            not_done,
        }
    }

    pub(crate) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approve => Self::Approve,
            Verdict::Reject => Self::Reject,
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

/// A line of a question.
pub(crate) enum PromptLine<'a> {
    Text(Vec<(String, Style)>),
    /// The title, and behind it what goes on by itself.
    Head(Vec<(String, Style)>, (String, Style)),
    /// Gives way first where there is too little room.
    Spare(Vec<(String, Style)>),
    /// A line of a field, from 0, and whether keys are typed into that.
    Field(&'static str, &'a Editor, usize, bool),
}

/// The note that goes with a decision.
#[derive(Debug, Clone)]
pub struct Note {
    pub(crate) editor: Editor,
    /// Whether keys are typed into it.
    pub(crate) is_focused: bool,
    /// Whether Enter was pressed once on an empty note of a rejection.
    pub(crate) is_empty_accepted: bool,
    /// The gate whose draft keeps it.
    pub(crate) key: GateKey,
    pub(crate) verdict: Verdict,
    /// What was written here and left for a former note, the newest first.
    pub(crate) typed: Vec<String>,
}

impl Note {
    /// That of this gate, as its draft has it.
    pub(crate) fn kept(draft: Option<&Draft>, key: &GateKey, verdict: Verdict) -> Self {
        let kept = draft.map(|draft| draft.note(verdict)).unwrap_or_default();
        Self {
            editor: Editor::of_note(kept),
            is_focused: false,
            is_empty_accepted: false,
            key: key.clone(),
            verdict,
            typed: Vec::new(),
        }
    }

    pub fn text(&self) -> String {
        self.editor.text()
    }

    /// Whether a rejection has no reason.
    pub(crate) fn is_missing(&self) -> bool {
        self.verdict == Verdict::Reject && self.editor.is_blank()
    }
}

/// Why not, and what to do.
pub(crate) type Why = (String, String);
