//! What was changed in an editor, to take it back and to do it again.
//!
//! Owns: which changes are taken back together, and how much is remembered. Must not know keys.

use super::lines::TextPosition;

/// At most so many steps are remembered; the oldest go first.
const STEPS_MAX: usize = 10_000;
/// At most so many bytes of removed and written text.
const BYTES_MAX: usize = 8 << 20;

/// One change: what stood at a place, and what stands there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextEdit {
    pub(crate) at: TextPosition,
    /// What stood there.
    pub(crate) removed: String,
    /// What was put there.
    pub(crate) written: String,
    /// Where the cursor stood before.
    pub(crate) cursor: TextPosition,
}

impl TextEdit {
    /// The place behind a text that begins at `at`.
    pub(crate) fn behind(at: TextPosition, text: &str) -> TextPosition {
        match text.rfind('\n') {
            Some(last) => TextPosition::at(at.line + text.matches('\n').count(), text.len() - last - 1),
            None => at.with_byte(at.byte + text.len()),
        }
    }

    fn size_bytes(&self) -> usize {
        self.removed.len() + self.written.len()
    }

    /// Whether `next` only goes on writing where this change stopped. A word and the blanks behind
    /// it are one step.
    fn goes_on_with(&self, next: &TextEdit) -> bool {
        let is_typed = |text: &str| !text.contains('\n') && text.chars().nth(1).is_none();
        let is_new_word = self.written.ends_with(char::is_whitespace) && !next.written.starts_with(char::is_whitespace);
        next.removed.is_empty()
            && !self.written.is_empty()
            && !self.written.contains('\n')
            && is_typed(&next.written)
            && !is_new_word
            && next.at == Self::behind(self.at, &self.written)
    }
}

/// Steps taken, and steps taken back.
#[derive(Debug, Clone, Default)]
pub(super) struct UndoHistory {
    done: std::collections::VecDeque<TextEdit>,
    undone: Vec<TextEdit>,
    size_bytes: usize,
    /// The cursor was moved since: what is typed now is another step.
    is_closed: bool,
}

impl UndoHistory {
    /// Remembers a change.
    pub(crate) fn push(&mut self, change: TextEdit) {
        self.undone.clear();
        self.size_bytes += change.size_bytes();
        let is_closed = std::mem::replace(&mut self.is_closed, false);
        match self.done.back_mut() {
            Some(last) if !is_closed && last.goes_on_with(&change) => last.written.push_str(&change.written),
            Some(_) | None => self.done.push_back(change),
        }
        while self.done.len() > STEPS_MAX || (self.size_bytes > BYTES_MAX && self.done.len() > 1) {
            if let Some(oldest) = self.done.pop_front() {
                self.size_bytes = self.size_bytes.saturating_sub(oldest.size_bytes());
            }
        }
    }

    /// What is typed next is a step of its own.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    /// The last change, to be taken back.
    pub(crate) fn undo(&mut self) -> Option<TextEdit> {
        let change = self.done.pop_back()?;
        self.size_bytes = self.size_bytes.saturating_sub(change.size_bytes());
        self.undone.push(change.clone());
        self.close();
        Some(change)
    }

    /// The change that was taken back last, to be made again.
    pub(crate) fn redo(&mut self) -> Option<TextEdit> {
        let change = self.undone.pop()?;
        self.size_bytes += change.size_bytes();
        self.done.push_back(change.clone());
        self.close();
        Some(change)
    }
}
