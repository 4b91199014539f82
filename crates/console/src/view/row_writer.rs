//! Writes a line of cells from left to right and never beyond its end.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::Theme;
use text::{LineShape, SpanKind, cut, visible_window, width};

/// A line being written.
pub(crate) struct RowWriter<'a> {
    buffer: &'a mut Buffer,
    y: u16,
    start: u16,
    x: u16,
    end: u16,
}

impl<'a> RowWriter<'a> {
    /// At the beginning of the first line of an area; an area without lines takes nothing.
    pub(crate) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        let end = if area.height == 0 { area.x } else { area.right() };
        Self {
            buffer,
            y: area.y,
            start: area.x,
            x: area.x,
            end,
        }
    }

    /// At the beginning of a line of an area.
    pub(crate) fn at_line(buffer: &'a mut Buffer, area: Rect, line: u16) -> Self {
        let height = u16::from(line < area.height);
        Self::new(
            buffer,
            Rect {
                y: area.y.saturating_add(line),
                height,
                ..area
            },
        )
    }

    /// Cells left.
    pub(crate) fn room(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// The column where the next cell goes, on the screen.
    pub(crate) fn column(&self) -> u16 {
        self.x
    }

    /// Writes a text, made visible; what finds no room is told by a final `…`.
    pub(crate) fn text(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        if room > 0 {
            self.put(&cut(text, room), style);
        }
        self
    }

    /// Writes a text into exactly so many cells.
    pub(crate) fn cell(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let cells = cells.min(self.room());
        let shown = cut(text, cells);
        let blank = cells.saturating_sub(width(&shown));
        self.put(&shown, style);
        // A blank in colour costs bytes on the line and shows nothing.
        self.put(&" ".repeat(blank), Style::new())
    }

    /// Writes a text to the right end of so many cells.
    pub(crate) fn cell_right(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let cells = cells.min(self.room());
        let shown = cut(text, cells);
        let blank = cells.saturating_sub(width(&shown));
        self.put(&" ".repeat(blank), Style::new());
        self.put(&shown, style)
    }

    /// Leaves so many cells as they are.
    pub(crate) fn skip(&mut self, cells: u16) -> &mut Self {
        self.x = self.x.saturating_add(cells).min(self.end);
        self
    }

    /// Goes on at a column of the area, never back.
    pub(crate) fn to(&mut self, column: u16) -> &mut Self {
        self.x = self.x.max(self.start.saturating_add(column)).min(self.end);
        self
    }

    /// Writes a text at the right end, if it finds room behind what is written.
    pub(crate) fn right(&mut self, text: &str, style: Style) -> &mut Self {
        let cells = u16::try_from(width(text)).unwrap_or(u16::MAX);
        if self.x.saturating_add(cells) < self.end {
            self.x = self.end - cells;
            self.put(text, style);
        }
        self
    }

    /// Writes a window of a line's bytes, emphasised ranges marked; the whole untrusted line passes
    /// the text gate.
    pub(crate) fn line(
        &mut self,
        line: &[u8],
        emphasis: &[Range<usize>],
        left: usize,
        style: Style,
        theme: Theme,
    ) -> &mut Self {
        let shape = LineShape {
            blanks_from: if emphasis.is_empty() { usize::MAX } else { 0 },
            ..LineShape::default()
        };
        self.shaped_line(line, emphasis, shape, left, style, theme)
    }

    /// The same with a say in how blanks at the line's end are shown.
    pub(crate) fn shaped_line(
        &mut self,
        line: &[u8],
        emphasis: &[Range<usize>],
        shape: LineShape,
        left: usize,
        style: Style,
        theme: Theme,
    ) -> &mut Self {
        let room = self.room();
        // One cell more than there is room for tells whether something is cut off.
        let window = visible_window(line, shape, emphasis, left..left.saturating_add(room + 1));
        let is_cut = room > 0 && window.iter().map(|span| width(&span.text)).sum::<usize>() > room;
        let window = if is_cut {
            visible_window(line, shape, emphasis, left..left.saturating_add(room - 1))
        } else {
            window
        };
        for span in window {
            let mut shown = style;
            if span.kind == SpanKind::Mark {
                shown = theme.mark();
            }
            if span.is_emphasised {
                shown = shown.patch(theme.emphasis());
            }
            self.put(&span.text, shown);
        }
        if is_cut {
            self.put("›", Style::new());
        }
        self
    }

    /// Draws a rule to the right end.
    pub(crate) fn rule(&mut self, theme: Theme) -> &mut Self {
        let rule = "─".repeat(self.room());
        self.put(&rule, theme.rule())
    }

    /// Styles the whole line.
    pub(crate) fn fill(&mut self, style: Style) -> &mut Self {
        let height = u16::from(self.end > self.start);
        let area = Rect::new(self.start, self.y, self.end.saturating_sub(self.start), height);
        self.buffer.set_style(area, style);
        self
    }

    fn put(&mut self, safe: &str, style: Style) -> &mut Self {
        if self.x < self.end {
            let (x, _) = self.buffer.set_stringn(self.x, self.y, safe, self.room(), style);
            self.x = x;
        }
        self
    }
}

/// Blanks an area.
pub(crate) fn clear(buffer: &mut Buffer, area: Rect) {
    for position in area.intersection(buffer.area).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.reset();
        }
    }
}
