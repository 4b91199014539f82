//! Looks for text in the rows of a diff.
//! Must not know: screens, highlighting.

use std::ops::Range;

use super::document::{DiffDocument, DiffSide, Folding, Row, RowKind};

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Down,
    Up,
}

/// A place in one of the two texts, the same under every folding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub side: DiffSide,
    /// From 0.
    pub line: usize,
    /// Byte in the line.
    pub offset: usize,
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

/// In a line longer than this every match is a step of its own; in others the first one stands for
/// all, being on the same screen.
const LONG_BYTES: usize = 4096;

/// Finds the next match below (or above) a spot, or the first (last) one without a spot; folded
/// lines are looked through too. Gives up when `is_over` says so. For a worker: it costs by the
/// text passed.
pub fn find(
    document: &DiffDocument,
    needle: &Needle,
    from: Option<Hit>,
    direction: Direction,
    is_over: &dyn Fn() -> bool,
) -> Option<Hit> {
    let document = &document.with_folding(Folding::Unfolded);
    let row_of = |spot: Hit| document.row_of_line(spot.side, spot.line);
    let start = from.and_then(|spot| Some((row_of(spot)?, spot.offset)));
    if let Some((row_at, offset)) = start
        && let Some(found) = find_in_row(document, needle, row_at, offset, direction)
    {
        return Some(found);
    }
    let first_in = |row_at: usize| {
        let row = document.row(row_at)?;
        let all = needle.matches(document, &row, &(0..row.text.len()));
        let is_from_end = direction == Direction::Up && row.text.len() > LONG_BYTES;
        let found = if is_from_end { all.last() } else { all.first() };
        spot(&row, found?.start)
    };
    // The time limit is checked only now and then, because each check reads a clock.
    let goes_on = |step: &usize| step % 1024 != 1023 || !is_over();
    let count = document.row_count();
    match direction {
        Direction::Down => {
            let from = start.map_or(0, |(row_at, _)| row_at + 1);
            (from..count)
                .enumerate()
                .take_while(|(step, _)| goes_on(step))
                .find_map(|(_, row_at)| first_in(row_at))
        }
        Direction::Up => (0..start.map_or(count, |(row_at, _)| row_at))
            .rev()
            .enumerate()
            .take_while(|(step, _)| goes_on(step))
            .find_map(|(_, row_at)| first_in(row_at)),
    }
}

/// Another match in the same long line.
fn find_in_row(
    document: &DiffDocument,
    needle: &Needle,
    row_at: usize,
    offset: usize,
    direction: Direction,
) -> Option<Hit> {
    let row = document.row(row_at).filter(|row| row.text.len() > LONG_BYTES)?;
    let found = match direction {
        Direction::Down => needle.find_in(document.row_text(&row), offset + 1)?.start,
        Direction::Up => {
            let before = needle.matches(document, &row, &(0..offset));
            before.iter().rev().find(|found| found.start < offset)?.start
        }
    };
    spot(&row, found)
}

fn spot(row: &Row, offset: usize) -> Option<Hit> {
    let number = match row.side {
        DiffSide::Old => row.old_line,
        DiffSide::New => row.new_line,
    };
    Some(Hit {
        side: row.side,
        line: number?.checked_sub(1)?,
        offset,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::lines::Limit;

    fn document() -> DiffDocument {
        let old = b"Low tide\n1\n2\n3\n4\n5\nhigh Tide, low tide\nend".to_vec();
        let new = b"Low tide\n1\n2\n3\n4\n5\nhigh Tide, low tides\nend".to_vec();
        DiffDocument::compare(Some(Arc::new(old)), Arc::new(new), Limit::NONE)
    }

    const NEVER: &dyn Fn() -> bool = &|| false;

    fn found(needle: &str, from: Option<(DiffSide, usize)>, direction: Direction) -> Option<(DiffSide, usize, usize)> {
        let from = from.map(|(side, line)| Hit { side, line, offset: 0 });
        let spot = find(&document(), &Needle::new(needle)?, from, direction, NEVER)?;
        Some((spot.side, spot.line, spot.offset))
    }

    #[test]
    fn lines_are_searched_both_ways() {
        let (down, up) = (Direction::Down, Direction::Up);
        assert_eq!(
            found("tide", None, down),
            Some((DiffSide::New, 0, 4)),
            "hidden in a fold"
        );
        assert_eq!(
            found("tide", Some((DiffSide::New, 0)), down),
            Some((DiffSide::Old, 6, 5))
        );
        assert_eq!(found("tide", Some((DiffSide::New, 5)), up), Some((DiffSide::New, 0, 4)));
        assert_eq!(
            found("tides", None, down),
            Some((DiffSide::New, 6, 15)),
            "the added line"
        );
        assert_eq!(
            found("Low", Some((DiffSide::New, 0)), down),
            None,
            "a capital letter makes it exact"
        );
        assert_eq!(found("end", None, up), Some((DiffSide::New, 7, 0)));
        assert_eq!(found("newline", None, down), None, "what the view adds is no text");
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn every_match_in_a_row_is_given() {
        let document = document().with_folding(Folding::Unfolded);
        let row = document.row(6).expect("row 6 is there");
        let needle = Needle::new("tide").expect("not empty");
        assert_eq!(needle.matches(&document, &row, &(0..20)), [5..9, 15..19]);
        assert_eq!(
            needle.matches(&document, &row, &(8..12)).first(),
            Some(&(5..9)),
            "it reaches in"
        );
    }

    #[test]
    fn in_a_long_line_every_match_is_a_step() {
        let text = format!("tide{0}tide{0}tide\nx\n", "-".repeat(5000));
        let document = DiffDocument::compare(None, Arc::new(text.into_bytes()), Limit::NONE);
        let needle = Needle::new("tide").expect("not empty");
        let next = |from: Option<Hit>, direction| find(&document, &needle, from, direction, NEVER);
        let offsets = |direction| {
            let all = std::iter::successors(next(None, direction), |&spot| next(Some(spot), direction));
            all.map(|spot| spot.offset).collect::<Vec<_>>()
        };
        assert_eq!(offsets(Direction::Down), [0, 5004, 10008]);
        assert_eq!(offsets(Direction::Up), [10008, 5004, 0]);
    }

    #[test]
    fn a_search_can_be_given_up() {
        let text = format!("{}tide", "x\n".repeat(5000));
        let document = DiffDocument::compare(None, Arc::new(text.into_bytes()), Limit::NONE);
        let needle = Needle::new("tide").expect("not empty");
        assert!(find(&document, &needle, None, Direction::Down, NEVER).is_some());
        assert_eq!(find(&document, &needle, None, Direction::Down, &|| true), None);
    }
}
