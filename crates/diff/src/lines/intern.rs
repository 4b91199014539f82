//! Gives equal lines equal numbers, so that the search compares numbers.
//! Must not know: blocks, rows.
// An open-addressing table of our own: a std map keyed by slices takes 25 bytes a bucket, which a
// 10 MB pair of short lines turns into more than GOALS P8 allows. Keyed hashing stays, since the
// texts are untrusted.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use super::index::LineIndex;

/// Some lines of one text.
pub(super) struct Lines<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) index: &'a LineIndex,
    pub(crate) range: Range<usize>,
}

/// The lines of both texts as numbers, dense from 0 in order of appearance.
pub(super) struct Interned {
    pub(crate) old: Vec<u32>,
    pub(crate) new: Vec<u32>,
    pub(crate) distinct: usize,
}

const FREE: u32 = u32::MAX;

struct Table<'a> {
    old: &'a Lines<'a>,
    new: &'a Lines<'a>,
    slots: Vec<u32>,
    /// For every number: half of its hash, and the first line that has it (old lines first, then
    /// new ones).
    entries: Vec<(u32, u32)>,
    hasher: RandomState,
}

impl<'a> Table<'a> {
    fn line(&self, place: usize) -> &'a [u8] {
        let old_count = self.old.range.len();
        let (lines, at) = if place < old_count {
            (self.old, place)
        } else {
            (self.new, place - old_count)
        };
        &lines.text[lines.index.range(lines.range.start + at)]
    }

    fn number(&mut self, place: usize) -> u32 {
        let line = self.line(place);
        let hash = self.hasher.hash_one(line);
        let tag = (hash >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at] != FREE {
            let number = self.slots[at];
            let (known_tag, known) = self.entries[number as usize];
            if known_tag == tag && self.line(known as usize) == line {
                return number;
            }
            at = (at + 1) & mask;
        }
        let number = self.entries.len() as u32;
        self.slots[at] = number;
        self.entries.push((tag, place as u32));
        number
    }
}

/// Numbers the lines of both texts.
pub(super) fn intern(old: &Lines<'_>, new: &Lines<'_>) -> Interned {
    let old_count = old.range.len();
    let total = old_count + new.range.len();
    let slots = vec![FREE; (total * 3 / 2 + 2).next_power_of_two()];
    let mut table = Table {
        old,
        new,
        slots,
        entries: Vec::new(),
        hasher: RandomState::new(),
    };
    let old = (0..old_count).map(|place| table.number(place)).collect();
    let new = (old_count..total).map(|place| table.number(place)).collect();
    Interned {
        old,
        new,
        distinct: table.entries.len(),
    }
}
