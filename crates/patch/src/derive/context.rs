//! The least text around a place that makes it the only such place.

use std::ops::Range;

use super::spots::is_word_bound;

/// How far to each side context is taken, in bytes.
const REACH_BYTES: usize = 2048;
/// With more places alike than this the text is taken together with its neighbourhood at once, and
/// that is looked for.
const LIKES_MAX: usize = 4096;
/// The neighbourhoods tried, in bytes to each side, when a text has too many likes.
const NEIGHBOURHOODS: [usize; 6] = [8, 16, 32, 64, 256, 1024];
/// What a line end in the context counts, in bytes: a context within one line reads better than a
/// shorter one across two.
const LINE_END_COST: usize = 24;

/// The place widened, by whole words, until its text stands nowhere else in `text`; none when not
/// even a screenful around it does.
///
/// Places that overlap count as two: a search from the beginning may find either.
pub(super) fn made_unique(text: &str, spot: Range<usize>) -> Option<Range<usize>> {
    let first = seeded(text, spot)?;
    let wider = NEIGHBOURHOODS.into_iter().map(|reach| widened(text, &first, reach));
    for seed in std::iter::once(first.clone()).chain(wider) {
        if let Some(likes) = Likes::of(text, seed) {
            return likes.least();
        }
    }
    None
}

/// A place that is not empty: an insertion takes the word before it, at the very beginning the word
/// after it.
fn seeded(text: &str, spot: Range<usize>) -> Option<Range<usize>> {
    if !spot.is_empty() {
        return Some(spot);
    }
    let at = spot.start;
    let is_word = |bound: &usize| {
        text.get(*bound..at)
            .is_some_and(|part| part.contains(char::is_alphanumeric))
    };
    let before = bounds_before(text, at, REACH_BYTES)
        .find(is_word)
        .or_else(|| bounds_before(text, at, REACH_BYTES).find(|bound| *bound < at));
    match before {
        Some(start) => Some(start..at),
        None => bounds_after(text, at, REACH_BYTES)
            .find(|bound| *bound > at)
            .map(|end| at..end),
    }
}

fn widened(text: &str, spot: &Range<usize>, reach: usize) -> Range<usize> {
    let start = bounds_before(text, spot.start, reach).last().unwrap_or(spot.start);
    let end = bounds_after(text, spot.end, reach).last().unwrap_or(spot.end);
    start..end
}

/// The bounds of words from here backwards, this place included when it is one.
fn bounds_before(text: &str, at: usize, reach: usize) -> impl Iterator<Item = usize> {
    (at.saturating_sub(reach)..=at)
        .rev()
        .filter(|bound| is_word_bound(text, *bound))
}

/// The bounds of words from here on, this place included when it is one.
fn bounds_after(text: &str, at: usize, reach: usize) -> impl Iterator<Item = usize> {
    (at..=at.saturating_add(reach).min(text.len())).filter(|bound| is_word_bound(text, *bound))
}

/// Every other place that reads as the seed, by how many bytes before it and after it are equal
/// too.
struct Likes<'t> {
    text: &'t str,
    seed: Range<usize>,
    alike: Vec<(usize, usize)>,
}

impl<'t> Likes<'t> {
    /// None when there are too many.
    fn of(text: &'t str, seed: Range<usize>) -> Option<Self> {
        let wanted = text.get(seed.clone())?;
        let step = wanted.chars().next()?.len_utf8();
        let mut alike = Vec::new();
        let mut from = 0;
        while let Some(found) = text.get(from..).and_then(|rest| rest.find(wanted)) {
            let start = from + found;
            if start != seed.start {
                alike.push(equal_around(text.as_bytes(), &seed, start));
            }
            if alike.len() > LIKES_MAX {
                return None;
            }
            from = start + step;
        }
        Some(Self { text, seed, alike })
    }

    /// The cheapest pair of word bounds that no other place shares.
    fn least(mut self) -> Option<Range<usize>> {
        if self.alike.is_empty() {
            return Some(self.seed);
        }
        // From the longest equal text before: each step leftwards leaves fewer likes for the right
        // side to tell apart.
        self.alike.sort_unstable_by(|a, b| b.cmp(a));
        let ends: Vec<usize> = bounds_after(self.text, self.seed.end, REACH_BYTES).collect();
        let mut best: Option<(usize, Range<usize>)> = None;
        for start in bounds_before(self.text, self.seed.start, REACH_BYTES) {
            let before = self.seed.start - start;
            let still = self.alike.iter().take_while(|(equal, _)| *equal >= before);
            let after = still.map(|(_, equal)| equal + 1).max().unwrap_or(0);
            let first = ends.partition_point(|end| *end < self.seed.end + after);
            if let Some(end) = ends.get(first) {
                let cost = self.cost(start..self.seed.start) + self.cost(self.seed.end..*end);
                if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, start..*end));
                }
            }
            if best.as_ref().is_some_and(|(least, _)| before >= *least) {
                break;
            }
        }
        best.map(|(_, range)| range)
    }

    fn cost(&self, context: Range<usize>) -> usize {
        let length = context.len();
        let line_ends = self.text.get(context).unwrap_or_default().matches('\n').count();
        length + line_ends * LINE_END_COST
    }
}

/// How many bytes are equal before and after two places that read alike.
fn equal_around(text: &[u8], seed: &Range<usize>, start: usize) -> (usize, usize) {
    let end = start + seed.len();
    let before = |at: usize| text.get(at.saturating_sub(REACH_BYTES)..at).unwrap_or_default();
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let equal_before = super::spots::common_suffix(before(seed.start), before(start));
    let equal_after = after(seed.end)
        .iter()
        .zip(after(end))
        .take(REACH_BYTES)
        .take_while(|(a, b)| a == b)
        .count();
    (equal_before, equal_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(text: &str, spot: Range<usize>) -> Option<&str> {
        made_unique(text, spot).and_then(|range| text.get(range))
    }

    #[test]
    fn context_is_the_least_that_tells_a_place_from_its_likes() {
        let text = "Low tide is at noon.\nThe boats leave at noon.\nDinner at one.";
        let second = text.rfind("noon").unwrap();
        assert_eq!(around(text, second..second + 4), Some("leave at noon"));
        let one = text.find("one.").unwrap();
        assert_eq!(around(text, one..one + 3), Some("one"));
        // Text on the right is taken where it makes the place unique sooner.
        let text = "a tide b\nlow tide x\nlow tide y";
        let last = text.rfind("tide").unwrap();
        assert_eq!(around(text, last..last + 4), Some("tide y"));
    }

    #[test]
    fn insertions_lean_on_their_neighbour() {
        assert_eq!(around("one two", 3..3), Some("one"));
        assert_eq!(around("one two", 0..0), Some("one"));
        assert_eq!(around("", 0..0), None);
        assert_eq!(around("a\r\na\r\nb\r\n", 6..6), Some("a\r\nb"));
    }

    #[test]
    fn what_repeats_without_end_has_no_context() {
        let text = "la ".repeat(3000);
        assert_eq!(around(&text, 4500..4502), None);
        assert_eq!(around("aaa", 1..2), Some("aaa"));
    }
}
