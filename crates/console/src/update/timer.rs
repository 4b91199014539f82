//! A gate's timer under somebody's hands: holding it, giving it time, and taking a gate over from whoever has it open.

use super::prompt::{NOT_DRAWN, other_sent};
use super::{gate_ref, keep, send, toast};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::model::Model;
use crate::model::preview::Foreseen;
use crate::model::prompt::{Prompt, TimerAsk, TimerIntent};
use crate::model::toast::Tone;
use crate::verb;
use domain::time::parse_span_s;
use engine::api::Command;

/// Asks before the timer of the selected gate is stopped, moved or let run again.
pub(crate) fn open(model: &mut Model, intent: TimerIntent) {
    let Ok((key, label)) = verb::timed(model, intent) else {
        return;
    };
    let revision = model.next_number();
    model.preview = Foreseen::default();
    model.prompt = Some(Prompt::Timer(Box::new(TimerAsk {
        key,
        label,
        intent,
        typed: Editor::of_line(""),
        revision,
        is_drawn: false,
        sent: None,
    })));
}

/// What Enter sends: the rules are asked about the very same. The error: what was typed is no length of time.
pub fn command_of(ask: &TimerAsk) -> Result<Command, String> {
    let gate = gate_ref(&ask.key);
    let reason = ask.typed.words();
    Ok(match ask.intent {
        TimerIntent::Hold => Command::Hold { gate, reason },
        TimerIntent::Release => Command::Release { gate, reason },
        TimerIntent::Extend => Command::Extend {
            gate,
            seconds: parse_span_s(&ask.typed.text())?,
            expected: None,
        },
    })
}

/// Enter. Returns whether the question stays.
pub(crate) fn accept(model: &mut Model, ask: &mut TimerAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.sent.is_some() {
        return true;
    }
    if !ask.is_drawn {
        toast(model, Tone::Info, NOT_DRAWN);
        return true;
    }
    if let Ok(command) = command_of(ask) {
        let sent = other_sent(ask.intent.done(), ask.intent.not_done(), &ask.label);
        ask.sent = Some(send(model, sent, command, fx));
    }
    true
}

/// Takes what the prompt or the editor is about over from whoever else has it open.
pub(crate) fn take_over(model: &mut Model, fx: &mut Vec<Effect>) {
    for (key, purpose) in keep::open_elsewhere(model) {
        let Some(name) = model.lease_of_other(&key).map(|lease| lease.holder.name.clone()) else {
            continue;
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
}
