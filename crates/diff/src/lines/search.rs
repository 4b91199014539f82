//! Finds the changed blocks between two sequences of numbers.
//! Must not know: bytes, line ends, rows.

use std::convert::Infallible;
use std::ops::Range;

use similar::Algorithm;
use similar::algorithms::{DiffHook, diff_deadline};

use super::anchors::{anchors, run_anchors};
use super::intern::Interned;
use super::{Block, Limit};

/// The blocks, and whether the limit made them coarser than they could be.
pub(super) struct SearchResult {
    pub(crate) blocks: Vec<Block>,
    pub(crate) is_coarse: bool,
}

/// A length of run to try as anchors, in gaps of so many lines.
struct Run {
    lines: usize,
    gap_lines_min: usize,
}

// Long runs first: they hardly ever agree by chance. Short ones do where lines are of few kinds,
// which makes a diff of unlike texts larger (71 875 lines for 40 411 in a trial) but keeps real
// hunks in it when time is short: so they are for huge gaps under a limit only.
const RUNS: [Run; 3] = [
    Run {
        lines: 32,
        gap_lines_min: 256,
    },
    Run {
        lines: 16,
        gap_lines_min: 256,
    },
    Run {
        lines: 8,
        gap_lines_min: 8192,
    },
];

pub(super) fn search(lines: &Interned, limit: Limit<'_>) -> SearchResult {
    let mut search = Search {
        lines,
        limit,
        seen: vec![0; lines.distinct],
        gap: 0,
        found: SearchResult {
            blocks: Vec::new(),
            is_coarse: false,
        },
    };
    let runs = if limit.deadline.is_some() {
        RUNS.as_slice()
    } else {
        &RUNS[..2]
    };
    let mut from = (0, 0);
    for (old, new) in anchors(&lines.old, &lines.new, lines.distinct) {
        let (old, new) = (old as usize, new as usize);
        search.compare(from.0..old, from.1..new, runs);
        from = (old + 1, new + 1);
    }
    search.compare(from.0..lines.old.len(), from.1..lines.new.len(), runs);
    search.found
}

struct Search<'a> {
    lines: &'a Interned,
    limit: Limit<'a>,
    /// For every number: the last gap whose old side holds it.
    seen: Vec<u32>,
    gap: u32,
    found: SearchResult,
}

impl Search<'_> {
    /// Compares what lies between two anchors; `runs` are still to be tried as anchors.
    fn compare(&mut self, mut old: Range<usize>, mut new: Range<usize>, runs: &[Run]) {
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
        } else if let Some(at) = runs
            .iter()
            .position(|run| old.len().min(new.len()) >= run.gap_lines_min)
        {
            self.split(old, new, runs[at].lines, &runs[at + 1..]);
        } else if self.limit.is_reached() {
            self.found.is_coarse = true;
            push(&mut self.found.blocks, old, new);
        } else {
            self.search_gap(old, new);
        }
    }

    fn split(&mut self, old: Range<usize>, new: Range<usize>, length: usize, shorter: &[Run]) {
        let lines = self.lines;
        let mut from = (old.start, new.start);
        for (old_at, new_at) in run_anchors(&lines.old[old.clone()], &lines.new[new.clone()], length) {
            let at = (old.start + old_at as usize, new.start + new_at as usize);
            // Runs that overlap the one before are part of it already.
            if at.0 >= from.0 && at.1 >= from.1 {
                self.compare(from.0..at.0, from.1..at.1, shorter);
                from = (at.0 + length, at.1 + length);
            }
        }
        self.compare(from.0..old.end, from.1..new.end, shorter);
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
        // Whether the search gave up inside cannot be seen from outside; past the deadline it must
        // be supposed.
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
