//! What a Tab offers: asked as the shells' scripts ask, and by real shells.

use std::path::Path;

use crate::http::examples::has;
use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_lacks};

const PIPELINE: &str = "pipeline: {stages: [outline, script, audio]}\ngates: {outline: {}, script: {}, audio: {}}\n";

/// Two jobs: one at the gate of its second stage, one that was canceled.
fn with_jobs() -> Workspace {
    let workspace = Workspace::new(PIPELINE);
    workspace.ok("job start --slug tides --id j-17");
    workspace.ok("gate approve j-17 outline");
    workspace.ok("job start --slug dunes --id k-21");
    workspace.ok("job cancel k-21");
    workspace
}

/// What is offered for the last of these words: values, with what fish shows beside them.
fn offered(workspace: &Workspace, words: &[&str]) -> Vec<(String, String)> {
    let args = [&["--", "holdpoint"], words].concat();
    let output = workspace.under(&[("HOLDPOINT_COMPLETE", "fish")], &args);
    assert!(output.status.success(), "{words:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let pairs = told.lines().map(|line| line.split_once('\t').unwrap_or((line, "")));
    pairs.map(|(value, help)| (value.to_owned(), help.to_owned())).collect()
}

fn values(workspace: &Workspace, words: &[&str]) -> Vec<String> {
    offered(workspace, words).into_iter().map(|(value, _)| value).collect()
}

#[test]
fn jobs_and_stages_come_from_the_record_and_fit_the_command() {
    let workspace = with_jobs();
    let told = |value: &str, help: &str| (value.to_owned(), help.to_owned());
    assert_eq!(
        offered(&workspace, &["job", "show", ""]),
        [told("k-21", "dunes, canceled"), told("j-17", "tides, needs_approval")]
    );
    assert_eq!(values(&workspace, &["job", "show", "j"]), ["j-17"]);
    // What can be decided is what is open.
    for command in ["approve", "reject", "hold", "extend", "withdraw"] {
        assert_eq!(values(&workspace, &["gate", command, ""]), ["j-17"], "{command}");
        let stages = offered(&workspace, &["gate", command, "j-17", ""]);
        assert_eq!(stages, [told("script", "open")], "{command}");
    }
    assert_eq!(values(&workspace, &["patch", "apply", "j-17", ""]), ["script"]);
    assert_eq!(
        offered(&workspace, &["gate", "show", "j-17", ""]),
        [
            told("outline", "approved"),
            told("script", "open"),
            told("audio", "not_reached")
        ]
    );
    assert_eq!(values(&workspace, &["console", "j-17", "s"]), ["script"]);
    // A job that is not there yet has the stages of the configuration.
    assert_eq!(values(&workspace, &["gate", "open", "new-1", "a"]), ["audio"]);
    // Options come where they are begun, or nothing else can stand there.
    assert_contains(
        &values(&workspace, &["gate", "approve", "j-17", "script", "--no"]).join(" "),
        "--notes",
    );
    assert_contains(&values(&workspace, &["stats", ""]).join(" "), "--since");
    let commands = values(&workspace, &[""]);
    assert!(commands.contains(&"gate".to_owned()) && !commands.iter().any(|command| command.starts_with("__")));
}

#[test]
fn the_place_that_the_line_names_is_asked() {
    let workspace = with_jobs();
    workspace.write("other.yaml", "storage: {runs_dir: elsewhere}\npipeline: {stages: []}\n");
    workspace.ok("job start --slug there --id e-1 --manual --config other.yaml");
    for words in [
        &["--runs", "elsewhere", "job", "show", ""][..],
        &["job", "show", "--runs=elsewhere", ""],
        &["--config", "other.yaml", "job", "show", ""],
    ] {
        assert_eq!(values(&workspace, words), ["e-1"], "{words:?}");
    }
    // A server that is not there is no reason to offer the jobs that are here.
    let far = ["--server", "http://127.0.0.1:9", "job", "show", ""];
    assert!(!values(&workspace, &far).iter().any(|value| value == "j-17"));
}

#[test]
fn what_cannot_be_read_is_not_offered_and_nothing_is_made_or_said() {
    let workspace = with_jobs();
    let none = ["--runs", "nowhere", "job", "show", ""];
    assert!(
        !values(&workspace, &none)
            .iter()
            .any(|value| value.contains('-') && !value.starts_with('-'))
    );
    assert!(!workspace.exists("nowhere"));
    workspace.write("broken.yaml", "gates: [");
    let broken = ["--config", "broken.yaml", "gate", "approve", ""];
    assert_lacks(&values(&workspace, &broken).join(" "), "j-17");
    // A job's name is a stranger's text: it steers no terminal.
    workspace.ok(&["job", "start", "--slug", "x\u{1b}[2Jy", "--id", "z-1", "--manual"]);
    let help = offered(&workspace, &["job", "show", "z"]);
    assert!(!help[0].1.contains('\u{1b}'), "{help:?}");
}

/// A shell at work in the workspace, which finds this holdpoint on its path.
fn shell(workspace: &Workspace, program: &str, args: &[&str], before: &str) -> Pty {
    let own = holdpoint().parent().expect("it lies in a directory");
    let path = format!("{}:{}", own.display(), std::env::var("PATH").expect("there is a path"));
    let options = PtyOptions::new(workspace.root())
        .args(args.iter().copied())
        .env("PATH", path)
        .env("PS1", "shell> ")
        .env("TERM", "xterm-256color");
    let mut pty = Pty::spawn_program(Path::new(program), options);
    pty.wait_text("shell>");
    pty.send(&format!("'{before}; echo rea''dy' Enter"));
    pty
}

#[test]
fn bash_completes_a_whole_command_line() {
    let workspace = with_jobs();
    let mut bash = shell(
        &workspace,
        "/bin/bash",
        &["--norc", "--noprofile", "-i"],
        "source <(holdpoint completions bash)",
    );
    bash.wait_text("ready");
    bash.send("'holdpoint ga' Tab");
    bash.wait_text("holdpoint gate ");
    bash.send("appr Tab");
    bash.wait_text("holdpoint gate approve ");
    bash.send("Tab");
    bash.wait_text("holdpoint gate approve j-17");
    bash.send("Tab");
    bash.wait_text("holdpoint gate approve j-17 script");
    bash.send("--no Tab");
    bash.wait_text("script --no");
    bash.send("t Tab");
    bash.wait_text("holdpoint gate approve j-17 script --notes ");
    bash.send("fine Enter");
    bash.wait_text("Gate script approved successfully");
    assert_eq!(workspace.decision("j-17", "script")["notes"], "fine");
}

#[test]
fn zsh_completes_too() {
    if !has("zsh completes", &[&["zsh", "--version"]]) {
        return;
    }
    let workspace = with_jobs();
    let before = "autoload -Uz compinit && compinit -u; source <(holdpoint completions zsh)";
    let mut zsh = shell(&workspace, "/usr/bin/zsh", &["-f", "-i"], before);
    zsh.wait_text("ready");
    zsh.send("'holdpoint gate approve ' Tab");
    zsh.wait_text("holdpoint gate approve j-17");
    zsh.send("Tab");
    zsh.wait_text("holdpoint gate approve j-17 script");
}

#[test]
fn fish_completes_too() {
    if !has("fish completes", &[&["fish", "--version"]]) {
        return;
    }
    let workspace = with_jobs();
    let ask = "holdpoint completions fish | source; complete -C 'holdpoint gate approve j-17 '";
    let output = crate::http::examples::command(&workspace, "fish", &["--no-config", "-c", ask])
        .output()
        .expect("fish runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "script\topen\n");
}
