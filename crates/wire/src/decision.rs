//! What a decision file holds, for readers of the OpenAPI document.

use serde_json::Value;
use utoipa::ToSchema;

use super::ContextDoc;

/// A decision file.
// Described and never made: the domain writes and hashes the file, and knows no OpenAPI. A test
// holds this to real answers. Its shape is that of the file: a field for each of its keys.
#[derive(ToSchema)]
#[schema(as = Decision)]
#[expect(dead_code, reason = "described, never made")]
pub struct DecisionFile {
    /// The stage.
    stage: String,
    /// Whether the work may go on.
    approved: bool,
    /// Who decided; `timer` for the timer.
    by: String,
    /// When.
    at: String,
    /// Why.
    #[schema(required = true)]
    notes: Option<String>,
    /// The patch that came with it.
    #[schema(value_type = Option<Object>, required = true)]
    patch: Option<Value>,
    /// Whether the timer approved.
    auto_approved: bool,
    /// The job.
    job_id: String,
    /// From 1. This and what follows, up to `hash`, is not known of an old record.
    attempt: Option<u32>,
    /// How the decider came in.
    #[schema(value_type = Option<Object>)]
    via: Option<Value>,
    /// When the gate opened.
    opened_at: Option<String>,
    /// When the timer would have acted.
    deadline: Option<String>,
    /// Who had looked.
    seen: Option<Vec<Value>>,
    /// What was decided on.
    artifacts: Option<Vec<Value>>,
    /// Who had the gate open meanwhile, or had it taken over from them; absent where nobody had.
    overridden: Option<String>,
    /// Why the gate was asked for, as it stood then; absent where nobody said so.
    context: Option<ContextDoc>,
    /// `reject`, where the timer rejected because nobody was shown the whole change; absent otherwise.
    unseen: Option<String>,
    /// What the decider said about lines, by artifact and line; absent where they said nothing.
    comments: Option<Vec<CommentDoc>>,
    /// The decision that was taken back before, in whose place this one stands: its number, who took it back and when; absent where
    /// there was none.
    #[schema(value_type = Option<Object>)]
    recalls: Option<Value>,
    /// Who wrote what the decider adopted; absent where it was their own.
    draft_by: Option<String>,
    /// Counts decisions, from 1.
    seq: Option<u64>,
    /// The hash of the decision before.
    prev: Option<String>,
    /// This one's.
    hash: Option<String>,
    /// Whether it is history of the old system; told only where it is.
    old_record: Option<bool>,
}

/// What somebody said about a line.
// Described and never made, as the decision that it is part of.
#[derive(ToSchema)]
#[schema(as = Comment)]
#[expect(dead_code, reason = "described, never made")]
pub struct CommentDoc {
    /// The artifact, relative to the run directory.
    artifact: String,
    /// The line, from 1.
    line: u32,
    /// `base` for a removed line: it counts in the version that the artifact was compared with; absent for a line of the version that
    /// was decided on.
    #[schema(pattern = "^base$")]
    side: Option<String>,
    /// What was said.
    text: String,
}
