//! One word for one idea: a public type has a name of its own in the whole workspace, and the
//! glossary names types that there are.

use std::collections::BTreeMap;

use super::source::Source;

/// The keywords that begin a type.
const KINDS: [&str; 5] = ["struct", "enum", "trait", "type", "union"];

/// A type that a file declares.
#[derive(Debug, PartialEq, Eq)]
struct Declared<'s> {
    name: &'s str,
    line: usize,
    /// Plain `pub`: another crate may name it.
    is_public: bool,
}

/// The types that stand outside of functions and test modules: at the beginning of a line, or in a
/// macro that stands there and makes them.
fn declared(source: &Source) -> Vec<Declared<'_>> {
    let lines: Vec<&str> = source.code_without_tests.lines().collect();
    let mut is_in_macro = false;
    lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| {
            // What stands in for a type where a feature is off has its name on purpose.
            if at > 0 && lines[at - 1].starts_with("#[cfg(not(") {
                return None;
            }
            let is_macro = !line.starts_with(' ') && line.contains("! ") && line.ends_with('{');
            is_in_macro = is_macro || (is_in_macro && *line != "}");
            let line = if is_in_macro { line.trim_start() } else { *line };
            let (is_public, rest) = match line.strip_prefix("pub") {
                Some(rest) if rest.starts_with('(') => (false, rest.split_once(')')?.1),
                Some(rest) => (true, rest),
                None => (false, line),
            };
            // Types inside of functions are their own affair.
            if line.starts_with(' ') {
                return None;
            }
            let mut words = rest.split_ascii_whitespace();
            let kind = words.next()?;
            if !KINDS.contains(&kind) {
                return None;
            }
            let name = words.next()?;
            let end = name
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(name.len());
            // A macro's own text has a placeholder there.
            if end == 0 {
                return None;
            }
            Some(Declared {
                name: &name[..end],
                line: at + 1,
                is_public,
            })
        })
        .collect()
}

/// The public types whose name another public type has too.
pub fn doubles(sources: &[Source]) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for source in sources {
        for found in declared(source).into_iter().filter(|found| found.is_public) {
            let place = format!("{}:{}", source.name, found.line);
            places.entry(found.name).or_default().push(place);
        }
    }
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| {
            format!(
                "{name} is the name of {} public types: {}",
                places.len(),
                places.join(", ")
            )
        })
        .collect()
}

/// What is wrong with the glossary: a page with one table, whose last column names types in
/// backticks.
pub fn glossary(page: &str, sources: &[Source]) -> Vec<String> {
    let types: Vec<&str> = sources.iter().flat_map(declared).map(|found| found.name).collect();
    let mut findings = Vec::new();
    let mut rows = 0;
    let mut words: Vec<&str> = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [word, _, bearer] = cells[..] else {
            findings.push(format!("{line}: three columns: word, what it is, type"));
            continue;
        };
        if word == "word" {
            continue;
        }
        rows += 1;
        if words.contains(&word) {
            findings.push(format!("{word} stands twice in the glossary"));
        }
        words.push(word);
        let name = bearer.trim_matches('`');
        if !types.contains(&name) {
            findings.push(format!(
                "the glossary says that {word} is {name}, and there is no such type"
            ));
        }
    }
    if rows < 30 {
        findings.push(format!("the glossary has {rows} words: some forty are wanted"));
    }
    findings
}

#[test]
fn types_are_found_with_their_reach() {
    let text = "//! a\npub struct A;\npub(crate) enum B {}\ntype C<'a> = &'a str;\nfn d() {\n    struct E;\n}\n\
                #[cfg(not(feature = \"f\"))]\npub struct F;\nwords! {\n    pub enum G {\n        H,\n    }\n}\n";
    let source = Source::new("src/a.rs", text);
    let found: Vec<_> = declared(&source)
        .iter()
        .map(|found| (found.name, found.is_public))
        .collect();
    assert_eq!(found, [("A", true), ("B", false), ("C", false), ("G", true)]);
}

#[test]
fn two_public_types_of_one_name_are_named_with_their_places() {
    let one = Source::new(
        "crates/a/src/lib.rs",
        "//! a\npub struct Place;\npub(crate) struct Own;",
    );
    let two = Source::new(
        "crates/b/src/lib.rs",
        "//! b\n\npub enum Place {}\npub(crate) struct Own;",
    );
    assert_eq!(
        doubles(&[one, two]),
        ["Place is the name of 2 public types: crates/a/src/lib.rs:2, crates/b/src/lib.rs:3"]
    );
}

#[test]
fn a_word_without_its_type_is_named() {
    let source = Source::new("src/a.rs", "//! a\npub struct Gate;");
    let page = "# a\n\n| word | what it is | type |\n|---|---|---|\n| gate | b | `Gate` |\n| door | c | `Door` |\n";
    let found = glossary(page, &[source]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("door is Door"), "{found:?}");
    assert!(found[1].contains("has 2 words"), "{found:?}");
}
