//! A job's beginning, its end, and going on after a pause.

use patch::PARAMS_BYTES_MAX;
use serde_json::{Map, Value, json};

use domain::ask::{Ask, Command, NewJob};
use domain::decision::SealedDecision;
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::{JobId, StageName};
use domain::job::{Attempt, AttemptState, Job, JobStatus, Told};
use domain::operator::Operator;
use domain::policy::GatePolicy;
use domain::proposal::{FileEffect, ParamsEffect, Proposal};
use domain::refusal::Refusal;

use super::job_edit::JobEdit;
use super::{Context, recall, review};

/// The note of the approval that follows an applied patch (SPEC §5).
pub(crate) const NOTE_AFTER_PATCH: &str = "approved after patch";

pub(super) fn id_taken(id: &JobId) -> Refusal {
    Refusal::invalid(format!("there is a job {id} already"))
        .with_hint("leave the id out to get a new one")
        .at("id")
}

/// The most bytes of a job's short name, and of its intent.
const SLUG_BYTES_MAX: usize = 200;
const INTENT_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of what a client sends along, as JSON.
const CFG_BYTES_MAX: usize = 1024 * 1024;

fn json_bytes(map: &Map<String, Value>) -> usize {
    serde_json::to_vec(map).map_or(0, |bytes| bytes.len())
}

/// The job as it is asked for, under this id.
pub fn new_job(id: &JobId, new: &NewJob, by: &Operator, cx: Context<'_>) -> Result<Job, Refusal> {
    if new.slug.trim().is_empty() {
        return Err(Refusal::invalid("the job has no short name")
            .with_hint("give it one: --slug NAME")
            .at("slug"));
    }
    for (field, bytes, max) in [
        ("slug", new.slug.len(), SLUG_BYTES_MAX),
        ("intent", new.intent.len(), INTENT_BYTES_MAX),
        ("params", json_bytes(&new.params), PARAMS_BYTES_MAX),
        ("cfg", json_bytes(&new.cfg), CFG_BYTES_MAX),
    ] {
        if bytes > max {
            let message = format!("{field} has {bytes} bytes; at most {max} are kept");
            return Err(Refusal::invalid(message).at(field));
        }
    }
    if !new.is_manual && cx.stages.is_empty() {
        return Err(Refusal::invalid("there are no stages to run: pipeline.stages of the configuration is empty")
            .with_hint("--manual (HTTP: manual) starts a job whose gates your own pipeline opens; holdpoint init --for stages writes a pipeline")
            .at("manual"));
    }
    let (status, stages) = match new.is_manual {
        true => (JobStatus::Running, Vec::new()),
        false => (JobStatus::Queued, cx.stages.to_vec()),
    };
    Ok(Job {
        id: id.clone(),
        slug: new.slug.clone(),
        intent: new.intent.clone(),
        is_manual: new.is_manual,
        status,
        stage: None,
        params: new.params.clone(),
        cfg: new.cfg.clone(),
        stages,
        created_by: by.name.clone(),
        created_at: cx.now.utc,
        updated_at: cx.now.utc,
        acknowledged_at: None,
    })
}

/// The job that a command begins; every other command needs one that is there.
pub(super) fn begun(id: &JobId, ask: &Ask, cx: Context<'_>) -> Result<Job, Refusal> {
    if let Command::StartJob(new) = &ask.command {
        return new_job(id, new, &ask.by, cx);
    }
    if let Command::OpenGate { .. } = &ask.command {
        let manual = NewJob {
            slug: id.to_string(),
            intent: "a pipeline of its own opens the gates".to_owned(),
            is_manual: true,
            ..NewJob::default()
        };
        return new_job(id, &manual, &ask.by, cx);
    }
    Err(Refusal::no_such_job(id))
}

pub(super) fn start(draft: &mut JobEdit<'_>) {
    draft.advance_from(None);
    if draft.rows.job.status == JobStatus::NeedsApproval {
        draft.log(EventType::JobStarted, None, "the first gate is open", json!({}));
    }
}

pub(super) fn resume(draft: &mut JobEdit<'_>, ask: &Ask) -> Result<(), Refusal> {
    let (operator, job) = (&ask.by, &draft.rows.job);
    if job.status != JobStatus::Paused {
        return Err(Refusal::not_paused(&job.id, job.status));
    }
    let Some(stage) = job.stage.clone() else {
        return Err(Refusal::not_paused(&job.id, job.status));
    };
    ask.rights.allow_at(&operator.name, &stage)?;
    if draft.rows.waiting().is_some() {
        review::resume(draft, ask, &stage)?;
        return Ok(());
    }
    if draft.rows.is_withdrawn(&stage) {
        open_again(draft, operator, &stage);
        return Ok(());
    }
    let Some(rejection) = draft.rows.rejection_to_answer().cloned() else {
        let message = format!("job {} is paused, but nothing was rejected", draft.rows.job.id);
        return Err(Refusal::wrong_state(message));
    };
    match rejection.decision.patch() {
        Some(_) => match &draft.evidence.proposal {
            Some(Proposal::File(effect)) => resume_with_patch(draft, operator, &stage, &rejection, effect)?,
            Some(Proposal::Params(effect)) => {
                // Every stage reads the parameters.
                ask.rights.allow_of_job(&operator.name)?;
                resume_with_params(draft, operator, &stage, &rejection, effect)?;
            }
            None => return Err(not_planned_again(&rejection)),
        },
        None => resume_again(draft, operator, &stage, &rejection)?,
    }
    review::before_start(draft, ask)?;
    Ok(())
}

pub(super) fn resumed(draft: &mut JobEdit<'_>, operator: &Operator, stage: &StageName, how: &str) {
    draft.rows.job.status = JobStatus::Running;
    let message = format!("{} resumed: {how}", operator.name);
    let payload = json!({ "by": operator.name, "how": how });
    draft.log(EventType::JobResumed, Some(stage), message, payload);
}

fn not_planned_again(rejection: &SealedDecision) -> Refusal {
    let key = rejection.decision.key();
    Refusal::unfit(format!("the patch of {key} could not be planned again"))
}

/// Rejected with a patch of the parameters: they are merged, and the stage runs again with them
/// (SPEC §5).
fn resume_with_params(
    draft: &mut JobEdit<'_>,
    operator: &Operator,
    stage: &StageName,
    rejection: &SealedDecision,
    effect: &ParamsEffect,
) -> Result<(), Refusal> {
    let job = &mut draft.rows.job;
    // The parameters changed since the patch was planned, so the plan is stale.
    if job.params != effect.before {
        return Err(Refusal::wrong_state("the job's parameters were changed meanwhile").at("params"));
    }
    job.params.clone_from(&effect.after);
    let (by, attempt) = (&operator.name, rejection.decision.attempt());
    let message = format!("{by} changed the parameters: {}", effect.changes.join("; "));
    let payload = json!({
        "attempt": attempt, "by": by, "path": null, "changes": effect.changes, "patch": effect.patch,
    });
    draft.log(EventType::PatchApplied, Some(stage), message, payload);
    resume_again(draft, operator, stage, rejection)
}

/// Only that stage runs again, with what the operator said.
fn resume_again(
    draft: &mut JobEdit<'_>,
    operator: &Operator,
    stage: &StageName,
    rejection: &SealedDecision,
) -> Result<(), Refusal> {
    if draft.rows.job.is_manual {
        let how = format!("waiting for {stage} to be opened again");
        resumed(draft, operator, stage, &how);
        draft.advance_from(Some(stage));
        return Ok(());
    }
    let is_bare = draft.rows.stage_spec(stage).is_none_or(|spec| spec.is_bare());
    if is_bare {
        open_again(draft, operator, stage);
    } else {
        // Where something has to be reviewed before, that is how the job goes on, and the review
        // says so.
        if review::wanted(draft, stage)?.is_none() {
            resumed(draft, operator, stage, &format!("{stage} runs again"));
        }
        draft.queue_attempt(stage, Told::by(&rejection.decision));
    }
    Ok(())
}

/// The gate of a stage without a command opens once more.
fn open_again(draft: &mut JobEdit<'_>, operator: &Operator, stage: &StageName) {
    resumed(draft, operator, stage, &format!("{stage} is opened again"));
    let artifacts = draft.bare_artifacts(stage);
    let policy = former_policy(draft, stage);
    let attempt = draft.rows.next_attempt(stage);
    draft.open_gate(stage, attempt, policy, artifacts, None);
}

/// The policy in force now where it asks for a gate; else the one of the gate that was rejected: a
/// rejected stage never passes silently.
pub(super) fn former_policy(draft: &JobEdit<'_>, stage: &StageName) -> GatePolicy {
    draft
        .policy_in_force(stage)
        .or_else(|| draft.rows.newest_gate(stage).map(|gate| gate.policy.clone()))
        .unwrap_or_default()
}

/// Rejected with a patch: it is applied, attempt n+1 opens and is approved in this transaction; the
/// stage does not run (SPEC §5).
fn resume_with_patch(
    draft: &mut JobEdit<'_>,
    operator: &Operator,
    stage: &StageName,
    rejection: &SealedDecision,
    effect: &FileEffect,
) -> Result<(), Refusal> {
    let rejected = draft.rows.gate(stage, rejection.decision.attempt()).cloned();
    let rejected = rejected.ok_or_else(|| not_planned_again(rejection))?;
    let mut reviewed = rejected.reviewed_or_refuse(None, &draft.evidence.on_disk, None)?;
    effect.fits_or_refuse(&rejected.key, &reviewed)?;
    for artifact in &mut reviewed {
        // The patches belong to the former attempt.
        artifact.patches.clear();
    }
    resumed(draft, operator, stage, "the patch of the rejection is applied");
    let attempt = draft.rows.next_attempt(stage);
    let artifacts = draft.patched(stage, attempt, reviewed, effect, &operator.name);
    let policy = rejected.policy.clone().for_a_person();
    draft.open_gate(stage, attempt, policy, artifacts, None);
    let gate = draft.rows.gate(stage, attempt).cloned();
    let gate = gate.ok_or_else(|| Refusal::no_such_gate(&draft.rows.job.id, stage))?;
    let (notes, at) = (Some(NOTE_AFTER_PATCH), draft.cx.now.utc);
    let decision = gate.decide(operator, Verdict::Approve, notes, None, &gate.artifacts, at)?;
    draft.settle(&gate, &decision, gate.artifacts.clone(), None);
    Ok(())
}

pub(super) fn cancel(draft: &mut JobEdit<'_>, operator: &Operator) -> Result<(), Refusal> {
    let job = &draft.rows.job;
    if job.status.is_ended() {
        return Err(Refusal::job_ended(&job.id, job.status));
    }
    end_open(draft, operator, "the job was canceled");
    draft.rows.job.status = JobStatus::Canceled;
    let stage = draft.rows.job.stage.clone();
    let message = format!("{} canceled the job", operator.name);
    let payload = json!({ "by": operator.name });
    draft.log(EventType::JobCanceled, stage.as_ref(), message, payload);
    Ok(())
}

/// Notes that the job failed, once: whoever comes second finds it noted.
pub(super) fn acknowledge(draft: &mut JobEdit<'_>, operator: &Operator) -> Result<(), Refusal> {
    let job = &draft.rows.job;
    if job.status != JobStatus::Failed {
        let message = format!("job {} has not failed: it is {}", job.id, job.status.words());
        return Err(Refusal::wrong_state(message)
            .with_hint("holdpoint job list --status failed shows those that have")
            .at(job.id.to_string()));
    }
    if job.acknowledged_at.is_some() {
        return Ok(());
    }
    draft.rows.job.acknowledged_at = Some(draft.cx.now.utc);
    let stage = draft.rows.job.stage.clone();
    let message = format!("{} noted that the job failed", operator.name);
    let payload = json!({ "by": operator.name });
    draft.log(EventType::JobAcknowledged, stage.as_ref(), message, payload);
    Ok(())
}

fn end_open(draft: &mut JobEdit<'_>, operator: &Operator, why: &str) {
    let open: Vec<_> = draft
        .rows
        .gates
        .iter()
        .filter(|gate| gate.state == GateState::Open)
        .cloned()
        .collect();
    for gate in open {
        draft.cancel_gate(&gate, &operator.name, why);
    }
    recall::end_all(draft, &operator.name, why);
    let is_unfinished = |attempt: &&Attempt| matches!(attempt.state, AttemptState::Queued | AttemptState::Running);
    let unfinished: Vec<_> = draft.rows.attempts.iter().filter(is_unfinished).cloned().collect();
    for attempt in unfinished {
        draft.end_attempt(attempt, AttemptState::Canceled, why);
    }
}

pub(super) fn complete(draft: &mut JobEdit<'_>, operator: &Operator) -> Result<(), Refusal> {
    let job = &draft.rows.job;
    if job.status.is_ended() {
        return Err(Refusal::job_ended(&job.id, job.status));
    }
    if !job.is_manual {
        return Err(
            Refusal::wrong_state(format!("job {} is run by holdpoint and ends by itself", job.id))
                .with_hint(format!("to end it now: holdpoint job cancel {}", job.id)),
        );
    }
    if let Some(open) = draft.rows.gates.iter().find(|gate| gate.state == GateState::Open) {
        return Err(Refusal::gate_open(&open.key));
    }
    recall::none_or_refuse(draft.rows.gates.iter(), draft.cx.now)?;
    if job.status == JobStatus::Paused {
        return Err(
            Refusal::wrong_state(format!("job {} is paused", job.id)).with_hint("resume it first, or cancel it")
        );
    }
    draft.rows.job.status = JobStatus::Completed;
    draft.rows.job.stage = None;
    let message = format!("{} completed the job", operator.name);
    draft.log(EventType::JobCompleted, None, message, json!({ "by": operator.name }));
    Ok(())
}
