//! Taking back a gate that was opened from outside.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;

use crate::answer::ApiError;
use crate::app::App;
use crate::auth::Caller;
use crate::body::Object;
use crate::params::GatePath;
use domain::ask::Command;
use wire::JobGateDoc;

use super::timer::{Timed, act, reasoned};

/// Takes back a gate that this token opened: it is canceled, and nobody decides it. `admin` may take back any that no stage
/// opened. A request may be repeated: what was withdrawn stays so, and the answer says by whom and when.
#[utoipa::path(post, path = "/jobs/{id}/gates/{stage}/withdraw", tag = "gates",
    params(("id" = String, Path, description = "The job"), ("stage" = String, Path, description = "The stage")),
    request_body = Option<Timed>, responses((status = 200, description = "The gate, canceled", body = JobGateDoc)))]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    gate: GatePath,
    body: Object,
) -> Result<Response, ApiError> {
    let (gate, reason) = reasoned(gate, &body)?;
    act(&app, &caller, gate.clone(), Command::Withdraw { gate, reason }).await
}
