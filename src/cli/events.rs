//! `holdpoint events`: what happened to a job, or to all, as lines or JSON Lines, once or as it comes.

use std::ops::ControlFlow;

use clap::Args;
use tokio::sync::broadcast::error::RecvError;

use domain::event::Event;
use domain::ids::JobId;
use domain::job::JobStatus;
use domain::old::ListedJob;
use domain::operator::Surface;
use domain::time::Timestamp;
use domain::view::EventsSince;
use engine::Role;
use engine::client::Client;
use engine::waits::news_of;
use wire::EventDoc;

use super::ask::{self, with_engine};
use super::completions;
use super::global::GlobalArguments;
use super::listing::{self, Form, ListingArguments, comma_separated, since_at};
use super::old;
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::clock_time;

/// Events read at once.
const BATCH: u32 = 500;

const COLUMNS: [&str; 7] = ["seq", "ts", "job_id", "type", "stage", "status", "message"];

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct EventsArguments {
    /// The job
    #[arg(add = completions::jobs(), required_unless_present = "all", conflicts_with = "all")]
    job: Option<JobId>,
    /// Of all jobs
    #[arg(long)]
    all: bool,
    /// Go on until the job ends; with --all until Ctrl-C, and only with what happens from now on where
    /// --since says nothing else
    #[arg(long)]
    follow: bool,
    /// Only events with a higher number than this, or from this time on: 2026-07-14, 12h
    #[arg(long, visible_alias = "after", value_name = "SEQ|TIME", value_parser = since)]
    since: Option<String>,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

fn since(text: &str) -> Result<String, String> {
    match text.parse::<u64>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => listing::since(text).map_err(|why| format!("{why}; or an event's number")),
    }
}

/// Prints them.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, arguments: EventsArguments) -> CommandResult {
    let EventsArguments {
        job,
        follow: is_followed,
        since,
        listing,
        ..
    } = arguments;
    if is_followed && listing.output == Some(Form::Json) {
        let failure = CommandError::new("invalid", "what goes on is never one whole document");
        return Err(failure.hint("--output jsonl prints a document a line").at("--output"));
    }
    let global = GlobalArguments {
        is_patient: is_followed,
        ..global.clone()
    };
    let session = CommandContext::resolve(&global, Surface::Cli).await?;
    if !is_followed {
        output.may_be_long();
    }
    let from = match since.as_ref().and_then(|since| since.parse().ok()) {
        Some(seq) => Some(EventsSince::Seq(seq)),
        None => since_at(since.as_ref(), session.now())?.map(EventsSince::Time),
    };
    let mut printer = Printer::new(output, listing, job.is_none(), is_followed)?;
    let history = match (session.open_existing(Role::Visitor), &job) {
        (Ok(engine), job) => {
            with_engine(engine, async |engine| {
                let Some(job) = job else {
                    let from = match from {
                        None if is_followed => newest(engine, None).await?,
                        from => begin(engine, None, from).await?,
                    };
                    if is_followed {
                        follow_all(engine, &mut printer, from).await?;
                    } else {
                        print_from(engine, &mut printer, None, from).await?;
                    }
                    return Ok(Vec::new());
                };
                match ask::find(engine, job).await? {
                    // An old record has no further events, so there is nothing to follow.
                    ListedJob::Old(_) => {
                        let from = from.unwrap_or(EventsSince::Seq(0));
                        return Ok(engine.event_page(job, from, u32::MAX).await?.0);
                    }
                    ListedJob::Ours(_) => {
                        let from = begin(engine, Some(job), from).await?;
                        if is_followed {
                            follow_from(engine, &mut printer, job, from).await?;
                        } else {
                            print_from(engine, &mut printer, Some(job), from).await?;
                        }
                    }
                }
                Ok(Vec::new())
            })
            .await?
        }
        (Err(failure), None) => return Err(failure),
        (Err(failure), Some(job)) => {
            old::instead(&session, job, failure)?;
            let since = from.unwrap_or(EventsSince::Seq(0));
            old::read(&session, |history, ours| history.event_page(ours, job, since, u32::MAX))?.0
        }
    };
    for event in &history {
        if printer.print(&EventDoc::of_listed(event))?.is_break() {
            break;
        }
    }
    printer.end()?;
    Ok(Exit::Done)
}

/// The number behind which events are printed: those from a time on are looked for by halves, as
/// times rise with the numbers unless somebody has set the clock.
async fn begin(engine: &Client, job: Option<&JobId>, from: Option<EventsSince>) -> Result<u64, CommandError> {
    let at: Timestamp = match from {
        None => return Ok(0),
        Some(EventsSince::Seq(seq)) => return Ok(seq),
        Some(EventsSince::Time(at)) => at,
    };
    let (mut before, mut last) = (0, newest(engine, job).await?);
    while before < last {
        let middle = before + (last - before) / 2;
        match engine.events(job, middle, 1).await?.first() {
            Some(event) if event.ts < at => before = event.seq,
            Some(_) | None => last = middle,
        }
    }
    Ok(before)
}

async fn newest(engine: &Client, job: Option<&JobId>) -> Result<u64, CommandError> {
    let newest = engine.last_events(job, 1).await?;
    Ok(newest.last().map_or(0, |event| event.seq))
}

/// Prints a job's events, those to come as well, until the job ends. Returns how it ended.
pub(crate) async fn follow(engine: &Client, output: &mut Output, job_id: &JobId) -> Result<JobStatus, CommandError> {
    let mut printer = Printer::new(output, ListingArguments::default(), false, true)?;
    follow_from(engine, &mut printer, job_id, 0).await
}

async fn follow_from(
    engine: &Client,
    printer: &mut Printer<'_>,
    job_id: &JobId,
    since: u64,
) -> Result<JobStatus, CommandError> {
    let mut since = since;
    let mut news = engine.follow();
    loop {
        let rows = ask::job(engine, job_id).await?;
        // Read after the status: whatever ended the job is among them.
        let printed = print_from(engine, printer, Some(job_id), since).await?;
        if rows.job.status.is_ended() || printer.is_full() {
            return Ok(rows.job.status);
        }
        // What was just printed may be newer than the status.
        if printed == since {
            news_of(&mut news, job_id).await;
        }
        since = printed;
    }
}

/// Prints the events of all jobs from `since` on, and those to come. What is told only says that it is
/// time to read: by their numbers none is missed and none comes twice, also when a line was lost.
async fn follow_all(engine: &Client, printer: &mut Printer<'_>, since: u64) -> Result<(), CommandError> {
    let mut since = since;
    let mut news = engine.follow();
    loop {
        let printed = print_from(engine, printer, None, since).await?;
        if printer.is_full() {
            return Ok(());
        }
        if printed == since && matches!(news.recv().await, Err(RecvError::Closed)) {
            return Ok(());
        }
        since = printed;
    }
}

/// Prints everything after `since` and returns the number of the last.
async fn print_from(
    engine: &Client,
    printer: &mut Printer<'_>,
    job_id: Option<&JobId>,
    since: u64,
) -> Result<u64, CommandError> {
    let mut since = since;
    loop {
        let events = engine.events(job_id, since, BATCH).await?;
        for event in &events {
            if printer.event(event)?.is_break() {
                printer.output.flush()?;
                return Ok(event.seq);
            }
        }
        printer.output.flush()?;
        match events.last() {
            Some(last) => since = last.seq,
            None => return Ok(since),
        }
    }
}

/// Events as they are printed, one by one.
struct Printer<'a> {
    output: &'a mut Output,
    form: Option<Form>,
    /// Whether a line says which job it is about.
    names_job: bool,
    /// How many more may be printed; none: all.
    left: Option<u32>,
    limit: Option<u32>,
    is_followed: bool,
    /// What becomes one document.
    whole: Vec<serde_json::Value>,
}

impl<'a> Printer<'a> {
    fn new(
        output: &'a mut Output,
        listing: ListingArguments,
        names_job: bool,
        is_followed: bool,
    ) -> Result<Self, CommandError> {
        if listing.output == Some(Form::Csv) {
            output.line(&COLUMNS.join(","))?;
        }
        Ok(Self {
            output,
            form: listing.output,
            names_job,
            left: listing.limit,
            limit: listing.limit,
            is_followed,
            whole: Vec::new(),
        })
    }

    fn is_full(&self) -> bool {
        self.is_followed && self.left == Some(0)
    }

    fn event(&mut self, event: &Event) -> Result<ControlFlow<()>, CommandError> {
        self.print(&EventDoc::of(event))
    }

    /// Prints one; break: no more are wanted.
    fn print(&mut self, event: &EventDoc<'_>) -> Result<ControlFlow<()>, CommandError> {
        if self.left == Some(0) {
            if let Some(limit) = self.limit {
                note(&format!("Only the first {limit} are listed; more with --limit"));
            }
            return Ok(ControlFlow::Break(()));
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        match self.form {
            Some(Form::Json) => self.whole.push(serde_json::to_value(event).unwrap_or_default()),
            Some(Form::Csv) => self.output.line(&comma_separated(event, &COLUMNS))?,
            Some(Form::Jsonl) => self.output.json_line(event)?,
            Some(Form::Table) | None if self.output.is_json => self.output.json_line(event)?,
            Some(Form::Table) | None => {
                let job = match self.names_job {
                    true => format!(" {:<12}", event.job_id.as_str()),
                    false => String::new(),
                };
                self.output.line(&format!(
                    "{}  {:>5} {job} {:<18} {:<12} {}",
                    clock_time(event.ts),
                    event.seq,
                    event.kind,
                    event.stage.map_or("-", |stage| stage.as_str()),
                    event.message
                ))?;
            }
        }
        Ok(if self.is_full() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }

    /// Prints what is one document.
    fn end(self) -> Result<(), CommandError> {
        match self.form {
            Some(Form::Json) => self.output.document(&self.whole),
            Some(Form::Table | Form::Jsonl | Form::Csv) | None => Ok(()),
        }
    }
}
