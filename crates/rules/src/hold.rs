//! Holds and extensions: what a person does to a gate's timer on purpose (SPEC §3). Named, logged,
//! bounded by `max_hold_s`.

use serde_json::json;

use domain::event::{EventType, HOLD_KIND};
use domain::gate::Gate;
use domain::hold::Hold;
use domain::key::GateKey;
use domain::operator::Operator;
use domain::refusal::{Refusal, RefusalCode};
use domain::time::{Timestamp, clock_time};
use domain::timer::GateTimer;
use text::words::duration;

use super::job_edit::JobEdit;
use super::lease;
use domain::key::GateRef;

/// The open gate, and its timer that a person may stop or move.
fn timed(draft: &mut JobEdit<'_>, wanted: &GateRef) -> Result<(Gate, GateTimer), Refusal> {
    let gate = draft.still_open(wanted)?;
    let now = draft.cx.now;
    let gate = if gate.lease.as_ref().is_some_and(|lease| !lease.is_live(now)) {
        lease::lapse(draft, gate)
    } else {
        gate
    };
    let timer = GateTimer::in_hands(gate.timer.as_ref(), &gate.key)?.clone();
    Ok((gate, timer))
}

/// The most bytes of a reason: it stands in an event's line, not in a file of its own.
const REASON_BYTES_MAX: usize = 4096;

/// The reason as it is recorded; blank is none.
pub(super) fn fitting(reason: Option<&str>) -> Result<Option<&str>, Refusal> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    match reason.map_or(0, str::len) {
        bytes if bytes > REASON_BYTES_MAX => {
            let message = format!("the reason has {bytes} bytes; at most {REASON_BYTES_MAX} are kept");
            Err(Refusal::invalid(message).with_hint("shorten it").at("reason"))
        }
        _ => Ok(reason),
    }
}

pub(super) fn words(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Stops the timer. Asked again by its holder it stays as it is, and may get another reason.
pub(super) fn hold(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let reason = fitting(reason)?;
    let (gate, timer) = timed(draft, gate)?;
    if let Some(held) = &timer.hold {
        if held.holder.name == operator.name {
            return reword(draft, gate, &timer, held, reason);
        }
        return Err(Refusal::held_already(&gate.key, held));
    }
    let max_s = timer.addable_or_refuse(&gate.key, draft.cx.now, gate.policy.max_hold_s)?;
    let now = draft.cx.now;
    let hold = Hold {
        holder: operator.clone(),
        taken_at: now.utc,
        reason: reason.map(str::to_owned),
    };
    let timer = GateTimer {
        hold: Some(Box::new(hold)),
        ..timer.stopped(now)
    };
    let GateKey { stage, attempt, .. } = gate.key.clone();
    draft.put_timer(gate, timer);
    let (by, at_most, why) = (&operator.name, duration(max_s), words(reason));
    let message = format!("{by} holds the timer of {stage} #{attempt}, at most {at_most}{why}");
    let payload =
        json!({ "attempt": attempt, "by": operator.name, "kind": HOLD_KIND, "max_s": max_s, "reason": reason });
    draft.log(EventType::GateHeld, Some(&stage), message, payload);
    Ok(())
}

/// A hold by its own holder, with another reason: that is what it stands for now. Nothing else
/// changes: a repeated key or a retried request adds nothing.
fn reword(
    draft: &mut JobEdit<'_>,
    gate: Gate,
    timer: &GateTimer,
    held: &Hold,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    if reason.is_none() || held.reason.as_deref() == reason {
        return Ok(());
    }
    // A hold that is used up stops nothing any more.
    timer.addable_or_refuse(&gate.key, draft.cx.now, gate.policy.max_hold_s)?;
    let hold = Hold {
        reason: reason.map(str::to_owned),
        ..held.clone()
    };
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let (by, why) = (held.holder.name.clone(), words(reason));
    let timer = GateTimer {
        hold: Some(Box::new(hold)),
        ..timer.clone()
    };
    draft.put_timer(gate, timer);
    let message = format!("{by} still holds the timer of {stage} #{attempt}{why}");
    // Of another kind: what is counted as a hold was counted when it began.
    let payload = json!({ "attempt": attempt, "by": by, "kind": "reason", "reason": reason });
    draft.log(EventType::GateHeld, Some(&stage), message, payload);
    Ok(())
}

/// Lets the timer run again with the time that was left, at least a minute (SPEC §3). Anybody may:
/// the holder may be asleep.
pub(super) fn release(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    reason: Option<&str>,
) -> Result<(), Refusal> {
    let reason = fitting(reason)?;
    let (gate, timer) = timed(draft, gate)?;
    let Some(held) = timer.hold.clone() else {
        let refusal = Refusal::wrong_state(format!("nobody holds {}", gate.key));
        let refusal = refusal.at(gate.key.to_string());
        return Err(match gate.lease.map(|lease| lease.holder.name) {
            Some(who) => refusal.with_hint(format!(
                "{who} has it open; that ends by itself when the editor or prompt closes"
            )),
            None => refusal,
        });
    };
    let now = draft.cx.now;
    let timer = match &gate.lease {
        // Somebody is at it: the stop goes on, and with it the count of what persons have added.
        Some(_) => GateTimer { hold: None, ..timer },
        None => timer.started_again(now, 0, gate.policy.max_hold_s, draft.cx.grace_s),
    };
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let deadline = timer.deadline;
    draft.put_timer(gate, timer);
    let of = match held.holder.name == operator.name {
        true => String::new(),
        false => format!(", which {} held", held.holder.name),
    };
    let message = format!("{} releases {stage} #{attempt}{of}{}", operator.name, words(reason));
    let payload = json!({
        "attempt": attempt, "by": operator.name, "kind": HOLD_KIND, "holder": held.holder.name, "held_at": held.taken_at,
        "deadline": deadline, "reason": reason,
    });
    draft.log(EventType::GateReleased, Some(&stage), message, payload);
    Ok(())
}

/// Moves the deadline by so many seconds, as far as the bound allows. With `expected`, only when it
/// is the deadline that the caller saw.
pub(super) fn extend(
    draft: &mut JobEdit<'_>,
    gate: &GateRef,
    operator: &Operator,
    seconds: u64,
    expected: Option<Timestamp>,
) -> Result<(), Refusal> {
    let (gate, timer) = timed(draft, gate)?;
    if let Some(expected) = expected.filter(|expected| *expected != timer.deadline) {
        let message = format!("the deadline of {} is {}, not {expected}", gate.key, timer.deadline);
        return Err(Refusal::new(RefusalCode::DeadlineMoved, message)
            .with_hint("it was moved meanwhile, maybe by this request when it was sent before")
            .at("expect_deadline"));
    }
    if seconds == 0 {
        return Err(Refusal::invalid("0:00 moves nothing")
            .with_hint("name the seconds to add")
            .at("seconds"));
    }
    let max_s = timer.addable_or_refuse(&gate.key, draft.cx.now, gate.policy.max_hold_s)?;
    if seconds > max_s {
        let (wanted, left, all) = (duration(seconds), duration(max_s), duration(gate.policy.max_hold_s));
        let message = format!("{wanted} are more than may still be added to {}: {left}", gate.key);
        return Err(Refusal::wrong_state(message)
            .with_hint(format!("persons may add {all} to this gate altogether (max_hold_s)"))
            .at("seconds"));
    }
    let timer = timer.extended(draft.cx.now, seconds, draft.cx.grace_s);
    let GateKey { stage, attempt, .. } = gate.key.clone();
    let deadline = timer.deadline;
    draft.put_timer(gate, timer);
    let (by, more, until) = (&operator.name, duration(seconds), clock_time(deadline));
    let message = format!("{by} gives {stage} #{attempt} {more} more: until {until}");
    let payload = json!({ "attempt": attempt, "by": operator.name, "seconds": seconds, "deadline": deadline });
    draft.log(EventType::GateExtended, Some(&stage), message, payload);
    Ok(())
}
