//! Decisions of this console that may be taken back, and taking them back.

use crate::effect::Effect;
use crate::facts::recall::targets;
use crate::model::Model;
use crate::model::outgoing::{Made, Sent};
use crate::update::outgoing::{other_sent, send};
use crate::update::slips::HELD_US;
use domain::ask::Command;
use domain::key::{GateKey, GateRef};
use domain::time::SECOND_US;
use engine::api::Receipt;

/// At most so many decisions, or bulks, are remembered.
const MADE_MAX: usize = 20;

/// The answers of one bulk come together.
const TOGETHER_US: i64 = 5 * SECOND_US;

/// Notes a decision that may be taken back.
pub(crate) fn made(model: &mut Model, key: &GateKey, sent: &Sent, receipt: &Receipt) {
    let gate = receipt.rows.gate(&key.stage, key.attempt);
    let Some(window) = gate.and_then(|gate| gate.recall.as_deref()) else {
        return;
    };
    let at = model.now.utc;
    let gate = (key.clone(), sent.subject.clone(), window.clone());
    let made = &mut model.outgoing.made;
    match made.last_mut() {
        Some(last) if last.is_bulk && sent.is_part && at.us_since(last.told_at) < TOGETHER_US => {
            last.gates.push(gate);
            last.told_at = at;
        }
        Some(_) | None => {
            if made.len() >= MADE_MAX {
                made.remove(0);
            }
            made.push(Made {
                gates: vec![gate],
                is_bulk: sent.is_part,
                told_at: at,
            });
        }
    }
}

/// U: nothing has moved, so nothing is asked first. A held key takes back one decision, or bulk.
pub(crate) fn take_back(model: &mut Model, fx: &mut Vec<Effect>) {
    let boot_us = model.now.boot_us;
    let former_us = model.outgoing.took_back_boot_us.replace(boot_us);
    if former_us.is_some_and(|former_us| boot_us - former_us < HELD_US) {
        return;
    }
    for (key, label) in targets(model) {
        for made in &mut model.outgoing.made {
            made.gates.retain(|(of, ..)| *of != key);
        }
        let sent = other_sent("Took back the decision on", "Not taken back", &label);
        let gate = GateRef::from(&key);
        send(model, sent, Command::Recall { gate }, fx);
    }
    model.outgoing.made.retain(|made| !made.gates.is_empty());
}
