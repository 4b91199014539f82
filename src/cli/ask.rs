//! One question or one command at a time: how commands talk with the engine.

use std::collections::HashMap;
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
use engine::api::{Answer, Notice, OldAnswer, OldQuery, Query, Receipt};

use super::report::Failure;

/// Works with an engine and closes it, however that ended. Ctrl-C ends at once: what was committed stays, stages go on under their
/// supervisors.
pub async fn with_engine<T>(
    mut engine: Engine,
    work: impl AsyncFnOnce(&mut Engine) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let result = tokio::select! {
        biased;
        result = work(&mut engine) => result,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
    };
    engine.close();
    result
}

/// Reads something; what cannot be read is a failure.
async fn read(engine: &mut Engine, query: Query) -> Result<Answer, Failure> {
    let answer = engine.read(query).await;
    if let Answer::Failed(why) = answer {
        return Err(Failure::new("not_possible", why));
    }
    Ok(answer)
}

/// Answers bear the name of their question, so this is a fault of the engine.
fn mismatched() -> Failure {
    Failure::new("not_possible", "the engine answered another question")
}

/// How every webhook stands.
pub async fn webhooks(engine: &mut Engine, now: Timestamp) -> Result<Vec<WebhookStanding>, Failure> {
    let Answer::Webhooks(standings) = read(engine, Query::Webhooks(now)).await? else {
        return Err(mismatched());
    };
    Ok(standings)
}

/// A job that must exist.
pub async fn job(engine: &mut Engine, id: &JobId) -> Result<Arc<JobRows>, Failure> {
    let Answer::Job(rows) = read(engine, Query::Job(id.clone())).await? else {
        return Err(mismatched());
    };
    if let Some(rows) = rows {
        return Ok(rows);
    }
    let old = read(engine, Query::Old(OldQuery::Job(id.clone()))).await?;
    let refusal = if let Answer::Old(OldAnswer::Job(Some(_))) = old {
        Refusal::old_record(id)
    } else {
        Refusal::no_such_job(id)
    };
    Err(refusal.into())
}

/// Jobs, newest first.
pub async fn jobs(engine: &mut Engine, filter: JobFilter) -> Result<Vec<JobRows>, Failure> {
    let Answer::Jobs(jobs) = read(engine, Query::Jobs(filter)).await? else {
        return Err(mismatched());
    };
    Ok(jobs)
}

/// A job's events after `since`, oldest first, at most `limit`.
pub async fn events(engine: &mut Engine, id: &JobId, since: u64, limit: u32) -> Result<Vec<Event>, Failure> {
    let query = Query::Events {
        job_id: Some(id.clone()),
        since,
        limit,
        tail: false,
    };
    let Answer::Events(events) = read(engine, query).await? else {
        return Err(mismatched());
    };
    Ok(events)
}

/// Decisions, every attempt, oldest first.
pub async fn decisions(
    engine: &mut Engine,
    job_id: Option<JobId>,
    stage: Option<StageName>,
) -> Result<Vec<SealedDecision>, Failure> {
    let query = Query::Decisions {
        job_id,
        stage,
        limit: u32::MAX,
    };
    let Answer::Decisions(mut decisions) = read(engine, query).await? else {
        return Err(mismatched());
    };
    decisions.sort_by_key(|sealed| sealed.seq);
    Ok(decisions)
}

/// The bytes of a stored version.
pub async fn version(engine: &mut Engine, job_id: &JobId, digest: Digest) -> Result<Option<Arc<[u8]>>, Failure> {
    let query = Query::Version {
        job_id: job_id.clone(),
        digest,
    };
    let Answer::Bytes(bytes) = read(engine, query).await? else {
        return Err(mismatched());
    };
    Ok(bytes)
}

/// The bytes of an artifact as it lies on disk now; none when it is gone.
pub async fn on_disk(engine: &mut Engine, job_id: &JobId, path: &ArtifactPath) -> Result<Option<Arc<[u8]>>, Failure> {
    let query = Query::OnDisk {
        job_id: job_id.clone(),
        path: path.clone(),
    };
    let Answer::Bytes(bytes) = read(engine, query).await? else {
        return Err(mismatched());
    };
    Ok(bytes)
}

/// The regular files of a run directory that a patch may name.
pub async fn files(engine: &mut Engine, job_id: &JobId) -> Result<Arc<[String]>, Failure> {
    let Answer::Files(files) = read(engine, Query::Files(job_id.clone())).await? else {
        return Err(mismatched());
    };
    Ok(files)
}

/// Who leads; none when nobody does.
pub async fn leader(engine: &mut Engine) -> Result<Option<LeaderInfo>, Failure> {
    let Answer::Leader(leader) = read(engine, Query::Leader).await? else {
        return Err(mismatched());
    };
    Ok(leader)
}

/// What a command would do, or the failure that it would be.
pub async fn preview(engine: &mut Engine, command: Command) -> Result<Outlook, Failure> {
    let query = Query::Preview {
        operator: None,
        commands: vec![command],
    };
    let Answer::Preview(mut foreseen) = read(engine, query).await? else {
        return Err(mismatched());
    };
    let foreseen = foreseen.pop().ok_or_else(mismatched)?;
    Ok(foreseen?)
}

/// What was done, and whether its files are in place.
pub struct Done {
    /// What was committed.
    pub receipt: Box<Receipt>,
    /// Why its files are not in place yet.
    pub unpublished: Option<Refusal>,
}

/// Does one thing and waits for its files.
pub async fn act(engine: &mut Engine, command: Command) -> Result<Done, Failure> {
    let (receipt, published) = engine.call_published(command).await?;
    Ok(Done {
        receipt,
        unpublished: published.err(),
    })
}

/// Does several things, handed over at once so that they share transactions, and waits for the files of each; answers in their order.
pub async fn act_all(engine: &mut Engine, commands: Vec<Command>) -> Vec<Result<Done, Failure>> {
    let requests: Vec<_> = commands.into_iter().map(|command| engine.submit(command)).collect();
    let mut receipts = HashMap::new();
    let mut answers = HashMap::new();
    while answers.len() < requests.len() {
        match engine.notice().await {
            Notice::Done(request, Ok(receipt)) => {
                receipts.insert(request, receipt);
            }
            Notice::Done(request, Err(refusal)) if requests.contains(&request) => {
                answers.insert(request, Err(Failure::from(refusal)));
            }
            Notice::Published(request, published) => {
                if let Some(receipt) = receipts.remove(&request) {
                    let unpublished = published.err();
                    answers.insert(request, Ok(Done { receipt, unpublished }));
                }
            }
            Notice::Done(..)
            | Notice::Answer(..)
            | Notice::Events(_)
            | Notice::Changed
            | Notice::Looked
            | Notice::Lead(_)
            | Notice::ConfigLoaded(..)
            | Notice::ConfigBroken(_)
            | Notice::ReadOnly(_)
            | Notice::Trouble(_) => {}
        }
    }
    requests.iter().filter_map(|request| answers.remove(request)).collect()
}

/// Waits until something happened to this job, or until a look found nothing new. Safe to drop: whoever waits reads the rows anew.
///
/// The second is the net under the first: news that came while an answer was awaited is not told again.
pub async fn news_of(engine: &mut Engine, job_id: &JobId) {
    loop {
        match engine.notice().await {
            Notice::Events(events) if events.iter().any(|event| event.job_id == *job_id) => return,
            Notice::Changed | Notice::Looked => return,
            Notice::Events(_)
            | Notice::Done(..)
            | Notice::Published(..)
            | Notice::Answer(..)
            | Notice::Lead(_)
            | Notice::ConfigLoaded(..)
            | Notice::ConfigBroken(_)
            | Notice::ReadOnly(_)
            | Notice::Trouble(_) => {}
        }
    }
}
