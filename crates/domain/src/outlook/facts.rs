//! Changes of the rules as facts: what they would make of a job. Whatever the changes do not say is
//! no fact.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{ChangeCause, Fact};
use crate::change::Change;
use crate::event::{EventType, HeldUp};
use crate::gate::{Gate, GateState};
use crate::ids::{ArtifactPath, Digest};
use crate::job::{Attempt, AttemptState, JobRows, JobStatus};
use crate::key::GateKey;
use crate::time::Now;
use crate::timer::{GateTimer, TimerStatus};
use text::words::seconds_begun;

/// Now, and the seconds that an overdue gate waits for a person.
type Clock = (Now, u64);

/// What changes make of a job, in the order of the changes; what becomes of the job as a whole
/// comes last.
pub(super) fn of(before: &JobRows, after: &JobRows, changes: &[Change], clock: Clock) -> Vec<Fact> {
    let causes = causes(changes);
    let held_up = changes.iter().find_map(held_up);
    let mut facts = Vec::new();
    if before.job.params != after.job.params {
        facts.push(params(&before.job.params, &after.job.params));
    }
    for change in changes {
        match change {
            Change::PutArtifact(artifact) => {
                let from = before.registered(&artifact.path);
                // Without a word in the log: what a bare stage has to show is read anew when its
                // gate opens again.
                let cause = causes.get(&artifact.path).copied().or(from.map(|_| ChangeCause::Found));
                if let (Some(cause), true) = (cause, from != Some(artifact.digest)) {
                    let to = Some(artifact.digest);
                    facts.retain(|fact| !matches!(fact, Fact::ArtifactChanges { path, .. } if *path == artifact.path));
                    facts.push(changed(&artifact.path, from, to, cause));
                }
            }
            Change::DropArtifact(path) => {
                // A stage that made its artifacts anew drops what stood beside them; that is its
                // business, not this command's.
                if let Some(cause) = causes.get(path) {
                    facts.push(changed(path, before.registered(path), None, *cause));
                }
            }
            // If a row changes several times, only its last state counts.
            Change::PutAttempt(attempt) if after.attempts.contains(attempt) => {
                facts.extend(attempt_fact(before, after, attempt, held_up.as_ref()));
            }
            Change::OpenGate(gate) => facts.push(opened(after, gate)),
            Change::PutGate(gate) if after.gate(&gate.key.stage, gate.key.attempt) == Some(gate) => {
                if let Some(known) = before.gate(&gate.key.stage, gate.key.attempt) {
                    facts.extend(other_bytes(known, gate));
                    facts.extend(timer_fact(known, gate, changes, clock));
                }
            }
            Change::SettleGate { gate, decision } => {
                let GateKey { stage, attempt, .. } = gate.key.clone();
                facts.push(match decision {
                    None => Fact::GateCloses { stage, attempt },
                    Some(decision) => Fact::GateDecided {
                        stage: stage.clone(),
                        attempt,
                        approved: decision.is_approved(),
                        by: decision.by().to_owned(),
                        recall_s: gate.recall.as_ref().map(|_| gate.policy.recall_s),
                    },
                });
                facts.extend(outside_goes_on(after, gate));
            }
            Change::FinishGate(gate) => {
                facts.extend(recalled(before, gate));
                facts.extend(outside_goes_on(after, gate));
            }
            Change::Event(event) if event.kind == EventType::StageCompleted => {
                let is_passed = event.payload.get("gate").and_then(Value::as_bool) == Some(false);
                if let (Some(stage), true) = (&event.stage, is_passed) {
                    facts.push(Fact::StagePasses { stage: stage.clone() });
                }
            }
            Change::InsertJob(_)
            | Change::PutJob(_)
            | Change::PutAttempt(_)
            | Change::PutGate(_)
            | Change::Event(_) => {}
        }
    }
    facts.extend(job_fact(before, after, &facts));
    facts
}

fn outside_goes_on(after: &JobRows, gate: &Gate) -> Option<Fact> {
    let is_approved = gate.is_final() && gate.state == GateState::Approved;
    let stage = gate.key.stage.clone();
    (after.job.is_manual && is_approved).then_some(Fact::OutsideGoesOn { stage })
}

fn recalled(before: &JobRows, gate: &Gate) -> Option<Fact> {
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let decided = before
        .gate(&stage, attempt)
        .filter(|_| gate.state == GateState::Recalled)?;
    Some(Fact::DecisionRecalled {
        stage,
        attempt,
        approved: decided.state == GateState::Approved,
        by: decided.settled.as_ref().map(|settled| settled.by.clone())?,
    })
}

fn other_bytes(known: &Gate, gate: &Gate) -> Option<Fact> {
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let digest = gate.digest();
    (known.digest() != digest).then_some(Fact::GateStaysOpen { stage, attempt, digest })
}

/// What a person does to a gate's timer, and that its time is up without a decision. Leases stop timers too; they come and go with prompts, and
/// nobody decides on them.
fn timer_fact(known: &Gate, gate: &Gate, changes: &[Change], (now, grace_s): Clock) -> Option<Fact> {
    let (was, timer) = (known.timer.as_ref()?, gate.timer.as_ref()?);
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let at_zero = gate.at_zero()?;
    let left_s = |timer: &GateTimer| match timer.status(None, now, gate.policy.max_hold_s, grace_s) {
        TimerStatus::Running(at) | TimerStatus::Overdue(at) => seconds_begun(at.us_since(now.utc)),
        TimerStatus::Leased(_) | TimerStatus::Held(_) | TimerStatus::HeldByPolicy => 0,
    };
    if was.held_by_policy_at.is_none() && timer.held_by_policy_at.is_some() {
        let because = timer.held_because;
        return Some(Fact::TimerEnds {
            stage,
            attempt,
            because,
        });
    }
    let is_extension =
        |change: &Change| matches!(change, Change::Event(event) if event.kind == EventType::GateExtended);
    match (&was.hold, &timer.hold) {
        (None, Some(_)) => match timer.status(gate.lease.as_ref(), now, gate.policy.max_hold_s, grace_s) {
            TimerStatus::Held(_) => Some(Fact::TimerStops {
                stage,
                attempt,
                until: timer.runs_again_at(now, gate.policy.max_hold_s),
                at: now.utc,
                left_s: timer.left_when_stopped_us(grace_s).map_or(0, seconds_begun),
                at_zero,
            }),
            TimerStatus::Running(_) | TimerStatus::Overdue(_) | TimerStatus::Leased(_) | TimerStatus::HeldByPolicy => {
                None
            }
        },
        (Some(_), None) => {
            // If a lease still stops the timer, the fact says how it would run if the lease ended
            // now.
            let stopped = timer
                .stopped_at
                .map(|_| timer.started_again(now, 0, gate.policy.max_hold_s, grace_s));
            Some(Fact::TimerRuns {
                stage,
                attempt,
                left_s: left_s(stopped.as_ref().unwrap_or(timer)),
                open_by: gate.lease.as_ref().map(|lease| lease.holder.name.clone()),
                at_zero,
            })
        }
        (None, None) | (Some(_), Some(_)) if changes.iter().any(is_extension) => {
            let left = |timer: &GateTimer| {
                timer
                    .left_when_stopped_us(grace_s)
                    .map_or_else(|| left_s(timer), seconds_begun)
            };
            Some(Fact::TimerMoves {
                stage,
                attempt,
                left_before_s: left(was),
                left_s: left(timer),
                at_zero,
            })
        }
        (None, None) | (Some(_), Some(_)) => None,
    }
}

/// Why artifacts have other versions: the log says it.
fn causes(changes: &[Change]) -> BTreeMap<ArtifactPath, ChangeCause> {
    let mut causes = BTreeMap::new();
    for change in changes {
        let Change::Event(event) = change else { continue };
        let Some(cause) = cause(event.kind) else { continue };
        let path = event.payload.get("path").and_then(Value::as_str);
        if let Some(path) = path.and_then(|path| ArtifactPath::new(path).ok()) {
            // What somebody put there and a patch then changed is what the patch made.
            causes.insert(path, cause);
        }
    }
    causes
}

fn cause(kind: EventType) -> Option<ChangeCause> {
    let told = [
        (EventType::PatchApplied, ChangeCause::Patch),
        (EventType::PatchUndone, ChangeCause::Undo),
        (EventType::ArtifactChanged, ChangeCause::Found),
    ];
    told.into_iter()
        .find_map(|(known, cause)| (known == kind).then_some(cause))
}

fn changed(path: &ArtifactPath, from: Option<Digest>, to: Option<Digest>, cause: ChangeCause) -> Fact {
    Fact::ArtifactChanges {
        path: path.clone(),
        from,
        to,
        cause,
    }
}

fn params(before: &Map<String, Value>, after: &Map<String, Value>) -> Fact {
    let set = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    Fact::ParamsChange {
        set: set.map(|(name, value)| (name.clone(), value.clone())).collect(),
        removed: removed.cloned().collect(),
    }
}

fn held_up(change: &Change) -> Option<HeldUp> {
    match change {
        Change::Event(event) => event.held_up(),
        Change::InsertJob(_)
        | Change::PutJob(_)
        | Change::PutAttempt(_)
        | Change::OpenGate(_)
        | Change::PutGate(_)
        | Change::FinishGate(_)
        | Change::SettleGate { .. }
        | Change::PutArtifact(_)
        | Change::DropArtifact(_) => None,
    }
}

fn attempt_fact(before: &JobRows, after: &JobRows, attempt: &Attempt, held_up: Option<&HeldUp>) -> Option<Fact> {
    let known = before.attempt(&attempt.stage, attempt.number);
    let stage = attempt.stage.clone();
    match attempt.state {
        AttemptState::Queued => Fact::of_waiting(after, held_up),
        AttemptState::Canceled => Some(Fact::StageStops {
            stage,
            attempt: attempt.number,
            is_running: known.is_some_and(|known| known.state == AttemptState::Running),
        }),
        // What the leader reports; no person's command does that.
        AttemptState::Running | AttemptState::Completed | AttemptState::Failed | AttemptState::Lost => None,
    }
}

fn opened(after: &JobRows, gate: &Gate) -> Fact {
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let stage_ran = after.attempt(&stage, attempt).is_some();
    let at_zero = gate.at_zero();
    Fact::GateOpens {
        stage,
        attempt,
        after_s: gate.timer.as_ref().and(gate.policy.auto_approve_after_s),
        on_timeout: at_zero.map(|at_zero| at_zero.then),
        because: at_zero.and_then(|at_zero| at_zero.because),
        stage_ran,
    }
}

/// What becomes of the job, where the facts so far do not say it.
fn job_fact(before: &JobRows, after: &JobRows, facts: &[Fact]) -> Option<Fact> {
    let status = after.job.status;
    let was_paused = before.job.status == JobStatus::Paused;
    let has_opened = facts.iter().any(|fact| matches!(fact, Fact::GateOpens { .. }));
    let is_held_up = facts.iter().any(|fact| matches!(fact, Fact::StageHeldUp { .. }));
    let has_started = facts.iter().any(|fact| matches!(fact, Fact::StageStarts { .. }));
    match status {
        JobStatus::Running | JobStatus::NeedsApproval if was_paused && after.job.is_manual && !has_opened => {
            let stage = after.job.stage.clone()?;
            let attempt = after.next_attempt(&stage);
            Some(Fact::OutsideOpens { stage, attempt })
        }
        // An attempt that only waited has no change of its own, so the fact comes from the job.
        JobStatus::Queued if was_paused && !has_started => Fact::of_waiting(after, None),
        JobStatus::Queued | JobStatus::Running | JobStatus::NeedsApproval => None,
        JobStatus::Paused if is_held_up => None,
        JobStatus::Paused | JobStatus::Completed | JobStatus::Failed | JobStatus::Canceled => {
            (before.job.status != status).then_some(Fact::JobIs { status })
        }
    }
}
