//! `holdpoint demo`: the console over a sample pipeline, in a runs directory of its own.

use std::path::PathBuf;

use serde_json::{Map, Value};

use config::ConfigText;
use demo::{DemoError, DemoJob, StageEnv, run_stage};
use domain::ask::{Command, NewJob, OutsideArtifact};
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::operator::Surface;
use domain::view::JobFilter;
use engine::Role;
use engine::client::Client;

use super::ask::with_engine;
use super::console;
use super::global::GlobalArguments;
use super::output::note;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::{CommandContext, config_text, load};

/// Where the demo keeps its jobs unless `--runs` names another place (SPEC §8).
const RUNS_DIR: &str = "runs/demo";
/// The key in a job's `cfg` that says that the demo started it.
const MARK: &str = "demo";

/// Starts the demo's jobs where there are none yet, then shows the console.
pub(crate) async fn run(global: &GlobalArguments) -> CommandResult {
    console::refuse_without_person(global)?;
    let text = match &global.config {
        Some(_) => config_text(global)?,
        None => ConfigText {
            text: demo::CONFIG.to_owned(),
            origin: "configuration of the demo".to_owned(),
            path: None,
        },
    };
    let (config, text) = load(text)?;
    let mut global = global.clone();
    global.runs.get_or_insert_with(|| PathBuf::from(RUNS_DIR));
    let session = CommandContext::with_config(&global, Surface::Console, config, text)?;
    // An engine of its own: what it is told on the way is not lost to the console, which begins
    // afresh.
    with_engine(session.open(Role::Visitor)?, async |engine| {
        prepare(engine, &session).await
    })
    .await?;
    let hint = "This is the demo: nothing you decide here harms anything";
    console::show(session, None, Some(hint.to_owned()), console::Rights::default()).await
}

/// The configuration of the demo, for a directory of one's own.
pub(crate) fn configuration() -> Result<&'static str, CommandError> {
    Ok(demo::CONFIG)
}

/// Does the work of a stage of the demo; its words go to the stage's log.
pub(crate) fn stage(stage: &str) -> CommandResult {
    let done = StageEnv::from_environment().and_then(|environment| run_stage(stage, &environment));
    done.map(|_| Exit::Done)
        .map_err(|error| CommandError::of("demo_stage", error))
}

async fn prepare(engine: &Client, session: &CommandContext) -> Result<(), CommandError> {
    let filter = JobFilter {
        limit: u32::MAX,
        ..JobFilter::default()
    };
    let present = engine.jobs(filter).await?;
    let is_ours = |rows: &JobRows| rows.job.cfg.contains_key(MARK);
    // Jobs that somebody added to the demo's are welcome; a directory of other work is not to be
    // joined.
    if !present.is_empty() && !present.iter().any(is_ours) {
        let runs_dir = session.runs_dir.display();
        return Err(
            CommandError::new("other_jobs", format!("{runs_dir} holds other jobs than the demo's"))
                .hint("choose another place: holdpoint demo --runs DIR")
                .at(runs_dir.to_string()),
        );
    }
    for job in demo::jobs().map_err(failed)? {
        let id = JobId::new(&job.slug).map_err(|error| CommandError::of("invalid", error))?;
        let known = present.iter().find(|rows| rows.job.id == id);
        if known.is_none() {
            start(engine, &id, &job).await?;
        }
        if known.is_none_or(|rows| rows.gates.is_empty()) {
            open_outside(engine, &id, &job).await?;
        }
    }
    Ok(())
}

fn failed(error: DemoError) -> CommandError {
    CommandError::of("demo", error)
}

async fn start(engine: &Client, id: &JobId, job: &DemoJob) -> Result<(), CommandError> {
    let new = NewJob {
        id: Some(id.clone()),
        slug: job.slug.clone(),
        intent: job.intent.clone(),
        params: job.params.clone(),
        cfg: Map::from_iter([(MARK.to_owned(), Value::from(true))]),
        is_manual: job.outside.is_some(),
    };
    // The files follow the answer; the demo does not wait for them.
    let _ = engine.command(Command::StartJob(new)).await?;
    Ok(())
}

/// Opens the gate that another pipeline would open on a manual job.
async fn open_outside(engine: &Client, id: &JobId, job: &DemoJob) -> Result<(), CommandError> {
    if job.outside.is_none() {
        return Ok(());
    }
    let folder = tempfile::tempdir().map_err(|error| {
        CommandError::new("demo", format!("no temporary directory can be made: {error}")).because(error)
    })?;
    let Some(gate) = demo::outside_gate(job, folder.path()).map_err(failed)? else {
        return Ok(());
    };
    let stage = StageName::new(gate.stage).map_err(|error| CommandError::of("invalid", error))?;
    let command = Command::OpenGate {
        job_id: id.clone(),
        stage,
        artifacts: gate
            .artifacts
            .into_iter()
            .map(|(kind, path)| OutsideArtifact {
                kind: kind.to_owned(),
                file: path.into(),
            })
            .collect(),
        bases: gate.base.into_iter().map(Into::into).collect(),
        context: Box::default(),
        heartbeat: None,
    };
    // The demo waits for the files, because the temporary ones are about to be removed.
    let (_, published) = engine.command(command).await?;
    if let Err(why) = published {
        note(&format!("Not yet on disk: {why}"));
    }
    Ok(())
}
