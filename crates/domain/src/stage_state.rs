//! Where a stage's gate stands: one answer for every front end and every document.

use serde::Serialize;

use crate::gate::{Gate, GateState};
use crate::ids::StageName;
use crate::job::{AttemptState, JobRows, JobStatus};

/// Where a stage's gate stands towards clients (SPEC §2): that of its latest attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Its latest attempt has not come to a gate.
    NotReached,
    /// It went by without a gate.
    Passed,
    /// Waits for a decision.
    Open,
    /// Decided: the work may go on.
    Approved,
    /// Decided: it may not.
    Rejected,
    /// Ended without a decision.
    Canceled,
}

impl StageState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotReached => "not_reached",
            Self::Passed => "passed",
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
        }
    }

    pub fn of_gate(state: GateState) -> Self {
        match state {
            GateState::Open => Self::Open,
            GateState::Approved => Self::Approved,
            GateState::Rejected => Self::Rejected,
            GateState::Canceled => Self::Canceled,
        }
    }

    /// The state of a stage, and the gate of its latest attempt where that has one.
    pub fn of<'a>(rows: &'a JobRows, stage: &StageName) -> (Self, Option<&'a Gate>) {
        let gate = rows.newest_gate(stage);
        let attempt = rows.newest_attempt(stage);
        if let Some(gate) = gate
            && attempt.is_none_or(|attempt| attempt.number <= gate.key.attempt)
        {
            return (Self::of_gate(gate.state), Some(gate));
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
