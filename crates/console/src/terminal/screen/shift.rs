//! Which rows of a frame stood elsewhere on the one before, and how many bytes it saves to have the
//! terminal move them.
//!
//! Rows are compared in blocks of columns: so a row that moved and changed in one word still saves
//! the rest of itself, and two rows are compared in a few steps, however wide they are.

use std::hash::{Hash as _, Hasher};

use ratatui::buffer::{Buffer, Cell};

use super::cells;

/// Columns of a block.
const BLOCK_COLUMNS: usize = 8;
/// To write anything in a row takes about so many bytes for the way there and for colours.
const ROW_BYTES: i32 = 6;
/// A scrolling region takes about so many bytes, without the steps in it.
const REGION_BYTES: i32 = 20;
/// A smaller gain is left: the estimate is no better than that.
const SAVED_MIN: i32 = 12;

/// Rows that moved: `first..end` of the next frame are what stood `by` rows above them (below,
/// where negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) by: isize,
}

/// The move that saves the most bytes; none when it would save next to nothing.
pub(super) fn best(shown: &Buffer, next: &Buffer) -> Option<Shift> {
    let (shown, next) = (Rows::of(shown), Rows::of(next));
    let rows = next.count();
    let stay: Vec<i32> = (0..rows).map(|row| bytes(next.row(row), shown.row(row))).collect();
    if stay.iter().sum::<i32>() < REGION_BYTES + SAVED_MIN {
        return None;
    }
    let rest = Rest {
        fresh: sums((0..rows).map(|row| stay.get(row).copied().unwrap_or(0) - bytes(next.row(row), &[]))),
        stay,
    };
    let last = isize::try_from(rows).unwrap_or(0);
    let moves = (1 - last..last).filter(|by| *by != 0);
    let (saved, shift) = moves
        .filter_map(|by| rest.best_by(by, &shown, &next))
        .max_by_key(|(saved, _)| *saved)?;
    (saved >= SAVED_MIN).then_some(shift)
}

/// What the rows of a frame take where no row moves.
struct Rest {
    /// Bytes of each row.
    stay: Vec<i32>,
    /// What it saves to have each row come in blank, mostly less than nothing: summed up to a row.
    fresh: Vec<i32>,
}

impl Rest {
    /// The region that saves the most when rows move so far, and how much.
    fn best_by(&self, by: isize, shown: &Rows, next: &Rows) -> Option<(i32, Shift)> {
        let rows = next.count();
        let count = by.unsigned_abs();
        // Only where a row has a former place on the screen.
        let range = if by > 0 { count..rows } else { 0..rows - count };
        let saved = |row: usize| {
            let former = row.checked_add_signed(-by).unwrap_or(rows);
            self.stay.get(row).copied().unwrap_or(0) - bytes(next.row(row), shown.row(former))
        };
        // Rows come in above a region that moves down, below one that moves up.
        let comes_in = |from: usize| {
            let sum = |row: usize| self.fresh.get(row).copied().unwrap_or(0);
            sum(from + count) - sum(from)
        };
        let step = if by > 0 { 2 } else { 1 };
        let cost = REGION_BYTES + step * i32::try_from(count).unwrap_or(i32::MAX / 4);
        let mut best: Option<(i32, Shift)> = None;
        // The most that is saved by a region that ends here, and where it begins.
        let (mut sum, mut first) = (0, range.start);
        for row in range {
            let begun = if by > 0 { comes_in(row - count) } else { 0 };
            if sum <= begun {
                (sum, first) = (begun, row);
            }
            sum += saved(row);
            let ended = if by < 0 { comes_in(row + 1) } else { 0 };
            let total = sum + ended - cost;
            if best.as_ref().is_none_or(|(most, _)| total > *most) {
                let end = row + 1;
                best = Some((total, Shift { first, end, by }));
            }
        }
        best
    }
}

/// Sums of all before each, and of all.
fn sums(numbers: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut sum = 0;
    let mut sums = vec![0];
    sums.extend(numbers.map(|number| {
        sum += number;
        sum
    }));
    sums
}

/// Some columns of a row. Two are taken to look alike when their marks are the same: a mistake
/// costs bytes, for what is then written is told from the cells themselves.
#[derive(Clone, Copy, Default)]
struct Block {
    /// Nought: all is blank.
    mark: u64,
    /// Bytes of its letters.
    bytes: i32,
}

/// The blocks of a frame.
struct Rows {
    blocks: Vec<Block>,
    /// Blocks of a row.
    width: usize,
}

impl Rows {
    fn of(buffer: &Buffer) -> Self {
        let columns = usize::from(buffer.area.width).max(1);
        let rows = buffer.content.chunks(columns);
        Self {
            blocks: rows.flat_map(|row| row.chunks(BLOCK_COLUMNS)).map(block).collect(),
            width: columns.div_ceil(BLOCK_COLUMNS),
        }
    }

    fn count(&self) -> usize {
        self.blocks.len() / self.width
    }

    /// The blocks of a row, none where there is none.
    fn row(&self, row: usize) -> &[Block] {
        self.blocks
            .get(row * self.width..(row + 1) * self.width)
            .unwrap_or_default()
    }
}

/// About how many bytes make one row of the other, or of a blank one.
fn bytes(next: &[Block], shown: &[Block]) -> i32 {
    let shown = shown.iter().copied().chain(std::iter::repeat(Block::default()));
    let mut bytes = 0;
    let mut is_same = true;
    for (next, shown) in next.iter().zip(shown) {
        if next.mark != shown.mark {
            bytes += next.bytes;
            is_same = false;
        }
    }
    if is_same { 0 } else { bytes + ROW_BYTES }
}

fn block(cells: &[Cell]) -> Block {
    let mut mark = Marker::default();
    let mut bytes = 0;
    let mut is_blank = true;
    for cell in cells {
        mark.write(cell.symbol().as_bytes());
        (cell.fg, cell.bg, cell.modifier).hash(&mut mark);
        if !cells::is_blank(cell) {
            is_blank = false;
            bytes += i32::try_from(cell.symbol().len()).unwrap_or(0);
        }
    }
    Block {
        mark: if is_blank { 0 } else { mark.finish().max(1) },
        bytes,
    }
}

/// FNV-1a in steps of a word: the standard hasher withstands enemies, which takes most of the time
/// of a frame.
struct Marker(u64);

impl Default for Marker {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Marker {
    fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
}

impl Hasher for Marker {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.add(u64::from(*byte)));
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_isize(&mut self, number: isize) {
        // The discriminant of a colour.
        self.add(number.unsigned_abs() as u64);
    }
}
