//! README.md and the book in `docs/`: every page is in the book, every link leads somewhere, and docs/KEYS.md is
//! the keymap's. A word that the documents explain means what the rules say. What the pages show is run by
//! `tests/program/book.rs`.

use std::path::{Path, PathBuf};

use console::keymap;
use domain::policy::Doubt;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page: of the book, and beside README.md.
fn pages() -> Vec<PathBuf> {
    let listed = ["", "docs", ".github", ".github/ISSUE_TEMPLATE"].map(|directory| {
        let entries = std::fs::read_dir(root().join(directory)).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    });
    let mut pages = listed.concat();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    assert!(pages.len() > 12, "{pages:?}");
    pages
}

/// Where the links of a text lead to, without those to other machines. What stands between fences is no link.
fn links(text: &str) -> Vec<String> {
    let prose: Vec<&str> = text.split("\n```").step_by(2).collect();
    let prose = prose.join("\n");
    let links = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .map(str::to_owned)
        .collect()
}

/// The names by which the headings of a page are reached, as mdBook and forges make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let name = |line: &str| {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(name).collect()
}

#[test]
fn the_page_of_keys_is_the_keymaps() {
    let page = keymap::page();
    assert!(
        read("docs/KEYS.md") == page,
        "write it anew: holdpoint keys > docs/KEYS.md"
    );
}

#[test]
fn the_keys_that_readme_names_are_keys() {
    let keys: Vec<_> = keymap::listed().into_iter().flat_map(|one| one.keys).collect();
    let readme = read("README.md");
    let table = readme
        .split("\n## The twelve keys")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut named = 0;
    for cell in table.lines().filter_map(|line| line.strip_prefix("| `")) {
        for key in cell.split(" |").next().unwrap().split('`').step_by(2) {
            assert!(keys.contains(&key), "{key:?} is no key of the console");
            named += 1;
        }
    }
    assert_eq!(named, 12);
}

#[test]
fn every_page_is_in_the_book() {
    let summary = read("docs/SUMMARY.md");
    let listed = links(&summary);
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            let times = listed.iter().filter(|link| **link == name).count();
            assert_eq!(times, 1, "docs/SUMMARY.md has to name {name} once");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut followed = 0;
    for page in pages() {
        let text = read(&page);
        let name = page.strip_prefix(root()).unwrap().display();
        for link in links(&text) {
            followed += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                page.clone()
            } else {
                page.parent().unwrap().join(path)
            };
            assert!(target.exists(), "{name} leads to {link}, and there is no such file");
            if !anchor.is_empty() {
                let there = anchors(&read(&target));
                assert!(
                    there.iter().any(|one| one == anchor),
                    "{name} leads to {link}; headings there: {there:?}"
                );
            }
        }
    }
    assert!(followed > 60, "only {followed} links were found");
}

#[test]
fn what_is_built_in_is_listed_with_its_licences() {
    let printed = std::process::Command::new("bash")
        .arg(root().join("tools/third-party.sh"))
        .output();
    let printed = printed.expect("bash is there");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let list = String::from_utf8(printed.stdout).unwrap();
    assert!(list.lines().count() > 200, "{list}");
    assert!(read("THIRD-PARTY.md") == list, "write it anew: just notices");
}

#[test]
fn unseen_means_one_thing() {
    let meaning = Doubt::Unseen.words();
    for (page, words) in [
        ("docs/HTTP.md", format!("`unseen`: open, and {meaning}.")),
        (
            "docs/CONFIGURATION.md",
            format!("instead of an approval where {meaning}."),
        ),
    ] {
        let text = read(page);
        assert!(text.contains(&words), "{page} does not say {words:?}");
    }
}
