//! JSON with the place of every value in its text, so that one value can be changed and every other
//! byte kept.
//!
//! Real JSON only: serde_json judges the syntax first (`json_fault` words the error), this reader
//! then notes the spans.

use std::ops::Range;

use serde_json::Value;

use super::error::{PatchError, PatchFault};
use super::json_fault;
use super::lines::position_at;
use super::quote::{counted, quote};

/// Nesting that is followed; the reader recurses, so this bounds the stack.
const DEPTH_MAX: usize = 120;
/// Values in one document; bounds the memory that a 64 MiB artifact of `[0,0,…]` could ask for.
const VALUES_MAX: usize = 1_000_000;

/// One value and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) shape: Shape,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// `{ … }`, members in the order of the text, equal keys included.
    Object(Vec<Member>),
    /// `[ … ]`
    Array(Vec<Node>),
    /// A text; decoded on demand.
    Text,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    /// The decoded key.
    pub(super) key: String,
    /// Where the key stands, quotation marks included.
    pub(super) key_span: Range<usize>,
    /// The value.
    pub(super) value: Node,
}

/// Why a text could not be read as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonFault {
    pub(super) message: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Node {
    /// The bytes of the value as they stand.
    pub(super) fn raw<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.span.clone()).unwrap_or("")
    }

    /// The decoded text, when it is one.
    pub(super) fn as_text(&self, text: &str) -> Option<String> {
        match self.shape {
            Shape::Text => serde_json::from_str(self.raw(text)).ok(),
            Shape::Object(_) | Shape::Array(_) | Shape::Number | Shape::Word => None,
        }
    }

    /// The number as written, when it is one.
    pub(super) fn as_number<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self.shape {
            Shape::Number => Some(self.raw(text)),
            Shape::Object(_) | Shape::Array(_) | Shape::Text | Shape::Word => None,
        }
    }

    /// The members, none for anything but an object.
    pub(super) fn members(&self) -> &[Member] {
        match &self.shape {
            Shape::Object(members) => members,
            Shape::Array(_) | Shape::Text | Shape::Number | Shape::Word => &[],
        }
    }

    /// The items, none for anything but an array.
    pub(super) fn items(&self) -> &[Node] {
        match &self.shape {
            Shape::Array(items) => items,
            Shape::Object(_) | Shape::Text | Shape::Number | Shape::Word => &[],
        }
    }

    /// The value of a key. Two equal keys are refused: readers disagree on which one counts, so
    /// neither may be changed.
    pub(super) fn get(&self, text: &str, place: &str, key: &str) -> Result<Option<&Node>, PatchError> {
        let mut found = self.members().iter().filter(|member| member.key == key);
        let first = found.next();
        if let (Some(first), Some(second)) = (first, found.next()) {
            let (one, _) = position_at(text, first.key_span.start);
            let (two, _) = position_at(text, second.key_span.start);
            let whose = if place.is_empty() {
                "the document".to_owned()
            } else {
                place.to_owned()
            };
            let message = format!(
                "{whose} has the key {} twice, in lines {one} and {two}; readers differ in which one counts",
                quote(key)
            );
            return Err(PatchError::unfit(message)
                .at_artifact_line(two)
                .with_hint("remove one with text_replace first"));
        }
        Ok(first.map(|member| &member.value))
    }

    /// The first key that an object anywhere below holds twice.
    pub(super) fn first_duplicate(&self) -> Option<&Member> {
        let mut keys: Vec<(&str, usize)> = self
            .members()
            .iter()
            .enumerate()
            .map(|(at, member)| (member.key.as_str(), at))
            .collect();
        keys.sort_unstable();
        let twice = keys.windows(2).find_map(|pair| match pair {
            [(a, _), (b, at)] if a == b => self.members().get(*at),
            _ => None,
        });
        twice
            .or_else(|| self.members().iter().find_map(|member| member.value.first_duplicate()))
            .or_else(|| self.items().iter().find_map(Self::first_duplicate))
    }
}

/// Reads a JSON text; a byte order mark before it is stepped over.
pub(super) fn read(text: &str) -> Result<Node, JsonFault> {
    let start = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    let body = text.get(start..).unwrap_or("");
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(body) {
        return Err(json_fault::in_words(body, &error));
    }
    let mut reader = JsonParser {
        text,
        at: start,
        values: 0,
    };
    reader.value(0).map_err(|message| {
        let (line, column) = position_at(text, reader.at);
        JsonFault { message, line, column }
    })
}

/// Reads an artifact as JSON, or says where it is not.
pub(super) fn read_artifact(path: &str, text: &str) -> Result<Node, PatchError> {
    read(text).map_err(|fault| {
        PatchError::new(
            PatchFault::Unfit,
            format!(
                "{} is not JSON: line {} column {}: {}",
                quote(path),
                fault.line,
                fault.column,
                fault.message
            ),
        )
        .at_artifact_line(fault.line)
    })
}

struct JsonParser<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl JsonParser<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes
            .get(self.at)
            .is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expect(&mut self, wanted: u8) -> Result<(), String> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            Err(format!("expected `{}`", char::from(wanted)))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, String> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(format!("the document holds more than {}", counted(VALUES_MAX, "value")));
        }
        if depth > DEPTH_MAX {
            return Err(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        let first = self.peek();
        let start = self.at;
        let shape = match first {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => {
                self.string()?;
                Shape::Text
            }
            Some(b'-' | b'0'..=b'9') => {
                self.skip_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
                Shape::Number
            }
            Some(b'a'..=b'z') => {
                self.skip_while(|byte| byte.is_ascii_lowercase());
                Shape::Word
            }
            Some(_) | None => return Err("expected a value".to_owned()),
        };
        Ok(Node {
            span: start..self.at,
            shape,
        })
    }

    fn skip_while(&mut self, is_inside: impl Fn(u8) -> bool) {
        while self.text.as_bytes().get(self.at).is_some_and(|byte| is_inside(*byte)) {
            self.at += 1;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Shape, String> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Shape::Object(members));
        }
        loop {
            self.peek();
            let key_span = self.string()?;
            let raw = self.text.get(key_span.clone()).unwrap_or("");
            // A key with half a surrogate pair has no text; its raw form keeps it apart from every
            // real key.
            let key = serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned());
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b'}')?;
                return Ok(Shape::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Shape, String> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Shape::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.peek() == Some(b',') {
                self.at += 1;
            } else {
                self.expect(b']')?;
                return Ok(Shape::Array(items));
            }
        }
    }

    fn string(&mut self) -> Result<Range<usize>, String> {
        let start = self.at;
        if self.text.as_bytes().get(start) != Some(&b'"') {
            return Err("expected a text".to_owned());
        }
        self.at += 1;
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at);
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err("a text without an end".to_owned()),
            }
        }
    }
}

/// How many values are looked at for a plain one.
const VALUES_TRIED_MAX: usize = 10_000;
/// The longest plain value, in bytes.
const PLAIN_BYTES_MAX: usize = 300;

/// The steps to the first value that is neither list nor object nor very long, and the value.
pub(super) fn first_plain(text: &str, root: &Node, through_lists: bool) -> Option<(Vec<String>, Value)> {
    let mut pending = vec![(root, Vec::new())];
    for _ in 0..VALUES_TRIED_MAX {
        let (node, steps) = pending.pop()?;
        let inside = |step: String| {
            let mut inner: Vec<String> = steps.clone();
            inner.push(step);
            inner
        };
        match &node.shape {
            Shape::Object(members) => {
                pending.extend(
                    members
                        .iter()
                        .rev()
                        .map(|member| (&member.value, inside(member.key.clone()))),
                );
            }
            Shape::Array(items) if through_lists => {
                let items = items.iter().enumerate().take(VALUES_TRIED_MAX).rev();
                pending.extend(items.map(|(at, item)| (item, inside(at.to_string()))));
            }
            Shape::Array(_) => {}
            // `null` means removal to a merge, and a long text is no fit beginning.
            Shape::Text | Shape::Number | Shape::Word => {
                let raw = node.raw(text);
                let is_fit = raw.len() <= PLAIN_BYTES_MAX && (through_lists || raw != "null");
                if let Some(value) = serde_json::from_str(raw).ok().filter(|_| is_fit) {
                    return Some((steps, value));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_the_bytes_of_the_values() {
        let text = "\u{feff}{\r\n  \"a\\\"\": [1.50, {\"b\": \"é\\n\"}, null],\r\n  \"c\": {}\r\n}";
        let root = read(text).unwrap();
        let a = root.get(text, "", "a\"").unwrap().unwrap();
        assert_eq!(a.items()[0].as_number(text), Some("1.50"));
        let b = a.items()[1].get(text, "", "b").unwrap().unwrap();
        assert_eq!(b.as_text(text).as_deref(), Some("é\n"));
        assert_eq!(a.items()[2].raw(text), "null");
        assert_eq!(root.span.end, text.len());
        assert_eq!(root.members()[1].value.raw(text), "{}");
    }

    #[test]
    fn only_real_json_is_read() {
        for text in [
            "",
            "{",
            "// c\n{}",
            "{\"a\":1,}",
            "{} {}",
            "[01]",
            "nul",
            "\"\u{1}\"",
            "{\"a\" 1}",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert_eq!(read("{\n  \"a\": x}").unwrap_err().line, 2);
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(&deep).unwrap_err().message.contains("nested deeper"));
        let wide = format!("[{}0]", "0,".repeat(1_000_000));
        assert!(read(&wide).unwrap_err().message.contains("more than 1000000 values"));
    }

    #[test]
    fn equal_keys_are_named_with_their_lines() {
        let text = "{\"x\": 1,\n \"id\": 1,\n \"id\": 2}";
        let root = read(text).unwrap();
        let error = root.get(text, "scenes[0]", "id").unwrap_err();
        assert_eq!(
            error.message,
            "scenes[0] has the key `id` twice, in lines 2 and 3; readers differ in which one counts"
        );
        assert_eq!(root.first_duplicate().unwrap().key, "id");
        assert!(root.get(text, "", "x").is_ok());
    }
}
