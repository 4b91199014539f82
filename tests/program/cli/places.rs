//! Where the configuration and the runs directory are found, and what is said where there is no record.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::{Workspace, printed};
use crate::support::said::{assert_contains, assert_lacks};
use crate::support::screen;

const YOURS: &str = ".config/holdpoint/operator.yaml";
const NAMED: &str = "named.yaml";
const BY_VARIABLE: &str = "by-variable.yaml";

/// The configuration that counts, and by what, as `config path --json` tells it.
fn found(workspace: &Workspace, variables: &[(&str, &str)], args: &str) -> Value {
    let output = workspace.under(variables, &format!("config path --json {args}"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", printed(&output)))
}

#[test]
fn a_configuration_is_found_in_this_order() {
    let workspace = Workspace::without_configuration();
    let variable = [("HOLDPOINT_CONFIG", BY_VARIABLE)];
    let by = |variables: &[(&str, &str)], args: &str| found(&workspace, variables, args)["config"]["by"].clone();
    // From the last place to the first: each goes before those that are there already.
    assert_eq!(by(&[], ""), "built in");
    workspace.write(YOURS, "gates: {script: {}}\n");
    assert_eq!(by(&[], ""), "yours");
    workspace.write("conf/operator.yaml", "gates: {audio: {}}\n");
    assert_eq!(by(&[], ""), "this directory's");
    workspace.write(BY_VARIABLE, "gates: {assets: {}}\n");
    assert_eq!(by(&variable, ""), "HOLDPOINT_CONFIG");
    workspace.write(
        ".config/holdpoint/contexts.yaml",
        "contexts: {night: {runs: ../../night, config: ../../night.yaml}}\n",
    );
    workspace.write("night.yaml", "gates: {outline: {}}\n");
    assert_eq!(by(&variable, "--context night"), "context night");
    workspace.write(NAMED, "gates: {storyboard: {}}\n");
    assert_eq!(by(&variable, "--context night --config named.yaml"), "--config");
    // What is told is what counts.
    for (variables, args, gate) in [
        (&variable[..], "--context night --config named.yaml", "storyboard"),
        (&variable, "--context night", "outline"),
        (&variable, "", "assets"),
        (&[], "", "audio"),
    ] {
        let output = workspace.under(variables, &format!("config show {args}"));
        assert_contains(&printed(&output), &format!("gates:\n  {gate}:"));
    }
    // Every place is told, in order, with what became of it.
    let paths = found(&workspace, &variable, "");
    let looked: Vec<_> = paths["looked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| format!("{} {}", place["by"].as_str().unwrap(), place["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        looked[..4],
        [
            "--config not named",
            "HOLDPOINT_CONFIG used",
            "this directory's there, another goes before it",
            "yours there, another goes before it",
        ]
    );
    assert!(looked[4].starts_with("this machine's "), "{looked:?}");
    // A file that was named must be there.
    let said = workspace.under(&[("HOLDPOINT_CONFIG", "none.yaml")], "gate list");
    assert_contains(&printed(&said), "cannot read none.yaml: no such file");
}

#[test]
fn a_runs_directory_is_found_in_this_order() {
    let workspace = Workspace::new("gates: {}\n");
    let variable = [("HOLDPOINT_RUNS", "by-variable")];
    let runs = |variables: &[(&str, &str)], args: &str| {
        let found = found(&workspace, variables, args);
        (
            found["runs"]["by"].clone(),
            found["runs"]["path"].as_str().unwrap().to_owned(),
        )
    };
    let at = |path: &str| workspace.root().join(path).display().to_string();
    assert_eq!(runs(&[], ""), ("storage.runs_dir".into(), at("runs")));
    assert_eq!(runs(&variable, ""), ("HOLDPOINT_RUNS".into(), at("by-variable")));
    assert_eq!(runs(&variable, "--runs named"), ("--runs".into(), at("named")));
    let printed = workspace.under(&variable, "job start --slug tides");
    assert!(printed.status.success());
    assert!(workspace.root().join("by-variable/holdpoint.db").exists());
    let both = [("HOLDPOINT_RUNS", "a"), ("HOLDPOINT_SERVER", "https://h")];
    let said = workspace.under(&both, "gate list");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_contains(
        &said,
        "HOLDPOINT_SERVER and HOLDPOINT_RUNS are both set: only one can be meant",
    );
    // One that is yours keeps its runs in one place, wherever you stand.
    let workspace = Workspace::without_configuration();
    workspace.write(YOURS, "gates: {}\nstorage: {runs_dir: film}\n");
    let found = found(&workspace, &[], "");
    let film = workspace.root().join(".local/state/holdpoint/film");
    assert_eq!(found["runs"]["path"], film.display().to_string());
}

#[test]
fn a_list_without_a_record_says_where_it_looked_and_where_one_is() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    workspace.ok("job start --slug tides");
    workspace.write("elsewhere/notes.txt", "");
    workspace.write(
        ".config/holdpoint/contexts.yaml",
        "contexts: {film: {runs: ../../runs}}\n",
    );
    let elsewhere = workspace.root().join("elsewhere");
    let (here, there) = (elsewhere.join("runs"), workspace.runs());
    for list in ["gate list", "job list", "decisions list", "forecast"] {
        let mut command = workspace.command(&list.split(' ').collect::<Vec<_>>());
        let output = command.current_dir(&elsewhere).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert_contains(&said, &format!("There is no record in {}", here.display()));
        assert_contains(&said, "there is one with --context film\n");
        assert_lacks(&said, "No gate is open");
    }
    std::fs::remove_file(workspace.root().join(".config/holdpoint/contexts.yaml")).unwrap();
    let output = workspace
        .command(&["gate", "list"])
        .current_dir(&elsewhere)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_contains(&said, &format!("there is one with --runs {}\n", there.display()));
    assert!(!here.exists(), "looking makes nothing");
}

/// A console started in this directory of the workspace.
fn console(workspace: &Workspace, directory: &str, args: &[&str]) -> Pty {
    let options = PtyOptions::new(workspace.root().join(directory)).args(args.iter().copied());
    Pty::spawn(options.env("HOME", workspace.root().display().to_string()))
}

#[test]
fn a_console_in_the_wrong_directory_begins_no_record() {
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    workspace.ok("job start --slug tides");
    workspace.write("elsewhere/notes.txt", "");
    let there = workspace.runs().display().to_string();
    let pty = console(&workspace, "elsewhere", &[]);
    pty.wait_exit();
    let said = pty.screen_text().replace('\n', "");
    assert_contains(&said, "Not started: there is no record in ");
    assert_contains(&said, "holdpoint --runs runs begins one; there is a record with --runs");
    assert_contains(&said, &there);
    assert!(!workspace.root().join("elsewhere/runs").exists());
    // Said on purpose it begins one, and says so.
    let mut pty = console(&workspace, "elsewhere", &["--runs", "runs"]);
    pty.wait_text("A new record begins in ");
    // The header names the directory, however narrow the window is.
    pty.wait_text("/elsewhere/runs]");
    pty.resize(30, 20);
    pty.wait_for(|screen| screen::row(screen, 0).contains("/runs]"));
}

/// A workspace with this script as the editor, and `config edit` in a terminal.
fn edited(workspace: &Workspace, script: &str) -> Pty {
    workspace.write("editor", format!("#!/bin/sh\n{script}\n"));
    let editor = workspace.root().join("editor");
    std::fs::set_permissions(&editor, PermissionsExt::from_mode(0o755)).unwrap();
    let options = PtyOptions::new(workspace.root()).args(["config", "edit"]);
    Pty::spawn(options.env("VISUAL", editor.display().to_string()))
}

#[test]
fn an_edit_counts_only_once_it_holds_together() {
    const FILE: &str = "conf/operator.yaml";
    let workspace = Workspace::new("gates: {script: {required: true}}\n");
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(workspace.root().join(FILE), mode).unwrap();
    let pty = edited(&workspace, "echo 'gates: {audio: {}}' > \"$1\"");
    assert!(pty.wait_exit().success());
    assert_eq!(workspace.read(FILE), "gates: {audio: {}}\n");
    let mode = std::fs::metadata(workspace.root().join(FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    // A fault is told with its line, the file is as it was, and what was written is kept.
    let mut pty = edited(&workspace, "echo 'gates: {audio: {requird: true}}' > \"$1\"");
    pty.wait_text("did you mean required?");
    pty.wait_text("q leaves the file as it was");
    assert_eq!(workspace.read(FILE), "gates: {audio: {}}\n");
    pty.send("q Enter");
    assert!(!pty.wait_exit().success());
    let said = pty.screen_text().replace('\n', "");
    assert_contains(&said, "Not edited: conf/operator.yaml is as it was");
    assert_contains(&said, "what you wrote is in ");
    assert_eq!(workspace.read(FILE), "gates: {audio: {}}\n");
    let kept = std::fs::read_dir(workspace.root().join("conf")).unwrap().flatten();
    let kept: Vec<_> = kept.filter(|entry| entry.file_name() != "operator.yaml").collect();
    assert_eq!(kept.len(), 1);
    assert_contains(&std::fs::read_to_string(kept[0].path()).unwrap(), "requird");
    // Edited again it may become good.
    let script =
        "grep -q requird \"$1\" && echo 'gates: {assets: {}}' > \"$1\" || echo 'gates: {a: {requird: 1}}' > \"$1\"";
    let mut pty = edited(&workspace, script);
    pty.wait_text("q leaves the file as it was");
    pty.send("Enter");
    assert!(pty.wait_exit().success());
    assert_eq!(workspace.read(FILE), "gates: {assets: {}}\n");
    // An editor that fails, and one that changes nothing, change nothing.
    assert!(!edited(&workspace, "exit 3").wait_exit().success());
    assert!(edited(&workspace, "true").wait_exit().success());
    // What somebody else wrote meanwhile is not lost.
    let pty = edited(
        &workspace,
        "echo 'gates: {b: {}}' > conf/operator.yaml; echo 'gates: {c: {}}' > \"$1\"",
    );
    assert!(!pty.wait_exit().success());
    assert_contains(
        &pty.screen_text().replace('\n', ""),
        "was changed by somebody else meanwhile",
    );
    assert_eq!(workspace.read(FILE), "gates: {b: {}}\n");
    let said = workspace.refused("config edit", 1);
    assert_contains(&said, "an editor needs a terminal");
}
