//! What changed: each artifact under review against its base.

use std::sync::Arc;

use crate::answer::{self, Answered, ApiError};
use crate::app::{App, Asker};
use crate::params::{GatePath, QueryParams};
use diff::document::CONTEXT_LINES;
use domain::compare::{self, BaseChoice};
use domain::ids::{Digest, JobId};
use domain::refusal::Refusal;
use wire::DifferenceDoc;

/// What changed in each artifact of a gate: the version under review (or that was decided on) against its base.
#[utoipa::path(get, path = "/jobs/{id}/gates/{stage}/diff", tag = "gates",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("attempt" = Option<u32>, Query, minimum = 1, description = "Exactly this attempt's; else the newest"),
        ("base" = Option<String>, Query, pattern = "^(approved|rejected|decided|attempt|given|seen|none|[0-9a-fA-F]{6,64})?$", description = "Compare with this: approved, rejected, decided (the newer of the two), attempt, given (the one sent along), seen (the one that you looked at before this one), none, or a version's sha256, of those that have it; else the usual base"),
    ),
    responses((status = 200, description = "One for each artifact", body = [DifferenceDoc])))]
pub(crate) async fn diff(asker: Asker, GatePath(id, stage): GatePath, asked: QueryParams) -> Answered {
    let Asker { app, caller, .. } = asker;
    let attempt = asked.number("attempt", 1..=u32::MAX)?;
    let read = |text: &str| {
        text.parse::<BaseChoice>()
            .map_err(|why| format!("Input should be {why}"))
    };
    let choice = asked.value("base", "enum", read)?;
    let rows = app.job(&id).await?;
    let gate = rows.gate_of(&stage, attempt);
    let gate = gate.ok_or_else(|| Refusal::no_gate(&rows, &stage, attempt))?;
    let mut documents = Vec::with_capacity(gate.artifacts.len());
    let artifacts = gate.artifacts.iter().collect();
    for (artifact, base_sha256) in compare::with_bases(&rows, gate, artifacts, choice.as_ref(), &caller.operator.name)?
    {
        let base = match base_sha256 {
            Some(digest) => Some(version(&app, &id, digest).await?),
            None => None,
        };
        let now = version(&app, &id, artifact.digest).await?;
        let said = app.read(app.engine.said(&rows, gate, artifact)).await?;
        let artifact = artifact.clone();
        // A long diff must not keep other answers waiting.
        let compared = tokio::task::spawn_blocking(move || {
            let said = said.placed(&now).into_iter().map(|placed| (placed.said, placed.at));
            DifferenceDoc::of(&artifact, base_sha256, base.as_deref(), Some(&now), CONTEXT_LINES).with_comments(said)
        });
        documents.push(
            compared
                .await
                .map_err(|error| ApiError::unavailable(error.to_string()))?,
        );
    }
    Ok(answer::ok(&documents))
}

async fn version(app: &App, job_id: &JobId, digest: Digest) -> Result<Arc<[u8]>, ApiError> {
    let bytes = app.read(app.engine.version(job_id, digest)).await?;
    bytes.ok_or_else(|| ApiError::not_found(format!("the bytes of version {digest} are gone")))
}
