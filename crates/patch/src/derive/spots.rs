//! Where two texts differ: changed lines narrowed to the words that changed.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use diff::LineDiff;

/// Up to so many bytes on each side are compared word by word; of longer spots only the equal
/// beginning and end are taken off.
const WORDS_COMPARED_BYTES_MAX: usize = 4096;
/// How many pairs of words are compared in one edit: bounds what a text full of changes can cost.
const WORD_PAIRS_MAX: usize = 20_000_000;
/// Changed words with so few equal bytes between them read better as one change.
const GAP_BYTES_MAX: usize = 6;

/// A place in which two texts differ: these bytes of the old one became those of the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// Bytes of the old text; empty where something was added.
    pub(super) old: Range<usize>,
    /// Bytes of the new text; empty where something was deleted.
    pub(super) new: Range<usize>,
}

/// The lines that differ, as bytes.
pub(super) fn of(lines: &LineDiff) -> Vec<Spot> {
    lines
        .blocks
        .iter()
        .map(|block| Spot {
            old: lines.old_lines.range_of(block.removed()),
            new: lines.new_lines.range_of(block.added()),
        })
        .collect()
}

/// How many bytes are equal from the beginning.
pub(super) fn common_prefix(old: &[u8], new: &[u8]) -> usize {
    old.iter().zip(new).take_while(|(a, b)| a == b).count()
}

/// How many bytes are equal before the end.
pub(super) fn common_suffix(old: &[u8], new: &[u8]) -> usize {
    old.iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count()
}

/// Whether a word may begin or end between two characters; `\r\n` is never parted.
pub(super) fn is_boundary(before: char, after: char) -> bool {
    let is_inside_word = |character: char| character.is_alphanumeric() || character == '_';
    !(is_inside_word(before) && is_inside_word(after) || before == '\r' && after == '\n')
}

/// The spots narrowed to words, each spot of its own.
pub(super) fn words(old: &str, new: &str, spots: &[Spot]) -> Vec<Spot> {
    let mut pairs_left = WORD_PAIRS_MAX;
    let mut found = Vec::new();
    for spot in spots {
        narrow(old, new, spot, &mut pairs_left, &mut found);
    }
    found
}

/// Joins spots with hardly anything between them.
pub(super) fn joined(spots: Vec<Spot>) -> Vec<Spot> {
    let mut out: Vec<Spot> = Vec::with_capacity(spots.len());
    for spot in spots {
        match out.last_mut() {
            Some(last) if spot.old.start - last.old.end <= GAP_BYTES_MAX => {
                last.old.end = spot.old.end;
                last.new.end = spot.new.end;
            }
            Some(_) | None => out.push(spot),
        }
    }
    out
}

fn narrow(old: &str, new: &str, spot: &Spot, pairs_left: &mut usize, found: &mut Vec<Spot>) {
    let (Some(old_part), Some(new_part)) = (old.get(spot.old.clone()), new.get(spot.new.clone())) else {
        // The bytes may not lie on the bounds of characters; whole lines always do.
        found.push(spot.clone());
        return;
    };
    if old_part.is_empty() || new_part.is_empty() {
        found.push(spot.clone());
        return;
    }
    if old_part.len().max(new_part.len()) <= WORDS_COMPARED_BYTES_MAX {
        let (old_words, new_words) = (split(old_part), split(new_part));
        let pairs = old_words.len().saturating_mul(new_words.len());
        if pairs <= *pairs_left {
            *pairs_left -= pairs;
            by_words(spot, &old_words, &new_words, found);
            return;
        }
    }
    let old_lines: Vec<&str> = old_part.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new_part.split_inclusive('\n').collect();
    if old_lines.len() > 1 && old_lines.len() == new_lines.len() {
        let (mut old_at, mut new_at) = (spot.old.start, spot.new.start);
        for (old_line, new_line) in old_lines.iter().zip(&new_lines) {
            let line = Spot {
                old: old_at..old_at + old_line.len(),
                new: new_at..new_at + new_line.len(),
            };
            (old_at, new_at) = (line.old.end, line.new.end);
            if old_line != new_line {
                narrow(old, new, &line, pairs_left, found);
            }
        }
        return;
    }
    found.push(trimmed(spot, old_part, new_part));
}

fn by_words(spot: &Spot, old_words: &[&str], new_words: &[&str], found: &mut Vec<Spot>) {
    let (mut old_at, mut new_at) = (spot.old.start, spot.new.start);
    let bytes = |words: &[&str], range: Range<usize>| -> usize {
        words.get(range).unwrap_or_default().iter().map(|word| word.len()).sum()
    };
    for op in capture_diff_slices(Algorithm::Histogram, old_words, new_words) {
        let old_bytes = bytes(old_words, op.old_range());
        let new_bytes = bytes(new_words, op.new_range());
        let part = Spot {
            old: old_at..old_at + old_bytes,
            new: new_at..new_at + new_bytes,
        };
        (old_at, new_at) = (part.old.end, part.new.end);
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => match found.last_mut() {
                // A deletion beside an insertion is one change.
                Some(last) if last.old.end == part.old.start && last.new.end == part.new.start => {
                    last.old.end = part.old.end;
                    last.new.end = part.new.end;
                }
                Some(_) | None => found.push(part),
            },
        }
    }
}

/// A text as its words and the single characters between them.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in text.char_indices() {
        if before.is_some_and(|before| is_boundary(before, character)) {
            words.extend(text.get(start..at));
            start = at;
        }
        before = Some(character);
    }
    words.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    words
}

/// The spot without its equal beginning and end, in whole words.
fn trimmed(spot: &Spot, old_part: &str, new_part: &str) -> Spot {
    let mut head = common_prefix(old_part.as_bytes(), new_part.as_bytes());
    while head > 0 && !(is_word_bound(old_part, head) && is_word_bound(new_part, head)) {
        head -= 1;
    }
    let (old_rest, new_rest) = (
        old_part.get(head..).unwrap_or_default(),
        new_part.get(head..).unwrap_or_default(),
    );
    let mut tail = common_suffix(old_rest.as_bytes(), new_rest.as_bytes());
    while tail > 0
        && !(is_word_bound(old_part, old_part.len() - tail) && is_word_bound(new_part, new_part.len() - tail))
    {
        tail -= 1;
    }
    Spot {
        old: spot.old.start + head..spot.old.end - tail,
        new: spot.new.start + head..spot.new.end - tail,
    }
}

/// Whether a word may begin or end at this byte.
pub(super) fn is_word_bound(text: &str, at: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    match (before.chars().next_back(), after.chars().next()) {
        (Some(before), Some(after)) => is_boundary(before, after),
        (None, _) | (_, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(old: &str, new: &str) -> Vec<(String, String)> {
        let whole_lines = [Spot {
            old: 0..old.len(),
            new: 0..new.len(),
        }];
        joined(words(old, new, &whole_lines))
            .into_iter()
            .map(|spot| (old[spot.old].to_owned(), new[spot.new].to_owned()))
            .collect()
    }

    #[test]
    fn changed_words_are_found_whole() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found(
                "Low tide is at noon, bring boots.",
                "Low tide is at none, bring waders."
            ),
            [pair("noon", "none"), pair("boots", "waders")]
        );
        assert_eq!(found("at noon", "on Monday"), [pair("at noon", "on Monday")]);
        assert_eq!(found("a\r\nb", "a\nb"), [pair("\r\n", "\n")]);
        assert_eq!(found("x é y", "x ê y"), [pair("é", "ê")]);
    }

    #[test]
    fn long_spots_lose_their_equal_ends_only() {
        let (head, tail) = ("word ".repeat(1000), " end".repeat(1000));
        let (old, new) = (format!("{head}twelve{tail}"), format!("{head}twenty{tail}"));
        assert_eq!(found(&old, &new), [("twelve".to_owned(), "twenty".to_owned())]);
    }
}
