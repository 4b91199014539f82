//! Patches: apply one, and which there are.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::key::GateRef;
use patch::types as patch_types;

use crate::answer::{self, Answered, ApiError};
use crate::app::Asker;
use crate::body::Object;
use crate::params::{GatePath, QueryParams};
use crate::request::request;
use domain::ask::Command;
use wire::ActedDoc;

/// A patch as it came: what is in it is for the patch type to read.
pub(crate) struct PatchRequest(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for PatchRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, ApiError> {
        let Object(patch) = Object::from_request(request, state).await?;
        Ok(Self(patch))
    }
}

impl PartialSchema for PatchRequest {
    fn schema() -> RefOr<Schema> {
        let text = |kind: SchemaType, words: &str| ObjectBuilder::new().schema_type(kind).description(Some(words));
        let or_null = SchemaType::from_iter([Type::String, Type::Null]);
        ObjectBuilder::new()
            .description(Some(
                "A patch; its fields depend on its type, see `GET /api/v1/patches/types`.",
            ))
            .property("type", text(Type::String.into(), "The type of the patch."))
            .property(
                "artifact",
                text(or_null, "The path of the artifact that is meant, with several."),
            )
            .required("type")
            .into()
    }
}

impl ToSchema for PatchRequest {
    fn name() -> Cow<'static, str> {
        "Patch".into()
    }
}

request! {
    /// Which patch to take back.
    #[schema(as = Undo)]
    struct UndoRequest {
        /// The newest patch of this artifact; missing: of all.
        #[schema(value_type = Option<String>, pattern = "^artifacts/[a-z][a-z0-9_-]*/[A-Za-z0-9_-]+$")]
        artifact: Option<ArtifactPath>,
        /// Only on exactly these bytes: the gate's digest.
        #[schema(value_type = Option<String>, pattern = "^[0-9a-fA-F]{64}$")]
        digest: Option<Digest>,
    }
}

/// Changes an artifact; the gate stays open. Never 200 when nothing changed.
#[utoipa::path(post, path = "/jobs/{id}/patches/{stage}/apply", tag = "decide",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("digest" = Option<String>, Query, pattern = "^[0-9a-fA-F]{64}$", description = "Apply only to exactly these bytes: the gate's digest"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    request_body = PatchRequest, responses((status = 200, description = "What changed; with dry_run: what would", body = ActedDoc)))]
pub(crate) async fn apply(
    asker: Asker,
    GatePath(job_id, stage): GatePath,
    asked: QueryParams,
    PatchRequest(patch): PatchRequest,
) -> Answered {
    let digest = asked.digest("digest")?;
    let dry_run = asked.flag("dry_run")?;
    // The words for a job that does not exist come before those for its patch.
    asker.app.job(&job_id).await?;
    // The body is the patch itself.
    act(&asker, dry_run, job_id, stage, |gate| Command::ApplyPatch {
        gate,
        patch: Value::Object(patch),
        digest,
    })
    .await
}

/// Takes the newest patch back; the gate stays open.
#[utoipa::path(post, path = "/jobs/{id}/patches/{stage}/undo", tag = "decide",
    params(
        ("id" = String, Path, description = "The job"),
        ("stage" = String, Path, description = "The stage"),
        ("dry_run" = Option<bool>, Query, description = "Change nothing: answer what would happen, or the refusal that the request would get"),
    ),
    request_body = UndoRequest, responses((status = 200, description = "What changed; with dry_run: what would", body = ActedDoc)))]
pub(crate) async fn undo(
    asker: Asker,
    GatePath(job_id, stage): GatePath,
    asked: QueryParams,
    body: Object,
) -> Answered {
    let dry_run = asked.flag("dry_run")?;
    let undo: UndoRequest = body.read()?;
    let UndoRequest { artifact: path, digest } = undo;
    act(&asker, dry_run, job_id, stage, |gate| Command::UndoPatch {
        gate,
        path,
        digest,
    })
    .await
}

/// Changes what is under review at the newest gate of a stage, and answers with its new digest.
async fn act(
    asker: &Asker,
    dry_run: bool,
    job_id: JobId,
    stage: StageName,
    command: impl FnOnce(GateRef) -> Command,
) -> Answered {
    let command = command(GateRef {
        job_id: job_id.clone(),
        stage: stage.clone(),
        attempt: None,
    });
    let changed = asker.perform(dry_run, &job_id, command, &[], |receipt, document| {
        document.changed = Some(&receipt.changes);
        document.digest = receipt.rows.newest_gate(&stage).map(|gate| gate.digest());
    });
    changed.await
}

/// The patch types, with examples.
#[utoipa::path(get, path = "/patches/types", tag = "decide", responses((status = 200, description = "By kind of artifact", body = serde_json::Value)))]
pub(crate) async fn types() -> Response {
    answer::ok(&wire::patch_types(patch_types()))
}
