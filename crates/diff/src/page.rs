//! A diff laid out in lines of so many cells: which line shows which bytes of which row. Only what
//! is asked for is laid out.
//!
//! Owns: one column or two, wrapping, the way from one line to the next and from a row to its
//! place. Must not know: colours, line numbers, who reads.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::document::{DiffDocument, Row, RowKind};
use text::{LineShape, offset_of_cell};

/// Lines that stand below a row and are no part of either text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Aside {
    /// The row, or side-by-side line.
    row: usize,
    lines: Vec<String>,
}

/// How the two texts stand on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// One below the other, in one column of so many cells.
    One(usize),
    /// Side by side, in two columns of so many cells each.
    Two(usize),
}

/// A line of a page: which of the document's rows (or side-by-side lines), and which line of it
/// when it is wrapped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct PagePosition {
    pub row: usize,
    pub line: usize,
}

/// What a column shows in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPart {
    pub row: Row,
    /// The number of the row among [`DiffDocument::row`]s.
    pub row_at: usize,
    /// The bytes of the row's text that are shown.
    pub bytes: Range<usize>,
    /// False for what a wrapped row goes on with.
    pub is_first: bool,
}

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLine {
    pub place: PagePosition,
    pub shown: PageColumns,
}

/// What a line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageColumns {
    /// One column.
    One(RowPart),
    /// Two: what is unchanged stands in both.
    Two(Option<RowPart>, Option<RowPart>),
    /// A line that stands below the row and is no part of it.
    Aside(String),
}

impl PageLine {
    /// What it shows, left to right.
    pub fn parts(&self) -> impl Iterator<Item = &RowPart> {
        let (left, right) = match &self.shown {
            PageColumns::One(part) => (Some(part), None),
            PageColumns::Two(left, right) => (left.as_ref(), right.as_ref()),
            PageColumns::Aside(_) => (None, None),
        };
        left.into_iter().chain(right)
    }
}

/// A diff on a page.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    pub document: &'a DiffDocument,
    pub columns: Columns,
    /// Long rows take several lines; else they are cut.
    pub wraps: bool,
    /// Cells scrolled to the right; without wrapping only.
    pub left: usize,
    /// In the order of their rows, each row once.
    asides: Vec<Aside>,
}

/// The cells in which a changed line end is told: ` CRLF`.
pub const END_CELLS: usize = 5;

// Nobody walks that far line by line: it is a way to the first or the last line.
const WALK_MAX: usize = 10_000;

impl<'a> Page<'a> {
    /// A diff laid out so; cut lines begin `left` cells to the right.
    pub fn new(document: &'a DiffDocument, columns: Columns, wraps: bool, left: usize) -> Self {
        Self {
            document,
            columns,
            wraps,
            left: if wraps { 0 } else { left },
            asides: Vec::new(),
        }
    }

    /// The same with lines below some of the document's rows. Those of one row stand in their order.
    #[must_use]
    pub fn with_asides(mut self, asides: impl IntoIterator<Item = (usize, Vec<String>)>) -> Self {
        for (row_at, lines) in asides {
            let row = self.place_of(row_at, 0).row;
            match self.asides.binary_search_by_key(&row, |aside| aside.row) {
                Ok(at) => self.asides[at].lines.extend(lines),
                Err(at) => self.asides.insert(at, Aside { row, lines }),
            }
        }
        self
    }
}

impl Page<'_> {
    fn aside(&self, row: usize) -> &[String] {
        let found = self.asides.binary_search_by_key(&row, |aside| aside.row);
        found.map_or(&[], |at| &self.asides[at].lines)
    }

    /// Whether no row takes more than a line.
    fn is_plain(&self) -> bool {
        !self.wraps && self.asides.is_empty()
    }

    /// The cells that a row's text has in a line: beside a changed line end there are fewer.
    pub fn cells(&self, row: &Row) -> usize {
        let (Columns::One(cells) | Columns::Two(cells)) = self.columns;
        let note = if self.document.is_end_changed(row) {
            END_CELLS
        } else {
            0
        };
        cells.saturating_sub(note).max(1)
    }

    /// How many rows (or side-by-side lines) there are.
    pub fn row_count(&self) -> usize {
        match self.columns {
            Columns::One(_) => self.document.row_count(),
            Columns::Two(_) => self.document.pair_count(),
        }
    }

    /// The lines from `top` on, at most `height`. Costs by what is returned.
    pub fn lines(&self, top: PagePosition, height: usize) -> Vec<PageLine> {
        let mut lines = Vec::with_capacity(height.min(1024));
        let mut row = top.row;
        let mut first = top.line;
        while lines.len() < height && row < self.row_count() {
            let text = self.add_row(row, first, height, &mut lines);
            let aside = self.aside(row).iter().enumerate().skip(first.saturating_sub(text));
            for (line, words) in aside.take(height - lines.len()) {
                let place = PagePosition { row, line: text + line };
                let shown = PageColumns::Aside(words.clone());
                lines.push(PageLine { place, shown });
            }
            (row, first) = (row + 1, 0);
        }
        lines
    }

    /// Adds the lines of a row's text; returns how many it has.
    fn add_row(&self, row: usize, first: usize, height: usize, lines: &mut Vec<PageLine>) -> usize {
        match self.columns {
            Columns::One(_) => {
                let Some(shown) = self.document.row(row) else {
                    return 0;
                };
                let laid = self.laid(row, shown);
                for line in first..laid.lines {
                    if lines.len() == height {
                        break;
                    }
                    if let Some(part) = laid.part(line) {
                        let place = PagePosition { row, line };
                        lines.push(PageLine {
                            place,
                            shown: PageColumns::One(part),
                        });
                    }
                }
                laid.lines
            }
            Columns::Two(_) => {
                let Some(pair) = self.document.pair(row) else {
                    return 0;
                };
                let side = |numbered: Option<(usize, Row)>| numbered.map(|(at, row)| self.laid(at, row));
                let (left, right) = (side(pair.left), side(pair.right));
                let count = [&left, &right].into_iter().flatten().map(|laid| laid.lines).max();
                let count = count.unwrap_or(1);
                for line in first..count {
                    if lines.len() == height {
                        break;
                    }
                    let part = |laid: &Option<Laid>| laid.as_ref().and_then(|laid| laid.part(line));
                    lines.push(PageLine {
                        place: PagePosition { row, line },
                        shown: PageColumns::Two(part(&left), part(&right)),
                    });
                }
                count
            }
        }
    }

    fn laid(&self, row_at: usize, row: Row) -> Laid {
        let bytes = row.text.len();
        if !self.wraps {
            let text = self.document.row_text(&row);
            let tab_cells = LineShape::default().tab_cells;
            let at = |cell: usize| {
                if cell == 0 {
                    0
                } else {
                    offset_of_cell(text, tab_cells, cell)
                }
            };
            let end = self.left.saturating_add(self.cells(&row));
            let is_cut = at(end) < bytes;
            // The sign of the cut stands in the last cell.
            let shown = at(self.left)..at(end - usize::from(is_cut));
            return Laid {
                row,
                row_at,
                lines: 1,
                split: Split::Cut(shown),
            };
        }
        let breaks = self
            .document
            .row_breaks(&row, LineShape::default().tab_cells, self.cells(&row));
        Laid {
            lines: breaks.lines(),
            row,
            row_at,
            split: Split::Wrapped(breaks, bytes),
        }
    }

    /// How many lines a row (or side-by-side line) takes.
    fn height_of(&self, row: usize) -> usize {
        self.text_height(row) + self.aside(row).len()
    }

    /// The same without what stands below it.
    fn text_height(&self, row: usize) -> usize {
        if !self.wraps {
            return 1;
        }
        let tab_cells = LineShape::default().tab_cells;
        let lines = |row: &Row| self.document.row_breaks(row, tab_cells, self.cells(row)).lines();
        match self.columns {
            Columns::One(_) => self.document.row(row).as_ref().map_or(1, lines),
            Columns::Two(_) => self.document.pair(row).map_or(1, |pair| {
                let sides = [pair.left, pair.right].into_iter().flatten();
                sides.map(|(_, row)| lines(&row)).max().unwrap_or(1)
            }),
        }
    }

    /// The place so many lines further down (up, if negative); not beyond the first and the last
    /// line.
    pub fn moved(&self, from: PagePosition, by: isize) -> PagePosition {
        let from = self.within(from);
        let steps = by.unsigned_abs();
        if self.is_plain() {
            let row = from.row.saturating_add_signed(by);
            return self.within(PagePosition { row, line: 0 });
        }
        match (by < 0, steps > WALK_MAX) {
            (true, true) => PagePosition::default(),
            (false, true) => self.last(),
            (true, false) => self.walked_up(from, steps),
            (false, false) => self.walked_down(from, steps),
        }
    }

    fn walked_down(&self, from: PagePosition, mut steps: usize) -> PagePosition {
        let mut place = from;
        loop {
            let below = self.height_of(place.row).saturating_sub(place.line + 1);
            if steps <= below {
                place.line += steps;
                return place;
            }
            if place.row + 1 >= self.row_count() {
                return self.last();
            }
            steps -= below + 1;
            place = PagePosition {
                row: place.row + 1,
                line: 0,
            };
        }
    }

    fn walked_up(&self, from: PagePosition, mut steps: usize) -> PagePosition {
        let mut place = from;
        while steps > place.line {
            steps -= place.line + 1;
            let Some(row) = place.row.checked_sub(1) else {
                return PagePosition::default();
            };
            place = PagePosition {
                row,
                line: self.height_of(row).saturating_sub(1),
            };
        }
        place.line -= steps;
        place
    }

    fn last(&self) -> PagePosition {
        let row = self.row_count().saturating_sub(1);
        PagePosition {
            row,
            line: self.height_of(row).saturating_sub(1),
        }
    }

    /// The nearest place that exists.
    pub fn within(&self, place: PagePosition) -> PagePosition {
        if place.row >= self.row_count() {
            return self.last();
        }
        PagePosition {
            line: place.line.min(self.height_of(place.row).saturating_sub(1)),
            ..place
        }
    }

    /// The top of the last page of `height` lines.
    pub fn last_top(&self, height: usize) -> PagePosition {
        let up = isize::try_from(height.saturating_sub(1)).unwrap_or(isize::MAX);
        self.moved(self.last(), -up)
    }

    /// The place of a row of the document, or of a byte in its text.
    pub fn place_of(&self, row_at: usize, offset: usize) -> PagePosition {
        let row = match self.columns {
            Columns::One(_) => row_at,
            Columns::Two(_) => self.document.pair_of_row(row_at),
        };
        let line = if self.wraps && offset > 0 {
            let tab_cells = LineShape::default().tab_cells;
            self.document.row(row_at).map_or(0, |row| {
                self.document
                    .row_breaks(&row, tab_cells, self.cells(&row))
                    .line_of(offset)
            })
        } else {
            0
        };
        PagePosition { row, line }
    }

    /// A row of the document that stands in this place; the new text's one where there are two.
    pub fn row_at(&self, place: PagePosition) -> Option<usize> {
        match self.columns {
            Columns::One(_) => (place.row < self.document.row_count()).then_some(place.row),
            Columns::Two(_) => {
                let pair = self.document.pair(place.row)?;
                pair.right.or(pair.left).map(|(at, _)| at)
            }
        }
    }
}

/// A row with its lines.
struct Laid {
    row: Row,
    row_at: usize,
    lines: usize,
    split: Split,
}

enum Split {
    Cut(Range<usize>),
    Wrapped(super::document::RowBreaks, usize),
}

impl Laid {
    fn part(&self, line: usize) -> Option<RowPart> {
        if line >= self.lines {
            return None;
        }
        let bytes = match &self.split {
            Split::Cut(bytes) => bytes.clone(),
            Split::Wrapped(breaks, bytes) => breaks.line(line, *bytes),
        };
        Some(RowPart {
            row: self.row.clone(),
            row_at: self.row_at,
            bytes,
            is_first: line == 0,
        })
    }
}

/// Whether everything that is new or gone in a row lies within the bytes that were seen of it: its
/// changed words, or all of it where it stands for no other line.
pub fn is_change_within(document: &DiffDocument, row: &Row, covers: impl Fn(Range<usize>) -> bool) -> bool {
    match row.kind {
        RowKind::Context | RowKind::Fold { .. } | RowKind::NoNewline => true,
        RowKind::Removed | RowKind::Added => {
            if covers(0..row.text.len()) {
                return true;
            }
            let marks = document.word_marks(row);
            !marks.is_empty() && marks.into_iter().all(covers)
        }
    }
}
