//! Lines of a text: where they are and how they end.

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorPosition {
    /// The line, from 0.
    pub line: usize,
    /// The character in that line, from 0.
    pub character: usize,
}

/// How a file ends its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineEnd {
    /// The style of most lines; LF when they are even or there are none.
    pub(super) fn of(text: &str) -> Self {
        let (all, crlf) = counted_ends(text.as_bytes());
        if crlf > all - crlf { Self::CrLf } else { Self::Lf }
    }

    /// The bytes of the line end.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

/// Whether every line ends with CRLF, and there is at least one line end.
pub(super) fn is_all_crlf(text: &str) -> bool {
    let (all, crlf) = counted_ends(text.as_bytes());
    all > 0 && crlf == all
}

/// Says so when a file that ended every line in one way would end some in the other.
pub(super) fn mixed_line_ends(before: &[u8], after: &[u8]) -> Option<String> {
    let (all, crlf) = counted_ends(before);
    let (all_after, crlf_after) = counted_ends(after);
    if all > 0 && crlf == all && crlf_after < all_after {
        Some(format!(
            "line ends become mixed: {} of {all_after} end with \\n, all ended with \\r\\n",
            all_after - crlf_after
        ))
    } else if all > 0 && crlf == 0 && crlf_after > 0 {
        Some(format!(
            "line ends become mixed: {crlf_after} of {all_after} end with \\r\\n, all ended with \\n"
        ))
    } else {
        None
    }
}

/// How many line ends there are, and how many of them are CRLF.
fn counted_ends(bytes: &[u8]) -> (usize, usize) {
    let all = bytes.iter().filter(|byte| **byte == b'\n').count();
    (all, bytes.windows(2).filter(|pair| pair == b"\r\n").count())
}

/// A line without its end (`\n` or `\r\n`).
pub(super) fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// Whether the line holds nothing that can be seen.
pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The line, from 1, in which the byte offset lies.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    1 + text
        .as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}

/// Line and column, both from 1, the column in characters.
pub(super) fn position_at(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = 1 + before.get(line_start..).map_or(0, |rest| rest.chars().count());
    (line_at(text, offset), column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_that_of_most_lines() {
        assert_eq!(LineEnd::of("a\r\nb\r\nc\n"), LineEnd::CrLf);
        assert_eq!(LineEnd::of("a\r\nb\n"), LineEnd::Lf);
        assert_eq!(LineEnd::of("a"), LineEnd::Lf);
        assert!(is_all_crlf("a\r\nb"));
        assert!(!is_all_crlf("a\r\nb\n"));
        let mixed = |before: &str, after: &str| mixed_line_ends(before.as_bytes(), after.as_bytes());
        assert_eq!(
            mixed("a\r\nb\r\n", "a\r\nx\nb\r\n").as_deref(),
            Some("line ends become mixed: 1 of 3 end with \\n, all ended with \\r\\n")
        );
        assert!(mixed("a\n", "a\r\nb\n").is_some());
        assert_eq!(mixed("a\r\nb\n", "a\nb\n"), None);
        assert_eq!(mixed("a", "a\r\nb\n"), None);
    }

    #[test]
    fn positions_count_from_one_and_in_characters() {
        assert_eq!(position_at("é\nüx", 5), (2, 2));
        assert_eq!(line_at("a\nb\n", 4), 3);
    }
}
