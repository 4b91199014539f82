//! The list of gates in a question: which of its lines are in sight, and scrolling.

use std::ops::Range;

use super::parts::text;
use crate::layout;
use crate::layout::question::list_rows;
use crate::model::Model;
use crate::model::prompt::PromptLine;
use crate::update::outgoing::Step;

/// Which of so many lines are in sight in so many rows beside others; where the list is cut, a line
/// says so.
pub(super) fn window(count: usize, top: usize, around: usize, rows: usize) -> Range<usize> {
    let room = rows.saturating_sub(around);
    let room = if count > room {
        room.saturating_sub(1).max(1)
    } else {
        room
    };
    let top = top.min(count.saturating_sub(room));
    top..(top + room).min(count)
}

/// Where a list that is cut stands, and which keys scroll it.
pub(super) fn place(model: &Model, window: &Range<usize>, count: usize, keys: &str) -> PromptLine<'static> {
    let words = format!("{}-{} of {count}   {keys}", window.start + 1, window.end);
    text(words, model.session.theme().warning())
}

/// Scrolls the list of the open question.
pub(crate) fn scroll(model: &mut Model, step: Step) {
    let rows = list_rows(model, layout::of(model).prompt.height);
    let Some(ask) = model.ask_mut() else {
        return;
    };
    let count = ask.listed();
    let Some(top) = ask.top_mut() else {
        return;
    };
    let last = count.saturating_sub(rows);
    let page = isize::try_from(rows.max(1)).unwrap_or(isize::MAX);
    let from = (*top).min(last);
    let to = match step {
        Step::Rows(by) => from.saturating_add_signed(by),
        Step::Pages(by) => from.saturating_add_signed(page.saturating_mul(by)),
        Step::Half(by) => from.saturating_add_signed((page / 2).max(1).saturating_mul(by)),
        Step::Top => 0,
        Step::Bottom => last,
    };
    let is_at_end = last > 0 && to >= last;
    // The end stays in sight also when a line more stands around the list then.
    *top = if is_at_end { count } else { to.min(last) };
}
