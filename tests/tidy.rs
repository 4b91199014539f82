//! The house rules that a compiler does not check, read from our own source: layers, sizes, words that may not be.
//!
//! The table of layers is in `tidy/layers.rs`; a failure says file and line, what stands there and what would be right.

#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/paths.rs"]
mod paths;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;

use std::path::Path;

use source::Source;

/// Every `.rs` file under `src/`, sorted.
fn our_source() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut directories = vec![root.join("src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("our source can be read") {
            let path = entry.expect("our source can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("our source is text");
                let name = path.strip_prefix(root).expect("it lies under the root");
                sources.push(Source::new(&name.to_string_lossy(), &text));
            }
        }
    }
    let tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        let module = source.module().join("/");
        let is_under = |test: &String| module == *test || module.starts_with(&format!("{test}/"));
        if tests.iter().any(is_under) {
            source.set_test();
        }
    }
    sources.sort_by(|one, other| one.name.cmp(&other.name));
    sources
}

fn dependencies() -> Vec<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    paths::dependencies(&std::fs::read_to_string(manifest).expect("our manifest can be read"))
}

#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn layers_point_down() {
    let sources = our_source();
    assert!(!sources.is_empty(), "no source was found, so nothing was checked");
    let dependencies = dependencies();
    assert!(dependencies.iter().any(|name| name == "serde_json"), "{dependencies:?}");
    let findings: Vec<String> = sources
        .iter()
        .flat_map(|source| layers::check(source, &dependencies))
        .collect();
    assert_none(&findings);
}

#[test]
fn every_crate_that_is_built_in_is_used() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let text = std::fs::read_to_string(manifest).expect("our manifest can be read");
    let (built_in, _) = text.split_once("[dev-dependencies]").expect("they come first");
    let listed = paths::dependencies(built_in);
    assert!(listed.len() > 20, "{listed:?}");
    let named: Vec<_> = our_source()
        .iter()
        .flat_map(|source| paths::named(source, &listed))
        .filter_map(|named| named.path.into_iter().next())
        .collect();
    let unused = listed.iter().filter(|name| !named.contains(name));
    let findings: Vec<_> = unused
        .map(|name| format!("Cargo.toml: src names {name} nowhere: leave it out"))
        .collect();
    assert_none(&findings);
}

#[test]
fn house_rules_hold_in_every_file() {
    let mut findings = Vec::new();
    for source in our_source() {
        findings.extend(rules::check(&source));
        if let Some(warning) = rules::size_warning(&source) {
            println!("{warning}");
        }
    }
    assert_none(&findings);
}

#[test]
fn the_screenshot_tool_stands_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("tools/screenshots/Cargo.toml")).expect("it can be read");
    assert!(
        manifest.lines().any(|line| line == "[workspace]"),
        "tools/screenshots/Cargo.toml: without [workspace] its crates would reach the build of holdpoint"
    );
}
