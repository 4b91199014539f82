//! The configuration: what is in force, and whether a text would do.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use crate::answer::{self, Answered, ApiError};
use crate::app::App;
use crate::body::Raw;
use config::{Config, ConfigText, Problem, ValidationDoc};

/// The configuration in force, without any secret.
#[utoipa::path(get, path = "/config/operator", tag = "configuration", responses((status = 200, description = "The configuration", body = serde_json::Value)))]
pub(crate) async fn operator(State(app): State<Arc<App>>) -> Response {
    answer::ok(&app.config().doc())
}

/// Checks a YAML or JSON text, or without a body the file in force. Changes nothing.
#[utoipa::path(post, path = "/config/validate", tag = "configuration",
    request_body(content = Option<String>, content_type = "application/yaml", description = "The text; none: the file in force"),
    responses((status = 200, description = "Every fault and doubt", body = ValidationDoc)))]
pub(crate) async fn validate(State(app): State<Arc<App>>, Raw(body): Raw) -> Answered {
    let now = app.now();
    let (origin, problems) = if body.is_empty() {
        let path = app.config_path.clone();
        // A file may lie on a slow disk.
        let read = tokio::task::spawn_blocking(move || in_force(path.as_deref()));
        read.await.map_err(|error| ApiError::unavailable(error.to_string()))??
    } else {
        let Ok(text) = String::from_utf8(body) else {
            let msg = "the text is not UTF-8";
            return Err(ApiError::fault(
                "string_unicode",
                vec!["body".into()],
                msg,
                &Value::Null,
            ));
        };
        ("the body".to_owned(), check(Config::load(&text, "body")))
    };
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let faults = if errors == 1 { "fault" } else { "faults" };
    let message = match errors {
        0 => format!("{origin} can be used"),
        errors => format!("{origin} has {errors} {faults}"),
    };
    Ok(answer::ok(&ValidationDoc {
        valid: errors == 0,
        message,
        timestamp: now,
        problems: &problems,
    }))
}

fn in_force(path: Option<&Path>) -> Result<(String, Vec<Problem>), ApiError> {
    let text = match path {
        Some(path) => ConfigText::read(Some(path), &[]).map_err(|error| ApiError::unavailable(error.to_string()))?,
        None => ConfigText::embedded(),
    };
    Ok((text.origin.clone(), check(text.load())))
}

fn check(loaded: Result<config::Loaded, Vec<Problem>>) -> Vec<Problem> {
    match loaded {
        Ok(loaded) => loaded.warnings,
        Err(problems) => problems,
    }
}
