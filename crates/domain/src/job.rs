//! A job: one run of a pipeline, and the attempts of its stages.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::artifact::Artifact;
use super::comment::Comment;
use super::decision::{Decision, SealedDecision};
use super::gate::{Gate, GateState};
use super::ids::{Digest, HostId, JobId, StageName};
use super::key::GateKey;
use super::stage::StageSpec;
use super::time::Timestamp;

/// What is said of a job whose gates another program opens.
pub const OWN_PIPELINE: &str = "run by its own pipeline";

read_words! {
    /// A job's status (SPEC §5).
    #[derive(Hash)]
    pub enum JobStatus {
        /// A stage waits for a slot and a leader.
        Queued = "queued",
        /// A stage's command runs; or, for a manual job, no gate is open.
        Running = "running",
        /// A gate is open.
        NeedsApproval = "needs_approval",
        /// Waits for a person to resume it.
        Paused = "paused",
        /// All stages are through.
        Completed = "completed",
        /// A stage failed.
        Failed = "failed",
        /// A person ended it.
        Canceled = "canceled",
    }
}

impl JobStatus {
    /// What an operator reads.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeedsApproval => "waiting at a gate",
            Self::Queued | Self::Running | Self::Paused | Self::Completed | Self::Failed | Self::Canceled => {
                self.as_str()
            }
        }
    }

    /// Whether nothing can happen to the job any more.
    pub fn is_ended(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Canceled => true,
            Self::Queued | Self::Running | Self::NeedsApproval | Self::Paused => false,
        }
    }
}

/// What a job was started with and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id; also its run directory.
    pub id: JobId,
    /// A short name for people.
    pub slug: String,
    /// What it is for.
    pub intent: String,
    /// Whether gates are opened from outside and nothing is run (SPEC §5).
    pub is_manual: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// The stage it is at; none before the first and after the last.
    pub stage: Option<StageName>,
    /// What stage commands read.
    pub params: Map<String, Value>,
    /// What clients sent along (`brief`, `meta`, …), kept for them.
    pub cfg: Map<String, Value>,
    /// The pipeline as it was when the job started.
    pub stages: Vec<StageSpec>,
    /// Who started it.
    pub created_by: String,
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When somebody noted that it failed; none: nobody did, or it did not fail. Until then it
    /// stands in every queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
}

read_words! {
    /// Where one execution of a stage stands.
    pub enum AttemptState {
        /// Waits for a slot and a leader.
        Queued = "queued",
        /// Its supervisor was started.
        Running = "running",
        /// The command ended well and its artifacts are registered.
        Completed = "completed",
        /// The command failed or ran out of time.
        Failed = "failed",
        /// Its supervisor died; another attempt takes its place.
        Lost = "lost",
        /// Nobody wants it any more: the job was canceled, or an earlier stage is reviewed again
        /// first.
        Canceled = "canceled",
    }
}

impl AttemptState {
    /// Whether its command runs no more, and will not.
    pub fn is_ended(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::Lost | Self::Canceled => true,
            Self::Queued | Self::Running => false,
        }
    }
}

/// One execution of a stage for a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub stage: StageName,
    /// From 1.
    pub number: u32,
    /// Where it stands.
    pub state: AttemptState,
    /// What the operator said when the former attempt was rejected; handed to the command.
    pub notes: Option<String>,
    /// What they said about lines; handed to the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comments: Vec<Comment>,
    /// The patch that came with it; handed to the command.
    pub patch: Option<Value>,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When its supervisor was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended, in words: `exit status 0`, `killed by signal 9`, `timed out after 30 s`.
    pub outcome: Option<String>,
    /// Where its supervisor was started; none where the record is a file, and so of one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
}

/// What an operator says to the stage that runs again.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    pub notes: Option<String>,
    pub comments: Vec<Comment>,
    pub patch: Option<Value>,
}

impl Told {
    /// By this rejection.
    pub fn by(rejection: &Decision) -> Self {
        Self {
            notes: rejection.notes().map(str::to_owned),
            comments: rejection.comments().to_vec(),
            patch: rejection.patch().cloned(),
        }
    }

    /// To this attempt.
    pub fn to(attempt: &Attempt) -> Self {
        Self {
            notes: attempt.notes.clone(),
            comments: attempt.comments.clone(),
            patch: attempt.patch.clone(),
        }
    }
}

/// Everything the rules need to know of one job, as the store has it inside one transaction; also
/// what `state.json` holds, so that a lost database can be made again from the run directories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRows {
    pub job: Job,
    /// All attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// All gates, oldest first.
    pub gates: Vec<Gate>,
    /// The current version of each artifact.
    pub artifacts: Vec<Artifact>,
    /// The newest decision of each stage; where that one may still be taken back, or was, also the
    /// one that counts meanwhile.
    pub decisions: Vec<SealedDecision>,
}

impl JobRows {
    /// The gate of this stage's attempt; of its newest where none is named.
    pub fn gate_of(&self, stage: &StageName, attempt: Option<u32>) -> Option<&Gate> {
        match attempt {
            Some(attempt) => self.gate(stage, attempt),
            None => self.newest_gate(stage),
        }
    }

    pub fn newest_gate(&self, stage: &StageName) -> Option<&Gate> {
        self.gates
            .iter()
            .filter(|gate| gate.key.stage == *stage)
            .max_by_key(|gate| gate.key.attempt)
    }

    /// The gate of exactly this attempt.
    pub fn gate(&self, stage: &StageName, attempt: u32) -> Option<&Gate> {
        self.gates
            .iter()
            .find(|gate| gate.key.stage == *stage && gate.key.attempt == attempt)
    }

    /// The gate of the same stage that was open until this one took its place.
    pub fn replaced_by(&self, opened: &Gate) -> Option<&Gate> {
        let former = self.gate(&opened.key.stage, opened.key.attempt.checked_sub(1)?)?;
        let is_by_it = former
            .settled
            .as_ref()
            .is_some_and(|settled| settled.at == opened.opened_at);
        (former.state == GateState::Canceled && is_by_it).then_some(former)
    }

    /// Whether the newest gate of a stage was taken back: the job waits at that stage without one.
    pub fn is_withdrawn(&self, stage: &StageName) -> bool {
        self.newest_gate(stage)
            .is_some_and(|gate| gate.state == GateState::Canceled)
    }

    /// Exactly this attempt of a stage.
    pub fn attempt(&self, stage: &StageName, number: u32) -> Option<&Attempt> {
        self.attempts
            .iter()
            .find(|attempt| attempt.stage == *stage && attempt.number == number)
    }

    pub fn newest_attempt(&self, stage: &StageName) -> Option<&Attempt> {
        self.attempts
            .iter()
            .filter(|attempt| attempt.stage == *stage)
            .max_by_key(|attempt| attempt.number)
    }

    /// The attempt of the stage that the job is at, where it waits for its start.
    pub fn waiting(&self) -> Option<&Attempt> {
        let newest = self.newest_attempt(self.job.stage.as_ref()?);
        newest.filter(|attempt| attempt.state == AttemptState::Queued)
    }

    /// The number of the next attempt of a stage: one more than any execution or gate had.
    pub fn next_attempt(&self, stage: &StageName) -> u32 {
        let ran = self.newest_attempt(stage).map_or(0, |attempt| attempt.number);
        let opened = self.newest_gate(stage).map_or(0, |gate| gate.key.attempt);
        ran.max(opened).saturating_add(1)
    }

    /// The decision on this gate, where it is among those that are kept.
    pub fn decision_on(&self, key: &GateKey) -> Option<&SealedDecision> {
        self.decisions.iter().find(|sealed| sealed.decision.key() == *key)
    }

    /// The decision that counts at this stage: the newest that is carried out. One that may still
    /// be taken back is none yet, and one that was taken back is none.
    pub fn standing_decision(&self, stage: &StageName) -> Option<&SealedDecision> {
        self.of_stage(stage)
            .filter(|sealed| self.is_final(&sealed.decision))
            .max_by_key(|sealed| sealed.seq)
    }

    fn of_stage(&self, stage: &StageName) -> impl Iterator<Item = &SealedDecision> {
        self.decisions
            .iter()
            .filter(move |sealed| sealed.decision.stage() == stage)
    }

    /// Of this stage the newest decision is kept, and the one that counts.
    pub(crate) fn forget_older_decisions(&mut self, stage: &StageName) {
        let newest = self.of_stage(stage).map(|sealed| sealed.seq).max();
        let standing = self.standing_decision(stage).map(|sealed| sealed.seq);
        let is_kept = |seq| [newest, standing].contains(&Some(seq));
        self.decisions
            .retain(|sealed| sealed.decision.stage() != stage || is_kept(sealed.seq));
    }

    /// The gate that answers for this one: where its decision was taken back, the one that opened in
    /// its place.
    pub fn answering<'r>(&'r self, mut gate: &'r Gate) -> &'r Gate {
        while gate.state == GateState::Recalled
            && let Some(again) = self.gate(&gate.key.stage, gate.key.attempt.saturating_add(1))
            && again.recalls.is_some()
        {
            gate = again;
        }
        gate
    }

    /// Whether this decision is carried out, and not taken back.
    pub fn is_final(&self, decision: &Decision) -> bool {
        let gate = self.gate(decision.stage(), decision.attempt());
        gate.is_none_or(Gate::is_final)
    }

    /// The rejection that resuming the paused job answers to: its patch is applied, or its note
    /// handed to the stage that runs again. None: the job waits for its start, or for a gate in the
    /// place of one that was withdrawn, and an older rejection is history.
    pub fn rejection_to_answer(&self) -> Option<&SealedDecision> {
        let stage = self
            .job
            .stage
            .as_ref()
            .filter(|_| self.job.status == JobStatus::Paused)?;
        self.standing_decision(stage)
            .filter(|sealed| !sealed.decision.is_approved() && self.waiting().is_none() && !self.is_withdrawn(stage))
    }

    /// The stage as it was configured when the job started.
    pub fn stage_spec(&self, stage: &StageName) -> Option<&StageSpec> {
        self.job.stages.iter().find(|spec| spec.name == *stage)
    }

    pub fn registered(&self, path: &super::ids::ArtifactPath) -> Option<Digest> {
        self.artifacts
            .iter()
            .find(|artifact| artifact.path == *path)
            .map(|artifact| artifact.digest)
    }
}
