//! Cells as bytes: the shortest moves and colours that every terminal since the VT100 understands.
//!
//! Written by hand because the backend of the library names every colour by `38;5;n`, jumps with
//! full addresses and ends each frame with four resets: two thirds of the bytes of a key, on a line
//! where bytes are what the operator waits for.

use std::io::{self, Write};

use ratatui::buffer::Cell;
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

/// Writes these, in their order, to a terminal whose style is plain; leaves it plain.
pub(super) fn write<'c>(pieces: impl IntoIterator<Item = (u16, u16, Piece<'c>)>, out: &mut Vec<u8>) -> io::Result<()> {
    let mut style = PLAIN;
    // Where the cursor stands; none: nobody knows, as behind a wide character or a cell that the
    // terminal may have made wide.
    let mut at: Option<(u16, u16)> = None;
    for (x, y, piece) in pieces {
        match at {
            Some(at) if at == (x, y) => {}
            Some((from, row)) if row == y && x > from => forward(x - from, out)?,
            // Shorter than an address, where the row below comes next.
            Some((_, row)) if row + 1 == y => {
                out.extend_from_slice(b"\r\n");
                forward(x, out)?;
            }
            Some(_) | None if x == 0 => write!(out, "\x1b[{}H", y + 1)?,
            Some(_) | None => write!(out, "\x1b[{};{}H", y + 1, x + 1)?,
        }
        let is_any = style.bg == Color::Reset && !style.modifier.intersects(OF_BLANKS);
        let wanted = match piece {
            Piece::Blanks => PLAIN,
            Piece::Cell(cell) => Style {
                fg: cell.fg,
                bg: cell.bg,
                modifier: cell.modifier,
            },
        };
        let is_blank = match piece {
            Piece::Blanks => true,
            Piece::Cell(cell) => is_blank(cell),
        };
        if wanted != style && !(is_blank && is_any) {
            restyle(style, wanted, out)?;
            style = wanted;
        }
        match piece {
            Piece::Cell(cell) => {
                let symbol = cell.symbol();
                out.extend_from_slice(symbol.as_bytes());
                at = (symbol.width() == 1).then_some((x + 1, y));
            }
            Piece::Blanks => {
                out.extend_from_slice(b"\x1b[K");
                at = Some((x, y));
            }
        }
    }
    if style != PLAIN {
        out.extend_from_slice(b"\x1b[m");
    }
    Ok(())
}

/// So many cells to the right.
fn forward(cells: u16, out: &mut Vec<u8>) -> io::Result<()> {
    match cells {
        0 => Ok(()),
        1 => out.write_all(b"\x1b[C"),
        cells => write!(out, "\x1b[{cells}C"),
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
