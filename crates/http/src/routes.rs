//! The routes, a file for each matter. Each says what OpenAPI is to say of it.

pub(crate) mod brief;
pub(crate) mod configuration;
pub(crate) mod decide;
pub(crate) mod diff;
pub(crate) mod events;
pub(crate) mod gates;
pub(crate) mod health;
pub(crate) mod job_control;
pub(crate) mod jobs;
pub(crate) mod open;
pub(crate) mod patches;
pub(crate) mod stream;
pub(crate) mod timer;
pub(crate) mod withdraw;

use axum::response::Response;

use engine::client::Committed;
use wire::{ActedDoc, DoneDoc};

use super::answer;

/// What is answered after something was done; `complete` adds what belongs to it.
fn done<'a>(done: &'a Committed, complete: impl FnOnce(&mut DoneDoc<'a>)) -> Response {
    let (receipt, published) = done;
    let mut document = receipt.document(published.as_ref().err());
    complete(&mut document);
    answer::ok(&ActedDoc::Done(document))
}
