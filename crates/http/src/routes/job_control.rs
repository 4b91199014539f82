//! Resume, cancel, complete, acknowledge.

use crate::answer::Answered;
use crate::app::Asker;
use crate::params::{JobPath, QueryParams};
use domain::ask::Command;
use engine::api::ReviewOpened;
use wire::{ActedDoc, DoneDoc};

/// Lets a paused job go on: applies the patch of the rejection, or runs the stage again. Where an artifact is not what was decided on, it
/// opens the gate of the stage that answers for it (`review`), and the job goes on after its approval.
#[utoipa::path(post, path = "/jobs/{id}/resume", tag = "jobs", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    responses((status = 200, description = "It goes on; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn resume(asker: Asker, JobPath(id): JobPath, asked: QueryParams) -> Answered {
    let (dry_run, command) = (asked.flag("dry_run")?, Command::resume(id.clone()));
    let resumed = asker.perform(dry_run, &id, command, &["patch"], |receipt, document| {
        document.decision = receipt.decision.as_ref();
        document.patches_applied = Some(receipt.patches_applied);
        document.changed = Some(&receipt.changes);
        document.review = receipt.review.as_ref().map(ReviewOpened::document);
    });
    resumed.await
}

/// Ends a job; the command of its running stage is killed.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(
        ("id" = String, Path, description = "The job"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    responses((status = 200, description = "It has ended; with dry_run: what would happen", body = ActedDoc)))]
pub(crate) async fn cancel(asker: Asker, JobPath(id): JobPath, asked: QueryParams) -> Answered {
    let (dry_run, command) = (asked.flag("dry_run")?, Command::Cancel(id.clone()));
    asker.perform(dry_run, &id, command, &[], |_, _| {}).await
}

/// Ends a manual job well.
#[utoipa::path(post, path = "/jobs/{id}/complete", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "It has ended", body = DoneDoc)))]
pub(crate) async fn complete(asker: Asker, JobPath(id): JobPath) -> Answered {
    asker
        .perform(false, &id, Command::Complete(id.clone()), &[], |_, _| {})
        .await
}

/// Notes that a job failed: it leaves the queue of every console. A request may be repeated: the job was noted once.
#[utoipa::path(post, path = "/jobs/{id}/acknowledge", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "It is noted", body = DoneDoc)))]
pub(crate) async fn acknowledge(asker: Asker, JobPath(id): JobPath) -> Answered {
    asker
        .perform(false, &id, Command::Acknowledge(id.clone()), &[], |_, _| {})
        .await
}
