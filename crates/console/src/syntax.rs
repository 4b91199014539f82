//! What the words of a text are, for colours: through the grammars of Sublime Text, read when the
//! first text wants them. Only small texts in a few languages, of lines that people read.
//!
//! Must not know colours, rows or gates.

use std::ops::Range;

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word of the language, the name of a value, a heading.
    Word,
    /// A string.
    Text,
    /// A number, a constant.
    Value,
    Comment,
}

/// The parts of a text's lines, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Vec<(Range<usize>, TokenKind)>>);

impl Tokens {
    /// Those of a line, from 1: ranges of its bytes.
    pub(crate) fn line(&self, number: usize) -> &[(Range<usize>, TokenKind)] {
        let line = number.checked_sub(1).and_then(|at| self.0.get(at));
        line.map_or(&[], Vec::as_slice)
    }
}

/// Larger texts have no colours.
const TEXT_BYTES_MAX: usize = 128 << 10;

/// The parts of a text by its name; none: it is in none of the languages, or too large. From a line
/// on that is too long, or where there is no more time, nothing is known.
#[cfg(feature = "syntax")]
pub(crate) fn tokens(path: &str, text: &[u8], is_over: &dyn Fn() -> bool) -> Option<Tokens> {
    let text = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    grammar::tokens(path, text, is_over)
}

/// A build without the grammars has no colours.
#[cfg(not(feature = "syntax"))]
pub(crate) fn tokens(_path: &str, text: &[u8], _is_over: &dyn Fn() -> bool) -> Option<Tokens> {
    let _ = text.len() <= TEXT_BYTES_MAX;
    None
}

#[cfg(feature = "syntax")]
mod grammar {
    use std::sync::LazyLock;

    use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxSet};

    use super::{TokenKind, Tokens};

    /// The languages, by the ends of names.
    const EXTENSIONS: [&str; 9] = ["json", "yaml", "yml", "sql", "md", "markdown", "sh", "bash", "rs"];

    /// A longer line is for no reader, and costs by its square.
    const LINE_BYTES_MAX: usize = 1_000;

    static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

    /// The scopes of the grammars that say what a part is. Of a key its string is no string, and
    /// nothing is anything within a comment; else the innermost counts.
    struct Scopes {
        comments: Vec<Scope>,
        keys: Vec<Scope>,
        others: Vec<(Scope, Option<TokenKind>)>,
    }

    static SCOPES: LazyLock<Scopes> = LazyLock::new(|| {
        let scopes = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| Scope::new(name).ok())
                .collect::<Vec<_>>()
        };
        let of = |names: &[&str], role: Option<TokenKind>| {
            scopes(names).into_iter().map(move |scope| (scope, role)).collect()
        };
        let others: [Vec<_>; 4] = [
            // Signs between words are no words.
            of(&["keyword.operator"], None),
            of(
                &["keyword", "storage", "markup.heading", "entity.name.section"],
                Some(TokenKind::Word),
            ),
            of(
                &["string", "markup.raw", "markup.underline.link"],
                Some(TokenKind::Text),
            ),
            of(&["constant"], Some(TokenKind::Value)),
        ];
        Scopes {
            comments: scopes(&["comment"]),
            keys: scopes(&["meta.structure.dictionary.key", "meta.mapping.key", "entity.name.tag"]),
            others: others.into_iter().flatten().collect(),
        }
    });

    fn role(stack: &ScopeStack) -> Option<TokenKind> {
        let scopes = stack.as_slice();
        let has = |sought: &[Scope]| {
            scopes
                .iter()
                .any(|scope| sought.iter().any(|of| of.is_prefix_of(*scope)))
        };
        if has(&SCOPES.comments) {
            return Some(TokenKind::Comment);
        }
        if has(&SCOPES.keys) {
            return Some(TokenKind::Word);
        }
        let known = |scope: &Scope| SCOPES.others.iter().find(|(of, _)| of.is_prefix_of(*scope));
        scopes.iter().rev().find_map(known)?.1
    }

    pub(super) fn tokens(path: &str, text: &str, is_over: &dyn Fn() -> bool) -> Option<Tokens> {
        let (_, extension) = path.rsplit_once('.')?;
        let extension = EXTENSIONS.iter().find(|known| **known == extension)?;
        let grammar = GRAMMARS.find_syntax_by_extension(extension)?;
        let (mut state, mut stack) = (ParseState::new(grammar), ScopeStack::new());
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            if line.len() > LINE_BYTES_MAX || is_over() {
                break;
            }
            let Ok(changes) = state.parse_line(line, &GRAMMARS) else {
                break;
            };
            let mut parts: Vec<(std::ops::Range<usize>, TokenKind)> = Vec::new();
            let mut begin = 0;
            let mut add = |end: usize, stack: &ScopeStack| {
                if let Some(role) = role(stack).filter(|_| begin < end) {
                    match parts.last_mut() {
                        Some((former, same)) if former.end == begin && *same == role => former.end = end,
                        Some(_) | None => parts.push((begin..end, role)),
                    }
                }
                begin = end;
            };
            for (at, change) in &changes {
                add(*at, &stack);
                if stack.apply(change).is_err() {
                    return Some(Tokens(lines));
                }
            }
            add(line.trim_end_matches(['\r', '\n']).len(), &stack);
            lines.push(parts);
        }
        Some(Tokens(lines))
    }
}

#[cfg(all(test, feature = "syntax"))]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    /// The parts of a line in words.
    fn parts<'a>(path: &str, text: &'a str, number: usize) -> Vec<(&'a str, TokenKind)> {
        let tokens = tokens(path, text.as_bytes(), &|| false).unwrap();
        let line = text.lines().nth(number - 1).unwrap();
        let parts = tokens.line(number).iter();
        parts.map(|(range, role)| (&line[range.clone()], *role)).collect()
    }

    #[test]
    fn each_language_has_its_words_texts_values_and_comments() {
        use TokenKind::{Comment, Text, Value, Word};
        assert_eq!(
            parts("a/b.json", "{\n  \"ms\": 12, \"name\": \"reef\", \"is\": true\n}", 2),
            [
                ("\"ms\"", Word),
                ("12", Value),
                ("\"name\"", Word),
                ("\"reef\"", Text),
                ("\"is\"", Word),
                ("true", Value)
            ]
        );
        let has = |path: &str, text: &'static str, part: &str, role: TokenKind| {
            let number = text.lines().count();
            let parts = parts(path, text, number);
            assert!(parts.contains(&(part, role)), "{path}: {parts:?}");
        };
        has("b.yaml", "image: x\nreplicas: 3", "replicas", Word);
        has("b.yml", "a: 1\n# why", "# why", Comment);
        has("b.sql", "select 'x' from t", "select", Word);
        has("b.sql", "select 'x' from t", "'x'", Text);
        has("b.rs", "let a = \"x\"; // why", "// why", Comment);
        has("b.rs", "let a = 12;", "let", Word);
        has("b.sh", "if true; then echo \"x\"; fi", "if", Word);
        has("b.md", "# Title", "# Title", Word);
    }

    #[test]
    fn what_is_large_long_or_unknown_has_none() {
        let is_over = || false;
        assert_eq!(tokens("a.txt", b"{}", &is_over), None);
        assert_eq!(tokens("json", b"{}", &is_over), None);
        assert_eq!(tokens("a.json", b"\"\xff\"", &is_over), None);
        assert_eq!(tokens("a.json", &vec![b' '; TEXT_BYTES_MAX + 1], &is_over), None);
        let long = format!("1\n\"{}\"\n2\n", "x".repeat(2_000));
        let known = tokens("a.json", long.as_bytes(), &is_over).unwrap();
        assert_eq!(
            (known.line(1).len(), known.line(2).len(), known.line(3).len()),
            (1, 0, 0)
        );
        assert_eq!(tokens("a.json", b"1\n", &|| true), Some(Tokens::default()));
    }
}
