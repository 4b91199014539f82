//! `GET /healthz`: whether database, storage and configuration work. Without a token, so it says
//! nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::answer;
use crate::app::App;
use domain::time::Timestamp;

/// Whether everything works.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthDoc {
    /// Whether it does.
    ok: bool,
    /// healthy or unhealthy.
    status: &'static str,
    /// When this was looked at.
    #[schema(value_type = String)]
    timestamp: Timestamp,
    /// The version of holdpoint.
    version: &'static str,
    /// database, storage and configuration: healthy or unhealthy.
    #[schema(value_type = Object)]
    services: Value,
}

/// Whether everything works.
#[utoipa::path(get, path = "/healthz", tag = "observe", responses(
    (status = 200, description = "Everything works", body = HealthDoc),
    (status = 503, description = "Something does not", body = HealthDoc),
))]
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Response {
    let is_read = app.read(app.engine.leader()).await.is_ok();
    let standing = app.engine.standing().clone();
    let word = |is_well: bool| if is_well { "healthy" } else { "unhealthy" };
    let (storage, configuration) = (standing.trouble.is_none(), !standing.is_config_broken);
    let ok = is_read && storage && configuration;
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let document = HealthDoc {
        ok,
        status: word(ok),
        timestamp: app.now(),
        version: env!("CARGO_PKG_VERSION"),
        services: json!({ "database": word(is_read), "storage": word(storage), "configuration": word(configuration) }),
    };
    answer::document(status, &document)
}

/// Whether everything works.
#[utoipa::path(get, path = "/healthz", tag = "observe", operation_id = "healthz_at_root", responses(
    (status = 200, description = "Everything works", body = HealthDoc),
    (status = 503, description = "Something does not", body = HealthDoc),
))]
pub(crate) async fn healthz_at_root(app: State<Arc<App>>) -> Response {
    healthz(app).await
}
