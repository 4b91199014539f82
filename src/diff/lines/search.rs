//! Finds the changed blocks between two sequences of numbers.
//! Must not know: bytes, line ends, rows.

use std::convert::Infallible;
use std::ops::Range;

use similar::Algorithm;
use similar::algorithms::{DiffHook, diff_deadline};

use super::anchors::anchors;
use super::intern::Interned;
use super::{Block, Limit};

/// The blocks, and whether the limit made them coarser than they could be.
pub(super) struct Found {
    pub blocks: Vec<Block>,
    pub is_coarse: bool,
}

pub(super) fn search(lines: &Interned, limit: Limit<'_>) -> Found {
    let mut search = Search {
        lines,
        limit,
        seen: vec![0; lines.distinct],
        gap: 0,
        found: Found {
            blocks: Vec::new(),
            is_coarse: false,
        },
    };
    let mut from = (0, 0);
    for (old, new) in anchors(&lines.old, &lines.new, lines.distinct) {
        let (old, new) = (old as usize, new as usize);
        search.compare(from.0..old, from.1..new);
        from = (old + 1, new + 1);
    }
    search.compare(from.0..lines.old.len(), from.1..lines.new.len());
    search.found
}

struct Search<'a> {
    lines: &'a Interned,
    limit: Limit<'a>,
    /// For every number: the last gap whose old side holds it.
    seen: Vec<u32>,
    gap: u32,
    found: Found,
}

impl Search<'_> {
    /// Compares what lies between two anchors.
    fn compare(&mut self, mut old: Range<usize>, mut new: Range<usize>) {
        while !old.is_empty() && !new.is_empty() && self.lines.old[old.start] == self.lines.new[new.start] {
            old.start += 1;
            new.start += 1;
        }
        while !old.is_empty() && !new.is_empty() && self.lines.old[old.end - 1] == self.lines.new[new.end - 1] {
            old.end -= 1;
            new.end -= 1;
        }
        if old.is_empty() || new.is_empty() || !self.share_lines(&old, &new) {
            push(&mut self.found.blocks, old, new);
        } else if self.limit.is_reached() {
            self.found.is_coarse = true;
            push(&mut self.found.blocks, old, new);
        } else {
            self.search_gap(old, new);
        }
    }

    fn share_lines(&mut self, old: &Range<usize>, new: &Range<usize>) -> bool {
        self.gap += 1;
        for &number in &self.lines.old[old.clone()] {
            self.seen[number as usize] = self.gap;
        }
        self.lines.new[new.clone()]
            .iter()
            .any(|&number| self.seen[number as usize] == self.gap)
    }

    fn search_gap(&mut self, old: Range<usize>, new: Range<usize>) {
        let mut hook = Blocks {
            at: (old.start, new.start),
            end: (old.end, new.end),
            blocks: &mut self.found.blocks,
        };
        let Ok(()) = diff_deadline(
            Algorithm::Histogram,
            &mut hook,
            self.lines.old.as_slice(),
            old,
            self.lines.new.as_slice(),
            new,
            self.limit.deadline,
        );
        // Whether the search gave up inside cannot be seen from outside; past the deadline it must be supposed.
        self.found.is_coarse |= self.limit.is_reached();
    }
}

/// Adds a changed block, joined to the one before if nothing lies between them.
pub(super) fn push(blocks: &mut Vec<Block>, old: Range<usize>, new: Range<usize>) {
    if old.is_empty() && new.is_empty() {
        return;
    }
    let block = Block {
        old_start: old.start as u32,
        old_end: old.end as u32,
        new_start: new.start as u32,
        new_end: new.end as u32,
    };
    match blocks.last_mut() {
        Some(last) if last.old_end == block.old_start && last.new_end == block.new_start => {
            last.old_end = block.old_end;
            last.new_end = block.new_end;
        }
        Some(_) | None => blocks.push(block),
    }
}

/// Keeps what lies between the equal runs.
struct Blocks<'a> {
    at: (usize, usize),
    end: (usize, usize),
    blocks: &'a mut Vec<Block>,
}

impl DiffHook for Blocks<'_> {
    type Error = Infallible;

    fn equal(&mut self, old: usize, new: usize, length: usize) -> Result<(), Infallible> {
        push(self.blocks, self.at.0..old, self.at.1..new);
        self.at = (old + length, new + length);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Infallible> {
        push(self.blocks, self.at.0..self.end.0, self.at.1..self.end.1);
        self.at = self.end;
        Ok(())
    }
}
