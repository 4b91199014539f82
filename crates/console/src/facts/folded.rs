//! What one row says of all the gates that it stands for: nobody has to open it to find the time of
//! the first of them, somebody who is at one, or one that nobody was shown.

use crate::facts::holder;
use crate::model::Model;
use crate::model::queue::{is_attended, is_unseen};
use domain::view::QueueRow;

/// The gates of a row; of most rows one.
pub(crate) struct Folded<'m> {
    /// How many they are.
    pub(crate) count: usize,
    /// The one whose timer acts first.
    pub(crate) soonest: &'m QueueRow,
    /// The one that is open for the longest.
    pub(crate) oldest: &'m QueueRow,
    /// The first one that somebody is at, holds or has words for, and how many are such.
    pub(crate) attended: Option<(&'m QueueRow, usize)>,
    /// How many the whole change of which was shown to nobody.
    pub(crate) unseen: usize,
    /// Whether all are of one attempt.
    pub(crate) is_of_one_attempt: bool,
}

/// What the row at a place stands for. Costs by what this console writes itself, not by how many
/// gates there are.
pub(crate) fn at<'m>(model: &'m Model, place: usize, row: &'m QueueRow) -> Folded<'m> {
    let Some(summed) = model.queue.summed(place) else {
        return Folded {
            count: 1,
            soonest: row,
            oldest: row,
            attended: holder::is_attended(model, row).then_some((row, 1)),
            unseen: usize::from(is_unseen(row)),
            is_of_one_attempt: true,
        };
    };
    // What is written here stands in no row.
    let written = model.outgoing.sent.values().filter_map(|sent| sent.decides.as_ref());
    let own = model.drafts.by_gate.keys().chain(written);
    let own = own.filter_map(|key| model.queue.member(summed.group, key));
    let mut own = own.filter(|row| !is_attended(row, model.now) && holder::is_attended(model, row));
    let first_own = own.next();
    let first = summed.attended.map(|(row, _)| row).or(first_own);
    let count = summed.attended.map_or(0, |(_, count)| count) + first_own.map_or(0, |_| 1 + own.count());
    Folded {
        count: summed.group.len(),
        soonest: summed.soonest,
        oldest: summed.oldest,
        attended: first
            .filter(|row| holder::is_attended(model, row))
            .map(|row| (row, count)),
        unseen: summed.unseen,
        is_of_one_attempt: summed.is_of_one_attempt,
    }
}
