//! holdpoint started on what a loss of power left: in this process, which is quick, and as the
//! program that people run.

use std::path::Path;

use engine::Role;
use engine::audit::{Scope, audit};
use engine::repair::repair;
use runs::RunsDir;
use store::Reader;

use super::story::{self, GATES, STORY};
use crate::support::engine::settings;
use crate::support::run::Workspace;

/// What the start left undone, of which there should be nothing; the error is what was broken of
/// the promises all the same.
pub fn in_process(runs: &Path, answered: usize) -> Result<Vec<String>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let opened = engine::Engine::open(settings(runs, GATES, "ana", Role::Visitor));
        let mut engine = opened.map_err(|error| format!("it does not start: {error}"))?;
        engine.rest().await;
        engine.close();
        Ok::<(), String>(())
    })?;
    let directory = RunsDir::open(runs, None).unwrap();
    let reader = Reader::open(runs).map_err(|error| error.to_string())?;
    let scope = Scope {
        is_hashing_versions: true,
        ..Scope::default()
    };
    let wrong = || {
        let report = audit(&directory, &reader, scope, &mut |_| {});
        let findings = report.findings.iter();
        let mut wrong: Vec<String> = findings.map(|one| format!("{}: {}", one.place, one.message)).collect();
        wrong.extend(report.owed.iter().map(|owed| format!("{} is owed files", owed.job_id)));
        wrong
    };
    let left = wrong();
    if !left.is_empty() {
        repair(&directory, &reader, &mut |_| {}).map_err(|error| error.to_string())?;
    }
    let wrong = wrong();
    if !wrong.is_empty() {
        return Err(format!("not sound after doctor --repair: {}", wrong.join("; ")));
    }
    match story::broken(runs, &reader, answered) {
        Some(what) => Err(format!("{what} was answered, and is not there")),
        None => Ok(left),
    }
}

/// The same with the program itself. Somebody looks, goes on with other work, and asks about the
/// record; what was asked for last is decided once, whether the answer came or not.
pub fn by_hand(workspace: &Workspace, runs: &Path, answered: usize) -> Result<(), String> {
    let runs_dir = runs.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let output = workspace.cmd(arguments).args(["--runs", runs_dir]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), format!("{arguments:?}: {said}"), output.stdout)
    };
    let well = |arguments: &[&str]| match run(arguments) {
        (Some(0), _, stdout) => Ok(stdout),
        (_, said, _) => Err(said),
    };
    // Whoever only looks changes nothing, and may find what is owed.
    let (status, said, _) = run(&["doctor"]);
    if !matches!(status, Some(0 | 1)) {
        return Err(said);
    }
    well(&["gate", "list"])?;
    well(&["gate", "open", "j-9", "deploy", "--artifact", "plan=plan.txt"])?;
    well(&["doctor", "--versions"])?;
    well(&["doctor", "--repair"])?;
    well(&["decisions", "verify", "--versions"])?;
    well(&["job", "show", "j-1"])?;
    let listed: serde_json::Value = serde_json::from_slice(&well(&["decisions", "list", "--json"])?).unwrap();
    for (at, (arguments, (what, _))) in STORY.iter().enumerate() {
        let ["gate", verdict @ ("approve" | "reject"), job, stage, ..] = *arguments else {
            continue;
        };
        let is_listed = listed.as_array().unwrap().iter().any(|decision| {
            decision["job_id"] == *job && decision["stage"] == *stage && decision["approved"] == (*verdict == "approve")
        });
        if at < answered && !is_listed {
            return Err(format!("{what} was answered, and is not listed: {listed}"));
        }
        // Nobody decides twice, and what was not answered can be asked for again.
        if at <= answered && (is_listed || at == answered) {
            let (status, said, _) = run(arguments);
            if status != Some(if is_listed { 5 } else { 0 }) {
                return Err(format!("{what}, listed: {is_listed}: {said}"));
            }
        }
    }
    let reader = Reader::open(runs).map_err(|error| error.to_string())?;
    match story::broken(runs, &reader, answered) {
        Some(what) => Err(format!("{what} was answered, and is not there")),
        None => Ok(()),
    }
}
