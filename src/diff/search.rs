//! Looks for text in the rows of a diff.
//! Must not know: screens, highlighting.

use std::ops::Range;

use super::document::{DiffDocument, Row, RowKind};

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Down,
    Up,
}

/// Where the needle was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    pub row: usize,
    /// Bytes of the row's text.
    pub range: Range<usize>,
}

/// What is looked for. Without a capital letter in it, ASCII letters match in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    bytes: Vec<u8>,
    is_exact: bool,
}

impl Needle {
    /// `None` for an empty needle: it would be found everywhere.
    pub fn new(text: &str) -> Option<Self> {
        let is_exact = text.chars().any(char::is_uppercase);
        (!text.is_empty()).then(|| Needle {
            bytes: text.as_bytes().to_vec(),
            is_exact,
        })
    }

    fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(here) = text.get(at..at + self.bytes.len()) else {
            return false;
        };
        if self.is_exact {
            here == self.bytes
        } else {
            here.eq_ignore_ascii_case(&self.bytes)
        }
    }

    /// The first match in a text, at a byte or behind it.
    pub fn find_in(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let first = *self.bytes.first()?;
        let folded = if self.is_exact {
            first
        } else {
            first.to_ascii_uppercase()
        };
        let starts = 0..(text.len() + 1).saturating_sub(self.bytes.len());
        let at = (from.min(starts.end)..starts.end)
            .find(|&at| (text[at] == first || text[at] == folded) && self.is_at(text, at))?;
        Some(at..at + self.bytes.len())
    }

    /// All matches in a text, left to right, not overlapping.
    pub fn all_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.all_within(text, &(0..text.len()))
    }

    /// The matches that reach into some bytes of a text. Costs by these bytes.
    fn all_within(&self, text: &[u8], within: &Range<usize>) -> Vec<Range<usize>> {
        let beyond = self.bytes.len().saturating_sub(1);
        let text = text.get(..within.end.saturating_add(beyond)).unwrap_or(text);
        let next = |before: &Range<usize>| self.find_in(text, before.end);
        std::iter::successors(self.find_in(text, within.start.saturating_sub(beyond)), next).collect()
    }

    /// The matches in a row that reach into some bytes of its text.
    pub fn matches(&self, document: &DiffDocument, row: &Row, within: &Range<usize>) -> Vec<Range<usize>> {
        match row.kind {
            RowKind::Context | RowKind::Removed | RowKind::Added => self.all_within(document.row_text(row), within),
            RowKind::Fold { .. } | RowKind::NoNewline => Vec::new(),
        }
    }
}

/// Finds the nearest row from `from_row` on (that row included) that holds the needle, as far as `rows_max` rows away: a
/// caller on an event loop looks on where it stopped. Hidden lines are not rows: unfold first to look in them too.
pub fn find(
    document: &DiffDocument,
    needle: &Needle,
    from_row: usize,
    direction: Direction,
    rows_max: usize,
) -> Option<Match> {
    let looked_at = |row: usize| {
        let found = document.row(row)?;
        let all = 0..found.text.len();
        let range = needle.matches(document, &found, &all).into_iter().next()?;
        Some(Match { row, range })
    };
    let count = document.row_count();
    match direction {
        Direction::Down => (from_row..count).take(rows_max).find_map(looked_at),
        Direction::Up => (0..count.min(from_row.saturating_add(1)))
            .rev()
            .take(rows_max)
            .find_map(looked_at),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diff::document::Folding;
    use crate::diff::lines::Limit;

    fn document() -> DiffDocument {
        let old = b"Low tide\n1\n2\n3\n4\n5\nhigh Tide, low tide\nend".to_vec();
        let new = b"Low tide\n1\n2\n3\n4\n5\nhigh Tide, low tides\nend".to_vec();
        DiffDocument::compare(Some(Arc::new(old)), Arc::new(new), Limit::NONE).with_folding(Folding::Unfolded)
    }

    fn rows(needle: &str, from: usize, direction: Direction) -> Option<usize> {
        find(&document(), &Needle::new(needle)?, from, direction, usize::MAX).map(|found| found.row)
    }

    #[test]
    fn rows_are_searched_both_ways() {
        assert_eq!(rows("tide", 0, Direction::Down), Some(0));
        assert_eq!(rows("tide", 1, Direction::Down), Some(6));
        assert_eq!(rows("tide", 5, Direction::Up), Some(0));
        assert_eq!(rows("tides", 0, Direction::Down), Some(7), "the added row");
        assert_eq!(rows("Low", 1, Direction::Down), None, "a capital letter makes it exact");
        assert_eq!(rows("end", 99, Direction::Up), Some(8));
        assert_eq!(
            rows("newline", 0, Direction::Down),
            None,
            "what the view adds is no text"
        );
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn every_match_in_a_row_is_given() {
        let document = document();
        let row = document.row(6).expect("row 6 is there");
        assert_eq!(
            Needle::new("tide")
                .expect("not empty")
                .matches(&document, &row, &(0..20)),
            [5..9, 15..19]
        );
        assert_eq!(
            Needle::new("tide")
                .expect("not empty")
                .matches(&document, &row, &(8..12))
                .first(),
            Some(&(5..9)),
            "it reaches in"
        );
    }

    #[test]
    fn a_search_stops_after_the_rows_allowed() {
        let needle = Needle::new("tides").expect("not empty");
        assert_eq!(find(&document(), &needle, 0, Direction::Down, 7), None);
        assert!(find(&document(), &needle, 0, Direction::Down, 8).is_some());
    }
}
