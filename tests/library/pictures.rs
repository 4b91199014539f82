//! The pictures in screenshots/ show screens on which nothing was pending. A picture cannot be read
//! here; the text that the tool saves beside it can.

use std::collections::BTreeSet;
use std::path::Path;

/// The same words as in `tools/screenshots/src/play.rs`.
const PENDING: [&str; 6] = ["Reading", "reading", "comparing", "checking", "being read", "writing…"];

fn stems(extension: &str) -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let of_kind = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    of_kind
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn text(stem: &str) -> String {
    let path = format!("{}/screenshots/{stem}.txt", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_picture_has_its_text_and_every_text_its_picture() {
    assert_eq!(stems("txt"), stems("png"), "just screenshots makes both");
}

#[test]
fn no_picture_was_taken_while_something_was_pending() {
    for stem in stems("txt") {
        let found = PENDING.into_iter().find(|word| text(&stem).contains(word));
        assert_eq!(found, None, "{stem}:\n{}", text(&stem));
    }
}

#[test]
fn side_by_side_shows_two_columns() {
    for stem in stems("txt").into_iter().filter(|stem| stem.starts_with("side-by-side")) {
        let text = text(&stem);
        let pairs = text.lines().filter(|line| line.contains(" - ") && line.contains(" + "));
        assert!(pairs.count() > 0, "{stem}:\n{text}");
    }
}
