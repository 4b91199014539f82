//! Taking back a gate that was opened from outside.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;

use crate::domain::wire::{GateDoc, JobGateDoc};
use crate::engine::api::Command;
use crate::http::answer::{self, ApiError};
use crate::http::app::{App, no_gate};
use crate::http::auth::Caller;
use crate::http::body::Object;
use crate::http::params::Gate;
use crate::http::schema;

use super::timer::reasoned;

/// Takes back a gate that this token opened: it is canceled, and nobody decides it. `admin` may take back any that was opened from
/// outside. A request may be repeated: what was withdrawn stays so, and the answer says by whom and when.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/withdraw", tag = "gates",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<schema::Timed>, responses((status = 200, description = "The gate, canceled", body = schema::JobGate)))]
pub async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    gate: Gate,
    body: Object,
) -> Result<Response, ApiError> {
    let (gate, reason) = reasoned(gate, &body)?;
    let (stage, attempt) = (gate.stage.clone(), gate.attempt);
    let (receipt, published) = app.act_on(&caller, Command::Withdraw { gate, reason }, &[]).await?;
    let rows = &receipt.rows;
    let withdrawn = match attempt {
        Some(attempt) => rows.gate(&stage, attempt),
        None => rows.newest_gate(&stage),
    };
    let withdrawn = withdrawn.ok_or_else(|| no_gate(rows, &stage, attempt))?;
    let config = app.config();
    let mut document = JobGateDoc::of(rows, GateDoc::of_gate(rows, withdrawn, app.lens(&config)));
    document.published = Some(published.is_ok());
    Ok(answer::ok(&document))
}
