//! The house rules that a compiler does not check, read from our own source: sizes, words that may
//! not be, what is pure, one name for one idea.
//!
//! Which crate may name which is not here: the manifests say it, and Cargo refuses the rest. A
//! failure says file and line, what stands there and what would be right.

mod rules;
mod source;
mod words;

use std::path::{Path, PathBuf};

use source::Source;

/// The directories of our packages: the root, and every one under `crates/`.
fn packages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let members = std::fs::read_dir(root.join("crates")).expect("our crates can be read");
    let mut packages: Vec<_> = members.map(|member| member.expect("it can be read").path()).collect();
    packages.sort();
    packages.insert(0, root.to_owned());
    packages
}

/// Every `.rs` file under a `src/` of ours, sorted.
fn our_source() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut directories: Vec<_> = packages().iter().map(|package| package.join("src")).collect();
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
fn every_crate_that_is_built_in_is_used() {
    let sources = our_source();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut listed = 0;
    let mut findings = Vec::new();
    for package in packages() {
        let manifest = package.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("our manifest can be read");
        let (_, dependencies) = text.split_once("[dependencies]\n").unwrap_or((&text, ""));
        let own = package.join("src");
        let own = own.strip_prefix(root).expect("it lies under the root");
        let code: Vec<_> = sources
            .iter()
            .filter(|source| Path::new(&source.name).starts_with(own))
            .collect();
        for line in dependencies.lines().take_while(|line| !line.starts_with('[')) {
            let Some((name, _)) = line
                .split_once(['.', ' '])
                .filter(|(name, _)| !name.is_empty() && *name != "#")
            else {
                continue;
            };
            listed += 1;
            let word = name.replace('-', "_");
            if !code.iter().any(|source| rules::has_word(&source.code, &word)) {
                let manifest = manifest.strip_prefix(root).expect("it lies under the root").display();
                findings.push(format!(
                    "{manifest}: {} names {name} nowhere: leave it out",
                    own.display()
                ));
            }
        }
    }
    assert!(listed > 60, "only {listed} dependencies were read");
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
fn a_public_type_has_a_name_of_its_own() {
    assert_none(&words::doubles(&our_source()));
}

#[test]
fn the_glossary_names_types_that_there_are() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/GLOSSARY.md");
    let page = std::fs::read_to_string(page).expect("it can be read");
    assert_none(&words::glossary(&page, &our_source()));
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
