//! Splits a comparison at what occurs once on each side, lines or runs of lines, before any search
//! with a limit begins. Must not know: bytes, deadlines.
// Split first: what is left of a search at its deadline is one big replacement, so the pieces
// searched must be small already. Patience sorting (the longest run of unique lines in the same
// order) costs n log n whatever the texts are.

use std::collections::HashMap;

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

/// The pairs (old, new) of starts of runs of `length` lines that occur once on each side, rising on
/// both sides. Runs may overlap. In a list of like records no line occurs once, but most runs do.
pub(super) fn run_anchors(old: &[u32], new: &[u32], length: usize) -> Vec<(u32, u32)> {
    let mut places: HashMap<u64, (u32, u32)> = HashMap::new();
    let keep = |place: &mut u32, at: usize| *place = if *place == NEVER { at as u32 } else { OFTEN };
    for (at, hash) in sampled_runs(old, length) {
        keep(&mut places.entry(hash).or_insert((NEVER, NEVER)).0, at);
    }
    for (at, hash) in sampled_runs(new, length) {
        if let Some((_, place)) = places.get_mut(&hash) {
            keep(place, at);
        }
    }
    let mut pairs: Vec<(u32, u32)> = places
        .into_values()
        .filter(|&(old_at, new_at)| old_at < OFTEN && new_at < OFTEN)
        // Equal hashes do not prove equal lines, so the lines are compared.
        .filter(|&(old_at, new_at)| old[old_at as usize..][..length] == new[new_at as usize..][..length])
        .collect();
    pairs.sort_unstable();
    longest_rising(&pairs)
}

/// The hashes of about an eighth of all runs; which ones depends on their lines alone, so that both
/// sides choose alike.
fn sampled_runs(lines: &[u32], length: usize) -> impl Iterator<Item = (usize, u64)> {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = |number: u32| (u64::from(number) + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let oldest = (0..length).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let mut hash = 0u64;
    lines.iter().enumerate().filter_map(move |(at, &number)| {
        hash = hash.wrapping_mul(BASE).wrapping_add(mixed(number));
        if at >= length {
            hash = hash.wrapping_sub(mixed(lines[at - length]).wrapping_mul(oldest));
        }
        // The upper bits depend on all lines of the run.
        (at + 1 >= length && hash >> 61 == 0).then(|| (at + 1 - length, hash))
    })
}

/// The longest subsequence of `pairs` that rises in its second part, too.
fn longest_rising(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    // tails[k]: the pair that ends the best run of length k + 1; before[i]: the pair before pair i
    // in its best run.
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

    #[test]
    fn runs_hold_where_no_line_does() {
        // Records of two lines from few kinds; one record is left out.
        let kind = |n: u32| n.wrapping_mul(2_654_435_761).rotate_left(n % 29) % 10;
        let records = |left_out| {
            (0..400)
                .filter(move |&n| n != left_out)
                .flat_map(move |n| [kind(n), 10])
        };
        let old: Vec<u32> = records(400).collect();
        let new: Vec<u32> = records(200).collect();
        let pairs = run_anchors(&old, &new, 16);
        assert!(
            pairs.iter().any(|&(at, _)| at < 400) && pairs.iter().any(|&(at, _)| at > 400),
            "{pairs:?}"
        );
        for (old_at, new_at) in pairs {
            assert_eq!(new_at + if old_at > 400 { 2 } else { 0 }, old_at);
        }
    }
}
