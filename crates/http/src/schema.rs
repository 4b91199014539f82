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

/// A brief as a job takes it.
#[derive(ToSchema)]
pub(crate) struct CompiledBrief {
    /// What to send to `POST /api/v1/jobs`.
    #[schema(value_type = Object)]
    compiled_brief: Value,
    /// What the text does not say.
    assumptions: Vec<String>,
    /// The text.
    original_text: String,
}

/// Whether everything works.
#[derive(ToSchema)]
pub(crate) struct Health {
    /// Whether it does.
    ok: bool,
    /// healthy or unhealthy.
    status: String,
    /// When this was looked at.
    timestamp: String,
    /// The version of holdpoint.
    version: String,
    /// database, storage and configuration: healthy or unhealthy.
    #[schema(value_type = Object)]
    services: Value,
}

/// An artifact under review.
#[derive(ToSchema)]
pub(crate) struct GateArtifact {
    /// What it is.
    kind: String,
    /// Relative to the run directory.
    path: String,
    /// The absolute path, where the server listens on this machine only.
    file: Option<String>,
    /// The version under review.
    sha256: String,
    /// Its size.
    size_bytes: u64,
    /// The version it is compared with.
    #[schema(required = true)]
    base_sha256: Option<String>,
    /// Where that came from, in words.
    #[schema(required = true)]
    base: Option<String>,
    /// Every version it may be compared with.
    bases: Option<Vec<Value>>,
    /// Lines added against the base.
    added_lines: u32,
    /// Lines removed.
    removed_lines: u32,
    /// Whether line counts say nothing.
    is_binary: bool,
    /// What changed since a version was rejected that is nearer than the base.
    since_rejection: Option<SinceRejection>,
}

/// A rejection that came after the version that an artifact is compared with.
#[derive(ToSchema)]
pub(crate) struct SinceRejection {
    /// The attempt that was rejected.
    attempt: u32,
    /// Who rejected it.
    by: String,
    /// The rejected version.
    digest: String,
    /// Lines added since.
    added_lines: u32,
    /// Lines removed since.
    removed_lines: u32,
}

/// A person's hold of a timer.
#[derive(ToSchema)]
pub(crate) struct Hold {
    /// Who.
    by: String,
    /// Since when.
    at: String,
    /// Why, if they said so.
    #[schema(required = true)]
    reason: Option<String>,
    /// Whether its time is used up (the gate's `max_hold_s`), so that the timer runs on.
    is_used_up: bool,
}

/// One stage's gate, reached or not, of its latest attempt.
#[derive(ToSchema)]
pub(crate) struct Gate {
    /// The stage.
    stage: String,
    /// not_reached, passed, open, approved, rejected or canceled.
    state: String,
    /// From 1; null before the first.
    #[schema(required = true)]
    attempt: Option<u32>,
    /// Whether a person is wanted.
    required: bool,
    /// Null unless decided.
    #[schema(required = true)]
    approved: Option<bool>,
    /// Why it is open again on what lies there, in words: `for review: w.txt was replaced`; absent where it is just its stage's turn.
    review: Option<String>,
    /// Who decided.
    #[schema(required = true)]
    by: Option<String>,
    /// When it was decided.
    #[schema(required = true)]
    at: Option<String>,
    /// What the decider wrote.
    #[schema(required = true)]
    notes: Option<String>,
    /// The patch that came with it.
    #[schema(value_type = Option<Object>, required = true)]
    patch: Option<Value>,
    /// Whether there is one.
    has_patch: bool,
    /// Whether the timer approved.
    auto_approved: bool,
    /// When it opened.
    #[schema(required = true)]
    opened_at: Option<String>,
    /// When the timer acts; null: never.
    #[schema(required = true)]
    deadline: Option<String>,
    /// Seconds from opening to the deadline.
    #[schema(required = true)]
    timeout_seconds: Option<u64>,
    /// Whether silence may decide.
    auto_approve_enabled: bool,
    /// approve, reject or hold.
    on_timeout: String,
    /// Seconds until the timer acts; while stopped: the time until it acts if the hold lasts as long as it may. Null: it never acts by
    /// itself.
    #[schema(required = true)]
    time_remaining: Option<f64>,
    /// Seconds that it has been open, or was.
    #[schema(required = true)]
    time_elapsed: Option<f64>,
    /// Since when it is overdue: its deadline passed while nobody could act.
    #[schema(required = true)]
    overdue_since: Option<String>,
    /// Whether the policy stopped the timer for good.
    held_by_policy: bool,
    /// Who has a prompt or an editor open.
    #[schema(required = true)]
    held_by: Option<String>,
    /// Who stopped the timer on purpose, and since when.
    #[schema(required = true)]
    hold: Option<Hold>,
    /// How the timer stands while a hold, a prompt or an editor stops it.
    #[schema(required = true)]
    stopped: Option<Stopped>,
    /// Seconds that persons may still add; null without a timer.
    #[schema(required = true)]
    addable_seconds: Option<f64>,
    /// The digest that a decision may name.
    #[schema(required = true)]
    digest: Option<String>,
    /// What is under review.
    artifacts: Vec<GateArtifact>,
    /// Who ended it without a decision, and when.
    canceled: Option<Canceled>,
}

/// A timer that persons stop.
#[derive(ToSchema)]
pub(crate) struct Stopped {
    /// Seconds that were left, and stand still.
    left_seconds: f64,
    /// When it runs again at the latest.
    until: String,
}

/// Who ended a gate without a decision.
#[derive(ToSchema)]
pub(crate) struct Canceled {
    /// Who.
    by: String,
    /// When.
    at: String,
}

/// A registered artifact.
#[derive(ToSchema)]
pub(crate) struct Artifact {
    /// The stage that made it.
    stage: String,
    /// What it is.
    kind: String,
    /// Relative to the run directory; of an old record as it was written down.
    path: String,
    /// Empty but for old records.
    #[schema(value_type = Object)]
    meta: Value,
    /// When this version was registered.
    created_at: String,
    /// Its size; null for an old record's.
    #[schema(required = true)]
    size_bytes: Option<u64>,
    /// SHA-256; null for an old record's.
    #[schema(required = true)]
    checksum: Option<String>,
}

/// A job.
#[derive(ToSchema)]
pub(crate) struct Job {
    /// Its id.
    id: String,
    /// A short name for people.
    slug: String,
    /// What it is for.
    intent: String,
    /// queued, running, needs_approval, paused, completed, failed or canceled.
    status: String,
    /// The stage it is at.
    #[schema(required = true)]
    stage: Option<String>,
    /// What its client sent along.
    #[schema(value_type = Object)]
    cfg: Value,
    /// One for each stage.
    gates: Vec<Gate>,
    /// What is registered.
    artifacts: Vec<Artifact>,
    /// What stage commands read.
    #[schema(value_type = Object)]
    params: Value,
    /// When it was started.
    created_at: String,
    /// When it last changed.
    updated_at: String,
    /// Who started it.
    operator: String,
    /// Whether a pipeline of its own opens its gates.
    manual: bool,
    /// When somebody noted that it failed; told only then.
    #[schema(required = false)]
    acknowledged_at: Option<String>,
    /// Whether it is history of the old system, which no request changes; told only where it is.
    #[schema(required = false)]
    old_record: Option<bool>,
}

/// A decision file.
#[derive(ToSchema)]
pub(crate) struct Decision {
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
    /// Counts decisions, from 1.
    seq: Option<u64>,
    /// The hash of the decision before.
    prev: Option<String>,
    /// This one's.
    hash: Option<String>,
    /// Whether it is history of the old system; told only where it is.
    old_record: Option<bool>,
}

/// That something was done.
#[derive(ToSchema)]
pub(crate) struct Done {
    /// One line for a person.
    message: String,
    /// The job.
    job_id: String,
    /// Its status after it.
    job_status: String,
    /// The stage it is at now.
    #[schema(required = true)]
    job_stage: Option<String>,
    /// The decision that was made.
    decision: Option<Decision>,
    /// What a patch changed, in words.
    changed: Option<Vec<String>>,
    /// How many patches were applied.
    patches_applied: Option<u32>,
    /// The gate that was opened for review instead of going on (`resume`).
    review: Option<Review>,
    /// What becomes of the stage that waits for its start now, as a fact of a dry run: `stage_starts` or `stage_held_up`.
    next: Option<Value>,
    /// The gate's digest after a patch.
    digest: Option<String>,
    /// Whether the files are in place under their names; if not, they follow.
    published: bool,
    /// Why not.
    not_published_because: Option<String>,
}

/// A gate that was opened because what was decided on is not what lies there.
#[derive(ToSchema)]
pub(crate) struct Review {
    /// Its stage.
    stage: String,
    /// Its attempt.
    attempt: u32,
    /// `artifact_changed`.
    reason: String,
    /// What differs.
    artifacts: Vec<Moved>,
}

/// An artifact that is not what was decided on.
#[derive(ToSchema)]
pub(crate) struct Moved {
    /// Relative to the run directory.
    path: String,
    /// What was decided on.
    decided_sha256: String,
    /// What lies there.
    #[schema(required = true)]
    found_sha256: Option<String>,
}

/// That something was done; asked with `dry_run`, what would happen.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "it describes documents and is never made")]
pub(crate) enum Acted {
    /// It was done.
    Done(Done),
    /// Nothing was changed.
    Preview(Preview),
}

/// What a request would do.
#[derive(ToSchema)]
pub(crate) struct Preview {
    /// Always true.
    dry_run: bool,
    /// In one line.
    message: String,
    /// The job.
    job_id: String,
    /// The status that it would have.
    job_status: String,
    /// The stage that it would be at.
    #[schema(required = true)]
    job_stage: Option<String>,
    /// What would happen, in plain words.
    sentences: Vec<String>,
    /// The same as data: each names itself in `fact`.
    #[schema(value_type = Vec<Object>)]
    facts: Value,
    /// Where the job would pause: what resuming it would do then.
    resumed: Option<Resumed>,
    /// The gate's digest after a patch.
    digest: Option<String>,
}

/// What resuming a job would do that would pause.
#[derive(ToSchema)]
pub(crate) struct Resumed {
    /// What would happen.
    #[schema(value_type = Vec<Object>)]
    facts: Value,
    /// Why it would be refused as things are.
    #[schema(value_type = Option<Object>)]
    refused: Option<Value>,
}

/// Where all gates of a job stand.
#[derive(ToSchema)]
pub(crate) struct GatesStatus {
    /// The job.
    job_id: String,
    /// Its status.
    job_status: String,
    /// The stage it is at.
    #[schema(required = true)]
    current_stage: Option<String>,
    /// One for each stage.
    gates: Vec<Gate>,
    /// How many stages there are.
    total_gates: usize,
    /// How many gates are approved.
    approved_gates: usize,
    /// How many are rejected.
    rejected_gates: usize,
    /// How many are open.
    pending_gates: usize,
}

/// The newest decision of each stage.
#[derive(ToSchema)]
pub(crate) struct JobDecisions {
    /// The job.
    job_id: String,
    /// Decision files by stage.
    #[schema(value_type = Object)]
    decisions: Value,
    /// How many.
    total_decisions: usize,
}

/// An event.
#[derive(ToSchema)]
pub(crate) struct Event {
    /// Strictly rising.
    seq: u64,
    /// When.
    ts: String,
    /// The same.
    timestamp: String,
    /// Its type.
    r#type: String,
    /// The same.
    event_type: String,
    /// The job.
    job_id: String,
    /// The stage it is about.
    #[schema(required = true)]
    stage: Option<String>,
    /// The job's status after it; null where an old record does not tell it.
    #[schema(required = true)]
    status: Option<String>,
    /// One line for a person.
    message: String,
    /// The facts.
    #[schema(value_type = Object)]
    payload: Value,
}

/// A page of events.
#[derive(ToSchema)]
pub(crate) struct Events {
    /// The job.
    job_id: String,
    /// Oldest first.
    events: Vec<Event>,
    /// How many there are after `since`.
    total: u64,
    /// Whether there are more than these.
    has_more: bool,
    /// When the last of these happened.
    #[schema(required = true)]
    last_event_time: Option<String>,
    /// As it was asked for.
    #[schema(required = true)]
    since: Option<String>,
    /// When this was looked at.
    timestamp: String,
}

/// A gate with its job.
#[derive(ToSchema)]
pub(crate) struct JobGate {
    /// The job.
    job_id: String,
    /// Its short name.
    slug: String,
    /// Where it stands.
    job_status: String,
    /// The gate.
    #[schema(inline)]
    #[serde(flatten)]
    gate: Gate,
    /// Whether the files are in place under their names.
    published: Option<bool>,
    /// What whoever opened it should know: the configuration does not know its stage, so no timer was agreed on.
    warnings: Option<Vec<String>>,
}

/// What changed in one artifact.
#[derive(ToSchema)]
pub(crate) struct Difference {
    /// What it is.
    kind: String,
    /// Relative to the run directory.
    path: String,
    /// The version it is compared with.
    #[schema(required = true)]
    base_sha256: Option<String>,
    /// The version under review.
    sha256: String,
    /// Always true here: what lies on disk is not looked at.
    is_reviewed: bool,
    /// Its size.
    size_bytes: u64,
    /// Whether there is nothing to read.
    is_binary: bool,
    /// Lines added.
    added_lines: usize,
    /// Lines removed.
    removed_lines: usize,
    /// The changed values of a JSON document; null for others, and without a base.
    #[schema(required = true)]
    values: Option<Vec<ValueChange>>,
    /// The unified diff; null where there is nothing to read.
    #[schema(required = true)]
    diff: Option<String>,
}

/// One value that changed.
#[derive(ToSchema)]
pub(crate) struct ValueChange {
    /// Like `scenes[2].duration_ms`; empty for the whole document.
    path: String,
    /// The id of the innermost element on the path that has one.
    #[schema(required = true)]
    id: Option<String>,
    /// How.
    #[schema(pattern = "^(added|removed|changed|respelled|moved)$")]
    kind: String,
    /// As the old document spells it, on one line; long values are cut.
    #[schema(required = true)]
    before: Option<String>,
    /// As the new one does.
    #[schema(required = true)]
    after: Option<String>,
}

/// Whether a configuration may be used.
#[derive(ToSchema)]
pub(crate) struct Validation {
    /// No errors; warnings do not count.
    valid: bool,
    /// In one line.
    message: String,
    /// When it was looked at.
    timestamp: String,
    /// Every fault and doubt.
    problems: Vec<Problem>,
}

/// One fault or doubt.
#[derive(ToSchema)]
pub(crate) struct Problem {
    /// error or warning.
    severity: String,
    /// The text.
    file: String,
    /// From 1; 0 where none is known.
    line: u32,
    /// From 1.
    column: u32,
    /// The key.
    path: String,
    /// What is wrong.
    message: String,
    /// What would be right.
    #[schema(required = true)]
    hint: Option<String>,
}
