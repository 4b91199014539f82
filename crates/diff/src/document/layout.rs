//! Which row shows what, under a folding: arithmetic over the blocks, eight bytes kept for each.
//! Must not know: texts.

use std::ops::Range;

use super::{CONTEXT_LINES, DiffSide, Folding};
use crate::lines::{Block, LineDiff, LineIndex};

#[derive(Debug)]
pub(super) struct Layout {
    pub(crate) folding: Folding,
    pub(crate) row_count: usize,
    /// The first block of every hunk.
    pub(crate) hunks: Vec<u32>,
    /// The row at which each block begins.
    block_rows: Vec<u32>,
    /// How many lines there are with both texts side by side.
    pub(crate) pair_count: usize,
    /// The side-by-side line at which each block begins.
    block_pairs: Vec<u32>,
}

/// The rows of one side-by-side line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairRows {
    /// One row that stands on both sides.
    Both(usize),
    /// Rows of a changed block.
    Each { left: Option<usize>, right: Option<usize> },
}

/// What a row shows; line numbers from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowContent {
    Unchanged { old: usize, new: usize },
    Fold { old: usize, new: usize, lines: usize },
    Removed { block: usize, line: usize },
    Added { block: usize, line: usize },
    NoNewline(DiffSide),
}

/// The unchanged lines between two blocks, and how many of them are shown.
#[derive(Debug, Clone, Copy)]
struct Gap {
    old: usize,
    new: usize,
    head: usize,
    hidden: usize,
    tail: usize,
    /// Both texts end here, without a newline, and their last line is shown.
    has_no_newline: bool,
}

impl Gap {
    fn rows(&self) -> usize {
        self.head + usize::from(self.hidden > 0) + self.tail + usize::from(self.has_no_newline)
    }
}

impl Layout {
    pub(crate) fn new(diff: &LineDiff, folding: Folding) -> Self {
        let mut layout = Layout {
            folding,
            row_count: 0,
            hunks: Vec::new(),
            block_rows: Vec::new(),
            pair_count: 0,
            block_pairs: Vec::new(),
        };
        layout.block_rows.reserve_exact(diff.blocks.len());
        layout.block_pairs.reserve_exact(diff.blocks.len());
        let mut row = 0;
        let mut pair = 0;
        for (at, block) in diff.blocks.iter().enumerate() {
            let gap = layout.gap(diff, at);
            let unchanged = gap.head + gap.hidden + gap.tail;
            if at == 0 || unchanged > 2 * CONTEXT_LINES {
                layout.hunks.push(at as u32);
            }
            row += gap.rows();
            pair += gap.rows();
            layout.block_rows.push(row as u32);
            layout.block_pairs.push(pair as u32);
            let parts = block_parts(diff, block);
            row += parts.iter().sum::<usize>();
            pair += pairs_of(parts);
        }
        let last = layout.gap(diff, diff.blocks.len()).rows();
        layout.row_count = row + last;
        layout.pair_count = pair + last;
        layout
    }

    /// The rows of a side-by-side line.
    pub(crate) fn pair(&self, diff: &LineDiff, pair: usize) -> Option<PairRows> {
        if pair >= self.pair_count {
            return None;
        }
        let after = self.block_pairs.partition_point(|&start| start as usize <= pair);
        let Some(block_at) = after.checked_sub(1) else {
            return Some(PairRows::Both(pair));
        };
        let parts = block_parts(diff, diff.blocks.get(block_at)?);
        let at = pair - *self.block_pairs.get(block_at)? as usize;
        let row = self.block_row(block_at)?;
        let pairs = pairs_of(parts);
        if at >= pairs {
            return Some(PairRows::Both(row + parts.iter().sum::<usize>() + at - pairs));
        }
        let [removed, old_ends, added, new_ends] = parts;
        let (left, right) = (removed + old_ends, added + new_ends);
        Some(PairRows::Each {
            left: (at < left).then_some(row + at),
            right: (at < right).then_some(row + left + at),
        })
    }

    /// The side-by-side line that holds a row.
    pub(crate) fn pair_of_row(&self, diff: &LineDiff, row: usize) -> usize {
        let after = self.block_rows.partition_point(|&start| start as usize <= row);
        let place = after.checked_sub(1).and_then(|block_at| {
            let parts = block_parts(diff, diff.blocks.get(block_at)?);
            let at = row - self.block_row(block_at)?;
            let pair = *self.block_pairs.get(block_at)? as usize;
            let [removed, old_ends, added, new_ends] = parts;
            let (left, right) = (removed + old_ends, added + new_ends);
            Some(if at < left {
                pair + at
            } else if at < left + right {
                pair + at - left
            } else {
                pair + pairs_of(parts) + at - left - right
            })
        });
        place.unwrap_or(row).min(self.pair_count.saturating_sub(1))
    }

    pub(crate) fn block_row(&self, block: usize) -> Option<usize> {
        self.block_rows.get(block).map(|&row| row as usize)
    }

    pub(crate) fn rows_of_block(&self, diff: &LineDiff, block: usize) -> usize {
        diff.blocks
            .get(block)
            .map_or(0, |block| block_parts(diff, block).iter().sum())
    }

    pub(crate) fn hunk_blocks(&self, hunk: usize) -> Option<Range<usize>> {
        let start = *self.hunks.get(hunk)? as usize;
        let end = self
            .hunks
            .get(hunk + 1)
            .map_or(self.block_rows.len(), |&next| next as usize);
        Some(start..end)
    }

    pub(crate) fn place(&self, diff: &LineDiff, row: usize) -> Option<RowContent> {
        if row >= self.row_count {
            return None;
        }
        let after = self.block_rows.partition_point(|&start| start as usize <= row);
        let mut at = row;
        if let Some(block_at) = after.checked_sub(1) {
            let block = diff.blocks.get(block_at)?;
            at -= self.block_row(block_at)?;
            let [removed, old_ends, added, new_ends] = block_parts(diff, block);
            if at < removed {
                return Some(RowContent::Removed {
                    block: block_at,
                    line: block.removed().start + at,
                });
            }
            at -= removed;
            if at < old_ends {
                return Some(RowContent::NoNewline(DiffSide::Old));
            }
            at -= old_ends;
            if at < added {
                return Some(RowContent::Added {
                    block: block_at,
                    line: block.added().start + at,
                });
            }
            at -= added;
            if at < new_ends {
                return Some(RowContent::NoNewline(DiffSide::New));
            }
            at -= new_ends;
        }
        Some(place_in(self.gap(diff, after), at))
    }

    /// The row of a line that exists, or of the fold that hides it.
    pub(crate) fn row_of_line(&self, diff: &LineDiff, side: DiffSide, line: usize) -> usize {
        let lines_of = |block: &Block| match side {
            DiffSide::Old => block.removed(),
            DiffSide::New => block.added(),
        };
        // The first block that ends after the line: the line is in it, or in the gap before it.
        let after = diff.blocks.partition_point(|block| lines_of(block).end <= line);
        if let (Some(block), Some(row)) = (diff.blocks.get(after), self.block_row(after))
            && lines_of(block).start <= line
        {
            let [removed, old_ends, ..] = block_parts(diff, block);
            let above = match side {
                DiffSide::Old => 0,
                DiffSide::New => removed + old_ends,
            };
            return row + above + (line - lines_of(block).start);
        }
        let gap = self.gap(diff, after);
        let start = after.checked_sub(1).map_or(0, |before| {
            self.block_row(before).unwrap_or(0) + self.rows_of_block(diff, before)
        });
        let at = line.saturating_sub(match side {
            DiffSide::Old => gap.old,
            DiffSide::New => gap.new,
        });
        start
            + if at < gap.head {
                at
            } else if at < gap.head + gap.hidden {
                gap.head
            } else {
                at - gap.hidden + usize::from(gap.hidden > 0)
            }
    }

    /// The unchanged lines before block `at`, or after the last one.
    fn gap(&self, diff: &LineDiff, at: usize) -> Gap {
        let before = at.checked_sub(1).and_then(|before| diff.blocks.get(before));
        let (old, new) = before.map_or((0, 0), |block| (block.removed().end, block.added().end));
        let after = diff.blocks.get(at);
        let end = after.map_or(diff.new_lines.count(), |block| block.added().start);
        let lines = end - new;
        let (head, hidden, tail) = match self.folding {
            Folding::Unfolded => (lines, 0, 0),
            Folding::Context(context) => {
                let head = if before.is_some() { context } else { 0 };
                let tail = if after.is_some() { context } else { 0 };
                let shown = head.saturating_add(tail);
                // A fold takes a row itself: one line is never hidden behind it.
                if lines <= shown.saturating_add(1) {
                    (lines, 0, 0)
                } else {
                    (head, lines - shown, tail)
                }
            }
        };
        let is_last_shown = tail > 0 || (hidden == 0 && head > 0);
        let has_no_newline = after.is_none() && diff.new_lines.lacks_final_newline() && is_last_shown;
        Gap {
            old,
            new,
            head,
            hidden,
            tail,
            has_no_newline,
        }
    }
}

fn place_in(gap: Gap, at: usize) -> RowContent {
    let lines_before = if at < gap.head {
        at
    } else if gap.hidden > 0 {
        if at == gap.head {
            return RowContent::Fold {
                old: gap.old + gap.head,
                new: gap.new + gap.head,
                lines: gap.hidden,
            };
        }
        at - 1 + gap.hidden
    } else {
        at
    };
    if lines_before >= gap.head + gap.hidden + gap.tail {
        return RowContent::NoNewline(DiffSide::New);
    }
    RowContent::Unchanged {
        old: gap.old + lines_before,
        new: gap.new + lines_before,
    }
}

/// Side-by-side lines of a block.
fn pairs_of([removed, old_ends, added, new_ends]: [usize; 4]) -> usize {
    (removed + old_ends).max(added + new_ends)
}

/// Rows of a block: removed, old text's missing newline, added, new text's missing newline.
fn block_parts(diff: &LineDiff, block: &Block) -> [usize; 4] {
    let ends = |lines: &Range<usize>, index: &LineIndex| {
        !lines.is_empty() && lines.end == index.count() && index.lacks_final_newline()
    };
    let (old, new) = (block.removed(), block.added());
    let old_ends = ends(&old, &diff.old_lines);
    let new_ends = ends(&new, &diff.new_lines);
    [old.len(), usize::from(old_ends), new.len(), usize::from(new_ends)]
}
