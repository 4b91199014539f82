//! Splits a comparison at the lines that occur once on each side, before any search with a limit begins.
//! Must not know: bytes, deadlines.
// Split first: what is left of a search at its deadline is one big replacement, so the pieces searched must be small
// already. Patience sorting (the longest run of unique lines in the same order) costs n log n whatever the texts are.

const NEVER: u32 = u32::MAX;
const OFTEN: u32 = u32::MAX - 1;

/// Where each number occurs: its place if it occurs once.
fn places(lines: &[u32], distinct: usize) -> Vec<u32> {
    let mut places = vec![NEVER; distinct];
    for (at, &number) in lines.iter().enumerate() {
        let place = &mut places[number as usize];
        *place = if *place == NEVER { at as u32 } else { OFTEN };
    }
    places
}

/// The pairs (old, new) of lines to hold on to, rising on both sides.
pub(super) fn anchors(old: &[u32], new: &[u32], distinct: usize) -> Vec<(u32, u32)> {
    let old_places = places(old, distinct);
    let new_places = places(new, distinct);
    let pairs: Vec<(u32, u32)> = old
        .iter()
        .enumerate()
        .filter(|&(_, &number)| old_places[number as usize] < OFTEN && new_places[number as usize] < OFTEN)
        .map(|(at, &number)| (at as u32, new_places[number as usize]))
        .collect();
    longest_rising(&pairs)
}

/// The longest subsequence of `pairs` that rises in its second part, too.
fn longest_rising(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    // tails[k]: the pair that ends the best run of length k + 1; before[i]: the pair before pair i in its best run.
    let mut tails: Vec<u32> = Vec::new();
    let mut before: Vec<u32> = vec![NEVER; pairs.len()];
    for (at, &(_, new)) in pairs.iter().enumerate() {
        let length = tails.partition_point(|&tail| pairs[tail as usize].1 < new);
        if length > 0 {
            before[at] = tails[length - 1];
        }
        match tails.get_mut(length) {
            Some(tail) => *tail = at as u32,
            None => tails.push(at as u32),
        }
    }
    let mut rising = Vec::with_capacity(tails.len());
    let mut at = tails.last().copied().unwrap_or(NEVER);
    while let Some(&pair) = pairs.get(at as usize) {
        rising.push(pair);
        at = before[at as usize];
    }
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_rise_on_both_sides() {
        assert_eq!(anchors(&[0, 1, 2, 3, 1], &[3, 0, 4, 2], 5), [(0, 1), (2, 3)]);
        assert_eq!(anchors(&[], &[], 0), []);
        assert_eq!(
            anchors(&[1, 1], &[1, 0], 2),
            [],
            "a line that occurs twice holds nothing"
        );
    }
}
