//! What came in: a body within its limits.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use domain::refusal::Refusal;
use text::words::duration;

use super::answer::ApiError;
use super::request::{Fields, Request as Asked};

/// The most bytes of a request's body (SPEC §10).
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The most bytes of commands from another machine: what is reviewed may come with them, as large
/// as an artifact may be, in base64.
const COMMANDS_BYTES_MAX: usize = 96 * 1024 * 1024;
/// How long those may take to arrive, on a thin line.
const COMMANDS_TIME: Duration = Duration::from_secs(15 * 60);

/// A body's bytes, within the limits.
pub(crate) struct Raw(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        Self::within(request, BODY_BYTES_MAX, BODY_TIME).await
    }
}

/// A document of another holdpoint.
pub(crate) struct Document<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::within(request, COMMANDS_BYTES_MAX, COMMANDS_TIME).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let why = format!("the body cannot be read: {error}");
            Refusal::not_understood(why).into()
        })
    }
}

impl Raw {
    async fn within(request: Request<Body>, bytes_max: usize, time: Duration) -> Result<Self, ApiError> {
        let too_large = || {
            let detail = format!("the body has more than {bytes_max} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        };
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > bytes_max as u64) {
            return Err(too_large());
        }
        let body = Limited::new(request.into_body(), bytes_max);
        match tokio::time::timeout(time, body.collect()).await {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes().to_vec())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => {
                let detail = format!("the body did not arrive whole: {error}");
                Err(ApiError::new(StatusCode::BAD_REQUEST, "incomplete", detail))
            }
            Err(_) => {
                let detail = format!("the body did not arrive within {}", duration(time.as_secs()));
                Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail))
            }
        }
    }
}

/// A body that is one JSON object; nothing at all, or null, counts as an empty one.
pub(crate) struct Object(pub Map<String, Value>);

impl Object {
    /// What it asks for, or every fault of it.
    pub(crate) fn read<T: Asked>(&self) -> Result<T, ApiError> {
        Fields::of(self).finish()
    }
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let fault = |kind: &str, msg: String, input: &Value| ApiError::fault(kind, vec!["body".into()], msg, input);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(Value::Null) => Ok(Self(Map::new())),
            Ok(other) => Err(fault("object_type", "the body is no JSON object".to_owned(), &other)),
            Err(error) => Err(fault(
                "json_invalid",
                format!("the body is no JSON: {error}"),
                &Value::Null,
            )),
        }
    }
}
