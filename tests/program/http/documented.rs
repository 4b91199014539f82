//! The commands of docs/HTTP.md, run as they stand there: what a reader copies has to work.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::json;

use super::examples::{command, has};
use crate::support::client::{Served, configuration, serving};
use crate::support::run::Workspace;

/// The shell blocks of the document under a heading.
fn shell_under(heading: &str) -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/HTTP.md")).unwrap();
    let section = text.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks: Vec<&str> = section
        .split("documented.rs\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!blocks.is_empty(), "no commands under {heading}");
    blocks.concat()
}

fn shell(workspace: &Workspace, script: &str, token: &str) -> Child {
    let mut command = command(workspace, "bash", &["-e", "-o", "pipefail", "-c", script]);
    command.env("TOKEN", token).spawn().unwrap()
}

/// The environment that the section Start makes, at the address where the server of the test
/// listens.
fn start(served: &Served) -> String {
    let start = shell_under("Start");
    let exported = start.lines().find(|line| line.starts_with("export ")).unwrap();
    let exported = exported.replace("127.0.0.1:8008", &served.address.to_string());
    assert!(exported.contains(&served.address.to_string()), "{exported}");
    exported + "\n"
}

#[test]
fn a_token_is_made_as_the_document_says_and_opens_the_queue() {
    if !has("docs/HTTP.md", &[&["curl", "--version"], &["bash", "--version"]]) {
        return;
    }
    let workspace = Workspace::new(&configuration(""));
    let document = shell_under("Start");
    let made = document.lines().next().unwrap();
    let output = shell(&workspace, made, "").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said
        .lines()
        .find(|line| line.contains("sha256"))
        .unwrap()
        .trim()
        .trim_start_matches("- ");
    let token = said
        .split_whitespace()
        .find(|word| word.len() >= 32 && !line.contains(*word))
        .unwrap();
    let tokens = format!("gates: {{outline: {{}}}}\nserver: {{port: 0}}\nsecurity:\n  tokens:\n    - {line}\n");
    workspace.write("conf/operator.yaml", tokens);
    let served = Served::start(&workspace);
    workspace.ok("job start --id j-1 --slug tides");
    let asked = document.lines().find(|line| line.starts_with("curl ")).unwrap();
    let output = shell(&workspace, &(start(&served) + asked), token)
        .wait_with_output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && listed.contains("\"j-1\""), "{listed}");
}

#[test]
fn a_pipeline_of_ones_own_goes_on_with_the_bytes_as_decided() {
    if !has(
        "docs/HTTP.md",
        &[&["curl", "--version"], &["jq", "--version"], &["bash", "--version"]],
    ) {
        return;
    }
    let workspace = Workspace::new(&configuration(""));
    workspace.write("plan.txt", "migrate the database\nrestart the workers\n");
    let served = Served::start(&workspace);
    let script = start(&served) + &shell_under("A pipeline of your own, in any language");
    for (deed, ends_with) in [("reject", 3), ("approve", 0)] {
        let child = shell(&workspace, &script, "pipe-token");
        let ana = served.ana();
        while !ana.get("/api/v1/gates").expect(200).to_string().contains("deploy-42") {}
        let body = json!({"stage": "release"});
        ana.post(&format!("/api/v1/jobs/deploy-42/{deed}"), &body).expect(200);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(ends_with), "{output:?}");
    }
    assert_eq!(
        workspace.read("plan.txt"),
        "migrate the database\nrestart the workers\n"
    );
}

#[test]
fn more_time_is_given_and_events_are_followed_as_the_document_says() {
    if !has(
        "docs/HTTP.md",
        &[&["curl", "--version"], &["jq", "--version"], &["bash", "--version"]],
    ) {
        return;
    }
    let (workspace, served, ana) = serving("");
    let id = ana.start_job("tides");
    ana.approve(&id);
    let of_job = |script: String| script.replace("j-17", &id);
    let script = of_job(start(&served) + &shell_under("More time"));
    let output = shell(&workspace, &script, "ana-token").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let kinds = workspace.event_types(&id);
    for kind in ["gate_held", "gate_released", "gate_extended"] {
        assert!(kinds.iter().any(|one| one == kind), "{kind}: {kinds:?}");
    }
    let script = of_job(start(&served) + &shell_under("Live"));
    let mut child = shell(&workspace, &script, "view-token");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("gate_extended")), "the events that were");
    served.terminate();
    assert!(lines.any(|line| line.contains("closing")), "and the end");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_console_of_ones_own_does_as_the_document_says() {
    if !has(
        "docs/HTTP.md",
        &[&["curl", "--version"], &["jq", "--version"], &["bash", "--version"]],
    ) {
        return;
    }
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-17 script --artifact plan=plan.txt");
    let script = start(&served) + &shell_under("A console of your own");
    let output = shell(&workspace, &script, "ana-token").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("\"ana\"\n{"), "{said}");
    assert!(said.ends_with("}\nnew\nnull\n"), "{said}");
}

#[test]
fn drafts_are_kept_read_and_removed_as_the_document_says() {
    if !has(
        "docs/HTTP.md",
        &[&["curl", "--version"], &["jq", "--version"], &["bash", "--version"]],
    ) {
        return;
    }
    let (workspace, served, _ana) = serving("");
    workspace.write("plan.txt", "new\n");
    workspace.ok("gate open j-17 script --artifact plan=plan.txt");
    let script = start(&served) + &shell_under("Drafts");
    let output = shell(&workspace, &script, "ana-token").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "ana: note of a rejection, 1 comment\nnull\n");
}

#[test]
fn comments_reach_whoever_waits_as_the_document_says() {
    let Some((workspace, served)) = gate_of("deploy-42", "script.txt", &"a line\n".repeat(12)) else {
        return;
    };
    let script = start(&served) + &shell_under("Comments on lines");
    let output = shell(&workspace, &script, "ana-token").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\"text\": \"wrong unit\""), "{said}");
}

#[test]
fn what_would_happen_is_told_as_the_document_says() {
    let Some((workspace, served)) = gate_of("j-17", "script.txt", "new\n") else {
        return;
    };
    let script = start(&served) + &shell_under("What would happen");
    let output = shell(&workspace, &script, "ana-token").wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("j-17 script: approves"), "{said}");
}

/// A server with an open gate `script` of this job, about one file.
fn gate_of(job: &str, file: &str, text: &str) -> Option<(Workspace, Served)> {
    if !has(
        "docs/HTTP.md",
        &[&["curl", "--version"], &["jq", "--version"], &["bash", "--version"]],
    ) {
        return None;
    }
    let (workspace, served, _ana) = serving("");
    workspace.write(file, text);
    workspace.ok(&format!("gate open {job} script --artifact plan={file}"));
    Some((workspace, served))
}

#[test]
fn every_section_of_the_document_that_has_commands_is_run_here() {
    let own = include_str!("documented.rs");
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/HTTP.md")).unwrap();
    for section in text
        .split("\n## ")
        .skip(1)
        .filter(|section| section.contains("documented.rs\n"))
    {
        let heading = section.lines().next().unwrap();
        assert!(own.contains(&format!("shell_under(\"{heading}\")")), "## {heading}");
    }
}
