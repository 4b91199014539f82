//! What a committed command is answered with.

use std::sync::Arc;

use domain::change::Applied;
use domain::event::while_open;
use domain::gate::{OnDisk, Verdict};
use domain::job::JobRows;
use domain::outlook::{Fact, Slots};
use domain::time::clock_time;

use super::api::{Receipt, ReviewOpened};
use domain::ask::Command;
use domain::key::GateRef;
use rules::{Input, Prepared, ResumePlan};

pub(super) fn verb(command: &Command) -> &'static str {
    match command {
        Command::StartJob(_) => "started",
        Command::OpenGate { .. } => "opened",
        Command::Decide {
            verdict: Verdict::Approve,
            ..
        } => "approved",
        Command::Decide {
            verdict: Verdict::Reject,
            ..
        } => "rejected",
        Command::ApplyPatch { .. } => "patched",
        Command::UndoPatch { .. } => "undone",
        Command::Resume { .. } => "resumed",
        Command::Cancel(_) => "canceled",
        Command::Complete(_) => "completed",
        Command::Acknowledge(_) => "acknowledged",
        Command::TakeLease { .. } => "leased",
        Command::Hold { .. } => "held",
        Command::Release { .. } => "released",
        Command::Extend { .. } => "extended",
        Command::Withdraw { .. } => "withdrawn",
        Command::ReleaseLease { .. } => "released",
        Command::MarkSeen { .. } => "seen",
    }
}

/// Who withdrew a gate and when: the same for whoever asks again.
fn withdrawn(rows: &JobRows, wanted: &GateRef) -> String {
    let gate = wanted.attempt.and_then(|attempt| rows.gate(&wanted.stage, attempt));
    match gate.and_then(|gate| Some((&gate.key, gate.settled.as_ref()?))) {
        Some((key, settled)) => format!("{key} was withdrawn by {} at {}", settled.by, clock_time(settled.at)),
        None => format!("Gate {} withdrawn", wanted.stage),
    }
}

fn review_opened(plan: &ResumePlan, ahead: &[OnDisk], applied: &Applied) -> Option<ReviewOpened> {
    let review = plan.review.as_ref()?;
    let gate = applied.opened.iter().find(|key| key.stage == review.stage)?;
    let is_shown = |looked: &&OnDisk| review.artifacts.iter().any(|artifact| artifact.path == looked.path);
    let moved = ahead.iter().filter(|looked| looked.is_moved()).filter(is_shown);
    Some(ReviewOpened {
        gate: gate.clone(),
        moved: moved.cloned().collect(),
    })
}

/// `slots`: those before the stage that waits for its start in these rows, where one does.
pub(super) fn receipt(
    verb: &'static str,
    prepared: &Prepared,
    applied: Applied,
    rows: JobRows,
    slots: Option<Slots>,
) -> Receipt {
    let job_id = rows.job.id.clone();
    let mut changes = Vec::new();
    let mut patches_applied = 0;
    let mut review = None;
    let message = match &prepared.input {
        Input::Decide { gate, request } => {
            if let Some(proposal) = &request.patch {
                changes.extend_from_slice(proposal.changes());
            }
            format!("Gate {} {verb} successfully", gate.stage)
        }
        Input::ApplyPatch { gate, effect, .. } => {
            changes.clone_from(&effect.changes);
            patches_applied = 1;
            format!("Patch applied to {} of {}", effect.path(), gate.stage)
        }
        Input::UndoPatch { words, .. } => format!("Took back {words}"),
        Input::Resume { plan, .. } => {
            if let Some(proposal) = &plan.proposal {
                changes.extend_from_slice(proposal.changes());
                patches_applied = 1;
            }
            review = review_opened(plan, prepared.ahead.as_deref().unwrap_or_default(), &applied);
            match &review {
                Some(review) => review.words(),
                None => format!("Job {job_id} resumed"),
            }
        }
        Input::Withdraw { gate, .. } => withdrawn(&rows, gate),
        Input::OpenGate { stage, .. } => format!("Gate {stage} of {job_id} is open"),
        Input::TakeLease { gate, .. }
        | Input::ReleaseLease { gate, .. }
        | Input::MarkSeen { gate, .. }
        | Input::Hold { gate, .. }
        | Input::Release { gate, .. }
        | Input::Extend { gate, .. } => format!("Gate {} {verb}", gate.stage),
        Input::Start(_)
        | Input::Cancel { .. }
        | Input::Complete { .. }
        | Input::Acknowledge { .. }
        | Input::Expire { .. }
        | Input::StageStarted { .. }
        | Input::StageNotStarted { .. }
        | Input::StageEnded { .. }
        | Input::ArtifactMoved { .. } => format!("Job {job_id} {verb}"),
    };
    let next = Fact::of_waiting(&rows, applied.held_up.as_ref()).map(|fact| fact.among(slots));
    let open = applied.overridden.as_deref().map(while_open);
    let message = message + &open.unwrap_or_default();
    let is_change = applied.last_event_seq.is_some();
    let decision = applied.decisions.into_iter().next_back();
    Receipt {
        job_id,
        message,
        decision,
        rows: Arc::new(rows),
        patches_applied,
        changes,
        review,
        next,
        warnings: Vec::new(),
        is_change,
    }
}
