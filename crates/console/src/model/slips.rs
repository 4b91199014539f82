//! What keeps a slip of the hand or of the line from acting: what Escape closed, which key opened a
//! field, what of a question was drawn.

use super::Prompt;
use super::keys::{Field, Overlay};
use super::panes::Lower;
use crate::effect::PromptFacts;
use crate::input::KeyPress;
use crate::model::compose::List;
use crate::model::queue::RowKey;
use domain::filter::GateFilter;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Slips {
    /// What stood before the last key, if that was Escape: it may turn out to be the beginning of
    /// another key.
    pub(crate) before_esc: Option<Box<BeforeEsc>>,
    /// Whether the last key was an Escape that only said what the next one takes off.
    pub(crate) is_clear_asked: bool,
    /// The key that opened the field that now takes the letters.
    pub(crate) opened_by: Option<OpenedBy>,
    /// When Enter came last in a question that is to be read before Enter counts, or the last
    /// letter of a text, on the boot clock.
    pub(crate) once_more_boot_us: Option<i64>,
    /// The letters that came last where none is written.
    pub(crate) letters: Option<Letters>,
    /// The letters that came last at the pace of a paste, wherever they went.
    pub(crate) paced: Option<Paced>,
    /// What of a prompt was on the last frame that the terminal has taken.
    pub(crate) on_screen: Option<PromptFacts>,
}

/// A key that opened a field, and what comes of the same key after it: a letter, or the key held
/// down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenedBy {
    pub(crate) key: KeyPress,
    /// When it came last, on the boot clock.
    pub(crate) boot_us: i64,
    /// Whether one more is held back until it is known which of the two it is.
    pub(crate) is_held_back: bool,
    /// Whether it repeats itself: nothing of it is a letter.
    pub(crate) is_repeating: bool,
}

/// Letters that came one soon after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letters {
    /// When the last one came, on the boot clock.
    pub(crate) boot_us: i64,
    /// The last one, if it came at a question.
    pub(crate) at_question: Option<char>,
    /// Whether they are a text.
    pub(crate) is_text: bool,
}

/// Letters that came one so soon behind the other that hands hardly do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paced {
    /// The last one.
    pub(crate) letter: char,
    /// When it came, on the boot clock.
    pub(crate) boot_us: i64,
    /// How many, a letter that came again not counted.
    pub(crate) count: u8,
}

/// What Escape may close.
#[derive(Debug, Clone)]
pub(crate) struct BeforeEsc {
    /// The question.
    pub(crate) prompt: Option<Prompt>,
    pub(crate) field: Option<Field>,
    /// The list over everything else.
    pub(crate) overlay: Option<Overlay>,
    /// The list in the editor.
    pub(crate) list: Option<List>,
    /// The queue's filter.
    pub(crate) filter: GateFilter,
    /// The range of marks.
    pub(crate) range: Option<RowKey>,
    /// Where the keys went.
    pub(crate) pane: (bool, Lower),
}
