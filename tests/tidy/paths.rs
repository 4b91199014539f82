//! Which modules and crates a file names: its `use` trees and its paths in the middle of code.

use super::source::Source;

/// A path that a file names, in full: `crate::store::Store`, `std::fs::write`, `tokio::select`.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
}

/// The crates of a manifest's `[dependencies]` and `[dev-dependencies]`, as code spells them.
pub fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            is_inside = section.ends_with("dependencies]");
        } else if let Some((name, _)) = line.split_once('=').filter(|_| is_inside && !line.starts_with('#')) {
            names.push(name.trim().replace('-', "_"));
        }
    }
    names
}

/// Every path of the file's code outside tests that starts at our crate, at std or at a crate of the manifest.
pub fn named(source: &Source, dependencies: &[String]) -> Vec<Named> {
    let code = &source.code_without_tests;
    let tokens = tokens(code);
    let module = source.module();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = at.checked_sub(1).map(|before| tokens[before].1);
        // `use<'a>` in a type is no import.
        if tokens[at].1 == "use" && tokens.get(at + 1).is_some_and(|next| next.1 != "<") {
            at += 1;
            tree(&tokens, &mut at, &[], &mut found);
        } else if is_word(tokens[at].1)
            && tokens.get(at + 1).is_some_and(|next| next.1 == "::")
            && !matches!(before, Some("::" | "."))
        {
            let first = tokens[at];
            let mut path = vec![first.1.to_owned()];
            while tokens.get(at + 1).is_some_and(|next| next.1 == "::")
                && tokens.get(at + 2).is_some_and(|next| is_word(next.1))
            {
                path.push(tokens[at + 2].1.to_owned());
                at += 2;
            }
            found.push((first.0, path));
            at += 1;
        } else {
            at += 1;
        }
    }
    found
        .into_iter()
        .filter_map(|(offset, path)| {
            let path = resolved(path, &module, dependencies)?;
            let line = Source::line_at(code, offset);
            Some(Named { line, path })
        })
        .collect()
}

type Token<'a> = (usize, &'a str);

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and every other character by itself, with their offsets.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push((at, &rest[..length]));
        }
        at += length;
    }
    tokens
}

/// One `use` tree; `at` ends behind it.
fn tree(tokens: &[Token<'_>], at: &mut usize, prefix: &[String], found: &mut Vec<(usize, Vec<String>)>) {
    let mut path = prefix.to_vec();
    let start = tokens.get(*at).map_or(0, |token| token.0);
    while let Some((_, token)) = tokens.get(*at) {
        match *token {
            "::" => *at += 1,
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.1 != "}") {
                    if tokens[*at].1 == "," {
                        *at += 1;
                    } else {
                        tree(tokens, at, &path, found);
                    }
                }
                *at += 1;
                return;
            }
            "," | "}" | ";" => break,
            "as" => *at += 2,
            word => {
                path.push(word.to_owned());
                *at += 1;
            }
        }
    }
    found.push((start, path));
}

/// The path from its root; none when it starts at a name of the file itself.
// `super` is counted from the file: inside an inline module it means less than that, which errs on the strict side.
fn resolved(path: Vec<String>, module: &[&str], dependencies: &[String]) -> Option<Vec<String>> {
    let first = path.first()?.as_str();
    match first {
        "crate" | "std" | "core" | "alloc" => Some(path),
        "holdpoint" => Some(
            std::iter::once("crate".to_owned())
                .chain(path.into_iter().skip(1))
                .collect(),
        ),
        "self" | "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let skipped = path
                .iter()
                .take_while(|part| *part == "super" || *part == "self")
                .count();
            let kept = module.len().saturating_sub(ups);
            let from_root = module[..kept]
                .iter()
                .map(|part| (*part).to_owned())
                .chain(path.into_iter().skip(skipped));
            Some(std::iter::once("crate".to_owned()).chain(from_root).collect())
        }
        _ => dependencies.iter().any(|name| name == first).then_some(path),
    }
}

#[cfg(test)]
fn spelled(name: &str, text: &str) -> Vec<String> {
    let dependencies = ["tokio".to_owned(), "rusqlite".to_owned()];
    named(&Source::new(name, text), &dependencies)
        .into_iter()
        .map(|named| format!("{} {}", named.line, named.path.join("::")))
        .collect()
}

#[test]
fn use_trees_are_spread_out_with_their_lines() {
    let text =
        "use crate::{\n    store::{Store, jobs as j},\n    domain::*,\n};\npub use tokio::sync;\nuse std::fmt;\n";
    assert_eq!(
        spelled("src/cli/mod.rs", text),
        [
            "2 crate::store::Store",
            "2 crate::store::jobs",
            "3 crate::domain::*",
            "5 tokio::sync",
            "6 std::fmt"
        ]
    );
}

#[test]
fn paths_in_code_are_found_and_relative_ones_resolved() {
    let text = "fn a() { crate::store::open(); let x: rusqlite::Row<'_>; Self::new(); x.tokio::<u8>(); }\nfn b() -> impl A + use<'_> { tokio::spawn(c) }\nuse super::super::runs::layout;\nuse self::ids::JobId;";
    assert_eq!(
        spelled("src/domain/patch/mod.rs", text),
        [
            "1 crate::store::open",
            "1 rusqlite::Row",
            "2 tokio::spawn",
            "3 crate::runs::layout",
            "4 crate::domain::patch::ids::JobId"
        ]
    );
}

#[test]
fn dependencies_are_read_from_the_manifest() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\n# a = 1\ntokio = \"1\"\njsonc-parser = { version = \"1\" }\n[lints.rust]\nunsafe_code = \"forbid\"\n";
    assert_eq!(dependencies(manifest), ["tokio", "jsonc_parser"]);
}
