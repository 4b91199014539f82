//! The shapes of bodies and answers as OpenAPI describes them.
//!
//! The documents themselves are `domain::wire`'s, which must not know OpenAPI; that both agree is held by a test that looks at real answers.
#![expect(dead_code, reason = "described, never made: see the module")]

use serde_json::Value;
use utoipa::ToSchema;

/// A job to start.
#[derive(ToSchema)]
pub(crate) struct NewJob {
    /// A short name for people, at most 200 bytes.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    slug: String,
    /// What it is for.
    intent: String,
    /// Kept with the job, for its clients.
    brief: Option<Value>,
    /// The same.
    #[schema(value_type = Option<Object>)]
    brief_config: Option<Value>,
    /// The same.
    #[schema(value_type = Option<Object>)]
    meta: Option<Value>,
    /// What stage commands read.
    #[schema(value_type = Option<Object>)]
    params: Option<Value>,
    /// Run nothing: your own pipeline opens the gates.
    manual: Option<bool>,
}

/// A verdict on a gate.
#[derive(ToSchema)]
pub(crate) struct Verdict {
    /// The stage; missing: the one that the job is at.
    #[schema(pattern = "^[a-z][a-z0-9_-]{0,49}$")]
    stage: Option<String>,
    /// May repeat what the path says: approve, approved, reject or rejected.
    #[schema(pattern = "^(approved?|reject(ed)?)$")]
    decision: Option<String>,
    /// Accepted and ignored: the token says who decides.
    operator: Option<Value>,
    /// Why, for the record; at most 64 KiB.
    notes: Option<String>,
    /// A patch, applied with the decision or, after a rejection, on resume.
    #[schema(value_type = Option<Object>)]
    patch: Option<Value>,
    /// Decide only on exactly these bytes: the gate's digest.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    digest: Option<String>,
    /// Decide exactly this attempt, from 1; missing: the newest.
    #[schema(minimum = 1)]
    attempt: Option<u32>,
}

/// A patch; its fields depend on its type, see `GET /api/v1/patches/types`.
#[derive(ToSchema)]
pub(crate) struct Patch {
    /// The type of the patch.
    r#type: String,
    /// The path of the artifact that is meant, with several.
    artifact: Option<String>,
}

/// Which gate's timer is meant, and why.
#[derive(ToSchema)]
pub(crate) struct Timed {
    /// Why, for the record.
    reason: Option<String>,
    /// Exactly this attempt; missing: the newest.
    #[schema(minimum = 1)]
    attempt: Option<u32>,
}

/// More time for a gate.
#[derive(ToSchema)]
pub(crate) struct Extension {
    /// How many seconds more.
    #[schema(minimum = 1, maximum = 4_294_967_295_u64)]
    seconds: u64,
    /// Only when the deadline is still this one, as the gate gave it: a repeated request then adds nothing and gets 409.
    expect_deadline: Option<String>,
    /// Exactly this attempt; missing: the newest.
    #[schema(minimum = 1)]
    attempt: Option<u32>,
}

/// Which patch to take back.
#[derive(ToSchema)]
pub(crate) struct Undo {
    /// The newest patch of this artifact; missing: of all.
    #[schema(pattern = "^artifacts/[a-z][a-z0-9_-]*/[A-Za-z0-9_-]+$")]
    artifact: Option<String>,
    /// Only on exactly these bytes: the gate's digest.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    digest: Option<String>,
}

/// A file that comes with a request: its text, or its bytes in base64.
#[derive(ToSchema)]
pub(crate) struct File {
    /// What it is: script, storyboard, voiceover, …
    #[schema(min_length = 1, max_length = 100)]
    kind: String,
    /// Its file name, without directories.
    #[schema(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
    name: String,
    /// Its text.
    content: Option<String>,
    /// Its bytes, in standard base64; instead of `content`.
    content_base64: Option<String>,
}

/// What an artifact is compared with.
#[derive(ToSchema)]
pub(crate) struct BaseFile {
    /// The name of the artifact that it is for; missing: the first one's.
    #[schema(pattern = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$")]
    name: Option<String>,
    /// Its text.
    content: Option<String>,
    /// Its bytes, in standard base64; instead of `content`.
    content_base64: Option<String>,
}

/// A gate that a pipeline opens.
#[derive(ToSchema)]
pub(crate) struct NewGate {
    /// The stage.
    #[schema(pattern = "^[a-z][a-z0-9_-]{0,49}$")]
    stage: String,
    /// What is to be reviewed.
    #[schema(min_items = 1)]
    artifacts: Vec<File>,
    /// What they are compared with.
    bases: Option<Vec<BaseFile>>,
}

/// A brief in plain words.
#[derive(ToSchema)]
pub(crate) struct BriefText {
    /// The text; at most 64 KiB.
    #[schema(pattern = r"\S")]
    free_text_brief: String,
}
