//! Which rows of something were on the screen. Knows rows only, not what stands in them.

use std::ops::Range;

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
