//! README.md says what the program does: its key table is the keymap's, and what it shows is there.
//! A word that the documents explain means what the rules say.

use std::path::Path;

use console::keymap::readme_table;
use domain::policy::Doubt;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn the_key_table_is_the_keymaps() {
    let table = readme_table();
    assert!(readme().contains(&table), "put this table into README.md:\n{table}");
}

#[test]
fn every_picture_and_file_that_it_names_is_there() {
    let readme = readme();
    let links: Vec<&str> = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(links.len() >= 10, "{links:?}");
    for link in links
        .iter()
        .filter(|link| !link.contains("://") && !link.starts_with('#'))
    {
        assert!(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(),
            "README.md names {link}"
        );
    }
}

#[test]
fn unseen_means_one_thing() {
    let meaning = Doubt::Unseen.words();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (page, words) in [
        ("docs/HTTP.md", format!("`unseen`: open, and {meaning}.")),
        (
            "docs/CONFIGURATION.md",
            format!("instead of an approval where {meaning}."),
        ),
    ] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        assert!(text.contains(&words), "{page} does not say {words:?}");
    }
}
