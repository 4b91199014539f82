//! `holdpoint gate list`: what waits for a decision, the next deadline first.

use domain::artifact::NO_TEXT;
use domain::context::GateContext;
use domain::filter::{self, GateFilter, Reading};
use domain::job::JobStatus;
use domain::operator::Surface;
use domain::stage_state::StageState;
use domain::view::JobFilter;
use wire::{GateDoc, HoldDoc, JobGateDoc, StoppedDoc};

use super::ask::with_engine;
use super::global::GlobalArguments;
use super::output::Output;
use super::report::{CommandResult, Exit};
use super::resolve::CommandContext;
use super::table::Table;
use super::words::{ago, clock_time, length};

/// Prints them.
pub(crate) async fn run(
    global: &GlobalArguments,
    output: &mut Output,
    is_all: bool,
    filter: &GateFilter,
) -> CommandResult {
    let session = CommandContext::resolve(global, Surface::Cli).await?;
    let jobs = match session.open_list()? {
        None => {
            session.note_no_jobs();
            Vec::new()
        }
        Some(engine) => {
            // Where a gate is open the job needs approval (SPEC §5), so no other job has to be
            // read.
            let wanted = JobFilter {
                status: (!is_all).then_some(JobStatus::NeedsApproval),
                before: None,
                limit: u32::MAX,
            };
            with_engine(engine, async |engine| Ok(engine.jobs(wanted).await?)).await?
        }
    };
    let lens = session.lens();
    let reading = Reading {
        me: &session.operator.name,
        now: lens.now,
        grace_s: lens.grace_s,
    };
    let gates = filter::listed(&jobs, (!is_all).then_some(StageState::Open), filter, reading);
    let documents = gates
        .iter()
        .map(|(rows, gate)| (*rows, GateDoc::of_gate(rows, gate, lens)));
    if output.is_json {
        let documents: Vec<_> = documents.map(|(rows, gate)| JobGateDoc::of(rows, gate)).collect();
        output.document(&documents)?;
        return Ok(Exit::Done);
    }
    let headings = [
        "JOB", "SLUG", "STAGE", "ATTEMPT", "STATE", "LEFT", "THEN", "CHANGE", "OPENED", "WHO", "ABOUT",
    ];
    let is_about = gates.iter().any(|(_, gate)| !about(&gate.context).is_empty());
    let mut table = Table::new(&headings[..headings.len() - usize::from(!is_about)]);
    for (rows, gate) in documents {
        let who = match (gate.by, gate.held_by, gate.hold) {
            (Some(by), ..) => by.to_owned(),
            (None, Some(holder), _) => format!("{holder} has it open"),
            (None, None, Some(hold)) => held(hold, gate.stopped),
            (None, None, None) if gate.seen.is_empty() => "unseen".to_owned(),
            (None, None, None) => String::new(),
        };
        let mut cells = vec![
            rows.job.id.to_string(),
            rows.job.slug.clone(),
            gate.stage.to_string(),
            gate.attempt.map(|attempt| format!("#{attempt}")).unwrap_or_default(),
            gate.state.as_str().to_owned(),
            time_left(&gate),
            match (gate.at_zero, gate.deadline) {
                (Some(then), _) => then.to_string(),
                (None, Some(_)) => gate.on_timeout.to_owned(),
                (None, None) => "person".to_owned(),
            },
            change(&gate),
            gate.opened_at.map(|at| ago(at, lens.now.utc)).unwrap_or_default(),
            who,
        ];
        if is_about {
            cells.push(gate.context.map(about).unwrap_or_default());
        }
        table.row(cells);
    }
    let none = if !filter.is_empty() {
        "No gate is as you asked for"
    } else if is_all {
        "No gate has opened yet"
    } else {
        "No gate is open"
    };
    table.print(output, none)?;
    Ok(Exit::Done)
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
