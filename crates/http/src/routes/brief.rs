//! A brief in plain words as a job takes it.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{self, Answered, ApiError};
use crate::body::Object;
use crate::request::{Fields, request};
use domain::brief::{self, CompiledBrief};

/// The most bytes of a text.
const TEXT_BYTES_MAX: usize = 64 * 1024;

request! {
    /// A brief in plain words.
    struct BriefText {
        /// The text; at most 64 KiB.
        #[schema(pattern = r"\S")]
        free_text_brief: String,
    } then length
}

fn length(fields: &mut Fields<'_>) {
    let text = fields.any("free_text_brief").and_then(Value::as_str);
    if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
        let msg = format!("at most {TEXT_BYTES_MAX} bytes are read");
        fields.fault("free_text_brief", "string_too_long", msg);
    }
}

/// A brief as a job takes it.
#[derive(Serialize, ToSchema)]
#[schema(as = CompiledBrief)]
struct CompiledDoc<'a> {
    /// What to send to `POST /api/v1/jobs`.
    #[schema(value_type = Object)]
    compiled_brief: &'a CompiledBrief,
    /// What the text does not say.
    assumptions: Vec<String>,
    /// The text.
    original_text: &'a str,
}

/// Reads a brief in plain words: what it says goes where a job takes it, what it does not say is named. Starts nothing.
#[utoipa::path(post, path = "/compile-brief", tag = "jobs", request_body = BriefText,
    responses((status = 200, description = "What to start a job with", body = CompiledDoc)))]
pub(crate) async fn compile(body: Object) -> Answered {
    let BriefText { free_text_brief: text } = body.read()?;
    if text.trim().is_empty() {
        let detail = "the brief is empty";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "empty", detail));
    }
    let brief = brief::compile(&text);
    Ok(answer::ok(&CompiledDoc {
        compiled_brief: &brief,
        assumptions: brief.assumptions(),
        original_text: &text,
    }))
}
