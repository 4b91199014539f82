//! What somebody has written about a gate and not sent.

use serde::Serialize;
use utoipa::ToSchema;

use domain::comment::CommentSide;
use domain::draft::{Draft, DraftComment, EditDraft, PatchDraft};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::time::Timestamp;

/// What somebody has written about a gate and not sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Draft)]
pub struct DraftDoc<'a> {
    /// The job.
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// The stage.
    #[schema(value_type = String)]
    pub stage: &'a StageName,
    /// The attempt.
    pub attempt: u32,
    /// Who writes it; null: a former version kept it, and its place does not say.
    #[schema(required = true)]
    pub by: Option<&'a str>,
    /// When it was changed last; null: a former version kept it.
    #[schema(value_type = Option<String>, required = true)]
    pub written_at: Option<Timestamp>,
    /// What is in it: note of a rejection, 2 comments.
    pub contents: String,
    /// The note of an approval; empty: none.
    pub approval_note: &'a str,
    /// The note of a rejection; empty: none.
    pub rejection_note: &'a str,
    /// The patch that is being composed.
    #[schema(required = true)]
    pub patch: Option<DraftPatchDoc<'a>>,
    /// The artifacts that are being edited.
    pub edits: Vec<DraftEditDoc<'a>>,
    /// What is to be said about lines.
    pub comments: Vec<DraftCommentDoc<'a>>,
    /// Whose it was before it was adopted.
    #[schema(required = true)]
    pub adopted_from: Option<&'a str>,
}

/// A patch that is being composed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftPatch)]
pub struct DraftPatchDoc<'a> {
    /// The path of the artifact.
    #[schema(value_type = String)]
    pub artifact: &'a ArtifactPath,
    /// The text in the editor: it need be no patch yet.
    pub text: &'a str,
}

/// An artifact that is being edited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftEdit)]
pub struct DraftEditDoc<'a> {
    /// Its path.
    #[schema(value_type = String)]
    pub artifact: &'a ArtifactPath,
    /// The version that the edit began from.
    #[schema(value_type = String)]
    pub sha256: Digest,
    /// The whole text as edited.
    pub text: &'a str,
}

/// What is to be said about a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftComment)]
pub struct DraftCommentDoc<'a> {
    /// The path of the artifact.
    #[schema(value_type = String)]
    pub artifact: &'a ArtifactPath,
    /// The version that has the line.
    #[schema(value_type = String)]
    pub sha256: Digest,
    /// The line, from 1.
    pub line: u32,
    /// new, or base for a removed line.
    #[schema(value_type = String)]
    pub side: CommentSide,
    /// What is said.
    pub text: &'a str,
}

/// Drafts, and what could not be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drafts)]
pub struct DraftsDoc<'a> {
    /// Those that could be read.
    pub drafts: Vec<DraftDoc<'a>>,
    /// What could not be.
    pub problems: &'a [String],
}

/// What is kept now, and what of it was put aside.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptDraft)]
pub struct KeptDraftDoc<'a> {
    /// The draft as it is now; null: there is none.
    #[schema(required = true)]
    pub draft: Option<DraftDoc<'a>>,
    /// What the holder had written elsewhere meanwhile: it is kept for 7 days (holdpoint drafts list).
    #[schema(required = true)]
    pub put_aside: Option<DraftDoc<'a>>,
}

impl<'a> DraftDoc<'a> {
    /// Of a draft.
    pub fn of(draft: &'a Draft) -> Self {
        let patch = |PatchDraft { path, text, .. }: &'a PatchDraft| DraftPatchDoc { artifact: path, text };
        let edit = |EditDraft { path, base, text, .. }: &'a EditDraft| DraftEditDoc {
            artifact: path,
            sha256: *base,
            text,
        };
        let comment = |said: &'a DraftComment| DraftCommentDoc {
            artifact: &said.path,
            sha256: said.version,
            line: said.line,
            side: said.side,
            text: &said.text,
        };
        Self {
            job_id: &draft.key.job_id,
            stage: &draft.key.stage,
            attempt: draft.key.attempt,
            by: draft.by.as_deref(),
            written_at: draft.written_at,
            contents: draft.contents(),
            approval_note: &draft.approval,
            rejection_note: &draft.rejection,
            patch: draft.patch.as_ref().map(patch),
            edits: draft.edits.iter().map(edit).collect(),
            comments: draft.comments.iter().map(comment).collect(),
            adopted_from: draft.adopted.as_deref(),
        }
    }
}
