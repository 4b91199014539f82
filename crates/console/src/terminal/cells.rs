//! Cells as bytes: the shortest moves and colours that every terminal since the VT100 understands.
//!
//! Written by hand because the backend of the library names every colour by `38;5;n`, jumps with
//! full addresses and ends each frame with four resets: two thirds of the bytes of a key, on a line
//! where bytes are what the operator waits for.

use std::io::{self, Write};

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// The attributes that a cell may have, with their numbers (ECMA-48, SGR).
const ATTRIBUTES: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Style = Style {
    fg: Color::Reset,
    bg: Color::Reset,
    modifier: Modifier::empty(),
};

impl Style {
    /// That of a piece; none: it is blank.
    fn of(piece: &Piece<'_>) -> Option<Self> {
        match piece {
            Piece::Cell(cell) if !is_blank(cell) => Some(Self {
                fg: cell.fg,
                bg: cell.bg,
                modifier: cell.modifier,
            }),
            Piece::Cell(_) | Piece::Blanks => None,
        }
    }

    /// Whether a blank of it looks like a plain one.
    fn hides_blanks(self) -> bool {
        self.bg == Color::Reset && !self.modifier.intersects(OF_BLANKS)
    }
}

/// What of a blank cell can be seen.
const OF_BLANKS: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT);

/// Whether a blank of this style looks like a plain one.
pub(super) fn is_unseen(cell: &Cell) -> bool {
    cell.bg == Color::Reset && !cell.modifier.intersects(OF_BLANKS)
}

/// Whether it is a blank of which nothing can be seen: it is written in whatever such style is in
/// force.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && is_unseen(cell)
}

/// A cell to write, or that all is blank from a cell to the end of its row.
pub(super) enum Piece<'c> {
    Cell(&'c Cell),
    Blanks,
}

/// Cells beside one another that are written in one go.
struct Run {
    x: u16,
    y: u16,
    /// None: all of it is blank, and looks the same in every style that hides blanks.
    style: Option<Style>,
    text: String,
    /// The column behind it; none: nobody knows, as behind a wide character or a cell that the
    /// terminal may have made wide.
    end: Option<u16>,
}

impl Run {
    fn at(x: u16, y: u16) -> Self {
        Self {
            x,
            y,
            style: None,
            text: String::new(),
            end: Some(x),
        }
    }

    /// Whether this comes right behind it, in a style that will do for both.
    fn takes(&self, x: u16, y: u16, piece: &Piece<'_>) -> bool {
        let is_styled = match (Style::of(piece), self.style) {
            (None, None) => true,
            (None, Some(style)) | (Some(style), None) => style.hides_blanks(),
            (Some(wanted), Some(style)) => wanted == style,
        };
        is_styled && self.y == y && self.end == Some(x)
    }

    fn push(&mut self, piece: &Piece<'_>) {
        self.style = self.style.or(Style::of(piece));
        match piece {
            Piece::Cell(cell) => {
                let symbol = cell.symbol();
                self.text.push_str(symbol);
                self.end = self.end.filter(|_| symbol.width() == 1).map(|end| end + 1);
            }
            Piece::Blanks => self.text.push_str("\x1b[K"),
        }
    }
}

/// Writes these, rows from the top and each from the left, to a terminal whose style is plain;
/// leaves it plain. What the frame is to look like tells what may be written on the way.
pub(super) fn write<'c>(
    pieces: impl IntoIterator<Item = (u16, u16, Piece<'c>)>,
    next: &Buffer,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut runs: Vec<Run> = Vec::new();
    for (x, y, piece) in pieces {
        match runs.last_mut() {
            Some(run) if run.takes(x, y, &piece) => run.push(&piece),
            Some(_) | None => {
                let mut run = Run::at(x, y);
                run.push(&piece);
                runs.push(run);
            }
        }
    }
    let rows: Vec<&[Run]> = runs.chunk_by(|run, other| run.y == other.y).collect();
    let mut pen = Pen {
        next,
        at: None,
        style: PLAIN,
    };
    for alike in rows.chunk_by(|row, below| are_alike(row, below)) {
        let mut by_rows = (pen.clone(), Vec::new());
        alike
            .iter()
            .flat_map(|row| row.iter())
            .try_for_each(|run| by_rows.0.write(run, &mut by_rows.1))?;
        // Where rows are alike, as those of a diff are, each column has one style and is a short
        // way below itself.
        let mut by_columns = (pen.clone(), Vec::new());
        let columns = alike.first().map_or(0, |row| row.len());
        for column in 0..columns {
            let runs = alike.iter().filter_map(|row| row.get(column));
            runs.into_iter()
                .try_for_each(|run| by_columns.0.write(run, &mut by_columns.1))?;
        }
        let (after, bytes) = if by_columns.1.len() < by_rows.1.len() {
            by_columns
        } else {
            by_rows
        };
        out.extend_from_slice(&bytes);
        pen = after;
    }
    if pen.style != PLAIN {
        out.extend_from_slice(b"\x1b[m");
    }
    Ok(())
}

/// Whether two rows, one below the other, have the same styles in the same order.
fn are_alike(row: &[Run], below: &[Run]) -> bool {
    let styles = |runs: &[Run]| -> Vec<Option<Style>> { runs.iter().map(|run| run.style).collect() };
    let (y, y_below) = (row.first().map(|run| run.y), below.first().map(|run| run.y));
    row.len() == below.len() && y.map(|y| y + 1) == y_below && styles(row) == styles(below)
}

/// Where the terminal's cursor stands, and the style that is in force.
#[derive(Clone)]
struct Pen<'b> {
    next: &'b Buffer,
    /// None: nobody knows.
    at: Option<(u16, u16)>,
    style: Style,
}

impl Pen<'_> {
    fn write(&mut self, run: &Run, out: &mut Vec<u8>) -> io::Result<()> {
        self.go_to(run.x, run.y, out)?;
        let kept = Some(self.style).filter(|style| style.hides_blanks());
        let wanted = run.style.or(kept).unwrap_or(PLAIN);
        if wanted != self.style {
            restyle(self.style, wanted, out)?;
            self.style = wanted;
        }
        out.extend_from_slice(run.text.as_bytes());
        self.at = run.end.map(|end| (end, run.y));
        Ok(())
    }

    /// The shortest way to a cell.
    fn go_to(&self, x: u16, y: u16, out: &mut Vec<u8>) -> io::Result<()> {
        let mut best = Vec::new();
        match x {
            0 => write!(best, "\x1b[{}H", y + 1)?,
            x => write!(best, "\x1b[{};{}H", y + 1, x + 1)?,
        }
        if let Some((from, row)) = self.at
            && row <= y
        {
            let down = vec![b'\n'; usize::from(y - row)];
            let mut from_left = b"\r".to_vec();
            from_left.extend_from_slice(&down);
            self.along(0, x, y, &mut from_left)?;
            let mut ways = vec![from_left];
            // Behind the last column terminals do not agree on where they are.
            if from < self.next.area.width {
                let mut straight = down;
                self.along(from, x, y, &mut straight)?;
                ways.push(straight);
            }
            best = ways.into_iter().chain([best]).min_by_key(Vec::len).unwrap_or_default();
        }
        out.extend_from_slice(&best);
        Ok(())
    }

    /// From a column of a row to another one.
    fn along(&self, from: u16, to: u16, y: u16, out: &mut Vec<u8>) -> io::Result<()> {
        let cells = from.abs_diff(to);
        match cells {
            0 => Ok(()),
            1..=3 if to > from && self.is_blank(from, to, y) => (0..cells).try_for_each(|_| out.write_all(b" ")),
            1 if to > from => out.write_all(b"\x1b[C"),
            cells if to > from => write!(out, "\x1b[{cells}C"),
            1..=4 => (0..cells).try_for_each(|_| out.write_all(b"\x08")),
            cells => write!(out, "\x1b[{cells}D"),
        }
    }

    /// Whether nothing is to be seen between two columns of a row, so that blanks may be written there.
    fn is_blank(&self, from: u16, to: u16, y: u16) -> bool {
        // A wide character holds the cell behind it.
        let is_narrow = |x: u16| self.next[(x, y)].symbol().len() == 1;
        self.style.hides_blanks()
            && (from == 0 || is_narrow(from - 1))
            && (from..to).all(|x| is_blank(&self.next[(x, y)]))
    }
}

fn restyle(from: Style, to: Style, out: &mut Vec<u8>) -> io::Result<()> {
    if to == PLAIN {
        out.extend_from_slice(b"\x1b[m");
        return Ok(());
    }
    out.extend_from_slice(b"\x1b[");
    let mut separator = "";
    // Not every terminal can switch off one attribute alone.
    let kept = if to.modifier.contains(from.modifier) {
        from
    } else {
        // Nothing before the separator is a nought.
        separator = ";";
        PLAIN
    };
    for (attribute, number) in ATTRIBUTES {
        if to.modifier.contains(attribute) && !kept.modifier.contains(attribute) {
            write!(out, "{separator}{number}")?;
            separator = ";";
        }
    }
    for (colour, former, base) in [(to.fg, kept.fg, 30), (to.bg, kept.bg, 40)] {
        if colour != former {
            write!(out, "{separator}")?;
            write_colour(colour, base, out)?;
            separator = ";";
        }
    }
    out.push(b'm');
    Ok(())
}

/// Writes a colour's number: `base` is 30 for letters and 40 for what is behind them.
fn write_colour(colour: Color, base: u8, out: &mut Vec<u8>) -> io::Result<()> {
    let number = match colour {
        Color::Reset => base + 9,
        Color::Black => base,
        Color::Red => base + 1,
        Color::Green => base + 2,
        Color::Yellow => base + 3,
        Color::Blue => base + 4,
        Color::Magenta => base + 5,
        Color::Cyan => base + 6,
        Color::Gray => base + 7,
        Color::DarkGray => base + 60,
        Color::LightRed => base + 61,
        Color::LightGreen => base + 62,
        Color::LightYellow => base + 63,
        Color::LightBlue => base + 64,
        Color::LightMagenta => base + 65,
        Color::LightCyan => base + 66,
        Color::White => base + 67,
        Color::Indexed(index) => return write!(out, "{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => return write!(out, "{};2;{red};{green};{blue}", base + 8),
    };
    write!(out, "{number}")
}
