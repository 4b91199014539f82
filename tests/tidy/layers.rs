//! The table of layers (HOUSE.md §2): which folder may name which folders and which crates.

use super::paths::{Named, named};
use super::source::Source;

/// Which crates a folder may name, `std` and `core` among them; names separated by blanks.
enum Crates {
    /// These only.
    Only(&'static str),
    /// Any but these.
    AllBut(&'static str),
}

struct Place {
    /// The folder, or the module of a single file.
    module: &'static [&'static str],
    layer: u8,
    /// The folders of our own that it may name besides itself, separated by blanks.
    modules: &'static str,
    crates: Crates,
}

/// What a pure module may not take from std: clocks, files, threads and the process around it.
const IMPURE: &str = "std::env std::fs std::net std::os std::process std::sync::mpsc std::thread \
                      std::time::Instant std::time::SystemTime";

const fn place(module: &'static [&'static str], layer: u8, modules: &'static str, crates: Crates) -> Place {
    Place {
        module,
        layer,
        modules,
        crates,
    }
}

/// The longest matching module is a file's place.
const PLACES: [Place; 20] = [
    place(
        &["domain"],
        0,
        "",
        Crates::Only("std core alloc chrono serde serde_json serde_json_canonicalizer sha2 thiserror uuid"),
    ),
    // Decoding is a pure function of bytes: what it needs of the outside world comes in with them.
    place(
        &["domain", "audio"],
        0,
        "",
        Crates::Only("std core alloc serde thiserror ebur128 symphonia"),
    ),
    place(
        &["domain", "patch"],
        0,
        "diff",
        Crates::Only(
            "std core alloc chrono serde serde_json serde_json_canonicalizer sha2 thiserror uuid \
             json_patch similar",
        ),
    ),
    // The document of a difference is made of one.
    place(
        &["domain", "wire"],
        0,
        "diff",
        Crates::Only("std core alloc serde serde_json"),
    ),
    place(
        &["diff"],
        0,
        "",
        Crates::Only("std core alloc serde serde_json similar thiserror unicode_segmentation unicode_width"),
    ),
    place(
        &["clock"],
        1,
        "domain",
        Crates::AllBut("axum clap crossterm notify ratatui rusqlite serde_yaml"),
    ),
    place(&["log_file"], 1, "", Crates::Only("std core nix")),
    // Named by whatever can be killed or fail in a test; it names nothing.
    place(&["fault"], 1, "", Crates::Only("std core nix")),
    place(
        &["config"],
        1,
        "domain diff",
        Crates::AllBut("axum clap crossterm notify ratatui rusqlite tokio"),
    ),
    place(
        &["store"],
        1,
        "domain diff fault",
        Crates::AllBut("axum clap crossterm notify ratatui serde_yaml tokio"),
    ),
    place(
        &["runs"],
        1,
        "domain diff fault",
        Crates::AllBut("axum clap crossterm ratatui rusqlite serde_yaml"),
    ),
    place(
        &["webhook"],
        1,
        "domain config",
        Crates::AllBut("axum clap crossterm notify ratatui rusqlite serde_yaml tokio"),
    ),
    place(
        &["demo"],
        1,
        "domain",
        Crates::Only("std core alloc hound serde serde_json sha2 tempfile thiserror"),
    ),
    place(
        &["engine"],
        2,
        "domain diff clock config fault store runs demo webhook",
        Crates::AllBut("axum clap crossterm ratatui rusqlite"),
    ),
    place(
        &["tui"],
        3,
        "engine domain diff clock config fault",
        Crates::AllBut("axum clap rusqlite serde_yaml"),
    ),
    place(
        &["http"],
        3,
        "engine domain diff clock config",
        Crates::AllBut("clap crossterm ratatui rusqlite serde_yaml"),
    ),
    place(
        &["drops"],
        3,
        "engine domain runs",
        Crates::AllBut("axum clap crossterm ratatui rusqlite serde_yaml"),
    ),
    place(
        &["cli"],
        4,
        "clock config demo diff domain drops engine http log_file runs store tui",
        Crates::AllBut("rusqlite"),
    ),
    place(&["main"], 4, "cli", Crates::AllBut("rusqlite")),
    place(&["lib"], 4, "", Crates::Only("")),
];

fn is_listed(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|listed| listed == name)
}

fn place_of(name: &str) -> Option<&'static Place> {
    let module: Vec<&str> = name.strip_prefix("src/")?.trim_end_matches(".rs").split('/').collect();
    PLACES
        .iter()
        .filter(|place| module.starts_with(place.module))
        .max_by_key(|place| place.module.len())
}

/// What a file names that its layer may not.
pub fn check(source: &Source, dependencies: &[String]) -> Vec<String> {
    let Some(place) = place_of(&source.name) else {
        return vec![format!(
            "{}:1: no layer has this file; put it into a folder of HOUSE.md §2, or give its folder a row in tests/tidy/layers.rs",
            source.name
        )];
    };
    named(source, dependencies)
        .into_iter()
        .filter_map(|Named { line, path }| {
            let reason = refusal(place, &path)?;
            Some(format!("{}:{line}: names {}; {reason}", source.name, path.join("::")))
        })
        .collect()
}

/// Why a place may not name a path; none when it may.
fn refusal(place: &Place, path: &[String]) -> Option<String> {
    let here = place.module.join("/");
    let layer = place.layer;
    let first = path.first()?.as_str();
    if first == "crate" {
        // A glob of the root (`*`) is in no list: it would hide which folders are meant.
        let module = path.get(1)?.as_str();
        let is_allowed = module == place.module[0] || is_listed(place.modules, module);
        let allowed = match place.modules {
            "" => "no other folder of ours",
            modules => &format!("only {modules}"),
        };
        return (!is_allowed).then(|| format!("{here} (layer {layer}) may name {allowed}"));
    }
    let whole = path.join("::");
    let is_under = |parent: &str| whole == parent || whole.starts_with(&format!("{parent}::"));
    // As a value a deadline may come in; clippy's table refuses `Instant::now` everywhere.
    let is_deadline = here == "diff" && whole == "std::time::Instant";
    if layer == 0
        && !is_deadline
        && let Some(impure) = IMPURE.split_whitespace().find(|impure| is_under(impure))
    {
        return Some(format!(
            "{here} is pure: what {impure} would give comes in as an argument"
        ));
    }
    match place.crates {
        Crates::Only(crates) => {
            (!is_listed(crates, first)).then(|| format!("of crates {here} (layer {layer}) may name only {crates}"))
        }
        Crates::AllBut(crates) => is_listed(crates, first)
            .then(|| format!("{first} belongs to another folder than {here} (layer {layer}), see HOUSE.md §2")),
    }
}

#[cfg(test)]
fn findings(name: &str, text: &str) -> Vec<String> {
    let dependencies = [
        "chrono", "clap", "ratatui", "rusqlite", "serde", "similar", "tempfile", "tokio",
    ]
    .map(str::to_owned);
    check(&Source::new(name, text), &dependencies)
}

#[test]
fn each_wrong_import_is_found() {
    for (name, text, expected) in [
        (
            "src/domain/gate.rs",
            "use tokio::sync;",
            "names tokio::sync; of crates domain (layer 0)",
        ),
        ("src/domain/gate.rs", "use std::fs;", "is pure: what std::fs"),
        (
            "src/domain/gate.rs",
            "use std::{time::{Duration, Instant}};",
            "is pure: what std::time::Instant",
        ),
        (
            "src/domain/gate.rs",
            "fn a() { std::thread::spawn(b); }",
            "is pure: what std::thread",
        ),
        ("src/domain/gate.rs", "use similar::TextDiff;", "of crates domain"),
        (
            "src/domain/gate.rs",
            "use crate::clock::now;",
            "no other folder of ours",
        ),
        ("src/diff/mod.rs", "use chrono::Utc;", "of crates diff"),
        (
            "src/store/jobs.rs",
            "use crate::{domain::Job, runs::Layout};",
            "only domain diff",
        ),
        (
            "src/store/jobs.rs",
            "async fn a() { tokio::spawn(b) }",
            "tokio belongs to another folder than store",
        ),
        (
            "src/runs/publish.rs",
            "use rusqlite::Connection;",
            "rusqlite belongs to another folder than runs",
        ),
        (
            "src/runs/publish.rs",
            "use super::super::store::Store;",
            "crate::store::Store; runs (layer 1)",
        ),
        (
            "src/diff/mod.rs",
            "fn a() { std::time::Instant::now(); }",
            "is pure: what std::time::Instant",
        ),
        ("src/demo/mod.rs", "use tokio::fs;", "of crates demo"),
        (
            "src/engine/driver.rs",
            "fn a(m: &crate::tui::Model) {}",
            "engine (layer 2) may name only domain",
        ),
        (
            "src/engine/driver.rs",
            "use ratatui::Frame;",
            "ratatui belongs to another folder",
        ),
        ("src/tui/update/mod.rs", "use crate::store;", "tui (layer 3)"),
        ("src/tui/update/mod.rs", "use crate::cli::report;", "tui (layer 3)"),
        ("src/tui/update/mod.rs", "use crate::*;", "names crate::*"),
        (
            "src/cli/gate.rs",
            "use rusqlite::params;",
            "rusqlite belongs to another folder than cli",
        ),
        (
            "src/main.rs",
            "fn main() { holdpoint::store::open() }",
            "main (layer 4) may name only cli",
        ),
        ("src/extras/mod.rs", "", "no layer has this file"),
    ] {
        let found = findings(name, text);
        assert_eq!(found.len(), 1, "{name}: {text}: {found:?}");
        assert!(found[0].starts_with(&format!("{name}:1: ")), "{found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
}

#[test]
fn what_the_table_allows_passes() {
    for (name, text) in [
        (
            "src/domain/gate.rs",
            "use serde::Serialize;\nuse std::time::Duration;\nuse super::ids::JobId;",
        ),
        (
            "src/domain/patch/text.rs",
            "use similar::TextDiff;\nuse crate::{diff::json, domain::ids::JobId};",
        ),
        ("src/diff/lines/mod.rs", "use std::time::Instant;"),
        (
            "src/domain/gate.rs",
            "// use tokio::x;\n#[cfg(test)]\nmod tests { use tempfile::tempdir; }",
        ),
        (
            "src/store/jobs.rs",
            "use rusqlite::Connection;\nuse crate::domain::job::Job;",
        ),
        (
            "src/engine/driver.rs",
            "use crate::{store::Store, runs};\nuse tokio::select;",
        ),
        (
            "src/tui/view/queue.rs",
            "use ratatui::Frame;\nuse crate::engine::Handle;",
        ),
        ("src/cli/mod.rs", "use clap::Parser;\nuse crate::store::Store;"),
        ("src/main.rs", "fn main() { holdpoint::cli::main() }"),
    ] {
        assert_eq!(findings(name, text), Vec::<String>::new(), "{name}");
    }
}
