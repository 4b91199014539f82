//! What stands on the terminal, and the fewest bytes that make the next frame of it.
//!
//! A frame is the difference to the one before. Where rows only moved up or down the terminal is
//! told to scroll that region (DECSTBM with LF or RI, which every terminal since the VT100 knows),
//! so that a scrolled diff costs the rows that come in: on a slow line that is the difference
//! between a key a second and ten.

mod shift;
#[cfg(test)]
mod tests;

use std::io::{self, Write as _};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use super::cells::{self, Piece};
use shift::Shift;

const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// The queue and what stands below it may move in one frame, each by its own rows.
const SHIFTS_MAX: usize = 3;
/// Cells that stay are written again rather than jumped over when they are no more than this: a
/// jump has four bytes.
const GAP_MAX: u16 = 4;
/// From so many blanks on, to wipe the rest of a row is shorter than to write them.
const WIPED_MIN: usize = 4;
/// The same where more is written behind them, for a jump comes to it.
const JUMPED_MIN: usize = 9;

/// The terminal's cells as far as they are known.
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    /// Where the cursor was last shown; none: it is hidden, or nobody knows.
    cursor: Option<Position>,
    /// Nothing is known of the terminal: the next frame begins with an empty one.
    is_unknown: bool,
}

impl Screen {
    /// A terminal of this size of which nothing is known.
    pub fn new(columns: u16, rows: u16) -> Self {
        let area = Rect::new(0, 0, columns, rows);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            cursor: None,
            is_unknown: true,
        }
    }

    /// Draws a frame; returns the bytes that make it, none when it is on the terminal already.
    pub fn draw(&mut self, render: impl FnOnce(Rect, &mut Buffer) -> Option<Position>) -> io::Result<Vec<u8>> {
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
        } else {
            for _ in 0..SHIFTS_MAX {
                let Some(shift) = shift::best(&self.shown, &self.next) else {
                    break;
                };
                self.scroll(shift, &mut bytes)?;
            }
        }
        cells::write(self.updates(), &self.next, &mut bytes)?;
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

    /// What to write, in order: small gaps between cells are filled, and where the rest of a row is
    /// blank or written anyway it is wiped first, if that is shorter than to write its blanks.
    fn updates(&self) -> Vec<(u16, u16, Piece<'_>)> {
        let cells = self.changed_cells();
        let mut pieces = Vec::with_capacity(cells.len());
        for row in cells.chunk_by(|(_, y, _), (_, other, _)| y == other) {
            let (kept, wiped) = row.split_at(self.first_wiped(row));
            pieces.extend(kept.iter().copied().map(|(x, y, cell)| (x, y, Piece::Cell(cell))));
            if let Some((x, y, _)) = wiped.first() {
                pieces.push((*x, *y, Piece::Blanks));
            }
            let seen = wiped.iter().copied().filter(|(_, _, cell)| !cells::is_blank(cell));
            pieces.extend(seen.map(|(x, y, cell)| (x, y, Piece::Cell(cell))));
        }
        pieces
    }

    /// From which of a row's changed cells on its rest is wiped; their number: none of it.
    fn first_wiped(&self, row: &[(u16, u16, &Cell)]) -> usize {
        let mut at = 0;
        for same in row.chunk_by(|(_, _, cell), (_, _, other)| cells::is_blank(cell) == cells::is_blank(other)) {
            let rest = row.get(at..).unwrap_or_default();
            let min = if same.len() == rest.len() {
                WIPED_MIN
            } else {
                JUMPED_MIN
            };
            if same.len() >= min && same.iter().all(|(_, _, cell)| cells::is_blank(cell)) {
                // What is not blank and stays as it is would be wiped with the rest.
                let written = rest.iter().filter(|(_, _, cell)| !cells::is_blank(cell)).count();
                if written == self.seen_from(row, at) {
                    return at;
                }
            }
            at += same.len();
        }
        row.len()
    }

    /// How many cells of the row are no blanks, from one of its changed cells on.
    fn seen_from(&self, row: &[(u16, u16, &Cell)], at: usize) -> usize {
        let Some((x, y, _)) = row.get(at) else {
            return 0;
        };
        let columns = *x..self.next.area.width;
        columns.filter(|x| !cells::is_blank(&self.next[(*x, *y)])).count()
    }

    fn changed_cells(&self) -> Vec<(u16, u16, &Cell)> {
        let mut updates: Vec<(u16, u16, &Cell)> = Vec::new();
        let mut cells = self.shown.diff_iter(&self.next).peekable();
        while let Some((x, y, cell)) = cells.next() {
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
            // What is left of a wide character has the colours of what is written over its other half.
            let last = x + u16::try_from(cell.symbol().width()).unwrap_or(1).max(1) - 1;
            let behind = (last + 1, y);
            let former = self.shown.cell((last, y));
            let is_halved = former.is_some_and(|former| former.symbol().width() > 1);
            let is_next = cells.peek().is_some_and(|(x, y, _)| (*x, *y) == behind);
            if is_halved && !is_next && behind.0 < self.next.area.width {
                updates.push((behind.0, y, &self.next[behind]));
            }
        }
        updates
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
