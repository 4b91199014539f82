//! Gates and decisions: where they stand, what was decided, and waiting for that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::stats;
use crate::answer::{self, Answered, ApiError};
use crate::app::{App, Asker, no_such_job};
use crate::params::{GatePath, JobPath, QueryParams};
use domain::context::ContextFilter;
use domain::decision::SealedDecision;
use domain::filter::{self, GateFilter, Reading};
use domain::gate::{Gate as DomainGate, GateState};
use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus};
use domain::old::{ListedDecision, ListedJob};
use domain::refusal::Refusal;
use domain::stage_state::StageState;
use domain::time::clock_time;
use domain::view::JobFilter;
use engine::waits::Waited;
use wire::{DecisionFile, GateDoc, JobDoc, JobGateDoc};

/// The most decisions of a list, and how many unless asked.
const DECISIONS_MAX: u32 = 10_000;
const DECISIONS_DEFAULT: u32 = 100;
/// The most jobs whose gates are listed.
const JOBS_MAX: u32 = 10_000;
/// The longest wait for a decision, in seconds.
const WAIT_S_MAX: u32 = 600;

/// Where all gates of a job stand.
#[derive(Serialize, ToSchema)]
#[schema(as = GatesStatus)]
struct StatusDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    job_id: &'a JobId,
    /// Its status.
    #[schema(value_type = String)]
    job_status: JobStatus,
    /// The stage it is at.
    #[schema(value_type = Option<String>, required = true)]
    current_stage: Option<&'a StageName>,
    /// One for each stage.
    gates: Vec<GateDoc<'a>>,
    /// How many stages there are.
    total_gates: usize,
    /// How many gates are approved.
    approved_gates: usize,
    /// How many are rejected.
    rejected_gates: usize,
    /// How many are open, or decided and not yet for good.
    pending_gates: usize,
}

/// The newest decision of each stage.
#[derive(Serialize, ToSchema)]
#[schema(as = JobDecisions)]
struct JobDecisionsDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    job_id: &'a JobId,
    /// Decision files by stage.
    #[schema(value_type = Object)]
    decisions: BTreeMap<&'a StageName, ListedDecision<'a>>,
    /// How many.
    total_decisions: usize,
}

/// Where the gates of a job stand, one for each stage.
#[utoipa::path(get, path = "/jobs/{id}/gates/status", tag = "gates", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "All stages", body = StatusDoc)))]
pub(crate) async fn status(State(app): State<Arc<App>>, JobPath(id): JobPath) -> Answered {
    let config = app.config();
    let found = app.find(&id).await?;
    let job = JobDoc::of_listed(&found, app.lens(&config));
    let gates = job.gates;
    let count = |state: StageState| gates.iter().filter(|gate| gate.state == state).count();
    let (approved_gates, rejected_gates) = (count(StageState::Approved), count(StageState::Rejected));
    let pending_gates = count(StageState::Open) + count(StageState::Decided);
    Ok(answer::ok(&StatusDoc {
        job_id: &id,
        job_status: job.status,
        current_stage: job.stage,
        total_gates: gates.len(),
        approved_gates,
        rejected_gates,
        pending_gates,
        gates,
    }))
}

/// The decision that counts of each stage of a job: the newest that can no longer be taken back, and was not.
#[utoipa::path(get, path = "/jobs/{id}/gates/decisions", tag = "gates", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "Decision files by stage", body = JobDecisionsDoc)))]
pub(crate) async fn decisions_of_job(State(app): State<Arc<App>>, JobPath(id): JobPath) -> Answered {
    let found = app.find(&id).await?;
    let is_final = |decision: &ListedDecision<'_>| match (&found, decision) {
        (ListedJob::Ours(rows), ListedDecision::Ours(sealed)) => rows.is_final(&sealed.decision),
        _ => true,
    };
    let decisions = found.decisions().into_iter().filter(is_final);
    let decisions: BTreeMap<_, _> = decisions.map(|decision| (decision.stage(), decision)).collect();
    Ok(answer::ok(&JobDecisionsDoc {
        job_id: &id,
        total_decisions: decisions.len(),
        decisions,
    }))
}

/// The decision of a stage's gate, when it can no longer be taken back. With `wait`, answers as soon as the gate that is open now (or opens) is decided, at the latest after
/// so many seconds: then 404 with the code `still_open`.
#[utoipa::path(get, path = "/jobs/{id}/gates/{stage}/decision", tag = "gates",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("wait" = Option<u32>, Query, minimum = 0, maximum = 600, description = "Wait so many seconds for it"),
    ),
    responses((status = 200, description = "The decision file", body = DecisionFile)))]
pub(crate) async fn decision(
    State(app): State<Arc<App>>,
    GatePath(id, stage): GatePath,
    asked: QueryParams,
) -> Answered {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let wait_s = asked.number("wait", 0..=WAIT_S_MAX)?;
    let rows = match app.find(&id).await? {
        ListedJob::Ours(rows) => rows,
        // An old record is never decided any more, so there is nothing to wait for.
        ListedJob::Old(job) => {
            let decision = job.gate(&stage).and_then(|gate| gate.decision.as_ref());
            return match (decision, attempt) {
                (Some(decision), None | Some(1)) => Ok(answer::ok(decision)),
                (Some(_), Some(attempt)) => Err(ApiError::not_found(format!(
                    "the old record {id} has no attempt #{attempt} of {stage}"
                ))
                .hint("its attempts are 1")),
                (None, _) => Err(ApiError::not_found(format!(
                    "the old record {id} knows no decision on {stage}"
                ))),
            };
        }
    };
    let sealed = match wait_s {
        None => find(&app, &rows, &stage, attempt).await?,
        Some(seconds) => {
            let _place = app.long_place()?;
            wait(&app, &id, &stage, attempt, Duration::from_secs(seconds.into())).await?
        }
    };
    Ok(answer::ok(&sealed))
}

async fn find(app: &App, rows: &JobRows, stage: &StageName, attempt: Option<u32>) -> Result<SealedDecision, ApiError> {
    let found = match attempt {
        None => rows.standing_decision(stage).cloned(),
        Some(attempt) => {
            let all = app.engine.decisions(Some(&rows.job.id), Some(stage), DECISIONS_MAX);
            let all = app.read(all).await?;
            all.into_iter().find(|sealed| sealed.decision.attempt() == attempt)
        }
    };
    // What may still be taken back answers nobody, nor what was.
    if let Some(sealed) = found.filter(|sealed| rows.is_final(&sealed.decision)) {
        return Ok(sealed);
    }
    let gate = rows.gate_of(stage, attempt);
    Err(match gate {
        Some(gate) => undecided(gate),
        None => Refusal::no_gate(rows, stage, attempt).into(),
    })
}

fn undecided(gate: &DomainGate) -> ApiError {
    let code = match gate.state {
        GateState::Canceled => "gate_canceled",
        GateState::Recalled => "gate_recalled",
        GateState::Open | GateState::Approved | GateState::Rejected => "still_open",
    };
    let state = gate.state.as_str();
    let msg = match &gate.recall {
        Some(window) => {
            let until = clock_time(window.until);
            format!("{} is {state}, and until {until} that can be taken back", gate.key)
        }
        None => format!("{} is {state}", gate.key),
    };
    ApiError::new(StatusCode::NOT_FOUND, code, msg)
}

/// Waits for the decision of a gate, and for its files; the server may leave before.
async fn wait(
    app: &App,
    id: &JobId,
    stage: &StageName,
    attempt: Option<u32>,
    time: Duration,
) -> Result<SealedDecision, ApiError> {
    let mut leaving = app.leaving.clone();
    let waited = tokio::select! {
        biased;
        waited = app.read_after(time, app.engine.until_decided(id, stage, attempt, Some(time))) => waited?,
        _ = leaving.wait_for(|is_leaving| *is_leaving) => {
            return Err(ApiError::unavailable("holdpoint is leaving").hint("wait again when it is back"));
        }
    };
    let (rows, waited) = waited.ok_or_else(|| no_such_job(id))?;
    let attempt = match waited {
        Waited::Settled(attempt) => Some(attempt),
        Waited::Passed | Waited::Ended | Waited::NoGate => attempt,
        Waited::StillOpen(open) => {
            return Err(match open.and_then(|attempt| rows.gate(stage, attempt)) {
                Some(gate) => undecided(gate),
                None => {
                    let msg = format!("{id} / {stage} has not come to its gate");
                    ApiError::new(StatusCode::NOT_FOUND, "still_open", msg)
                }
            });
        }
    };
    let sealed = find(app, &rows, stage, attempt).await?;
    app.engine.until_in_place(&sealed).await;
    Ok(sealed)
}

/// Gates, the next deadline first: the queue of what is open, or with `state=all` every stage's latest.
#[utoipa::path(get, path = "/gates", tag = "gates", operation_id = "list_gates",
    params(("state" = Option<String>, Query, pattern = "^(open|decided|approved|rejected|canceled|recalled|all)?$", description = "open (also when missing), decided (that may still be taken back), approved, rejected, canceled, recalled or all"),
        ("filter" = Option<String>, Query, description = "Only gates for which all these words hold: text, unseen, mine, failed, by:ana, left<10m, stage:audio, label:team=media, severity>=high; !word: not so"),
        ("label" = Option<String>, Query, description = "Only gates with this label: key=value, or key for any value; may be repeated"),
        ("severity" = Option<String>, Query, pattern = "^((<|<=|=|>=|>)?(low|normal|high|critical))?$", description = "Only gates of this severity or more; =high that alone, also <, <=, >")),
    responses((status = 200, description = "Gates", body = [JobGateDoc])))]
pub(crate) async fn list(Asker { app, caller, .. }: Asker, asked: QueryParams) -> Answered {
    let words = ["open", "decided", "approved", "rejected", "canceled", "recalled", "all"];
    let parse = |text: &str| {
        if text == "all" {
            Some(None)
        } else {
            StageState::parse(text).map(Some)
        }
    };
    let wanted = asked.word("state", &words, parse)?.unwrap_or(Some(StageState::Open));
    let filter = asked.value("filter", "filter", GateFilter::parse)?.unwrap_or_default();
    let mut said = ContextFilter::default();
    for label in asked.texts("label") {
        said.label(label).map_err(|msg| asked.fault("label", "label", msg))?;
    }
    for severity in asked.texts("severity") {
        said.severity(severity)
            .map_err(|msg| asked.fault("severity", "severity", msg))?;
    }
    let filter = filter.and_said(said);
    // Where a gate is open the job needs approval (SPEC §5), so no other job has to be read.
    let jobs = JobFilter {
        status: (wanted == Some(StageState::Open)).then_some(JobStatus::NeedsApproval),
        before: None,
        limit: JOBS_MAX,
    };
    let jobs = app.read(app.engine.jobs(jobs)).await?;
    let config = app.config();
    let lens = app.lens(&config);
    let reading = Reading {
        me: &caller.operator.name,
        now: lens.now,
        grace_s: lens.grace_s,
    };
    let gates = filter::listed(&jobs, wanted, &filter, reading);
    let documents: Vec<_> = gates
        .into_iter()
        .map(|(rows, gate)| JobGateDoc::of(rows, GateDoc::of_gate(rows, gate, lens)))
        .collect();
    Ok(answer::ok(&documents))
}

/// Decisions of all jobs, every attempt, newest first.
#[utoipa::path(get, path = "/decisions", tag = "gates",
    params(
        ("job_id" = Option<String>, Query, pattern = "^([A-Za-z0-9][A-Za-z0-9_-]{0,99})?$", description = "Only this job's"),
        ("stage" = Option<String>, Query, pattern = "^([a-z][a-z0-9_-]{0,49})?$", description = "Only this stage's"),
        ("operator" = Option<String>, Query, description = "Only this person's; `timer` for the timer's"),
        ("label" = Option<Vec<String>>, Query, description = "Only of gates with this label: team=media, or team with any value; may be repeated"),
        ("verdict" = Option<String>, Query, pattern = "^(approved|rejected)?$", description = "Only these"),
        ("by_timer" = Option<bool>, Query, description = "Only the timer's, or only those of persons"),
        ("since" = Option<String>, Query, description = "Only from then on: RFC 3339, a date, or how long ago: 30d, 12h"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "At most so many; 100 unless asked"),
    ),
    responses((status = 200, description = "Decision files", body = [DecisionFile])))]
pub(crate) async fn decisions(State(app): State<Arc<App>>, asked: QueryParams) -> Answered {
    let limit = asked.number("limit", 1..=DECISIONS_MAX)?.unwrap_or(DECISIONS_DEFAULT);
    let filter = stats::filter(&app, &asked)?;
    let ours = app.read(app.engine.recorded(filter.clone(), limit)).await?;
    let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(ours.len());
    // Old records are outside the chain and older than it, so they come first.
    let history = if left > 0 {
        app.read(app.engine.old_decisions(filter.job_id.as_ref(), DECISIONS_MAX))
            .await?
    } else {
        Vec::new()
    };
    let history = history.iter().map(ListedDecision::Old);
    let history = history.filter(|old| filter.takes(*old)).take(left);
    Ok(answer::ok(
        &ours.iter().map(ListedDecision::Ours).chain(history).collect::<Vec<_>>(),
    ))
}
