//! What must hold after every message, derived from the model: the lease, the look, the scroll positions.
//!
//! A lease is never taken or given back by a key: it follows from which prompt or editor is open.

use super::super::effect::Effect;
use super::super::keymap::Focus;
use super::super::layout;
use super::super::model::prompt::{ConfirmState, Prompt};
use super::super::model::{LeaseHeld, Lower, Model};
use super::super::view::countdown;
use super::{compose, files, gate_ref, outcome, send_quietly};
use crate::domain::gate::{GateKey, GateState};
use crate::domain::lease::{HEARTBEAT_S, LeasePurpose, PRESENCE_S};
use crate::domain::time::SECOND_US;
use crate::engine::api::Command;

/// Makes everything hold.
pub fn keep(model: &mut Model, fx: &mut Vec<Effect>) {
    outcome::recheck(model);
    compose::keep_checked(model, fx);
    files::keep_since_read(model);
    files::keep_reading(model, fx);
    keep_lease(model, fx);
    keep_seen(model, fx);
    keep_queue(model);
}

/// Scrolls the queue: to the selected row, and while something is being written to the gates whose last minute runs.
pub fn keep_queue(model: &mut Model) {
    let rows = layout::of(model).queue_rows();
    model.queue.scroll_to_selected(rows);
    if model.compose.is_none() && model.prompt.is_none() {
        return;
    }
    let Some(urgent) = countdown::urgent_places(model) else {
        return;
    };
    // The prompt and the editor name their gate: where both find no room, the one that the clock decides is shown.
    let place = model.queue.place().unwrap_or(urgent.start);
    let (first, end) = (urgent.start.min(place), urgent.end.max(place + 1));
    let both = first..end;
    let shown = if both.len() <= rows { both } else { urgent };
    if shown.start < model.queue.top || shown.len() > rows {
        model.queue.top = shown.start;
    } else if shown.end > model.queue.top + rows {
        model.queue.top = shown.end - rows;
    }
}

fn wanted(model: &Model) -> Option<(GateKey, LeasePurpose)> {
    if model.session.is_read_only {
        return None;
    }
    if let Some(compose) = &model.compose
        && compose.closed.is_none()
    {
        return Some((compose.pin.key.clone(), LeasePurpose::Compose));
    }
    if let Some(Prompt::Confirm(confirm)) = &model.prompt {
        return match confirm.state {
            ConfirmState::Asking | ConfirmState::Writing(_) => Some((confirm.pin.key.clone(), LeasePurpose::Prompt)),
            ConfirmState::Refused(..) => None,
        };
    }
    None
}

/// Takes, renews or gives back the lease.
pub fn keep_lease(model: &mut Model, fx: &mut Vec<Effect>) {
    let wanted = wanted(model);
    let held = model.lease.as_ref().map(|lease| (lease.key.clone(), lease.purpose));
    let boot = model.now.boot_us;
    if held == wanted {
        // Keys that go to the operator's own editor are not seen here; it lives as long as somebody has not left it.
        let is_away = model.away.is_some();
        let is_present = is_away || boot - model.key_boot_us < PRESENCE_S as i64 * SECOND_US;
        let is_due = |beat: i64| boot - beat >= HEARTBEAT_S as i64 * SECOND_US;
        if let Some(lease) = &mut model.lease
            && is_due(lease.beat_boot_us)
        {
            lease.beat_boot_us = boot;
            // A live process is not a present person: without a key the lease dies by itself.
            if is_present {
                let command = Command::TakeLease {
                    gate: gate_ref(&lease.key),
                    purpose: lease.purpose,
                    is_takeover: false,
                };
                send_quietly(model, command, fx);
            }
        }
        return;
    }
    let same_gate = matches!((&held, &wanted), (Some((a, _)), Some((b, _))) if a == b);
    if let Some((key, _)) = held
        && !same_gate
    {
        send_quietly(model, Command::ReleaseLease { gate: gate_ref(&key) }, fx);
    }
    model.lease = wanted.map(|(key, purpose)| LeaseHeld {
        key,
        purpose,
        beat_boot_us: boot,
        refusal: None,
    });
    if let Some(lease) = &model.lease {
        let command = Command::TakeLease {
            gate: gate_ref(&lease.key),
            purpose: lease.purpose,
            is_takeover: false,
        };
        send_quietly(model, command, fx);
    }
}

/// A diff that was on the screen this long was looked at, if somebody was there.
const LOOK_US: i64 = 3 * SECOND_US;
/// Somebody is there this long after a key.
const LOOK_KEY_US: i64 = 60 * SECOND_US;

/// Microseconds until the diff on screen counts as looked at; none when it does not, or did already.
pub fn look_wake_us(model: &Model) -> Option<i64> {
    let view = model.gate.as_ref()?;
    let (digest, since) = view.drawn_since?;
    let boot = model.now.boot_us;
    let is_open = view.gate().is_some_and(|gate| gate.state == GateState::Open);
    let is_reportable = is_open && view.shown_digest() == Some(digest) && view.seen_sent != Some(digest);
    let is_pending = !model.session.is_read_only && is_reportable && is_attended(model);
    is_pending.then_some((since + LOOK_US - boot).max(0))
}

fn is_attended(model: &Model) -> bool {
    model.now.boot_us.saturating_sub(model.key_boot_us) < LOOK_KEY_US
}

/// Reports a look. A row that the selection merely passed was not looked at: the diff has the keys, a prompt or the editor was
/// opened on it, or it was on the screen for a while with somebody there.
pub fn keep_seen(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.session.is_read_only {
        return;
    }
    let is_in_diff = model.pane_focus() == Focus::Diff && model.lower == Lower::Gate;
    let is_asked = matches!(model.prompt, Some(Prompt::Confirm(_)));
    let is_looked_at = look_wake_us(model) == Some(0);
    if !is_in_diff && !is_asked && model.compose.is_none() && !is_looked_at {
        return;
    }
    let Some(gate) = &mut model.gate else {
        return;
    };
    let is_open = gate.gate().is_some_and(|gate| gate.state == GateState::Open);
    let digest = gate.shown_digest();
    if !is_open || digest.is_none() || gate.seen_sent == digest {
        return;
    }
    gate.seen_sent = digest;
    if let Some(digest) = digest {
        let command = Command::MarkSeen {
            gate: gate_ref(&gate.key),
            digest,
        };
        send_quietly(model, command, fx);
    }
}
