//! What the leader reports of stage commands.

use serde_json::json;

use domain::event::{ARTIFACT_CHANGED, EventType};
use domain::gate::OnDisk;
use domain::ids::{HostId, StageName};
use domain::job::{Attempt, AttemptState, JobStatus, Told};
use domain::refusal::{Refusal, RefusalCode};

use text::words::counted;

use super::StageOutcome;
use super::job_edit::JobEdit;

/// A stage whose supervisor dies this often in a row is given up: something on the machine kills it
/// each time.
const LOST_IN_A_ROW_MAX: u32 = 5;

fn attempt_in(draft: &JobEdit<'_>, stage: &StageName, number: u32, state: AttemptState) -> Result<Attempt, Refusal> {
    match draft.rows.attempt(stage, number) {
        Some(attempt) if attempt.state == state => Ok(attempt.clone()),
        Some(attempt) => {
            let message = format!("{stage} #{number} is {}, not {state}", attempt.state);
            Err(Refusal::wrong_state(message))
        }
        None => Err(Refusal::not_found(format!("there is no attempt {stage} #{number}"))),
    }
}

pub(super) fn started(
    draft: &mut JobEdit<'_>,
    stage: &StageName,
    number: u32,
    host: Option<&HostId>,
) -> Result<(), Refusal> {
    let attempt = attempt_in(draft, stage, number, AttemptState::Queued)?;
    if draft.rows.job.status != JobStatus::Queued {
        return Err(Refusal::wrong_state(format!("the job is {}", draft.rows.job.status)));
    }
    // Whoever looked at the files was to say so, not that it starts; no stage starts on bytes that
    // nobody decided on.
    if let Some((_, moved)) = draft.rows.moved_before(stage, &draft.evidence.on_disk)?.first() {
        return Err(Refusal::new(RefusalCode::ArtifactChanged, moved.difference()).at(moved.path.to_string()));
    }
    let is_first = !draft.rows.attempts.iter().any(|other| other.started_at.is_some());
    let now = draft.cx.now.utc;
    draft.rows.job.status = JobStatus::Running;
    draft.put_attempt(Attempt {
        state: AttemptState::Running,
        started_at: Some(now),
        host: host.cloned(),
        ..attempt
    });
    if is_first {
        draft.log(EventType::JobStarted, None, "the first stage starts", json!({}));
    }
    let message = format!("{stage} #{number} started");
    draft.log(
        EventType::StageStarted,
        Some(stage),
        message,
        json!({ "attempt": number }),
    );
    Ok(())
}

/// Nothing ran: the attempt waits for the next try. A full disk must not end a job.
pub(super) fn not_started(draft: &mut JobEdit<'_>, stage: &StageName, number: u32, why: &str) -> Result<(), Refusal> {
    let attempt = attempt_in(draft, stage, number, AttemptState::Running)?;
    draft.rows.job.status = JobStatus::Queued;
    waits_again(draft, attempt);
    let message = format!("{stage} #{number} could not be started: {why}; it is tried again");
    let payload = json!({ "attempt": number, "why": why, "retried": true });
    draft.log(EventType::StageFailed, Some(stage), message, payload);
    Ok(())
}

pub(super) fn ended(
    draft: &mut JobEdit<'_>,
    stage: &StageName,
    number: u32,
    host: Option<&HostId>,
    outcome: &StageOutcome,
) -> Result<(), Refusal> {
    let attempt = attempt_in(draft, stage, number, AttemptState::Running)?;
    if attempt.host.as_ref() != host {
        return Err(Refusal::wrong_state(format!("{stage} #{number} runs on another host")));
    }
    match outcome {
        StageOutcome::Made(artifacts) => {
            draft.end_attempt(attempt, AttemptState::Completed, "done");
            let payload = json!({
                "attempt": number,
                "artifacts": artifacts.iter().map(|made| json!({ "path": made.path, "sha256": made.digest })).collect::<Vec<_>>(),
            });
            let message = format!("{stage} #{number} done: {}", counted(artifacts.len(), "artifact"));
            draft.log(EventType::StageCompleted, Some(stage), message, payload);
            draft.stage_done(stage, number, artifacts.clone());
        }
        StageOutcome::Failed(why) => {
            draft.end_attempt(attempt, AttemptState::Failed, why);
            fail(draft, stage, number, why);
        }
        StageOutcome::Lost => {
            let words = "its supervisor died";
            let lost = draft.rows.attempts.iter().rev().filter(|other| other.stage == *stage);
            let in_a_row = lost
                .skip(1)
                .take_while(|other| other.state == AttemptState::Lost)
                .count();
            let told = Told::to(&attempt);
            draft.end_attempt(attempt, AttemptState::Lost, words);
            if in_a_row + 1 >= LOST_IN_A_ROW_MAX as usize {
                let why = format!("{words}, {LOST_IN_A_ROW_MAX} times in a row");
                fail(draft, stage, number, &why);
            } else {
                let message = format!("{stage} #{number} was lost ({words}): it runs again");
                let payload = json!({ "attempt": number, "lost": true });
                draft.log(EventType::StageFailed, Some(stage), message, payload);
                draft.queue_attempt(stage, told);
            }
        }
    }
    Ok(())
}

fn waits_again(draft: &mut JobEdit<'_>, attempt: Attempt) {
    draft.put_attempt(Attempt {
        state: AttemptState::Queued,
        started_at: None,
        host: None,
        ..attempt
    });
}

fn fail(draft: &mut JobEdit<'_>, stage: &StageName, number: u32, why: &str) {
    draft.rows.job.status = JobStatus::Failed;
    let payload = json!({ "attempt": number, "why": why });
    let message = format!("{stage} #{number} failed: {why}");
    draft.log(EventType::StageFailed, Some(stage), message.clone(), payload.clone());
    draft.log(
        EventType::JobFailed,
        Some(stage),
        format!("the job ended: {message}"),
        payload,
    );
}

/// What was decided on is not what the stage would read: the job pauses, the attempt stays queued.
/// Where the row says already that it runs, the last look before its launch found it: nothing was
/// launched.
pub(super) fn artifact_moved(
    draft: &mut JobEdit<'_>,
    stage: &StageName,
    number: u32,
    moved: &OnDisk,
) -> Result<(), Refusal> {
    let is_running = draft.rows.job.status == JobStatus::Running;
    let state = if is_running {
        AttemptState::Running
    } else {
        AttemptState::Queued
    };
    let attempt = attempt_in(draft, stage, number, state)?;
    if !is_running && draft.rows.job.status != JobStatus::Queued {
        return Err(Refusal::wrong_state(format!("the job is {}", draft.rows.job.status)));
    }
    let agreed = draft.rows.agreed_before(stage).into_iter();
    let answers = agreed
        .filter(|agreed| agreed.artifact.path == moved.path && agreed.digest == moved.registered)
        .map(|agreed| agreed.stage.clone())
        .next();
    let Some(answers) = answers.filter(|_| moved.is_moved()) else {
        return Err(Refusal::stale_look(&draft.rows.job.id));
    };
    if is_running {
        waits_again(draft, attempt);
    }
    pause_before(draft, stage, number, &answers, moved);
    Ok(())
}

/// A stage that waits for its start only now, because of what a person does, and would read what
/// nobody decided on: the job pauses at once, not when the leader comes to look.
pub(super) fn pause_where_moved(draft: &mut JobEdit<'_>) -> Result<(), Refusal> {
    let waiting = draft.rows.waiting().map(|one| (one.stage.clone(), one.number));
    let Some((stage, number)) = waiting.filter(|_| draft.rows.job.status == JobStatus::Queued) else {
        return Ok(());
    };
    let moved = draft
        .evidence
        .ahead
        .as_ref()
        .map(|ahead| draft.rows.moved_before(&stage, ahead))
        .transpose()?;
    let first = moved.iter().flatten().next();
    if let Some((answers, moved)) = first.map(|(agreed, moved)| (agreed.stage.clone(), moved.clone())) {
        pause_before(draft, &stage, number, &answers, &moved);
    }
    Ok(())
}

fn pause_before(draft: &mut JobEdit<'_>, stage: &StageName, number: u32, answers: &StageName, moved: &OnDisk) {
    draft.rows.job.status = JobStatus::Paused;
    let then = match moved.found {
        Some(_) => format!("resume opens {answers} for review"),
        None => format!("put back versions/{}, then resume", moved.registered),
    };
    let message = format!("paused before {stage} #{number}: {}; {then}", moved.difference());
    let payload = json!({
        "attempt": number, "reason": ARTIFACT_CHANGED, "path": moved.path, "sha256": moved.registered,
        "found": moved.digest(), "review": answers,
    });
    draft.log(EventType::JobPaused, Some(stage), message, payload);
}
