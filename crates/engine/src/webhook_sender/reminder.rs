//! Reminders: an open gate is told of once more, before its deadline or after so long without a
//! decision.

use serde_json::Value;

use config::Webhook;
use domain::event::Event;
use domain::gate::GateState;
use domain::time::{SECOND_US, Timestamp};
use domain::timer::TimerStatus;
use domain::webhook::{Delivery, DeliveryKind};
use store::Reader;
use wire::DocumentContext;

use super::body::{self, BodyError, Telling};

/// The reminder before the deadline.
const BEFORE: u32 = 1;
/// The reminder after so long without a decision.
const AFTER: u32 = 2;
/// How soon a stopped timer is looked at again: it may run again at any time.
const STOPPED_US: i64 = 30 * SECOND_US;

/// Whether a reminder is due.
pub(super) enum Due {
    /// It is, and this is what it says.
    Now(String),
    /// The deadline has moved, or the timer stands.
    Later(Timestamp),
    /// Nothing waits any more.
    Never,
}

/// The reminders of a gate that has opened, and when each is to be looked at first.
pub(super) fn first(webhook: &Webhook, opened: &Event) -> Vec<(u32, Timestamp)> {
    let mut all = Vec::new();
    let deadline = opened.payload.get("deadline").and_then(Value::as_str);
    if let (Some(seconds), Some(deadline)) = (webhook.remind_before_s, deadline.and_then(Timestamp::parse)) {
        let due_at = before(deadline, seconds);
        // A window that is shorter than that begins with the opening itself.
        if due_at > opened.ts {
            all.push((BEFORE, due_at));
        }
    }
    if let Some(seconds) = webhook.remind_after_s {
        all.push((AFTER, opened.ts.plus_s(seconds)));
    }
    all
}

fn before(deadline: Timestamp, seconds: u64) -> Timestamp {
    let us = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
    deadline.plus_us(us.saturating_neg())
}

/// Looks at the gate of a reminder.
pub(super) fn look(
    webhook: &Webhook,
    reader: &Reader,
    reminder: &Delivery,
    telling: Telling<'_>,
    lens: DocumentContext<'_>,
) -> Result<Due, BodyError> {
    let opened = reader.events(None, reminder.seq.saturating_sub(1), 1, false)?;
    let Some(opened) = opened.first().filter(|event| event.seq == reminder.seq) else {
        return Ok(Due::Never);
    };
    let Some(rows) = reader.job(&opened.job_id)? else {
        return Ok(Due::Never);
    };
    let Some(gate) = body::gate_of(opened, &rows).filter(|gate| gate.state == GateState::Open) else {
        return Ok(Due::Never);
    };
    if reminder.part == BEFORE {
        let Some(timer) = &gate.timer else {
            return Ok(Due::Never);
        };
        let lease = gate.lease.as_ref().filter(|lease| lease.is_live(lens.now));
        let seconds = webhook.remind_before_s.unwrap_or_default();
        let later = match timer.status(lease, lens.now, gate.policy.max_hold_s, lens.grace_s) {
            TimerStatus::HeldByPolicy => return Ok(Due::Never),
            TimerStatus::Running(at) | TimerStatus::Overdue(at) => before(at, seconds),
            TimerStatus::Leased(at) | TimerStatus::Held(at) => {
                before(at, seconds).min(lens.now.utc.plus_us(STOPPED_US))
            }
        };
        if later > lens.now.utc {
            return Ok(Due::Later(later));
        }
    }
    let kind = DeliveryKind::GateReminder;
    Ok(Due::Now(body::of(
        telling,
        &reminder.id,
        kind,
        opened,
        &rows,
        reader,
        lens,
    )?))
}
