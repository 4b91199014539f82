//! The text of an editor as lines, and the one way to change it.
//!
//! Owns: places that always lie on a character's beginning; replacing. Must not know keys, cursors
//! or undo.

use unicode_segmentation::UnicodeSegmentation;

use text::{LineShape, visible_line, width, wrap};

/// A place in a text: before a byte of a line. Lines and bytes count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TextPosition {
    pub line: usize,
    /// The byte in it, always the beginning of a character or the line's end.
    pub(crate) byte: usize,
}

impl TextPosition {
    pub(super) fn at(line: usize, byte: usize) -> Self {
        Self { line, byte }
    }

    /// Another place in the same line.
    pub(super) fn with_byte(self, byte: usize) -> Self {
        Self { byte, ..self }
    }
}

/// Lines without their ends; never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines {
    lines: Vec<String>,
    /// Of all lines, their ends counted as one byte each.
    size_bytes: usize,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        // A text's last line end is a last, empty line here, and comes back as one.
        Self {
            lines: text.split('\n').map(str::to_owned).collect(),
            size_bytes: text.len(),
        }
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.lines
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    pub(crate) fn line(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", String::as_str)
    }

    /// Behind the last character.
    pub(crate) fn end(&self) -> TextPosition {
        self.line_end(self.lines.len().saturating_sub(1))
    }

    /// The place, or the nearest one before it that there is.
    pub(crate) fn clamped(&self, place: TextPosition) -> TextPosition {
        if place.line >= self.lines.len() {
            return self.end();
        }
        let line = self.line(place.line);
        place.with_byte(line.floor_char_boundary(place.byte))
    }

    pub(crate) fn text_between(&self, from: TextPosition, to: TextPosition) -> String {
        if from.line == to.line {
            let line = self.line(from.line);
            return line.get(from.byte..to.byte).unwrap_or_default().to_owned();
        }
        let mut text = self.line(from.line).get(from.byte..).unwrap_or_default().to_owned();
        for line in self.lines.iter().take(to.line).skip(from.line + 1) {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.push_str(self.line(to.line).get(..to.byte).unwrap_or_default());
        text
    }

    /// Puts `text` in place of what stands between two places; returns what stood there, and the
    /// place behind the new text.
    pub(crate) fn replace(&mut self, from: TextPosition, to: TextPosition, text: &str) -> (String, TextPosition) {
        let from = self.clamped(from);
        let to = self.clamped(to).max(from);
        let removed = self.text_between(from, to);
        self.size_bytes = (self.size_bytes + text.len()).saturating_sub(removed.len());
        let tail = self.line(to.line).get(to.byte..).unwrap_or_default().to_owned();
        let mut pieces = text.split('\n');
        let first = pieces.next().unwrap_or_default();
        let Some(line) = self.lines.get_mut(from.line) else {
            return (removed, from);
        };
        line.truncate(from.byte);
        line.push_str(first);
        let mut further: Vec<String> = pieces.map(str::to_owned).collect();
        let end = TextPosition::at(
            from.line + further.len(),
            further.last().map_or(from.byte + first.len(), String::len),
        );
        match further.last_mut() {
            Some(last) => last.push_str(&tail),
            None => line.push_str(&tail),
        }
        if !further.is_empty() || to.line > from.line {
            self.lines.splice(from.line + 1..to.line + 1, further);
        }
        (removed, end)
    }

    /// One grapheme back, over the line's beginning to the end of the line before.
    pub(crate) fn before(&self, place: TextPosition) -> TextPosition {
        let head = self.line(place.line).get(..place.byte).unwrap_or_default();
        match head.graphemes(true).next_back() {
            Some(grapheme) => place.with_byte(place.byte - grapheme.len()),
            None if place.line > 0 => self.line_end(place.line - 1),
            None => place,
        }
    }

    /// One grapheme on, over the line's end to the beginning of the next line.
    pub(crate) fn after(&self, place: TextPosition) -> TextPosition {
        let tail = self.line(place.line).get(place.byte..).unwrap_or_default();
        match tail.graphemes(true).next() {
            Some(grapheme) => place.with_byte(place.byte + grapheme.len()),
            None if place.line + 1 < self.lines.len() => TextPosition::at(place.line + 1, 0),
            None => place,
        }
    }

    pub(crate) fn line_end(&self, line: usize) -> TextPosition {
        TextPosition::at(line, self.line(line).len())
    }

    /// The beginning of the next word: behind this one and the blanks that follow.
    pub(crate) fn next_word(&self, place: TextPosition) -> TextPosition {
        let tail = self.line(place.line).get(place.byte..).unwrap_or_default();
        let Some(first) = tail.chars().next() else {
            return self.after(place);
        };
        let is_other = |character: char| class(character) != class(first);
        let word = tail.find(is_other).unwrap_or(tail.len());
        let blanks = tail.get(word..).unwrap_or_default();
        let skipped = blanks.len() - blanks.trim_start().len();
        place.with_byte(place.byte + word + skipped)
    }

    /// The beginning of this word, or of the one before.
    pub(crate) fn former_word(&self, place: TextPosition) -> TextPosition {
        let head = self.line(place.line).get(..place.byte).unwrap_or_default();
        if head.is_empty() {
            return self.before(place);
        }
        let head = head.trim_end();
        let byte = head.chars().next_back().map_or(0, |last| {
            let start = head.rfind(|character: char| class(character) != class(last));
            start.map_or(0, |at| {
                at + head
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8)
            })
        });
        TextPosition { byte, ..place }
    }

    /// Where the rows of a line begin that is drawn in so many columns; at least one. In 0 columns
    /// a line is one row.
    pub(crate) fn rows(&self, line: usize, columns: usize) -> Vec<usize> {
        let mut starts = vec![0];
        if columns > 0 {
            starts.extend(wrap(
                self.line(line).as_bytes(),
                LineShape::default().tab_cells,
                columns,
            ));
        }
        starts
    }

    /// The row of its line in which a place is drawn, and the cells before it there.
    pub(crate) fn row_of(&self, place: TextPosition, columns: usize) -> (usize, usize) {
        let rows = self.rows(place.line, columns);
        let row = rows.partition_point(|start| *start <= place.byte).saturating_sub(1);
        let start = rows.get(row).copied().unwrap_or(0);
        let before = self.line(place.line).get(start..place.byte).unwrap_or_default();
        (row, cells(before))
    }

    /// The place in a row of a line that has so many cells before it, or as many as there are.
    fn at_cells(&self, line: usize, rows: &[usize], row: usize, wanted: usize) -> TextPosition {
        let start = rows.get(row).copied().unwrap_or(0);
        let next = rows.get(row + 1).copied();
        let text = self
            .line(line)
            .get(start..next.unwrap_or(usize::MAX).min(self.line(line).len()));
        let mut used = 0;
        let mut byte = start;
        for grapheme in text.unwrap_or_default().graphemes(true) {
            used = cells_from(used, grapheme);
            // In a wrapped line, the end of one row is the same place as the beginning of the next
            // row.
            if used > wanted || next == Some(byte + grapheme.len()) {
                break;
            }
            byte += grapheme.len();
        }
        TextPosition::at(line, byte)
    }

    /// The place so many rows further down (negative: up) with so many cells before it.
    pub(crate) fn rows_away(&self, from: TextPosition, by: isize, wanted: usize, columns: usize) -> TextPosition {
        let mut line = from.line;
        let mut rows = self.rows(line, columns);
        let (mut row, _) = self.row_of(from, columns);
        for _ in 0..by.unsigned_abs() {
            if by > 0 && row + 1 < rows.len() {
                row += 1;
            } else if by > 0 && line + 1 < self.lines.len() {
                line += 1;
                (rows, row) = (self.rows(line, columns), 0);
            } else if by < 0 && row > 0 {
                row -= 1;
            } else if by < 0 && line > 0 {
                line -= 1;
                rows = self.rows(line, columns);
                row = rows.len().saturating_sub(1);
            }
        }
        self.at_cells(line, &rows, row, wanted)
    }
}

#[derive(PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Sign,
}

fn class(character: char) -> Class {
    if character.is_whitespace() {
        Class::Blank
    } else if character.is_alphanumeric() || character == '_' {
        Class::Word
    } else {
        Class::Sign
    }
}

/// Cells of a line's beginning; tabs run to their stops as the row writer draws them.
fn cells(before: &str) -> usize {
    before.split_inclusive('\t').fold(0, cells_from)
}

fn cells_from(used: usize, part: &str) -> usize {
    match part.strip_suffix('\t') {
        Some(text) => {
            let used = used + width(&visible_line(text));
            let tab_cells = LineShape::default().tab_cells.max(1);
            used + tab_cells - used % tab_cells
        }
        None => used + width(&visible_line(part)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place_of(text: &str, at: usize) -> TextPosition {
        let head = text.get(..at).unwrap();
        let line = head.matches('\n').count();
        TextPosition::at(line, head.len() - head.rfind('\n').map_or(0, |end| end + 1))
    }

    proptest! {
        /// Replacing in lines is replacing in the text, whatever is replaced by what.
        #[test]
        fn a_replacement_is_that_of_the_text(
            text in "[aé\n\t日]{0,40}",
            new in "[xö\n]{0,10}",
            from in 0usize..80,
            length in 0usize..30,
        ) {
            let from = text.floor_char_boundary(from.min(text.len()));
            let to = text.floor_char_boundary((from + length).min(text.len())).max(from);
            let mut lines = Lines::new(&text);
            let (removed, end) = lines.replace(place_of(&text, from), place_of(&text, to), &new);
            let mut expected = text.clone();
            expected.replace_range(from..to, &new);
            prop_assert_eq!(&removed, text.get(from..to).unwrap());
            prop_assert_eq!(lines.all().join("\n"), expected.clone());
            prop_assert_eq!(lines.size_bytes(), expected.len());
            prop_assert_eq!(end, place_of(&expected, from + new.len()));
        }
    }

    #[test]
    fn graphemes_are_one_step() {
        let lines = Lines::new("e\u{301}👩\u{200d}🚀x");
        let mut place = TextPosition::default();
        let mut stops = Vec::new();
        while place != lines.end() {
            place = lines.after(place);
            stops.push(place.byte);
        }
        assert_eq!(stops, [3, 14, 15]);
        while place != TextPosition::default() {
            place = lines.before(place);
        }
    }

    #[test]
    fn words_begin_at_letters_and_signs() {
        let lines = Lines::new("one  two_3.x");
        let mut place = TextPosition::default();
        let mut stops = Vec::new();
        while place != lines.end() {
            place = lines.next_word(place);
            stops.push(place.byte);
        }
        assert_eq!(stops, [5, 10, 11, 12]);
        stops.clear();
        while place != TextPosition::default() {
            place = lines.former_word(place);
            stops.push(place.byte);
        }
        assert_eq!(stops, [11, 10, 5, 0]);
    }

    #[test]
    fn cells_count_tabs_wide_letters_and_marks() {
        let lines = Lines::new("\ta日\u{202e}b");
        let end = lines.end();
        let (_, cells) = lines.row_of(end, 0);
        assert_eq!(lines.at_cells(0, &[0], 0, cells), end);
        assert_eq!(lines.at_cells(0, &[0], 0, 5), TextPosition::at(0, 2));
        assert_eq!(lines.at_cells(0, &[0], 0, 6).byte, 2, "half a wide letter is none");
    }

    #[test]
    fn a_wrapped_line_is_passed_row_by_row() {
        let lines = Lines::new("one two three four\nx");
        assert_eq!(lines.rows(0, 8), [0, 8, 14]);
        let mut place = TextPosition::at(0, 2);
        let mut stops = Vec::new();
        for _ in 0..4 {
            place = lines.rows_away(place, 1, 2, 8);
            stops.push((place.line, place.byte));
        }
        assert_eq!(stops, [(0, 10), (0, 16), (1, 1), (1, 1)]);
        assert_eq!(lines.rows_away(place, -4, 2, 8), TextPosition::at(0, 2));
        assert_eq!(
            lines.row_of(TextPosition::at(0, 8), 8),
            (1, 0),
            "the next row begins where one ends"
        );
        assert_eq!(
            lines.rows_away(TextPosition::at(0, 17), -1, 7, 8),
            TextPosition::at(0, 13)
        );
    }
}
