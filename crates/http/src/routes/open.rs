//! Opening a gate from outside: the bytes come with the request, so that no client can name a file of this machine.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::answer::{self, ApiError};
use crate::app::{App, no_gate};
use crate::auth::Caller;
use crate::body::{Fields, Object};
use crate::params::Job;
use crate::schema;
use engine::api::{Command, OutsideArtifact, OutsideFile};
use wire::{GateDoc, JobGateDoc};

/// The most bytes of a kind.
const KIND_BYTES_MAX: usize = 100;

/// Opens a gate on a manual job (made when there is none of this id), or on the current stage without a command of another one. The
/// same artifacts on an open gate give that gate (200); others open the next attempt (201).
#[utoipa::path(post, path = "/jobs/{id}/gates", tag = "gates", params(("id" = String, Path, description = "The job")),
    request_body = schema::NewGate, responses(
        (status = 201, description = "The gate is open", body = JobGateDoc),
        (status = 200, description = "It was open already, with the same artifacts", body = JobGateDoc),
    ))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Job(job_id): Job,
    body: Object,
) -> Result<Response, ApiError> {
    let mut fields = Fields::of(&body);
    fields.require("stage");
    let stage = fields.stage("stage");
    let mut artifacts = Vec::new();
    let list = fields.needed_list("artifacts");
    if list.is_empty() && fields.any("artifacts").is_some_and(Value::is_array) {
        fields.fault("artifacts", "too_short", "at least one artifact is needed");
    }
    for (inner, _) in objects(&mut fields, "artifacts", list) {
        let mut inner = inner;
        let kind = inner.needed_text("kind").to_owned();
        if kind.trim().is_empty() || kind.len() > KIND_BYTES_MAX {
            inner.fault(
                "kind",
                "string_length",
                format!("a kind has 1 to {KIND_BYTES_MAX} bytes"),
            );
        }
        inner.require("name");
        let name = name(&mut inner).unwrap_or_default();
        let bytes = content(&mut inner);
        artifacts.push(OutsideArtifact {
            kind,
            file: OutsideFile::Bytes { name, bytes },
        });
        fields.adopt(inner);
    }
    let mut bases = Vec::new();
    let list = match fields.any("bases") {
        Some(_) => fields.needed_list("bases"),
        None => &[],
    };
    for (inner, _) in objects(&mut fields, "bases", list) {
        let mut inner = inner;
        let name = name(&mut inner);
        let bytes = content(&mut inner);
        // Without a name it is the first artifact's.
        let first = artifacts
            .first()
            .map(|artifact| artifact.file.as_ref().to_string_lossy().into_owned());
        let name = name.or(first).unwrap_or_default();
        bases.push(OutsideFile::Bytes { name, bytes });
        fields.adopt(inner);
    }
    fields.finish()?;
    let Some(stage) = stage else {
        return Err(ApiError::not_found("there is no such stage"));
    };
    let command = Command::OpenGate {
        job_id,
        stage: stage.clone(),
        artifacts,
        bases,
    };
    let (receipt, published) = app.act(&caller, command).await?;
    let rows = &receipt.rows;
    let gate = rows.newest_gate(&stage).ok_or_else(|| no_gate(rows, &stage, None))?;
    let config = app.config();
    let mut document = JobGateDoc::of(rows, GateDoc::of_gate(rows, gate, app.lens(&config)));
    document.published = Some(published.is_ok());
    document.warnings = &receipt.warnings;
    let status = if receipt.is_change {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(answer::document(status, &document))
}

/// The objects of a list, each with its place.
fn objects<'v>(fields: &mut Fields<'v>, key: &str, list: &'v [Value]) -> Vec<(Fields<'v>, usize)> {
    let mut all = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let mut loc = fields.loc(key);
        loc.push(index.into());
        if item.is_object() {
            all.push((Fields::at(item, loc), index));
        } else {
            fields.fault(key, "dict_type", format!("item {index} should be an object"));
        }
    }
    all
}

/// A file name: one part of a path and nothing that leads elsewhere.
fn name(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.text("name")?;
    let is_plain = !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    if !is_plain {
        fields.fault(
            "name",
            "file_name",
            "a file name has 1 to 255 bytes and no slashes or control characters",
        );
        return None;
    }
    Some(name.to_owned())
}

/// The bytes of a file, from its text or from base64.
fn content(fields: &mut Fields<'_>) -> Arc<[u8]> {
    let text = fields.text("content");
    let encoded = fields.text("content_base64");
    match (text, encoded) {
        (Some(_), Some(_)) => {
            fields.fault("content", "contradiction", "either content or content_base64");
            Arc::from([])
        }
        (Some(text), None) => Arc::from(text.as_bytes()),
        (None, Some(encoded)) => match STANDARD.decode(encoded) {
            Ok(bytes) => bytes.into(),
            Err(error) => {
                fields.fault("content_base64", "base64", format!("Input should be base64: {error}"));
                Arc::from([])
            }
        },
        (None, None) => {
            if fields.any("content").is_none() && fields.any("content_base64").is_none() {
                fields.require("content");
            }
            Arc::from([])
        }
    }
}
