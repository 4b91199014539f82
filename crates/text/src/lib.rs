//! The only gate through which untrusted text reaches a screen.
//!
//! Owns: what is shown in place of control, bidi, zero-width and look-alike characters and of bytes
//! that are no UTF-8; tab stops; widths. Nothing is ever dropped silently: what cannot be shown
//! becomes a mark. Must not know: colours, screens, diffs.
#![doc = include_str!("../README.md")]

mod cells;
mod marks;
pub mod near_miss;
mod scan;
#[cfg(test)]
mod tests;
pub mod words;
mod wrap;

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use cells::{cut, fit, width};
use scan::{PieceKind, Scan};
pub use wrap::{chunks, is_plain, offset_of_cell, wrap};

/// What a span shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// The source text itself.
    Plain,
    /// The cells of a tab.
    Tab,
    /// A sign in place of something that cannot be shown: to be coloured, so that it is not taken
    /// for the text.
    Mark,
}

/// A run of text that is safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    /// Holds no control, bidi or zero-width format character.
    pub text: Cow<'a, str>,
    pub kind: SpanKind,
    /// Lies in one of the emphasised ranges that were asked for (changed words, search hits).
    pub is_emphasised: bool,
}

/// How a line is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShape {
    /// Cells between tab stops; 0 counts as 1.
    pub tab_cells: usize,
    /// From this byte on, blanks that end the line are shown as `·` and `→`; `usize::MAX`: none are.
    pub blanks_from: usize,
}

impl Default for LineShape {
    fn default() -> Self {
        LineShape {
            tab_cells: 4,
            blanks_from: usize::MAX,
        }
    }
}

/// Returns `text` as spans that are safe to print. Line ends count as control characters: give it
/// one line.
pub fn visible<T: AsRef<[u8]> + ?Sized>(text: &T) -> Vec<Span<'_>> {
    visible_window(text.as_ref(), LineShape::default(), &[], 0..usize::MAX)
}

/// Returns `text` made safe to print, borrowed when it was so already (plain ASCII always is).
pub fn visible_line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut spans = visible(text).into_iter();
    let Some(first) = spans.next() else {
        return Cow::Borrowed("");
    };
    spans.fold(first.text, |line, span| line + span.text)
}

/// Returns the part of a line that falls into a window of `cells`, with `emphasis` (sorted,
/// disjoint byte ranges of `line`) as spans of their own. A wide character or mark cut by the
/// window's edge leaves spaces. Costs no more than the line up to the window's end.
pub fn visible_window<'a>(
    line: &'a [u8],
    shape: LineShape,
    emphasis: &[Range<usize>],
    cells: Range<usize>,
) -> Vec<Span<'a>> {
    if cells.is_empty() {
        return Vec::new();
    }
    let mut window = Window {
        cells,
        column: 0,
        spans: Vec::new(),
    };
    let trailing_start = trailing_start(line).max(shape.blanks_from);
    let tab_cells = shape.tab_cells.max(1);
    for piece in Scan::new(line, emphasis) {
        if window.column >= window.cells.end {
            break;
        }
        let source = piece.source;
        let is_emphasised = is_inside(emphasis, source.start);
        match piece.kind {
            PieceKind::Mark(text) => window.push(Cow::Owned(text), SpanKind::Mark, is_emphasised),
            PieceKind::Tab => {
                let blanks = tab_cells - window.column % tab_cells;
                if source.start >= trailing_start {
                    let text = format!("→{}", " ".repeat(blanks - 1));
                    window.push(Cow::Owned(text), SpanKind::Mark, is_emphasised);
                } else {
                    window.push(Cow::Owned(" ".repeat(blanks)), SpanKind::Tab, is_emphasised);
                }
            }
            PieceKind::Plain => {
                // Scan vouches for the UTF-8; the lossy form costs nothing and needs no trust.
                let split = trailing_start.clamp(source.start, source.end);
                let text = String::from_utf8_lossy(&line[source.start..split]);
                window.push(text, SpanKind::Plain, is_emphasised);
                window.push(
                    Cow::Owned("·".repeat(source.end - split)),
                    SpanKind::Mark,
                    is_emphasised,
                );
            }
        }
    }
    window.spans
}

/// Where the blanks begin that end the line.
pub fn trailing_start(line: &[u8]) -> usize {
    line.iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t'))
        .map_or(0, |last| last + 1)
}

fn is_inside(ranges: &[Range<usize>], offset: usize) -> bool {
    let passed = ranges.partition_point(|range| range.end <= offset);
    ranges.get(passed).is_some_and(|range| range.start <= offset)
}

struct Window<'a> {
    cells: Range<usize>,
    column: usize,
    spans: Vec<Span<'a>>,
}

impl<'a> Window<'a> {
    fn push(&mut self, text: Cow<'a, str>, kind: SpanKind, is_emphasised: bool) {
        if text.is_empty() {
            return;
        }
        let start = self.column;
        let end = start + width(&text);
        self.column = end;
        if end <= self.cells.start || start >= self.cells.end {
            return;
        }
        let text = if start < self.cells.start || end > self.cells.end {
            clip(text, self.cells.start.saturating_sub(start), self.cells.end - start)
        } else {
            text
        };
        self.spans.push(Span {
            text,
            kind,
            is_emphasised,
        });
    }
}

/// The cells `from..to` of `text`; half of a wide grapheme shows as a space.
fn clip(text: Cow<'_, str>, from: usize, to: usize) -> Cow<'_, str> {
    if text.is_ascii() {
        let to = to.min(text.len());
        return match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[from..to]),
            Cow::Owned(text) => Cow::Owned(text[from..to].to_owned()),
        };
    }
    let mut clipped = String::new();
    let mut column = 0;
    for grapheme in text.graphemes(true) {
        let end = column + grapheme.width();
        if column >= from && end <= to {
            clipped.push_str(grapheme);
        } else {
            clipped.extend(std::iter::repeat_n(' ', end.min(to).saturating_sub(column.max(from))));
        }
        column = end;
        if column >= to {
            break;
        }
    }
    Cow::Owned(clipped)
}
