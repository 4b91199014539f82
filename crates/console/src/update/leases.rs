//! What must hold after every message, derived from the model: the lease, the look, the scroll
//! positions.
//!
//! A lease is never taken or given back by a key: it follows from which prompt or editor is open.

use super::{ahead, compose, files, look, outcome, preview, queue};
use crate::effect::Effect;
use crate::facts::{countdown, window};
use crate::layout;
use crate::model::Model;
use crate::prompt::{bulk, quit};
use crate::update::lease::keep_lease;

/// Makes everything hold.
pub(crate) fn renew(model: &mut Model, fx: &mut Vec<Effect>) {
    outcome::recheck(model);
    bulk::recheck(model);
    quit::recheck(model);
    preview::refresh(model, fx);
    compose::keep_checked(model, fx);
    files::keep_since_read(model);
    files::keep_reading(model, fx);
    keep_lease(model, fx);
    look::record_due(model, fx);
    queue::keep_selected(model, fx);
    ahead::keep(model, fx);
    keep_queue(model);
}

/// Scrolls the queue: to the selected row, and while something is being written to the gates whose
/// last minute runs.
pub(crate) fn keep_queue(model: &mut Model) {
    let rows = layout::of(model).queue_rows();
    // Behind a pane that has the whole window the rows stay where they are.
    if rows == 0 && window::zoomed(model).is_some() {
        return;
    }
    model.queue.scroll_to_selected(rows);
    if model.compose.is_none() && model.prompt.is_none() {
        return;
    }
    let Some(urgent) = countdown::urgent_places(model) else {
        return;
    };
    let place = model.queue.place().unwrap_or(urgent.start);
    let (first, end) = (urgent.start.min(place), urgent.end.max(place + 1));
    // Where not all find room: the row that is asked about, for the header names the next expiry;
    // beside the editor, which names its gate, the ones that the clock decides.
    let (first, end) = match (end - first <= rows, model.prompt.is_some()) {
        (true, _) => (first, end),
        (false, true) => return,
        (false, false) => (urgent.start, urgent.end),
    };
    if first < model.queue.top || end - first > rows {
        model.queue.top = first;
    } else if end > model.queue.top + rows {
        model.queue.top = end - rows;
    }
}
