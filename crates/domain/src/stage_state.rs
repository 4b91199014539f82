//! Where a stage's gate stands: one answer for every front end and every document.

use crate::gate::{Gate, GateState};
use crate::ids::StageName;
use crate::job::{AttemptState, JobRows, JobStatus};

read_words! {
    /// Where a stage's gate stands towards clients (SPEC §2): that of its latest attempt.
    pub enum StageState {
        /// Its latest attempt has not come to a gate.
        NotReached = "not_reached",
        /// It went by without a gate.
        Passed = "passed",
        /// Waits for a decision.
        Open = "open",
        /// Decided, and that may still be taken back: whoever waits goes on waiting.
        Decided = "decided",
        /// Decided: the work may go on.
        Approved = "approved",
        /// Decided: it may not.
        Rejected = "rejected",
        /// Ended without a decision.
        Canceled = "canceled",
        /// Decided, and the decision was taken back.
        Recalled = "recalled",
    }
}

impl StageState {
    pub fn of_gate(gate: &Gate) -> Self {
        match gate.state {
            GateState::Open => Self::Open,
            GateState::Approved | GateState::Rejected if gate.recall.is_some() => Self::Decided,
            GateState::Approved => Self::Approved,
            GateState::Rejected => Self::Rejected,
            GateState::Canceled => Self::Canceled,
            GateState::Recalled => Self::Recalled,
        }
    }

    /// The state of a stage, and the gate of its latest attempt where that has one.
    pub fn of<'a>(rows: &'a JobRows, stage: &StageName) -> (Self, Option<&'a Gate>) {
        let gate = rows.newest_gate(stage);
        let attempt = rows.newest_attempt(stage);
        if let Some(gate) = gate
            && attempt.is_none_or(|attempt| attempt.number <= gate.key.attempt)
        {
            return (Self::of_gate(gate), Some(gate));
        }
        let position = |name: &StageName| rows.job.stages.iter().position(|spec| spec.name == *name);
        let is_behind = match (&rows.job.stage, position(stage)) {
            (Some(current), Some(own)) => position(current).is_some_and(|current| own < current),
            (None, Some(_)) => rows.job.status == JobStatus::Completed,
            (_, None) => false,
        };
        let is_done = attempt.is_some_and(|attempt| attempt.state == AttemptState::Completed);
        if is_behind || is_done {
            (Self::Passed, None)
        } else {
            (Self::NotReached, None)
        }
    }
}
