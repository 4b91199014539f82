//! Decisions by persons and by the timer, and patches while the gate stays open.

use serde_json::json;

use domain::artifact::GateArtifact;
use domain::comment::{self, Comment};
use domain::event::{BY_POLICY, EventType};
use domain::gate::{Expiry, Gate, Verdict, notes_or_refuse};
use domain::ids::{ArtifactPath, Digest};
use domain::key::GateKey;
use domain::look;
use domain::operator::Operator;
use domain::policy::Doubt;
use domain::proposal::Proposal;
use domain::refusal::Refusal;
use domain::undo::{Undoable, undone};
use domain::wake::{self, DueGate, WakeKind};
use text::words::duration;

use super::alive;
use super::job_edit::JobEdit;
use super::{last_call, lease, stages};
use domain::key::GateRef;

/// What a person decides.
pub(super) struct Judged<'a> {
    pub(super) verdict: Verdict,
    pub(super) notes: Option<&'a str>,
    pub(super) comments: &'a [Comment],
    pub(super) draft_by: Option<&'a str>,
    pub(super) proposal: Option<&'a Proposal>,
    pub(super) digest: Option<Digest>,
    pub(super) context_digest: Option<Digest>,
}

pub(super) fn decide(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    by: &Operator,
    judged: &Judged<'_>,
) -> Result<(), Refusal> {
    let &Judged { verdict, proposal, .. } = judged;
    let gate = draft.still_open(gate)?;
    let notes = notes_or_refuse(judged.notes)?;
    let artifacts = gate.reviewed_or_refuse(judged.digest, &draft.evidence.on_disk, Some(verdict))?;
    if judged.digest.is_none() {
        look::unchanged_or_refuse(&draft.rows, &gate, &by.name)?;
    }
    gate.said_or_refuse(judged.context_digest, draft.evidence.read_context.as_ref())?;
    let comments = comment::settled(judged.comments, &artifacts, &draft.evidence.counted)?;
    let decision = gate.decide(by, verdict, notes, proposal, &artifacts, draft.cx.now.utc)?;
    let decision = decision.overriding(draft.overridden_on(&gate.key)).commenting(comments);
    // Who adopts their own text has written it.
    let draft_by = judged.draft_by.filter(|draft_by| *draft_by != by.name);
    let draft_by = draft_by.map(name_or_refuse).transpose()?;
    // Nobody is named on a word alone. The decision stands without the name: whoever decides has
    // read what they send, whoever wrote it.
    let decision = decision.drafted(draft_by.filter(|_| draft.evidence.has_draft));
    let (stage, attempt) = (gate.key.stage.clone(), gate.key.attempt);
    draft.take_reviewed(&stage, attempt, &gate.artifacts, &artifacts, decision.by());
    let effect = match (proposal, verdict) {
        (Some(Proposal::File(effect)), Verdict::Approve) => Some(&**effect),
        (Some(_) | None, Verdict::Approve | Verdict::Reject) => None,
    };
    draft.settle(&gate, &decision, artifacts, effect);
    stages::pause_where_moved(draft)?;
    Ok(())
}

/// The most bytes of a name that is recorded beside the decider's.
const NAME_BYTES_MAX: usize = 200;

/// The name of whoever wrote the draft, as it is recorded.
fn name_or_refuse(name: &str) -> Result<String, Refusal> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let why = format!("whose draft it was is a name of 1 to {NAME_BYTES_MAX} bytes in one line");
        return Err(Refusal::invalid(why).with_hint("leave it out").at("draft_by"));
    }
    Ok(name.to_owned())
}

pub(super) fn apply_patch(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    proposal: Option<&Proposal>,
    digest: Option<Digest>,
) -> Result<(), Refusal> {
    let gate = draft.still_open(gate)?;
    let Some(Proposal::File(effect)) = proposal else {
        return Err(Refusal::params_need_rejection(&gate.key));
    };
    let current = gate.reviewed_or_refuse(digest, &draft.evidence.on_disk, None)?;
    effect.fits_or_refuse(&gate.key, &current)?;
    let (stage, attempt) = (gate.key.stage.clone(), gate.key.attempt);
    draft.take_reviewed(&stage, attempt, &gate.artifacts, &current, &operator.name);
    let artifacts = draft.patched(&stage, attempt, current, effect, &operator.name);
    draft.put_gate(Gate { artifacts, ..gate });
    Ok(())
}

/// The newest patch is taken back; the gate stays open. The same guards as for a patch.
pub(super) fn undo_patch(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    path: Option<&ArtifactPath>,
    digest: Option<Digest>,
) -> Result<(), Refusal> {
    let gate = draft.still_open(gate)?;
    let undoable = gate.undoable(path)?;
    let Undoable { artifact, step } = undoable;
    let current = gate.reviewed_or_refuse(digest, &draft.evidence.on_disk, None)?;
    let is_as_made = |other: &GateArtifact| other.path == artifact.path && other.digest == step.made;
    // Bytes that somebody else put there and the operator read: they are not the patch's to be
    // taken back.
    if !current.iter().any(is_as_made) {
        let now = current.iter().find(|other| other.path == artifact.path);
        let now = now.map_or(artifact.digest, |other| other.digest);
        return Err(Refusal::changed_since_patch(&artifact.path, step.made, now));
    }
    let (stage, attempt, by) = (gate.key.stage.clone(), gate.key.attempt, &operator.name);
    draft.take_reviewed(&stage, attempt, &gate.artifacts, &current, by);
    let artifacts = undone(current, &artifact.path);
    draft.put_artifacts(&stage, &artifacts);
    let after = step.former.as_ref().map(|former| former.digest);
    if after.is_none() {
        draft.drop_artifact(&artifact.path);
    }
    let payload = json!({
        "attempt": attempt, "by": by, "path": artifact.path, "sha256": step.made, "sha256_after": after,
        "patch_type": step.type_name, "patched_by": step.by, "patched_at": step.at,
    });
    let message = format!("{by} took back {}", undoable.words());
    draft.log(EventType::PatchUndone, Some(&stage), message, payload);
    draft.put_gate(Gate {
        artifacts,
        ..gate.clone()
    });
    Ok(())
}

/// The ticker says that the gate is due; the rows have the last word, for a person may have been
/// quicker or moved the deadline.
pub(super) fn expire(draft: &mut JobEdit<'_>, due: &DueGate) -> Result<(), Refusal> {
    let now = draft.cx.now;
    let DueGate {
        key,
        wake: asked,
        is_missed,
        ..
    } = due;
    let (asked, is_missed) = (*asked, *is_missed);
    let GateKey { stage, attempt, .. } = key;
    let mut gate = draft.still_open(&GateRef::from(key))?;
    let (max_hold_s, grace_s) = (gate.policy.max_hold_s, draft.cx.grace_s);
    let (lease, heartbeat) = (gate.lease.as_ref(), gate.heartbeat.as_ref());
    match wake::next(gate.timer.as_ref(), lease, heartbeat, max_hold_s, grace_s) {
        // Another time than the ticker found due: after another start of the machine only the
        // ticker knows whether a deadline that was moved since has passed by the boot clock.
        Some(wake) if due.is_due_for(wake, now) => {}
        Some(_) | None => return Err(Refusal::not_due(key)),
    }
    if let (WakeKind::Silence, Some(heartbeat)) = (asked.kind, gate.heartbeat.clone()) {
        alive::silent(draft, gate, heartbeat, is_missed);
        return Ok(());
    }
    let is_dead = gate.lease.as_ref().is_some_and(|lease| !lease.is_live(now));
    if is_dead || asked.kind == WakeKind::LeaseEnd {
        gate = lease::lapse(draft, gate);
        let heartbeat = gate.heartbeat.as_ref();
        // Below a hold a lease stops nothing: what was asked for is due with it or without.
        if wake::next(gate.timer.as_ref(), None, heartbeat, max_hold_s, grace_s) != Some(asked) {
            return Ok(());
        }
    }
    let timer = gate.timer.clone().ok_or_else(|| Refusal::no_timer(key))?;
    if asked.kind == WakeKind::LastCall {
        return last_call::say(draft, gate, &timer, asked);
    }
    if is_missed && timer.overdue_since.is_none() {
        let overdue = timer.overdue(now, max_hold_s, grace_s);
        let settled_at = now.utc.plus_s(grace_s);
        let payload = json!({ "attempt": attempt, "deadline": overdue.deadline, "settled_at": settled_at });
        let at_zero = gate.at_zero().ok_or_else(|| Refusal::no_timer(key))?;
        let will = at_zero.will(&format!("in {}", duration(grace_s)));
        let message = format!("{stage} #{attempt} is overdue: the timer will {will}");
        draft.put_timer(gate, overdue);
        draft.log(EventType::GateOverdue, Some(stage), message, payload);
        return Ok(());
    }
    if timer.stopped_at.is_some() {
        // Its bound is used up, by the boot clock; the record tells the deadline as the civil clock
        // has it.
        gate.timer = Some(timer.rebased(now));
    }
    match gate.expire(draft.cx.via.clone(), now.utc, &draft.evidence.on_disk)? {
        Expiry::Held(timer) => {
            let because = timer.held_because;
            let why = because.map_or("its time is up", Doubt::words);
            let message = format!("{stage} #{attempt} is held at zero: {why}; only a person may decide");
            let mut payload = json!({ "attempt": attempt, "by": BY_POLICY });
            if let Some(doubt) = because {
                payload["reason"] = json!(doubt);
            }
            draft.put_timer(gate, timer);
            draft.log(EventType::GateHeld, Some(stage), message, payload);
        }
        Expiry::Moved(timer, moved) => {
            let is = match moved.digest() {
                Some(digest) => format!("is {} now", digest.short()),
                None => "is missing".to_owned(),
            };
            let (name, shown) = (moved.path.file_name(), moved.registered.short());
            let message = format!(
                "{stage} #{attempt} is held: {name} {is}, not the {shown} that the gate shows; only a person may decide"
            );
            draft.put_timer(gate, timer);
            let found = moved.digest();
            let payload = json!({
                "attempt": attempt, "by": BY_POLICY, "reason": "artifact_changed", "path": moved.path,
                "sha256": moved.registered, "found": found,
            });
            draft.log(EventType::GateHeld, Some(stage), message, payload);
        }
        Expiry::Decided(decision) => {
            draft.settle(&gate, &decision, gate.artifacts.clone(), None);
        }
    }
    Ok(())
}
