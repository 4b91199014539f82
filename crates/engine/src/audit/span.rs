//! Where two texts part, as a person looks for it: line, column, offset and the JSON key.

/// A spot in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextLocation {
    /// From 1, counted in the text.
    pub(crate) line: u64,
    /// The line's byte, from 1.
    pub(crate) column: u64,
    /// The text's byte, from 0.
    pub(crate) offset: u64,
    /// The top-level key of a JSON object that the spot belongs to.
    pub(crate) field: Option<String>,
}

/// The bytes of each text that are shown from where they part.
const SHOWN_BYTES: usize = 24;

/// Where they part; none: they are equal. The key is that of `expected`.
pub(crate) fn first_difference(found: &[u8], expected: &[u8]) -> Option<TextLocation> {
    if found == expected {
        return None;
    }
    let offset = found
        .iter()
        .zip(expected)
        .take_while(|(one, other)| one == other)
        .count();
    let before = expected.get(..offset).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count();
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |index| index + 1);
    Some(TextLocation {
        line: line as u64 + 1,
        column: (offset - line_start) as u64 + 1,
        offset: offset as u64,
        field: key_at(expected, offset),
    })
}

/// What both texts hold where they part, for the message; `row` is what the expected one was made
/// from.
pub(crate) fn describe(found: &[u8], expected: &[u8], span: &TextLocation, row: &str) -> String {
    let from = usize::try_from(span.offset).unwrap_or(usize::MAX);
    let shown = |text: &[u8]| {
        let rest = text.get(from..).unwrap_or_default();
        let piece = rest.get(..SHOWN_BYTES).unwrap_or(rest);
        if piece.is_empty() {
            "ends here".to_owned()
        } else {
            format!("reads {:?}", String::from_utf8_lossy(piece))
        }
    };
    format!("it {}, and by {row} it {}", shown(found), shown(expected))
}

/// The key at the top of a JSON object whose entry this byte is in.
fn key_at(text: &[u8], offset: usize) -> Option<String> {
    let (mut depth, mut is_in_text, mut is_escaped) = (0_u32, false, false);
    let (mut start, mut key) = (0, None);
    for (index, byte) in text.iter().enumerate() {
        if is_in_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    is_in_text = false;
                    if depth == 1 && text.get(index + 1) == Some(&b':') {
                        key = text.get(start..index);
                    }
                }
                _ => {}
            }
        } else {
            match byte {
                b'"' => {
                    is_in_text = true;
                    start = index + 1;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        // A byte inside a key belongs to that key: it is known only at its end.
        if index >= offset && !(is_in_text && depth == 1) {
            break;
        }
    }
    key.map(|key| String::from_utf8_lossy(key).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spot_is_named_as_one_looks_for_it() {
        let expected = b"{\n  \"stage\": \"script\",\n  \"via\": {\n    \"uid\": 7\n  },\n  \"seq\": 12\n}\n";
        let spot = |at: usize| {
            let mut found = expected.to_vec();
            found[at] ^= 1;
            let span = first_difference(&found, expected).unwrap();
            (span.line, span.column, span.offset, span.field.unwrap_or_default())
        };
        assert_eq!(spot(0), (1, 1, 0, String::new()));
        assert_eq!(spot(5), (2, 4, 5, "stage".to_owned()));
        assert_eq!(spot(15), (2, 14, 15, "stage".to_owned()));
        let uid = expected.windows(3).position(|bytes| bytes == b"uid").unwrap();
        assert_eq!(spot(uid), (4, 6, uid as u64, "via".to_owned()));
        let seq = expected.windows(2).position(|bytes| bytes == b"12").unwrap();
        assert_eq!(spot(seq), (6, 10, seq as u64, "seq".to_owned()));
        assert_eq!(first_difference(expected, expected), None);
        let span = first_difference(&expected[..20], expected).unwrap();
        assert!(
            describe(&expected[..20], expected, &span, "its row").starts_with("it ends here, and by its row it reads ")
        );
    }
}
