//! What goes back: documents, and refusals in WIRE.md's shapes (`{"detail": …}`).

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::iter;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;

/// When whoever was turned away because of too much to do, or an end, may come again, in seconds.
const NOT_NOW_S: u64 = 1;

/// What a route comes to.
pub(crate) type Answered = Result<Response, ApiError>;

/// A document with this status.
pub(crate) fn document(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        // Documents are made of names, numbers and text; only a map with keys that are no text
        // could fail.
        Err(error) => ApiError::unavailable(format!("the answer cannot be written: {error}")).into_response(),
    }
}

/// A document with status 200.
pub(crate) fn ok(value: &impl Serialize) -> Response {
    document(StatusCode::OK, value)
}

/// Bytes as a body that goes out piece by piece, and has its place as long as it does.
pub(crate) fn in_pieces(bytes: Bytes, place: Option<OwnedSemaphorePermit>) -> Response {
    const PIECE_BYTES: usize = 64 * 1024;
    let length = bytes.len();
    let pieces = (0..length).step_by(PIECE_BYTES).map(move |first| {
        let _ = &place;
        Ok::<_, Infallible>(bytes.slice(first..length.min(first + PIECE_BYTES)))
    });
    ([(header::CONTENT_LENGTH, length)], Body::from_stream(iter(pieces))).into_response()
}

/// One fault of what was sent: the shape that clients of the old system read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldFault {
    /// What kind of fault, as a word: `missing`, `string_type`, `patch_unfit`.
    pub(crate) kind: String,
    /// Where: `body`, `query` or `path`, then names and positions.
    pub(crate) loc: Vec<Value>,
    /// What is wrong and what would be right.
    pub(crate) msg: String,
    /// What stood there; null where it is long or nothing stood there.
    pub(crate) input: Value,
}

/// The longest input that is repeated in a fault, in bytes of JSON.
const INPUT_BYTES_MAX: usize = 1024;

impl FieldFault {
    /// A fault at a place; a long input is left out.
    pub(crate) fn new(kind: &str, loc: Vec<Value>, msg: impl Into<String>, input: &Value) -> Self {
        let is_short = serde_json::to_vec(input).is_ok_and(|bytes| bytes.len() <= INPUT_BYTES_MAX);
        Self {
            kind: kind.to_owned(),
            loc,
            msg: msg.into(),
            input: if is_short { input.clone() } else { Value::Null },
        }
    }

    fn to_value(&self) -> Value {
        json!({ "type": self.kind, "loc": self.loc, "msg": self.msg, "input": self.input })
    }
}

/// Why a request was not fulfilled.
// Boxed: it is the rare end of every route, and large.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Refused>);

#[derive(Debug)]
struct Refused {
    status: StatusCode,
    detail: Value,
    code: &'static str,
    hint: Option<String>,
    retry_after_s: Option<u64>,
    /// Until when the decision that is in the way may be taken back.
    recall_until: Option<Timestamp>,
}

impl ApiError {
    /// A refusal in one line.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Refused {
            status,
            detail: Value::String(detail.into()),
            code,
            hint: None,
            retry_after_s: None,
            recall_until: None,
        }))
    }

    /// What was sent is wrong.
    pub(crate) fn unprocessable(faults: &[FieldFault]) -> Self {
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "");
        error.0.detail = faults.iter().map(FieldFault::to_value).collect();
        error
    }

    /// The same of one fault.
    pub(crate) fn fault(kind: &str, loc: Vec<Value>, msg: impl Into<String>, input: &Value) -> Self {
        Self::unprocessable(&[FieldFault::new(kind, loc, msg, input)])
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// Not now.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_possible", detail)
    }

    /// Too often, or too much at once.
    pub(crate) fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
        error.0.retry_after_s = Some(retry_after_s.max(1));
        error
    }

    /// Adds what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What the engine's rules say about a body; `patch_at` is where a patch stood in it.
    pub(crate) fn refused(refusal: Refusal, patch_at: &[&str]) -> Self {
        if refusal.cause.error().is_some() {
            tracing::warn!("a request was refused: {}", refusal.with_causes());
        }
        let status = match refusal.code {
            RefusalCode::NotFound => StatusCode::NOT_FOUND,
            RefusalCode::AlreadyDecided
            | RefusalCode::GateCanceled
            | RefusalCode::ArtifactChanged
            | RefusalCode::ContextChanged
            | RefusalCode::WrongState
            | RefusalCode::StillRecallable
            | RefusalCode::DeadlineMoved => StatusCode::CONFLICT,
            RefusalCode::PatchUnfit | RefusalCode::Invalid => {
                let is_patch = refusal.code == RefusalCode::PatchUnfit;
                return Self::unfit(&refusal, if is_patch { patch_at } else { &[] });
            }
            RefusalCode::NotAllowed => StatusCode::FORBIDDEN,
            RefusalCode::NotPossible | RefusalCode::NotNow => StatusCode::SERVICE_UNAVAILABLE,
            RefusalCode::NotUnderstood => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut error = Self::new(status, refusal.code.as_str(), refusal.message);
        error.0.hint = refusal.hint;
        let is_not_now = refusal.code == RefusalCode::NotNow;
        let again_s = refusal.again.map(|again| again.after_s);
        error.0.retry_after_s = again_s.or(is_not_now.then_some(NOT_NOW_S));
        error.0.recall_until = refusal.again.map(|again| again.at);
        error
    }

    fn unfit(refusal: &Refusal, prefix: &[&str]) -> Self {
        let mut loc: Vec<Value> = vec!["body".into()];
        loc.extend(prefix.iter().map(|part| Value::from(*part)));
        loc.extend(refusal.place.as_deref().map(place).unwrap_or_default());
        let hint = refusal
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!("   hint: {hint}"));
        let msg = format!("{}{hint}", refusal.message);
        let mut error = Self::fault(refusal.code.as_str(), loc, msg, &Value::Null);
        error.0.code = refusal.code.as_str();
        error
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal, &["patch"])
    }
}

/// `replacements[0].old` as the parts of a `loc`.
fn place(text: &str) -> Vec<Value> {
    text.split(['.', '[', ']'])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<u64>().map_or_else(|_| Value::from(part), Value::from))
        .collect()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let refused = *self.0;
        let mut body = json!({ "detail": refused.detail, "code": refused.code });
        if let Some(hint) = refused.hint {
            body["hint"] = hint.into();
        }
        if let Some(until) = refused.recall_until {
            body["recall_until"] = json!(until);
        }
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (refused.status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response();
        let headers = response.headers_mut();
        if refused.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = refused.retry_after_s {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_words_becomes_parts() {
        assert_eq!(
            place("replacements[0].old"),
            [json!("replacements"), json!(0), json!("old")]
        );
        assert_eq!(place(""), Vec::<Value>::new());
    }

    #[test]
    fn a_long_input_is_not_repeated() {
        assert_eq!(
            FieldFault::new("x", vec![], "m", &json!("a".repeat(2000))).input,
            Value::Null
        );
        assert_eq!(FieldFault::new("x", vec![], "m", &json!([1])).input, json!([1]));
    }
}
