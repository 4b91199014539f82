//! What a committed command is answered with.

use std::sync::Arc;

use domain::change::Applied;
use domain::event::while_open;
use domain::gate::{OnDisk, Verdict};
use domain::ids::ArtifactPath;
use domain::job::JobRows;
use domain::outlook::{Fact, Slots};
use domain::proposal::Proposal;
use domain::time::clock_time;

use super::api::{Receipt, ReviewOpened};
use domain::ask::Command;
use domain::key::GateRef;
use rules::Evidence;

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
        Command::Recall { .. } => "recalled",
        Command::ReleaseLease { .. } => "released",
        Command::MarkSeen { .. } => "seen",
        Command::MarkReached { .. } => "reached",
        Command::KeepAlive { .. } => "kept alive",
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

/// What was taken back, and where it is decided anew.
fn recalled(rows: &JobRows, wanted: &GateRef) -> String {
    let was = wanted.attempt.unwrap_or_default();
    let again = rows.newest_gate(&wanted.stage).map_or(0, |gate| gate.key.attempt);
    let stage = &wanted.stage;
    format!("The decision on {stage} #{was} is taken back; {stage} #{again} waits for a person")
}

fn review_opened(evidence: &Evidence, applied: &Applied) -> Option<ReviewOpened> {
    let review = evidence.review.as_ref()?;
    let gate = applied.opened.iter().find(|key| key.stage == review.stage)?;
    let is_shown = |looked: &&OnDisk| review.artifacts.iter().any(|artifact| artifact.path == looked.path);
    let ahead = evidence.ahead.iter().flatten();
    let moved = ahead.filter(|looked| looked.is_moved()).filter(is_shown);
    Some(ReviewOpened {
        gate: gate.clone(),
        moved: moved.cloned().collect(),
    })
}

/// `slots`: those before the stage that waits for its start in these rows, where one does.
pub(super) fn receipt(
    command: &Command,
    evidence: &Evidence,
    applied: Applied,
    rows: JobRows,
    slots: Option<Slots>,
) -> Receipt {
    let job_id = rows.job.id.clone();
    let verb = verb(command);
    let mut review = None;
    // A patch that is applied, or kept with a decision; a resume may answer a rejection with one.
    let proposal = evidence.proposal.as_ref();
    let message = match command {
        Command::Decide { gate, .. } => format!("Gate {} {verb} successfully", gate.stage),
        Command::Recall { gate } => recalled(&rows, &evidence.pinned(gate)),
        Command::ApplyPatch { gate, .. } => {
            let path = proposal.and_then(Proposal::path).map(ArtifactPath::as_str);
            format!("Patch applied to {} of {}", path.unwrap_or_default(), gate.stage)
        }
        Command::UndoPatch { .. } => {
            let words = evidence.taken_back.as_deref().unwrap_or_default();
            format!("Took back {words}")
        }
        Command::Resume { .. } => {
            review = review_opened(evidence, &applied);
            match &review {
                Some(review) => review.words(),
                None => format!("Job {job_id} resumed"),
            }
        }
        Command::Withdraw { gate, .. } => withdrawn(&rows, &evidence.pinned(gate)),
        Command::OpenGate { stage, .. } => format!("Gate {stage} of {job_id} is open"),
        Command::TakeLease { gate, .. }
        | Command::ReleaseLease { gate, .. }
        | Command::MarkSeen { gate, .. }
        | Command::MarkReached { gate }
        | Command::KeepAlive { gate, .. }
        | Command::Hold { gate, .. }
        | Command::Release { gate, .. }
        | Command::Extend { gate, .. } => format!("Gate {} {verb}", gate.stage),
        Command::StartJob(_) | Command::Cancel(_) | Command::Complete(_) | Command::Acknowledge(_) => {
            format!("Job {job_id} {verb}")
        }
    };
    let changes = proposal.map(|proposal| proposal.changes().to_vec()).unwrap_or_default();
    let is_applied = matches!(command, Command::ApplyPatch { .. } | Command::Resume { .. });
    let patches_applied = u32::from(is_applied && proposal.is_some());
    let next = Fact::of_waiting(&rows, applied.held_up.as_ref()).map(|fact| fact.among(slots));
    let open = applied.overridden.as_deref().map(while_open);
    let message = message + &open.unwrap_or_default();
    let has_opened = !applied.opened.is_empty();
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
        has_opened,
    }
}
