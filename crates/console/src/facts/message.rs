//! What happened last, in lines: how many, and what stands before them.

use crate::action::Action;
use crate::facts::label;
use crate::facts::recall;
use crate::facts::wrap::split_behind;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::toast::{Toast, Tone};
use text::width;

/// At most so many lines for one message: a refusal, what explains it and a hint with a path and a
/// digest.
const LINES_MAX: usize = 6;

/// The newest message in at most so many lines of so many columns, until the next key; then one
/// line. The last takes the rest.
pub(crate) fn lines(model: &Model, columns: usize, most: usize) -> Vec<String> {
    let Some(newest) = model.toasts.newest() else {
        return Vec::new();
    };
    let is_fresh = model.toasts.unread > 0 && model.keys.field.is_none();
    let most = if is_fresh { most.min(LINES_MAX) } else { 1 };
    // The clock and the sign stand before every line.
    let columns = columns.saturating_sub(start_cells());
    let key = keymap::key_in(Focus::Queue, Action::Recall);
    let moves_on = recall::words(model, newest, key).unwrap_or_default();
    split_behind(
        &format!("{}{moves_on}", newest.text),
        width(&earlier(model)),
        columns,
        most,
    )
}

/// How many lines came before the newest since the last key.
pub(crate) fn earlier(model: &Model) -> String {
    match model.toasts.unread.saturating_sub(1) {
        0 => String::new(),
        more => format!("+{more} earlier "),
    }
}

/// Cells before the text of a message: a blank, the clock, a blank, the sign of an error.
pub(crate) fn start_cells() -> usize {
    label::clock_cells() + 5
}

/// How many lines the message wants.
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    u16::try_from(lines(model, usize::from(columns), LINES_MAX).len())
        .unwrap_or(1)
        .max(1)
}

/// A line of news in lines of so many columns, all but the first of which begin at `indent`: clock
/// and sign stand before the first.
pub(crate) fn after_clock(toast: &Toast, indent: usize, columns: usize, most: usize) -> Vec<String> {
    let sign = width(sign(toast.tone));
    // With the blank behind it.
    let clock = label::clock_cells() + 1;
    let taken = (clock + sign).saturating_sub(indent);
    split_behind(&toast.text, taken, columns, most)
}

pub(crate) fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Error => "! ",
        Tone::Info | Tone::Done | Tone::Timer => "",
    }
}
