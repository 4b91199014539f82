//! `holdpoint gate list`: what waits for a decision, the next deadline first.

use std::sync::Arc;

use clap::Args;

use domain::artifact::NO_TEXT;
use domain::context::GateContext;
use domain::filter::{self, GateFilter, Reading};
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::operator::Surface;
use domain::stage_state::StageState;
use domain::time::{Timestamp, parse_span_s};
use domain::view::JobFilter;
use engine::client::Client;
use wire::{GateDoc, HoldDoc, JobGateDoc, StoppedDoc};

use super::ask::{self, with_engine};
use super::context::FilterArguments;
use super::global::GlobalArguments;
use super::listing::{self, ListingArguments};
use super::output::Output;
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;
use super::words::{ago, clock_time, length};

/// What the help says besides.
pub(crate) const HELP: &str = "\
Examples:
  holdpoint gate list --due 30m
  holdpoint gate list --stage audio --filter 'unseen !mine' --output csv
  holdpoint gate list --output jsonl | jq -r .job_id";

/// Which gates are listed.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// List every stage's latest gate, decided or not
    #[arg(long)]
    all: bool,
    /// Only this job's
    #[arg(long, value_name = "JOB")]
    job: Option<JobId>,
    /// Only this stage's
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Only gates whose timer acts within this time: seconds, or 10m, 1h30m
    #[arg(long, value_name = "TIME", value_parser = parse_span_s)]
    due: Option<u64>,
    /// Only gates that opened from then on: 2026-07-14, RFC 3339, or how long ago: 30d, 12h
    #[arg(long, value_name = "TIME", value_parser = listing::since)]
    since: Option<String>,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

/// What a line of comma-separated values has of a gate.
const COLUMNS: [&str; 16] = [
    "job_id",
    "slug",
    "job_status",
    "stage",
    "attempt",
    "state",
    "opened_at",
    "deadline",
    "time_remaining",
    "at_zero",
    "by",
    "at",
    "held_by",
    "hold.by",
    "context.severity",
    "context.title",
];

/// Prints them.
pub(crate) async fn run(global: &GlobalArguments, output: &mut Output, only: ListArguments) -> CommandResult {
    let (is_all, listing) = (only.all, only.listing);
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let jobs = match session.open_list()? {
        None => {
            session.note_no_jobs();
            Vec::new()
        }
        // Where a gate is open the job needs approval (SPEC §5), so no other job has to be read.
        Some(engine) => {
            let status = (!is_all).then_some(JobStatus::NeedsApproval);
            with_engine(engine, async |engine| jobs(engine, status, only.job.as_ref()).await).await?
        }
    };
    let lens = session.lens();
    let reading = Reading {
        me: &session.operator.name,
        now: lens.now,
        grace_s: lens.grace_s,
    };
    let since = listing::since_at(only.since.as_ref(), lens.now.utc)?;
    let filter: GateFilter = only.filter.into();
    let gates = filter::listed(&jobs, (!is_all).then_some(StageState::Open), &filter, reading);
    let documents = gates
        .iter()
        .map(|(rows, gate)| (*rows, GateDoc::of_gate(rows, gate, lens)));
    let is_wanted = |(_, gate): &(&JobRows, GateDoc<'_>)| {
        only.stage.as_ref().is_none_or(|stage| gate.stage == stage)
            && since.is_none_or(|since| gate.opened_at.is_some_and(|at| at >= since))
            && only
                .due
                .is_none_or(|within_s| gate.time_remaining.is_some_and(|left_s| left_s <= within_s as f64))
    };
    let mut documents: Vec<_> = documents.filter(is_wanted).collect();
    listing.cut(&mut documents);
    let is_narrowed =
        !filter.is_empty() || only.job.is_some() || only.stage.is_some() || only.due.is_some() || since.is_some();
    let none = match (is_narrowed, is_all) {
        (true, _) => "No gate is as you asked for",
        (false, true) => "No gate has opened yet",
        (false, false) => "No gate is open",
    };
    let documents: Vec<_> = documents
        .into_iter()
        .map(|(rows, gate)| JobGateDoc::of(rows, gate))
        .collect();
    listing.print(output, &documents, &COLUMNS, session.none(none), || {
        table(&documents, lens.now.utc)
    })?;
    Ok(Exit::Done)
}

/// The jobs whose gates may be wanted.
async fn jobs(engine: &Client, status: Option<JobStatus>, only: Option<&JobId>) -> Result<Vec<JobRows>, CommandError> {
    let Some(id) = only else {
        let limit = u32::MAX;
        return Ok(engine
            .jobs(JobFilter {
                status,
                before: None,
                limit,
            })
            .await?);
    };
    let rows = ask::job(engine, id).await?;
    Ok(vec![Arc::unwrap_or_clone(rows)])
}

fn table(gates: &[JobGateDoc<'_>], now: Timestamp) -> Table {
    let headings = [
        "JOB", "SLUG", "STAGE", "ATTEMPT", "STATE", "LEFT", "THEN", "CHANGE", "OPENED", "WHO", "ABOUT",
    ];
    let is_about = gates
        .iter()
        .any(|gate| gate.gate.context.is_some_and(|context| !about(context).is_empty()));
    let mut table = Table::new(&headings[..headings.len() - usize::from(!is_about)]);
    for JobGateDoc { job_id, slug, gate, .. } in gates {
        let who = match (gate.by, gate.held_by, gate.hold) {
            (Some(by), ..) => by.to_owned(),
            (None, Some(holder), _) => format!("{holder} has it open"),
            (None, None, Some(hold)) => held(hold, gate.stopped),
            (None, None, None) if gate.seen.is_empty() => "unseen".to_owned(),
            (None, None, None) => String::new(),
        };
        let mut cells = vec![
            job_id.to_string(),
            (*slug).to_owned(),
            gate.stage.to_string(),
            gate.attempt.map(|attempt| format!("#{attempt}")).unwrap_or_default(),
            gate.state.as_str().to_owned(),
            time_left(gate),
            match (gate.at_zero, gate.deadline) {
                (Some(then), _) => then.to_string(),
                (None, Some(_)) => gate.on_timeout.to_owned(),
                (None, None) => "person".to_owned(),
            },
            change(gate),
            gate.opened_at.map(|at| ago(at, now)).unwrap_or_default(),
            who,
        ];
        if is_about {
            cells.push(gate.context.map(about).unwrap_or_default());
        }
        table.row(cells);
    }
    table.giving_way(&["OPENED", "STATE", "SLUG", "CHANGE", "ABOUT", "ATTEMPT", "WHO"])
}

/// The severity, where lists mark it, and the title.
fn about(context: &GateContext) -> String {
    let marked = Some(context.severity()).filter(|severity| severity.is_marked());
    let title = context.title.clone().unwrap_or_default();
    marked.map_or_else(|| title.clone(), |severity| format!("{severity}: {title}"))
}

/// Who holds the timer, until when at the latest, and why.
fn held(hold: HoldDoc<'_>, stopped: Option<StoppedDoc>) -> String {
    if let Some(used_up) = hold.used_up() {
        return used_up;
    }
    let until = stopped.map(|stopped| format!(" until {}", clock_time(stopped.until)));
    let reason = hold.reason.map(|reason| format!(": {reason}"));
    let (until, reason) = (until.unwrap_or_default(), reason.unwrap_or_default());
    format!("held by {}{until}{reason}", hold.by)
}

/// The time left in words; behind `=` where it stands still.
pub(crate) fn time_left(gate: &GateDoc<'_>) -> String {
    match (gate.stopped, gate.time_remaining) {
        (Some(stopped), _) => format!("={}", length(stopped.left_seconds)),
        (None, Some(seconds)) if gate.overdue_since.is_some() => format!("overdue, {}", length(seconds)),
        (None, Some(seconds)) => length(seconds),
        (None, None) if gate.held_by_policy => "held".to_owned(),
        (None, None) => String::new(),
    }
}

/// `+12 -4`, `new 48`, `no text`: over all artifacts.
fn change(gate: &GateDoc<'_>) -> String {
    let artifacts = &gate.artifacts;
    if artifacts.is_empty() {
        return String::new();
    }
    if artifacts.iter().all(|artifact| artifact.is_binary) {
        return NO_TEXT.to_owned();
    }
    let added: u64 = artifacts.iter().map(|artifact| u64::from(artifact.added_lines)).sum();
    let removed: u64 = artifacts.iter().map(|artifact| u64::from(artifact.removed_lines)).sum();
    if artifacts.iter().all(|artifact| artifact.base_sha256.is_none()) {
        format!("new {added}")
    } else {
        format!("+{added} -{removed}")
    }
}
