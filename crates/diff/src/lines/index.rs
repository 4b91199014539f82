//! Where the lines of a text begin: four bytes a line, no copies.
//! Must not know: what the text is compared with.

use std::ops::Range;

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    Lf,
    CrLf,
    /// The last line of a text without a final newline.
    Missing,
}

/// The lines of one text. A line is what a LF ends (the LF belongs to it), or the rest of the text
/// after the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineIndex {
    /// Where each line begins, then where the text ends.
    bounds: Vec<u32>,
    crlf_count: usize,
    lf_count: usize,
}

impl LineIndex {
    /// Reads `text` once. What lies beyond 4 GiB is not addressed: artifacts end at 64 MiB (SPEC
    /// §10).
    pub(crate) fn of(text: &[u8]) -> Self {
        let text = &text[..text.len().min(u32::MAX as usize)];
        let newlines = text.iter().filter(|&&byte| byte == b'\n').count();
        let mut bounds = Vec::with_capacity(newlines + 2);
        bounds.push(0);
        let mut crlf_count = 0;
        for (at, _) in text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
            bounds.push(at as u32 + 1);
            crlf_count += usize::from(at > 0 && text[at - 1] == b'\r');
        }
        if bounds.last() != Some(&(text.len() as u32)) {
            bounds.push(text.len() as u32);
        }
        LineIndex {
            bounds,
            crlf_count,
            lf_count: newlines - crlf_count,
        }
    }

    /// How many lines there are; an empty text has none.
    pub(crate) fn count(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// How many lines end with CRLF.
    pub(crate) fn crlf_count(&self) -> usize {
        self.crlf_count
    }

    /// How many lines end with a LF alone.
    pub(crate) fn lf_count(&self) -> usize {
        self.lf_count
    }

    /// True if the text is not empty and its last line has no newline.
    pub(crate) fn lacks_final_newline(&self) -> bool {
        self.count() > self.crlf_count + self.lf_count
    }

    /// The byte range of a line, its end included; empty at the text's end for a line that does not
    /// exist.
    pub(crate) fn range(&self, line: usize) -> Range<usize> {
        self.range_of(line..line.saturating_add(1))
    }

    /// The byte range of several lines, the last one's end included.
    pub fn range_of(&self, lines: Range<usize>) -> Range<usize> {
        self.bound(lines.start)..self.bound(lines.end)
    }

    /// The byte range of a line without its end, and how it ends.
    pub(crate) fn content(&self, text: &[u8], line: usize) -> (Range<usize>, LineEnd) {
        let Range { start, end } = self.range(line);
        match text.get(start..end).unwrap_or_default() {
            [.., b'\r', b'\n'] => (start..end - 2, LineEnd::CrLf),
            [.., b'\n'] => (start..end - 1, LineEnd::Lf),
            _ => (start..end, LineEnd::Missing),
        }
    }

    /// The line that holds this byte offset; the last line for an offset beyond the end.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.bounds
            .partition_point(|&bound| bound as usize <= offset)
            .saturating_sub(1)
            .min(self.count().saturating_sub(1))
    }

    /// How many lines end at or before `offset`.
    pub(super) fn lines_before(&self, offset: usize) -> usize {
        self.bounds
            .partition_point(|&bound| bound as usize <= offset)
            .saturating_sub(1)
    }

    fn bound(&self, line: usize) -> usize {
        self.bounds
            .get(line)
            .or(self.bounds.last())
            .map_or(0, |&bound| bound as usize)
    }
}
