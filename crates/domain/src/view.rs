//! What screens and lists read: rows made by the store, small enough to hold by the ten thousand.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::context::Headline;
use super::event::ARTIFACT_CHANGED;
use super::group::GroupKey;
use super::ids::{Digest, JobId, StageName};
use super::job::JobStatus;
use super::lease::Lease;
use super::policy::AtZero;
use super::recall::RecallWindow;
use super::time::Timestamp;
use super::timer::GateTimer;

/// What a row of the queue is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum QueueKind {
    /// An open gate.
    Gate,
    /// A gate whose decision may still be taken back: nothing has come of it yet.
    Decided,
    /// A job that failed, and nobody has noted it yet.
    Failed,
    /// A paused job: a person must resume it.
    Paused,
    /// A stage's command runs.
    Running,
    /// A stage waits for a slot and a leader.
    Queued,
}

impl QueueKind {
    /// What the row of a job with this status is about, where it is at no gate; none: it has no
    /// row.
    pub fn of(status: JobStatus) -> Option<Self> {
        match status {
            JobStatus::Queued => Some(Self::Queued),
            JobStatus::Running => Some(Self::Running),
            JobStatus::Paused => Some(Self::Paused),
            JobStatus::Failed => Some(Self::Failed),
            JobStatus::NeedsApproval | JobStatus::Completed | JobStatus::Canceled => None,
        }
    }
}

/// Why a job is paused, as its newest event about that says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pause {
    /// Its gate was rejected.
    Rejected,
    /// Its gate was withdrawn.
    Withdrawn,
    /// What was decided on is not what the next stage would read.
    ArtifactChanged,
}

impl Pause {
    const ALL: [Self; 3] = [Self::Rejected, Self::Withdrawn, Self::ArtifactChanged];

    /// As the event has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::ArtifactChanged => ARTIFACT_CHANGED,
        }
    }

    /// From an event; none for a word that this version does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pause| pause.as_str() == word)
    }

    /// For people, the longest wording first.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Rejected => &["rejected"],
            Self::Withdrawn => &["withdrawn"],
            Self::ArtifactChanged => &["artifact changed", "changed"],
        }
    }
}

/// How a gate was decided whose decision may still be taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidedGate {
    pub is_approved: bool,
    /// Who decided.
    pub by: String,
    /// How long it may be taken back; the patch is left out.
    pub window: RecallWindow,
}

impl DecidedGate {
    /// `approved` or `rejected`.
    pub fn verdict(&self) -> &'static str {
        if self.is_approved { "approved" } else { "rejected" }
    }
}

/// One row of the queue: an open gate, or a job that is not at one. Flat like a row: a field for
/// each of its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// What it is about.
    pub kind: QueueKind,
    pub job_id: JobId,
    /// Its short name.
    pub slug: Arc<str>,
    /// The stage; for a job between stages, none.
    pub stage: Option<StageName>,
    /// The attempt, from 1; 0 for a job that is not at a gate and has no attempt.
    pub attempt: u32,
    /// Since when: a gate's opening, a pause's or a run's beginning.
    pub since: Timestamp,
    /// A gate's timer.
    pub timer: Option<GateTimer>,
    /// What that does at zero, as the gate stands.
    pub at_zero: Option<AtZero>,
    /// The bound of what persons may add, in seconds.
    pub max_hold_s: u64,
    /// The claim of a live editor or prompt.
    pub lease: Option<Arc<Lease>>,
    /// Lines added against the base, over all artifacts.
    pub added_lines: u32,
    pub removed_lines: u32,
    /// Artifacts under review.
    pub files: u16,
    /// Whether no artifact has a base: everything is new.
    pub is_new: bool,
    /// Whether all artifacts are binary, so that line counts say nothing.
    pub is_binary: bool,
    /// Whether any person has looked.
    pub is_seen: bool,
    /// Whether any person was shown all of what is under review now.
    pub is_wholly_seen: bool,
    /// Why a paused job is paused, where that is known.
    pub pause: Option<Pause>,
    /// What its requester says of a gate.
    pub headline: Option<Arc<Headline>>,
    /// How a decided gate was decided.
    pub decided: Option<Arc<DecidedGate>>,
    /// What a verdict on a gate would be about; none where nothing is under review.
    pub group: Option<Arc<GroupKey>>,
    /// The digest of all that a gate's requester says of it, also where that is nothing.
    pub context_digest: Option<Arc<Digest>>,
}

const _: () = assert!(
    size_of::<QueueRow>() <= 256,
    "ten thousand rows are held in memory (HOUSE: Memory)"
);

/// Who leads: runs stages and fires timers at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderInfo {
    /// Rises by one with every takeover; every leader-only write checks it.
    pub epoch: u64,
    /// The operator in whose name the process runs.
    pub name: String,
    /// `console`, `serve`, `wait`, `watch`.
    pub role: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
}

/// Where a reader of events left off; what is named was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventsSince {
    /// An event's number; 0 for all.
    Seq(u64),
    /// A point in time.
    Time(Timestamp),
}

/// Which jobs a list wants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFilter {
    /// Only this status.
    pub status: Option<JobStatus>,
    /// Only jobs made before this time.
    pub before: Option<Timestamp>,
    /// At most so many, newest first.
    pub limit: u32,
}
