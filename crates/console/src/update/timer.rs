//! A gate's timer under somebody's hands: holding it, giving it time, and taking a gate over from
//! whoever has it open.

use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::command::of_timer;
use crate::facts::{lease, verb};
use crate::model::Model;
use crate::model::preview::Foreseen;
use crate::model::prompt::{PromptKind, TimerAsk, TimerIntent};
use crate::update::outgoing::{other_sent, send};
use domain::ask::Command;

/// Asks before the timer of the selected gate is stopped, moved or let run again.
pub(crate) fn open(model: &mut Model, intent: TimerIntent) {
    let Ok((key, label)) = verb::timed(model, intent) else {
        return;
    };
    model.preview = Foreseen::default();
    model.put(PromptKind::Timer(Box::new(TimerAsk {
        key,
        label,
        intent,
        typed: Editor::of_line(""),
        sent: None,
    })));
}

/// Enter. Returns whether the question stays.
pub(crate) fn accept(model: &mut Model, ask: &mut TimerAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.sent.is_some() {
        return true;
    }
    if let Ok(command) = of_timer(ask) {
        let sent = other_sent(ask.intent.done(), ask.intent.not_done(), &ask.label);
        ask.sent = Some(send(model, sent, command, fx));
    }
    true
}

/// Takes what the prompt or the editor is about over from whoever else has it open.
pub(crate) fn take_over(model: &mut Model, fx: &mut Vec<Effect>) {
    for (key, purpose) in lease::open_elsewhere(model) {
        let Some(name) = model.lease_of_other(&key).map(|lease| lease.holder.name.clone()) else {
            continue;
        };
        let subject = format!("{key} from {name}");
        let command = Command::TakeLease {
            gate: (&key).into(),
            purpose,
            is_takeover: true,
        };
        let mut sent = other_sent("Taken over", "Not taken over", &subject);
        sent.leases = Some(key);
        send(model, sent, command, fx);
    }
}
