//! Gates that an outside pipeline opens (SPEC §8).

use serde_json::json;

use domain::context::GateContext;
use domain::event::EventType;
use domain::gate::{Gate, GateState};
use domain::heartbeat::{Heartbeat, HeartbeatTerms};
use domain::ids::StageName;
use domain::job::JobStatus;
use domain::key::GateKey;
use domain::operator::Operator;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::stage::StageSpec;
use domain::view::Pause;

use super::job_edit::{AskedFor, JobEdit};
use super::{alive, hold, recall};
use domain::key::GateRef;

pub(super) fn open(
    draft: &mut JobEdit<'_>,
    operator: &Operator,
    stage: &StageName,
    asked: &GateContext,
    terms: Option<HeartbeatTerms>,
) -> Result<(), Refusal> {
    let asked = asked.clone().fitting()?;
    let terms = terms.map(HeartbeatTerms::fitting).transpose()?;
    let artifacts = &draft.evidence.brought[..];
    let job = &draft.rows.job;
    if job.status.is_ended() {
        return Err(Refusal::job_ended(&job.id, job.status));
    }
    if !job.is_manual {
        may_open(draft, stage)?;
    }
    let newest = draft.rows.newest_gate(stage).filter(|gate| gate.is_live()).cloned();
    if let Some(open) = newest {
        let is_same = open.artifacts.len() == artifacts.len()
            && artifacts.iter().all(|new| {
                open.artifacts
                    .iter()
                    .any(|old| old.path == new.path && old.digest == new.digest)
            });
        if is_same && open.recall.is_some() {
            // A request may be repeated: the gate says until when its decision may be taken back.
            return Ok(());
        }
        recall::none_or_refuse([&open], draft.cx.now)?;
        if is_same {
            let open = change_context(draft, operator, open, asked)?;
            alive::heard(draft, operator, open, terms);
            return Ok(());
        }
        draft.cancel_gate(&open, &operator.name, "opened again with other artifacts");
    }
    if draft.rows.stage_spec(stage).is_none() {
        let spec = StageSpec {
            name: stage.clone(),
            command: Vec::new(),
            env: std::collections::BTreeMap::new(),
            timeout_s: None,
            artifacts: Vec::new(),
            context: GateContext::default(),
        };
        draft.rows.job.stages.push(spec);
    }
    if draft.rows.job.status == JobStatus::Paused {
        // An open gate is itself a stop: nothing goes on without a person, so opening one may end
        // the pause.
        let message = format!("resumed: {} opens {stage} again", operator.name);
        draft.rows.job.status = JobStatus::Running;
        let payload = json!({ "by": operator.name });
        draft.log(EventType::JobResumed, Some(stage), message, payload);
    }
    let attempt = draft.rows.next_attempt(stage);
    let policy = asked_policy(draft, stage);
    let of_stage = draft.rows.stage_spec(stage).map(|spec| spec.context.clone());
    let context = asked.over(&of_stage.unwrap_or_default()).fitting()?;
    let asked = AskedFor {
        by: operator,
        context,
        heartbeat: terms.map(|terms| Heartbeat::begun(terms, draft.cx.now)),
    };
    draft.open_gate(stage, attempt, policy, artifacts.to_vec(), Some(asked));
    Ok(())
}

/// The same gate, asked for with other reasons: it says the new ones. What the request leaves out
/// stays as it is, so that one who only repeats the opening takes nothing away.
pub(super) fn change_context(
    draft: &mut JobEdit<'_>,
    operator: &Operator,
    gate: Gate,
    asked: GateContext,
) -> Result<Gate, Refusal> {
    // Together they may break a limit that each of them keeps.
    let context = asked.over(&gate.context).fitting()?;
    let parts = context.differing(&gate.context);
    if parts.is_empty() {
        return Ok(gate);
    }
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let payload = json!({ "attempt": attempt, "by": operator.name, "parts": parts, "context": context });
    let gate = Gate { context, ..gate };
    draft.put_gate(gate.clone());
    let message = format!(
        "{} says otherwise of {stage} #{attempt}: {}",
        operator.name,
        parts.join(", ")
    );
    draft.log(EventType::GateContextChanged, Some(&stage), message, payload);
    Ok(gate)
}

/// On a job that holdpoint runs: only the current stage, and only when it has no command.
fn may_open(draft: &JobEdit<'_>, stage: &StageName) -> Result<(), Refusal> {
    let job = &draft.rows.job;
    let refused = |message: String| Err(Refusal::wrong_state(message).at(format!("{} / {stage}", job.id)));
    match draft.rows.stage_spec(stage) {
        None => {
            let known: Vec<_> = job.stages.iter().map(|spec| spec.name.clone()).collect();
            Err(Refusal::no_such_stage(&job.id, stage, &known))
        }
        Some(spec) if !spec.is_bare() => refused(format!("{stage} has a command: holdpoint opens its gate itself")),
        Some(_) if job.stage.as_ref() != Some(stage) => {
            let at = job.stage.as_ref().map_or("between stages", StageName::as_str);
            refused(format!("job {} is at {at}, not at {stage}", job.id))
        }
        // A job that paused because its gate was withdrawn waits for this gate to be opened again.
        Some(_) if job.status == JobStatus::Paused && !draft.rows.is_withdrawn(stage) => {
            refused(format!("job {} is paused", job.id))
        }
        Some(_) => Ok(()),
    }
}

/// Takes back a gate that was opened from outside. Asked again, it stays as it is: a request may be
/// repeated.
pub(super) fn withdraw(
    draft: &mut JobEdit<'_>,
    wanted: &GateRef,
    operator: &Operator,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let record = &draft.evidence.opening;
    let wanted = &draft.evidence.pinned(wanted);
    let reason = hold::fitting(reason)?;
    let exactly = wanted
        .attempt
        .and_then(|attempt| draft.rows.gate(&wanted.stage, attempt));
    if record.is_withdrawn && exactly.is_some_and(|gate| gate.state == GateState::Canceled) {
        return Ok(());
    }
    let gate = draft.still_open(wanted)?;
    opened_by_them_or_refuse(draft, &gate, operator)?;
    let words = format!("{} withdrew {} #{}", operator.name, gate.key.stage, gate.key.attempt);
    end_withdrawn(draft, &gate, &operator.name, &words, reason);
    Ok(())
}

/// Refuses unless whoever asks has opened the gate, or may speak for any.
pub(super) fn opened_by_them_or_refuse(draft: &JobEdit<'_>, gate: &Gate, operator: &Operator) -> Result<(), Refusal> {
    let record = &draft.evidence.opening;
    if !draft.rows.job.is_manual && record.opened_by.is_none() {
        return Err(Refusal::not_from_outside(&gate.key));
    }
    let opened_by = record.opened_by.as_deref();
    if opened_by != Some(operator.name.as_str()) && !record.may_any {
        return Err(Refusal::not_the_opener(&gate.key, opened_by, &operator.name));
    }
    Ok(())
}

/// Ends a gate that was opened from outside without a decision; what the job does because of it
/// follows.
pub(super) fn end_withdrawn(draft: &mut JobEdit<'_>, gate: &Gate, by: &str, words: &str, reason: Option<&str>) {
    let GateKey { stage, attempt, .. } = draft.end_gate(gate, by);
    let message = format!("{words}{}", hold::words(reason));
    let payload = json!({ "attempt": attempt, "by": by, "why": reason, "withdrawn": true });
    draft.log(EventType::GateCanceled, Some(&stage), message, payload);
    if draft.rows.job.is_manual {
        draft.advance_from(Some(&stage));
        return;
    }
    draft.rows.job.status = JobStatus::Paused;
    let why = format!("{} paused: {stage} #{attempt} was withdrawn", draft.rows.job.slug);
    let payload = json!({ "attempt": attempt, "reason": Pause::Withdrawn.as_str() });
    draft.log(EventType::JobPaused, Some(&stage), why, payload);
}

/// Whoever opens a gate wants one: a policy that would let the stage pass asks for a person instead
/// (SPEC §2).
fn asked_policy(draft: &JobEdit<'_>, stage: &StageName) -> GatePolicy {
    let passing = || draft.cx.policies.get(stage).cloned().map(GatePolicy::for_a_person);
    draft.policy_in_force(stage).or_else(passing).unwrap_or_default()
}
