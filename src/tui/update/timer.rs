//! A gate's timer under somebody's hands: holding it, giving it time, and taking a gate over from whoever has it open.

use super::super::editor::Editor;
use super::super::effect::Effect;
use super::super::model::Model;
use super::super::model::prompt::{Prompt, TimerAsk, TimerIntent};
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::super::view::label;
use super::prompt::{NOT_DRAWN, gone, is_too_small, other_sent, refuse};
use super::{gate_ref, keep, send, toast};
use crate::domain::gate::GateKey;
use crate::domain::refusal::Refusal;
use crate::domain::time::parse_span_s;
use crate::domain::timer::GateTimer;
use crate::domain::view::QueueRow;
use crate::engine::api::Command;

/// Asks before the timer of the selected gate is stopped; where a person holds it, before it runs again.
pub fn open_hold(model: &mut Model) {
    let is_held = |row: &QueueRow| row.timer.as_ref().is_some_and(|timer| timer.hold.is_some());
    let intent = match model.queue.current().is_some_and(is_held) {
        true => TimerIntent::Release,
        false => TimerIntent::Hold,
    };
    open(model, intent);
}

/// Asks for how much longer the selected gate is to wait.
pub fn open_extend(model: &mut Model) {
    open(model, TimerIntent::Extend);
}

fn open(model: &mut Model, intent: TimerIntent) {
    let what = intent.not_done();
    if is_too_small(model, what) {
        return;
    }
    let (key, label) = match timed(model, intent) {
        Ok(found) => found,
        Err((why, hint)) => return refuse(model, what, &why, &hint),
    };
    let revision = model.next_number();
    model.prompt = Some(Prompt::Timer(Box::new(TimerAsk {
        key,
        label,
        intent,
        typed: Editor::of_line(""),
        revision,
        is_drawn: false,
        problem: None,
        sent: None,
    })));
}

/// The selected gate and its label, or why its timer cannot be touched.
fn timed(model: &Model, intent: TimerIntent) -> Result<(GateKey, String), (String, String)> {
    if model.session.is_read_only {
        return Err(("this console only reads".to_owned(), String::new()));
    }
    let Some(RowKey::Gate(key)) = model.queue.selected() else {
        return Err((
            "no open gate is selected".to_owned(),
            "select one with j and k".to_owned(),
        ));
    };
    if let Some(why) = gone(model, key) {
        return Err((why, String::new()));
    }
    if model.writing(key).is_some() {
        return Err((format!("a decision on {key} is being written"), String::new()));
    }
    let Some(row) = model.queue.gate(key) else {
        return Err((format!("{key} is no longer open"), String::new()));
    };
    let Some(timer) = &row.timer else {
        let hint = "it waits for a person, however long that takes";
        return Err((format!("{key} has no timer"), hint.to_owned()));
    };
    if timer.held_by_policy_at.is_some() {
        return Err(told(Refusal::held_by_policy(key)));
    }
    if intent != TimerIntent::Release && addable_us(model, row, timer) == 0 {
        return Err(told(Refusal::hold_used_up(key, row.max_hold_s)));
    }
    Ok((key.clone(), label::gate(key, &row.slug)))
}

fn told(refusal: Refusal) -> (String, String) {
    (refusal.message, refusal.hint.unwrap_or_default())
}

fn addable_us(model: &Model, row: &QueueRow, timer: &GateTimer) -> i64 {
    timer.addable_us(model.now, row.max_hold_s)
}

/// Enter. Returns whether the question stays.
pub fn accept(model: &mut Model, ask: &mut TimerAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.sent.is_some() {
        return true;
    }
    if !ask.is_drawn {
        toast(model, Tone::Info, NOT_DRAWN);
        return true;
    }
    let gate = gate_ref(&ask.key);
    let typed = ask.typed.text();
    let reason = (!ask.typed.is_blank()).then(|| typed.trim().to_owned());
    let command = match ask.intent {
        TimerIntent::Hold => Command::Hold { gate, reason },
        TimerIntent::Release => Command::Release { gate, reason },
        TimerIntent::Extend => match parse_span_s(&typed) {
            Ok(seconds) => Command::Extend {
                gate,
                seconds,
                expected: None,
            },
            Err(why) => {
                ask.problem = Some(why);
                return true;
            }
        },
    };
    let sent = other_sent(ask.intent.done(), ask.intent.not_done(), &ask.label);
    ask.sent = Some(send(model, sent, command, fx));
    true
}

/// Takes the gate of the prompt or the editor over from whoever else has it open.
pub fn take_over(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some((key, purpose)) = keep::wanted(model).into_iter().next() else {
        return;
    };
    let Some(name) = model.lease_of_other(&key).map(|lease| lease.holder.name.clone()) else {
        return toast(model, Tone::Info, "Nobody else has it open");
    };
    let subject = format!("{key} from {name}");
    let command = Command::TakeLease {
        gate: gate_ref(&key),
        purpose,
        is_takeover: true,
    };
    let mut sent = other_sent("Taken over", "Not taken over", &subject);
    sent.leases = Some(key);
    send(model, sent, command, fx);
}
