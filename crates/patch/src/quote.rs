//! Foreign text inside a message: short, on one line, marked off from our own words.

pub(super) use text::words::counted;

/// The most characters of foreign text in one message.
const QUOTED_CHARS_MAX: usize = 60;

/// The text between backticks, control characters as escapes, cut with `…` after 60 characters.
pub(super) fn quote(text: &str) -> String {
    format!("`{}`", excerpt(text))
}

/// The same without backticks.
pub(super) fn excerpt(text: &str) -> String {
    let mut out = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == QUOTED_CHARS_MAX {
            out.push('…');
            break;
        }
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// The most characters shown of each side of a change.
const SIDE_CHARS_MAX: usize = 160;
/// How many equal characters stay in sight before the first that differs.
const LEAD_CHARS: usize = 16;

/// Two texts between backticks, each cut to at most 160 characters around the place where they
/// begin to differ.
///
/// Cut at the same place from the beginning, two long lines that differ near their ends would read
/// alike.
pub(super) fn quote_both(before: &str, after: &str) -> (String, String) {
    let (before, after) = around_difference(before, after, SIDE_CHARS_MAX);
    let quoted = |text: &str| format!("`{}`", on_one_line(text));
    (quoted(&before), quoted(&after))
}

/// Cuts two texts to at most so many characters: from a little before the first difference on, `…`
/// for what is left out.
pub fn around_difference(before: &str, after: &str, most: usize) -> (String, String) {
    let longest = before.chars().count().max(after.chars().count());
    let equal = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).count();
    // No more is left out than must be, so that what stands before the difference is read as well.
    let skipped = if longest <= most {
        0
    } else {
        let lead = LEAD_CHARS.min(most / 3);
        equal.saturating_sub(lead).min(longest - most + 1)
    };
    let window = |text: &str| {
        let mut shown = String::new();
        let mut room = most;
        let mut characters = text.chars().skip(skipped);
        if skipped > 0 {
            shown.push('…');
            room = room.saturating_sub(1);
        }
        let rest = text.chars().count().saturating_sub(skipped);
        if rest > room {
            shown.extend(characters.by_ref().take(room.saturating_sub(1)));
            shown.push('…');
        } else {
            shown.extend(characters);
        }
        shown
    };
    (window(before), window(after))
}

fn on_one_line(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// `a, b and c`; a long list shows its first and last: `a, b, c, d, e … z (40 in all)`.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => (*only).to_owned(),
        [head @ .., last] if names.len() <= 8 => format!("{} and {last}", head.join(", ")),
        [head @ .., last] => {
            let shown = head.get(..5).unwrap_or(head).join(", ");
            format!("{shown} … {last} ({} in all)", names.len())
        }
    }
}

/// The same of foreign names, each between backticks.
pub(super) fn listed_quoted<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quote(name.as_ref())).collect();
    listed(&quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_one_line_and_short() {
        assert_eq!(quote("a\r\n\u{1b}[2J–"), "`a\\r\\n\\u{1b}[2J–`");
        assert_eq!(excerpt(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }

    #[test]
    fn a_change_at_the_end_of_a_long_text_is_in_sight() {
        let (old, new) = (
            format!("{}boots", "a ".repeat(200)),
            format!("{}waders", "a ".repeat(200)),
        );
        let (before, after) = quote_both(&old, &new);
        assert!(before.starts_with("`…") && before.ends_with("a a boots`"), "{before}");
        assert!(after.starts_with("`…") && after.ends_with("a a waders`"), "{after}");
        assert_eq!(after.chars().count(), SIDE_CHARS_MAX + 2);
        let (before, after) = around_difference(&old, "b", 40);
        assert_eq!((before.chars().count(), after.as_str()), (40, "b"));
        assert!(before.ends_with('…'));
        assert_eq!(around_difference("a", "ab", 40), ("a".to_owned(), "ab".to_owned()));
        assert_eq!(around_difference("aaaa", "", 0).1, "");
    }

    #[test]
    fn lists_name_their_ends() {
        let names: Vec<String> = (0..9).map(|n| format!("s{n}")).collect();
        assert_eq!(listed(&names), "s0, s1, s2, s3, s4 … s8 (9 in all)");
        assert_eq!(listed(&names[..2]), "s0 and s1");
        assert_eq!(listed(&[""; 0]), "none");
        assert_eq!(counted(1, "line"), "1 line");
    }
}
