//! The gates of a range of marks, and those that one row stands for.

use crate::action::Action;
use crate::facts::{countdown, label, shorten};
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
    let place = |key: &RowKey| Some(model.queue.find(|row| key.names(row))?.0);
    let from = model.marks.range.as_ref();
    let ends = from.and_then(|from| Some((place(from)?, model.queue.place()?)));
    ends.map_or_else(Vec::new, |(from, to)| gates(model, from.min(to)..=from.max(to)))
}

/// More names than this are not told of a group.
const NAMED_MAX: usize = 12;

/// Whether the row stands for gates of which different things are said.
pub(crate) fn is_said_otherwise(model: &Model) -> bool {
    let summed = model.queue.place().and_then(|place| model.queue.summed(place));
    summed.is_some_and(|summed| summed.is_said_otherwise)
}

/// The keys that open the row from here.
pub(crate) fn opens(focus: Focus) -> String {
    let opens = keymap::key_in(Focus::Queue, Action::Right);
    if focus == Focus::Queue {
        return opens.to_owned();
    }
    format!("{} {opens}", keymap::key_in(focus, Action::Back))
}

/// What the timers of a row's gates do at zero, where they differ: ` (9 approve, 3 hold)`.
fn thens(model: &Model, place: usize) -> String {
    let mut thens: Vec<(&str, usize)> = Vec::new();
    for row in model.queue.members(place) {
        let then = countdown::at_zero(model, row);
        match thens.iter_mut().find(|(known, _)| *known == then) {
            Some((_, count)) => *count += 1,
            None => thens.push((then, 1)),
        }
    }
    let told: Vec<_> = thens.iter().map(|(then, count)| format!("{count} {then}")).collect();
    match told.len() {
        0 | 1 => String::new(),
        _ => format!(" ({})", told.join(", ")),
    }
}

/// For the lines below the head: that the row stands for several gates, and of which jobs.
pub(crate) fn group_line(model: &Model, columns: usize) -> Option<String> {
    let place = model.queue.place()?;
    let count = model.queue.folded(place)?.len();
    let members = model.queue.members(place).take(NAMED_MAX);
    let names: Vec<_> = members.map(|row| label::job(&row.job_id, &row.slug)).collect();
    let thens = thens(model, place);
    let opens = opens(model.pane_focus());
    let wordings = (0..=names.len()).rev().map(|told| {
        let listed = names.get(..told).unwrap_or_default().join(", ");
        let more = match (told, count - told) {
            (_, 0) => String::new(),
            (0, more) => format!("{more} gates"),
            (_, more) => format!(" and {more} more"),
        };
        format!("×{count} the same change{thens}: {listed}{more}   {opens} lists them")
    });
    shorten::fitting(wordings, |words| width(words) <= columns)
}
