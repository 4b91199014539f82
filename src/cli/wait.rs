//! Waiting for one gate's decision: `gate wait` and `gate open --wait`.
//!
//! The gate that is waited for is pinned once it is seen open: a later attempt never answers for it.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use domain::gate::GateState;
use domain::ids::StageName;
use domain::job::JobRows;
use domain::refusal::Refusal;
use domain::stage_state::StageState;
use engine::Engine;
use engine::left::until_in_place;
use wire::{GateDoc, JobGateDoc};

use super::ask;
use super::gate_show;
use super::global::GateArguments;
use super::output::{Output, note};
use super::report::{Exit, Failure, Outcome};
use super::resolve::Session;
use super::words::clock_time;

/// What the rows say to somebody who waits.
enum Look {
    /// Nothing yet; the attempt to follow once one was seen open.
    Wait(Option<u32>),
    /// The gate of this attempt has its outcome.
    Settled(u32),
    /// The stage went by without a gate.
    Passed,
    /// The job ended before.
    Ended,
}

/// Waits and tells; `attempt` is the one to wait for, else the newest. Returns the exit code that stands for the outcome.
pub async fn run(
    engine: &mut Engine,
    session: &Session,
    output: &mut Output,
    wanted: &GateArguments,
    attempt: Option<u32>,
    timeout: Option<Duration>,
) -> Outcome {
    let mut followed = attempt;
    let mut deadline = pin!(async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => pending().await,
        }
    });
    let mut is_late = false;
    loop {
        let rows = ask::job(engine, &wanted.job).await?;
        match look(&rows, &wanted.stage, followed)? {
            Look::Settled(attempt) => return settled(engine, session, output, &rows, wanted, attempt).await,
            Look::Passed => return passed(session, output, &rows, wanted),
            Look::Ended => {
                let message = format!("job {} ended before: {}", wanted.job, rows.job.status.as_str());
                return Err(Failure::new("job_ended", message).at(format!("{} / {}", wanted.job, wanted.stage)));
            }
            Look::Wait(attempt) if is_late => return still_open(session, output, &rows, wanted, attempt),
            Look::Wait(attempt) => followed = attempt,
        }
        output.flush()?;
        tokio::select! {
            biased;
            () = ask::news_of(engine, &wanted.job) => {}
            // The rows are read once more: what was decided in time counts.
            () = &mut deadline => is_late = true,
        }
    }
}

fn look(rows: &JobRows, stage: &StageName, followed: Option<u32>) -> Result<Look, Failure> {
    if let Some(attempt) = followed {
        let is_open = rows
            .gate(stage, attempt)
            .is_some_and(|gate| gate.state == GateState::Open);
        return Ok(if is_open {
            Look::Wait(followed)
        } else {
            Look::Settled(attempt)
        });
    }
    let (state, gate) = StageState::of(rows, stage);
    let attempt = gate.map(|gate| gate.key.attempt);
    Ok(match state {
        StageState::Open => Look::Wait(attempt),
        StageState::Approved | StageState::Rejected | StageState::Canceled => match attempt {
            Some(attempt) => Look::Settled(attempt),
            None => Look::Wait(None),
        },
        StageState::Passed => Look::Passed,
        // A manual job learns its stages from the gates that are opened.
        StageState::NotReached if rows.stage_spec(stage).is_none() && !rows.job.is_manual => {
            return Err(Refusal::no_gate(rows, stage, None).into());
        }
        StageState::NotReached if rows.job.status.is_ended() => Look::Ended,
        StageState::NotReached => Look::Wait(None),
    })
}

async fn settled(
    engine: &mut Engine,
    session: &Session,
    output: &mut Output,
    rows: &Arc<JobRows>,
    wanted: &GateArguments,
    attempt: u32,
) -> Outcome {
    let Some(gate) = rows.gate(&wanted.stage, attempt) else {
        return Err(Refusal::no_gate(rows, &wanted.stage, None).into());
    };
    let decisions = ask::decisions(engine, Some(wanted.job.clone()), Some(wanted.stage.clone())).await?;
    let decision = decisions.iter().find(|sealed| sealed.decision.attempt() == attempt);
    let is_published = match decision {
        Some(sealed) => until_in_place(sealed, &mut *engine).await,
        None => true,
    };
    if !is_published {
        note(
            "Decided, not yet on disk   hint: it is safe in the database, and its files are written when that is possible",
        );
    }
    if output.is_json {
        gate_show::document(output, session, rows, Some(gate), decision, Some(is_published))?;
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
    } else {
        output.line(&format!("{} {}", gate.key, gate.state.as_str()))?;
    }
    Ok(match gate.state {
        GateState::Approved => Exit::Done,
        GateState::Rejected => Exit::Rejected,
        GateState::Canceled => Exit::Failed,
        GateState::Open => Exit::StillOpen,
    })
}

fn passed(session: &Session, output: &mut Output, rows: &JobRows, wanted: &GateArguments) -> Outcome {
    if output.is_json {
        stage_document(session, output, rows, wanted)?;
    } else {
        output.line(&format!("{} / {} passed without a gate", wanted.job, wanted.stage))?;
    }
    Ok(Exit::Done)
}

fn still_open(
    session: &Session,
    output: &mut Output,
    rows: &JobRows,
    wanted: &GateArguments,
    attempt: Option<u32>,
) -> Outcome {
    if output.is_json {
        stage_document(session, output, rows, wanted)?;
    } else {
        let what = match attempt {
            Some(attempt) => format!("#{attempt} is still open"),
            None => "is not reached yet".to_owned(),
        };
        output.line(&format!("{} / {} {what}", wanted.job, wanted.stage))?;
    }
    Ok(Exit::StillOpen)
}

fn stage_document(
    session: &Session,
    output: &mut Output,
    rows: &JobRows,
    wanted: &GateArguments,
) -> Result<(), Failure> {
    output.document(&JobGateDoc::of(
        rows,
        GateDoc::of_stage(rows, &wanted.stage, session.lens()),
    ))
}
