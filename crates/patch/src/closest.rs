//! What was close to a text that does not occur: a cheap likeness by pairs of bytes, linear in the
//! text.

/// How many bytes of a line are compared, and of the wanted text.
const COMPARED_BYTES_MAX: usize = 400;
/// How many bytes of the artifact are searched: a near miss is a courtesy and may not stall the
/// console.
const SEARCHED_BYTES_MAX: usize = 4 << 20;
/// Shorter lines than this, in bytes, are compared as a whole; of longer ones the part that is
/// about as long as the wanted text.
const LINE_BYTES_WHOLE: usize = 80;
/// Below this likeness nothing is offered: a wrong hint is worse than none.
const LIKENESS_MIN: f64 = 0.45;

/// Counts of byte pairs of one text, compared against many.
struct Likeness {
    pairs: Vec<u16>,
    total: usize,
}

impl Likeness {
    fn to(wanted: &str) -> Self {
        let mut pairs = vec![0_u16; 1 << 16];
        let mut total = 0;
        for pair in pairs_of(wanted) {
            if let Some(count) = pairs.get_mut(pair) {
                *count += 1;
                total += 1;
            }
        }
        Self { pairs, total }
    }

    /// 0 for nothing in common, 1 for the same pairs: half how much of the wanted text is there,
    /// half how much of the line that is.
    fn of(&mut self, line: &str) -> f64 {
        let mut taken = Vec::new();
        let mut length = 0;
        for pair in pairs_of(line) {
            length += 1;
            if let Some(count) = self.pairs.get_mut(pair)
                && *count > 0
            {
                *count -= 1;
                taken.push(pair);
            }
        }
        for pair in &taken {
            if let Some(count) = self.pairs.get_mut(*pair) {
                *count += 1;
            }
        }
        if self.total == 0 || length == 0 {
            return 0.0;
        }
        let shared = taken.len() as f64;
        0.5 * shared / self.total as f64 + shared / (self.total + length) as f64
    }
}

fn pairs_of(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.trim().as_bytes();
    let bytes = bytes.get(..COMPARED_BYTES_MAX).unwrap_or(bytes);
    bytes.windows(2).map(|pair| match pair {
        [a, b] => usize::from(a.to_ascii_lowercase()) << 8 | usize::from(b.to_ascii_lowercase()),
        _ => 0,
    })
}

/// The line, from 1, that is most like the first visible line of the wanted text, if any is like it
/// at all; of a long line the part.
pub(super) fn closest_line<'t>(text: &'t str, wanted: &str) -> Option<(usize, &'t str)> {
    let first = wanted.lines().find(|line| !line.trim().is_empty())?;
    let length = first.trim().len().min(COMPARED_BYTES_MAX);
    let mut likeness = Likeness::to(first);
    let mut best: Option<(f64, usize, &str)> = None;
    let mut searched = 0;
    for (index, line) in text.lines().enumerate() {
        for part in parts(line, length) {
            searched += part.len() + 1;
            let score = likeness.of(part);
            if score >= LIKENESS_MIN && best.is_none_or(|(highest, _, _)| score > highest) {
                best = Some((score, index + 1, part));
            }
            if searched > SEARCHED_BYTES_MAX {
                return best.map(|(_, line, text)| (line, text.trim()));
            }
        }
    }
    best.map(|(_, line, text)| (line, text.trim()))
}

/// The line, or parts of it that overlap so that no text of this length is cut by all of them; cut
/// between words where there are some.
// A paragraph on one line holds most pairs of letters: as a whole it is like anything, and its
// beginning says nothing of the place.
fn parts(line: &str, length: usize) -> impl Iterator<Item = &str> {
    let is_whole = line.len() <= LINE_BYTES_WHOLE.max(2 * length);
    let width = if is_whole {
        line.len()
    } else {
        (length + length / 2).max(24)
    };
    let step = if is_whole { line.len() + 1 } else { (length / 2).max(8) };
    let count = if is_whole {
        1
    } else {
        line.len().saturating_sub(width).div_ceil(step) + 1
    };
    (0..count).filter_map(move |at| {
        let start = line.floor_char_boundary(at * step);
        let end = line.ceil_char_boundary((start + width).min(line.len()));
        let reach = |from: usize, to: usize| line.get(line.floor_char_boundary(from)..line.ceil_char_boundary(to));
        let start = match reach(start.saturating_sub(step), start).and_then(|before| before.rfind(' ')) {
            Some(space) if start > 0 => line.floor_char_boundary(start.saturating_sub(step)) + space + 1,
            Some(_) | None => start,
        };
        let end = match reach(end, (end + step).min(line.len())).and_then(|after| after.find(' ')) {
            Some(space) => end + space,
            None => end,
        };
        line.get(start..end)
    })
}

/// The name that is most like the wanted one, if any is like it at all.
pub(super) fn closest_name<'n>(names: impl IntoIterator<Item = &'n str>, wanted: &str) -> Option<&'n str> {
    let mut likeness = Likeness::to(wanted);
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let score = likeness.of(name);
        if score >= LIKENESS_MIN && best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The text with the differences that eyes miss taken out: case, kinds of space, dashes and
/// quotation marks.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => out.push('-'),
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' => out.push('\''),
            '\u{201c}'..='\u{201f}' | '\u{2033}' => out.push('"'),
            '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}' => {}
            space if space.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_found_and_a_stranger_is_not() {
        let text = "Low tide is at noon.\nThe boats leave at 14:00 sharp.\nBring boots.";
        assert_eq!(
            closest_line(text, "The boat leaves at 14:00"),
            Some((2, "The boats leave at 14:00 sharp."))
        );
        assert_eq!(closest_line(text, "quarterly revenue figures"), None);
        assert_eq!(closest_line(text, "\n\n"), None);
    }

    #[test]
    fn of_a_long_line_the_part_that_is_meant_is_shown() {
        let filler = "Nobody who has walked these flats in autumn would call them friendly. ".repeat(12);
        let text = format!("**Tides**\n{filler}The boats leave at 14:00 \u{2013} bring boots. {filler}");
        let (line, part) = closest_line(&text, "The boat leaves at 14:00").unwrap();
        assert_eq!(line, 2);
        assert!(part.contains("boats leave at 14:00") && part.len() < 80, "{part}");
        assert_eq!(closest_line(&text, "quarterly revenue figures"), None);
        // A line that ends with the text, and one of characters of several bytes.
        let text = format!("{filler}The boats leave at 14:00");
        assert!(
            closest_line(&text, "The boat leaves at 14:00")
                .unwrap()
                .1
                .ends_with("leave at 14:00")
        );
        let text = format!("{}Ebbe um zwölf Uhr{}", "ä\u{2013}ö".repeat(60), "\u{1f30a}".repeat(60));
        assert!(closest_line(&text, "Ebbe um zwoelf Uhr").is_some());
    }

    #[test]
    fn names_are_compared_alike() {
        assert_eq!(closest_name(["scene_000", "intro_beat"], "intro"), Some("intro_beat"));
        assert_eq!(closest_name(["scene_000"], "outro"), None);
    }

    #[test]
    fn folding_takes_out_what_eyes_miss() {
        assert_eq!(
            folded("Low\u{a0}Tide \u{2013} \u{201c}now\u{201d}"),
            folded("low tide - \"now\"")
        );
    }
}
