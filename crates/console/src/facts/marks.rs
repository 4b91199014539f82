//! The gates of a range of marks.

use crate::model::Model;
use crate::model::queue::RowKey;
use domain::key::GateKey;

/// The open gates at these places of the visible queue.
pub(crate) fn gates(model: &Model, places: std::ops::RangeInclusive<usize>) -> Vec<GateKey> {
    let count = places.end().saturating_sub(*places.start()).saturating_add(1);
    let rows = model.queue.visible().skip(*places.start()).take(count);
    rows.filter_map(|row| RowKey::of(row).gate()).collect()
}

/// The gates of the range that is being drawn; none without one.
pub(crate) fn in_range(model: &Model) -> Vec<GateKey> {
    let place = |key: &RowKey| model.queue.visible().position(|row| key.names(row));
    let from = model.marks.range.as_ref();
    let ends = from.and_then(|from| Some((place(from)?, model.queue.place()?)));
    ends.map_or_else(Vec::new, |(from, to)| gates(model, from.min(to)..=from.max(to)))
}
