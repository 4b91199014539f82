//! Reading a terminal's screen: its text, where something stands, and how it looks, in words.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// How one cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Colour of the letter.
    pub fg: Color,
    /// Colour behind it.
    pub bg: Color,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// The two colours exchanged.
    pub reverse: bool,
}

impl Style {
    /// The style of a cell.
    pub fn of(cell: &Cell) -> Self {
        Self {
            fg: cell.fgcolor(),
            bg: cell.bgcolor(),
            bold: cell.bold(),
            dim: cell.dim(),
            italic: cell.italic(),
            underline: cell.underline(),
            reverse: cell.inverse(),
        }
    }

    /// In words, `red bold reverse`; the background as `on red`; empty for plain text.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.fg != Color::Default {
            words.push(color_name(self.fg));
        }
        if self.bg != Color::Default {
            words.push(format!("on {}", color_name(self.bg)));
        }
        for (is_set, word) in [
            (self.bold, "bold"),
            (self.dim, "dim"),
            (self.italic, "italic"),
            (self.underline, "underline"),
            (self.reverse, "reverse"),
        ] {
            if is_set {
                words.push(word.to_owned());
            }
        }
        words.join(" ")
    }
}

/// The names of the sixteen colours in the order of their numbers.
const COLOR_NAMES: &str = "black red green yellow blue magenta cyan white bright-black bright-red bright-green \
                           bright-yellow bright-blue bright-magenta bright-cyan bright-white";

fn color_name(color: Color) -> String {
    match color {
        Color::Default => "default".to_owned(),
        Color::Idx(index) => COLOR_NAMES
            .split(' ')
            .nth(usize::from(index))
            .map_or_else(|| format!("color-{index}"), str::to_owned),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// Columns and rows of the screen.
pub fn size(screen: &Screen) -> (u16, u16) {
    let (rows, columns) = screen.size();
    (columns.get(), rows.get())
}

/// Every row without the blanks at its end; the blank rows at the bottom are left out.
pub fn text(screen: &Screen) -> String {
    let (columns, _) = size(screen);
    let rows: Vec<String> = screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
    rows.join("\n").trim_end_matches('\n').to_owned()
}

/// One row without the blanks at its end, counted from 0.
pub fn row(screen: &Screen, row: u16) -> String {
    let (columns, _) = size(screen);
    screen
        .rows(0, columns)
        .nth(usize::from(row))
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// Row and column (from 0) of the first place where `needle` stands on one row.
pub fn find(screen: &Screen, needle: &str) -> Option<(u16, u16)> {
    let (columns, rows) = size(screen);
    (0..rows).find_map(|row| {
        // Text is compared cell by cell: a wide letter takes two columns but is one letter.
        (0..columns).find_map(|column| {
            let mut rest = needle;
            let mut at = column;
            while !rest.is_empty() {
                let cell = screen.cell(row, at)?;
                if !cell.is_wide_continuation() {
                    let contents = if cell.has_contents() { cell.contents() } else { " " };
                    match rest.strip_prefix(contents) {
                        Some(left) => rest = left,
                        None => return None,
                    }
                } else if at == column {
                    return None;
                }
                at += 1;
            }
            Some((row, column))
        })
    })
}

/// The style of the cell at `row` and `column`; plain outside the screen.
pub fn style_at(screen: &Screen, row: u16, column: u16) -> Style {
    screen.cell(row, column).map(Style::of).unwrap_or_default()
}

/// Every stretch of cells that is not plain, one a line: `row 2, columns 4-9: red bold "urgent"`.
/// Empty when all is plain.
pub fn legend(screen: &Screen) -> String {
    let (columns, rows) = size(screen);
    let mut legend = String::new();
    for row in 0..rows {
        let mut start = 0;
        while start < columns {
            let style = style_at(screen, row, start);
            let end = (start..columns)
                .find(|column| style_at(screen, row, *column) != style)
                .unwrap_or(columns);
            if style != Style::default() {
                let stretch: String = (start..end)
                    .filter_map(|column| screen.cell(row, column))
                    .filter(|cell| !cell.is_wide_continuation())
                    .map(|cell| if cell.has_contents() { cell.contents() } else { " " })
                    .collect();
                let last = end - 1;
                let words = style.words();
                // Writing to a string cannot fail.
                let _ = writeln!(
                    legend,
                    "row {row}, columns {start}-{last}: {words} {:?}",
                    stretch.trim_end()
                );
            }
            start = end;
        }
    }
    legend
}
