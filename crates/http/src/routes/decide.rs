//! Approve and reject.

use serde_json::{Map, Value};

use crate::answer::{Answered, ApiError};
use crate::app::Asker;
use crate::body::Object;
use crate::params::{JobPath, QueryParams};
use crate::request::{Fields, request, text, values};
use domain::ask::Command;
use domain::comment::{Comment, CommentSide};
use domain::gate::Verdict;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::key::GateRef;
use wire::ActedDoc;

request! {
    /// What is said about a line.
    #[schema(as = NewComment)]
    struct CommentRequest {
        /// The artifact: its path, or its file name where that is enough.
        #[schema(value_type = String)]
        artifact: ArtifactPath,
        /// The line, from 1.
        #[schema(minimum = 1)]
        line: u32,
        /// new, or base for a removed line; missing: new.
        #[schema(value_type = Option<String>, pattern = "^(new|base)$")]
        side: Option<CommentSide>,
        /// What is said; at most 4 KiB.
        #[schema(min_length = 1)]
        text: String,
    }
}

values! {
    CommentSide: |value| {
        Self::parse(text(value)?).ok_or_else(|| ("enum", "Input should be new or base".to_owned()))
    };
}

request! {
    /// A verdict on a gate.
    #[schema(as = Verdict)]
    struct VerdictRequest {
        /// The stage; missing: the one that the job is at.
        #[schema(value_type = Option<String>, pattern = "^[a-z][a-z0-9_-]{0,49}$")]
        stage: Option<StageName>,
        /// May repeat what the path says: approve, approved, reject or rejected.
        #[schema(value_type = Option<String>, pattern = "^(approved?|reject(ed)?)$")]
        #[expect(dead_code, reason = "compared with the path before the rest is read")]
        decision: Option<Said>,
        /// Accepted and ignored: the token says who decides.
        #[expect(dead_code, reason = "accepted and ignored")]
        operator: Option<Value>,
        /// Why, for the record; at most 64 KiB.
        notes: Option<String>,
        /// What is said about lines; at most 100, and 64 KiB together.
        #[schema(max_items = 100)]
        comments: Option<Vec<CommentRequest>>,
        /// Decide only on exactly these bytes: the gate's digest.
        #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
        digest: Option<Digest>,
        /// Decide only on exactly what the gate says of itself: its context_digest.
        #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
        context_digest: Option<Digest>,
        /// Decide exactly this attempt, from 1; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// A patch, applied with the decision or, after a rejection, on resume.
        #[schema(value_type = Option<Object>)]
        patch: Option<Map<String, Value>>,
    }
}

/// Approves the gate of a stage: the job goes on. Answers when the decision file is in place, or with `published: false`.
#[utoipa::path(post, path = "/jobs/{id}/approve", tag = "decide", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
        ("Holdpoint-Session" = Option<String>, Header, description = "Tells several clients of one token apart: none passes over another's lease"),
    ),
    request_body = Option<VerdictRequest>, responses((status = 200, description = "Decided; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn approve(asker: Asker, JobPath(id): JobPath, asked: QueryParams, body: Object) -> Answered {
    decide(&asker, id, Verdict::Approve, &asked, &body).await
}

/// Rejects the gate of a stage: the job pauses. Answers when the decision file is in place, or with `published: false`.
#[utoipa::path(post, path = "/jobs/{id}/reject", tag = "decide", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
        ("Holdpoint-Session" = Option<String>, Header, description = "Tells several clients of one token apart: none passes over another's lease"),
    ),
    request_body = Option<VerdictRequest>, responses((status = 200, description = "Decided; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn reject(asker: Asker, JobPath(id): JobPath, asked: QueryParams, body: Object) -> Answered {
    decide(&asker, id, Verdict::Reject, &asked, &body).await
}

/// The verdict that a word means.
fn verdict_of(word: &str) -> Option<Verdict> {
    match word {
        "approve" | "approved" => Some(Verdict::Approve),
        "reject" | "rejected" => Some(Verdict::Reject),
        _ => None,
    }
}

/// A word that means a verdict.
pub(crate) struct Said;

values! {
    Said: |value| {
        let said = verdict_of(text(value)?).map(|_| Self);
        said.ok_or_else(|| ("enum", "Input should be approve or reject".to_owned()))
    };
}

async fn decide(asker: &Asker, job_id: JobId, verdict: Verdict, asked: &QueryParams, body: &Object) -> Answered {
    let dry_run = asked.flag("dry_run")?;
    let mut fields = Fields::of(body);
    let word = fields.any("decision").and_then(Value::as_str).unwrap_or_default();
    if verdict_of(word).is_some_and(|said| said != verdict) {
        let msg = format!("the path says {}, the body {word}", verdict.past());
        fields.fault("decision", "contradiction", msg);
    }
    let asked: VerdictRequest = fields.finish()?;
    let rows = asker.app.job(&job_id).await?;
    let stage = match asked.stage.or_else(|| rows.job.stage.clone()) {
        Some(stage) => stage,
        None => return Err(ApiError::not_found(format!("job {job_id} is at no stage: name one"))),
    };
    let gate = GateRef {
        job_id: job_id.clone(),
        stage,
        attempt: asked.attempt,
    };
    let comments = asked.comments.into_iter().flatten();
    let comment = |said: CommentRequest| Comment {
        artifact: said.artifact,
        line: said.line,
        side: said.side.unwrap_or_default(),
        text: said.text,
    };
    let command = Command::Decide {
        gate,
        verdict,
        notes: asked.notes,
        comments: comments.map(comment).collect(),
        draft_by: None,
        patch: asked.patch.map(Value::Object),
        digest: asked.digest,
        context_digest: asked.context_digest,
    };
    let decided = asker.perform(dry_run, &job_id, command, &["patch"], |receipt, document| {
        document.decision = receipt.decision.as_ref();
        document.changed = (!receipt.changes.is_empty()).then_some(receipt.changes.as_slice());
    });
    decided.await
}
