//! What a rule decided to write, as data: the store applies these in one transaction and knows
//! nothing of the rules.

use serde::{Deserialize, Serialize};

use super::artifact::Artifact;
use super::decision::{Decision, SealedDecision};
use super::event::{HeldUp, NewEvent};
use super::gate::{Gate, GateState};
use super::ids::{ArtifactPath, Digest};
use super::job::{Attempt, Job, JobRows};
use super::refusal::Refusal;
use crate::key::GateKey;

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
    /// What came of a decision that could be taken back: it is carried out, or was taken back.
    /// Refused when that is past.
    FinishGate(Box<Gate>),
    /// The registered current version of an artifact.
    PutArtifact(Box<Artifact>),
    /// An artifact that is none any more: the patch that made it was taken back.
    DropArtifact(ArtifactPath),
    /// A line of the log.
    Event(Box<NewEvent>),
}

/// What an applied list of changes brought about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The newest event's number; none when nothing was logged.
    pub last_event_seq: Option<u64>,
    /// The decisions made, sealed.
    pub decisions: Vec<super::decision::SealedDecision>,
    pub opened: Vec<GateKey>,
    /// Decided gates that are finished now: their decisions are owed to the files once more.
    pub finished: Vec<GateKey>,
    /// Who had the gate open that was decided, other than whoever decided.
    pub overridden: Option<String>,
    /// What a stage was held up by that would have started.
    pub held_up: Option<HeldUp>,
}

/// What a change is beside the rows of its job: for whoever keeps the log and the chain of
/// decisions.
#[derive(Debug, Clone, PartialEq)]
pub enum LogEntry {
    /// Nothing more.
    Nothing,
    Opened(GateKey),
    Finished(GateKey),
    /// A line for the log.
    Event(Box<NewEvent>),
    /// A decision that is still to be sealed; see [`JobRows::note_decision`].
    Decision(Box<Decision>),
}

impl Change {
    /// Makes the change to rows in memory, under the guards that the store's rows have. Rows of a
    /// job that does not exist are none.
    pub fn apply_to(self, rows: &mut Option<JobRows>) -> Result<LogEntry, Refusal> {
        match (self, rows) {
            (Self::InsertJob(job), rows @ None) => {
                *rows = Some(JobRows::of(*job));
                Ok(LogEntry::Nothing)
            }
            (Self::PutJob(job), None) => Err(Refusal::no_such_job(&job.id)),
            (_, None) => Err(of_no_job()),
            (change, Some(rows)) => change.apply_to_job(rows),
        }
    }

    /// The same for a job that exists.
    pub fn apply_to_job(self, rows: &mut JobRows) -> Result<LogEntry, Refusal> {
        match self {
            Self::InsertJob(job) => {
                let message = format!("there is a job {} already", job.id);
                return Err(Refusal::wrong_state(message).at(job.id.to_string()));
            }
            Self::PutJob(job) => rows.job = *job,
            Self::PutAttempt(attempt) => {
                let same = |other: &&mut Attempt| other.stage == attempt.stage && other.number == attempt.number;
                match rows.attempts.iter_mut().find(same) {
                    Some(same) => *same = *attempt,
                    None => rows.attempts.push(*attempt),
                }
            }
            Self::OpenGate(gate) => {
                let is_in_the_way = |other: &&Gate| {
                    other.key == gate.key || (other.key.stage == gate.key.stage && other.state == GateState::Open)
                };
                if let Some(other) = rows.gates.iter().find(is_in_the_way) {
                    other.open_or_refuse()?;
                    return Err(Refusal::gate_open(&other.key));
                }
                let key = gate.key.clone();
                rows.gates.push(*gate);
                return Ok(LogEntry::Opened(key));
            }
            Self::PutGate(gate) => update_open(rows, *gate)?,
            Self::SettleGate { gate, decision } => {
                update_open(rows, *gate)?;
                return Ok(decision.map_or(LogEntry::Nothing, LogEntry::Decision));
            }
            Self::FinishGate(gate) => {
                let same = same_gate(rows, &gate)?;
                if same.recall.is_none() {
                    same.open_or_refuse()?;
                    return Err(Refusal::gate_open(&same.key));
                }
                let key = gate.key.clone();
                *same = *gate;
                rows.forget_older_decisions(&key.stage);
                return Ok(LogEntry::Finished(key));
            }
            Self::PutArtifact(artifact) => match rows.artifacts.iter_mut().find(|other| other.path == artifact.path) {
                Some(same) => *same = *artifact,
                None => rows.artifacts.push(*artifact),
            },
            Self::DropArtifact(path) => rows.artifacts.retain(|artifact| artifact.path != path),
            Self::Event(event) => return Ok(LogEntry::Event(event)),
        }
        Ok(LogEntry::Nothing)
    }
}

/// The rows as these changes make them but for the decisions, and those, still to be sealed and
/// noted.
pub fn applied(mut rows: Option<JobRows>, changes: &[Change]) -> Result<(JobRows, Vec<Decision>), Refusal> {
    let mut decisions = Vec::new();
    for change in changes.iter().cloned() {
        match change.apply_to(&mut rows)? {
            LogEntry::Decision(decision) => decisions.push(*decision),
            LogEntry::Nothing | LogEntry::Opened(_) | LogEntry::Finished(_) | LogEntry::Event(_) => {}
        }
    }
    Ok((rows.ok_or_else(of_no_job)?, decisions))
}

fn of_no_job() -> Refusal {
    let message = "the rules contradict themselves: rows of no job are changed";
    Refusal::not_possible(message)
}

fn same_gate<'r>(rows: &'r mut JobRows, gate: &Gate) -> Result<&'r mut Gate, Refusal> {
    let same = rows.gates.iter_mut().find(|other| other.key == gate.key);
    same.ok_or_else(|| Refusal::no_such_gate(&gate.key.job_id, &gate.key.stage))
}

/// The guarded update of a gate: only an open one changes.
fn update_open(rows: &mut JobRows, gate: Gate) -> Result<(), Refusal> {
    let same = same_gate(rows, &gate)?;
    same.open_or_refuse()?;
    *same = gate;
    Ok(())
}

impl JobRows {
    /// The rows of a job of which nothing has happened yet.
    pub fn of(job: Job) -> Self {
        Self {
            job,
            attempts: Vec::new(),
            gates: Vec::new(),
            artifacts: Vec::new(),
            decisions: Vec::new(),
        }
    }

    /// Takes a decision that is about to be recorded. Its place in the chain is known then; that it
    /// is the newest is all that the rules ask.
    pub fn note_newest(&mut self, decision: Decision) {
        let newest = self.decisions.iter().map(|sealed| sealed.seq).max().unwrap_or(0);
        self.note_decision(decision.seal(newest.saturating_add(1), Digest::ZERO));
    }

    /// Takes a sealed decision, whose gate is settled by it.
    pub fn note_decision(&mut self, sealed: SealedDecision) {
        let stage = sealed.decision.stage().clone();
        self.decisions.push(sealed);
        self.forget_older_decisions(&stage);
    }
}
