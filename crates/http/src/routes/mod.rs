//! The routes, a file for each matter. Each says what OpenAPI is to say of it.

pub mod brief;
pub mod configuration;
pub mod decide;
pub mod diff;
pub mod events;
pub mod gates;
pub mod health;
pub mod jobs;
pub mod open;
pub mod patches;
pub mod steer;
pub mod stream;
pub mod timer;
pub mod withdraw;

use axum::response::Response;

use engine::door::Done;
use wire::DoneDoc;

use super::answer;

/// What is answered after something was done; `complete` adds what belongs to it.
fn done<'a>(done: &'a Done, complete: impl FnOnce(&mut DoneDoc<'a>)) -> Response {
    let (receipt, published) = done;
    let mut document = DoneDoc {
        message: &receipt.message,
        job_id: &receipt.job_id,
        job_status: receipt.rows.job.status,
        job_stage: receipt.rows.job.stage.as_ref(),
        decision: None,
        changed: None,
        patches_applied: None,
        digest: None,
        review: None,
        next: receipt.next.as_ref(),
        published: published.is_ok(),
        not_published_because: published.as_ref().err().map(String::as_str),
    };
    complete(&mut document);
    answer::ok(&document)
}
