//! What keeps a slip of the hand or of the line from acting: what Escape closed, which key opened a
//! field, what of a question was drawn.

use super::Prompt;
use super::history::HistoryKey;
use super::keys::{Field, Overlay};
use super::panes::Lower;
use crate::effect::PromptFacts;
use crate::input::KeyPress;
use crate::model::compose::List;
use crate::model::queue::RowKey;
use domain::filter::GateFilter;
use domain::ids::JobId;
use domain::key::GateKey;

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

/// What Escape may close, move or take off.
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
    /// The marked gates.
    pub(crate) marked: Vec<GateKey>,
    pub(crate) panes: PanesBeforeEsc,
    pub(crate) selected: SelectedBeforeEsc,
    /// What was pointed at or searched for in the diff, if anything was.
    pub(crate) diff: Option<DiffBeforeEsc>,
}

/// The panes, and where their lists were.
#[derive(Debug, Clone)]
pub(crate) struct PanesBeforeEsc {
    pub(crate) is_lower_focused: bool,
    pub(crate) lower: Lower,
    pub(crate) is_zoomed: bool,
    pub(crate) is_of_jobs: bool,
    pub(crate) history: ListBeforeEsc<HistoryKey>,
    pub(crate) jobs: ListBeforeEsc<JobId>,
}

/// A list with a filter of its own.
#[derive(Debug, Clone)]
pub(crate) struct ListBeforeEsc<K> {
    pub(crate) filter: String,
    pub(crate) selected: Option<K>,
    pub(crate) top: usize,
}

/// The row of the queue that was selected.
#[derive(Debug, Clone)]
pub(crate) struct SelectedBeforeEsc {
    pub(crate) row: Option<RowKey>,
    pub(crate) is_chosen: bool,
    /// Whether the row itself was gone already.
    pub(crate) is_gone: bool,
    /// The first row on screen.
    pub(crate) top: usize,
    /// The short name of its job, which a row that is gone does not tell any more.
    pub(crate) slug: Option<String>,
}

/// The diff of a gate's file.
#[derive(Debug, Clone)]
pub(crate) struct DiffBeforeEsc {
    pub(crate) key: GateKey,
    /// The file's place.
    pub(crate) file: usize,
    pub(crate) is_pointed_at: bool,
    pub(crate) search: Option<String>,
}
