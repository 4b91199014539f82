//! Lines of a text: where they are and how they end.

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
        let all = text.bytes().filter(|byte| *byte == b'\n').count();
        let crlf = text.matches("\r\n").count();
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
    let all = text.bytes().filter(|byte| *byte == b'\n').count();
    all > 0 && text.matches("\r\n").count() == all
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
    }

    #[test]
    fn positions_count_from_one_and_in_characters() {
        assert_eq!(position_at("é\nüx", 5), (2, 2));
        assert_eq!(line_at("a\nb\n", 4), 3);
    }
}
