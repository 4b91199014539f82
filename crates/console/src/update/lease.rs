//! Leases: taken, renewed and given back. Never by a key: they follow from which prompt or editor
//! is open.

use crate::action::Action;
use crate::effect::Effect;
use crate::facts::lease::{open_elsewhere, wanted};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::outgoing::LeaseHeld;
use crate::model::toast::Tone;
use crate::update::outgoing::{other_sent, send, send_quietly, toast};
use domain::ask::Command;
use domain::key::{GateKey, GateRef};
use domain::lease::{HEARTBEAT_S, PRESENCE_S};
use domain::time::SECOND_US;

/// A lease that somebody else had is asked for again this long after they gave it back.
const AGAIN_US: i64 = SECOND_US;

/// Microseconds after which a lease is asked for again.
pub(crate) fn beat_us(model: &Model, key: &GateKey, lease: &LeaseHeld) -> i64 {
    let is_free_again = lease.is_refused && model.lease_of_other(key).is_none();
    if is_free_again {
        AGAIN_US
    } else {
        HEARTBEAT_S as i64 * SECOND_US
    }
}

/// Microseconds until a lease must be renewed; none without leases.
pub(crate) fn lease_wake_us(model: &Model) -> Option<i64> {
    let boot = model.now.boot_us;
    let wakes = model.outgoing.leases.iter();
    wakes
        .map(|(key, lease)| lease.beat_boot_us + beat_us(model, key, lease) - boot)
        .min()
}

/// Takes, renews or gives back leases.
pub(crate) fn keep_lease(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.outgoing.leases.is_empty() && model.prompt.is_none() && model.compose.is_none() {
        return;
    }
    let wanted = wanted(model);
    let boot = model.now.boot_us;
    let leases = &mut model.outgoing.leases;
    let gone: Vec<_> = leases.extract_if(.., |key, _| !wanted.contains_key(key)).collect();
    release(model, gone, fx);
    // Keys that go to the operator's own editor are not seen here; it lives as long as nobody has
    // left it.
    let has_key = |key_us: i64| boot - key_us < PRESENCE_S as i64 * SECOND_US;
    let is_present = model.keys.away.is_some() || model.keys.presence.key_boot_us.is_some_and(has_key);
    for (key, purpose) in wanted {
        let former = model.outgoing.leases.get(&key).filter(|lease| lease.purpose == purpose);
        let is_due = former.is_none_or(|lease| boot - lease.beat_boot_us >= beat_us(model, &key, lease));
        // A live process is not a present person: without a key the lease dies by itself.
        let is_asked = former.is_none() || is_present;
        if !is_due {
            continue;
        }
        let lease = model.outgoing.leases.entry(key.clone()).or_insert(LeaseHeld {
            purpose,
            beat_boot_us: boot,
            taken_at: None,
            is_refused: false,
            is_lost: false,
        });
        (lease.purpose, lease.beat_boot_us) = (purpose, boot);
        if is_asked {
            let command = Command::TakeLease {
                gate: (&key).into(),
                purpose,
                is_takeover: false,
            };
            send_quietly(model, Some(key), command, fx);
        }
    }
}

/// Takes what the prompt or the editor is about over from whoever else has it open.
pub(crate) fn take_over(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_drawn = model.prompt.as_ref().is_some_and(|prompt| prompt.is_drawn);
    if model.ask_mut().is_some_and(|ask| !ask.takes_over(is_drawn)) {
        // What the key would do now stands there first.
        return model.ask_again();
    }
    for (key, purpose) in open_elsewhere(model) {
        let Some(name) = model.lease_of_other(&key).map(|lease| lease.holder.name.clone()) else {
            continue;
        };
        let subject = format!("{key} from {name}");
        let command = Command::TakeLease {
            gate: GateRef::from(&key),
            purpose,
            is_takeover: true,
        };
        let mut sent = other_sent("Taken over", "Not taken over", &subject);
        sent.leases = Some(key);
        send(model, sent, command, fx);
    }
}

/// Gives every lease back: for the moment before the process leaves or stops, when nobody is at it
/// any more.
pub(crate) fn release_leases(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let all = std::mem::take(&mut model.outgoing.leases);
    release(model, all, &mut effects);
    effects
}

fn release(model: &mut Model, leases: impl IntoIterator<Item = (GateKey, LeaseHeld)>, fx: &mut Vec<Effect>) {
    // A decided gate has no lease any more.
    let own = model.outgoing.own.clone();
    for (key, _) in leases.into_iter().filter(|(key, _)| !own.contains(key)) {
        send_quietly(model, None, Command::ReleaseLease { gate: (&key).into() }, fx);
    }
}

/// Tells the one who lost a gate, at once: somebody else took it over while the prompt or the
/// editor was open here.
pub(crate) fn tell_lost(model: &mut Model) {
    if model.outgoing.leases.is_empty() {
        return;
    }
    let mut lost = Vec::new();
    for (key, own) in &model.outgoing.leases {
        // The row may be older than our own lease: the later of the two counts.
        if let Some(other) = model.lease_of_other(key)
            && own.taken_at.is_some_and(|taken_at| other.taken_at > taken_at)
        {
            lost.push((key.clone(), other.holder.name.clone()));
        }
    }
    let back = keymap::key_in(Focus::Confirm, Action::TakeOver);
    for (key, name) in lost {
        let text = format!("{name} took {key} over from you   hint: what you wrote is kept; {back} takes it back");
        if let Some(lease) = model.outgoing.leases.get_mut(&key) {
            (lease.taken_at, lease.is_refused, lease.is_lost) = (None, true, true);
        }
        toast(model, Tone::Error, text);
    }
}
