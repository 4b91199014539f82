//! A brief in plain words as a job takes it.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::answer::{self, ApiError};
use crate::body::{Fields, Object};
use crate::schema;
use domain::brief;

/// The most bytes of a text.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Reads a brief in plain words: what it says goes where a job takes it, what it does not say is named. Starts nothing.
#[utoipa::path(post, path = "/compile-brief", tag = "jobs", request_body = schema::BriefText,
    responses((status = 200, description = "What to start a job with", body = schema::CompiledBrief)))]
pub(crate) async fn compile(body: Object) -> Result<Response, ApiError> {
    let mut fields = Fields::of(&body);
    let text = fields.needed_text("free_text_brief");
    if text.len() > TEXT_BYTES_MAX {
        fields.fault(
            "free_text_brief",
            "string_too_long",
            format!("at most {TEXT_BYTES_MAX} bytes are read"),
        );
    }
    fields.finish()?;
    if text.trim().is_empty() {
        let detail = "the brief is empty";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "empty", detail));
    }
    let brief = brief::compile(text);
    Ok(answer::ok(&json!({
        "compiled_brief": brief, "assumptions": brief.assumptions(), "original_text": text,
    })))
}
