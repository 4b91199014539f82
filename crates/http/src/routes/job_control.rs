//! Resume, cancel, complete, acknowledge.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;

use crate::answer::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::params::{JobPath, QueryParams};
use domain::ask::Command;
use engine::api::ReviewOpened;
use wire::{ActedDoc, DoneDoc};

use super::done;

/// Lets a paused job go on: applies the patch of the rejection, or runs the stage again. Where an artifact is not what was decided on, it
/// opens the gate of the stage that answers for it (`review`), and the job goes on after its approval.
#[utoipa::path(post, path = "/jobs/{id}/resume", tag = "jobs", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    responses((status = 200, description = "It goes on; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    JobPath(id): JobPath,
    asked: QueryParams,
) -> Result<Response, ApiError> {
    if asked.flag("dry_run")? {
        return app.preview(&caller, &id, Command::resume(id.clone()), &[]).await;
    }
    let result = app.act(&caller, Command::resume(id)).await?;
    let receipt = &result.0;
    Ok(done(&result, |document| {
        document.decision = receipt.decision.as_ref();
        document.patches_applied = Some(receipt.patches_applied);
        document.changed = Some(&receipt.changes);
        document.review = receipt.review.as_ref().map(ReviewOpened::document);
    }))
}

/// Ends a job; the command of its running stage is killed.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    responses((status = 200, description = "It has ended; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    JobPath(id): JobPath,
    asked: QueryParams,
) -> Result<Response, ApiError> {
    if asked.flag("dry_run")? {
        return app.preview(&caller, &id, Command::Cancel(id.clone()), &[]).await;
    }
    Ok(done(&app.act(&caller, Command::Cancel(id)).await?, |_| {}))
}

/// Ends a manual job well.
#[utoipa::path(post, path = "/jobs/{id}/complete", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "It has ended", body = DoneDoc)))]
pub(crate) async fn complete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    JobPath(id): JobPath,
) -> Result<Response, ApiError> {
    Ok(done(&app.act(&caller, Command::Complete(id)).await?, |_| {}))
}

/// Notes that a job failed: it leaves the queue of every console. A request may be repeated: the job was noted once.
#[utoipa::path(post, path = "/jobs/{id}/acknowledge", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "It is noted", body = DoneDoc)))]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    JobPath(id): JobPath,
) -> Result<Response, ApiError> {
    Ok(done(&app.act(&caller, Command::Acknowledge(id)).await?, |_| {}))
}
