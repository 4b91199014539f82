//! `holdpoint events`: what happened to a job, as lines or JSON Lines, once or until the job ends.

use clap::Args;

use domain::ids::JobId;
use domain::job::JobStatus;
use domain::old::ListedJob;
use domain::operator::Surface;
use domain::view::EventsSince;
use engine::Role;
use engine::client::Client;
use engine::waits::news_of;
use wire::EventDoc;

use super::ask::{self, with_engine};
use super::completions;
use super::global::GlobalArguments;
use super::old;
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::clock_time;

/// Events read at once.
const BATCH: u32 = 500;

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct EventsArguments {
    /// The job
    #[arg(add = completions::jobs())]
    job: JobId,
    /// Go on until the job ends
    #[arg(long)]
    follow: bool,
    /// Only events with a higher number than this
    #[arg(long, default_value_t = 0, value_name = "SEQ")]
    since: u64,
}

/// Prints them.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: EventsArguments) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let EventsArguments {
        job,
        follow: is_followed,
        since,
    } = arguments;
    if !is_followed {
        output.may_be_long();
    }
    let history = match session.open_existing(Role::Visitor) {
        Ok(engine) => {
            with_engine(engine, async |engine| {
                match ask::find(engine, &job).await? {
                    // An old record has no further events, so there is nothing to follow.
                    ListedJob::Old(_) => {
                        return Ok(engine.event_page(&job, EventsSince::Seq(since), u32::MAX).await?.0);
                    }
                    ListedJob::Ours(_) if is_followed => {
                        follow(engine, output, &job, since).await?;
                    }
                    ListedJob::Ours(_) => {
                        print_from(engine, output, &job, since).await?;
                    }
                }
                Ok(Vec::new())
            })
            .await?
        }
        Err(failure) => {
            old::instead(&session, &job, failure)?;
            let since = EventsSince::Seq(since);
            old::read(&session, |history, ours| {
                history.event_page(ours, &job, since, u32::MAX)
            })?
            .0
        }
    };
    for event in &history {
        print(output, &EventDoc::of_listed(event))?;
    }
    Ok(Exit::Done)
}

/// Prints a job's events from `since` on, those to come as well, until the job ends. Returns how it
/// ended.
pub(crate) async fn follow(
    engine: &Client,
    output: &mut Output,
    job_id: &JobId,
    since: u64,
) -> Result<JobStatus, CommandError> {
    let mut since = since;
    let mut news = engine.follow();
    loop {
        let rows = ask::job(engine, job_id).await?;
        // Read after the status: whatever ended the job is among them.
        let printed = print_from(engine, output, job_id, since).await?;
        if rows.job.status.is_ended() {
            return Ok(rows.job.status);
        }
        // What was just printed may be newer than the status.
        if printed == since {
            news_of(&mut news, job_id).await;
        }
        since = printed;
    }
}

/// Prints everything after `since` and returns the number of the last.
async fn print_from(engine: &Client, output: &mut Output, job_id: &JobId, since: u64) -> Result<u64, CommandError> {
    let mut since = since;
    loop {
        let events = engine.events(Some(job_id), since, BATCH).await?;
        for event in &events {
            print(output, &EventDoc::of(event))?;
        }
        output.flush()?;
        match events.last() {
            Some(last) => since = last.seq,
            None => return Ok(since),
        }
    }
}

fn print(output: &mut Output, event: &EventDoc<'_>) -> Result<(), CommandError> {
    if output.is_json {
        return output.json_line(event);
    }
    let stage = event.stage.map_or("-", |stage| stage.as_str());
    output.line(&format!(
        "{}  {:>5}  {:<18} {:<12} {}",
        clock_time(event.ts),
        event.seq,
        event.kind,
        stage,
        event.message
    ))
}
