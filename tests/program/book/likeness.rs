//! Whether a program prints what a page shows: ids, times and digests are others each time.

use std::sync::LazyLock;

use regex::Regex;

/// What is another one each time, and what stands for it. In this order.
static FORMS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?",
            "TIME",
        ),
        (r"\d{4}-\d\d-\d\d", "DAY"),
        (r"\b\d\d:\d\d(:\d\d)?Z\b", "TIME"),
        (
            r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "ID",
        ),
        (r"\b[0-9a-f]{6,}\b", "HEX"),
        (r"\bholdpoint_[A-Za-z0-9_-]{40,}", "TOKEN"),
        (r"\bjust now\b|\b\d+ seconds? ago\b|\b\d+[smhd] ago\b", "AGO"),
        (
            r"\b\d+d\d+h\b|\b\d+h\d\dm?\b|\b\d+:\d\d(:\d\d)?\b|\b\d+(\.\d+)?(ms|s|m|h|d)\b",
            "LENGTH",
        ),
        (r"\b\d+ events\b", "N events"),
        (r"\bana@\w+", "ana@HOST"),
        (r"[ \t]+", " "),
        (r"[-─═]{3,}", "---"),
    ]
    .map(|(form, name)| (Regex::new(form).unwrap(), name))
    .into()
});

/// A line by its form.
fn form(line: &str) -> String {
    let line = line.replace(login(), "ana");
    let formed = FORMS
        .iter()
        .fold(line, |line, (form, name)| form.replace_all(&line, *name).into_owned());
    formed.trim().to_owned()
}

/// What is said, as ana would have read it.
pub(super) fn told_by_ana(said: &str) -> String {
    let login = login();
    let width = login.len().max(3);
    // Of a screen, one empty line stands for several.
    static EMPTY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\n( *\n){2,}").unwrap());
    let said = EMPTY.replace_all(said, "\n\n");
    let in_columns = format!("{:width$}  ", "ana");
    said.replace(&format!("{login:width$}  "), &in_columns)
        .replace(login, "ana")
}

/// Whoever runs the tests; on the pages it is ana.
fn login() -> &'static str {
    static LOGIN: LazyLock<String> = LazyLock::new(|| {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid());
        user.ok().flatten().map_or("root".to_owned(), |user| user.name)
    });
    &LOGIN
}

/// Whether what is said is what is wanted, by its form.
pub(super) fn is_like(wanted: &str, said: &str) -> bool {
    let wanted: Vec<_> = wanted.trim_end().lines().map(form).collect();
    let said: Vec<_> = said.trim_end().lines().map(form).collect();
    is_like_from(&wanted, &said)
}

fn is_like_from(wanted: &[String], said: &[String]) -> bool {
    match wanted {
        [] => said.is_empty(),
        [any, rest @ ..] if any == "…" => (0..=said.len()).any(|at| is_like_from(rest, &said[at..])),
        [line, rest @ ..] => {
            said.first().is_some_and(|first| is_line_like(line, first)) && is_like_from(rest, &said[1..])
        }
    }
}

/// `…` in a line is any text.
fn is_line_like(wanted: &str, said: &str) -> bool {
    let mut parts = wanted.split('…');
    let Some(mut rest) = parts.next().and_then(|first| said.strip_prefix(first)) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        is_open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    is_open || rest.is_empty()
}

/// Whether the lines stand on a screen, in this order.
pub(super) fn stands_in(shown: &str, screen: &str) -> bool {
    let mut screen = screen.lines().map(form);
    let mut shown = shown.lines().map(form).filter(|line| !line.is_empty() && line != "…");
    shown.all(|wanted| screen.any(|line| is_line_like(&wanted, &line)))
}

/// What is wanted and what is said, one above the other.
pub(super) fn difference(wanted: &str, said: &str) -> String {
    format!("--- the page\n{wanted}+++ the program\n{said}")
}
