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

/// A line of a question.
pub(crate) enum PromptLine<'a> {
    Text(Vec<(String, Style)>),
    /// The title, and behind it what goes on by itself.
    Head(Vec<(String, Style)>, (String, Style)),
    /// Gives way first where there is too little room.
    Spare(Vec<(String, Style)>),
    Field(&'static str, &'a Editor, bool),
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
}

impl Note {
    /// That of this gate, as its draft has it.
    pub(crate) fn kept(draft: Option<&Draft>, key: &GateKey, verdict: Verdict) -> Self {
        let kept = draft.map(|draft| draft.note(verdict)).unwrap_or_default();
        Self {
            editor: Editor::of_line(kept),
            is_focused: false,
            is_empty_accepted: false,
            key: key.clone(),
            verdict,
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
