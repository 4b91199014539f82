//! What of the gate stands on the terminal, and since when.

use std::collections::HashMap;

use super::shown::{ShownRows, VisibleRow};
use domain::time::SECOND_US;

/// A line counts as shown when it stood on the screen for 300 ms while somebody was there. A finger
/// that turns a page every 0.3 s is no clock: what its keys lack of that is not held against it.
pub(crate) const STOOD_US: i64 = 3 * SECOND_US / 10 - SLACK_US;
const SLACK_US: i64 = SECOND_US / 50;

/// A line that does not count yet.
#[derive(Debug, Clone)]
struct Waiting {
    sight: VisibleRow,
    since_us: i64,
}

/// What the last frame showed of a gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameContents {
    /// The file: its index, and the number of its reading.
    file: (usize, u64),
    since_us: i64,
    /// Whether the file itself counted.
    is_counted: bool,
    waiting: Vec<Waiting>,
    /// What counted of this frame: it need not wait again.
    counted: Vec<VisibleRow>,
}

impl FrameContents {
    /// What a frame shows from now on, of a file of which so much was shown before. What stood
    /// there already keeps its time.
    pub(crate) fn of(
        former: Option<Self>,
        file: (usize, u64),
        sights: Vec<VisibleRow>,
        shown: Option<&ShownRows>,
        boot_us: i64,
    ) -> Self {
        let former = former.filter(|former| former.file == file).unwrap_or(Self {
            file,
            since_us: boot_us,
            ..Self::default()
        });
        let key = |sight: &VisibleRow| (sight.hunk, sight.at, sight.bytes.start, sight.bytes.end);
        let since: HashMap<(usize, usize, usize, usize), i64> = former
            .waiting
            .iter()
            .map(|waiting| (key(&waiting.sight), waiting.since_us))
            .collect();
        let is_new =
            |sight: &VisibleRow| !former.counted.contains(sight) && shown.is_some_and(|shown| !shown.has(sight));
        let (new, old): (Vec<_>, Vec<_>) = sights.into_iter().partition(is_new);
        let wait = |sight: VisibleRow| Waiting {
            since_us: since.get(&key(&sight)).copied().unwrap_or(boot_us),
            sight,
        };
        let counted = old.into_iter().filter(|sight| former.counted.contains(sight)).collect();
        Self {
            waiting: new.into_iter().map(wait).collect(),
            counted,
            ..former
        }
    }

    /// Index of the file, and number of its reading.
    pub(crate) fn file(&self) -> (usize, u64) {
        self.file
    }

    /// When the next of it counts, on the boot clock, for somebody who is there since then; none:
    /// all of it did.
    pub(crate) fn ripens_us(&self, present_since_us: i64) -> Option<i64> {
        let file = (!self.is_counted).then_some(self.since_us);
        let since = self.waiting.iter().map(|waiting| waiting.since_us).chain(file).min()?;
        Some(since.max(present_since_us).saturating_add(STOOD_US))
    }

    /// Takes what counts by now; none: nothing does.
    pub(crate) fn take_ripe(&mut self, present_since_us: i64, boot_us: i64) -> Option<Vec<VisibleRow>> {
        let is_ripe = |since_us: i64| since_us.max(present_since_us).saturating_add(STOOD_US) <= boot_us;
        let is_file_ripe = !self.is_counted && is_ripe(self.since_us);
        let (ripe, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| is_ripe(waiting.since_us));
        self.waiting = waiting;
        self.is_counted |= is_file_ripe;
        let ripe: Vec<VisibleRow> = ripe.into_iter().map(|waiting| waiting.sight).collect();
        self.counted.extend(ripe.iter().cloned());
        (is_file_ripe || !ripe.is_empty()).then_some(ripe)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn sight(at: usize, bytes: Range<usize>) -> VisibleRow {
        VisibleRow { hunk: 0, at, bytes }
    }

    fn drawn(former: Option<FrameContents>, sights: Vec<VisibleRow>, boot_us: i64) -> FrameContents {
        FrameContents::of(former, (0, 1), sights, Some(&ShownRows::default()), boot_us)
    }

    #[test]
    fn what_stays_on_the_screen_keeps_its_time_and_what_comes_begins_its_own() {
        let first = drawn(None, vec![sight(0, 0..4), sight(1, 0..4)], 0);
        assert_eq!(first.ripens_us(i64::MIN), Some(STOOD_US));
        let mut next = drawn(Some(first), vec![sight(1, 0..4), sight(2, 0..4)], 100_000);
        assert_eq!(next.take_ripe(i64::MIN, STOOD_US - 1), None);
        assert_eq!(next.take_ripe(i64::MIN, STOOD_US), Some(vec![sight(1, 0..4)]));
        assert_eq!(next.ripens_us(i64::MIN), Some(100_000 + STOOD_US));
        // Another part of the same line has to stand on the screen for its own time.
        let mut other = drawn(Some(next), vec![sight(1, 4..8), sight(2, 0..4)], 200_000);
        assert_eq!(
            other.take_ripe(i64::MIN, 100_000 + STOOD_US),
            Some(vec![sight(2, 0..4)])
        );
        assert_eq!(other.ripens_us(i64::MIN), Some(200_000 + STOOD_US));
    }

    #[test]
    fn it_stands_only_for_somebody_who_is_there() {
        let mut standing = drawn(None, vec![sight(0, 0..4)], 0);
        assert_eq!(standing.take_ripe(1_000_000, 1_000_000 + STOOD_US - 1), None);
        assert!(standing.take_ripe(1_000_000, 1_000_000 + STOOD_US).is_some());
        assert_eq!(standing.take_ripe(1_000_000, 9_000_000), None, "once");
        let again = drawn(Some(standing), vec![sight(0, 0..4)], 2_000_000);
        assert_eq!(again.ripens_us(0), None, "it counted already");
    }
}
