//! The manual pages: one for each command and one for the configuration, without a word that the
//! formatter stumbles over.

use crate::http::examples::{command, has};
use crate::support::run::{Workspace, below};
use crate::support::said::{assert_contains, assert_lacks};

#[test]
fn every_command_and_the_configuration_have_a_page() {
    let workspace = Workspace::without_configuration();
    workspace.ok("man share/man");
    let root = workspace.root().join("share/man");
    let all = below(&root).into_iter().filter(|path| path.is_file());
    let pages: Vec<_> = all
        .map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned())
        .collect();
    for page in [
        "man1/holdpoint.1",
        "man1/holdpoint-gate.1",
        "man1/holdpoint-gate-open.1",
        "man1/holdpoint-init.1",
        "man5/holdpoint-operator.yaml.5",
    ] {
        assert!(pages.iter().any(|name| name == page), "{page} in {pages:?}");
    }
    assert!(
        !pages.iter().any(|name| name.contains("__") || name.contains("help")),
        "{pages:?}"
    );
    let documents = workspace.json("man share/man");
    assert_eq!(documents.as_array().map(Vec::len), Some(pages.len()));
    // Written anew, byte for byte: a package of the same commit is the same.
    let first = workspace.read("share/man/man1/holdpoint.1");
    workspace.ok("man share/man");
    assert_eq!(workspace.read("share/man/man1/holdpoint.1"), first);
    // Every key of the table.
    let keys = workspace.ok("config keys");
    let configuration = workspace
        .read("share/man/man5/holdpoint-operator.yaml.5")
        .replace("\\-", "-");
    let paths = keys
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let paths: Vec<_> = paths.map(|(path, _)| path).collect();
    assert!(paths.len() > 50);
    for path in paths {
        assert_contains(&configuration, path);
    }
}

#[test]
fn the_formatter_finds_nothing_to_complain_of() {
    if !has("the manual pages", &[&["groff", "--version"]]) {
        return;
    }
    let workspace = Workspace::without_configuration();
    workspace.ok("man pages");
    for page in below(&workspace.root().join("pages")) {
        if page.is_dir() {
            continue;
        }
        let page = page.to_str().unwrap();
        let output = command(
            &workspace,
            "groff",
            &["-man", "-Kutf8", "-Tutf8", "-ww", "-rLL=100n", page],
        )
        .output()
        .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{page}");
        assert!(output.status.success(), "{page}");
    }
    let mut page = command(
        &workspace,
        "groff",
        &["-man", "-Tascii", "-P-cbou", "pages/man1/holdpoint-gate-approve.1"],
    );
    let text = String::from_utf8(page.output().unwrap().stdout).unwrap();
    assert_contains(&text, "holdpoint gate approve [OPTIONS]");
    // Lines of an example stay lines, and what holds for every command is told on one page.
    assert_contains(
        &text,
        "\n       holdpoint gate approve nightly-17 script --patch fix.json\n".trim_start_matches('\n'),
    );
    assert_lacks(&text, "--no-input");
}
