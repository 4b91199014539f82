//! What one row says of all the gates that it stands for: nobody has to open it to find the time of
//! the first of them, somebody who is at one, or one that nobody was shown.

use crate::facts::{countdown, holder};
use crate::model::Model;
use crate::model::queue::is_unseen;
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

/// What the row at a place stands for.
pub(crate) fn at<'m>(model: &'m Model, place: usize, row: &'m QueueRow) -> Folded<'m> {
    let mut folded = Folded {
        count: 0,
        soonest: row,
        oldest: row,
        attended: None,
        unseen: 0,
        is_of_one_attempt: true,
    };
    let mut soonest_us = i64::MAX;
    for member in model.queue.members(place) {
        folded.count += 1;
        let left_us = countdown::left_us(model, member).unwrap_or(i64::MAX);
        if left_us < soonest_us {
            (soonest_us, folded.soonest) = (left_us, member);
        }
        if member.since < folded.oldest.since {
            folded.oldest = member;
        }
        if holder::is_attended(model, member) {
            let (first, count) = folded.attended.unwrap_or((member, 0));
            folded.attended = Some((first, count + 1));
        }
        folded.unseen += usize::from(is_unseen(member));
        folded.is_of_one_attempt &= member.attempt == row.attempt;
    }
    folded
}
