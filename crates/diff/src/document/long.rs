//! What is known beforehand of very long lines, so that a screen of a line of many megabytes costs
//! no more than any other. Must not know: folding, screens.

use std::collections::HashMap;
use std::ops::Range;

use super::row::{DiffSide, Row, RowKind};
use super::{paired, words};
use crate::lines::{LineDiff, LineIndex};
use text::{chunks, is_plain};

/// Shorter lines are broken and compared when they are shown.
const LONG_BYTES: usize = 8192;

/// The cells of a chunk: what a line on the screen may lack at its right end.
const CHUNK_CELLS: usize = 8;

// Only the text of a single line is ever cut: tabs count as this wide then.
const TAB_CELLS: usize = 8;

/// The long lines of both texts.
#[derive(Debug, Default)]
pub(super) struct LongLines {
    shapes: HashMap<(DiffSide, usize), LongShape>,
    /// Changed words of long removed and added lines, and of lines that stand for such a one.
    marks: HashMap<(DiffSide, usize), Vec<Range<usize>>>,
}

#[derive(Debug)]
enum LongShape {
    /// Every byte is a cell.
    Plain {
        bytes: usize,
    },
    Chunks(Vec<u32>),
}

/// Where the text of a row is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBreaks(Breaks);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Breaks {
    At(Vec<usize>),
    Every { cells: usize, bytes: usize },
}

impl RowBreaks {
    pub(super) fn of(breaks: Vec<usize>) -> Self {
        RowBreaks(Breaks::At(breaks))
    }

    /// How many lines the row takes, at least one.
    pub(crate) fn lines(&self) -> usize {
        match &self.0 {
            Breaks::At(breaks) => breaks.len() + 1,
            Breaks::Every { cells, bytes } => bytes.div_ceil(*cells).max(1),
        }
    }

    /// The bytes of one of the lines; empty for one that does not exist.
    pub(crate) fn line(&self, line: usize, bytes: usize) -> Range<usize> {
        let start_of = |line: usize| match &self.0 {
            Breaks::At(breaks) => line
                .checked_sub(1)
                .map_or(0, |at| breaks.get(at).copied().unwrap_or(bytes)),
            Breaks::Every { cells, .. } => line.saturating_mul(*cells).min(bytes),
        };
        start_of(line)..start_of(line.saturating_add(1))
    }

    /// The line that holds a byte of the text.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        match &self.0 {
            Breaks::At(breaks) => breaks.partition_point(|&start| start <= offset),
            Breaks::Every { cells, bytes } => offset.min(bytes.saturating_sub(1)) / cells,
        }
    }
}

impl LongLines {
    /// Reads the long lines of both texts once.
    pub(crate) fn of(old: &[u8], new: &[u8], diff: &LineDiff) -> Self {
        let mut long = LongLines::default();
        for (side, text, index) in [
            (DiffSide::Old, old, &diff.old_lines),
            (DiffSide::New, new, &diff.new_lines),
        ] {
            for line in (0..index.count()).filter(|&line| index.range(line).len() > LONG_BYTES) {
                let content = content(text, index, line);
                let shape = if is_plain(content) {
                    LongShape::Plain { bytes: content.len() }
                } else {
                    LongShape::Chunks(chunks(content, TAB_CELLS, CHUNK_CELLS))
                };
                long.shapes.insert((side, line), shape);
            }
        }
        let pairs: Vec<(usize, usize)> = long
            .shapes
            .keys()
            .filter_map(|&(side, line)| pair(diff, side, line))
            .collect();
        for (old_line, new_line) in pairs {
            let marks = words::words(
                content(old, &diff.old_lines, old_line),
                content(new, &diff.new_lines, new_line),
            );
            long.marks.insert((DiffSide::Old, old_line), marks.0);
            long.marks.insert((DiffSide::New, new_line), marks.1);
        }
        long
    }

    /// The changed words of a row, where they are known.
    pub(crate) fn marks(&self, row: &Row) -> Option<&[Range<usize>]> {
        self.marks.get(&key(row)?).map(Vec::as_slice)
    }

    /// Where a long row is broken.
    pub(crate) fn breaks(&self, row: &Row, cells: usize) -> Option<RowBreaks> {
        // A long line is hardly ever there: nothing is looked up for the others.
        if row.text.len() + 2 <= LONG_BYTES {
            return None;
        }
        Some(match self.shapes.get(&key(row)?)? {
            LongShape::Plain { bytes } => RowBreaks(Breaks::Every {
                cells: cells.max(1),
                bytes: *bytes,
            }),
            LongShape::Chunks(starts) => {
                let per_line = (cells / CHUNK_CELLS).max(1);
                let lines = starts.iter().step_by(per_line).skip(1);
                RowBreaks::of(lines.map(|&start| start as usize).collect())
            }
        })
    }
}

fn key(row: &Row) -> Option<(DiffSide, usize)> {
    let line = match (row.kind, row.side) {
        (RowKind::Fold { .. } | RowKind::NoNewline, _) => None,
        (RowKind::Context | RowKind::Removed | RowKind::Added, DiffSide::Old) => row.old_line,
        (RowKind::Context | RowKind::Removed | RowKind::Added, DiffSide::New) => row.new_line,
    };
    Some((row.side, line?.checked_sub(1)?))
}

fn content<'a>(text: &'a [u8], index: &LineIndex, line: usize) -> &'a [u8] {
    text.get(index.content(text, line).0).unwrap_or_default()
}

/// The pair of old and new line that a changed line belongs to.
fn pair(diff: &LineDiff, side: DiffSide, line: usize) -> Option<(usize, usize)> {
    let at = diff.blocks.partition_point(|block| match side {
        DiffSide::Old => block.removed().end <= line,
        DiffSide::New => block.added().end <= line,
    });
    let block = diff.blocks.get(at)?;
    match side {
        DiffSide::Old => Some((line, paired(line, block.removed(), block.added())?)),
        DiffSide::New => Some((paired(line, block.added(), block.removed())?, line)),
    }
}
