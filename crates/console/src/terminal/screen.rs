//! What stands on the terminal, and the fewest bytes that make the next frame of it.
//!
//! A frame is the difference to the one before. Where rows only moved up or down the terminal is
//! told to scroll that region (DECSTBM with LF or RI, which every terminal since the VT100 knows),
//! so that a scrolled diff costs the rows that come in: on a slow line that is the difference
//! between a key a second and ten.

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};

use super::cells::{self, Piece};

const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// Fewer rows than this are not worth a scrolling region.
const SAVED_MIN: usize = 3;
/// Cells that stay are written again rather than jumped over when they are no more than this: a
/// jump has four bytes.
const GAP_MAX: u16 = 4;
/// From so many blanks on, to wipe the rest of a row is shorter than to write them.
const WIPED_MIN: usize = 4;

/// The terminal's cells as far as they are known.
pub(super) struct Screen {
    shown: Buffer,
    next: Buffer,
    /// Where the cursor was last shown; none: it is hidden, or nobody knows.
    cursor: Option<Position>,
    /// Nothing is known of the terminal: the next frame begins with an empty one.
    is_unknown: bool,
}

/// Rows that moved: `first..end` of the next frame are what stood `by` rows above them (below,
/// where negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shift {
    first: usize,
    end: usize,
    by: isize,
}

impl Screen {
    /// A terminal of this size of which nothing is known.
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let area = Rect::new(0, 0, columns, rows);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            is_unknown: true,
        }
    }

    /// Draws a frame; returns the bytes that make it, none when it is on the terminal already.
    pub(crate) fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<Vec<u8>> {
        let area = self.next.area;
        self.next.reset();
        let cursor = render(area, &mut self.next).filter(|cursor| area.contains(*cursor));
        // A blank looks the same in most styles: no byte for what nobody sees.
        for cell in self.next.content.iter_mut().filter(|cell| cells::is_blank(cell)) {
            (cell.fg, cell.modifier) = (Color::Reset, Modifier::empty());
        }
        let mut bytes = Vec::new();
        if self.is_unknown {
            bytes.extend_from_slice(CLEAR);
            bytes.extend_from_slice(HIDE);
        } else if let Some(shift) = self.shift() {
            self.scroll(shift, &mut bytes)?;
        }
        cells::write(self.updates(), &mut bytes)?;
        let is_moved = !bytes.is_empty();
        match cursor {
            Some(at) if is_moved || self.cursor != cursor => {
                write!(bytes, "\x1b[{};{}H", at.y + 1, at.x + 1)?;
                if self.cursor.is_none() {
                    bytes.extend_from_slice(SHOW);
                }
            }
            None if self.cursor.is_some() => bytes.extend_from_slice(HIDE),
            Some(_) | None => {}
        }
        self.cursor = cursor;
        self.is_unknown = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        Ok(bytes)
    }

    /// What to write, in order: small gaps between cells are filled, and where a row ends in blanks
    /// its end is wiped.
    fn updates(&self) -> Vec<(u16, u16, Piece<'_>)> {
        let columns = usize::from(self.next.area.width);
        let rows = self.next.content.chunks(columns.max(1));
        let ends = rows.map(|row| {
            row.iter()
                .rposition(|cell| !cells::is_blank(cell))
                .map_or(0, |last| last + 1)
        });
        let ends: Vec<usize> = ends.collect();
        let is_tail = |x: u16, y: u16| ends.get(usize::from(y)).is_some_and(|end| usize::from(x) >= *end);
        let cells = self.changed_cells();
        let mut pieces = Vec::with_capacity(cells.len());
        let mut rest = cells.as_slice();
        while let Some(&(x, y, cell)) = rest.first() {
            let tail = rest
                .iter()
                .take_while(|(at, row, _)| *row == y && is_tail(*at, y))
                .count();
            let (piece, taken) = if tail >= WIPED_MIN {
                (Piece::Blanks, tail)
            } else {
                (Piece::Cell(cell), 1)
            };
            pieces.push((x, y, piece));
            rest = rest.get(taken..).unwrap_or_default();
        }
        pieces
    }

    fn changed_cells(&self) -> Vec<(u16, u16, &Cell)> {
        let mut updates: Vec<(u16, u16, &Cell)> = Vec::new();
        for (x, y, cell) in self.shown.diff_iter(&self.next) {
            if let Some((former_x, former_y, former)) = updates.last().copied()
                && former_y == y
                && x > former_x + 1
                && x - former_x <= GAP_MAX
            {
                let gap = (former_x + 1..x).map(|x| (x, y, &self.next[(x, y)]));
                let is_plain = |cell: &Cell| {
                    let needs_no_other = cell.style() == former.style();
                    cell.symbol().len() == 1 && (needs_no_other || cells::is_blank(cell) && cells::is_unseen(former))
                };
                // A wide character holds the cell behind it.
                if former.symbol().len() == 1 && gap.clone().all(|(_, _, cell)| is_plain(cell)) {
                    updates.extend(gap);
                }
            }
            updates.push((x, y, cell));
        }
        updates
    }

    fn row<'b>(&self, buffer: &'b Buffer, row: usize) -> &'b [Cell] {
        let columns = usize::from(self.next.area.width);
        buffer.content.get(row * columns..(row + 1) * columns).unwrap_or(&[])
    }

    /// The first column in which a row is not what it was; none: it is.
    fn first_change(&self, row: usize) -> Option<usize> {
        let pairs = self.row(&self.next, row).iter().zip(self.row(&self.shown, row));
        pairs
            .enumerate()
            .find(|(_, (next, shown))| next != shown)
            .map(|(column, _)| column)
    }

    /// The move that leaves the fewest rows to write; none when it would save next to nothing.
    fn shift(&self) -> Option<Shift> {
        let rows = usize::from(self.next.area.height);
        let changes: Vec<Option<usize>> = (0..rows).map(|row| self.first_change(row)).collect();
        if changes.iter().flatten().count() < SAVED_MIN {
            return None;
        }
        // What stands left of every change is the same in most rows: compared last, it costs
        // nothing where rows differ anyway.
        let left = changes.iter().flatten().copied().min().unwrap_or(0);
        let is_same = |row: usize, former: usize| {
            let (next, shown) = (self.row(&self.next, row), self.row(&self.shown, former));
            next.get(left..) == shown.get(left..) && next.get(..left) == shown.get(..left)
        };
        let rows_max = isize::try_from(rows).unwrap_or(0);
        let mut best: Option<(usize, Shift)> = None;
        for by in (1 - rows_max..rows_max).filter(|by| *by != 0) {
            let mut first = 0;
            let mut saved = 0;
            for row in 0..=rows {
                let former = row.checked_add_signed(-by).filter(|former| *former < rows);
                if row < rows && former.is_some_and(|former| is_same(row, former)) {
                    saved += usize::from(changes.get(row).is_some_and(Option::is_some));
                    continue;
                }
                if saved >= SAVED_MIN && best.as_ref().is_none_or(|(most, _)| saved > *most) {
                    best = Some((saved, Shift { first, end: row, by }));
                }
                (first, saved) = (row + 1, 0);
            }
        }
        best.map(|(_, shift)| shift)
    }

    /// Has the terminal move the rows, and moves them in what is known of it.
    fn scroll(&mut self, shift: Shift, bytes: &mut Vec<u8>) -> io::Result<()> {
        let columns = usize::from(self.next.area.width);
        let count = shift.by.unsigned_abs();
        let is_up = shift.by < 0;
        let (top, bottom) = if is_up {
            (shift.first, shift.end + count)
        } else {
            (shift.first - count, shift.end)
        };
        // Rows that come in have the colours in force: every frame leaves plain ones.
        write!(bytes, "\x1b[{};{bottom}r", top + 1)?;
        if is_up {
            write!(bytes, "\x1b[{bottom};1H")?;
            bytes.extend(std::iter::repeat_n(b'\n', count));
        } else {
            write!(bytes, "\x1b[{};1H", top + 1)?;
            (0..count).for_each(|_| bytes.extend_from_slice(b"\x1bM"));
        }
        bytes.extend_from_slice(b"\x1b[r");
        let Some(region) = self.shown.content.get_mut(top * columns..bottom * columns) else {
            return Ok(());
        };
        let moved = count * columns;
        let fresh = if is_up {
            region.rotate_left(moved);
            region.len() - moved..region.len()
        } else {
            region.rotate_right(moved);
            0..moved
        };
        if let Some(fresh) = region.get_mut(fresh) {
            fresh.fill(Cell::default());
        }
        Ok(())
    }
}
