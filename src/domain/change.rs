//! What a rule decided to write, as data: the store applies these in one transaction and knows nothing of the rules.

use super::artifact::Artifact;
use super::decision::Decision;
use super::event::NewEvent;
use super::gate::{Gate, GateKey};
use super::ids::ArtifactPath;
use super::job::{Attempt, Job};

/// One write. The order of a list of changes is the order of the events in the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new job; refused when the id is taken.
    InsertJob(Box<Job>),
    /// The job's row as it shall be.
    PutJob(Box<Job>),
    /// A new or changed attempt.
    PutAttempt(Box<Attempt>),
    /// A new open gate; refused when there is one for this stage and attempt.
    OpenGate(Box<Gate>),
    /// An open gate's timer, lease, artifacts or looks; refused when it is no longer open.
    PutGate(Box<Gate>),
    /// The one transition: refused when the gate is no longer open.
    SettleGate {
        /// The gate with its final state.
        gate: Box<Gate>,
        /// The decision; none when the gate is canceled.
        decision: Option<Box<Decision>>,
    },
    /// The registered current version of an artifact.
    PutArtifact(Box<Artifact>),
    /// An artifact that is none any more: the patch that made it was taken back.
    DropArtifact(ArtifactPath),
    /// A line of the log.
    Event(Box<NewEvent>),
}

/// What an applied list of changes brought about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// The newest event's number; none when nothing was logged.
    pub last_event_seq: Option<u64>,
    /// The decisions made, sealed.
    pub decisions: Vec<super::decision::SealedDecision>,
    /// The gates opened.
    pub opened: Vec<GateKey>,
    /// Who had the gate open that was decided, other than whoever decided.
    pub overridden: Option<String>,
}
