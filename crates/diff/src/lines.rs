//! The lines in which two texts differ.
//!
//! Owns: the line index of both texts and the changed blocks between them. Lines are compared by
//! their bytes, their end included: CRLF against LF and a missing final newline are differences.
//! Must not know: rows, context, folding, word marks.

mod anchors;
mod index;
mod intern;
mod search;
mod slide;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;
use std::time::Instant;

pub use index::{LineEnd, LineIndex};

/// When to stop looking for a finer diff. This module reads no clock: the caller says how.
#[derive(Clone, Copy)]
pub struct Limit<'a> {
    /// Given on to the search library.
    pub(crate) deadline: Option<Instant>,
    pub(crate) is_reached: &'a dyn Fn() -> bool,
}

impl Limit<'_> {
    /// No limit.
    pub const NONE: Limit<'static> = Limit {
        deadline: None,
        is_reached: &|| false,
    };
}

impl<'a> Limit<'a> {
    /// Stop at `deadline` if there is one, or as soon as `is_reached` says so: it should be true
    /// from the deadline on, and may be so earlier (a newer question made this one pointless). It
    /// is asked often.
    pub fn new(deadline: impl Into<Option<Instant>>, is_reached: &'a dyn Fn() -> bool) -> Self {
        Limit {
            deadline: deadline.into(),
            is_reached,
        }
    }

    pub fn is_reached(&self) -> bool {
        (self.is_reached)()
    }
}

/// Lines that differ: these of the old text stand where those of the new text stand. Line numbers
/// from 0; one side may be empty. Between two blocks both texts are equal, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub(crate) old_start: u32,
    pub(crate) old_end: u32,
    pub(crate) new_start: u32,
    pub(crate) new_end: u32,
}

impl Block {
    /// The removed lines.
    pub fn removed(&self) -> Range<usize> {
        self.old_start as usize..self.old_end as usize
    }

    /// The added lines.
    pub fn added(&self) -> Range<usize> {
        self.new_start as usize..self.new_end as usize
    }
}

/// How one text became another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineDiff {
    pub old_lines: LineIndex,
    pub new_lines: LineIndex,
    /// In order; never two that touch.
    pub blocks: Vec<Block>,
    pub added: usize,
    pub removed: usize,
    /// The limit was reached: true, but some blocks may be larger than need be.
    pub is_coarse: bool,
}

/// Where a line of the old text stands in the new one. Lines from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedLine {
    /// It is this one, byte for byte.
    Same(usize),
    /// This one stands in its place.
    Changed(usize),
    /// It is gone: it stood before this one.
    Gone(usize),
}

impl LineDiff {
    /// Where a line of the old text stands now; one beyond its end is gone.
    pub fn moved(&self, line: usize) -> MovedLine {
        if line >= self.old_lines.count() {
            return MovedLine::Gone(self.new_lines.count());
        }
        let before = self.blocks.partition_point(|block| block.removed().end <= line);
        if let Some(block) = self.blocks.get(before)
            && let Some(offset) = line.checked_sub(block.removed().start)
        {
            let (now, end) = (block.added().start + offset, block.added().end);
            return if now < end {
                MovedLine::Changed(now)
            } else {
                MovedLine::Gone(end)
            };
        }
        let former = before.checked_sub(1).and_then(|former| self.blocks.get(former));
        MovedLine::Same(former.map_or(line, |block| block.added().end + (line - block.removed().end)))
    }
}

impl MovedLine {
    /// The line of the new text beside which something said of the old one stands.
    pub fn beside(self) -> usize {
        match self {
            Self::Same(line) | Self::Changed(line) => line,
            Self::Gone(line) => line.saturating_sub(1),
        }
    }

    /// What has become of it, where it is not the same.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Same(_) => None,
            Self::Changed(_) => Some("line changed"),
            Self::Gone(_) => Some("line is gone"),
        }
    }
}

/// Finds lines of former versions again in a text, each named by its version and its number from 1
/// on; none: the version is not among these. Exact, however long that takes, for a text that was
/// cut short would be told of the wrong lines.
pub fn moved_lines<V: PartialEq>(
    new: &[u8],
    versions: &[(V, impl AsRef<[u8]>)],
    lines: &[Option<(V, u32)>],
) -> Vec<Option<MovedLine>> {
    let diffs = versions
        .iter()
        .map(|(version, old)| (version, diff_lines(old.as_ref(), new, Limit::NONE)));
    let diffs: Vec<_> = diffs.collect();
    let moved = |(version, line): &(V, u32)| {
        let (_, diff) = diffs.iter().find(|(of, _)| *of == version)?;
        Some(diff.moved((*line as usize).saturating_sub(1)))
    };
    lines.iter().map(|line| line.as_ref().and_then(moved)).collect()
}

/// Compares two texts line by line: unique lines first, then Histogram between them.
pub fn diff_lines(old: &[u8], new: &[u8], limit: Limit<'_>) -> LineDiff {
    let old_lines = LineIndex::of(old);
    let new_lines = LineIndex::of(new);
    let (head, tail) = common_lines((old, &old_lines), (new, &new_lines));
    let old_middle = head..old_lines.count() - tail;
    let new_middle = head..new_lines.count() - tail;

    let mut blocks = Vec::new();
    let mut is_coarse = false;
    if old_middle.is_empty() || new_middle.is_empty() {
        search::push(&mut blocks, old_middle, new_middle);
    } else {
        let numbers = intern::intern(
            &intern::Lines {
                text: old,
                index: &old_lines,
                range: old_middle,
            },
            &intern::Lines {
                text: new,
                index: &new_lines,
                range: new_middle,
            },
        );
        let found = search::search(&numbers, limit);
        is_coarse = found.is_coarse;
        blocks = found.blocks;
        let head = head as u32;
        for block in &mut blocks {
            block.old_start += head;
            block.old_end += head;
            block.new_start += head;
            block.new_end += head;
        }
    }
    let mut blocks = slide::slide((old, &old_lines), (new, &new_lines), blocks);
    blocks.shrink_to_fit();
    let removed = blocks.iter().map(|block| block.removed().len()).sum();
    let added = blocks.iter().map(|block| block.added().len()).sum();
    LineDiff {
        old_lines,
        new_lines,
        blocks,
        added,
        removed,
        is_coarse,
    }
}

/// How many lines a text has: what a last one without a newline is counts as well.
pub fn line_count(text: &[u8]) -> usize {
    LineIndex::of(text).count()
}

/// How many whole lines are equal at the head and at the tail, not overlapping.
fn common_lines((old, old_lines): (&[u8], &LineIndex), (new, new_lines): (&[u8], &LineIndex)) -> (usize, usize) {
    let head_bytes = common_prefix(old, new);
    let head = old_lines
        .lines_before(head_bytes)
        .min(new_lines.lines_before(head_bytes));
    let tail_bytes = common_suffix(old, new);
    let tail_of = |text: &[u8], lines: &LineIndex| {
        let start = text.len() - tail_bytes;
        let first = lines.line_at(start);
        let first = if lines.range(first).start < start {
            first + 1
        } else {
            first
        };
        lines.count().saturating_sub(first.max(head))
    };
    (head, tail_of(old, old_lines).min(tail_of(new, new_lines)))
}

// In steps of a page: comparing slices is much faster than comparing bytes.
const STEP_BYTES: usize = 4096;

pub(super) fn common_prefix(old: &[u8], new: &[u8]) -> usize {
    let pages = old
        .chunks(STEP_BYTES)
        .zip(new.chunks(STEP_BYTES))
        .take_while(|(old, new)| old == new);
    let whole: usize = pages.map(|(page, _)| page.len()).sum();
    whole
        + old[whole..]
            .iter()
            .zip(&new[whole..])
            .take_while(|(old, new)| old == new)
            .count()
}

pub(super) fn common_suffix(old: &[u8], new: &[u8]) -> usize {
    let pages = old
        .rchunks(STEP_BYTES)
        .zip(new.rchunks(STEP_BYTES))
        .take_while(|(old, new)| old == new);
    let whole: usize = pages.map(|(page, _)| page.len()).sum();
    let (old, new) = (&old[..old.len() - whole], &new[..new.len() - whole]);
    whole
        + old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take_while(|(old, new)| old == new)
            .count()
}
