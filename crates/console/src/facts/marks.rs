//! The gates of a range of marks, and those that one row stands for.

use crate::action::Action;
use crate::facts::{label, shorten};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::queue::RowKey;
use domain::key::GateKey;
use text::width;

/// The open gates that the rows at these places of the visible queue stand for.
pub(crate) fn gates(model: &Model, places: std::ops::RangeInclusive<usize>) -> Vec<GateKey> {
    let last = (*places.end()).min(model.queue.len().saturating_sub(1));
    let rows = (*places.start()..=last).flat_map(|place| model.queue.members(place));
    let open = rows.filter(|row| row.decided.is_none());
    open.filter_map(|row| RowKey::of(row).gate()).collect()
}

/// The gates of the range that is being drawn; none without one.
pub(crate) fn in_range(model: &Model) -> Vec<GateKey> {
    let place = |key: &RowKey| model.queue.visible().position(|row| key.names(row));
    let from = model.marks.range.as_ref();
    let ends = from.and_then(|from| Some((place(from)?, model.queue.place()?)));
    ends.map_or_else(Vec::new, |(from, to)| gates(model, from.min(to)..=from.max(to)))
}

/// More names than this are not told of a group.
const NAMED_MAX: usize = 12;

/// For the lines below the head: that the row stands for several gates, and of which jobs.
pub(crate) fn group_line(model: &Model, columns: usize) -> Option<String> {
    let place = model.queue.place()?;
    let count = model.queue.folded(place)?.len();
    let members = model.queue.members(place).take(NAMED_MAX);
    let names: Vec<_> = members.map(|row| label::job(&row.job_id, &row.slug)).collect();
    let opens = keymap::key_in(Focus::Queue, Action::Right);
    let wordings = (0..=names.len()).rev().map(|told| {
        let listed = names.get(..told).unwrap_or_default().join(", ");
        let more = match (told, count - told) {
            (_, 0) => String::new(),
            (0, more) => format!("{more} gates"),
            (_, more) => format!(" and {more} more"),
        };
        format!("×{count} the same change: {listed}{more}   {opens} lists them")
    });
    shorten::fitting(wordings, |words| width(words) <= columns)
}
