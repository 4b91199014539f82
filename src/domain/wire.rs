//! The documents that clients read: `--json` now, HTTP later (WIRE.md).
//!
//! Owns field names and what they mean; made from rows, never read back. Must not know where a document goes, nor any file but by name.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::artifact::{Artifact, GateArtifact};
use super::decision::{SealedDecision, Seen};
use super::event::{Event, EventType};
use super::gate::{Gate, GateState};
use super::ids::{ArtifactPath, Digest, JobId, StageName};
use super::job::{Attempt, AttemptState, JobRows, JobStatus};
use super::patch::{Family, TypeDoc};
use super::policy::GatePolicy;
use super::time::{SECOND_US, Timestamp};
use super::timer::TimerStatus;

/// What a document needs to know beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct Lens<'a> {
    /// The policies in force for gates that open from now on.
    pub policies: &'a BTreeMap<StageName, GatePolicy>,
    /// Seconds of grace for an overdue gate.
    pub grace_s: u64,
    /// When the document is made.
    pub now: Timestamp,
    /// The absolute path of the runs directory, for readers on the same machine.
    pub runs_dir: Option<&'a str>,
}

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

    fn of_gate(state: GateState) -> Self {
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

/// One stage's gate: in a job's `gates[]`, in `gates/status`, and alone.
#[derive(Debug, Clone, Serialize)]
pub struct GateDoc<'a> {
    /// The stage.
    pub stage: &'a StageName,
    /// See [`StageState`].
    pub state: StageState,
    /// The attempt, from 1; null before the first.
    pub attempt: Option<u32>,
    /// Whether a person is wanted at all: as frozen, else as in force.
    pub required: bool,
    /// Null unless decided.
    pub approved: Option<bool>,
    /// Who decided; null unless decided.
    pub by: Option<&'a str>,
    /// When it was decided; never the time of opening.
    pub at: Option<Timestamp>,
    /// What the decider wrote.
    pub notes: Option<&'a str>,
    /// The patch that came with the decision.
    pub patch: Option<&'a Value>,
    /// Whether there is one.
    pub has_patch: bool,
    /// Whether the timer approved.
    pub auto_approved: bool,
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// When the timer acts, absolute; null: never.
    pub deadline: Option<Timestamp>,
    /// Seconds from opening to the deadline.
    pub timeout_seconds: Option<u64>,
    /// Whether silence may decide.
    pub auto_approve_enabled: bool,
    /// What the timer does at the deadline.
    pub on_timeout: &'static str,
    /// Seconds until the timer acts; null when it does not run, or the gate is not open.
    pub time_remaining: Option<f64>,
    /// Seconds that it has been open, or was.
    pub time_elapsed: Option<f64>,
    /// Since when it is overdue.
    pub overdue_since: Option<Timestamp>,
    /// Whether the policy stopped the timer for good.
    pub held_by_policy: bool,
    /// Who has a prompt or an editor open.
    pub held_by: Option<&'a str>,
    /// The digest that a decision may name (SPEC §6); null without a gate.
    pub digest: Option<Digest>,
    /// What is under review.
    pub artifacts: Vec<GateArtifactDoc<'a>>,
    /// Who has looked.
    pub seen: &'a [Seen],
}

/// An artifact under review.
#[derive(Debug, Clone, Serialize)]
pub struct GateArtifactDoc<'a> {
    /// What it is.
    pub kind: &'a str,
    /// Relative to the run directory.
    pub path: &'a ArtifactPath,
    /// The absolute path of the same, for readers on the same machine: what an outside pipeline goes on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of the version under review.
    pub sha256: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of the version it is compared with.
    pub base_sha256: Option<Digest>,
    /// Where that came from, in words.
    pub base: Option<String>,
    /// Lines added against the base.
    pub added_lines: u32,
    /// Lines removed.
    pub removed_lines: u32,
    /// Whether line counts say nothing.
    pub is_binary: bool,
}

impl<'a> GateArtifactDoc<'a> {
    /// The document of one artifact under review.
    pub fn of(job_id: &JobId, artifact: &'a GateArtifact, lens: Lens<'_>) -> Self {
        Self {
            kind: &artifact.kind,
            path: &artifact.path,
            file: lens
                .runs_dir
                .map(|runs_dir| format!("{runs_dir}/{job_id}/{}", artifact.path)),
            sha256: artifact.digest,
            size_bytes: artifact.size_bytes,
            base_sha256: artifact.base.as_ref().map(|base| base.digest),
            base: artifact.base.as_ref().map(|base| base.origin.label()),
            added_lines: artifact.added_lines,
            removed_lines: artifact.removed_lines,
            is_binary: artifact.is_binary,
        }
    }
}

fn seconds(us: i64) -> f64 {
    us.max(0) as f64 / SECOND_US as f64
}

impl<'a> GateDoc<'a> {
    /// The gate of a stage's latest attempt, reached or not.
    pub fn of_stage(rows: &'a JobRows, stage: &'a StageName, lens: Lens<'_>) -> Self {
        let (state, gate) = StageState::of(rows, stage);
        match gate {
            Some(gate) => Self::of_gate(rows, gate, lens),
            None => {
                let policy = lens.policies.get(stage).cloned();
                let is_gated = policy.is_some();
                let policy = policy.unwrap_or_default();
                Self {
                    stage,
                    state,
                    attempt: rows.newest_attempt(stage).map(|attempt| attempt.number),
                    required: is_gated && policy.required,
                    approved: None,
                    by: None,
                    at: None,
                    notes: None,
                    patch: None,
                    has_patch: false,
                    auto_approved: false,
                    opened_at: None,
                    deadline: None,
                    timeout_seconds: policy.auto_approve_after_s,
                    auto_approve_enabled: policy.auto_approve,
                    on_timeout: policy.on_timeout.as_str(),
                    time_remaining: None,
                    time_elapsed: None,
                    overdue_since: None,
                    held_by_policy: false,
                    held_by: None,
                    digest: None,
                    artifacts: Vec::new(),
                    seen: &[],
                }
            }
        }
    }

    /// Exactly this gate. Its decision is told only when `rows` has it: the newest of each stage.
    pub fn of_gate(rows: &'a JobRows, gate: &'a Gate, lens: Lens<'_>) -> Self {
        let sealed = rows.decisions.iter().find(|sealed| sealed.decision.key() == gate.key);
        let decision = sealed.map(|sealed| &sealed.decision);
        let is_open = gate.state == GateState::Open;
        let settled = gate.settled.as_ref();
        let is_decided = matches!(gate.state, GateState::Approved | GateState::Rejected);
        let lease = gate.lease.as_ref().filter(|lease| is_open && lease.is_live(lens.now));
        let timer = gate.timer.as_ref();
        let fires_at = timer.filter(|_| is_open).and_then(|timer| {
            match timer.status(lease, lens.now, gate.policy.max_hold_s, lens.grace_s) {
                TimerStatus::Running(at) | TimerStatus::Leased(at) | TimerStatus::Overdue(at) => Some(at),
                TimerStatus::HeldByPolicy => None,
            }
        });
        let until = settled.map_or(lens.now, |settled| settled.at);
        Self {
            stage: &gate.key.stage,
            state: StageState::of_gate(gate.state),
            attempt: Some(gate.key.attempt),
            required: gate.policy.required,
            approved: is_decided.then_some(gate.state == GateState::Approved),
            by: settled.filter(|_| is_decided).map(|settled| settled.by.as_str()),
            at: settled.filter(|_| is_decided).map(|settled| settled.at),
            notes: decision.and_then(|decision| decision.notes()),
            patch: decision.and_then(|decision| decision.patch()),
            has_patch: decision.is_some_and(|decision| decision.patch().is_some()),
            auto_approved: decision.is_some_and(super::decision::Decision::is_auto_approved),
            opened_at: Some(gate.opened_at),
            deadline: gate.deadline(),
            timeout_seconds: gate.policy.auto_approve_after_s,
            auto_approve_enabled: gate.policy.auto_approve,
            on_timeout: gate.policy.on_timeout.as_str(),
            time_remaining: fires_at.map(|at| seconds(at.us_since(lens.now))),
            time_elapsed: Some(seconds(until.us_since(gate.opened_at))),
            overdue_since: timer.and_then(|timer| timer.overdue_since),
            held_by_policy: timer.is_some_and(|timer| timer.held_by_policy_at.is_some()),
            held_by: lease.map(|lease| lease.holder.name.as_str()),
            digest: Some(gate.digest()),
            artifacts: gate
                .artifacts
                .iter()
                .map(|artifact| GateArtifactDoc::of(&gate.key.job_id, artifact, lens))
                .collect(),
            seen: &gate.seen,
        }
    }
}

/// A gate alone, with the job it belongs to.
#[derive(Debug, Clone, Serialize)]
pub struct JobGateDoc<'a> {
    /// The job.
    pub job_id: &'a JobId,
    /// Its short name.
    pub slug: &'a str,
    /// Where it stands.
    pub job_status: JobStatus,
    /// The gate.
    #[serde(flatten)]
    pub gate: GateDoc<'a>,
    /// The policy that was frozen when it opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'a GatePolicy>,
    /// The policy in force for gates of this stage that open from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_in_force: Option<&'a GatePolicy>,
    /// The decision file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a SealedDecision>,
    /// Whether the decision and the artifacts are on disk as decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<bool>,
}

impl<'a> JobGateDoc<'a> {
    /// A gate with its job, and nothing that would have to be read besides.
    pub fn of(rows: &'a JobRows, gate: GateDoc<'a>) -> Self {
        Self {
            job_id: &rows.job.id,
            slug: &rows.job.slug,
            job_status: rows.job.status,
            gate,
            policy: None,
            policy_in_force: None,
            decision: None,
            published: None,
        }
    }
}

/// A registered artifact.
#[derive(Debug, Clone, Serialize)]
pub struct ArtifactDoc<'a> {
    /// The stage that made it.
    pub stage: &'a StageName,
    /// What it is.
    pub kind: &'a str,
    /// Relative to the run directory.
    pub path: &'a ArtifactPath,
    /// Kept for clients; always empty.
    pub meta: Map<String, Value>,
    /// When this version was registered.
    pub created_at: Timestamp,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256.
    pub checksum: Digest,
}

impl<'a> ArtifactDoc<'a> {
    /// The document of one artifact.
    pub fn of(artifact: &'a Artifact) -> Self {
        Self {
            stage: &artifact.stage,
            kind: &artifact.kind,
            path: &artifact.path,
            meta: Map::new(),
            created_at: artifact.created_at,
            size_bytes: artifact.size_bytes,
            checksum: artifact.digest,
        }
    }
}

/// A job, whole.
#[derive(Debug, Clone, Serialize)]
pub struct JobDoc<'a> {
    /// Its id.
    pub id: &'a JobId,
    /// A short name for people.
    pub slug: &'a str,
    /// What it is for.
    pub intent: &'a str,
    /// Where it stands.
    pub status: JobStatus,
    /// The stage it is at.
    pub stage: Option<&'a StageName>,
    /// What the client sent along.
    pub cfg: &'a Map<String, Value>,
    /// One entry for each stage of the pipeline, in order.
    pub gates: Vec<GateDoc<'a>>,
    /// What is registered.
    pub artifacts: Vec<ArtifactDoc<'a>>,
    /// What stage commands read.
    pub params: &'a Map<String, Value>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Who started it.
    pub operator: &'a str,
    /// Whether its gates are opened from outside.
    pub manual: bool,
    /// Every execution of a stage, oldest first.
    pub attempts: &'a [Attempt],
}

impl<'a> JobDoc<'a> {
    /// The document of one job.
    pub fn of(rows: &'a JobRows, lens: Lens<'_>) -> Self {
        let job = &rows.job;
        Self {
            id: &job.id,
            slug: &job.slug,
            intent: &job.intent,
            status: job.status,
            stage: job.stage.as_ref(),
            cfg: &job.cfg,
            gates: job
                .stages
                .iter()
                .map(|spec| GateDoc::of_stage(rows, &spec.name, lens))
                .collect(),
            artifacts: rows.artifacts.iter().map(ArtifactDoc::of).collect(),
            params: &job.params,
            created_at: job.created_at,
            updated_at: job.updated_at,
            operator: &job.created_by,
            manual: job.is_manual,
            attempts: &rows.attempts,
        }
    }
}

/// An event in both spellings of time and type, because clients of both kinds exist.
#[derive(Debug, Clone, Serialize)]
pub struct EventDoc<'a> {
    /// Strictly rising over the whole runs directory.
    pub seq: u64,
    /// When.
    pub ts: Timestamp,
    /// The same.
    pub timestamp: Timestamp,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The same.
    pub event_type: EventType,
    /// The job.
    pub job_id: &'a JobId,
    /// The stage it is about.
    pub stage: Option<&'a StageName>,
    /// The job's status after it.
    pub status: JobStatus,
    /// One line for a person.
    pub message: &'a str,
    /// The facts.
    pub payload: &'a Value,
}

impl<'a> EventDoc<'a> {
    /// The document of one event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            seq: event.seq,
            ts: event.ts,
            timestamp: event.ts,
            kind: event.kind,
            event_type: event.kind,
            job_id: &event.job_id,
            stage: event.stage.as_ref(),
            status: event.status,
            message: &event.message,
            payload: &event.payload,
        }
    }
}

/// The answer to something that was done.
#[derive(Debug, Clone, Serialize)]
pub struct DoneDoc<'a> {
    /// One line for a person.
    pub message: &'a str,
    /// The job.
    pub job_id: &'a JobId,
    /// Its status after it.
    pub job_status: JobStatus,
    /// The stage it is at now.
    pub job_stage: Option<&'a StageName>,
    /// The decision that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a SealedDecision>,
    /// What a patch changed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<&'a [String]>,
    /// How many patches were applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches_applied: Option<u32>,
    /// The gate's digest after a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Whether the files are on disk. False is no failure: the database has it, and the files follow.
    pub published: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_published_because: Option<&'a str>,
}

/// Whether a configuration may be used (`config check --json`, `POST config/validate`).
#[derive(Debug, Clone, Serialize)]
pub struct ValidationDoc<'a, Problem> {
    /// No errors; warnings do not count.
    pub valid: bool,
    /// In one line.
    pub message: String,
    /// When it was looked at.
    pub timestamp: Timestamp,
    /// All of them, in the order of the text.
    pub problems: &'a [Problem],
}

/// The patch types by the kind of artifact that they are offered for (`patch types --json`, `GET patches/types`).
pub fn patch_types(types: &[TypeDoc]) -> Value {
    let mut kinds = Map::new();
    let groups = [
        ("script", Family::Text, "scripts and every other text, JSON included"),
        ("storyboard", Family::Storyboard, "storyboards in JSON"),
    ];
    for (kind, family, description) in groups {
        let examples: Vec<Value> = types
            .iter()
            .filter(|doc| doc.family == family)
            .map(|doc| json!({ "type": doc.name, "description": doc.description, "example": (doc.example)() }))
            .collect();
        kinds.insert(
            kind.to_owned(),
            json!({ "description": description, "examples": examples }),
        );
    }
    json!({
        "patch_types": kinds,
        "usage": "a patch is an object with `type`; with several artifacts also `artifact`, the path of the one that is meant",
    })
}
