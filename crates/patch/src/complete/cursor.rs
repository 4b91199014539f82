//! Where in a half-written patch the cursor stands: inside which objects and lists, at a name or at
//! a value, in which word.
//!
//! The text need not be JSON: strings without an end stop at their line's end, commas may be
//! missing or too many, brackets may not match.

use std::ops::Range;

use super::super::offers::Written;

/// Nesting that is followed; what lies deeper is not completed.
const DEPTH_MAX: usize = 64;

/// One step from the patch to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item,
}

/// What could be written at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The name of a field.
    Name,
    /// A value: of the last step.
    Value,
    /// Nothing: a comma or a closing bracket belongs here.
    Nothing,
}

/// The string or the bare word in which the cursor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What of it stands before the cursor, decoded.
    pub(super) typed: String,
    /// What a completion replaces: bytes of the text, without the quotation marks.
    pub(super) span: Range<usize>,
    /// Whether a quotation mark opens it.
    pub(super) is_opened: bool,
    /// Whether a quotation mark closes it.
    pub(super) is_closed: bool,
}

/// Where the cursor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CursorContext {
    /// From the patch itself to the object or list that holds the cursor, then to the value at the
    /// cursor.
    pub(super) path: Vec<Step>,
    pub(super) position: Expected,
    pub(super) word: Option<Word>,
    /// The fields of the object around the cursor, those behind the cursor too.
    pub(super) siblings: Vec<Written>,
    /// The fields of the patch itself.
    pub(super) root: Vec<Written>,
    /// Whether a colon follows, so that a name needs none.
    pub(super) is_before_colon: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Open(bool),
    Close(bool),
    Colon,
    Comma,
    /// A string, and whether it has an end.
    Text(bool),
    /// A number, `true`, or half of one.
    Bare,
}

#[derive(Debug, Clone)]
struct Token {
    sign: Sign,
    span: Range<usize>,
}

/// An object or list as far as it is written.
#[derive(Debug)]
struct Container {
    is_object: bool,
    /// The step into it from the object or list around it.
    step: Option<Step>,
    fields: Vec<Written>,
    /// The name whose value is next.
    name: Option<String>,
    has_colon: bool,
    wants_comma: bool,
}

/// Where the cursor stands, given as a byte of the text; none when it lies deeper than anyone nests
/// a patch.
pub(super) fn place_at(text: &str, cursor: usize) -> Option<CursorContext> {
    let tokens = tokens(text);
    let mut reader = CursorScanner::default();
    let mut found = None;
    for (index, token) in tokens.iter().enumerate() {
        let is_touched = touches(token, cursor);
        if found.is_none() && (is_touched || token.span.start >= cursor) {
            found = Some((reader.seen()?, is_touched.then_some(index)));
        }
        reader.take(text, token)?;
    }
    let (seen, index) = match found {
        Some(found) => found,
        None => (reader.seen()?, None),
    };
    let word = index.and_then(|index| word(text, tokens.get(index)?, tokens.get(index + 1), cursor));
    let after = match index {
        Some(index) => tokens.get(index + 1),
        None => tokens.iter().find(|token| token.span.start >= cursor),
    };
    let fields_of = |at: Option<usize>| {
        at.and_then(|at| reader.containers.get(at))
            .map(|container| container.fields.clone())
            .unwrap_or_default()
    };
    Some(CursorContext {
        path: seen.path,
        position: seen.position,
        word,
        siblings: fields_of(seen.container),
        root: fields_of((!reader.containers.is_empty()).then_some(0)),
        is_before_colon: after.is_some_and(|token| token.sign == Sign::Colon),
    })
}

/// Whether the cursor stands in the word: between its quotation marks, or at a bare word's end.
fn touches(token: &Token, cursor: usize) -> bool {
    match token.sign {
        Sign::Text(true) => token.span.start < cursor && cursor < token.span.end,
        Sign::Text(false) => token.span.start < cursor && cursor <= token.span.end,
        Sign::Bare => token.span.start <= cursor && cursor <= token.span.end,
        Sign::Open(_) | Sign::Close(_) | Sign::Colon | Sign::Comma => false,
    }
}

fn word(text: &str, token: &Token, next: Option<&Token>, cursor: usize) -> Option<Word> {
    let Sign::Text(has_end) = token.sign else {
        return Some(Word {
            typed: text.get(token.span.start..cursor)?.to_owned(),
            span: token.span.clone(),
            is_opened: false,
            is_closed: false,
        });
    };
    let start = token.span.start + 1;
    // `"sce, "duration": 12`: the mark that ends this string opens another one, and what lies
    // between belongs to nobody.
    let is_sound = next.is_none_or(|next| {
        let gap = text.get(token.span.end..next.span.start).unwrap_or_default();
        !matches!(next.sign, Sign::Bare | Sign::Text(_)) || gap.contains('\n')
    });
    let is_closed = has_end && is_sound;
    let end = if is_closed { token.span.end - 1 } else { cursor };
    Some(Word {
        typed: decoded(text.get(start..cursor)?),
        span: start..end,
        is_opened: true,
        is_closed,
    })
}

/// The text that a string's inside stands for; as it is when it is not (yet) sound.
pub(super) fn decoded(inside: &str) -> String {
    serde_json::from_str(&format!("\"{inside}\"")).unwrap_or_else(|_| inside.to_owned())
}

fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let start = at;
        at += 1;
        let sign = match byte {
            b'{' => Sign::Open(true),
            b'[' => Sign::Open(false),
            b'}' => Sign::Close(true),
            b']' => Sign::Close(false),
            b':' => Sign::Colon,
            b',' => Sign::Comma,
            b'"' => {
                let has_end = loop {
                    match bytes.get(at) {
                        Some(b'"') => {
                            at += 1;
                            break true;
                        }
                        Some(b'\\') if !matches!(bytes.get(at + 1), None | Some(b'\n')) => at += 2,
                        Some(b'\n') | None => break false,
                        Some(_) => at += 1,
                    }
                };
                Sign::Text(has_end)
            }
            _ if byte.is_ascii_whitespace() => continue,
            _ => {
                let is_inside = |byte: &u8| !byte.is_ascii_whitespace() && !b"{}[]:,\"".contains(byte);
                while bytes.get(at).is_some_and(is_inside) {
                    at += 1;
                }
                Sign::Bare
            }
        };
        found.push(Token { sign, span: start..at });
    }
    found
}

/// What is known when the cursor is reached.
struct Seen {
    path: Vec<Step>,
    position: Expected,
    container: Option<usize>,
}

#[derive(Default)]
struct CursorScanner {
    containers: Vec<Container>,
    open: Vec<usize>,
}

impl CursorScanner {
    fn seen(&self) -> Option<Seen> {
        if self.open.len() > DEPTH_MAX {
            return None;
        }
        let Some(container) = self.open.last().copied() else {
            let position = if self.containers.is_empty() {
                Expected::Value
            } else {
                Expected::Nothing
            };
            return Some(Seen {
                path: Vec::new(),
                position,
                container: None,
            });
        };
        let mut path: Vec<Step> = self
            .open
            .iter()
            .filter_map(|at| self.containers.get(*at)?.step.clone())
            .collect();
        let innermost = self.containers.get(container)?;
        let position = match (&innermost.name, innermost.is_object) {
            _ if innermost.wants_comma => Expected::Nothing,
            (_, false) => {
                path.push(Step::Item);
                Expected::Value
            }
            (Some(name), true) if innermost.has_colon => {
                path.push(Step::Key(name.clone()));
                Expected::Value
            }
            (_, true) => Expected::Name,
        };
        Some(Seen {
            path,
            position,
            container: Some(container),
        })
    }

    /// None when the text nests deeper than is followed.
    fn take(&mut self, text: &str, token: &Token) -> Option<()> {
        match token.sign {
            Sign::Open(is_object) => self.open(is_object)?,
            Sign::Close(is_object) => self.close(is_object),
            Sign::Colon => {
                if let Some(innermost) = self.innermost() {
                    innermost.has_colon = true;
                    innermost.wants_comma = false;
                }
            }
            Sign::Comma => {
                if let Some(innermost) = self.innermost() {
                    innermost.name = None;
                    innermost.has_colon = false;
                    innermost.wants_comma = false;
                }
            }
            Sign::Text(has_end) => {
                let end = if has_end { token.span.end - 1 } else { token.span.end };
                self.scalar(&decoded(text.get(token.span.start + 1..end).unwrap_or_default()));
            }
            Sign::Bare => self.scalar(text.get(token.span.clone()).unwrap_or_default()),
        }
        Some(())
    }

    fn innermost(&mut self) -> Option<&mut Container> {
        let at = self.open.last()?;
        self.containers.get_mut(*at)
    }

    fn open(&mut self, is_object: bool) -> Option<()> {
        if self.open.len() > DEPTH_MAX {
            return None;
        }
        let step = self.innermost().map(|around| {
            if !around.is_object {
                return Step::Item;
            }
            let name = around.name.clone().unwrap_or_default();
            around.fields.push((name.clone(), None));
            Step::Key(name)
        });
        self.containers.push(Container {
            is_object,
            step,
            fields: Vec::new(),
            name: None,
            has_colon: false,
            wants_comma: false,
        });
        self.open.push(self.containers.len() - 1);
        Some(())
    }

    fn close(&mut self, is_object: bool) {
        // A bracket that matches none of the open ones is a slip, not the end of everything.
        let Some(depth) = self
            .open
            .iter()
            .rposition(|at| self.containers.get(*at).is_some_and(|open| open.is_object == is_object))
        else {
            return;
        };
        self.open.truncate(depth);
        if let Some(innermost) = self.innermost() {
            innermost.name = None;
            innermost.has_colon = false;
            innermost.wants_comma = true;
        }
    }

    fn scalar(&mut self, text: &str) {
        let Some(innermost) = self.innermost() else { return };
        if innermost.is_object && !innermost.has_colon {
            innermost.name = Some(text.to_owned());
            innermost.wants_comma = false;
            return;
        }
        if let Some(name) = innermost.name.take() {
            innermost.fields.push((name, Some(text.to_owned())));
        }
        innermost.has_colon = false;
        innermost.wants_comma = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of the `|` in a text.
    fn at(text: &str) -> CursorContext {
        let cursor = text.find('|').unwrap();
        place_at(&text.replacen('|', "", 1), cursor).unwrap()
    }

    fn path(text: &str) -> String {
        let place = at(text);
        let steps: String = place
            .path
            .iter()
            .map(|step| match step {
                Step::Key(key) => format!(".{key}"),
                Step::Item => "[]".to_owned(),
            })
            .collect();
        let typed = place.word.map_or("-".to_owned(), |word| word.typed);
        format!("{steps} {:?} {typed}", place.position)
    }

    #[test]
    fn the_path_to_the_cursor_is_found_in_whole_and_half_written_json() {
        for (text, expected) in [
            ("|", " Value -"),
            ("{|", " Name -"),
            ("{\"ty|", " Name ty"),
            ("{\"ty|pe\": 1}", " Name ty"),
            ("{ty|", " Name ty"),
            ("{\"type\": |", ".type Value -"),
            ("{\"type\": \"te|", ".type Value te"),
            ("{\"type\": \"te|\"}", ".type Value te"),
            ("{\"type\": \"a\" |", " Nothing -"),
            ("{\"type\": \"a\", |", " Name -"),
            ("{\"a\": [{\"b\": \"c|\n}", ".a[].b Value c"),
            ("{\"a\": [{\"b\": \"c\"}, {|", ".a[] Name -"),
            ("{\"a\": [{\"b\": \"c\"},, |", ".a[] Value -"),
            ("{\"a\": [1, tr|", ".a[] Value tr"),
            ("{\"a\": [1]], \"b\": |", ".b Value -"),
            ("{\"a\": {\"b\": 1}, \"c\": {\"d|", ".c Name d"),
            ("{\"a\": 1}\n|", " Nothing -"),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    #[test]
    fn fields_before_and_behind_the_cursor_are_known() {
        let place = at("{\"type\": \"x\", \"list\": [{\"id\": \"|\", \"n\": 12}], \"artifact\": \"a.txt\"}");
        let fields = |written: &[Written]| -> Vec<String> { written.iter().map(|(name, _)| name.clone()).collect() };
        assert_eq!(fields(&place.siblings), ["id", "n"]);
        assert_eq!(fields(&place.root), ["type", "list", "artifact"]);
        assert_eq!(place.root[2].1.as_deref(), Some("a.txt"));
        assert!(at("{\"ty|\": 1}").is_before_colon);
        assert!(!at("{\"ty|\" 1}").is_before_colon);
    }

    #[test]
    fn a_string_whose_end_belongs_to_the_next_one_ends_at_the_cursor() {
        let word = |text: &str| at(text).word.unwrap();
        let sound = word("{\"id\": \"sce|ne\", \"n\": 1}");
        assert!(sound.is_closed);
        assert_eq!(sound.span, 8..13);
        let cut = word("{\"id\": \"sce|, \"n\": 1}");
        assert!(!cut.is_closed);
        assert_eq!(cut.span, 8..11);
        assert_eq!(word("{\"id\": \"a\\\"|").typed, "a\"");
        assert_eq!(word("{\"id\": \"a\\|").typed, "a\\");
    }

    #[test]
    fn deep_nesting_is_given_up() {
        let text = "[".repeat(100_000);
        assert_eq!(place_at(&text, text.len()), None);
    }
}
