//! A runs directory with a bit of everything in its record, made by the real binary.

use std::path::{Path, PathBuf};

use engine::audit::{Report, Scope, audit};
use runs::RunsDir;
use store::Reader;

use crate::support::run::{Workspace, text_replace};

pub const PIPELINE: &str = "\
pipeline: {stages: [{name: outline}, {name: script}, {name: acceptance}]}
gates:
  outline: {required: true}
  script: {required: false, auto_approve: true, auto_approve_after_s: 1800}
  acceptance: {required: true}
";

/// Two jobs: one that holdpoint runs and one from outside with artifacts, a rejection, a patch and
/// an undone attempt.
pub fn told() -> Workspace {
    let workspace = Workspace::new(PIPELINE);
    tell(&workspace);
    workspace
}

/// The same in a workspace with that pipeline.
pub fn tell(workspace: &Workspace) {
    workspace.ok("job start --slug tides --id j-17 --param length_s=45.0 --intent 'ebb – flow'");
    workspace.ok("gate approve j-17 outline --notes 'good – go on\n\u{1b}[2J'");
    workspace.write("draft.md", "# One\n\nLow tide is at noon, bring boots.\n");
    let fix = text_replace("boots", "wellies");
    workspace.write("fix.json", fix);
    workspace.ok("gate open m-1 script --artifact script=draft.md");
    workspace.ok("gate reject m-1 script --notes 'mind the boots' --patch fix.json");
    workspace.ok("job resume m-1");
    workspace.write("draft.md", "# One\n\nLow tide is at one, bring boots.\n");
    workspace.ok("gate open m-1 script --artifact script=draft.md");
    workspace.ok("patch apply m-1 script fix.json");
    workspace.ok("gate approve m-1 script");
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
