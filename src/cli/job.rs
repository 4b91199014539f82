//! `holdpoint job`: start, list, show, resume, cancel, complete, watch.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::{Map, Value};

use domain::ask::{Command, NewJob};
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::operator::Surface;
use domain::view::JobFilter;
use engine::Role;
use engine::api::ReviewOpened;
use wire::JobDoc;

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::listing::{self, ListingArguments};
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;
use super::words::ago;
use super::{completions, done, events, job_show, old, preview};

/// The most jobs of a list unless more are asked for (WIRE.md).
const LIMIT_DEFAULT: u32 = 100;

/// What can be done with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Start a job and print its id
    #[command(after_help = START_HELP)]
    Start(StartArguments),
    /// List jobs, newest first
    List(ListArguments),
    /// Show a job: its stages, gates and artifacts
    Show {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
    },
    /// Let a paused job go on: apply the patch of the rejection, or run the stage again; where an
    /// artifact is not what was decided on, open its gate for review
    Resume {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
        /// Change nothing: tell what would happen, and end as the command would
        #[arg(long)]
        dry_run: bool,
    },
    /// End a job; the command of its running stage is killed
    Cancel {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
        /// Change nothing: tell what would happen, and end as the command would
        #[arg(long)]
        dry_run: bool,
    },
    /// Note that a job failed: it leaves the queue of every console
    Acknowledge {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
    },
    /// End a manual job well
    Complete {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
    },
    /// Print what happens to a job until it ends; exit 1 unless it completed. Runs stages when
    /// nobody else leads
    Watch {
        /// The job
        #[arg(add = completions::jobs())]
        job: JobId,
    },
}

impl JobCommand {
    pub(crate) fn action(&self) -> &'static str {
        match self {
            Self::Start(_) => "started",
            Self::List(_) => "listed",
            Self::Show { .. } => "shown",
            Self::Resume { .. } => "resumed",
            Self::Cancel { .. } => "canceled",
            Self::Acknowledge { .. } => "acknowledged",
            Self::Complete { .. } => "completed",
            Self::Watch { .. } => "watched",
        }
    }
}

const START_HELP: &str = "\
Examples:
  holdpoint job start --slug tide-pools --intent 'A short film about tide pools'
  holdpoint job start --slug reef --param length_s=45 --param tone=playful
  holdpoint job start --slug reef --param 'tags=[\"sea\", \"calm\"]'

In --param K=V the value is read as JSON when it is a JSON number, true, false,
null, array or object, else as text: length_s=45 is a number, tone=playful and
tone=\"playful\" are texts (the second with its quotation marks).";

/// A job to start.
#[derive(Debug, Args)]
pub(crate) struct StartArguments {
    /// A short name for people
    #[arg(long, value_name = "NAME")]
    slug: String,
    /// What the job is for
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    intent: String,
    /// A parameter for the stages; may be repeated
    #[arg(long = "param", value_name = "K=V", value_parser = param)]
    params: Vec<(String, Value)>,
    /// Run nothing: your own pipeline opens the gates with `gate open`
    #[arg(long)]
    manual: bool,
    /// Its id; a new one is made when none is given
    #[arg(long, value_name = "ID")]
    id: Option<JobId>,
}

/// Which jobs are listed.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only jobs in this state: queued, running, needs_approval, paused, completed, failed,
    /// canceled
    #[arg(long, value_parser = status)]
    status: Option<JobStatus>,
    /// Only jobs at this stage
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Only jobs that this person started
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only jobs started from then on: 2026-07-14, RFC 3339, or how long ago: 30d, 12h
    #[arg(long, value_name = "TIME", value_parser = listing::since)]
    since: Option<String>,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

/// What a line of comma-separated values has of a job.
const COLUMNS: [&str; 9] = [
    "id",
    "slug",
    "status",
    "stage",
    "created_at",
    "updated_at",
    "operator",
    "manual",
    "intent",
];

fn status(text: &str) -> Result<JobStatus, String> {
    let known: Vec<_> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
    JobStatus::parse(text).ok_or_else(|| format!("the states are {}", known.join(", ")))
}

/// `K=V`; the value is JSON where it can only be meant so.
fn param(text: &str) -> Result<(String, Value), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("a parameter is written name=value".to_owned());
    };
    if key.trim().is_empty() {
        return Err("the name before = is empty".to_owned());
    }
    let value = match serde_json::from_str::<Value>(value) {
        Ok(Value::String(_)) | Err(_) => Value::from(value),
        Ok(json) => json,
    };
    Ok((key.to_owned(), value))
}

/// Runs one of these commands.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, command: JobCommand) -> CommandResult {
    let action = command.action();
    match command {
        JobCommand::Start(arguments) => start(global, output, arguments).await?,
        JobCommand::List(only) => list(global, output, only).await?,
        JobCommand::Show { job } => job_show::run(global, output, &job).await?,
        JobCommand::Resume { job, dry_run } => {
            let command = Command::resume(job.clone());
            control(global, output, &job, command, dry_run.then_some(action)).await?;
        }
        JobCommand::Cancel { job, dry_run } => {
            control(
                global,
                output,
                &job,
                Command::Cancel(job.clone()),
                dry_run.then_some(action),
            )
            .await?;
        }
        JobCommand::Acknowledge { job } => {
            control(global, output, &job, Command::Acknowledge(job.clone()), None).await?;
        }
        JobCommand::Complete { job } => control(global, output, &job, Command::Complete(job.clone()), None).await?,
        JobCommand::Watch { job } => return watch(global, output, &job).await,
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct StartedDoc<'a> {
    #[serde(flatten)]
    job: JobDoc<'a>,
    published: bool,
}

async fn start(global: &GlobalArguments, output: &mut Output, arguments: StartArguments) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let mut params = Map::new();
    for (key, value) in arguments.params {
        if params.insert(key.clone(), value).is_some() {
            let message = format!("the parameter {key} is given twice");
            return Err(CommandError::new("invalid", message)
                .hint("keep one of the two")
                .at("params"));
        }
    }
    let new = NewJob {
        id: arguments.id,
        slug: arguments.slug,
        intent: arguments.intent,
        params,
        cfg: Map::new(),
        is_manual: arguments.manual,
    };
    with_engine(session.open(Role::Visitor)?, async |engine| {
        let done = engine.command(Command::StartJob(new)).await?;
        let (receipt, published) = &done;
        if output.is_json {
            output.document(&StartedDoc {
                job: JobDoc::of(&receipt.rows, session.lens()),
                published: published.is_ok(),
            })?;
        } else {
            output.line(receipt.job_id.as_str())?;
        }
        done::note_unpublished(output, &done);
        done::note_without_leader(engine).await;
        Ok(())
    })
    .await
}

/// Has it done; with `foreseen`, the word for it, only tells what would happen.
async fn control(
    global: &GlobalArguments,
    output: &mut Output,
    job: &JobId,
    command: Command,
    foreseen: Option<&str>,
) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let is_resume = matches!(command, Command::Resume { .. });
    with_engine(session.open_existing(Role::Visitor)?, async |engine| {
        if let Some(action) = foreseen {
            return preview::print(engine, output, job, command, action).await;
        }
        let done = engine.command(command).await?;
        let receipt = &done.0;
        done::print(engine, output, &done, &receipt.message, |document| {
            if is_resume {
                document.decision = receipt.decision.as_ref();
                document.patches_applied = Some(receipt.patches_applied);
                document.changed = Some(&receipt.changes);
                document.review = receipt.review.as_ref().map(ReviewOpened::document);
            }
        })
        .await
    })
    .await
}

async fn list(global: &GlobalArguments, output: &mut Output, only: ListArguments) -> Result<(), CommandError> {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let limit = only.listing.limit.unwrap_or(LIMIT_DEFAULT);
    let since = listing::since_at(only.since.as_ref(), session.now())?;
    // What is not asked of the record is looked for among all jobs.
    let is_narrowed = only.stage.is_some() || only.by.is_some() || since.is_some();
    let filter = JobFilter {
        status: only.status,
        before: None,
        limit: if is_narrowed { u32::MAX } else { limit.saturating_add(1) },
    };
    let jobs = match session.open_list()? {
        None => old::read(&session, |history, ours| history.list(ours, &filter))?,
        Some(engine) => with_engine(engine, async |engine| Ok(engine.list(filter).await?)).await?,
    };
    old::note_faults(&session);
    if jobs.is_empty() {
        session.note_no_jobs();
    }
    let documents = jobs.iter().map(|job| JobDoc::of_listed(job, session.lens()));
    let is_wanted = |job: &JobDoc<'_>| {
        only.stage.as_ref().is_none_or(|stage| job.stage == Some(stage))
            && only.by.as_ref().is_none_or(|name| job.operator == name)
            && since.is_none_or(|since| job.created_at >= since)
    };
    let mut documents: Vec<_> = documents.filter(is_wanted).collect();
    only.listing.cut_at(&mut documents, Some(limit));
    let none = session.none("There are no such jobs");
    only.listing.print(output, &documents, &COLUMNS, none, || {
        let mut table = Table::new(&["JOB", "SLUG", "STATUS", "STAGE", "STARTED", "BY"]);
        for job in &documents {
            let is_old = if job.old_record { ", old record" } else { "" };
            table.row(vec![
                job.id.to_string(),
                job.slug.to_owned(),
                format!("{}{is_old}", job.status.as_str()),
                job.stage.map(ToString::to_string).unwrap_or_default(),
                ago(job.created_at, session.now()),
                job.operator.to_owned(),
            ]);
        }
        table.giving_way(&["BY", "SLUG"])
    })
}

async fn watch(global: &GlobalArguments, output: &mut Output, id: &JobId) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let engine = session.open_existing(Role::Candidate("watch"))?;
    let status = with_engine(engine, async |engine| events::follow(engine, output, id).await).await?;
    match status {
        JobStatus::Completed => Ok(Exit::Done),
        JobStatus::Queued
        | JobStatus::Running
        | JobStatus::NeedsApproval
        | JobStatus::Paused
        | JobStatus::Failed
        | JobStatus::Canceled => Ok(Exit::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_is_json_where_it_can_only_be_meant_so() {
        for (text, value) in [
            ("length_s=45", json!(45)),
            ("pace=1.5", json!(1.5)),
            ("quiet=true", json!(true)),
            ("end=null", json!(null)),
            ("tags=[\"a\"]", json!(["a"])),
            ("deep={\"a\": 1}", json!({"a": 1})),
            ("tone=playful", json!("playful")),
            ("tone=\"playful\"", json!("\"playful\"")),
            ("equation=a=b", json!("a=b")),
            ("empty=", json!("")),
            ("broken=[1,", json!("[1,")),
        ] {
            let (_, read) = param(text).unwrap();
            assert_eq!(read, value, "{text}");
        }
        assert!(param("alone").is_err() && param("=1").is_err());
    }
}
