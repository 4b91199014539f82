//! What of a diff was on the screen: rows of hunks, and bytes of rows that were there in part.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use diff::document::{DiffDocument, DiffSide, RowKind};
use diff::page::is_change_within;

/// A row of a hunk that is on the screen, and which bytes of its text. Named so that it means the
/// same under every folding: the frame may have been drawn before a key that came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VisibleRow {
    pub(crate) hunk: usize,
    /// The row, counted from the hunk's first.
    pub(crate) at: usize,
    /// Of its text.
    pub(crate) bytes: Range<usize>,
}

impl VisibleRow {
    /// A row as it stands in a diff; none between the hunks.
    pub(crate) fn of(document: &DiffDocument, row: usize, bytes: Range<usize>) -> Option<Self> {
        let hunk = document.hunk_at(row)?;
        let at = row.checked_sub(document.hunk_rows(hunk)?.start)?;
        Some(Self { hunk, at, bytes })
    }
}

/// Up to so many hunks are looked at one by one to name them as a range.
const HUNKS_NAMED_MAX: usize = 100;

/// What of a file's changes was on the screen. Remembers how many there are, so that the diff
/// itself need not be kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShownRows {
    /// Rows of hunks, counted from the hunk's first: folding moves hunks but never changes one.
    rows: HashMap<usize, RowSet>,
    /// Of rows that were on the screen in part only, by hunk and row of it: which bytes.
    parts: HashMap<(usize, usize), RowSet>,
    /// The hunks of which every changed row was shown.
    whole: BTreeSet<usize>,
    hunk_count: usize,
    /// Whether any changed line was shown.
    is_begun: bool,
    /// Lines of a text without a base: all of them are new, so they are counted one by one.
    new_lines: Option<usize>,
}

impl ShownRows {
    /// Takes the size of a diff of the same bytes.
    pub(crate) fn measure(&mut self, document: &DiffDocument) {
        self.hunk_count = document.hunk_count();
        self.new_lines = document.is_new().then(|| document.line_count(DiffSide::New));
    }

    /// How many lines of a text without a base were not shown, and how many it has; none for other
    /// texts.
    pub(crate) fn unseen_lines(&self) -> Option<(usize, usize)> {
        let lines = self.new_lines?;
        let is_whole = self.whole.len() == self.hunk_count;
        let shown = self.rows.get(&0).map_or(0, |rows| rows.count_before(lines));
        Some((if is_whole { 0 } else { lines - shown.min(lines) }, lines))
    }

    /// How many hunks there are.
    pub(crate) fn hunk_count(&self) -> usize {
        self.hunk_count
    }

    /// Whether any changed line was shown.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Whether this row was shown, or need not be any more.
    pub(crate) fn has(&self, sight: &VisibleRow) -> bool {
        let at = sight.at;
        self.whole.contains(&sight.hunk) || self.rows.get(&sight.hunk).is_some_and(|rows| rows.covers(at..at + 1))
    }

    /// The first changed row from here on that was not shown, and where in it begins what was not:
    /// in this hunk, else in one below.
    pub(crate) fn next_unshown(&self, document: &DiffDocument, from_row: usize) -> Option<(usize, usize)> {
        let first = document.hunk_before(from_row).unwrap_or(0);
        let hunks = (first..self.hunk_count).filter(|hunk| !self.whole.contains(hunk));
        hunks.into_iter().find_map(|hunk| {
            let start = document.hunk_rows(hunk)?.start;
            let at = self.unshown_in(document, hunk, from_row.saturating_sub(start))?;
            let row = document.row(start + at)?;
            let parts = self.parts.get(&(hunk, at));
            let offset = parts.map_or(0, |parts| parts.first_gap(0, row.text.len()).unwrap_or(0));
            // Between the parts that were shown, what did not change need not be looked at.
            let marks = document.word_marks(&row);
            let unshown = marks
                .into_iter()
                .find(|mark| parts.is_none_or(|parts| !parts.covers(mark.clone())));
            let offset = match unshown {
                Some(mark) => parts.map_or(mark.start, |parts| {
                    parts.first_gap(mark.start, mark.end).unwrap_or(mark.start)
                }),
                None => offset,
            };
            Some((start + at, offset))
        })
    }

    /// The first changed row of a hunk from this one on that was not shown, counted from the hunk's
    /// first.
    fn unshown_in(&self, document: &DiffDocument, hunk: usize, from: usize) -> Option<usize> {
        let rows = document.hunk_rows(hunk)?;
        let nothing = RowSet::default();
        let shown = self.rows.get(&hunk).unwrap_or(&nothing);
        let mut at = from;
        while let Some(gap) = shown.first_gap(at, rows.len()) {
            let row = document.row(rows.start + gap)?;
            match row.kind {
                RowKind::Removed | RowKind::Added => return Some(gap),
                // If both texts end without a newline, that is no change.
                RowKind::NoNewline if !document.is_newline_missing_in_both() => return Some(gap),
                RowKind::NoNewline | RowKind::Context | RowKind::Fold { .. } => at = gap + 1,
            }
        }
        None
    }

    /// How many hunks were not wholly shown.
    pub(crate) fn unseen_hunk_count(&self) -> usize {
        self.hunk_count.saturating_sub(self.whole.len())
    }

    /// Those hunks, from 0; at most so many.
    pub(crate) fn unseen_hunks(&self, most: usize) -> Vec<usize> {
        (0..self.hunk_count)
            .filter(|hunk| !self.whole.contains(hunk))
            .take(most)
            .collect()
    }

    /// What of it was never on the screen, in words: `hunk 3`, `17 of 27 lines`; nothing when all
    /// of it was.
    pub(crate) fn unseen_words(&self, place: &str) -> Option<String> {
        if let Some((lines, all)) = self.unseen_lines() {
            return (lines > 0).then(|| format!("{lines} of {all} lines{place}"));
        }
        let count = self.unseen_hunk_count();
        Some(match self.unseen_hunks(HUNKS_NAMED_MAX + 1)[..] {
            [] => return None,
            [one] => format!("hunk {}{place}", one + 1),
            [one, two] => format!("hunks {} and {}{place}", one + 1, two + 1),
            [first, .., last] if last - first + 1 == count => format!("hunks {}-{}{place}", first + 1, last + 1),
            [..] => format!("{count} hunks{place}"),
        })
    }

    /// Notes what was on the screen; returns whether that is news.
    pub(crate) fn note(&mut self, document: &DiffDocument, sights: &[VisibleRow]) -> bool {
        let mut is_news = false;
        for sight in sights {
            let (hunk, at) = (sight.hunk, sight.at);
            if self.whole.contains(&hunk) {
                continue;
            }
            let Some(hunk_rows) = document.hunk_rows(hunk) else {
                continue;
            };
            let row_at = hunk_rows.start + at;
            let Some(row) = document.row(row_at).filter(|_| hunk_rows.contains(&row_at)) else {
                continue;
            };
            let shown = self.rows.entry(hunk).or_default();
            if shown.covers(at..at + 1) {
                continue;
            }
            // A wrapped or cut row counts when the last byte that changed in it was there.
            let mut parts = self.parts.remove(&(hunk, at)).unwrap_or_default();
            parts.insert(sight.bytes.clone());
            if !is_change_within(document, &row, |bytes| parts.covers(bytes)) {
                self.parts.insert((hunk, at), parts);
                continue;
            }
            shown.insert(at..at + 1);
            if !matches!(row.kind, RowKind::Context | RowKind::Fold { .. }) {
                is_news |= !std::mem::replace(&mut self.is_begun, true);
            }
            // That both texts end without a newline is no news: it need not be seen below a line of
            // a megabyte.
            let below = document.row(row_at + 1).map(|row| row.kind);
            if below == Some(RowKind::NoNewline) && document.is_newline_missing_in_both() {
                shown.insert(at + 1..at + 2);
            }
            is_news |= document.is_new();
            if self.unshown_in(document, hunk, 0).is_none() {
                self.rows.remove(&hunk);
                is_news |= self.whole.insert(hunk);
            }
        }
        is_news
    }
}

/// Rows of a hunk that were on the screen: sorted, disjoint ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowSet(Vec<Range<usize>>);

impl RowSet {
    /// Adds rows.
    pub(crate) fn insert(&mut self, added: Range<usize>) {
        if added.is_empty() {
            return;
        }
        let mut merged = added;
        let mut kept = Vec::with_capacity(self.0.len() + 1);
        for range in self.0.drain(..) {
            if range.end < merged.start || merged.end < range.start {
                kept.push(range);
            } else {
                merged = merged.start.min(range.start)..merged.end.max(range.end);
            }
        }
        kept.push(merged);
        kept.sort_by_key(|range| range.start);
        self.0 = kept;
    }

    /// How many of the first rows were added.
    pub(crate) fn count_before(&self, end: usize) -> usize {
        let counted = self
            .0
            .iter()
            .map(|range| range.end.min(end).saturating_sub(range.start));
        counted.sum()
    }

    /// The first row from here up to this end that was not added.
    pub(crate) fn first_gap(&self, from: usize, end: usize) -> Option<usize> {
        let mut at = from;
        for range in &self.0 {
            if range.start > at {
                break;
            }
            at = at.max(range.end);
        }
        (at < end).then_some(at)
    }

    /// Whether all these rows were added.
    pub(crate) fn covers(&self, rows: Range<usize>) -> bool {
        rows.is_empty()
            || self
                .0
                .iter()
                .any(|range| range.start <= rows.start && rows.end <= range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_join_and_cover() {
        let mut rows = RowSet::default();
        rows.insert(0..4);
        rows.insert(10..12);
        assert!(rows.covers(1..4) && !rows.covers(0..11));
        rows.insert(3..10);
        assert!(rows.covers(0..12) && !rows.covers(0..13));
        assert!(rows.covers(5..5));
        assert_eq!(
            (rows.first_gap(0, 20), rows.first_gap(15, 20), rows.first_gap(3, 12)),
            (Some(12), Some(15), None)
        );
    }
}
