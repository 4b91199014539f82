//! What a dry run answers.

use serde::Serialize;
use utoipa::ToSchema;

use domain::ids::{Digest, JobId, StageName};
use domain::job::JobStatus;
use domain::outlook::{Fact, Outlook};
use domain::refusal::Refusal;

/// What a request would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Preview)]
pub struct PreviewDoc<'a> {
    /// Always true.
    pub(crate) dry_run: bool,
    /// In one line.
    pub(crate) message: String,
    /// The job.
    #[schema(value_type = String)]
    pub(crate) job_id: &'a JobId,
    /// The status that it would have.
    #[schema(value_type = String)]
    pub(crate) job_status: JobStatus,
    /// The stage that it would be at.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) job_stage: Option<&'a StageName>,
    /// What would happen, in plain words.
    pub(crate) sentences: Vec<String>,
    /// The same as data: each names itself in `fact`.
    #[schema(value_type = Vec<Object>)]
    pub(crate) facts: &'a [Fact],
    /// Where the job would pause: what resuming it would do then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resumed: Option<ResumedDoc<'a>>,
    /// The gate's digest after a patch.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<Digest>,
}

/// What resuming a job would do that would pause.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Resumed)]
pub struct ResumedDoc<'a> {
    /// What would happen.
    #[schema(value_type = Vec<Object>)]
    pub(crate) facts: &'a [Fact],
    /// Why it would be refused as things are.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<&'a Refusal>,
}

impl<'a> PreviewDoc<'a> {
    /// The document of what was foreseen for a job.
    pub fn of(job_id: &'a JobId, outlook: &'a Outlook) -> Self {
        let sentences = outlook.sentences();
        Self {
            dry_run: true,
            message: match sentences.is_empty() {
                true => "Nothing would change".to_owned(),
                false => sentences.join(" "),
            },
            job_id,
            job_status: outlook.job_status,
            job_stage: outlook.job_stage.as_ref(),
            sentences,
            facts: &outlook.facts,
            resumed: outlook.resumed.as_ref().map(|resumed| match resumed {
                Ok(facts) => ResumedDoc { facts, refused: None },
                Err(refusal) => ResumedDoc {
                    facts: &[],
                    refused: Some(refusal),
                },
            }),
            digest: outlook.digest(),
        }
    }
}
