//! What is wrong with a text that is not JSON, in the words of someone who writes it by hand, and
//! where it is to be mended.

use super::json_tree::JsonFault;

/// A fault as serde_json found it, in words; the line is the one to look at, which is not always
/// where reading stopped.
pub(super) fn in_words(body: &str, error: &serde_json::Error) -> JsonFault {
    let words = error.to_string();
    let cause = words.split(" at line ").next().unwrap_or(&words);
    let (mut line, mut column) = (error.line().max(1), error.column().max(1));
    let open = Open::of(body);
    let is_cut_text = cause.starts_with("EOF while parsing a string") || cause.starts_with("control character");
    let message = match (cause, open) {
        (_, Open::Text(at_line, at_column)) if is_cut_text => {
            (line, column) = (at_line, at_column);
            "the closing \" is missing".to_owned()
        }
        (_, Open::Nothing | Open::Bracket(..) | Open::Text(..)) if is_cut_text => {
            "a control character stands inside a text; write \\t for a tab, \\n for a line end".to_owned()
        }
        (cause, Open::Bracket(closing, at_line)) if cause.starts_with("EOF while parsing") => {
            format!("the closing {closing} of line {at_line} is missing")
        }
        ("expected `,` or `}`", _) => {
            "a comma or the closing } is missing; inside a text a \" is written \\\"".to_owned()
        }
        ("expected `,` or `]`", _) => {
            "a comma or the closing ] is missing; inside a text a \" is written \\\"".to_owned()
        }
        ("expected `:`", _) => "the colon after the name is missing".to_owned(),
        ("key must be a string", _) => "a name between \" and \" is expected; the last entry takes no comma".to_owned(),

        ("trailing characters", _) => "something stands behind the end".to_owned(),
        ("invalid escape", _) => {
            "a \\ stands before a letter that it does not go with; a plain one is written \\\\".to_owned()
        }
        ("invalid number", _) => "that is not a number".to_owned(),
        ("expected value" | "expected ident", _) => {
            "expected a value: \"text\", a number, true, false, null, { or [".to_owned()
        }
        (other, _) => other.to_owned(),
    };
    JsonFault { message, line, column }
}

/// What is still open where a text ends, or at the first line end inside a `"`.
enum Open {
    Nothing,
    /// The text that has no end: line and column of its `"`.
    Text(usize, usize),
    /// The closing bracket that is missing, and the line of its opening one.
    Bracket(char, usize),
}

impl Open {
    fn of(body: &str) -> Self {
        let mut brackets = Vec::new();
        let mut text: Option<(usize, usize)> = None;
        let mut is_escaped = false;
        for (index, line) in body.split('\n').enumerate() {
            if let Some((line, column)) = text {
                return Self::Text(line, column);
            }
            for (column, character) in line.chars().enumerate() {
                match (text, character) {
                    (Some(_), _) if is_escaped => is_escaped = false,
                    (Some(_), '\\') => is_escaped = true,
                    (Some(_), '"') => text = None,
                    (Some(_), _) => {}
                    (None, '"') => text = Some((index + 1, column + 1)),
                    (None, '{') => brackets.push(('}', index + 1)),
                    (None, '[') => brackets.push((']', index + 1)),
                    (None, '}' | ']') => {
                        brackets.pop();
                    }
                    (None, _) => {}
                }
            }
            // A backslash before the line end escapes nothing: JSON texts have one line.
            is_escaped = false;
        }
        match (text, brackets.pop()) {
            (Some((line, column)), _) => Self::Text(line, column),
            (None, Some((closing, line))) => Self::Bracket(closing, line),
            (None, None) => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json_tree::read;

    #[test]
    fn the_line_to_mend_is_named_in_plain_words() {
        for (text, line, words) in [
            (
                "{\n  \"old\": \"tall boots,\n  \"new\": \"x\"\n}",
                2,
                "the closing \" is missing",
            ),
            ("{\"a\": \"b", 1, "the closing \" is missing"),
            ("{\n  \"a\": [1, 2\n", 2, "the closing ] of line 2 is missing"),
            ("{\n  \"a\": 1\n", 1, "the closing } of line 1 is missing"),
            ("{\"a\": \"b\tc\"}", 1, "a control character stands inside a text"),
            ("{\"a\": \"he \"said\" so\"}", 1, "a comma or the closing } is missing"),
            ("{\"a\" 1}", 1, "the colon after the name is missing"),
            ("{a: 1}", 1, "a name between"),
            ("{} {}", 1, "something stands behind the end"),
            ("{\"a\": x}", 1, "expected a value"),
            ("{\"a\": [1,]}", 1, "expected a value"),
            ("{\"a\": \"\\q\"}", 1, "a \\ stands before"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.message.starts_with(words), "{text:?}: {}", fault.message);
            if words.starts_with("the closing \"") {
                assert_eq!(fault.line, line, "{text:?}");
            }
            assert!(
                !fault.message.contains("EOF") && !fault.message.contains("u0000"),
                "{}",
                fault.message
            );
        }
    }
}
