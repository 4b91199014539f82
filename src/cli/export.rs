//! `holdpoint export`: run directories written from the rows.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use domain::ids::JobId;
use domain::operator::Surface;
use engine::exporting::Export;
use runs::{RunsDir, locks};

use super::audit_report::count;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;

/// What the help says besides.
pub(crate) const HELP: &str = "\
Writes state.json, events.jsonl, decision files and artifacts, as the record has
them, into the runs directory or that of --to; chain.jsonl with the links of these
decisions, with --all of every one. Of several hosts that share a record one has
the run directories: this writes them on any. What lies there already and is no
version of the record is left, and told (exit 1).

  holdpoint export j-17 --to for-the-auditor --versions
  holdpoint export --all";

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// The jobs
    #[arg(required_unless_present = "all")]
    jobs: Vec<JobId>,
    /// All jobs
    #[arg(long, conflicts_with = "jobs")]
    all: bool,
    /// Write into this directory instead of the runs directory; made where there is none
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Also write every version that the jobs ever had
    #[arg(long)]
    versions: bool,
}

#[derive(Serialize)]
struct ExportedDoc {
    jobs: u64,
    /// Null where they were not asked for.
    versions: Option<u64>,
    to: String,
    /// What was left as it lies, or could not be written, a line each.
    left: Vec<String>,
}

/// Does it.
pub(crate) fn run(global: &GlobalArguments, arguments: &ExportArguments) -> CommandResult {
    let context = CommandContext::here(global, Surface::Cli)?;
    let (_, reader) = context.look()?;
    let runs = RunsDir::open(&context.runs_dir, context.group())?;
    // Nobody replaces the database meanwhile.
    let _presence = locks::enter(&runs)?;
    let to = arguments.to.as_ref();
    let to = to.map(|to| RunsDir::open(to, context.group())).transpose()?;
    if let Some(to) = to.as_ref().filter(|to| to.database().exists()) {
        let message = format!("{} is a runs directory with a record of its own", to.path().display());
        return Err(CommandError::new("not_possible", message).hint("name another directory with --to"));
    }
    for job_id in &arguments.jobs {
        if reader.mark(job_id)?.is_none() {
            return Err(CommandError::not_found(format!("there is no job {job_id}")));
        }
    }
    let export = Export {
        runs: &runs,
        to: to.as_ref(),
        reader: &reader,
        has_versions: arguments.versions,
    };
    let exported = export.write((!arguments.all).then_some(arguments.jobs.as_slice()))?;
    let place = to.as_ref().unwrap_or(&runs).path().display().to_string();
    let exit = match exported.left.is_empty() {
        true => Exit::Done,
        false => Exit::Failed,
    };
    let mut output = Output::new(global);
    if output.is_json {
        output.document(&ExportedDoc {
            jobs: exported.jobs,
            versions: arguments.versions.then_some(exported.versions),
            to: place,
            left: exported.left,
        })?;
    } else {
        for left in &exported.left {
            output.line(&format!("left: {left}"))?;
        }
        let versions = match arguments.versions {
            true => format!(", {}", count(exported.versions, "version")),
            false => String::new(),
        };
        output.line(&format!("{place} has {}{versions}", count(exported.jobs, "job")))?;
    }
    output.flush()?;
    Ok(exit)
}
