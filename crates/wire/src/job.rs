//! A job and its artifacts as clients read them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{DocumentContext, GateDoc};
use domain::artifact::Artifact;
use domain::ids::{Digest, JobId, StageName};
use domain::job::{Attempt, JobRows, JobStatus};
use domain::old::{ListedJob, OldArtifact, OldJob};
use domain::time::Timestamp;

/// A registered artifact.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Artifact)]
pub struct ArtifactDoc<'a> {
    /// The stage that made it.
    #[schema(value_type = String)]
    pub(crate) stage: &'a StageName,
    /// What it is.
    pub(crate) kind: &'a str,
    /// Relative to the run directory; of an old record as it was written down.
    pub(crate) path: &'a str,
    /// Empty but for old records.
    #[schema(value_type = Object)]
    pub(crate) meta: Cow<'a, Map<String, Value>>,
    /// When this version was registered.
    #[schema(value_type = String)]
    pub(crate) created_at: Timestamp,
    /// Its size; null for an old record's.
    #[schema(required = true)]
    pub(crate) size_bytes: Option<u64>,
    /// SHA-256; null for an old record's.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) checksum: Option<Digest>,
}

impl<'a> ArtifactDoc<'a> {
    /// The document of one artifact.
    fn of(artifact: &'a Artifact) -> Self {
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
    fn of_old(artifact: &'a OldArtifact) -> Self {
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

/// A job.
// Its shape is the contract with clients: a field for each of theirs.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobDoc<'a> {
    /// Its id.
    #[schema(value_type = String)]
    pub id: &'a JobId,
    /// A short name for people.
    pub slug: &'a str,
    /// What it is for.
    pub(crate) intent: &'a str,
    /// queued, running, needs_approval, paused, completed, failed or canceled.
    #[schema(value_type = String)]
    pub status: JobStatus,
    /// The stage it is at.
    #[schema(value_type = Option<String>, required = true)]
    pub stage: Option<&'a StageName>,
    /// What its client sent along.
    #[schema(value_type = Object)]
    pub(crate) cfg: &'a Map<String, Value>,
    /// One for each stage.
    pub gates: Vec<GateDoc<'a>>,
    /// What is registered.
    pub artifacts: Vec<ArtifactDoc<'a>>,
    /// What stage commands read.
    #[schema(value_type = Object)]
    pub(crate) params: Cow<'a, Map<String, Value>>,
    /// When it was started.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String)]
    pub(crate) updated_at: Timestamp,
    /// Who started it.
    pub operator: &'a str,
    /// Whether a pipeline of its own opens its gates.
    pub(crate) manual: bool,
    /// Every execution of a stage, oldest first.
    #[schema(value_type = Vec<Value>)]
    pub(crate) attempts: &'a [Attempt],
    /// When somebody noted that it failed; told only then.
    #[schema(value_type = Option<String>, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acknowledged_at: Option<Timestamp>,
    /// Whether it is history of the old system, which no request changes; told only where it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub old_record: bool,
}

impl<'a> JobDoc<'a> {
    /// The document of one job.
    pub fn of(rows: &'a JobRows, lens: DocumentContext<'_>) -> Self {
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

    /// The document of a job or an old record.
    pub fn of_listed(job: &'a ListedJob, lens: DocumentContext<'_>) -> Self {
        match job {
            ListedJob::Ours(rows) => Self::of(rows, lens),
            ListedJob::Old(job) => Self::of_old(job),
        }
    }

    fn of_old(job: &'a OldJob) -> Self {
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
