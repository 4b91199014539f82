//! Names in the path and values behind the question mark.
//!
//! An id that cannot be one is not found, and told by the rule that it breaks.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Path, Query, RawPathParams};
use axum::http::request::Parts;
use serde_json::Value;

use domain::ids::{Digest, JobId, NameError, StageName};
use domain::time::Timestamp;

use super::answer::ApiError;

fn named<'p>(params: &'p RawPathParams, name: &str) -> &'p str {
    params
        .iter()
        .find(|(key, _)| *key == name)
        .map_or("", |(_, value)| value)
}

async fn raw(parts: &mut Parts) -> Result<RawPathParams, ApiError> {
    let raw = RawPathParams::from_request_parts(parts, &()).await;
    raw.map_err(|_| ApiError::not_found("this path is not UTF-8 text"))
}

fn job_of(params: &RawPathParams) -> Result<JobId, ApiError> {
    JobId::new(named(params, "id")).map_err(|error| not_a_name(&error))
}

/// What is no id or stage names nothing that could be found.
fn not_a_name(error: &NameError) -> ApiError {
    ApiError::not_found(error.to_string())
}

/// The job of a path.
pub(crate) struct JobPath(pub JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        job_of(&raw(parts).await?).map(Self)
    }
}

/// The job and the stage of a path.
pub(crate) struct GatePath(pub JobId, pub StageName);

impl<S: Send + Sync> FromRequestParts<S> for GatePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let params = raw(parts).await?;
        let job = job_of(&params)?;
        let stage = StageName::new(named(&params, "stage"));
        stage.map(|stage| Self(job, stage)).map_err(|error| not_a_name(&error))
    }
}

/// The job and the version of a path.
pub(crate) struct VersionPath(pub JobId, pub Digest);

impl<S: Send + Sync> FromRequestParts<S> for VersionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let params = raw(parts).await?;
        let job = job_of(&params)?;
        let digest = Digest::parse(named(&params, "digest"));
        digest
            .map(|digest| Self(job, digest))
            .map_err(|error| ApiError::not_found(error.to_string()))
    }
}

/// The rest of a path, as one text.
pub(crate) struct RestPath(pub String);

impl<S: Send + Sync> FromRequestParts<S> for RestPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Ok(Path(params)) = Path::<HashMap<String, String>>::from_request_parts(parts, &()).await else {
            return Err(ApiError::not_found("this path is not UTF-8 text"));
        };
        Ok(Self(params.get("path").cloned().unwrap_or_default()))
    }
}

/// Values behind the question mark; of equal names the last counts, but for [`QueryParams::texts`].
pub(crate) struct QueryParams(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for QueryParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let fault = |msg: String| ApiError::fault("query_invalid", vec!["query".into()], msg, &Value::Null);
        let Query(pairs) = query.map_err(|error| fault(error.to_string()))?;
        Ok(Self(pairs))
    }
}

impl QueryParams {
    /// A value as it was sent; an empty one counts as none.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let last = self.0.iter().rfind(|(name, _)| name == key);
        last.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// All values of a name that may be repeated.
    pub(crate) fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        let same = self.0.iter().filter(move |(name, _)| name == key);
        same.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }

    /// A fault of a value.
    pub(crate) fn fault(&self, key: &str, kind: &str, msg: impl Into<String>) -> ApiError {
        let input = self.text(key).map_or(Value::Null, Value::from);
        ApiError::fault(kind, vec!["query".into(), key.into()], msg, &input)
    }

    /// A value as `read` reads it; what that says of others is a fault of this kind.
    pub(crate) fn value<T, E: ToString>(
        &self,
        key: &str,
        kind: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ApiError> {
        let read = self.text(key).map(read).transpose();
        read.map_err(|error| self.fault(key, kind, error.to_string()))
    }

    /// A whole number in a range.
    pub(crate) fn number(&self, key: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, ApiError> {
        self.value(key, "int_range", |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            let (first, last) = (range.start(), range.end());
            number.ok_or_else(|| format!("Input should be a whole number from {first} to {last}"))
        })
    }

    /// One of some words, as `parse` reads it.
    pub(crate) fn word<T>(
        &self,
        key: &str,
        known: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let unknown = || format!("Input should be one of {}", known.join(", "));
        self.value(key, "enum", |text| parse(text).ok_or_else(unknown))
    }

    /// A stage's name.
    pub(crate) fn stage(&self, key: &str) -> Result<Option<StageName>, ApiError> {
        self.value(key, "stage_name", StageName::new)
    }

    /// A time; a `+` that came unescaped is read as one.
    pub(crate) fn time(&self, key: &str) -> Result<Option<Timestamp>, ApiError> {
        let read = |text: &str| Timestamp::parse(&text.replace(' ', "+")).ok_or("Input should be an RFC 3339 time");
        self.value(key, "datetime", read)
    }

    /// Whether something is wanted.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, ApiError> {
        let read = |text: &str| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        Ok(self.word(key, &["true", "false"], read)?.unwrap_or_default())
    }

    /// A digest.
    pub(crate) fn digest(&self, key: &str) -> Result<Option<Digest>, ApiError> {
        self.value(key, "digest", Digest::parse)
    }

    /// A job's id.
    pub(crate) fn job(&self, key: &str) -> Result<Option<JobId>, ApiError> {
        self.value(key, "job_id", JobId::new)
    }
}
