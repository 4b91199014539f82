//! Which known word somebody probably meant.

/// The candidate that is at most two slips (a letter more, less, other, or two swapped) from the
/// word, case and `_`/`-` apart.
pub fn near_miss<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    // Two slips in a word of four letters are another word; a word longer than every key is none of
    // them.
    let slips_max = (word.len() / 3).min(2);
    if word.is_empty() || word.len() > 60 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (slips(&word, &plain(candidate)), candidate))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> Vec<char> {
    word.chars()
        .filter(|c| *c != '_' && *c != '-')
        .flat_map(char::to_lowercase)
        .collect()
}

/// Optimal string alignment distance.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, to) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(from != to))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && b[j - 1] == *from {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_seen_and_other_words_are_not() {
        let stages = ["script", "storyboard", "audio", "outline"];
        assert_eq!(near_miss("storybord", stages), Some("storyboard"));
        assert_eq!(near_miss("story-board", stages), Some("storyboard"));
        assert_eq!(near_miss("scirpt", stages), Some("script"));
        assert_eq!(near_miss("Audio", stages), Some("audio"));
        assert_eq!(
            near_miss("autoApprove", ["required", "auto_approve"]),
            Some("auto_approve")
        );
        for other in ["", "ui", "review", "audit-log", &"x".repeat(10_000)] {
            assert_eq!(near_miss(other, stages), None, "{other:?}");
        }
    }
}
