//! A job and its artifacts as clients read them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{GateDoc, Lens};
use domain::artifact::Artifact;
use domain::ids::{Digest, JobId, StageName};
use domain::job::{Attempt, JobRows, JobStatus};
use domain::old::{OldArtifact, OldJob};
use domain::time::Timestamp;

/// A registered artifact.
#[derive(Debug, Clone, Serialize)]
pub struct ArtifactDoc<'a> {
    /// The stage that made it.
    pub(crate) stage: &'a StageName,
    /// What it is.
    pub(crate) kind: &'a str,
    /// Relative to the run directory; of an old record as it was written down.
    pub(crate) path: &'a str,
    /// Kept for clients; only old records have any.
    pub(crate) meta: Cow<'a, Map<String, Value>>,
    /// When this version was registered.
    pub(crate) created_at: Timestamp,
    /// Its size; null for an old record's.
    pub(crate) size_bytes: Option<u64>,
    /// SHA-256; null for an old record's.
    pub(crate) checksum: Option<Digest>,
}

impl<'a> ArtifactDoc<'a> {
    /// The document of one artifact.
    pub fn of(artifact: &'a Artifact) -> Self {
        Self {
            stage: &artifact.stage,
            kind: &artifact.kind,
            path: artifact.path.as_str(),
            meta: Cow::Owned(Map::new()),
            created_at: artifact.created_at,
            size_bytes: Some(artifact.size_bytes),
            checksum: Some(artifact.digest),
        }
    }

    /// The document of what an old record names.
    pub fn of_old(artifact: &'a OldArtifact) -> Self {
        Self {
            stage: &artifact.stage,
            kind: &artifact.kind,
            path: &artifact.path,
            meta: Cow::Borrowed(&artifact.meta),
            created_at: artifact.created_at,
            size_bytes: None,
            checksum: None,
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
    pub(crate) intent: &'a str,
    /// Where it stands.
    pub status: JobStatus,
    /// The stage it is at.
    pub stage: Option<&'a StageName>,
    /// What the client sent along.
    pub(crate) cfg: &'a Map<String, Value>,
    /// One entry for each stage of the pipeline, in order.
    pub(crate) gates: Vec<GateDoc<'a>>,
    /// What is registered.
    pub(crate) artifacts: Vec<ArtifactDoc<'a>>,
    /// What stage commands read.
    pub(crate) params: Cow<'a, Map<String, Value>>,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub(crate) updated_at: Timestamp,
    /// Who started it.
    pub operator: &'a str,
    /// Whether a pipeline of its own opens its gates.
    pub(crate) manual: bool,
    /// Every execution of a stage, oldest first.
    pub(crate) attempts: &'a [Attempt],
    /// When somebody noted that it failed. Told only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acknowledged_at: Option<Timestamp>,
    /// Whether it is history: never run, timed, advanced or decided. Told only where it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub old_record: bool,
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
            params: Cow::Borrowed(&job.params),
            created_at: job.created_at,
            updated_at: job.updated_at,
            operator: &job.created_by,
            manual: job.is_manual,
            attempts: &rows.attempts,
            acknowledged_at: job.acknowledged_at,
            old_record: false,
        }
    }

    /// The document of an old record.
    pub fn of_old(job: &'a OldJob) -> Self {
        Self {
            id: &job.id,
            slug: &job.slug,
            intent: &job.intent,
            status: job.status,
            stage: job.stage.as_ref(),
            cfg: &job.cfg,
            gates: job.gates.iter().map(|gate| GateDoc::of_old(job, gate)).collect(),
            artifacts: job.artifacts.iter().map(ArtifactDoc::of_old).collect(),
            params: Cow::Owned(Map::new()),
            created_at: job.created_at,
            updated_at: job.updated_at,
            operator: "",
            manual: false,
            attempts: &[],
            acknowledged_at: None,
            old_record: true,
        }
    }
}
