//! What every route works with: the door to the engine, the clocks, limits and counts; and the common questions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use clock::Clock;
use config::Config;
use domain::ask::Command;
use domain::decision::SealedDecision;
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::old::{OldDecision, OldEvent, OldJob};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::JobFilter;
use engine::api::{Answer, OldAnswer, OldQuery, Query};
use engine::door::{Done, Door};
use text::words::duration;
use wire::{Lens, PreviewDoc};

use super::answer::{self, ApiError};
use super::auth::{Caller, Keys};
use super::limits::RateLimits;
use super::metrics::Metrics;

/// The most streams and waiting requests at once.
const LONG_MAX: usize = 256;
/// How long an answer from the engine is waited for; its work goes on afterwards.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every route works with.
pub(crate) struct App {
    /// The way to the engine.
    pub(crate) door: Door,
    /// The clocks.
    pub(crate) clock: Arc<dyn Clock>,
    /// The absolute path of the runs directory; none where clients are on other machines.
    pub(crate) runs_dir: Option<String>,
    /// The configuration file; none: the embedded text.
    pub(crate) config_path: Option<PathBuf>,
    /// Who may come in.
    pub(crate) keys: Keys,
    /// How often.
    pub(crate) rates: RateLimits,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// True once the server is leaving.
    pub(crate) leaving: watch::Receiver<bool>,
    /// The documents of OpenAPI, made once.
    pub(crate) openapi: super::openapi::Documents,
    long: Arc<Semaphore>,
}

impl App {
    /// All of it, with nothing under way yet.
    #[expect(clippy::too_many_arguments, reason = "each is one field")]
    pub(crate) fn new(
        door: Door,
        clock: Arc<dyn Clock>,
        runs_dir: Option<String>,
        config_path: Option<PathBuf>,
        keys: Keys,
        rates: RateLimits,
        leaving: watch::Receiver<bool>,
        openapi: super::openapi::Documents,
    ) -> Self {
        Self {
            door,
            clock,
            runs_dir,
            config_path,
            keys,
            rates,
            metrics: Metrics::default(),
            leaving,
            openapi,
            long: Arc::new(Semaphore::new(LONG_MAX)),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().utc
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.door.standing().config)
    }

    /// Who may decide, as far as it is known beforehand: tokens, and the login of this process.
    pub(crate) fn deciders<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = &'a str> {
        let own = self.door.operator().name.as_str();
        self.keys.deciders(config).chain([own])
    }

    /// What documents need to know beside the rows.
    pub(crate) fn lens<'a>(&'a self, config: &'a Config) -> Lens<'a> {
        Lens {
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

    /// Has a command done in the caller's name.
    pub(crate) async fn act(&self, caller: &Caller, command: Command) -> Result<Done, ApiError> {
        self.act_on(caller, command, &["patch"]).await
    }

    /// The same, where a patch stands elsewhere in the body.
    pub(crate) async fn act_on(&self, caller: &Caller, command: Command, patch_at: &[&str]) -> Result<Done, ApiError> {
        let done = self.door.command(caller.operator.clone(), command);
        match tokio::time::timeout(PATIENCE, done).await {
            Ok(done) => done.map_err(|refusal| ApiError::refused(refusal, patch_at)),
            Err(_) => Err(ApiError::unavailable(format!(
                "no answer within {}; it may still be done",
                duration(PATIENCE.as_secs())
            ))
            .hint("look at the job before you try again")),
        }
    }

    /// What a command would do in the caller's name; refused as the command itself would be.
    pub(crate) async fn preview(
        &self,
        caller: &Caller,
        job_id: &JobId,
        command: Command,
        patch_at: &[&str],
    ) -> Result<Response, ApiError> {
        let query = Query::Preview {
            operator: Some(caller.operator.clone()),
            commands: vec![command],
        };
        let Answer::Preview(mut foreseen) = self.read(query).await? else {
            return Err(mismatched());
        };
        let foreseen = foreseen.pop().ok_or_else(mismatched)?;
        let outlook = foreseen.map_err(|refusal| ApiError::refused(refusal, patch_at))?;
        Ok(answer::ok(&PreviewDoc::of(job_id, &outlook)))
    }

    /// Has a query answered; what cannot be read is an error.
    pub(crate) async fn read(&self, query: Query) -> Result<Answer, ApiError> {
        match tokio::time::timeout(PATIENCE, self.door.read(query)).await {
            Ok(Answer::Failed(why)) => Err(ApiError::unavailable(why)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(ApiError::unavailable(format!(
                "no answer within {}",
                duration(PATIENCE.as_secs())
            ))),
        }
    }

    /// A job that must exist.
    pub(crate) async fn job(&self, id: &JobId) -> Result<Arc<JobRows>, ApiError> {
        let Answer::Job(rows) = self.read(Query::Job(id.clone())).await? else {
            return Err(mismatched());
        };
        match rows {
            Some(rows) => Ok(rows),
            None if self.old_job(id).await?.is_some() => Err(Refusal::old_record(id).into()),
            None => Err(no_such_job(id)),
        }
    }

    /// The same where history will do as well.
    pub(crate) async fn job_or_old(&self, id: &JobId) -> Result<JobOrOld, ApiError> {
        let Answer::Job(rows) = self.read(Query::Job(id.clone())).await? else {
            return Err(mismatched());
        };
        match rows {
            Some(rows) => Ok(JobOrOld::Ours(rows)),
            None => match self.old_job(id).await? {
                Some(job) => Ok(JobOrOld::Old(job)),
                None => Err(no_such_job(id)),
            },
        }
    }

    async fn old_job(&self, id: &JobId) -> Result<Option<Arc<OldJob>>, ApiError> {
        let Answer::Old(OldAnswer::Job(job)) = self.read(Query::Old(OldQuery::Job(id.clone()))).await? else {
            return Err(mismatched());
        };
        Ok(job)
    }

    /// Old jobs, newest first.
    pub(crate) async fn old_jobs(&self, filter: JobFilter) -> Result<Vec<OldJob>, ApiError> {
        let Answer::Old(OldAnswer::Jobs(jobs)) = self.read(Query::Old(OldQuery::Jobs(filter))).await? else {
            return Err(mismatched());
        };
        Ok(jobs)
    }

    /// The events of an old job, oldest first.
    pub(crate) async fn old_events(&self, id: &JobId) -> Result<Vec<OldEvent>, ApiError> {
        let Answer::Old(OldAnswer::Events(events)) = self.read(Query::Old(OldQuery::Events(id.clone()))).await? else {
            return Err(mismatched());
        };
        Ok(events)
    }

    /// Old decisions, newest first.
    pub(crate) async fn old_decisions(&self, limit: u32) -> Result<Vec<OldDecision>, ApiError> {
        let Answer::Old(OldAnswer::Decisions(decisions)) = self.read(Query::Old(OldQuery::Decisions { limit })).await?
        else {
            return Err(mismatched());
        };
        Ok(decisions)
    }

    /// Jobs, newest first.
    pub(crate) async fn jobs(&self, filter: JobFilter) -> Result<Vec<JobRows>, ApiError> {
        let Answer::Jobs(jobs) = self.read(Query::Jobs(filter)).await? else {
            return Err(mismatched());
        };
        Ok(jobs)
    }

    /// Decisions, newest first, every attempt.
    pub(crate) async fn decisions(
        &self,
        job_id: Option<JobId>,
        stage: Option<StageName>,
        limit: u32,
    ) -> Result<Vec<SealedDecision>, ApiError> {
        let Answer::Decisions(decisions) = self.read(Query::Decisions { job_id, stage, limit }).await? else {
            return Err(mismatched());
        };
        Ok(decisions)
    }

    /// How many jobs have files that are behind their rows.
    pub(crate) async fn owing(&self) -> Result<usize, ApiError> {
        let Answer::Owing(jobs) = self.read(Query::Owing).await? else {
            return Err(mismatched());
        };
        Ok(jobs)
    }
}

/// A job of ours, or one of the old system's.
pub(crate) enum JobOrOld {
    /// Ours.
    Ours(Arc<JobRows>),
    /// History: read, and nothing else.
    Old(Arc<OldJob>),
}

/// There is no such job: the same words for an id that cannot be one.
pub(crate) fn no_such_job(id: &JobId) -> ApiError {
    ApiError::not_found(Refusal::no_such_job(id).message)
}

/// The stage is none, its gate never opened, or it has no such attempt.
pub(crate) fn no_gate(rows: &JobRows, stage: &StageName, attempt: Option<u32>) -> ApiError {
    Refusal::no_gate(rows, stage, attempt).into()
}

/// Answers bear the name of their question, so this is a fault of the engine.
pub(crate) fn mismatched() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the engine answered another question",
    )
}
