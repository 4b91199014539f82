//! The rows of a diff, in one column or in two: any diff, in any area. Knows nothing of gates.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::facts::page::number_cells;
use crate::theme::Theme;
use diff::document::{DiffSide, RowKind};
use diff::lines::LineEnd;
use diff::page::{END_CELLS, Page, PageColumns, PagePosition, RowPart};
use diff::search::Needle;
use text::{LineShape, trailing_start};

/// Draws the lines of a page from `top` on; matches of the needle are underlined, a row that is
/// pointed at has a sign.
pub fn draw(
    page: &Page<'_>,
    top: PagePosition,
    needle: Option<&Needle>,
    pointed: Option<usize>,
    theme: Theme,
    area: Rect,
    buffer: &mut Buffer,
) {
    let rows = Rows {
        page,
        needle,
        pointed,
        theme,
        numbers: number_cells(page.document),
    };
    for (at, line) in (0..area.height).zip(page.lines(top, usize::from(area.height))) {
        let area = Rect {
            y: area.y + at,
            height: 1,
            ..area
        };
        match &line.shown {
            PageColumns::Aside(words) => {
                RowWriter::new(buffer, area).text(words, theme.held());
            }
            PageColumns::One(part) => rows.draw_part(part, DiffSide::New, rows.numbers + 1, area, buffer),
            PageColumns::Two(left, right) => {
                let half = area.width.saturating_sub(1) / 2;
                let middle = Rect {
                    x: area.x + half,
                    width: area.width - half,
                    ..area
                };
                let behind = Rect {
                    x: middle.x + 1,
                    width: half.min(middle.width.saturating_sub(1)),
                    ..middle
                };
                let before = Rect { width: half, ..area };
                let sides = [(left, DiffSide::Old, before), (right, DiffSide::New, behind)];
                RowWriter::new(buffer, middle).text("│", theme.rule());
                for (part, side, area) in sides {
                    if let Some(part) = part {
                        rows.draw_part(part, side, rows.numbers, area, buffer);
                    }
                }
            }
        }
    }
}

struct Rows<'a> {
    page: &'a Page<'a>,
    needle: Option<&'a Needle>,
    pointed: Option<usize>,
    theme: Theme,
    numbers: usize,
}

impl Rows<'_> {
    /// Draws what a column shows; what is unchanged has a number in each text, and shows that of
    /// `side`.
    fn draw_part(&self, part: &RowPart, side: DiffSide, number_cells: usize, area: Rect, buffer: &mut Buffer) {
        let theme = self.theme;
        let row = &part.row;
        let side_number = match side {
            DiffSide::Old => row.old_line.or(row.new_line),
            DiffSide::New => row.new_line.or(row.old_line),
        };
        let mut pen = RowWriter::new(buffer, area);
        let beside_number = u16::try_from(number_cells + 1).unwrap_or(u16::MAX);
        let (sign, style): (&str, Style) = match row.kind {
            RowKind::Context => ("  ", theme.plain()),
            RowKind::Removed => ("- ", theme.removed()),
            RowKind::Added => ("+ ", theme.added()),
            RowKind::Fold { lines } => {
                let word = if lines == 1 { "line" } else { "lines" };
                pen.skip(beside_number);
                pen.text(&format!("~~ {lines} {word} unchanged ~~"), theme.rule());
                return;
            }
            RowKind::NoNewline => {
                pen.skip(beside_number);
                pen.text("\\ no newline at the end", theme.rule());
                return;
            }
        };
        let number = match (part.is_first, side_number) {
            (true, Some(number)) => number.to_string(),
            (true, None) => String::new(),
            (false, _) => "↳".to_owned(),
        };
        pen.cell_right(&number, number_cells, theme.plain());
        match self.pointed == Some(part.row_at) && part.is_first {
            true => pen.text(">", theme.selected()),
            false => pen.text(" ", theme.plain()),
        }
        .text(sign, style.patch(theme.strong()));
        let text_area = Rect {
            x: pen.column(),
            width: u16::try_from(self.page.cells(row).min(pen.room())).unwrap_or(u16::MAX),
            ..area
        };
        let end_column = self.draw_text(part, style, text_area, buffer);
        let is_last = part.bytes.end == row.text.len() || !self.page.wraps;
        if is_last && self.page.document.is_end_changed(row) {
            let end = match row.end {
                LineEnd::CrLf => " CRLF",
                LineEnd::Lf | LineEnd::Missing => " LF",
            };
            let area = Rect {
                x: end_column,
                width: u16::try_from(END_CELLS).unwrap_or(u16::MAX),
                ..area
            };
            RowWriter::new(buffer, area).text(end, theme.warning());
        }
    }

    /// Draws the text; returns the column behind it.
    fn draw_text(&self, part: &RowPart, style: Style, area: Rect, buffer: &mut Buffer) -> u16 {
        let row = &part.row;
        let document = self.page.document;
        let text = document.row_text(row);
        let mut emphasis = document.word_marks(row);
        if let Some(needle) = self.needle {
            // A match is underlined like a changed word; reversed would be taken for a mark.
            let found = needle.matches(document, row, &part.bytes);
            if !found.is_empty() {
                emphasis = found;
            }
        }
        let is_changed = matches!(row.kind, RowKind::Removed | RowKind::Added);
        let blanks_from = if is_changed { trailing_start(text) } else { usize::MAX };
        let shape = |blanks_from: usize| LineShape {
            blanks_from,
            ..LineShape::default()
        };
        let mut pen = RowWriter::new(buffer, area);
        if self.page.wraps {
            let shown = text.get(part.bytes.clone()).unwrap_or_default();
            let emphasis = within(&emphasis, &part.bytes);
            let shape = shape(blanks_from.saturating_sub(part.bytes.start));
            pen.shaped_line(shown, &emphasis, shape, 0, style, self.theme);
        } else {
            pen.shaped_line(text, &emphasis, shape(blanks_from), self.page.left, style, self.theme);
        }
        pen.column()
    }
}

/// The ranges as far as they lie in some bytes, counted from the first of these.
fn within(ranges: &[Range<usize>], bytes: &Range<usize>) -> Vec<Range<usize>> {
    let inside = |range: &Range<usize>| {
        let (start, end) = (range.start.max(bytes.start), range.end.min(bytes.end));
        (start < end).then(|| start - bytes.start..end - bytes.start)
    };
    ranges.iter().filter_map(inside).collect()
}
