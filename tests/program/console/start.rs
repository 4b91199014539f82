//! Starting: refused where nobody sits, and going on where another console died.

use nix::sys::stat::Mode;
use serde_json::json;

use super::desk::Desk;
use super::record;
use crate::support::beside::wait_for;
use crate::support::run::Workspace;

const WAITS: &str = r#"
pipeline:
  stages:
    - name: script
      command:
        - /bin/sh
        - -c
        - >-
          echo run >> runs.txt; cat hold; mkdir -p artifacts/script; echo 'Low tide.' > artifacts/script/script.txt
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: release
gates: {script: {required: true}, release: {required: true}}
"#;

#[test]
fn without_a_terminal_nothing_starts() {
    let workspace = Workspace::new(WAITS);
    for args in [&[][..], &["console"], &["demo"]] {
        let (stdout, stderr) = workspace.run(args, 1);
        assert_eq!(stdout, "", "{args:?}");
        assert!(
            stderr.starts_with("Not started: standard output is not a terminal")
                && stderr.contains("hint: use holdpoint"),
            "{args:?}: {stderr}"
        );
    }
    assert_eq!(
        workspace.runs().read_dir().map(Iterator::count).ok(),
        Some(0),
        "and nothing is made"
    );
}

#[test]
fn a_stage_outlives_its_console_and_the_next_one_opens_its_gate() {
    let workspace = Workspace::new(WAITS);
    let first = Desk::leading(&workspace);
    // The command waits in this pipe: the console dies in the middle of the stage.
    std::fs::create_dir_all(workspace.run_directory("j-1")).expect("the run directory can be made");
    let pipe = workspace.run_directory("j-1").join("hold");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe can be made");
    workspace.ok("job start --id j-1 --slug tides");
    first.sees("running");
    // Opening to write returns when the command has opened to read.
    let writer = std::fs::OpenOptions::new()
        .write(true)
        .open(&pipe)
        .expect("the command reads");
    first.killed();

    let mut next = Desk::leading(&workspace);
    next.sees("running");
    drop(writer);
    wait_for(&workspace, "j-1", "gate_opened", 0);
    next.reads("j-1", "script", 1, "Low tide.");
    next.approves("j-1 tides / script #1");
    workspace.ok("gate wait j-1 script");
    next.leaves();
    assert_eq!(workspace.read("runs/j-1/runs.txt"), "run\n", "the command ran once");
    assert_eq!(workspace.decision("j-1", "script")["attempt"], json!(1));
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}
