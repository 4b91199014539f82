//! Waiting for one gate's decision: `gate wait` and `gate open --wait`.
//!
//! The gate that is waited for is pinned once it is seen open: a later attempt never answers for
//! it.

use std::sync::Arc;
use std::time::Duration;

use domain::gate::GateState;
use domain::job::JobRows;
use domain::refusal::Refusal;
use engine::client::Client;
use engine::waits::Waited;
use wire::{GateDoc, JobGateDoc};

use super::ask;
use super::gate_show;
use super::global::GateArguments;
use super::output::{Output, note};
use super::report::{CommandError, CommandResult, Exit};
use super::resolve::CommandContext;
use super::words::clock_time;

/// Waits and tells; `attempt` is the one to wait for, else the newest. Returns the exit code that
/// stands for the outcome.
pub(crate) async fn run(
    engine: &Client,
    session: &CommandContext,
    output: &mut Output,
    wanted: &GateArguments,
    attempt: Option<u32>,
    timeout: Option<Duration>,
) -> CommandResult {
    output.flush()?;
    ask::job(engine, &wanted.job).await?;
    let (job, stage) = (&wanted.job, &wanted.stage);
    let Some((rows, waited)) = engine.until_decided(job, stage, attempt, timeout).await? else {
        return Err(Refusal::no_such_job(job).into());
    };
    match waited {
        Waited::Settled(attempt) => settled(engine, session, output, &rows, wanted, attempt).await,
        Waited::Passed => {
            tell_stage(session, output, &rows, wanted, "passed without a gate")?;
            Ok(Exit::Done)
        }
        Waited::NoGate => Err(Refusal::no_gate(&rows, stage, None).into()),
        Waited::Ended => {
            let message = format!("job {job} ended before: {}", rows.job.status.as_str());
            Err(CommandError::new("job_ended", message).at(format!("{job} / {stage}")))
        }
        Waited::StillOpen(attempt) => {
            let gate = attempt.and_then(|attempt| rows.gate(stage, attempt));
            let what = match (attempt, gate.and_then(|gate| Some((gate.state, gate.recall.as_ref()?)))) {
                (Some(attempt), Some((state, window))) => {
                    let (state, until) = (state.as_str(), clock_time(window.until));
                    format!("#{attempt} is {state}, and until {until} that can be taken back")
                }
                (Some(attempt), None) => format!("#{attempt} is still open"),
                (None, _) => "is not reached yet".to_owned(),
            };
            tell_stage(session, output, &rows, wanted, &what)?;
            Ok(Exit::StillOpen)
        }
    }
}

async fn settled(
    engine: &Client,
    session: &CommandContext,
    output: &mut Output,
    rows: &Arc<JobRows>,
    wanted: &GateArguments,
    attempt: u32,
) -> CommandResult {
    let Some(gate) = rows.gate(&wanted.stage, attempt) else {
        return Err(Refusal::no_gate(rows, &wanted.stage, None).into());
    };
    let decisions = engine
        .decisions(Some(&wanted.job), Some(&wanted.stage), u32::MAX)
        .await?;
    let decision = decisions.iter().find(|sealed| sealed.decision.attempt() == attempt);
    let is_published = match decision {
        Some(sealed) => engine.until_in_place(sealed).await,
        None => true,
    };
    if !is_published {
        note(
            "Decided, not yet on disk   hint: it is safe in the database, and its files are written when that is possible",
        );
    }
    if output.is_json {
        gate_show::document(output, session, rows, Some(gate), |document| {
            document.decision = decision;
            document.published = Some(is_published);
        })?;
    } else if let Some(sealed) = decision {
        let decided = &sealed.decision;
        let state = gate.state.as_str();
        output.line(&format!(
            "{} {state} by {} at {}",
            gate.key,
            decided.by(),
            clock_time(decided.at())
        ))?;
        output.block("  ", decided.notes().unwrap_or_default())?;
        gate_show::comments(output, "  ", decided.comments())?;
    } else {
        output.line(&format!("{} {}", gate.key, gate.state.as_str()))?;
    }
    Ok(match gate.state {
        GateState::Approved => Exit::Done,
        GateState::Rejected => Exit::Rejected,
        GateState::Canceled | GateState::Recalled => Exit::Failed,
        GateState::Open => Exit::StillOpen,
    })
}

/// Where a stage stands without a decision, in the words of `what`.
fn tell_stage(
    session: &CommandContext,
    output: &mut Output,
    rows: &JobRows,
    wanted: &GateArguments,
    what: &str,
) -> Result<(), CommandError> {
    if output.is_json {
        let gate = GateDoc::of_stage(rows, &wanted.stage, session.lens());
        return output.document(&JobGateDoc::of(rows, gate));
    }
    output.line(&format!("{} / {} {what}", wanted.job, wanted.stage))
}
