//! Jobs: start, list, show; what they made.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer::{self, Answered, ApiError, in_pieces};
use crate::app::{App, Asker};
use crate::body::Object;
use crate::params::{JobPath, QueryParams, RestPath};
use crate::request::request;
use domain::ask::{Command, NewJob};
use domain::ids::ArtifactPath;
use domain::job::JobStatus;
use domain::view::JobFilter;
use wire::{ArtifactDoc, JobDoc};

/// The most jobs of a list, and how many unless asked (WIRE.md).
const LIMIT_MAX: u32 = 1000;
const LIMIT_DEFAULT: u32 = 100;

request! {
    /// A job to start.
    #[schema(as = NewJob)]
    struct JobRequest {
        /// A short name for people, at most 200 bytes.
        #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
        slug: String,
        /// What it is for.
        intent: String,
        /// What stage commands read.
        #[schema(value_type = Option<Object>)]
        params: Option<Map<String, Value>>,
        /// Run nothing: your own pipeline opens the gates.
        manual: Option<bool>,
        /// Kept with the job, for its clients.
        brief: Option<Value>,
        /// The same.
        #[schema(value_type = Option<Object>)]
        brief_config: Option<Map<String, Value>>,
        /// The same.
        #[schema(value_type = Option<Object>)]
        meta: Option<Map<String, Value>>,
    }
}

#[derive(Serialize)]
struct StartedDoc<'a> {
    #[serde(flatten)]
    job: JobDoc<'a>,
    published: bool,
}

/// Starts a job; answers after its first step.
#[utoipa::path(post, path = "/jobs", tag = "jobs", request_body = JobRequest,
    responses((status = 201, description = "The job", body = JobDoc)))]
pub(crate) async fn start(asker: Asker, body: Object) -> Answered {
    let job: JobRequest = body.read()?;
    let kept = [
        ("brief", job.brief),
        ("brief_config", job.brief_config.map(Value::Object)),
        ("meta", job.meta.map(Value::Object)),
    ];
    let kept = kept
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let new = NewJob {
        id: None,
        slug: job.slug,
        intent: job.intent,
        params: job.params.unwrap_or_default(),
        cfg: kept.collect(),
        is_manual: job.manual.unwrap_or_default(),
    };
    let (receipt, published) = asker.act(Command::StartJob(new), &["patch"]).await?;
    let config = asker.app.config();
    let document = StartedDoc {
        job: JobDoc::of(&receipt.rows, asker.app.lens(&config)),
        published: published.is_ok(),
    };
    let mut response = answer::document(StatusCode::CREATED, &document);
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/jobs/{}", receipt.job_id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Jobs, newest first; those of the old system bear `old_record` and are history.
#[utoipa::path(get, path = "/jobs", tag = "jobs", operation_id = "list_jobs",
    params(
        ("status" = Option<String>, Query, pattern = "^(queued|running|needs_approval|paused|completed|failed|canceled)?$", description = "Only these: queued, running, needs_approval, paused, completed, failed, canceled"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "At most so many; 100 unless asked"),
        ("before" = Option<String>, Query, description = "Only those started before this time (RFC 3339)"),
    ),
    responses((status = 200, description = "Jobs", body = [JobDoc])))]
pub(crate) async fn list(State(app): State<Arc<App>>, asked: QueryParams) -> Answered {
    let words = JobStatus::ALL.map(JobStatus::as_str);
    let filter = JobFilter {
        status: asked.word("status", &words, JobStatus::parse)?,
        before: asked.time("before")?,
        limit: asked.number("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT),
    };
    let jobs = app.read(app.engine.list(filter)).await?;
    let config = app.config();
    let documents: Vec<_> = jobs
        .iter()
        .map(|job| JobDoc::of_listed(job, app.lens(&config)))
        .collect();
    Ok(answer::ok(&documents))
}

/// A job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "The job", body = JobDoc)))]
pub(crate) async fn show(State(app): State<Arc<App>>, JobPath(id): JobPath) -> Answered {
    let config = app.config();
    let found = app.find(&id).await?;
    Ok(answer::ok(&JobDoc::of_listed(&found, app.lens(&config))))
}

/// What a job made.
#[utoipa::path(get, path = "/jobs/{id}/artifacts", tag = "jobs", params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "Artifacts", body = [ArtifactDoc])))]
pub(crate) async fn artifacts(State(app): State<Arc<App>>, JobPath(id): JobPath) -> Answered {
    let config = app.config();
    let found = app.find(&id).await?;
    Ok(answer::ok(&JobDoc::of_listed(&found, app.lens(&config)).artifacts))
}

/// The bytes of an artifact's registered version: with a patch that was approved, those after it.
#[utoipa::path(get, path = "/jobs/{id}/artifacts/{*path}", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("path" = String, Path, description = "The artifact's path, as the list names it"),
    ),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream", body = String)))]
pub(crate) async fn artifact(State(app): State<Arc<App>>, JobPath(id): JobPath, RestPath(path): RestPath) -> Answered {
    let rows = app.job(&id).await?;
    let none = || ApiError::not_found(format!("job {id} has no such artifact"));
    // Only what is registered: a path is looked up, never opened.
    let path = ArtifactPath::new(&path).map_err(|_| none())?;
    let digest = rows.registered(&path).ok_or_else(none)?;
    let gone = || ApiError::not_found("the bytes of this version are gone");
    let size_bytes = app.read(app.engine.version_size_bytes(&id, digest)).await?;
    let place = app.answer_place(size_bytes.ok_or_else(gone)?)?;
    let bytes = app.read(app.engine.version(&id, digest)).await?.ok_or_else(gone)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    Ok((headers, in_pieces(Bytes::from_owner(bytes), place)).into_response())
}
