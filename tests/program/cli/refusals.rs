//! Help, and what is said when something is not done: words, exit code, nothing changed.

use insta::{assert_snapshot, with_settings};
use serde_json::{Value, json};

use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_ends, assert_has, assert_starts};

#[test]
fn help_reads_well() {
    let workspace = Workspace::without_configuration();
    for args in [
        &["--help"][..],
        &["gate", "--help"],
        &["gate", "open", "--help"],
        &["gate", "approve", "--help"],
        &["gate", "diff", "--help"],
        &["gate", "wait", "--help"],
        &["job", "--help"],
        &["job", "start", "--help"],
        &["patch", "--help"],
        &["patch", "undo", "--help"],
        &["decisions", "--help"],
        &["decisions", "verify", "--help"],
        &["decisions", "list", "--help"],
        &["stats", "--help"],
        &["doctor", "--help"],
        &["events", "--help"],
        &["forecast", "--help"],
        &["config", "--help"],
        &["serve", "--help"],
        &["token", "new", "--help"],
        &["console", "--help"],
        &["init", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
    ] {
        let help = workspace.ok(args);
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        with_settings!({ snapshot_suffix => args[..args.len() - 1].join("_") }, { assert_snapshot!("help", help) });
    }
}

#[test]
fn the_version_names_the_commit_its_day_and_sqlite() {
    let workspace = Workspace::without_configuration();
    let version = workspace.ok("--version");
    assert_eq!(workspace.ok("-V"), version);
    let sqlite = rusqlite::version();
    let git = std::process::Command::new("git")
        .args([
            "-c",
            "core.abbrev=10",
            "log",
            "-1",
            "--format=%h %cd",
            "--date=format-local:%Y-%m-%d",
        ])
        .env("TZ", "UTC")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("git runs");
    let commit = String::from_utf8(git.stdout).unwrap();
    let number = env!("CARGO_PKG_VERSION");
    assert_eq!(
        version,
        format!("holdpoint {number} ({}, SQLite {sqlite})\n", commit.trim())
    );
}

#[test]
fn refusals_say_what_did_not_happen_why_and_what_to_do() {
    let workspace = Workspace::new("pipeline: {stages: [{name: script}]}\ngates: {script: {required: true}}\n");
    workspace.ok("job start --slug tides --id j-17");
    workspace.write("torn.json", "{\"type\": \"text_replace\",\n \"replacements\": [}");
    workspace.write("strange.json", "{\"type\": \"text_replac\"}");
    let mut said = String::new();
    for (args, code) in [
        (&["gate", "approve", "none", "script"][..], 6),
        (&["gate", "approve", "j-17", "scirpt"], 6),
        (&["gate", "show", "j-17", "scirpt"], 6),
        (&["gate", "wait", "j-17", "scirpt"], 6),
        (&["decisions", "show", "j-17", "script"], 6),
        (&["job", "show", "none"], 6),
        (&["events", "none"], 6),
        (&["events", "none", "--follow"], 6),
        (&["job", "resume", "j-17"], 1),
        (&["job", "complete", "j-17"], 1),
        (&["job", "start", "--slug", "again", "--id", "j-17"], 1),
        (&["job", "start", "--slug", ""], 1),
        (&["job", "start", "--slug", "a", "--param", "x=1", "--param", "x=2"], 1),
        (&["gate", "approve", "j-17", "script", "--patch", "none.json"], 1),
        (&["gate", "approve", "j-17", "script", "--patch", "torn.json"], 1),
        (&["patch", "apply", "j-17", "script", "strange.json"], 1),
        (&["gate", "approve", "../17", "script"], 2),
        (&["gate", "approve", "j-17"], 2),
        (&["gate", "approve", "j-17", "script", "--digest", "9f2c1e"], 2),
        (&["job", "list", "--status", "open"], 2),
        (&["job", "start", "--slug", "a", "--param", "alone"], 2),
        (&["gates"], 2),
        (&[], 1),
        (&["console", "j-17", "script"], 1),
        (&["demo"], 1),
        (&["gate", "list", "--runs", "torn.json"], 1),
        (&["gate", "show", "j-17", "script", "--runs", "torn.json"], 1),
    ] {
        let (stdout, stderr) = workspace.run(args, code);
        assert_eq!(stdout, "", "{args:?}");
        said.push_str(&format!("$ holdpoint {}\n{stderr}exit {code}\n\n", args.join(" ")));
    }
    assert_snapshot!("refusals", said);
    let events = workspace.event_types("j-17");
    assert_eq!(workspace.json("gate show j-17 script")["state"], "open");
    assert_eq!(workspace.event_types("j-17"), events, "nothing was written");
}

#[test]
fn failures_are_documents_where_those_are_wanted() {
    let workspace = Workspace::new("{}\n");
    let error = workspace.failure("job show none", 6);
    assert_eq!(error["error"]["code"], "not_found");
    assert_eq!(
        error["error"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["code", "message", "hint", "where"]
    );
    let error = workspace.failure("gate approve ../x script", 2);
    assert_has!(error, "error/code": "usage", "error/hint": "see --help");
}

#[test]
fn looking_makes_nothing() {
    let workspace = Workspace::new("{}\n");
    let elsewhere = workspace.root().join("elsewhere");
    for args in [&["job", "list"][..], &["gate", "list"], &["decisions", "list"]] {
        let args = [args, &["--runs", "elsewhere"]].concat();
        assert_eq!(workspace.json(&args), json!([]));
        let stderr = workspace.refused(&args, 0);
        assert_starts(
            &stderr,
            &format!("There is no record in {}   hint: ", elsewhere.display()),
        );
    }
    for args in [
        &["job", "show", "a"][..],
        &["gate", "approve", "a", "b"],
        &["events", "a", "--follow"],
        &["job", "watch", "a"],
        &["gate", "wait", "a", "b"],
    ] {
        let stderr = workspace.refused(&[args, &["--runs", "elsewhere"]].concat(), 6);
        assert_contains(
            &stderr,
            &format!("there is no record in {}   hint: ", elsewhere.display()),
        );
    }
    assert!(!elsewhere.exists());
}

const BROKEN: &str = "\
gates:
  audio: {required: true, auto_approve: true, auto_approve_after_s: -30}
  script: {requird: true}
  assets: {on_timeout: pass}
";

#[test]
fn a_broken_configuration_is_refused_with_every_fault() {
    let workspace = Workspace::new(BROKEN);
    let stdout = workspace.told("config check", 1);
    let stderr = workspace.refused("job start --slug tides", 1);
    assert_snapshot!("broken_configuration", format!("{stdout}\n{stderr}"));
    let output = workspace.cmd(&["config", "check", "--json"]).output().unwrap();
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&checked["valid"], checked["problems"].as_array().map(Vec::len)),
        (&json!(false), Some(3))
    );
    assert!(checked["message"].is_string() && checked["timestamp"].is_string());
    assert_eq!(
        std::fs::read_dir(workspace.runs()).unwrap().count(),
        0,
        "nothing was started"
    );
    let error = workspace.failure("serve --no-http", 1);
    assert_eq!(error["error"]["problems"].as_array().map(Vec::len), Some(3));
}

#[test]
fn warnings_are_told_and_are_no_failure() {
    let workspace =
        Workspace::new("gates: {script: {required: true, auto_approve: true, auto_approve_after_s: null}}\n");
    let stdout = workspace.ok("config check");
    assert_contains(&stdout, ": warning: gates.script");
    assert_ends(&stdout, "conf/operator.yaml: ok, 1 warning\n");
    let stderr = workspace.refused("config check --config none.yaml", 1);
    assert_starts(&stderr, "Not checked: cannot read none.yaml: no such file   hint: ");
    let stdout = Workspace::without_configuration().ok("config check");
    assert_eq!(stdout, "embedded configuration: ok\n");
    let stderr = Workspace::without_configuration().refused("job list", 0);
    assert_starts(
        &stderr,
        "There is no configuration: the one built in is used   hint: holdpoint config path tells",
    );
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let workspace = Workspace::without_configuration();
    let mut command = workspace.command(&["patch", "types"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(0), "")
    );
}
