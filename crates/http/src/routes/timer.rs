//! What a person does to a gate's timer on purpose: hold, release, extend.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;

use crate::answer::{self, ApiError};
use crate::app::App;
use crate::auth::Caller;
use crate::body::Object;
use crate::params::GatePath;
use crate::request::request;
use domain::ask::Command;
use domain::key::GateRef;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use wire::{GateDoc, JobGateDoc};

request! {
    /// Which gate's timer is meant, and why.
    struct Timed {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// Why, for the record.
        reason: Option<String>,
    }
}

request! {
    /// More time for a gate.
    #[schema(as = Extension)]
    struct ExtensionRequest {
        /// Exactly this attempt; missing: the newest.
        #[schema(minimum = 1)]
        attempt: Option<u32>,
        /// How many seconds more.
        #[schema(value_type = u64, minimum = 1, maximum = 4_294_967_295_u64)]
        seconds: u32,
        /// Only when the deadline is still this one, as the gate gave it: a repeated request then adds nothing and gets 409.
        #[schema(value_type = Option<String>)]
        expect_deadline: Option<Timestamp>,
    }
}

/// Stops the timer of an open gate in the caller's name, at most for what its `max_hold_s` leaves. Asked again by its holder, it stays as
/// it is: a request may be repeated.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/hold", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, held", body = JobGateDoc)))]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    gate: GatePath,
    body: Object,
) -> Result<Response, ApiError> {
    let (gate, reason) = reasoned(gate, &body)?;
    act(&app, &caller, gate.clone(), Command::Hold { gate, reason }).await
}

/// Lets a held timer run again with the time that was left, at least a minute. Anybody with the role may: the holder may be asleep.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/release", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, its timer running", body = JobGateDoc)))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    gate: GatePath,
    body: Object,
) -> Result<Response, ApiError> {
    let (gate, reason) = reasoned(gate, &body)?;
    act(&app, &caller, gate.clone(), Command::Release { gate, reason }).await
}

/// Moves the deadline of an open gate by so many seconds, as far as its `max_hold_s` allows. Every request adds, unless it
/// says which deadline it is to move: sent once more, it gets 409 with the code `deadline_moved`.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/extend", tag = "decide",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = ExtensionRequest, responses((status = 200, description = "The gate with its new deadline", body = JobGateDoc)))]
pub(crate) async fn extend(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    gate: GatePath,
    body: Object,
) -> Result<Response, ApiError> {
    let more: ExtensionRequest = body.read()?;
    let gate = named(gate, more.attempt);
    let command = Command::Extend {
        gate: gate.clone(),
        seconds: more.seconds.into(),
        expected: more.expect_deadline,
    };
    act(&app, &caller, gate, command).await
}

/// The gate that is meant, and why.
pub(super) fn reasoned(gate: GatePath, body: &Object) -> Result<(GateRef, Option<String>), ApiError> {
    let timed: Timed = body.read()?;
    Ok((named(gate, timed.attempt), timed.reason))
}

/// The gate that is meant: the newest attempt's, or exactly the one that the body names.
fn named(GatePath(job_id, stage): GatePath, attempt: Option<u32>) -> GateRef {
    GateRef { job_id, stage, attempt }
}

/// Has it done, and answers with the gate as it is then.
pub(super) async fn act(app: &App, caller: &Caller, gate: GateRef, command: Command) -> Result<Response, ApiError> {
    let (receipt, published) = app.act_on(caller, command, &[]).await?;
    let rows = &receipt.rows;
    let found = rows.gate_of(&gate.stage, gate.attempt);
    let found = found.ok_or_else(|| Refusal::no_gate(rows, &gate.stage, gate.attempt))?;
    let config = app.config();
    let mut document = JobGateDoc::of(rows, GateDoc::of_gate(rows, found, app.lens(&config)));
    document.published = Some(published.is_ok());
    Ok(answer::ok(&document))
}
