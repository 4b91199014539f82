//! Which words of a changed line changed.
//!
//! Owns: cutting a line into words and comparing those of two lines. Asked for visible rows only:
//! over one huge replacement words cost seconds, in a pair of lines microseconds. Must not know:
//! rows, blocks.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_width::UnicodeWidthChar;

use super::lines::{common_prefix, common_suffix};

/// Lines longer than this are compared from both ends only.
pub(crate) const WORDS_BYTES_MAX: usize = 4096;

/// Returns the byte ranges of `old` that `new` does not have, and the other way round: sorted,
/// disjoint, on word bounds. Lines that have next to nothing in common give none: all of such a
/// line is new.
pub(crate) fn words(old: &[u8], new: &[u8]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if old == new {
        return (Vec::new(), Vec::new());
    }
    if old.len() > WORDS_BYTES_MAX || new.len() > WORDS_BYTES_MAX {
        return between_ends(old, new);
    }
    let (old_words, new_words) = (cut(old), cut(new));
    let mut numbers = HashMap::new();
    let mut number = |text| {
        let next = numbers.len() as u32;
        *numbers.entry(text).or_insert(next)
    };
    let old_numbers: Vec<u32> = old_words.iter().map(|word| number(&old[word.clone()])).collect();
    let new_numbers: Vec<u32> = new_words.iter().map(|word| number(&new[word.clone()])).collect();

    let mut old_marks = Marks::default();
    let mut new_marks = Marks::default();
    let mut common = 0;
    for op in capture_diff_slices(Algorithm::Myers, &old_numbers, &new_numbers) {
        if let DiffOp::Equal { old_index, len, .. } = op {
            let kept = &old_words[old_index..old_index + len];
            common += kept
                .iter()
                .filter(|word| !old[(*word).clone()].trim_ascii().is_empty())
                .map(Range::len)
                .sum::<usize>();
        } else {
            old_marks.add(old, &old_words[op.old_range()]);
            new_marks.add(new, &new_words[op.new_range()]);
        }
    }
    let longer = old.trim_ascii().len().max(new.trim_ascii().len());
    if common * 5 < longer && !is_blank_change(old, new) {
        return (Vec::new(), Vec::new());
    }
    (old_marks.ranges, new_marks.ranges)
}

fn is_blank_change(old: &[u8], new: &[u8]) -> bool {
    let solid = |text: &[u8]| {
        text.iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect::<Vec<_>>()
    };
    solid(old) == solid(new)
}

#[derive(Default)]
struct Marks {
    ranges: Vec<Range<usize>>,
}

impl Marks {
    /// Adds adjoining words; two marks with only blanks between them become one.
    fn add(&mut self, text: &[u8], words: &[Range<usize>]) {
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            return;
        };
        match self.ranges.last_mut() {
            Some(before) if text[before.end..first.start].iter().all(|&byte| byte == b' ') => before.end = last.end,
            Some(_) | None => self.ranges.push(first.start..last.end),
        }
    }
}

/// What lies between the common ends, on character bounds.
fn between_ends(old: &[u8], new: &[u8]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let is_inside = |text: &[u8], at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut head = common_prefix(old, new);
    while head > 0 && (is_inside(old, head) || is_inside(new, head)) {
        head -= 1;
    }
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let mut tail = common_suffix(old_rest, new_rest);
    while tail > 0 && is_inside(old, old.len() - tail) {
        tail -= 1;
    }
    let range = |text: &[u8]| {
        let range = head..text.len() - tail;
        if range.is_empty() { Vec::new() } else { vec![range] }
    };
    (range(old), range(new))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    /// Stands alone: punctuation, and letters of scripts that put no blanks between words.
    Single,
    /// Belongs to what comes before it.
    Joined,
}

fn class(character: char) -> Class {
    if character.is_ascii_alphanumeric() || character == '_' {
        return Class::Word;
    }
    if matches!(character, ' ' | '\t') {
        return Class::Blank;
    }
    match character.width() {
        Some(0) => Class::Joined,
        Some(1) if character.is_alphanumeric() => Class::Word,
        Some(_) | None => Class::Single,
    }
}

/// Cuts a line into words, blanks and single characters; every byte is in exactly one.
fn cut(line: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut last = Class::Single;
    let mut at = 0;
    let mut add = |length: usize, class: Class| {
        let joins = class == Class::Joined || (class == last && class != Class::Single);
        match words.last_mut() {
            Some(word) if joins => word.end = at + length,
            Some(_) | None => words.push(at..at + length),
        }
        if class != Class::Joined {
            last = class;
        }
        at += length;
    };
    for chunk in line.utf8_chunks() {
        for character in chunk.valid().chars() {
            add(character.len_utf8(), class(character));
        }
        for _ in chunk.invalid() {
            add(1, Class::Single);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
        let (old_ranges, new_ranges) = words(old.as_bytes(), new.as_bytes());
        let texts =
            |text: &str, ranges: Vec<Range<usize>>| ranges.into_iter().map(|range| text[range].to_owned()).collect();
        (texts(old, old_ranges), texts(new, new_ranges))
    }

    fn strings(old: &[&str], new: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        (owned(old), owned(new))
    }

    #[test]
    fn changed_words_are_found() {
        assert_eq!(
            marked("    \"duration_ms\": 12000,", "    \"duration_ms\": 19000,"),
            strings(&["12000"], &["19000"])
        );
        assert_eq!(marked("\"d\": 306.0", "\"d\": 310.0"), strings(&["306"], &["310"]));
        assert_eq!(
            marked("see the low tide", "see the very high tide"),
            strings(&["low"], &["very high"])
        );
        assert_eq!(marked("10–12 km", "10–14 km"), strings(&["12"], &["14"]));
        assert_eq!(marked("潮が引く", "潮が満ちる"), strings(&["引く"], &["満ちる"]));
    }

    #[test]
    fn added_blanks_at_the_end_are_found() {
        assert_eq!(marked("low tide", "low tide  "), strings(&[], &["  "]));
        assert_eq!(marked("x", "    x"), strings(&[], &["    "]));
    }

    #[test]
    fn lines_with_nothing_in_common_have_no_marks() {
        assert_eq!(marked("The reef at dawn", "[MUSIC: slow]"), strings(&[], &[]));
    }

    #[test]
    fn long_lines_are_compared_from_both_ends() {
        let (old, new) = (
            format!("{}é{}", "a".repeat(5000), "b".repeat(9)),
            format!("{}è{}", "a".repeat(5000), "b".repeat(9)),
        );
        assert_eq!(marked(&old, &new), strings(&["é"], &["è"]));
    }

    proptest! {
        #[test]
        fn without_the_marks_both_lines_are_equal(old in prop::collection::vec(any::<u8>(), 0..30), new in prop::collection::vec(any::<u8>(), 0..30)) {
            let (old_ranges, new_ranges) = words(&old, &new);
            for (text, ranges) in [(&old, &old_ranges), (&new, &new_ranges)] {
                let mut at = 0;
                for range in ranges {
                    prop_assert!(range.start >= at && range.start < range.end && range.end <= text.len());
                    at = range.end;
                }
            }
        }

        #[test]
        fn words_cover_a_line_once(line in prop::collection::vec(any::<u8>(), 0..30)) {
            let joined: Vec<u8> = cut(&line).into_iter().flat_map(|word| line[word].to_vec()).collect();
            prop_assert_eq!(joined, line);
        }
    }
}
