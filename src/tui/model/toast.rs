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
    /// Whether it is a decision or the end of a job, and not only an answer to a key.
    pub is_news: bool,
}

/// The last lines, newest last.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    lines: VecDeque<Toast>,
    /// How many came since the operator last pressed a key.
    pub unread: usize,
    /// How many of the lines were there when that key came.
    read: usize,
    /// Whether the newest is a refusal of the text that is being written: it goes when that changes.
    pub is_about_text: bool,
}

/// So many lines are kept.
const TOASTS_MAX: usize = 50;

impl Toasts {
    /// Adds a line.
    pub fn push(&mut self, at: Timestamp, tone: Tone, text: String) {
        self.add(Toast {
            at,
            text,
            tone,
            is_news: false,
        });
    }

    /// Adds a line about a decision or the end of a job.
    pub fn push_news(&mut self, at: Timestamp, tone: Tone, text: String) {
        self.add(Toast {
            at,
            text,
            tone,
            is_news: true,
        });
    }

    fn add(&mut self, toast: Toast) {
        if self.lines.len() == TOASTS_MAX {
            self.lines.pop_front();
            self.read = self.read.saturating_sub(1);
        }
        self.is_about_text = false;
        self.lines.push_back(toast);
        self.unread = self.unread.saturating_add(1);
    }

    /// The operator pressed a key: what stands there was read.
    pub fn key_pressed(&mut self) {
        (self.unread, self.read) = (0, self.lines.len());
    }

    /// The last key led to another gate or question: what the keys before it were answered is not about that. News stay.
    pub fn forget_answers(&mut self) {
        let mut place = 0;
        let read = std::mem::take(&mut self.read);
        self.lines.retain(|toast| {
            place += 1;
            toast.is_news || place > read
        });
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

    /// Decisions and ends of jobs, newest first.
    pub fn news(&self) -> impl Iterator<Item = &Toast> {
        self.lines.iter().rev().filter(|toast| toast.is_news)
    }
}
