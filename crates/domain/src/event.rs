//! What happened, in the past tense: the log that every screen and client follows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ids::{ArtifactPath, Digest, JobId, StageName};
use super::job::JobStatus;
use super::time::Timestamp;

read_words! {
    /// The type of an event (SPEC §4).
    #[derive(Hash)]
    pub enum EventType {
        /// A job exists.
        JobCreated = "job_created",
        /// Its first stage began or its first gate opened.
        JobStarted = "job_started",
        /// A stage's command began.
        StageStarted = "stage_started",
        /// A stage's work is done; a gate may follow.
        StageCompleted = "stage_completed",
        /// A stage's command failed, ran out of time or was lost.
        StageFailed = "stage_failed",
        /// A gate waits for a decision.
        GateOpened = "gate_opened",
        /// A person opened the gate and looked.
        GateSeen = "gate_seen",
        /// The timer was stopped: by a lease, a person or the policy.
        GateHeld = "gate_held",
        /// The timer runs again.
        GateReleased = "gate_released",
        /// The deadline was moved.
        GateExtended = "gate_extended",
        /// The gate's timer is about to end: a last call.
        LastCall = "last_call",
        /// A console showed it, or a webhook took it.
        GateReached = "gate_reached",
        /// The deadline passed while nobody could act; the grace begins.
        GateOverdue = "gate_overdue",
        /// A person approved.
        GateApproved = "gate_approved",
        /// A person, or the timer by policy, rejected.
        GateRejected = "gate_rejected",
        /// The timer approved.
        GateAutoApproved = "gate_auto_approved",
        /// A person decided; nothing comes of it before it can no longer be taken back.
        DecisionMade = "decision_made",
        /// A decision was taken back.
        DecisionRecalled = "decision_recalled",
        /// Whoever asked for the gate says otherwise why.
        GateContextChanged = "gate_context_changed",
        /// No sign of life came of whoever asked for the gate, which stays all the same.
        GateRequesterGone = "gate_requester_gone",
        /// A sign of life came again.
        GateRequesterBack = "gate_requester_back",
        /// The gate ended without a decision.
        GateCanceled = "gate_canceled",
        /// An artifact was changed on disk by someone else than holdpoint, and that version was
        /// reviewed.
        ArtifactChanged = "artifact_changed",
        /// A patch changed an artifact.
        PatchApplied = "patch_applied",
        /// A patch was taken back.
        PatchUndone = "patch_undone",
        /// The job waits for a person to resume it.
        JobPaused = "job_paused",
        /// It goes on.
        JobResumed = "job_resumed",
        /// A person ended it.
        JobCanceled = "job_canceled",
        /// All stages are through.
        JobCompleted = "job_completed",
        /// A stage failed and the job ended with it.
        JobFailed = "job_failed",
        /// A person noted that it failed.
        JobAcknowledged = "job_acknowledged",
    }
}

/// An event before the store numbers it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub kind: EventType,
    /// The stage it is about.
    pub stage: Option<StageName>,
    /// The job's status after it.
    pub status: JobStatus,
    /// One line for a person.
    pub message: String,
    /// The facts, for programs.
    pub payload: Value,
}

/// In the payload of a pause: that an artifact is not what was decided on.
pub const ARTIFACT_CHANGED: &str = "artifact_changed";

/// What a stage was held up by before it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldUp {
    /// The artifact that is not what was decided on.
    pub(crate) path: ArtifactPath,
    /// What lies there; none: nothing.
    pub(crate) found: Option<Digest>,
}

/// The `kind` of a gate's hold that a person took on purpose; a lease has another one. The index
/// `event_held` of the store has it too.
pub const HOLD_KIND: &str = "hold";

/// Who stops a timer where it is no person.
pub const BY_POLICY: &str = "policy";

/// In the payload of what came of a decision later than it was made: when that was.
pub const MADE_AT: &str = "made_at";

/// In the payload of a decision: whose open editor or prompt it did not wait for.
pub const OVERRIDDEN: &str = "overridden";

/// The same, behind what is said of the deed.
pub fn while_open(name: &str) -> String {
    format!(", while {name} had it open")
}

impl NewEvent {
    /// What a stage was held up by, where the job paused because of that.
    pub fn held_up(&self) -> Option<HeldUp> {
        let text = |name: &str| self.payload.get(name).and_then(Value::as_str);
        if self.kind != EventType::JobPaused || text("reason") != Some(ARTIFACT_CHANGED) {
            return None;
        }
        let path = ArtifactPath::new(text("path")?).ok()?;
        let found = text("found").and_then(|digest| Digest::parse(digest).ok());
        Some(HeldUp { path, found })
    }

    /// Who had the gate open that was decided, other than whoever decided.
    pub fn overridden(&self) -> Option<&str> {
        self.payload.get(OVERRIDDEN).and_then(Value::as_str)
    }
}

/// A stored event; one line of `events.jsonl`, keys in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Strictly rising over the whole runs directory.
    pub seq: u64,
    pub ts: Timestamp,
    pub job_id: JobId,
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The stage it is about.
    pub stage: Option<StageName>,
    /// The job's status after it.
    pub status: JobStatus,
    /// One line for a person.
    pub message: String,
    /// The facts, for programs.
    pub payload: Value,
}

impl Event {
    /// Whether it is that the policy stopped a timer for good.
    pub fn is_held_by_policy(&self) -> bool {
        let by = self.payload.get("by").and_then(Value::as_str);
        self.kind == EventType::GateHeld && by == Some(BY_POLICY)
    }
}

/// The patches, and patches taken back, of one artifact among these events, oldest first.
fn patches_of<'e>(events: &'e [Event], path: &ArtifactPath) -> impl DoubleEndedIterator<Item = &'e Event> {
    events
        .iter()
        .filter(|event| matches!(event.kind, EventType::PatchApplied | EventType::PatchUndone))
        .filter(move |event| event.payload.get("path").and_then(Value::as_str) == Some(path.as_str()))
}

fn digest_in(event: &Event, key: &str) -> Option<Digest> {
    let text = event.payload.get(key).and_then(Value::as_str)?;
    Digest::parse(text).ok()
}

/// The versions of an artifact that these events' patches replaced: what may still lie on disk
/// while their files are owed. None stands for "there was no such file".
pub fn predecessors(events: &[Event], path: &ArtifactPath) -> impl Iterator<Item = Option<Digest>> {
    patches_of(events, path).map(|event| digest_in(event, "sha256"))
}

/// The files that these events' patches made and took back again: they are owed their removal.
pub fn removed_again(events: &[Event]) -> BTreeSet<ArtifactPath> {
    let named = events
        .iter()
        .filter_map(|event| event.payload.get("path").and_then(Value::as_str));
    named
        .filter_map(|path| ArtifactPath::new(path).ok())
        .filter(|path| {
            let newest = patches_of(events, path).next_back();
            newest.is_some_and(|event| digest_in(event, "sha256_after").is_none())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_on_the_wire_are_what_serde_writes() {
        for kind in EventType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), Value::from(kind.as_str()));
            assert_eq!(EventType::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventType::parse("gate_forgotten"), None);
    }
}
