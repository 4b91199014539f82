//! A runs directory with a bit of everything in its record, made by the real binary.

use std::path::{Path, PathBuf};

use engine::audit::{Report, Scope, audit};
use runs::RunsDir;
use store::Reader;

use crate::support::run::Workspace;

pub const PIPELINE: &str = "\
pipeline: {stages: [{name: outline}, {name: script}, {name: acceptance}]}
gates:
  outline: {required: true}
  script: {required: false, auto_approve: true, auto_approve_after_s: 1800}
  acceptance: {required: true}
";

/// Runs a command that has to succeed; what it printed.
#[track_caller]
pub fn run(workspace: &Workspace, args: &[&str]) -> String {
    run_to(workspace, args, 0).0
}

/// Runs a command that has to end with `code`; what it printed on both.
#[track_caller]
pub fn run_to(workspace: &Workspace, args: &[&str], code: i32) -> (String, String) {
    let output = workspace.cmd(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}\nstdout: {stdout}\nstderr: {stderr}"
    );
    (stdout, stderr)
}

/// Two jobs: one that holdpoint runs and one from outside with artifacts, a rejection, a patch and
/// an undone attempt.
pub fn told() -> Workspace {
    let workspace = Workspace::new(PIPELINE);
    let run = |args: &[&str]| run(&workspace, args);
    run(&[
        "job",
        "start",
        "--slug",
        "tides",
        "--id",
        "j-17",
        "--param",
        "length_s=45.0",
        "--intent",
        "ebb – flow",
    ]);
    run(&[
        "gate",
        "approve",
        "j-17",
        "outline",
        "--notes",
        "good – go on\n\u{1b}[2J",
    ]);
    workspace.write("draft.md", "# One\n\nLow tide is at noon, bring boots.\n");
    workspace.write(
        "fix.json",
        r#"{"type": "text_replace", "replacements": [{"old": "boots", "new": "wellies"}]}"#,
    );
    run(&["gate", "open", "m-1", "script", "--artifact", "script=draft.md"]);
    run(&[
        "gate",
        "reject",
        "m-1",
        "script",
        "--notes",
        "mind the boots",
        "--patch",
        "fix.json",
    ]);
    run(&["job", "resume", "m-1"]);
    workspace.write("draft.md", "# One\n\nLow tide is at one, bring boots.\n");
    run(&["gate", "open", "m-1", "script", "--artifact", "script=draft.md"]);
    run(&["patch", "apply", "m-1", "script", "fix.json"]);
    run(&["gate", "approve", "m-1", "script"]);
    workspace
}

/// What an audit of these runs says.
pub fn audited(runs: &Path) -> Report {
    let reader = Reader::open(runs).unwrap();
    let runs = RunsDir::look(runs, None).unwrap();
    audit(&runs, &reader, Scope::default(), &mut |_| {})
}

/// Every file of the record, relative to the runs directory.
pub fn files(runs: &Path) -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("chain.jsonl")];
    for job in ["j-17", "m-1"] {
        files.extend(["events.jsonl", "state.json"].map(|name| Path::new(job).join(name)));
        for entry in std::fs::read_dir(runs.join(job).join("gates")).unwrap() {
            files.push(Path::new(job).join("gates").join(entry.unwrap().file_name()));
        }
    }
    files.sort();
    files
}
