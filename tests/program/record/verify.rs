//! `decisions verify` and `decisions head` as an operator meets them.

use super::story;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_starts};

#[test]
fn a_sound_record_is_told_in_one_line_and_one_document() {
    let workspace = story::told();
    let head = workspace.ok("decisions head");
    let head = head.trim();
    let said = workspace.ok(&["decisions", "verify", "--head", head, "--versions"]);
    assert_starts(&said, "Sound: 4 decisions, ");
    assert_ends(&said, &format!("of 2 jobs; head {head}\n"));
    let told = workspace.json("decisions verify");
    assert_eq!((&told["ok"], &told["findings"]), (&true.into(), &serde_json::json!([])));
    assert_eq!(told["head"], workspace.json("decisions head"));
    assert_eq!(
        told["decisions"],
        workspace.json("decisions list").as_array().unwrap().len()
    );
}

#[test]
fn a_finding_names_file_line_and_field_and_ends_with_1() {
    let workspace = story::told();
    let file = "runs/j-17/gates/outline.1.json";
    let text = workspace.read(file);
    workspace.write(file, text.replace("\"approved\": true", "\"approved\": null"));
    let said = workspace.told("decisions verify", 1);
    let line = said.lines().next().unwrap();
    assert!(
        line.starts_with("j-17/gates/outline.1.json:3:15: approved: it reads \"null,")
            && line.contains("   hint: holdpoint doctor"),
        "{said}"
    );
    assert!(
        said.lines().last().unwrap().starts_with("1 finding: 4 decisions, "),
        "{said}"
    );
    let told: serde_json::Value = serde_json::from_str(&workspace.told("decisions verify --json", 1)).unwrap();
    let finding = &told["findings"][0];
    assert_has!(finding, "file": "j-17/gates/outline.1.json", "line": 3, "field": "approved");
}

#[test]
fn only_a_noted_head_shows_that_the_end_was_removed() {
    let workspace = story::told();
    let head = workspace.ok("decisions head");
    workspace.edit("DELETE FROM decision WHERE seq = 4", 1);
    let chain = workspace.read("runs/chain.jsonl");
    let kept: Vec<_> = chain.lines().take(3).map(|line| format!("{line}\n")).collect();
    workspace.write("runs/chain.jsonl", kept.concat());
    std::fs::remove_file(workspace.run_directory("m-1").join("gates/script.3.json")).unwrap();
    std::fs::copy(
        workspace.run_directory("m-1").join("gates/script.2.json"),
        workspace.run_directory("m-1").join("gates/script.json"),
    )
    .unwrap();
    let said = workspace.told(&["decisions", "verify", "--head", head.trim()], 1);
    assert_contains(
        &said,
        "decision 4 was noted, and the newest is 3: the end of the chain was removed",
    );
    let said = workspace.refused("decisions verify --head 4", 2);
    assert_contains(&said, "a head is SEQ:HASH");
}

#[test]
fn files_that_are_owed_are_told_and_are_no_findings() {
    let workspace = story::told();
    let ended = workspace.under(&[("HOLDPOINT_CRASH_AT", "after_commit")], "gate approve j-17 script");
    assert_eq!(ended.status.code(), None, "it was killed");
    let said = workspace.ok("decisions verify");
    assert_starts(&said, "owed to j-17: 2 events, 1 decision file ");
    assert_contains(&said, "\nSound: 5 decisions, ");
    workspace.ok("job list");
    assert_starts(&workspace.ok("decisions verify"), "Sound: 5 decisions, ");
}

#[test]
fn a_removed_run_directory_breaks_nothing() {
    let workspace = story::told();
    std::fs::remove_dir_all(workspace.run_directory("m-1")).unwrap();
    let said = workspace.ok("decisions verify");
    assert_starts(&said, "note: the run directory of m-1 was removed");
    assert_contains(&said, "\nSound: 4 decisions, ");
}

#[test]
fn kept_versions_are_what_their_names_say() {
    let workspace = story::told();
    let versions = workspace.run_directory("m-1").join("versions");
    let version = std::fs::read_dir(versions).unwrap().next().unwrap().unwrap();
    let name = version.file_name().into_string().unwrap();
    let file = format!("runs/m-1/versions/{name}");
    let text = workspace.read(&file);
    workspace.write(&file, text.replace("tide", "tilt"));
    assert!(
        workspace.ok("decisions verify").starts_with("Sound: "),
        "hashed only when that is asked for"
    );
    let said = workspace.told("decisions verify --versions", 1);
    assert_starts(&said, &format!("m-1/versions/{name}: it is not what its name says"));
}

#[test]
fn nothing_to_verify_is_said() {
    let workspace = Workspace::new(story::PIPELINE);
    let said = workspace.refused("decisions verify", 6);
    assert_contains(&said, "there is no record in ");
}
