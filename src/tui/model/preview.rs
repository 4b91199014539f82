//! What the rules answered to the question: what would Enter do?

use crate::domain::outlook::Outlook;
use crate::domain::refusal::Refusal;

/// Of the prompt that is open. One at a time: there is one prompt.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// Number of the question that is under way; none: none is.
    pub asked: Option<u64>,
    /// Whether a note went along: whatever is handed to a command may depend on there being one.
    pub has_note: bool,
    /// Whether something has happened since it was asked.
    pub is_stale: bool,
    /// Whether Enter came while the answer on the screen was being asked again: it counts if the answer is the same.
    pub is_enter_waiting: bool,
    /// The newest answer.
    pub answer: Option<Result<Outlook, Refusal>>,
}

impl Preview {
    /// Whether the answer is to the question as it stands now.
    pub fn is_current(&self) -> bool {
        self.answer.is_some() && self.asked.is_none() && !self.is_stale
    }
}
