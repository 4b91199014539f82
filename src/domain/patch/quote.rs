//! Foreign text inside a message: short, on one line, marked off from our own words.

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

/// `1 line`, `3 lines`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// `a, b and c`; a long list shows its first and last: `a, b, c, d, e … z (40 in all)`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [head @ .., last] if names.len() <= 8 => format!("{} and {last}", head.join(", ")),
        [head @ .., last] => {
            let shown = head.get(..5).unwrap_or(head).join(", ");
            format!("{shown} … {last} ({} in all)", names.len())
        }
    }
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
    fn lists_name_their_ends() {
        let names: Vec<String> = (0..9).map(|n| format!("s{n}")).collect();
        assert_eq!(listed(&names), "s0, s1, s2, s3, s4 … s8 (9 in all)");
        assert_eq!(listed(&names[..2]), "s0 and s1");
        assert_eq!(listed(&[]), "none");
        assert_eq!(counted(1, "line"), "1 line");
    }
}
