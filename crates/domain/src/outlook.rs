//! What a command would do, told from the changes that the rules answer with: the one place where
//! the future is worded.
//!
//! The changes come from a dry run of the reducer (`engine::reducer::foresee`). Nothing here knows
//! a rule; a sentence that cannot be found in the changes is not said.

mod facts;
mod several;
mod words;

pub use several::together;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::change::Change;
use super::event::HeldUp;
use super::ids::{ArtifactPath, Digest, StageName};
use super::job::{Attempt, JobRows, JobStatus};
use super::policy::{AtZero, Doubt, OnTimeout};
use super::refusal::Refusal;
use super::time::{Now, Timestamp};
use text::words::duration;
use words::sentences;

/// How an artifact comes to have another registered version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// A patch makes it.
    Patch,
    /// A patch is taken back.
    Undo,
    /// Somebody else put it there, and it is taken as it lies.
    Found,
}

/// One thing that would happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// An artifact has another version.
    ArtifactChanges {
        path: ArtifactPath,
        /// The registered version before; null: there was no such file.
        from: Option<Digest>,
        /// The version then; null: the file is removed.
        to: Option<Digest>,
        cause: ChangeCause,
    },
    /// The job's parameters change.
    ParamsChange {
        /// What they are set to.
        set: Map<String, Value>,
        /// What is no parameter any more.
        removed: Vec<String>,
    },
    GateOpens {
        stage: StageName,
        attempt: u32,
        /// Seconds until the timer acts; null: only a person decides.
        after_s: Option<u64>,
        /// What the timer does then, as the gate stands when it has opened.
        on_timeout: Option<OnTimeout>,
        /// Why that is not what was agreed on otherwise.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<Doubt>,
        /// Whether the stage's command ran for it: not where a person is to see what lies there
        /// already.
        stage_ran: bool,
    },
    GateDecided {
        stage: StageName,
        attempt: u32,
        /// The verdict.
        approved: bool,
        by: String,
        /// Seconds that it can be taken back, and nothing else happens; absent: not at all.
        #[serde(skip_serializing_if = "Option::is_none")]
        recall_s: Option<u64>,
    },
    /// A decision is taken back.
    DecisionRecalled {
        stage: StageName,
        /// The attempt that was decided.
        attempt: u32,
        /// Whether it was an approval.
        approved: bool,
        /// Who had decided.
        by: String,
    },
    /// A gate ends without a decision.
    GateCloses { stage: StageName, attempt: u32 },
    /// A gate stays open over other bytes.
    GateStaysOpen {
        stage: StageName,
        attempt: u32,
        /// Its digest then.
        digest: Digest,
    },
    /// A person stops a gate's timer.
    TimerStops {
        stage: StageName,
        attempt: u32,
        /// When it runs on even so, because nobody may hold it longer.
        until: Timestamp,
        /// When that was asked.
        at: Timestamp,
        /// Seconds that are left then.
        left_s: u64,
        /// What it does at the end.
        #[serde(flatten)]
        at_zero: AtZero,
    },
    /// A gate's timer is no longer held.
    TimerRuns {
        stage: StageName,
        attempt: u32,
        /// Seconds that are left when it runs.
        left_s: u64,
        /// Who has the gate open: until they leave it the timer stands even so.
        open_by: Option<String>,
        /// What it does at zero.
        #[serde(flatten)]
        at_zero: AtZero,
    },
    /// A gate's timer gets more time.
    TimerMoves {
        stage: StageName,
        attempt: u32,
        /// Seconds that are left now.
        left_before_s: u64,
        /// Seconds that are left then.
        left_s: u64,
        /// What it does at zero.
        #[serde(flatten)]
        at_zero: AtZero,
    },
    /// A gate's time is up, and from then on only a person decides.
    TimerEnds {
        stage: StageName,
        attempt: u32,
        /// The doubt that it does not approve for.
        #[serde(skip_serializing_if = "Option::is_none")]
        because: Option<Doubt>,
    },
    /// A stage is passed over: it has no command and asks for no gate.
    StagePasses { stage: StageName },
    /// A stage's command runs, as soon as a leader has a slot for it.
    StageStarts {
        stage: StageName,
        attempt: u32,
        /// Whether its command is handed the note of the rejection.
        gets_note: bool,
        /// How many comments on lines it is handed.
        #[serde(default, skip_serializing_if = "is_none")]
        comments: usize,
        /// Whether a former attempt of it ran.
        ran_before: bool,
        /// How many stages are before it, and may run at once; absent: nobody has counted.
        #[serde(skip_serializing_if = "Option::is_none")]
        slots: Option<Slots>,
    },
    /// A stage's command does not run, and the job pauses: what was decided on before is not what
    /// the stage would read.
    StageHeldUp {
        stage: StageName,
        /// Its attempt, which waits.
        attempt: u32,
        path: ArtifactPath,
        /// What lies there; null: nothing.
        found: Option<Digest>,
    },
    /// A stage's command is stopped, or does not start any more.
    StageStops {
        stage: StageName,
        attempt: u32,
        /// Whether it runs.
        is_running: bool,
    },
    /// The pipeline outside may go on behind this stage.
    OutsideGoesOn { stage: StageName },
    /// The pipeline outside is to open this stage's gate again.
    OutsideOpens {
        stage: StageName,
        /// The attempt that it would be.
        attempt: u32,
    },
    /// The job has another status, which no other fact tells.
    JobIs { status: JobStatus },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The places of stages that run at once, over all jobs (`pipeline.max_concurrent_jobs`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// Stages that run, or that wait and come first.
    pub ahead: usize,
    /// As many may run at once.
    pub limit: usize,
}

impl Slots {
    /// Whether one more may start.
    pub fn is_free(self) -> bool {
        self.ahead < self.limit
    }
}

const FINAL: &str = "Cannot be taken back.";

/// What a command would do to one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// What would happen, in this order.
    pub facts: Vec<Fact>,
    /// Where the job pauses: what resuming it would do then, or why it would be refused.
    pub resumed: Option<Result<Vec<Fact>, Refusal>>,
    /// The job's status then.
    pub job_status: JobStatus,
    /// The stage it would be at.
    pub job_stage: Option<StageName>,
}

impl Outlook {
    /// What these changes would make of a job now; `before` are its rows as they are, `after` as
    /// they would be.
    pub fn of(before: &JobRows, after: &JobRows, changes: &[Change], now: Now, grace_s: u64) -> Self {
        Self {
            facts: facts::of(before, after, changes, (now, grace_s)),
            resumed: None,
            job_status: after.job.status,
            job_stage: after.job.stage.clone(),
        }
    }

    /// The same, where so many stages come before the one that would start.
    #[must_use]
    pub fn among(self, counted: Option<Slots>) -> Self {
        Self {
            facts: self.facts.into_iter().map(|fact| fact.among(counted)).collect(),
            ..self
        }
    }

    /// Whether the same would happen, however many stages come before.
    pub fn is_same_deed(&self, other: &Self) -> bool {
        self.clone().among(None) == other.clone().among(None)
    }

    /// The same, with what a resume would do then.
    #[must_use]
    pub fn then_resumed(self, resumed: Result<Self, Refusal>) -> Self {
        Self {
            resumed: Some(resumed.map(|outlook| outlook.facts)),
            ..self
        }
    }

    /// What would follow in plain words, a sentence each.
    pub fn follows(&self) -> Vec<String> {
        sentences(&self.facts)
    }

    /// The same with what a resume would do then, and whether it is final.
    pub fn sentences(&self) -> Vec<String> {
        let mut told = self.follows();
        match &self.resumed {
            None => {}
            Some(Ok(facts)) => {
                let mut resumed = sentences(facts).into_iter();
                told.extend(resumed.next().map(|first| format!("Once it is resumed: {first}")));
                told.extend(resumed);
            }
            Some(Err(refusal)) => {
                let hint = refusal.hint.as_ref().map(|hint| format!(" ({hint})"));
                let hint = hint.unwrap_or_default();
                told.push(format!("As things are it cannot be resumed: {refusal}{hint}."));
            }
        }
        match self.recall_s() {
            Some(recall_s) => told.push(format!("It can be taken back for {}.", duration(recall_s))),
            None if self.is_final() => told.push(FINAL.to_owned()),
            None => {}
        }
        told
    }

    /// Whether something of it cannot be taken back.
    fn is_final(&self) -> bool {
        self.recall_s().is_none() && self.facts.iter().any(Fact::is_final)
    }

    /// Seconds that its decision can be taken back; what else is told happens after them. None: it
    /// has none that could be.
    pub fn recall_s(&self) -> Option<u64> {
        self.facts.iter().find_map(|fact| {
            let Fact::GateDecided { recall_s, .. } = fact else {
                return None;
            };
            *recall_s
        })
    }

    /// The gate's digest after a patch, where one stays open over other bytes.
    pub fn digest(&self) -> Option<Digest> {
        self.facts.iter().find_map(|fact| {
            let Fact::GateStaysOpen { digest, .. } = fact else {
                return None;
            };
            Some(*digest)
        })
    }
}

impl Fact {
    /// Of the stage that waits for its start in these rows: that it starts, or what it was held up
    /// by and does not.
    pub fn of_waiting(rows: &JobRows, held_up: Option<&HeldUp>) -> Option<Self> {
        let waiting = rows.waiting()?;
        let (stage, attempt) = (waiting.stage.clone(), waiting.number);
        let is_former = |ran: &Attempt| ran.stage == stage && ran.number < attempt && ran.started_at.is_some();
        match rows.job.status {
            JobStatus::Queued => Some(Self::StageStarts {
                ran_before: rows.attempts.iter().any(is_former),
                stage,
                attempt,
                gets_note: waiting.notes.is_some(),
                comments: waiting.comments.len(),
                slots: None,
            }),
            JobStatus::Paused => held_up.map(|held_up| Self::StageHeldUp {
                stage,
                attempt,
                path: held_up.path.clone(),
                found: held_up.found,
            }),
            JobStatus::Running
            | JobStatus::NeedsApproval
            | JobStatus::Completed
            | JobStatus::Failed
            | JobStatus::Canceled => None,
        }
    }

    /// The same, where so many stages come before the one that would start.
    #[must_use]
    pub fn among(mut self, counted: Option<Slots>) -> Self {
        if let Self::StageStarts { slots, .. } = &mut self {
            *slots = counted;
        }
        self
    }

    /// Whether a stage that is to start does not do so at once.
    pub fn is_hindrance(&self) -> bool {
        match self {
            Self::StageHeldUp { .. } => true,
            Self::StageStarts { slots, .. } => slots.is_some_and(|slots| !slots.is_free()),
            Self::ArtifactChanges { .. }
            | Self::ParamsChange { .. }
            | Self::GateOpens { .. }
            | Self::GateDecided { .. }
            | Self::DecisionRecalled { .. }
            | Self::GateCloses { .. }
            | Self::GateStaysOpen { .. }
            | Self::TimerStops { .. }
            | Self::TimerRuns { .. }
            | Self::TimerMoves { .. }
            | Self::TimerEnds { .. }
            | Self::StagePasses { .. }
            | Self::StageStops { .. }
            | Self::OutsideGoesOn { .. }
            | Self::OutsideOpens { .. }
            | Self::JobIs { .. } => false,
        }
    }

    /// Whether nobody can take it back.
    fn is_final(&self) -> bool {
        match self {
            Self::GateDecided { .. } | Self::GateCloses { .. } => true,
            Self::JobIs { status } => status.is_ended(),
            Self::ArtifactChanges { .. }
            | Self::ParamsChange { .. }
            | Self::GateOpens { .. }
            | Self::DecisionRecalled { .. }
            | Self::GateStaysOpen { .. }
            | Self::TimerStops { .. }
            | Self::TimerRuns { .. }
            | Self::TimerMoves { .. }
            | Self::TimerEnds { .. }
            | Self::StagePasses { .. }
            | Self::StageStarts { .. }
            | Self::StageHeldUp { .. }
            | Self::StageStops { .. }
            | Self::OutsideGoesOn { .. }
            | Self::OutsideOpens { .. } => false,
        }
    }
}
