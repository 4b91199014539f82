//! `doctor --repair`: files mended from rows, nothing thrown away, no row touched.

use serde_json::Value;

use super::story;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends};

/// Everything that the database says, as text.
fn rows(workspace: &Workspace) -> Vec<String> {
    workspace.dump("job attempt gate artifact event decision lost_decision".split(' '))
}

fn files(workspace: &Workspace) -> Vec<(String, String)> {
    let runs = workspace.runs();
    story::files(&runs)
        .into_iter()
        .map(|file| {
            let shown = file.display().to_string();
            let text = workspace.read(&format!("runs/{shown}"));
            (shown, text)
        })
        .collect()
}

#[test]
fn damaged_files_are_written_again_and_kept_aside() {
    let workspace = story::told();
    let (before, sound) = (rows(&workspace), files(&workspace));
    for (file, text) in &sound {
        let damaged = match file.as_str() {
            "chain.jsonl" => text.replacen("\"seq\":2", "\"seq\":7", 1) + "{\"seq\":",
            "j-17/events.jsonl" => text.replacen("gate_opened", "gate_0pened", 1) + "scribble\n",
            "m-1/events.jsonl" => text.lines().skip(1).map(|line| format!("{line}\n")).collect(),
            "m-1/gates/script.2.json" => text.replace("true", "false"),
            "m-1/gates/script.json" => String::new(),
            "m-1/state.json" => text.replace("\"slug\": \"m-1\"", "\"slug\": \"m-2\""),
            _ => continue,
        };
        assert_ne!(damaged, *text, "{file}");
        workspace.write(&format!("runs/{file}"), damaged);
    }
    std::fs::remove_file(workspace.run_directory("j-17").join("gates/outline.1.json")).unwrap();
    let said = workspace.told("doctor", 1);
    assert!(
        said.lines().last().unwrap().contains(" findings: 4 decisions"),
        "{said}"
    );
    let said = workspace.ok("doctor --repair");
    for line in [
        "chain.jsonl: written again from the database; what lay there is .aside/chain.jsonl.1\n",
        "j-17/events.jsonl: written again from the database; what lay there is .aside/j-17.events.jsonl.1\n",
        "j-17/gates/outline.1.json: written again from the database\n",
        "m-1/gates/script.json: written again from the database; what lay there is .aside/m-1.gates.script.json.1\n",
        "m-1/state.json: written again",
        "\nSound: 4 decisions, ",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
    assert_eq!(files(&workspace), sound);
    assert_eq!(rows(&workspace), before, "no row was touched");
    assert_ends(&workspace.read("runs/.aside/chain.jsonl.1"), "{\"seq\":");
    assert!(
        workspace.ok("doctor --repair").starts_with("Sound: "),
        "nothing is left to do"
    );
}

#[test]
fn what_no_row_explains_is_left_for_whoever_looks_for_it() {
    let workspace = story::told();
    // As a database looks that was put back from an older copy.
    workspace.edit("DELETE FROM decision WHERE seq = 4", 1);
    workspace.edit("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", 1);
    let before = files(&workspace);
    let said = workspace.told("doctor --repair", 1);
    assert_contains(&said, "chain.jsonl:4:1: decision 4 of m-1 has a line here and no row");
    assert_contains(&said, "m-1: its files are left as they are: ");
    assert_contains(&said, "m-1/events.jsonl:11:1: event 16 has a line here and no row");
    assert_contains(&said, "m-1/gates/script.3.json: it is decision 4 and no row is");
    let after = files(&workspace);
    let kept = |name: &str| {
        let find = |files: &[(String, String)]| files.iter().find(|(file, _)| file == name).cloned().unwrap().1;
        assert_eq!(find(&after), find(&before), "{name}");
    };
    before.iter().for_each(|(name, _)| kept(name));
}

#[test]
fn a_damaged_row_is_told_from_a_damaged_file() {
    let workspace = story::told();
    workspace.edit(
        "UPDATE decision SET document = replace(document, 'go on', 'go in') WHERE seq = 1",
        1,
    );
    let file = workspace.read("runs/j-17/gates/outline.1.json");
    let said = workspace.told("doctor --repair", 1);
    assert_contains(
        &said,
        "table decision, row 1, document: its hash is not that of its content",
    );
    assert_contains(
        &said,
        "j-17/gates/outline.1.json:6:25: notes: the row of decision 1 differs from here on, and this file is intact",
    );
    assert_eq!(
        workspace.read("runs/j-17/gates/outline.1.json"),
        file,
        "a bad row mends nothing"
    );
    let told: Value = serde_json::from_str(&workspace.told("doctor --json", 1)).unwrap();
    assert_eq!((&told["ok"], &told["done"]), (&false.into(), &serde_json::json!([])));
}

#[test]
fn what_a_crash_left_unwritten_is_written_and_no_row_is_touched() {
    let workspace = story::told();
    let ended = workspace.under(&[("HOLDPOINT_CRASH_AT", "after_commit")], "gate approve j-17 script");
    assert_eq!(ended.status.code(), None, "it was killed");
    let file = workspace.run_directory("j-17").join("gates/script.1.json");
    assert!(!file.exists());
    let before = rows(&workspace);
    assert_contains(&workspace.ok("doctor"), "owed to j-17: 2 events, 1 decision file ");
    let said = workspace.ok("doctor --repair");
    assert_contains(&said, "j-17: what its run directory was owed is written\n");
    assert_contains(&said, "\nSound: 5 decisions, ");
    assert!(file.exists() && !said.contains("owed to j-17"), "{said}");
    assert_eq!(rows(&workspace), before);
    // Whoever writes next finds it in place.
    let written = files(&workspace);
    workspace.ok("job list");
    assert_eq!(files(&workspace), written);
    assert!(!workspace.ok("doctor").contains("owed"));
}
