//! The documents that clients read: `--json` now, HTTP later (WIRE.md).
//!
//! Owns field names and what they mean; made from rows, never read back. Must not know where a
//! document goes, nor any file but by name.

mod context;
mod decision;
mod difference;
mod draft;
mod figures;
mod forecast;
mod gate;
mod handover;
mod job;
mod preview;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use domain::decision::SealedDecision;
use domain::event::Event;
use domain::gate::OnDisk;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobStatus;
use domain::key::GateKey;
use domain::old::ListedEvent;
use domain::outlook::Fact;
use domain::policy::GatePolicy;
use domain::refusal::RefusalCode;
use domain::time::{Now, Timestamp};
use patch::{Family, TypeDoc};

pub use context::{ContextDoc, ContextLinkDoc, HeartbeatDoc};
pub use decision::{CommentDoc, DecisionFile};
pub use difference::DifferenceDoc;
pub use draft::{DraftCommentDoc, DraftDoc, DraftEditDoc, DraftPatchDoc, DraftsDoc, KeptDraftDoc};
pub use figures::{FigureCountsDoc, FiguresDoc};
pub use forecast::{ForecastDoc, ForeseenEndDoc, UnaskedDoc};
pub use gate::{BaseDoc, CanceledDoc, GateArtifactDoc, GateDoc, HoldDoc, JobGateDoc, RecallsDoc, StoppedDoc};
pub use handover::{HandedDraftDoc, HandedGateDoc, HandoverDoc};
pub use job::{ArtifactDoc, JobDoc};
pub use preview::{PreviewDoc, ResumedDoc};

/// What a document needs to know beside the rows.
#[derive(Debug, Clone, Copy)]
pub struct DocumentContext<'a> {
    /// The policies in force for gates that open from now on.
    pub policies: &'a BTreeMap<StageName, GatePolicy>,
    /// Seconds of grace for an overdue gate.
    pub grace_s: u64,
    /// When the document is made.
    pub now: Now,
    /// The absolute path of the runs directory, for readers on the same machine.
    pub runs_dir: Option<&'a str>,
}

/// An event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventDoc<'a> {
    /// Strictly rising.
    pub seq: u64,
    /// When.
    #[schema(value_type = String)]
    pub ts: Timestamp,
    /// The same.
    #[schema(value_type = String)]
    pub(crate) timestamp: Timestamp,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The same.
    pub(crate) event_type: &'a str,
    /// The job.
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// The stage it is about.
    #[schema(value_type = Option<String>, required = true)]
    pub stage: Option<&'a StageName>,
    /// The job's status after it; null where an old record does not tell it.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) status: Option<JobStatus>,
    /// One line for a person.
    pub message: &'a str,
    /// The facts.
    #[schema(value_type = Object)]
    pub(crate) payload: &'a Value,
}

impl<'a> EventDoc<'a> {
    /// The document of one event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            seq: event.seq,
            ts: event.ts,
            timestamp: event.ts,
            kind: event.kind.as_str(),
            event_type: event.kind.as_str(),
            job_id: &event.job_id,
            stage: event.stage.as_ref(),
            status: Some(event.status),
            message: &event.message,
            payload: &event.payload,
        }
    }

    /// The document of a listed event, which may be an old record's.
    pub fn of_listed(event: &'a ListedEvent) -> Self {
        Self {
            seq: event.seq,
            ts: event.ts,
            timestamp: event.ts,
            kind: &event.kind,
            event_type: &event.kind,
            job_id: &event.job_id,
            stage: event.stage.as_ref(),
            status: event.status,
            message: &event.message,
            payload: &event.payload,
        }
    }
}

/// That something was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Done)]
pub struct DoneDoc<'a> {
    /// One line for a person.
    pub message: &'a str,
    /// The job.
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// Its status after it.
    #[schema(value_type = String)]
    pub job_status: JobStatus,
    /// The stage it is at now.
    #[schema(value_type = Option<String>, required = true)]
    pub job_stage: Option<&'a StageName>,
    /// The decision that was made.
    #[schema(value_type = Option<DecisionFile>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<&'a SealedDecision>,
    /// Until when it may be taken back: the job moves on only then. Absent: it is final, or there is none.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall_until: Option<Timestamp>,
    /// What a patch changed, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<&'a [String]>,
    /// How many patches were applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patches_applied: Option<u32>,
    /// The gate that was opened for review instead of going on (`resume`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewDoc<'a>>,
    /// What becomes of the stage that waits for its start now, as a fact of a dry run: `stage_starts` or `stage_held_up`.
    #[schema(value_type = Option<Value>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<&'a Fact>,
    /// The gate's digest after a patch.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Whether the files are in place under their names; if not, they follow.
    pub published: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_published_because: Option<&'a str>,
}

/// A gate that was opened because what was decided on is not what lies there.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Review)]
pub struct ReviewDoc<'a> {
    /// Its stage.
    #[schema(value_type = String)]
    pub(crate) stage: &'a StageName,
    /// Its attempt.
    pub(crate) attempt: u32,
    /// `artifact_changed`.
    pub(crate) reason: &'static str,
    /// What differs.
    pub(crate) artifacts: Vec<MovedDoc<'a>>,
}

/// An artifact that is not what was decided on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Moved)]
pub(crate) struct MovedDoc<'a> {
    /// Relative to the run directory.
    #[schema(value_type = String)]
    pub(crate) path: &'a ArtifactPath,
    /// What was decided on.
    #[schema(value_type = String)]
    pub(crate) decided_sha256: Digest,
    /// What lies there.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) found_sha256: Option<Digest>,
}

impl<'a> ReviewDoc<'a> {
    /// The document of that gate.
    pub fn of(gate: &'a GateKey, moved: &'a [OnDisk]) -> Self {
        let of_one = |looked: &'a OnDisk| MovedDoc {
            path: &looked.path,
            decided_sha256: looked.registered,
            found_sha256: looked.found.map(|(digest, _)| digest),
        };
        Self {
            stage: &gate.stage,
            attempt: gate.attempt,
            reason: RefusalCode::ArtifactChanged.as_str(),
            artifacts: moved.iter().map(of_one).collect(),
        }
    }
}

/// The patch types by the kind of artifact that they are offered for (`patch types --json`, `GET patches/types`).
pub fn patch_types(types: &[TypeDoc]) -> Value {
    let mut kinds = Map::new();
    let groups = [
        ("script", Family::Text, "scripts and every other text, JSON included"),
        ("storyboard", Family::Storyboard, "storyboards in JSON"),
        ("json", Family::Json, "every JSON document"),
        (
            "audio",
            Family::Audio,
            "sound: WAV and MP3 themselves, other formats by a sidecar",
        ),
        ("job", Family::Job, "the job's parameters"),
    ];
    for (kind, family, description) in groups {
        let examples: Vec<_> = types
            .iter()
            .filter(|doc| doc.family == family)
            .map(|doc| json!({ "type": doc.name, "description": doc.description, "example": (doc.example)() }))
            .collect();
        if examples.is_empty() {
            continue;
        }
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

/// That something was done; asked with `dry_run`, what would happen.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Acted)]
pub enum ActedDoc<'a> {
    /// It was done.
    Done(DoneDoc<'a>),
    /// Nothing was changed.
    Preview(PreviewDoc<'a>),
}
