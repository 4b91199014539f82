//! What changed: each artifact under review against its base.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::diff::summary::is_binary;
use crate::diff::{DiffDocument, Limit, unified};
use crate::domain::artifact::GateArtifact;
use crate::domain::compare::{self, BaseChoice};
use crate::domain::ids::{ArtifactPath, Digest, JobId};
use crate::engine::api::{Answer, Query};
use crate::http::answer::{self, ApiError};
use crate::http::app::{App, mismatched, no_gate};
use crate::http::params::{Asked, Gate};
use crate::http::schema;

#[derive(Serialize)]
struct DifferenceDoc {
    kind: String,
    path: ArtifactPath,
    base_sha256: Option<Digest>,
    sha256: Digest,
    size_bytes: u64,
    is_binary: bool,
    added_lines: usize,
    removed_lines: usize,
    diff: Option<String>,
}

/// What changed in each artifact of a gate: the version under review (or that was decided on) against its base.
#[utoipa::path(get, path = "/jobs/{id}/gates/{stage}/diff", tag = "gates",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("base" = Option<String>, Query, pattern = "^(decided|attempt|given|none|[0-9a-fA-F]{6,64})?$", description = "Compare with this: decided, attempt, given, none, or a version's sha256, of those that have it; else the usual base"),
    ),
    responses((status = 200, description = "One for each artifact", body = [schema::Difference])))]
pub async fn diff(State(app): State<Arc<App>>, Gate(id, stage): Gate, asked: Asked) -> Result<Response, ApiError> {
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let choice = match asked.text("base").map(str::parse::<BaseChoice>) {
        None => None,
        Some(Ok(choice)) => Some(choice),
        Some(Err(why)) => return Err(asked.fault("base", "enum", format!("Input should be {why}"))),
    };
    let rows = app.job(&id).await?;
    let gate = match attempt {
        None => rows.newest_gate(&stage),
        Some(attempt) => rows.gate(&stage, attempt),
    };
    let gate = gate.ok_or_else(|| no_gate(&rows, &stage))?;
    let mut documents = Vec::with_capacity(gate.artifacts.len());
    let artifacts = gate.artifacts.iter().collect();
    for (artifact, base_sha256) in compare::with_bases(&rows, gate, artifacts, choice.as_ref())? {
        let base = match base_sha256 {
            Some(digest) => Some(version(&app, &id, digest).await?),
            None => None,
        };
        let now = version(&app, &id, artifact.digest).await?;
        let artifact = artifact.clone();
        // A long diff must not keep other answers waiting.
        let compared = tokio::task::spawn_blocking(move || difference(artifact, base_sha256, base, now));
        documents.push(
            compared
                .await
                .map_err(|error| ApiError::unavailable(error.to_string()))?,
        );
    }
    Ok(answer::ok(&documents))
}

async fn version(app: &App, job_id: &JobId, digest: Digest) -> Result<Arc<[u8]>, ApiError> {
    let query = Query::Version {
        job_id: job_id.clone(),
        digest,
    };
    let Answer::Bytes(bytes) = app.read(query).await? else {
        return Err(mismatched());
    };
    bytes.ok_or_else(|| ApiError::not_found(format!("the bytes of version {digest} are gone")))
}

fn difference(
    artifact: GateArtifact,
    base_sha256: Option<Digest>,
    base: Option<Arc<[u8]>>,
    now: Arc<[u8]>,
) -> DifferenceDoc {
    let is_binary = [base.as_ref(), Some(&now)]
        .into_iter()
        .flatten()
        .any(|bytes| is_binary(bytes));
    let mut document = DifferenceDoc {
        kind: artifact.kind,
        path: artifact.path,
        base_sha256,
        sha256: artifact.digest,
        size_bytes: artifact.size_bytes,
        is_binary,
        added_lines: 0,
        removed_lines: 0,
        diff: None,
    };
    if !is_binary {
        let base = base.map(|base| Arc::new(base.to_vec()));
        // Exact, however long it takes: a program reads it.
        let difference = DiffDocument::compare(base, Arc::new(now.to_vec()), Limit::NONE);
        document.added_lines = difference.diff().added;
        document.removed_lines = difference.diff().removed;
        let path = document.path.as_str();
        document.diff = String::from_utf8(unified::write(&difference, path, path)).ok();
    }
    document
}
