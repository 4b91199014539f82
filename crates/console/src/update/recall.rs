//! Decisions of this console that may be taken back, and taking them back.

use crate::effect::Effect;
use crate::facts::recall::targets;
use crate::model::Model;
use crate::model::outgoing::{Made, Sent};
use crate::update::outgoing::{other_sent, send};
use crate::update::slips::HELD_US;
use domain::ask::Command;
use domain::key::{GateKey, GateRef};
use engine::api::Receipt;

/// At most so many decisions, or questions about several gates, are remembered.
const MADE_MAX: usize = 20;

/// Notes a decision that may be taken back.
pub(crate) fn made(model: &mut Model, key: &GateKey, sent: &Sent, receipt: &Receipt) {
    let gate = receipt.rows.gate(&key.stage, key.attempt);
    let Some(window) = gate.and_then(|gate| gate.recall.as_deref()) else {
        return;
    };
    let gate = (key.clone(), sent.subject.clone(), window.clone());
    let made = &mut model.outgoing.made;
    let is_same = |made: &Made| made.part_of.is_some() && made.part_of == sent.part_of;
    let gates = match made.iter().position(is_same) {
        Some(index) => made.remove(index).gates,
        None => Vec::new(),
    };
    if made.len() >= MADE_MAX {
        made.remove(0);
    }
    made.push(Made {
        gates: [gates, vec![gate]].concat(),
        part_of: sent.part_of,
        told_at: model.now.utc,
    });
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
