//! What a last call does here: it rings, names itself in the title, is held by one key, and the
//! record is told that it stood on this screen.

use std::collections::HashSet;

use crate::action::Action;
use crate::effect::{Attention, Effect};
use crate::facts::{label, last_call};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::prompt::TimerIntent;
use crate::update::outgoing::{other_sent, readable, send, send_quietly, tell};
use crate::update::slips::HELD_US;
use domain::ask::Command;
use domain::event::{Event, EventType};
use domain::key::{GateKey, GateRef};
use domain::time::SECOND_US;

/// What is told as the reason of such a hold.
const REASON: &str = "last call";
/// The key means the gate that has stood in the strip for so long: one that has just come there was
/// read by nobody.
const STANDS_US: i64 = 300_000;
/// What was not noted is told once more after so long.
const TELL_AGAIN_US: i64 = 10 * SECOND_US;

/// What is called within this time is one batch, and rings once.
const RINGS_US: i64 = SECOND_US / 5;

/// Holds the gate that the strip names; a held key holds one.
pub(crate) fn hold(model: &mut Model, fx: &mut Vec<Effect>) {
    let boot_us = model.now.boot_us;
    let former_us = model.last_calls.pressed_boot_us.replace(boot_us);
    let Some((row, _)) = last_call::standing(model).next() else {
        return;
    };
    let name = last_call::name(row);
    let Some(key) = crate::model::queue::RowKey::of(row).gate() else {
        return;
    };
    let stood = model
        .last_calls
        .stands
        .as_ref()
        .filter(|(standing, _)| *standing == key);
    if stood.is_none_or(|(_, since_us)| boot_us - since_us < STANDS_US) {
        let pressed = keymap::key_in(Focus::Queue, Action::HoldCalled);
        return tell(
            model,
            format!("{pressed} came before the last call of {name} had stood there"),
        );
    }
    if former_us.is_some_and(|former_us| boot_us - former_us < HELD_US) {
        return;
    }
    let words = TimerIntent::Hold.words();
    let command = Command::Hold {
        gate: GateRef::from(&key),
        reason: Some(REASON.to_owned()),
    };
    send(model, other_sent(words.done, words.not_done, &name), command, fx);
}

/// A frame with these last calls is on the terminal.
pub(crate) fn drawn(model: &mut Model, called: Vec<GateKey>, fx: &mut Vec<Effect>) {
    let boot_us = model.now.boot_us;
    let calls = &mut model.last_calls;
    calls.stands = match (calls.stands.take(), called.first()) {
        (Some((standing, since_us)), Some(first)) if standing == *first => Some((standing, since_us)),
        (_, first) => first.map(|first| (first.clone(), boot_us)),
    };
    let named: HashSet<&GateKey> = called.iter().collect();
    calls.told.retain(|key, _| named.contains(key));
    for key in called {
        if !model.session.takes_part_at(&key.stage) {
            continue;
        }
        let timer = model.queue.gate(&key).and_then(|row| row.timer.as_ref());
        let is_told = |at_us: &i64| boot_us - at_us < TELL_AGAIN_US;
        if timer.is_none_or(|timer| timer.is_reached()) || model.last_calls.told.get(&key).is_some_and(is_told) {
            continue;
        }
        let gate = GateRef::from(&key);
        model.last_calls.told.insert(key, boot_us);
        send_quietly(model, None, Command::MarkReached { gate }, fx);
    }
}

/// A last call was said: the terminal rings.
pub(crate) fn called(model: &mut Model, event: &Event, fx: &mut Vec<Effect>) {
    if event.kind != EventType::LastCall {
        return;
    }
    // Of many at once the first rings; the strip says how many more there are.
    let boot_us = model.now.boot_us;
    let has_rung = |at_us: i64| boot_us - at_us < RINGS_US;
    if model.last_calls.rung_boot_us.is_some_and(has_rung) {
        return;
    }
    model.last_calls.rung_boot_us = Some(boot_us);
    if model.session.attends("bell") {
        fx.push(Effect::Attend(Attention::Bell));
    }
    if model.session.attends("notify") {
        let row = model.queue.present().find(|row| row.job_id == event.job_id);
        let job = label::job(&event.job_id, row.map_or("", |row| &row.slug));
        let text = format!("{job}: {}", readable(model, &event.message));
        fx.push(Effect::Attend(Attention::Notify(text)));
    }
}

/// The title names what is in its last call, and nothing when nothing is.
pub(crate) fn retitle(model: &mut Model, fx: &mut Vec<Effect>) {
    if !model.session.attends("title") {
        return;
    }
    let named = last_call::standing(model).next();
    let title = named.map(|(row, _)| format!("LAST CALL {}", last_call::name(row)));
    if model.last_calls.title != title {
        model.last_calls.title.clone_from(&title);
        fx.push(Effect::Attend(Attention::Title(title)));
    }
}
