//! What came in: a body within its limits.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;

use domain::operator::TokenRole;
use domain::refusal::Refusal;
use text::words::duration;

use super::answer::ApiError;
use super::app::App;
use super::auth::Caller;
use super::request::{Fields, Request as Asked};
use super::shares::Place;

/// The most bytes of a request's body (SPEC §10).
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive,
const BODY_TIME: Duration = Duration::from_secs(20);
/// and a second more for each so many bytes that have come: half of what a line of 64 kbit/s takes.
const BODY_BYTES_PER_S: u64 = 4 * 1024;

/// The most bytes of a document of another machine: what is reviewed may come with it, as large as
/// an artifact may be, in base64, and what somebody has written.
const DOCUMENT_BYTES_MAX: usize = 96 * 1024 * 1024;

/// A body's bytes, within the limits.
pub(crate) struct Raw(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        Self::within(request, BODY_BYTES_MAX).await
    }
}

/// A document of another holdpoint, and its place where it is large. Of a viewer none is: nothing
/// comes with what they ask.
pub(crate) struct Document<T>(pub T, pub Option<Place>);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = request.extensions().get::<Caller>();
        let is_viewer = caller.is_none_or(|caller| caller.rights.role == TokenRole::Viewer);
        let name = caller.map_or("", |caller| &caller.operator.name).to_owned();
        // A body that does not say how long it is may be long.
        let is_small = announced(&request).is_some_and(|length| length <= BODY_BYTES_MAX as u64);
        let (place, bytes_max) = match is_small || is_viewer {
            true => (None, BODY_BYTES_MAX),
            false => (Some(app.large_place(&name)?), DOCUMENT_BYTES_MAX),
        };
        let bytes = Raw::within(request, bytes_max).await?;
        Ok(Self(bytes.document()?, place))
    }
}

/// How many bytes the body is said to have.
pub(crate) fn announced(request: &Request<Body>) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

impl Raw {
    fn document<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.0).map_err(|error| {
            let why = format!("the body cannot be read: {error}");
            Refusal::not_understood(why).into()
        })
    }

    /// Of a request whose body was taken out, which said that it is so long.
    pub(crate) async fn of(announced: Option<u64>, body: Body) -> Result<Self, ApiError> {
        Self::read(announced, body, BODY_BYTES_MAX).await
    }

    async fn within(request: Request<Body>, bytes_max: usize) -> Result<Self, ApiError> {
        Self::read(announced(&request), request.into_body(), bytes_max).await
    }

    async fn read(announced: Option<u64>, body: Body, bytes_max: usize) -> Result<Self, ApiError> {
        let too_large = || {
            let detail = format!("the body has more than {bytes_max} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        };
        if announced.is_some_and(|length| length > bytes_max as u64) {
            return Err(too_large());
        }
        let (begun, mut bytes) = (Instant::now(), Vec::new());
        let mut body = Limited::new(body, bytes_max);
        loop {
            let time = BODY_TIME + Duration::from_secs(bytes.len() as u64 / BODY_BYTES_PER_S);
            match tokio::time::timeout_at(begun + time, body.frame()).await {
                Ok(Some(Ok(frame))) => bytes.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Ok(Some(Err(error))) if error.is::<LengthLimitError>() => return Err(too_large()),
                Ok(Some(Err(error))) => {
                    let detail = format!("the body did not arrive whole: {error}");
                    return Err(ApiError::new(StatusCode::BAD_REQUEST, "incomplete", detail));
                }
                Ok(None) => return Ok(Self(bytes)),
                Err(_) => {
                    let time = duration(time.as_secs());
                    let detail = format!("only {} bytes of the body came within {time}", bytes.len());
                    return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail));
                }
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::unfold;

    use super::*;

    /// A body of which so many bytes come each second, in the midst of it: so nothing is due at the end
    /// of a limit but the limit.
    fn body(bytes_per_s: usize, seconds: u32) -> Request<Body> {
        let pieces = unfold(0, move |second| async move {
            if second == seconds {
                return None;
            }
            let since_last_ms = if second == 0 { 500 } else { 1000 };
            tokio::time::sleep(Duration::from_millis(since_last_ms)).await;
            Some((Ok::<_, Infallible>(vec![b' '; bytes_per_s]), second + 1))
        });
        Request::new(Body::from_stream(pieces))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_as_long_as_a_thin_line_takes_and_no_longer() {
        let Raw(bytes) = Raw::from_request(body(6 * 1024, 120), &()).await.unwrap();
        assert_eq!(bytes.len(), 120 * 6 * 1024);
        let begun = Instant::now();
        let error = Raw::from_request(body(100, 3600), &()).await.err().unwrap();
        assert_eq!(begun.elapsed().as_secs(), 20);
        let told = format!("{error:?}");
        assert!(told.contains("only 2000 bytes of the body came within 0:20"), "{told}");
    }
}
