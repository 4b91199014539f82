//! What a person or a program is told after something was done: what, where the job stands now, and
//! whether the files are in place.

use domain::gate::GateState;
use domain::job::JobStatus;
use engine::api::Receipt;
use engine::client::{Client, Committed};
use wire::DoneDoc;

use super::output::{Output, note};
use super::report::CommandError;

/// Tells what was done. `line` is for people, the document for programs may be completed by
/// `complete`.
pub(crate) async fn print<'a>(
    engine: &Client,
    output: &mut Output,
    done: &'a Committed,
    line: &str,
    complete: impl FnOnce(&mut DoneDoc<'a>),
) -> Result<(), CommandError> {
    let (receipt, published) = done;
    if output.is_json {
        let mut document = receipt.document(published.as_ref().err());
        complete(&mut document);
        output.document(&document)?;
    } else {
        output.line(line)?;
        if let Some(line) = taking_back(receipt) {
            output.line(&line)?;
        }
        // Where the decision moves nothing yet, only another gate's pause is worth telling.
        if receipt.recall_until().is_none() || receipt.rows.job.status == JobStatus::Paused {
            output.line(&next_step(receipt))?;
        }
    }
    note_unpublished(output, done);
    if receipt.rows.job.status == JobStatus::Queued {
        note_without_leader(engine).await;
    }
    Ok(())
}

/// Says that files are still owed, which is no failure: the database has everything.
pub(crate) fn note_unpublished(output: &Output, done: &Committed) {
    if let (receipt, Err(why)) = done {
        let what = if receipt.decision.is_some() { "Decided" } else { "Done" };
        note(&format!(
            "{what}, not yet on disk: {why}   hint: it is safe in the database, and its files are written when that is possible"
        ));
        let causes = why.cause.chain(&why.message);
        for cause in causes.iter().filter(|_| output.is_verbose) {
            note(&format!("  because: {cause}"));
        }
    }
}

/// Says what to start when stages and timers have nobody who runs them. That this could not be read
/// is no failure of what was done.
pub(crate) async fn note_without_leader(engine: &Client) {
    match engine.leader().await {
        Ok(Some(_)) => {}
        Ok(None) => note("Nobody leads: stages and timers wait   hint: start holdpoint serve, or the console"),
        Err(unread) => note(&format!("Who leads is not known: {unread}")),
    }
}

/// How the decision is taken back, where it may be.
fn taking_back(receipt: &Receipt) -> Option<String> {
    let sealed = receipt.decision.as_ref().filter(|_| receipt.recall_until().is_some())?;
    let (job, stage) = (sealed.decision.job_id(), sealed.decision.stage());
    Some(format!(
        "Nothing moves before that; to take it back: holdpoint gate recall {job} {stage}"
    ))
}

/// What the job does next, in one line.
pub(crate) fn next_step(receipt: &Receipt) -> String {
    let rows = &receipt.rows;
    let job = &rows.job;
    let id = &job.id;
    let stage = job.stage.as_ref().map_or("the next stage", |stage| stage.as_str());
    match (job.status, receipt.hindrance()) {
        (JobStatus::Queued, Some(why)) => why,
        (JobStatus::Queued, None) => format!("Next: {stage} runs"),
        (JobStatus::Running, _) if job.is_manual => {
            format!("Job {id} waits for its next gate, or for holdpoint job complete {id}")
        }
        (JobStatus::Running, _) => format!("{stage} runs"),
        (JobStatus::NeedsApproval, _) => {
            let open: Vec<_> = rows
                .gates
                .iter()
                .filter(|gate| gate.state == GateState::Open)
                .map(|gate| format!("{} #{}", gate.key.stage, gate.key.attempt))
                .collect();
            format!("Job {id} waits at {}", open.join(", "))
        }
        (JobStatus::Paused, Some(why)) => format!("{why} To go on: holdpoint job resume {id}"),
        (JobStatus::Paused, None) => format!("Job {id} is paused; to go on: holdpoint job resume {id}"),
        (JobStatus::Completed | JobStatus::Failed | JobStatus::Canceled, _) => {
            format!("Job {id} is {}", job.status.as_str())
        }
    }
}
