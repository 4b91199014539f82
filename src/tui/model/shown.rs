//! What of a diff was on the screen: rows of hunks, and bytes of rows that were there in part.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use crate::diff::document::{DiffDocument, RowKind, Side};
use crate::diff::page::is_change_within;

/// A row of a hunk that is on the screen, and which bytes of its text. Named so that it means the same under every folding:
/// the frame may have been drawn before a key that came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The hunk.
    pub hunk: usize,
    /// The row, counted from the hunk's first.
    pub at: usize,
    /// Of its text.
    pub bytes: Range<usize>,
}

impl Sight {
    /// A row as it stands in a diff; none between the hunks.
    pub fn of(document: &DiffDocument, row: usize, bytes: Range<usize>) -> Option<Self> {
        let hunk = document.hunk_at(row)?;
        let at = row.checked_sub(document.hunk_rows(hunk)?.start)?;
        Some(Self { hunk, at, bytes })
    }
}

/// What of a file's changes was on the screen. Remembers how many there are, so that the diff itself need not be kept.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Rows of hunks, counted from the hunk's first: folding moves hunks but never changes one.
    rows: HashMap<usize, RowSet>,
    /// Of rows that were on the screen in part only, by hunk and row of it: which bytes.
    parts: HashMap<(usize, usize), RowSet>,
    /// The hunks of which every row was shown.
    whole: BTreeSet<usize>,
    hunk_count: usize,
    /// Lines of a text without a base: all of them are new, so they are counted one by one.
    new_lines: Option<usize>,
}

impl Shown {
    /// Nothing of this diff was shown yet.
    pub fn nothing_of(document: &DiffDocument) -> Self {
        let mut shown = Self::default();
        shown.measure(document);
        shown
    }

    /// Takes the size of a diff of the same bytes.
    pub fn measure(&mut self, document: &DiffDocument) {
        self.hunk_count = document.hunk_count();
        self.new_lines = document.is_new().then(|| document.line_count(Side::New));
    }

    /// How many lines of a text without a base were not shown, and how many it has; none for other texts.
    pub fn unseen_lines(&self) -> Option<(usize, usize)> {
        let lines = self.new_lines?;
        let is_whole = self.whole.len() == self.hunk_count;
        let shown = self.rows.get(&0).map_or(0, |rows| rows.count_before(lines));
        Some((if is_whole { 0 } else { lines - shown.min(lines) }, lines))
    }

    /// How many hunks were not wholly shown.
    pub fn unseen_hunk_count(&self) -> usize {
        self.hunk_count.saturating_sub(self.whole.len())
    }

    /// Those hunks, from 0; at most so many.
    pub fn unseen_hunks(&self, most: usize) -> Vec<usize> {
        (0..self.hunk_count)
            .filter(|hunk| !self.whole.contains(hunk))
            .take(most)
            .collect()
    }

    /// Notes what was on the screen; returns whether that is news.
    pub fn note(&mut self, document: &DiffDocument, sights: &[Sight]) -> bool {
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
            // That both texts end without a newline is no news: it need not be seen below a line of a megabyte.
            let below = document.row(row_at + 1).map(|row| row.kind);
            if below == Some(RowKind::NoNewline) && document.is_newline_missing_in_both() {
                shown.insert(at + 1..at + 2);
            }
            is_news |= document.is_new();
            if shown.covers(0..hunk_rows.len()) {
                self.rows.remove(&hunk);
                is_news |= self.whole.insert(hunk);
            }
        }
        is_news
    }
}

/// Rows of a hunk that were on the screen: sorted, disjoint ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet(Vec<Range<usize>>);

impl RowSet {
    /// Adds rows.
    pub fn insert(&mut self, added: Range<usize>) {
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
    pub fn count_before(&self, end: usize) -> usize {
        let counted = self
            .0
            .iter()
            .map(|range| range.end.min(end).saturating_sub(range.start));
        counted.sum()
    }

    /// Whether all these rows were added.
    pub fn covers(&self, rows: Range<usize>) -> bool {
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
    }
}
