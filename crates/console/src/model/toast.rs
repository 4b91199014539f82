//! Short lines about what happened.

use std::collections::VecDeque;

use domain::time::Timestamp;

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
    pub(crate) at: Timestamp,
    /// What; may hold untrusted text.
    pub text: String,
    pub(crate) tone: Tone,
    /// Whether it is a decision or the end of a job, and not only an answer to a key.
    pub(crate) is_news: bool,
    /// Whether a key was answered with it at once: it is about what was on the screen then.
    pub(crate) is_answer: bool,
}

/// The last lines, newest last.
#[derive(Debug, Clone, Default)]
pub struct Toasts {
    lines: VecDeque<Toast>,
    /// How many came since the operator last pressed a key.
    pub unread: usize,
    /// How many of the lines were there before what is being taken came in.
    before: usize,
    /// Lines before this one are the past: another took their place, or a question that they are
    /// not about, and nothing brings them back.
    past: usize,
    /// Whether what is being taken came from the operator's hands.
    is_by_hand: bool,
    /// Whether the newest is a refusal of the text that is being written: it goes when that
    /// changes.
    pub(crate) is_about_text: bool,
}

/// How many lines are kept.
const TOASTS_MAX: usize = 50;

impl Toasts {
    /// Adds a line.
    pub fn push(&mut self, at: Timestamp, tone: Tone, text: String) {
        self.add(at, tone, text, false);
    }

    /// Adds a line about a decision or the end of a job.
    pub(crate) fn push_news(&mut self, at: Timestamp, tone: Tone, text: String) {
        self.add(at, tone, text, true);
    }

    fn add(&mut self, at: Timestamp, tone: Tone, text: String, is_news: bool) {
        if self.lines.len() == TOASTS_MAX {
            self.lines.pop_front();
            (self.before, self.past) = (self.before.saturating_sub(1), self.past.saturating_sub(1));
        }
        self.is_about_text = false;
        self.lines.push_back(Toast {
            at,
            text,
            tone,
            is_news,
            is_answer: self.is_by_hand && !is_news,
        });
        self.unread = self.unread.saturating_add(1);
    }

    /// Something comes in.
    pub(crate) fn begin(&mut self, is_by_hand: bool) {
        (self.before, self.is_by_hand) = (self.lines.len(), is_by_hand);
    }

    /// The operator pressed a key: what stands there was read.
    pub(crate) fn key_pressed(&mut self) {
        self.unread = 0;
    }

    /// What came in led to another gate, or opened a question: what keys were answered before is
    /// not about that. Where it came by itself, a refusal stays to be read. News stay as long as
    /// they are the last, but under no question.
    pub(crate) fn forget_answers(&mut self, is_asked: bool) {
        let (before, is_by_hand) = (self.before, self.is_by_hand);
        let stays = |toast: &Toast| toast.is_news || !is_by_hand && (!toast.is_answer || toast.tone == Tone::Error);
        let last = before.checked_sub(1).and_then(|last| self.lines.get(last));
        let has_last = last.is_some_and(stays);
        let is_newest_kept = self.lines.len() > before || self.lines.back().is_some_and(stays);
        self.is_about_text &= is_newest_kept;
        let mut place = 0;
        self.lines.retain(|toast| {
            place += 1;
            place > before || stays(toast)
        });
        let kept = before - (place - self.lines.len());
        let is_last_shown = has_last && !is_asked && before > self.past;
        (self.before, self.past) = (kept, kept - usize::from(is_last_shown));
    }

    /// The text being written is another now, or gone: what was said against it holds no longer.
    pub(crate) fn text_changed(&mut self) {
        if std::mem::take(&mut self.is_about_text) {
            self.lines.pop_back();
            (self.before, self.past) = (self.before.min(self.lines.len()), self.lines.len());
        }
    }

    /// The newest line.
    pub fn newest(&self) -> Option<&Toast> {
        self.lines.back().filter(|_| self.lines.len() > self.past)
    }

    /// Decisions and ends of jobs, newest first.
    pub(crate) fn news(&self) -> impl Iterator<Item = &Toast> {
        self.lines.iter().rev().filter(|toast| toast.is_news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_is_forgotten_takes_no_news_with_it() {
        let mut toasts = Toasts::default();
        let at = Timestamp::from_micros(0);
        toasts.begin(true);
        toasts.push_news(at, Tone::Timer, "timer approved j-18".to_owned());
        toasts.push(at, Tone::Error, "Not fitting".to_owned());
        toasts.is_about_text = true;
        toasts.begin(true);
        toasts.forget_answers(false);
        toasts.text_changed();
        assert_eq!(toasts.news().count(), 1);
        // A refusal that still stands goes, and what comes next is shown.
        toasts.push(at, Tone::Error, "Not fitting".to_owned());
        toasts.is_about_text = true;
        toasts.begin(true);
        toasts.text_changed();
        toasts.forget_answers(true);
        toasts.push(at, Tone::Info, "next".to_owned());
        assert_eq!(toasts.newest().map(|toast| toast.text.as_str()), Some("next"));
    }
}
