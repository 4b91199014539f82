//! Going on after a pause because something was not what somebody had decided on: it is reviewed
//! first.

use serde_json::json;

use domain::agreed::Agreed;
use domain::ask::Ask;
use domain::event::EventType;
use domain::gate::OnDisk;
use domain::ids::StageName;
use domain::job::{AttemptState, JobRows, JobStatus};
use domain::refusal::Refusal;

use super::Review;
use super::job_edit::JobEdit;
use super::jobs::{former_policy, resumed};

/// What has to be reviewed before this stage may start: the first stage of the pipeline that
/// answers for something that lies there otherwise, with all that it answers for. None: everything
/// is what was decided on.
pub(super) fn wanted_review<'r>(
    rows: &'r JobRows,
    stage: &StageName,
    on_disk: &[OnDisk],
) -> Result<Option<(&'r StageName, Vec<Agreed<'r>>)>, Refusal> {
    let moved = rows.moved_before(stage, on_disk)?;
    if let Some((_, gone)) = moved.iter().find(|(_, looked)| looked.found.is_none()) {
        return Err(Refusal::artifact_vanished(&gone.path, gone.registered));
    }
    Ok(moved.first().map(|(first, _)| {
        let of_stage = rows.agreed_before(stage).into_iter();
        (
            first.stage,
            of_stage.filter(|agreed| agreed.stage == first.stage).collect(),
        )
    }))
}

/// The same of what was looked at for this input; none where nobody has looked.
pub(super) fn wanted<'d>(
    draft: &'d JobEdit<'_>,
    stage: &StageName,
) -> Result<Option<(&'d StageName, Vec<Agreed<'d>>)>, Refusal> {
    let wanted = draft
        .evidence
        .ahead
        .as_ref()
        .map(|ahead| wanted_review(&draft.rows, stage, ahead));
    Ok(wanted.transpose()?.flatten())
}

/// Opens the next attempt of that stage for review, without running it; where all is again what was
/// decided on, the job just goes on.
pub(super) fn resume(draft: &mut JobEdit<'_>, ask: &Ask, waiting: &StageName) -> Result<(), Refusal> {
    if draft.evidence.ahead.is_none() {
        return Err(Refusal::stale_look(&draft.rows.job.id));
    }
    if wanted(draft, waiting)?.is_some() {
        return open(draft, ask, waiting);
    }
    let how = format!("everything is what was decided on, {waiting} starts");
    resumed(draft, &ask.by, waiting, &how);
    draft.rows.job.status = JobStatus::Queued;
    Ok(())
}

/// The same for the stage that waits only since this resume.
pub(super) fn before_start(draft: &mut JobEdit<'_>, ask: &Ask) -> Result<(), Refusal> {
    let waiting = draft.rows.waiting().map(|one| one.stage.clone());
    match waiting.filter(|_| draft.rows.job.status == JobStatus::Queued) {
        Some(waiting) if wanted(draft, &waiting)?.is_some() => open(draft, ask, &waiting),
        Some(_) | None => Ok(()),
    }
}

fn open(draft: &mut JobEdit<'_>, ask: &Ask, waiting: &StageName) -> Result<(), Refusal> {
    let operator = &ask.by;
    let evidence = draft.evidence;
    let ahead = evidence.ahead.as_deref().unwrap_or_default();
    let is_planned = |review: &&Review| {
        let wanted = wanted(draft, waiting).ok().flatten();
        wanted.is_some_and(|(stage, agreed)| review.stage == *stage && is_of(review, &agreed, ahead))
    };
    let Some(review) = evidence.review.as_ref().filter(is_planned) else {
        return Err(Refusal::stale_look(&draft.rows.job.id));
    };
    let stage = review.stage.clone();
    // Another stage's gate opens than the one that the job stands at.
    ask.rights.allow_at(&operator.name, &stage)?;
    let attempt = draft.rows.next_attempt(&stage);
    drop_waiting(draft, waiting, &format!("{stage} #{attempt} is reviewed first"));
    let moved: Vec<_> = ahead.iter().filter(|looked| looked.is_moved()).collect();
    if !draft.has_logged(EventType::JobResumed) {
        let why = moved.first().map(|looked| looked.difference()).unwrap_or_default();
        let how = format!("{why}; {stage} #{attempt} is opened for review");
        resumed(draft, operator, &stage, &how);
    }
    draft.rows.job.stage = Some(stage.clone());
    for looked in moved {
        if let Some(artifact) = review.artifacts.iter().find(|artifact| artifact.path == looked.path) {
            let payload = json!({
                "attempt": attempt, "path": looked.path, "sha256": looked.registered, "sha256_after": artifact.digest,
                "by": operator.name,
            });
            draft.log(EventType::ArtifactChanged, Some(&stage), looked.difference(), payload);
        }
    }
    // The policy agreed to a timer for what the stage makes, not for bytes that somebody put in its
    // place.
    let policy = former_policy(draft, &stage).for_a_person();
    draft.open_gate(&stage, attempt, policy, review.artifacts.clone(), None);
    Ok(())
}

/// Whether a review shows exactly what the stage answers for, as it was found.
fn is_of(review: &Review, agreed: &[Agreed<'_>], on_disk: &[OnDisk]) -> bool {
    let is_shown = |agreed: &Agreed<'_>| {
        let path = &agreed.artifact.path;
        let found = OnDisk::found_at(on_disk, path).map(|(digest, _)| digest);
        let shown = review.artifacts.iter().find(|artifact| artifact.path == *path);
        shown.is_some_and(|shown| Some(shown.digest) == found)
    };
    review.artifacts.len() == agreed.len() && agreed.iter().all(is_shown)
}

/// The execution that was asked for is not wanted now; the approval asks for another one.
fn drop_waiting(draft: &mut JobEdit<'_>, stage: &StageName, why: &str) {
    let waiting = draft.rows.newest_attempt(stage).cloned();
    if let Some(attempt) = waiting.filter(|attempt| attempt.state == AttemptState::Queued) {
        draft.end_attempt(attempt, AttemptState::Canceled, why);
    }
}
