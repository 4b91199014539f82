//! The rows of a diff, in one column or in two: any diff, in any area. Knows nothing of gates.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::row_writer::RowWriter;
use crate::facts::page::number_cells;
use crate::syntax::Tokens;
use crate::theme::Theme;
use diff::document::{DiffSide, RowKind};
use diff::lines::LineEnd;
use diff::page::{END_CELLS, Page, PageColumns, PagePosition, RowPart};
use diff::search::Needle;
use text::{LineShape, trailing_start};

/// A page, and how it is shown.
pub(crate) struct Shown<'a> {
    pub(crate) page: &'a Page<'a>,
    /// From where on.
    pub(crate) top: PagePosition,
    /// Matches of it are underlined.
    pub(crate) needle: Option<&'a Needle>,
    /// A row that is pointed at has a sign.
    pub(crate) pointed: Option<usize>,
    /// What the words of the text under review are.
    pub(crate) tokens: Option<&'a Tokens>,
}

impl<'a> Shown<'a> {
    /// The lines alone.
    pub(crate) fn plain(page: &'a Page<'a>, top: PagePosition) -> Self {
        Self {
            page,
            top,
            needle: None,
            pointed: None,
            tokens: None,
        }
    }
}

/// Draws the lines of a page.
pub(crate) fn draw(shown: &Shown<'_>, theme: Theme, area: Rect, buffer: &mut Buffer) {
    let (page, top) = (shown.page, shown.top);
    let rows = Rows {
        page,
        needle: shown.needle,
        pointed: shown.pointed,
        tokens: shown.tokens,
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
    tokens: Option<&'a Tokens>,
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
        // What changed keeps its colour. Of a text that is all new, the sign alone says so.
        let is_new = row.kind == RowKind::Added && document.is_new();
        let tokens = self.tokens.filter(|_| is_new || row.kind == RowKind::Context);
        let tokens = tokens.map_or(&[][..], |tokens| tokens.line(row.new_line.unwrap_or(0)));
        let style = if is_new && self.tokens.is_some() {
            self.theme.plain()
        } else {
            style
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
        let end = pen.column();
        let (line, from, left) = match self.page.wraps {
            true => (text.get(part.bytes.clone()).unwrap_or_default(), &part.bytes, 0),
            false => (text, &(0..text.len()), self.page.left),
        };
        for (range, role) in tokens {
            let Some(range) = within(std::slice::from_ref(range), from).pop() else {
                continue;
            };
            let cells = [range.start, range.end].map(|offset| cells_before(line, offset).saturating_sub(left));
            let [first, behind] = cells.map(|cells| u16::try_from(cells).unwrap_or(u16::MAX));
            for x in area.x.saturating_add(first)..area.x.saturating_add(behind).min(end) {
                let cell = buffer.cell_mut(Position::new(x, area.y));
                // What stands in place of a character keeps its own.
                if let Some(cell) = cell.filter(|cell| !cell.modifier.contains(Modifier::REVERSED)) {
                    cell.set_style(self.theme.token(*role));
                }
            }
        }
        end
    }
}

/// How many cells the first bytes of a line take.
fn cells_before(line: &[u8], offset: usize) -> usize {
    let before = line.get(..offset).unwrap_or(line);
    if text::is_plain(before) {
        return before.len();
    }
    let spans = text::visible_window(before, LineShape::default(), &[], 0..usize::MAX);
    spans.iter().map(|span| text::width(&span.text)).sum()
}

/// The ranges as far as they lie in some bytes, counted from the first of these.
fn within(ranges: &[Range<usize>], bytes: &Range<usize>) -> Vec<Range<usize>> {
    let inside = |range: &Range<usize>| {
        let (start, end) = (range.start.max(bytes.start), range.end.min(bytes.end));
        (start < end).then(|| start - bytes.start..end - bytes.start)
    };
    ranges.iter().filter_map(inside).collect()
}
