//! A diff as rows to be drawn: what stands in row n, answered for the visible rows only.
//!
//! Owns: folding, the numbering of rows and hunks, the way from rows to lines and back.
//! Must not know: screens, colours, how the diff was found.

mod layout;
mod long;
mod row;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use super::lines::{Block, Limit, LineDiff, LineEnd, LineIndex, diff_lines};
use super::words;
use layout::{Layout, PairRows, RowContent};
use long::LongLines;
pub use long::RowBreaks;
pub use row::{DiffSide, Row, RowKind, RowPair};

/// Lines of unchanged text shown around a change, and the distance within which changes belong to
/// one hunk.
pub const CONTEXT_LINES: usize = 3;

/// What of the unchanged text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// So many unchanged lines around every change; longer runs become one fold row.
    Context(usize),
    /// Every line.
    Unfolded,
}

/// Two texts and their diff. Cheap to clone; never changes.
#[derive(Debug, Clone)]
pub struct DiffDocument {
    old: Option<Arc<Vec<u8>>>,
    new: Arc<Vec<u8>>,
    diff: Arc<LineDiff>,
    long: Arc<LongLines>,
    layout: Arc<Layout>,
}

impl DiffDocument {
    /// Compares two texts; without an old one every line of `new` is an added one. Folded to
    /// [`CONTEXT_LINES`].
    pub fn compare(old: Option<Arc<Vec<u8>>>, new: Arc<Vec<u8>>, limit: Limit<'_>) -> Self {
        let old_text: &[u8] = old.as_ref().map_or(&[], |old| old.as_slice());
        let diff = diff_lines(old_text, &new, limit);
        let layout = Arc::new(Layout::new(&diff, Folding::Context(CONTEXT_LINES)));
        let long = Arc::new(LongLines::of(old_text, &new, &diff));
        DiffDocument {
            old,
            new,
            diff: Arc::new(diff),
            long,
            layout,
        }
    }

    /// The same diff folded otherwise. Costs by the number of changes, not by the texts.
    pub fn with_folding(&self, folding: Folding) -> Self {
        DiffDocument {
            layout: Arc::new(Layout::new(&self.diff, folding)),
            ..self.clone()
        }
    }

    pub fn folding(&self) -> Folding {
        self.layout.folding
    }

    /// The diff itself.
    pub fn diff(&self) -> &LineDiff {
        &self.diff
    }

    /// The text of one side; empty for an old text that there is not.
    pub(crate) fn text(&self, side: DiffSide) -> &[u8] {
        match side {
            DiffSide::Old => self.old.as_ref().map_or(&[], |old| old.as_slice()),
            DiffSide::New => &self.new,
        }
    }

    /// True without an old text: everything is new.
    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// True if there is an old text and not a byte differs.
    pub fn is_identical(&self) -> bool {
        self.old.is_some() && self.diff.blocks.is_empty()
    }

    /// How many lines a side has.
    pub fn line_count(&self, side: DiffSide) -> usize {
        match side {
            DiffSide::Old => self.diff.old_lines.count(),
            DiffSide::New => self.diff.new_lines.count(),
        }
    }

    /// How many rows there are under the present folding.
    pub fn row_count(&self) -> usize {
        self.layout.row_count
    }

    /// The rows of a range; what lies beyond the last row is left out. Costs by the rows asked for.
    pub fn rows(&self, range: Range<usize>) -> Vec<Row> {
        (range.start..range.end.min(self.row_count()))
            .filter_map(|row| self.row(row))
            .collect()
    }

    /// One row.
    pub fn row(&self, row: usize) -> Option<Row> {
        Some(match self.layout.place(&self.diff, row)? {
            RowContent::Unchanged { old, new } => {
                self.line_row(RowKind::Context, Some(old), Some(new), DiffSide::New, new)
            }
            RowContent::Fold { old, new, lines } => Row {
                kind: RowKind::Fold { lines },
                old_line: Some(old + 1),
                new_line: Some(new + 1),
                side: DiffSide::New,
                text: 0..0,
                end: LineEnd::Missing,
                pair: None,
            },
            RowContent::Removed { block, line } => {
                let pair = self
                    .block(block)
                    .and_then(|block| paired(line, block.removed(), block.added()));
                Row {
                    pair,
                    ..self.line_row(RowKind::Removed, Some(line), None, DiffSide::Old, line)
                }
            }
            RowContent::Added { block, line } => {
                let pair = self
                    .block(block)
                    .and_then(|block| paired(line, block.added(), block.removed()));
                Row {
                    pair,
                    ..self.line_row(RowKind::Added, None, Some(line), DiffSide::New, line)
                }
            }
            RowContent::NoNewline(side) => Row {
                kind: RowKind::NoNewline,
                old_line: None,
                new_line: None,
                side,
                text: 0..0,
                end: LineEnd::Missing,
                pair: None,
            },
        })
    }

    /// How many lines there are with both texts side by side, under the present folding.
    pub(crate) fn pair_count(&self) -> usize {
        self.layout.pair_count
    }

    /// One line with both texts side by side: removed lines on the left, in the order of their
    /// block the added ones on the right; what is no change stands on both sides.
    pub(crate) fn pair(&self, pair: usize) -> Option<RowPair> {
        let numbered = |row: Option<usize>| row.and_then(|row| Some((row, self.row(row)?)));
        Some(match self.layout.pair(&self.diff, pair)? {
            PairRows::Both(row) => RowPair {
                left: numbered(Some(row)),
                right: numbered(Some(row)),
            },
            PairRows::Each { left, right } => RowPair {
                left: numbered(left),
                right: numbered(right),
            },
        })
    }

    /// The side-by-side line that holds a row; the last one for a row beyond the end.
    pub(crate) fn pair_of_row(&self, row: usize) -> usize {
        self.layout.pair_of_row(&self.diff, row)
    }

    /// The text of a row, its line end left out.
    pub fn row_text(&self, row: &Row) -> &[u8] {
        self.text(row.side).get(row.text.clone()).unwrap_or_default()
    }

    /// The byte ranges of a row's text that its counterpart does not have: changed words, for
    /// removed and added rows that stand for each other. A changed line end has no range: see
    /// [`Self::is_end_changed`].
    pub fn word_marks(&self, row: &Row) -> Vec<Range<usize>> {
        let Some(other) = self.counterpart(row) else {
            return Vec::new();
        };
        if let Some(marks) = self.long.marks(row) {
            return marks.to_vec();
        }
        let (mine, theirs) = (self.row_text(row), self.row_text(&other));
        match row.kind {
            RowKind::Removed => words::words(mine, theirs).0,
            RowKind::Added => words::words(theirs, mine).1,
            RowKind::Context | RowKind::Fold { .. } | RowKind::NoNewline => Vec::new(),
        }
    }

    /// True for a removed or added row that ends otherwise than the line that stands for it, or,
    /// where there is none, than most lines of its text. A missing newline is no such end: it has a
    /// row of its own.
    pub fn is_end_changed(&self, row: &Row) -> bool {
        let other = match (row.kind, self.counterpart(row)) {
            (RowKind::Removed | RowKind::Added, Some(other)) => Some(other.end),
            (RowKind::Removed | RowKind::Added, None) => self.usual_end(),
            (RowKind::Context | RowKind::Fold { .. } | RowKind::NoNewline, _) => None,
        };
        let is_there = |end: LineEnd| end != LineEnd::Missing;
        other.is_some_and(|other| other != row.end && is_there(other) && is_there(row.end))
    }

    /// How most lines of the old text end (of the new one without an old one); `None` without a
    /// line that ends.
    fn usual_end(&self) -> Option<LineEnd> {
        let lines = if self.is_new() {
            &self.diff.new_lines
        } else {
            &self.diff.old_lines
        };
        match (lines.lf_count(), lines.crlf_count()) {
            (0, 0) => None,
            (lf, crlf) if crlf > lf => Some(LineEnd::CrLf),
            (_, _) => Some(LineEnd::Lf),
        }
    }

    /// Where a row's text is broken into lines of so many cells: the starts of the lines after the
    /// first.
    pub(crate) fn row_breaks(&self, row: &Row, tab_cells: usize, cells: usize) -> RowBreaks {
        self.long
            .breaks(row, cells)
            .unwrap_or_else(|| RowBreaks::of(text::wrap(self.row_text(row), tab_cells, cells)))
    }

    /// How many hunks there are: changes within twice [`CONTEXT_LINES`] of each other are one. The
    /// same under every folding.
    pub fn hunk_count(&self) -> usize {
        self.layout.hunks.len()
    }

    /// The rows of a hunk, from its first changed line to its last.
    pub fn hunk_rows(&self, hunk: usize) -> Option<Range<usize>> {
        let blocks = self.layout.hunk_blocks(hunk)?;
        let start = self.layout.block_row(blocks.start)?;
        let last = self.layout.block_row(blocks.end - 1)?;
        Some(start..last + self.layout.rows_of_block(&self.diff, blocks.end - 1))
    }

    /// The lines of a side that a hunk spans, from 0; empty where it only adds to (or removes from)
    /// the other side.
    pub fn hunk_lines(&self, hunk: usize, side: DiffSide) -> Option<Range<usize>> {
        let blocks = self.layout.hunk_blocks(hunk)?;
        let (first, last) = (self.block(blocks.start)?, self.block(blocks.end - 1)?);
        Some(match side {
            DiffSide::Old => first.removed().start..last.removed().end,
            DiffSide::New => first.added().start..last.added().end,
        })
    }

    /// The hunk a row belongs to; `None` in the text between.
    pub fn hunk_at(&self, row: usize) -> Option<usize> {
        let hunk = self.hunk_before(row.saturating_add(1))?;
        self.hunk_rows(hunk)?.contains(&row).then_some(hunk)
    }

    /// The last hunk that begins above `row`.
    pub fn hunk_before(&self, row: usize) -> Option<usize> {
        self.hunks_starting_before(row).checked_sub(1)
    }

    /// The first hunk that begins below `row`.
    pub fn hunk_after(&self, row: usize) -> Option<usize> {
        let hunk = self.hunks_starting_before(row.saturating_add(1));
        (hunk < self.hunk_count()).then_some(hunk)
    }

    /// The hunks of which a row lies in `rows`: what an operator has had before the eyes.
    pub fn hunks_in(&self, rows: Range<usize>) -> Range<usize> {
        let end = self.hunks_starting_before(rows.end);
        let start = self.hunks_starting_before(rows.start);
        let reaches_in = start
            .checked_sub(1)
            .and_then(|hunk| self.hunk_rows(hunk))
            .is_some_and(|hunk| hunk.end > rows.start);
        (if reaches_in { start - 1 } else { start }).min(end)..end
    }

    /// The row in which a line (from 0) stands, or the fold that hides it.
    pub fn row_of_line(&self, side: DiffSide, line: usize) -> Option<usize> {
        (line < self.line_count(side)).then(|| self.layout.row_of_line(&self.diff, side, line))
    }

    /// True if neither text has a final newline.
    pub fn is_newline_missing_in_both(&self) -> bool {
        self.diff.old_lines.lacks_final_newline() && self.diff.new_lines.lacks_final_newline()
    }

    /// The kind of line end that every line of the old text has and the kind that every line of the
    /// new one has, if these are two.
    pub fn ends_changed(&self) -> Option<(LineEnd, LineEnd)> {
        let only = |lines: &LineIndex| match (lines.lf_count(), lines.crlf_count()) {
            (0, 0) => None,
            (0, _) => Some(LineEnd::CrLf),
            (_, 0) => Some(LineEnd::Lf),
            (_, _) => None,
        };
        let ends = (only(&self.diff.old_lines)?, only(&self.diff.new_lines)?);
        (ends.0 != ends.1).then_some(ends)
    }

    fn block(&self, block: usize) -> Option<&Block> {
        self.diff.blocks.get(block)
    }

    fn hunks_starting_before(&self, row: usize) -> usize {
        self.layout
            .hunks
            .partition_point(|&block| self.layout.block_row(block as usize).is_some_and(|start| start < row))
    }

    fn counterpart(&self, row: &Row) -> Option<Row> {
        let pair = row.pair?;
        match row.kind {
            RowKind::Removed => Some(self.line_row(RowKind::Added, None, Some(pair), DiffSide::New, pair)),
            RowKind::Added => Some(self.line_row(RowKind::Removed, Some(pair), None, DiffSide::Old, pair)),
            RowKind::Context | RowKind::Fold { .. } | RowKind::NoNewline => None,
        }
    }

    fn line_row(&self, kind: RowKind, old: Option<usize>, new: Option<usize>, side: DiffSide, line: usize) -> Row {
        let index = match side {
            DiffSide::Old => &self.diff.old_lines,
            DiffSide::New => &self.diff.new_lines,
        };
        let (text, end) = index.content(self.text(side), line);
        Row {
            kind,
            old_line: old.map(|line| line + 1),
            new_line: new.map(|line| line + 1),
            side,
            text,
            end,
            pair: None,
        }
    }
}

/// The line that stands for `line` on the other side of its block: the one in the same place, if
/// there is one.
fn paired(line: usize, mine: Range<usize>, theirs: Range<usize>) -> Option<usize> {
    let pair = theirs.start + line.checked_sub(mine.start)?;
    theirs.contains(&pair).then_some(pair)
}
