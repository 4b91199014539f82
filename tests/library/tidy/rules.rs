//! Rules for every file: its size, its first line, its name, and what may stand nowhere.

use super::source::Source;

/// Lines from which a file is named in the test's output.
pub const LINES_WARNED: usize = 400;
/// Lines from which a file fails.
pub const LINES_REFUSED: usize = 800;
/// Lines that `main.rs` has to stay under.
pub const MAIN_LINES_REFUSED: usize = 40;

/// What may not stand in code, and what would be right.
const FORBIDDEN_CODE: [(&str, &str); 5] = [
    ("unsafe", "there is a safe way, or a crate that has it"),
    ("todo!", "no stubs: write it, or leave it out"),
    ("unimplemented!", "no stubs: write it, or leave it out"),
    ("dbg!", "no debug output: use tracing"),
    ("#[ignore", "a test runs or goes"),
];

/// File names that say nothing about what is inside.
const FORBIDDEN_NAMES: [&str; 4] = ["utils", "helpers", "common", "manager"];

/// The crates whose functions depend on their arguments alone. Not diff: a caller may hand it a
/// moment at which to give up.
const PURE: [&str; 6] = ["domain", "patch", "rules", "sound", "text", "wire"];

/// What a pure crate may not take from std: clocks, files, threads and the process around it; nor a
/// group of which no line tells the insides.
const IMPURE: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::sync::mpsc",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "use std::{",
];

/// Words that begin an SQL statement.
const SQL: [&str; 4] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM "];

/// Where seconds are a quantity of a film or a sound, not a time that somebody waits.
const SECONDS_OF_MEDIA: [&str; 4] = [
    "crates/demo/",
    "crates/sound/",
    "crates/patch/",
    "crates/console/src/media/",
];

/// Ways past the atomic writer.
const DIRECT_WRITES: [&str; 3] = ["fs::write", "File::create", "OpenOptions"];

/// Everything in a file that the house forbids.
pub fn check(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    let mut find = |line: usize, what: String| findings.push(format!("{}:{line}: {what}", source.name));
    let lines = source.text.lines().count();
    let is_main = source.name == "src/main.rs";
    if lines >= LINES_REFUSED {
        find(
            lines,
            format!("{lines} lines; a file has under {LINES_REFUSED}: split it at its hidden noun"),
        );
    }
    if is_main && lines >= MAIN_LINES_REFUSED {
        find(
            lines,
            format!("{lines} lines; main.rs has under {MAIN_LINES_REFUSED}: move the rest to cli/"),
        );
    }
    if !is_main && !source.text.starts_with("//!") {
        find(
            1,
            "does not open with //!: say what the module owns and what it must not know".to_owned(),
        );
    }
    for part in source.name.trim_end_matches(".rs").split('/') {
        if FORBIDDEN_NAMES.contains(&part) {
            find(1, format!("is named {part}, which says nothing: name what is inside"));
        }
    }
    for (word, right) in FORBIDDEN_CODE {
        for line in lines_with_word(&source.code, word) {
            find(line, format!("{word}: {right}"));
        }
    }
    for line in lines_with_word(&source.text, "FIXME") {
        find(line, "FIXME: mend it, or write down as a limit what stays".to_owned());
    }
    if PURE
        .iter()
        .any(|pure| source.name.starts_with(&format!("crates/{pure}/")))
    {
        for word in IMPURE {
            for line in lines_with_word(&source.code_without_tests, word) {
                find(
                    line,
                    format!("{word}: this crate is pure: what it needs of the outside world comes in as a value"),
                );
            }
        }
    }
    if !source.name.starts_with("crates/store/") {
        for (line, string) in &source.strings {
            if let Some(statement) = SQL.iter().find(|statement| string.contains(**statement)) {
                let words = statement.trim_end();
                find(
                    *line,
                    format!("SQL text ({words}): whole transactions are in crates/store"),
                );
            }
        }
    }
    if !SECONDS_OF_MEDIA.iter().any(|place| source.name.starts_with(place)) {
        for (line, string) in &source.strings {
            let is_written =
                |(at, found): (usize, &str)| !string[at + found.len()..].starts_with(char::is_alphanumeric);
            if string.match_indices("} s").any(is_written) {
                find(
                    *line,
                    "a length of time in bare seconds: domain::words::duration writes them all".to_owned(),
                );
            }
        }
    }
    if is_main || source.name.starts_with("src/cli/") {
        for write in DIRECT_WRITES {
            for line in lines_with_word(&source.code_without_tests, write) {
                find(line, format!("{write}: files are written by crates/runs, atomically"));
            }
        }
    }
    findings
}

/// A line for the test's output when a file grows long.
pub fn size_warning(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines >= LINES_WARNED).then(|| {
        format!(
            "warning: {}: {lines} lines; look for the hidden noun before {LINES_REFUSED}",
            source.name
        )
    })
}

/// Whether `word` stands anywhere as a word of its own.
pub fn has_word(text: &str, word: &str) -> bool {
    !lines_with_word(text, word).is_empty()
}

/// The lines where `word` stands and is not part of a longer word.
fn lines_with_word(text: &str, word: &str) -> Vec<usize> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .filter(|(at, _)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            let begins = !before.is_some_and(is_of_word) || !word.starts_with(is_of_word);
            let ends = !after.is_some_and(is_of_word) || !word.ends_with(is_of_word);
            begins && ends
        })
        .map(|(at, _)| Source::line_at(text, at))
        .collect()
}

#[test]
fn each_breach_is_found_at_its_line() {
    let long = format!("//! a\n{}", "\n".repeat(LINES_REFUSED));
    let long_main = "\n".repeat(MAIN_LINES_REFUSED);
    let main_finding = format!("{MAIN_LINES_REFUSED} lines; main.rs");
    for (name, text, line, expected) in [
        ("src/a.rs", long.as_str(), LINES_REFUSED + 1, "801 lines"),
        (
            "src/main.rs",
            long_main.as_str(),
            MAIN_LINES_REFUSED,
            main_finding.as_str(),
        ),
        ("src/a.rs", "use b;", 1, "does not open with //!"),
        ("src/utils.rs", "//! a", 1, "is named utils"),
        ("src/helpers/mod.rs", "//! a", 1, "is named helpers"),
        ("src/a.rs", "//! a\nunsafe { b() }", 2, "unsafe: "),
        ("src/a.rs", "//! a\n\nfn b() { todo!() }", 3, "todo!: "),
        ("src/a.rs", "//! a\nunimplemented!()", 2, "unimplemented!: "),
        ("src/a.rs", "//! a\ndbg!(b)", 2, "dbg!: "),
        ("src/a.rs", "//! a\n// FIXME later", 2, "FIXME: "),
        ("src/a.rs", "//! a\n#[ignore = \"slow\"]", 2, "#[ignore: "),
        ("src/cli/a.rs", "//! a\nlet b = \"SELECT 1\";", 2, "SQL text (SELECT)"),
        (
            "crates/runs/src/a.rs",
            "//! a\nlet b = \"BEGIN; DELETE FROM jobs\";",
            2,
            "SQL text (DELETE FROM)",
        ),
        (
            "crates/http/src/a.rs",
            "//! a\nlet b = \"no answer within {} s; c\";",
            2,
            "a length of time",
        ),
        (
            "crates/domain/src/a.rs",
            "//! a\nuse std::time::Instant;",
            2,
            "std::time::Instant: ",
        ),
        ("src/main.rs", "fn main() { std::fs::write(a, b) }", 1, "fs::write: "),
        ("src/cli/a.rs", "//! a\nFile::create(b)", 2, "File::create: "),
        ("src/cli/a.rs", "//! a\nuse std::fs::OpenOptions;", 2, "OpenOptions: "),
    ] {
        let found = check(&Source::new(name, text));
        assert_eq!(found.len(), 1, "{name}: {text}: {found:?}");
        assert!(found[0].starts_with(&format!("{name}:{line}: {expected}")), "{found:?}");
    }
}

#[test]
fn what_only_looks_like_a_breach_passes() {
    for (name, text) in [
        (
            "src/a.rs",
            "//! a\n#![forbid(unsafe_code)]\n// an unsafe thing, todo!\nlet b = \"unsafe\";",
        ),
        ("crates/store/src/jobs.rs", "//! a\nlet b = \"SELECT 1\";"),
        (
            "crates/console/src/a.rs",
            "//! a\nlet b = \"Select a gate: {count} stages\";",
        ),
        ("crates/demo/src/a.rs", "//! a\nlet b = \"a film of {length} s\";"),
        ("crates/runs/src/atomic.rs", "//! a\nFile::create(b)"),
        (
            "src/cli/a.rs",
            "//! a\n#[cfg(test)]\nmod tests { fn b() { File::create(c); } }",
        ),
        ("src/main.rs", "fn main() {}"),
    ] {
        assert_eq!(check(&Source::new(name, text)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn long_files_are_named_before_they_fail() {
    let text = "\n".repeat(LINES_WARNED);
    assert!(size_warning(&Source::new("src/a.rs", &text)).is_some());
    assert!(size_warning(&Source::new("src/a.rs", &text[1..])).is_none());
}
