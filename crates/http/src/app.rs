//! What every route works with: the way to the engine, the clocks, limits and counts; and the
//! common questions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::ExtensionRejection;
use axum::extract::{Extension, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use clock::Clock;
use config::Config;
use domain::ask::Command;
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::old::ListedJob;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use engine::api::Receipt;
use engine::client::{Caller as EngineCaller, Client, Committed, SubmittedAs, Unread};
use engine::far::KeptAnswers;
use remote::SESSION;
use text::words::duration;
use wire::{ActedDoc, DocumentContext, DoneDoc, GateDoc, JobGateDoc, PreviewDoc};

use super::answer::{self, Answered, ApiError};
use super::auth::{Caller, Tokens};
use super::body::{Raw, announced};
use super::limits::Limiters;
use super::metrics::Metrics;
use super::routes::far::{SUBMISSION_BYTES_MAX, session_name};
use super::shares::{Full, Place, Shares};

/// The most streams and waiting requests at once.
pub(crate) const LONG_MAX: usize = 256;
/// The most requests at once with a large body, half of them of one token: each is held as it came,
/// and as what it says.
pub(crate) const LARGE_MAX: usize = 4;
/// The most answers at once that are large, and how large: each is held until it was sent.
pub(crate) const LARGE_ANSWERS_MAX: usize = 8;
const LARGE_ANSWER_BYTES: u64 = 1024 * 1024;
/// The most requests at once whose questions are being answered, half of them of one token.
pub(crate) const ANSWERING_MAX: usize = 4;
/// How long an answer from the engine is waited for; its work goes on afterwards.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What every route works with.
pub(crate) struct App {
    /// The way to the engine.
    pub(crate) engine: Client,
    pub(crate) clock: Arc<dyn Clock>,
    /// The absolute path of the runs directory; none where clients are on other machines.
    pub(crate) runs_dir: Option<String>,
    /// The configuration file; none: the embedded text.
    pub(crate) config_path: Option<PathBuf>,
    /// Who may come in.
    pub(crate) keys: Tokens,
    /// How often.
    pub(crate) rates: Limiters,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// True once the server is leaving.
    pub(crate) leaving: watch::Receiver<bool>,
    /// The documents of OpenAPI, made once.
    pub(crate) openapi: super::openapi::Documents,
    pub(crate) long: Arc<Semaphore>,
    pub(crate) large: Arc<Shares>,
    pub(crate) large_answers: Arc<Semaphore>,
    pub(crate) answering: Arc<Shares>,
    /// What holdpoints on other machines were told last.
    pub(crate) told: KeptAnswers,
}

impl App {
    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().utc
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.engine.standing().config)
    }

    /// Who may decide, as far as it is known beforehand: tokens, and the login of this process.
    pub(crate) fn deciders<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a str> {
        let own = self.engine.operator().name.as_str();
        self.keys.deciders(config).chain([own])
    }

    /// What documents need to know beside the rows.
    pub(crate) fn lens<'a>(&'a self, config: &'a Config) -> DocumentContext<'a> {
        DocumentContext {
            policies: &config.gates,
            grace_s: config.pipeline.overdue_grace_s,
            now: self.clock.now(),
            runs_dir: self.runs_dir.as_deref(),
        }
    }

    /// A place among the requests that take long.
    pub(crate) fn long_place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        Arc::clone(&self.long)
            .try_acquire_owned()
            .map_err(|_| ApiError::too_many(format!("{LONG_MAX} streams and waiting requests are open already"), 5))
    }

    /// A place among the requests with a large body, for the holder of this token.
    pub(crate) fn large_place(&self, name: &str) -> Result<Place, ApiError> {
        self.large.try_take(name).map_err(|full| {
            let detail = match full {
                Full::Own(share) => format!("{share} large bodies of {name} are on their way already"),
                Full::All(max) => format!("{max} large bodies are on their way already"),
            };
            ApiError::too_many(detail, 5)
        })
    }

    /// A place among those whose questions are being answered, for the holder of this token. It is
    /// waited for, and by so many of them at most.
    pub(crate) async fn answering_place(&self, name: &str) -> Result<Place, ApiError> {
        let place = self.read(async { Ok(self.answering.take(name).await) }).await?;
        place.map_err(|waiting| {
            let detail = format!("{waiting} requests of {name} wait for answers already");
            ApiError::too_many(detail, 1)
        })
    }

    /// A place for an answer of so many bytes; none: it is not large.
    pub(crate) fn answer_place(&self, bytes: u64) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
        if bytes <= LARGE_ANSWER_BYTES {
            return Ok(None);
        }
        let place = Arc::clone(&self.large_answers).try_acquire_owned();
        let busy = |_| ApiError::too_many(format!("{LARGE_ANSWERS_MAX} large answers are on their way already"), 5);
        place.map(Some).map_err(busy)
    }

    /// Waits for an answer of the engine that may be a refusal.
    pub(crate) async fn read_or_refused<T>(
        &self,
        answer: impl Future<Output = Result<T, Unread>>,
    ) -> Result<T, ApiError> {
        let answered = self.read(async {
            match answer.await {
                Err(Unread::Refused(refusal)) => Ok(Err(refusal)),
                answered => answered.map(Ok),
            }
        });
        Ok(answered.await??)
    }

    /// Waits for an answer of the engine; what cannot be read is an error.
    pub(crate) async fn read<T>(&self, answer: impl Future<Output = Result<T, Unread>>) -> Result<T, ApiError> {
        self.read_after(Duration::ZERO, answer).await
    }

    /// The same where what is asked for is waited for as long as that.
    pub(crate) async fn read_after<T>(
        &self,
        wait: Duration,
        answer: impl Future<Output = Result<T, Unread>>,
    ) -> Result<T, ApiError> {
        match tokio::time::timeout(wait + PATIENCE, answer).await {
            Ok(read) => read.map_err(|why| Refusal::not_possible(why.to_string()).because(why).into()),
            Err(_) => Err(ApiError::unavailable(format!(
                "no answer within {}",
                duration(PATIENCE.as_secs())
            ))),
        }
    }

    /// Counts the job that somebody makes by opening a gate on it, where there is none of that id:
    /// there may be only so many a minute.
    pub(crate) async fn count_job_of_gate(&self, name: &str, job_id: &JobId) -> Result<(), ApiError> {
        match self.read(self.engine.find(job_id)).await? {
            Some(_) => Ok(()),
            None => self.rates.new_job(name),
        }
    }

    /// A job that must exist.
    pub(crate) async fn job(&self, id: &JobId) -> Result<Arc<JobRows>, ApiError> {
        Ok(self.find(id).await?.ours()?)
    }

    /// The same where history will do as well.
    pub(crate) async fn find(&self, id: &JobId) -> Result<ListedJob, ApiError> {
        let found = self.read(self.engine.find(id)).await?;
        found.ok_or_else(|| no_such_job(id))
    }
}

/// There is no such job: the same words for an id that cannot be one.
pub(crate) fn no_such_job(id: &JobId) -> ApiError {
    ApiError::not_found(Refusal::no_such_job(id).message)
}

/// Who asks for something to be done, and what it is done with.
pub(crate) struct Asker {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    /// The name of the submission: the same name is done once, and gets the same answer.
    submission: Option<SubmittedAs>,
    /// Which of several clients of one token it is, where they say so.
    session: Option<String>,
}

impl FromRequestParts<Arc<App>> for Asker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let caller = Extension::from_request_parts(parts, app).await;
        let Extension(caller) = caller.map_err(ExtensionRejection::into_response)?;
        let submission = parts.headers.get(SUBMISSION).map(submission_of).transpose();
        let submission = submission.map_err(ApiError::into_response)?;
        let sent = parts.extensions.get::<Sent>();
        let sent = sent.map_or(&[][..], |sent| &sent.0);
        let submission = submission.map(|name| SubmittedAs::new(name, sent));
        let session = match parts.headers.contains_key(SESSION) {
            true => session_name(&caller, &parts.headers).map(Some),
            false => Ok(None),
        };
        let session = session.map_err(ApiError::into_response)?;
        let app = Arc::clone(app);
        Ok(Self {
            app,
            caller,
            submission,
            session,
        })
    }
}

/// The name in a header: one that cannot be kept is refused, or what it names would be done twice.
fn submission_of(header: &HeaderValue) -> Result<String, ApiError> {
    let name = header.to_str().unwrap_or_default();
    if name.is_empty() || name.len() > SUBMISSION_BYTES_MAX {
        let msg = format!("Input should be 1 to {SUBMISSION_BYTES_MAX} bytes of visible ASCII");
        let place = vec!["header".into(), "Idempotency-Key".into()];
        return Err(ApiError::fault("submission", place, msg, &Value::Null));
    }
    Ok(name.to_owned())
}

/// The header with the name of a submission (the IETF's draft *The Idempotency-Key HTTP Header
/// Field*).
pub(crate) const SUBMISSION: &str = "idempotency-key";

/// What came under the name of a submission: method, path and body of the request, as JSON.
#[derive(Clone)]
struct Sent(Arc<[u8]>);

/// Notes what comes under the name of a submission, so that whoever sends it again is known by it.
pub(crate) async fn note_sent(mut request: Request, next: Next) -> Response {
    if !request.headers().contains_key(SUBMISSION) {
        return next.run(request).await;
    }
    let body = std::mem::take(request.body_mut());
    let Raw(bytes) = match Raw::of(announced(&request), body).await {
        Ok(bytes) => bytes,
        Err(error) => return error.into_response(),
    };
    // A body that is no JSON is refused where it is read.
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let (method, path) = (request.method().as_str(), request.uri().to_string());
    let sent = serde_json::json!([method, path, body]).to_string();
    request.extensions_mut().insert(Sent(sent.into_bytes().into()));
    *request.body_mut() = Body::from(bytes);
    next.run(request).await
}

impl Asker {
    /// Has a command done in the caller's name; `patch_at` is where in the body a patch stands.
    pub(crate) async fn act(&self, command: Command, patch_at: &[&str]) -> Result<Committed, ApiError> {
        self.act_in(self.caller.in_session(self.session.clone()), command, patch_at)
            .await
    }

    /// The same in a session of the caller's.
    pub(crate) async fn act_in(
        &self,
        caller: EngineCaller,
        command: Command,
        patch_at: &[&str],
    ) -> Result<Committed, ApiError> {
        let submission = self.submission.as_ref();
        let done = self.app.engine.command_from(caller, submission, command);
        match tokio::time::timeout(PATIENCE, done).await {
            Ok(done) => done.map_err(|refusal| ApiError::refused(refusal, patch_at)),
            Err(_) => Err(ApiError::unavailable(format!(
                "no answer within {}; it may still be done",
                duration(PATIENCE.as_secs())
            ))
            .hint("look at the job before you try again")),
        }
    }

    /// The same, and answers with what was done, to which `complete` adds what belongs to it; with
    /// `dry_run` what would be done, refused as the command itself would be.
    pub(crate) async fn perform(
        &self,
        dry_run: bool,
        job_id: &JobId,
        command: Command,
        patch_at: &[&str],
        complete: impl for<'a> FnOnce(&'a Receipt, &mut DoneDoc<'a>),
    ) -> Answered {
        if dry_run {
            let caller = self.caller.in_session(self.session.clone());
            let foreseen = self.app.engine.preview(Some(caller), command);
            let outlook = self.app.read(foreseen).await?;
            let outlook = outlook.map_err(|refusal| ApiError::refused(refusal, patch_at))?;
            return Ok(answer::ok(&ActedDoc::Preview(PreviewDoc::of(job_id, &outlook))));
        }
        let (receipt, published) = self.act(command, patch_at).await?;
        let mut document = receipt.document(published.as_ref().err());
        complete(&receipt, &mut document);
        Ok(answer::ok(&ActedDoc::Done(document)))
    }

    /// Answers with a gate as it is after something was done to it.
    pub(crate) fn gate(
        &self,
        (receipt, published): &Committed,
        stage: &StageName,
        attempt: Option<u32>,
        status: StatusCode,
    ) -> Answered {
        let rows = &receipt.rows;
        let found = rows.gate_of(stage, attempt);
        let found = found.ok_or_else(|| Refusal::no_gate(rows, stage, attempt))?;
        let config = self.app.config();
        let mut document = JobGateDoc::of(rows, GateDoc::of_gate(rows, found, self.app.lens(&config)));
        document.published = Some(published.is_ok());
        document.warnings = &receipt.warnings;
        Ok(answer::document(status, &document))
    }
}
