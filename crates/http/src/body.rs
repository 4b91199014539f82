//! What came in: a body within its limits, and typed fields out of it with every fault named at once.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use domain::ids::{ArtifactPath, Digest, StageName};
use domain::time::Timestamp;
use text::words::duration;

use super::answer::{ApiError, Fault};

/// The most bytes of a request's body (SPEC §10).
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);

/// A body's bytes, within the limits.
pub(crate) struct Raw(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, ApiError> {
        let too_large = || {
            let detail = format!("the body has more than {BODY_BYTES_MAX} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        };
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
            return Err(too_large());
        }
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX);
        match tokio::time::timeout(BODY_TIME, body.collect()).await {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes().to_vec())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => {
                let detail = format!("the body did not arrive whole: {error}");
                Err(ApiError::new(StatusCode::BAD_REQUEST, "incomplete", detail))
            }
            Err(_) => {
                let detail = format!("the body did not arrive within {}", duration(BODY_TIME.as_secs()));
                Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail))
            }
        }
    }
}

/// A body that is one JSON object; nothing at all, or null, counts as an empty one.
pub(crate) struct Object(pub Value);

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, ApiError> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        let fault = |kind: &str, msg: String, input: &Value| {
            ApiError::unprocessable(&[Fault::new(kind, vec!["body".into()], msg, input)])
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Value::Object(Map::new())));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(Value::Object(map))),
            Ok(Value::Null) => Ok(Self(Value::Object(Map::new()))),
            Ok(other) => Err(fault("object_type", "the body is no JSON object".to_owned(), &other)),
            Err(error) => Err(fault(
                "json_invalid",
                format!("the body is no JSON: {error}"),
                &Value::Null,
            )),
        }
    }
}

/// The whole number that a floating-point one is, where it is one and exact.
fn whole_of(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && (0.0..=EXACT_MAX).contains(&number);
    is_whole.then_some(number as u64)
}

/// Reads typed fields out of an object and notes every fault.
pub(crate) struct Fields<'v> {
    object: &'v Value,
    loc: Vec<Value>,
    faults: Vec<Fault>,
}

impl<'v> Fields<'v> {
    /// Of a whole body.
    pub(crate) fn of(Object(object): &'v Object) -> Self {
        Self::at(object, vec!["body".into()])
    }

    /// Of an object inside one.
    pub(crate) fn at(object: &'v Value, loc: Vec<Value>) -> Self {
        Self {
            object,
            loc,
            faults: Vec::new(),
        }
    }

    /// Where a field stands.
    pub(crate) fn loc(&self, key: &str) -> Vec<Value> {
        let mut loc = self.loc.clone();
        loc.push(key.into());
        loc
    }

    /// Notes a fault of a field.
    pub(crate) fn fault(&mut self, key: &str, kind: &str, msg: impl Into<String>) {
        let input = self.object.get(key).unwrap_or(&Value::Null);
        let fault = Fault::new(kind, self.loc(key), msg, input);
        self.faults.push(fault);
    }

    /// Takes the faults of an object inside.
    pub(crate) fn adopt(&mut self, inner: Fields<'_>) {
        self.faults.extend(inner.faults);
    }

    /// A field that is there and not null.
    pub(crate) fn any(&self, key: &str) -> Option<&'v Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// Notes a field that is missing.
    pub(crate) fn require(&mut self, key: &str) {
        if self.object.get(key).is_none() {
            let fault = Fault::new("missing", self.loc(key), "Field required", self.object);
            self.faults.push(fault);
        } else if self.any(key).is_none() {
            self.fault(key, "value_missing", "null is no value here");
        }
    }

    /// A text, where there is one.
    pub(crate) fn text(&mut self, key: &str) -> Option<&'v str> {
        let value = self.any(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.fault(key, "string_type", "Input should be a valid string");
        }
        text
    }

    /// A text that must be there.
    pub(crate) fn needed_text(&mut self, key: &str) -> &'v str {
        self.require(key);
        self.text(key).unwrap_or_default()
    }

    /// True or false, where it is said.
    pub(crate) fn boolean(&mut self, key: &str) -> Option<bool> {
        let value = self.any(key)?;
        let boolean = value.as_bool();
        if boolean.is_none() {
            self.fault(key, "bool_type", "Input should be true or false");
        }
        boolean
    }

    /// A whole number in a range, where there is one.
    pub(crate) fn whole(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.any(key)?;
        // JSON knows one kind of number: 600.0 is a whole one.
        let whole = value.as_u64().or_else(|| whole_of(value.as_f64()?));
        let whole = whole.filter(|number| range.contains(number));
        if whole.is_none() {
            let (least, most) = (range.start(), range.end());
            self.fault(
                key,
                "int_range",
                format!("Input should be a whole number from {least} to {most}"),
            );
        }
        whole
    }

    /// An object, where there is one.
    pub(crate) fn object(&mut self, key: &str) -> Option<&'v Map<String, Value>> {
        let value = self.any(key)?;
        let object = value.as_object();
        if object.is_none() {
            self.fault(key, "dict_type", "Input should be an object");
        }
        object
    }

    /// A list that must be there.
    pub(crate) fn needed_list(&mut self, key: &str) -> &'v [Value] {
        self.require(key);
        let Some(value) = self.any(key) else { return &[] };
        match value.as_array() {
            Some(list) => list,
            None => {
                self.fault(key, "list_type", "Input should be a list");
                &[]
            }
        }
    }

    /// A stage's name, where there is one.
    pub(crate) fn stage(&mut self, key: &str) -> Option<StageName> {
        let text = self.text(key)?;
        match StageName::new(text) {
            Ok(stage) => Some(stage),
            Err(error) => {
                self.fault(key, "stage_name", error.to_string());
                None
            }
        }
    }

    /// An artifact's path, where there is one.
    pub(crate) fn path(&mut self, key: &str) -> Option<ArtifactPath> {
        let text = self.text(key)?;
        match ArtifactPath::new(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.fault(key, "artifact_path", error.to_string());
                None
            }
        }
    }

    /// A digest, where there is one.
    pub(crate) fn digest(&mut self, key: &str) -> Option<Digest> {
        let text = self.text(key)?;
        match Digest::parse(text) {
            Ok(digest) => Some(digest),
            Err(error) => {
                self.fault(key, "digest", error.to_string());
                None
            }
        }
    }

    /// A time, where there is one.
    pub(crate) fn time(&mut self, key: &str) -> Option<Timestamp> {
        let time = Timestamp::parse(self.text(key)?);
        if time.is_none() {
            self.fault(key, "datetime", "Input should be an RFC 3339 time");
        }
        time
    }

    /// Refuses when anything was wrong.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ApiError::unprocessable(&self.faults))
        }
    }
}
