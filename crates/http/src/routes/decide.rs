//! Approve and reject.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;

use crate::answer::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::body::{Fields, Object};
use crate::params::{Asked, Job};
use crate::schema;
use domain::gate::Verdict;
use domain::ids::JobId;
use domain::key::GateRef;
use engine::api::Command;
use wire::ActedDoc;

use super::done;

/// Approves the gate of a stage: the job goes on. Answers when the decision file is in place, or with `published: false`.
#[utoipa::path(post, path = "/jobs/{id}/approve", tag = "decide", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    request_body = Option<schema::Verdict>, responses((status = 200, description = "Decided; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Job(id): Job,
    asked: Asked,
    body: Object,
) -> Result<Response, ApiError> {
    decide(&app, &caller, id, Verdict::Approve, &asked, &body).await
}

/// Rejects the gate of a stage: the job pauses. Answers when the decision file is in place, or with `published: false`.
#[utoipa::path(post, path = "/jobs/{id}/reject", tag = "decide", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    request_body = Option<schema::Verdict>, responses((status = 200, description = "Decided; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn reject(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Job(id): Job,
    asked: Asked,
    body: Object,
) -> Result<Response, ApiError> {
    decide(&app, &caller, id, Verdict::Reject, &asked, &body).await
}

/// The verdict that a word means.
fn verdict_of(word: &str) -> Option<Verdict> {
    match word {
        "approve" | "approved" => Some(Verdict::Approve),
        "reject" | "rejected" => Some(Verdict::Reject),
        _ => None,
    }
}

async fn decide(
    app: &App,
    caller: &Caller,
    job_id: JobId,
    verdict: Verdict,
    asked: &Asked,
    body: &Object,
) -> Result<Response, ApiError> {
    let dry_run = asked.flag("dry_run")?;
    let mut fields = Fields::of(body);
    let stage = fields.stage("stage");
    if let Some(word) = fields.text("decision") {
        match verdict_of(word) {
            Some(said) if said == verdict => {}
            Some(_) => {
                let msg = format!("the path says {}, the body {word}", verdict.past());
                fields.fault("decision", "contradiction", msg);
            }
            None => fields.fault("decision", "enum", "Input should be approve or reject"),
        }
    }
    let notes = fields.text("notes").map(str::to_owned);
    let digest = fields.digest("digest");
    let attempt = fields.whole("attempt", 1..=u64::from(u32::MAX));
    fields.object("patch");
    let patch = fields.any("patch").cloned();
    fields.finish()?;
    let rows = app.job(&job_id).await?;
    let stage = match stage.or_else(|| rows.job.stage.clone()) {
        Some(stage) => stage,
        None => return Err(ApiError::not_found(format!("job {job_id} is at no stage: name one"))),
    };
    let gate = GateRef {
        job_id: job_id.clone(),
        stage,
        attempt: attempt.and_then(|attempt| u32::try_from(attempt).ok()),
    };
    let command = Command::Decide {
        gate,
        verdict,
        notes,
        patch,
        digest,
    };
    if dry_run {
        return app.preview(caller, &job_id, command, &["patch"]).await;
    }
    let result = app.act(caller, command).await?;
    let receipt = &result.0;
    Ok(done(&result, |document| {
        document.decision = receipt.decision.as_ref();
        document.changed = (!receipt.changes.is_empty()).then_some(receipt.changes.as_slice());
    }))
}
