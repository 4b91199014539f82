//! Names too long for their column: cut in the middle, and so that different names stay different.

use text::{visible_line, width};

const SIGN: char = '…';

/// The first wording that fits, the longest first; where none does, the last.
pub(crate) fn fitting<T>(wordings: impl IntoIterator<Item = T>, fits: impl Fn(&T) -> bool) -> Option<T> {
    let mut last = None;
    for words in wordings {
        if fits(&words) {
            return Some(words);
        }
        last = Some(words);
    }
    last
}

/// As many characters from the front as fit.
fn front(text: &str, cells: usize) -> String {
    let mut taken = String::new();
    for character in text.chars() {
        taken.push(character);
        if width(&taken) > cells {
            taken.pop();
            break;
        }
    }
    taken
}

/// As many characters from the back as fit.
fn back(text: &str, cells: usize) -> String {
    let reversed: String = text.chars().rev().collect();
    front(&reversed, cells).chars().rev().collect()
}

/// The front and the back of a name, `…` between them; whole where it fits.
pub(crate) fn middle(name: &str, cells: usize) -> String {
    let safe = visible_line(name);
    if width(&safe) <= cells {
        return safe.into_owned();
    }
    let room = cells.saturating_sub(1);
    let tail = room * 2 / 5;
    format!("{}{SIGN}{}", front(&safe, room - tail), back(&safe, tail))
}

/// The end of a path, from a part on that begins it where one does; whole where it fits.
pub(crate) fn end(path: &str, cells: usize) -> String {
    let safe = visible_line(path);
    let fits = |end: &&str| width(end) < cells;
    let parts = safe
        .match_indices('/')
        .map(|(at, _)| safe.get(at..).unwrap_or_default());
    match parts.clone().find(fits) {
        _ if width(&safe) <= cells => safe.into_owned(),
        Some(end) => format!("{SIGN}{end}"),
        None => format!("{SIGN}{}", back(&safe, cells.saturating_sub(1))),
    }
}

fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// Shortens names that stand below each other. Two that would look alike show what begins where
/// they part.
pub(crate) fn distinct(names: &[String], cells: usize) -> Vec<String> {
    let mut shown: Vec<String> = names.iter().map(|name| middle(name, cells)).collect();
    let first = shown.clone();
    for (index, name) in names.iter().enumerate() {
        let alike = names
            .iter()
            .zip(&first)
            .filter(|(other, short)| *other != name && first.get(index) == Some(*short));
        let Some(parting) = alike.map(|(other, _)| common(name, other)).max() else {
            continue;
        };
        let room = cells.saturating_sub(1);
        let head = room / 3;
        let rest: String = name.chars().skip(parting).collect();
        let rest = front(&visible_line(&rest), room - head);
        // What the rest leaves free shows more of the beginning.
        let start = front(&visible_line(name), room.saturating_sub(width(&rest)));
        if let Some(slot) = shown.get_mut(index) {
            *slot = format!("{start}{SIGN}{rest}");
        }
    }
    shown
}

/// Names, at most so many and as many as find room, and how many more there are; `rest`: what is
/// said where none finds room.
pub(crate) fn named(names: &[String], most: usize, room: usize, rest: impl Fn(usize) -> String) -> String {
    let of = |told: usize| {
        let listed = names.get(..told).unwrap_or_default().join(", ");
        match names.len() - told {
            0 => listed,
            more if told == 0 => rest(more),
            more => format!("{listed} and {more} more"),
        }
    };
    let wordings = (0..=names.len().min(most)).rev().map(of);
    fitting(wordings, |words| width(words) <= room).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_and_stay_different() {
        assert_eq!(middle("sourdough", 9), "sourdough");
        assert_eq!(middle("sourdough-batch-17", 12), "sourdou…h-17");
        let names = [
            "harbour-lights-north-cut-final",
            "harbour-lights-south-cut-final",
            "reef",
        ];
        let short = distinct(&names.map(str::to_owned), 14);
        assert_ne!(short[0], short[1]);
        assert_eq!(short[0], "harb…north-cut");
        assert_eq!(short[2], "reef");
        assert!(short.iter().all(|name| width(name) <= 14));
    }

    #[test]
    fn of_a_path_the_last_parts_are_left() {
        let path = "/srv/on-call/film/runs";
        let ends = [22, 19, 18, 6, 5].map(|cells| end(path, cells));
        assert_eq!(ends, [path, "…/on-call/film/runs", "…/film/runs", "…/runs", "…runs"]);
        assert_eq!(end("runs", 9), "runs");
    }

    #[test]
    fn equal_names_stay_equal_and_wide_ones_fit() {
        let names = ["a-long-name-of-a-job", "a-long-name-of-a-job"].map(str::to_owned);
        let short = distinct(&names, 10);
        assert_eq!(short[0], short[1]);
        assert!(width(&middle("潮汐潮汐潮汐潮汐", 7)) <= 7);
        assert_eq!(middle("abc", 1), "…");
    }
}
