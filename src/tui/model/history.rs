//! The decisions made so far, newest first.

use crate::domain::decision::SealedDecision;

/// At most so many are listed.
pub const DECISIONS_MAX: u32 = 500;

/// The history pane.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Newest first.
    pub decisions: Vec<SealedDecision>,
    /// The selected decision's number; none: the newest.
    pub selected: Option<u64>,
    /// The first row shown.
    pub top: usize,
    /// Whether an answer has come.
    pub is_loaded: bool,
}

impl History {
    /// The place of the selected decision.
    pub fn index(&self) -> usize {
        self.selected
            .and_then(|seq| self.decisions.iter().position(|sealed| sealed.seq == seq))
            .unwrap_or(0)
    }

    /// The selected decision.
    pub fn current(&self) -> Option<&SealedDecision> {
        self.decisions.get(self.index())
    }
}
