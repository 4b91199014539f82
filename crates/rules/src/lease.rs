//! Leases and looks: what an open prompt or editor does to a gate's timer.

use serde_json::json;

use domain::ask::{Ask, Command};
use domain::decision::Extent;
use domain::event::EventType;
use domain::gate::Gate;
use domain::ids::Digest;
use domain::key::GateKey;
use domain::lease::{Lease, LeasePurpose};
use domain::operator::{Operator, Surface};
use domain::refusal::Refusal;

use super::job_edit::JobEdit;
use domain::key::GateRef;

pub(super) fn take(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    ask: &Ask,
    purpose: LeasePurpose,
    is_takeover: bool,
) -> Result<(), Refusal> {
    let operator = &ask.by;
    let Some(session) = ask.session.as_deref() else {
        let message = "only a console can have a gate open";
        return Err(Refusal::not_possible(message));
    };
    let now = draft.cx.now;
    let mut gate = draft.still_open(gate)?;
    if let Some(held) = gate.lease.clone().filter(|lease| lease.is_live(now)) {
        if held.session != session {
            if !is_takeover {
                return Err(Refusal::held_by(&gate.key, &held.holder.name));
            }
            take_over(draft, gate, &held, operator, session, purpose);
            return Ok(());
        }
        gate.lease = Some(held.renewed(purpose, now));
        draft.put_gate(gate);
        return Ok(());
    }
    if gate.lease.is_some() {
        gate = lapse(draft, gate);
    }
    gate.lease = Some(Lease::taken(operator.clone(), session.to_owned(), purpose, now));
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let is_timed = stops_something(&gate);
    if is_timed {
        gate.timer = gate.timer.as_ref().map(|timer| timer.stopped(now));
    }
    draft.put_gate(gate);
    if is_timed {
        let (by, purpose) = (&operator.name, purpose.as_str());
        let message = format!("{by}, {purpose}: the timer of {stage} #{attempt} is held");
        let payload = json!({ "attempt": attempt, "by": by, "kind": "lease", "purpose": purpose });
        draft.log(EventType::GateHeld, Some(&stage), message, payload);
    }
    Ok(())
}

/// How a client takes a gate over.
const TAKE_OVER: &str = "PUT its lease with take_over first; the record names both";

/// Whom a command passes over, gate by gate. A session passes over nobody: where another one has a
/// gate open it is refused, until it has taken the gate over. A command or a client has no session,
/// and no way to take a gate over; it goes through, and the record names whose editor or prompt was
/// open.
pub(super) fn overridden(draft: &JobEdit<'_>, ask: &Ask) -> Result<Vec<(GateKey, String)>, Refusal> {
    let gates = match &ask.command {
        // That there is no such gate, or that it was decided, is told by the rule itself.
        Command::Decide { gate, .. }
        | Command::ApplyPatch { gate, .. }
        | Command::UndoPatch { gate, .. }
        | Command::Hold { gate, .. }
        | Command::Release { gate, .. }
        | Command::Extend { gate, .. }
        | Command::Withdraw { gate, .. } => draft.gate(gate).ok().into_iter().collect(),
        Command::Cancel(_) | Command::Complete(_) => draft.rows.gates.clone(),
        Command::StartJob(_)
        | Command::OpenGate { .. }
        | Command::KeepAlive { .. }
        | Command::Resume { .. }
        | Command::Acknowledge(_)
        | Command::Recall { .. }
        | Command::TakeLease { .. }
        | Command::ReleaseLease { .. }
        | Command::MarkSeen { .. }
        | Command::MarkReached { .. } => Vec::new(),
    };
    // Letting a timer run takes nothing from whoever has the gate open: for them it stays stopped.
    let is_refused = !matches!(ask.command, Command::Release { .. });
    let mut overridden = Vec::new();
    for gate in gates.into_iter().filter(|gate| gate.open_or_refuse().is_ok()) {
        let Some(lease) = gate.lease.filter(|lease| lease.is_live(draft.cx.now)) else {
            continue;
        };
        match &ask.session {
            Some(session) if *session == lease.session => {
                overridden.extend(lease.taken_from.map(|name| (gate.key, name)));
            }
            None if is_clients_own(&lease, &ask.by) => {
                overridden.extend(lease.taken_from.map(|name| (gate.key, name)));
            }
            Some(_) if is_refused => {
                let refusal = Refusal::open_elsewhere(&gate.key, &lease);
                return Err(match ask.by.via.surface {
                    Surface::Http => refusal.with_hint(TAKE_OVER),
                    Surface::Console | Surface::Cli | Surface::File | Surface::Timer => refusal,
                });
            }
            Some(_) | None => overridden.push((gate.key, lease.holder.name)),
        }
    }
    Ok(overridden)
}

/// Whether a client that has no session decides in the name in which one took the lease.
fn is_clients_own(lease: &Lease, by: &Operator) -> bool {
    let is_client = |operator: &Operator| operator.via.surface == Surface::Http;
    is_client(&lease.holder) && is_client(by) && lease.holder.name == by.name
}

/// The gate goes from one session to another; the timer stays stopped from when it was, so that
/// taking over adds no time.
fn take_over(
    draft: &mut JobEdit<'_>,
    gate: Gate,
    former: &Lease,
    operator: &Operator,
    session: &str,
    purpose: LeasePurpose,
) {
    let now = draft.cx.now;
    let GateKey { stage, attempt, .. } = gate.key.clone();
    draft.put_gate(Gate {
        lease: Some(Lease {
            taken_from: Some(former.holder.name.clone()),
            ..Lease::taken(operator.clone(), session.to_owned(), purpose, now)
        }),
        ..gate
    });
    let (by, from, was) = (&operator.name, &former.holder.name, former.purpose.as_str());
    let message = format!("{by} takes {stage} #{attempt} over from {from} ({was})");
    let payload = json!({ "attempt": attempt, "by": by, "kind": "lease", "purpose": purpose.as_str(), "from": from });
    draft.log(EventType::GateHeld, Some(&stage), message, payload);
}

pub(super) fn release(draft: &mut JobEdit<'_>, gate: &GateRef, session: Option<&str>) -> Result<(), Refusal> {
    let gate = draft.still_open(gate)?;
    match &gate.lease {
        Some(lease) if Some(lease.session.as_str()) == session => {
            let ended_ago_us = lease.dead_for_us(draft.cx.now);
            end(draft, gate, ended_ago_us, "given back");
            Ok(())
        }
        // It lapsed, or somebody else holds the gate now: there is nothing to give back.
        Some(_) | None => Ok(()),
    }
}

/// Ends a lease whose last heartbeat is too old. Its end is when it died, not when somebody
/// noticed.
pub(super) fn lapse(draft: &mut JobEdit<'_>, gate: Gate) -> Gate {
    let dead_for_us = gate.lease.as_ref().map_or(0, |lease| lease.dead_for_us(draft.cx.now));
    end(draft, gate, dead_for_us, "no heartbeat")
}

fn end(draft: &mut JobEdit<'_>, gate: Gate, ended_ago_us: i64, why: &str) -> Gate {
    let is_timed = stops_something(&gate);
    let Some(lease) = gate.lease.clone() else { return gate };
    let (max_hold_s, grace_s, now) = (gate.policy.max_hold_s, draft.cx.grace_s, draft.cx.now);
    let timer = gate.timer.as_ref().map(|timer| {
        if is_timed {
            timer.started_again(now, ended_ago_us, max_hold_s, grace_s)
        } else {
            timer.clone()
        }
    });
    let gate = Gate {
        lease: None,
        timer,
        ..gate
    };
    draft.put_gate(gate.clone());
    if is_timed {
        let GateKey { stage, attempt, .. } = &gate.key;
        let (by, deadline) = (&lease.holder.name, gate.deadline());
        let payload = json!({ "attempt": attempt, "by": by, "kind": "lease", "why": why, "deadline": deadline });
        let message = format!("{stage} #{attempt} runs again ({by}: {why})");
        draft.log(EventType::GateReleased, Some(stage), message, payload);
    }
    gate
}

/// Whether a lease makes a difference: not where nothing runs, by policy or because a person holds
/// the gate anyway.
fn stops_something(gate: &Gate) -> bool {
    gate.timer
        .as_ref()
        .is_some_and(|timer| timer.held_by_policy_at.is_none() && timer.hold.is_none())
}

/// Notes a look at its first changed line, and what was shown since whenever that is more.
pub(super) fn mark_seen(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    digest: Digest,
    extent: Extent,
) -> Result<(), Refusal> {
    let mut gate = draft.still_open(gate)?;
    let (seen, is_kept) = gate.note_look(&operator.name, digest, extent, draft.cx.now.utc);
    if !is_kept {
        return Ok(());
    }
    let GateKey { stage, attempt, .. } = gate.key.clone();
    draft.put_gate(gate);
    let Some(seen) = seen else {
        return Ok(());
    };
    let shown = seen.hunks_shown;
    let (by, version, how_much) = (&seen.by, digest.short(), seen.shown_words());
    let message = format!("{by} looked at {stage} #{attempt} ({version}): {how_much}");
    let payload =
        json!({ "attempt": attempt, "by": by, "digest": digest, "hunks": extent.hunks, "hunks_shown": shown });
    draft.log(EventType::GateSeen, Some(&stage), message, payload);
    Ok(())
}
