//! One question or one deed at a time: how commands talk with the engine.

use std::sync::Arc;

use domain::ask::Command;
use domain::decision::SealedDecision;
use domain::event::Event;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::JobRows;
use domain::outlook::Outlook;
use domain::refusal::Refusal;
use domain::time::Timestamp;
use domain::view::{JobFilter, LeaderInfo};
use domain::webhook::WebhookStanding;
use engine::Engine;
use engine::api::Receipt;
use engine::client::{Client, Unread};
use engine::reads::Bytes;

use super::report::Failure;

/// Works with an engine, whose loop turns meanwhile, and closes it, however that ended. Ctrl-C ends at once: what was committed stays,
/// stages go on under their supervisors.
pub async fn with_engine<T>(
    mut engine: Engine,
    work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let client = engine.client();
    let result = tokio::select! {
        biased;
        result = engine.beside(work(&client)) => result,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
    };
    engine.close();
    result
}

/// Reads something; what cannot be read is a failure.
pub async fn read<T>(answer: impl Future<Output = Result<T, Unread>>) -> Result<T, Failure> {
    let unread = |why: Unread| Failure::new("not_possible", why.to_string());
    answer.await.map_err(unread)
}

/// How every webhook stands.
pub async fn webhooks(engine: &Client, now: Timestamp) -> Result<Vec<WebhookStanding>, Failure> {
    read(engine.webhooks(now)).await
}

/// A job that must exist.
pub async fn job(engine: &Client, id: &JobId) -> Result<Arc<JobRows>, Failure> {
    match read(engine.job(id)).await? {
        Some(rows) => Ok(rows),
        None => Err(no_job(engine, id).await),
    }
}

/// Why there is no such job.
pub async fn no_job(engine: &Client, id: &JobId) -> Failure {
    let refusal = match read(engine.old_job(id)).await {
        Ok(Some(_)) => Refusal::old_record(id),
        Ok(None) => Refusal::no_such_job(id),
        Err(failure) => return failure,
    };
    refusal.into()
}

/// Jobs, newest first.
pub async fn jobs(engine: &Client, filter: JobFilter) -> Result<Vec<JobRows>, Failure> {
    read(engine.jobs(filter)).await
}

/// A job's events after `since`, oldest first, at most `limit`.
pub async fn events(engine: &Client, id: &JobId, since: u64, limit: u32) -> Result<Vec<Event>, Failure> {
    read(engine.events(Some(id), since, limit)).await
}

/// Decisions, every attempt, oldest first.
pub async fn decisions(
    engine: &Client,
    job_id: Option<JobId>,
    stage: Option<StageName>,
) -> Result<Vec<SealedDecision>, Failure> {
    let decisions = engine.decisions(job_id.as_ref(), stage.as_ref(), u32::MAX);
    let mut decisions = read(decisions).await?;
    decisions.sort_by_key(|sealed| sealed.seq);
    Ok(decisions)
}

/// The bytes of a stored version.
pub async fn version(engine: &Client, job_id: &JobId, digest: Digest) -> Result<Bytes, Failure> {
    read(engine.version(job_id, digest)).await
}

/// The bytes of an artifact as it lies on disk now; none when it is gone.
pub async fn on_disk(engine: &Client, job_id: &JobId, path: &ArtifactPath) -> Result<Bytes, Failure> {
    read(engine.on_disk(job_id, path)).await
}

/// The regular files of a run directory that a patch may name.
pub async fn files(engine: &Client, job_id: &JobId) -> Result<Arc<[String]>, Failure> {
    read(engine.files(job_id)).await
}

/// Who leads; none when nobody does.
pub async fn leader(engine: &Client) -> Result<Option<LeaderInfo>, Failure> {
    read(engine.leader()).await
}

/// What a command would do, or the failure that it would be.
pub async fn preview(engine: &Client, command: Command) -> Result<Outlook, Failure> {
    let foreseen = read(engine.preview(None, command)).await?;
    foreseen.map_err(Failure::from)
}

/// What was done, and whether its files are in place.
pub struct Done {
    /// What was committed.
    pub receipt: Box<Receipt>,
    /// Why its files are not in place yet.
    pub unpublished: Option<Refusal>,
}

/// Does one thing and waits for its files.
pub async fn act(engine: &Client, command: Command) -> Result<Done, Failure> {
    outcome(engine.command(command).await)
}

/// Does several things, handed over at once so that they share transactions, and waits for the files of each; answers in their order.
pub async fn act_all(engine: &Client, commands: Vec<Command>) -> Vec<Result<Done, Failure>> {
    let handed: Vec<_> = commands.into_iter().map(|command| engine.command(command)).collect();
    let mut outcomes = Vec::with_capacity(handed.len());
    for done in handed {
        outcomes.push(outcome(done.await));
    }
    outcomes
}

fn outcome(done: Result<engine::client::Done, Refusal>) -> Result<Done, Failure> {
    let (receipt, published) = done.map_err(Failure::from)?;
    let unpublished = published.err();
    Ok(Done { receipt, unpublished })
}
