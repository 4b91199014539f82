//! Short lines about what happened.

use std::collections::VecDeque;

use crate::domain::time::Timestamp;

/// How a line is to be taken; decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something happened.
    Info,
    /// What the operator asked for was done.
    Done,
    /// The timer decided.
    Timer,
    /// Something did not happen.
    Error,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// When.
    pub at: Timestamp,
    /// What; may hold untrusted text.
    pub text: String,
    /// How.
    pub tone: Tone,
}

/// The last lines, newest last.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    lines: VecDeque<Toast>,
    /// How many came since the operator last pressed a key.
    pub unread: usize,
    /// Whether the newest is a refusal of the text that is being written: it goes when that changes.
    pub is_about_text: bool,
}

/// So many lines are kept.
const TOASTS_MAX: usize = 50;

impl Toasts {
    /// Adds a line.
    pub fn push(&mut self, at: Timestamp, tone: Tone, text: String) {
        if self.lines.len() == TOASTS_MAX {
            self.lines.pop_front();
        }
        self.is_about_text = false;
        self.lines.push_back(Toast { at, text, tone });
        self.unread = self.unread.saturating_add(1);
    }

    /// The text being written is another now, or gone: what was said against it holds no longer.
    pub fn text_changed(&mut self) {
        if std::mem::take(&mut self.is_about_text) {
            self.lines.pop_back();
        }
    }

    /// The newest line.
    pub fn newest(&self) -> Option<&Toast> {
        self.lines.back()
    }

    /// Newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Toast> {
        self.lines.iter().rev()
    }
}
