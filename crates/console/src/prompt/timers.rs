//! The question before the timers of several gates are held, moved or handed over in one pass, each
//! with its own answer.

use super::parts::{answers, hidden, other_title, outlook, text, wrapped};
use super::timer::{command, field};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::verb::{each_open_elsewhere, explain};
use crate::facts::{label, shorten};
use crate::keymap::Focus;
use crate::model::outgoing::{MARKS_MAX, Sent};
use crate::model::prompt::{PromptLine, TimerIntent, Why};
use crate::model::toast::Tone;
use crate::model::{Closing, Model, PromptKind};
use crate::update::outgoing::{other_sent, send};
use domain::ask::Command;
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;
use text::words::counted;

/// More names than this would only be in the way: the marks show all of them.
const NAMED_MAX: usize = 8;

/// One gate of the question.
#[derive(Debug, Clone)]
struct Timed {
    key: GateKey,
    label: String,
    sent: Option<Ticket>,
    /// Why it was not done.
    refused: Option<String>,
}

#[derive(Debug, Clone)]
pub struct TimersAsk {
    gates: Vec<Timed>,
    /// How many more gates the row stands for than one question can be about.
    more: usize,
    intent: TimerIntent,
    typed: Editor,
    is_sent: bool,
}

/// Asks before the timers of these gates are touched: all marked ones, or all that a row stands
/// for.
pub(crate) fn open(model: &mut Model, intent: TimerIntent, keys: Vec<GateKey>) {
    let more = keys.len().saturating_sub(MARKS_MAX);
    let gates = keys.into_iter().take(MARKS_MAX).map(|key| Timed {
        label: label::gate(&key, model.queue.gate(&key).map_or("", |row| &row.slug)),
        key,
        sent: None,
        refused: None,
    });
    let ask = TimersAsk {
        gates: gates.collect(),
        more,
        intent,
        typed: Editor::of_line(""),
        is_sent: false,
    };
    super::open(model, ask);
}

impl TimersAsk {
    /// The gates that Enter is about: what somebody else has open and what the rules would refuse
    /// is left out.
    fn concerned<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = &'a Timed> {
        self.gates.iter().filter(|gate| left_out(model, &gate.key).is_none())
    }

    fn writing(&self) -> usize {
        self.gates.iter().filter(|gate| gate.sent.is_some()).count()
    }
}

/// Why Enter leaves a gate out; none: it does not.
fn left_out(model: &Model, key: &GateKey) -> Option<String> {
    if let Some(lease) = model.lease_of_other(key) {
        return Some(format!("{} has it open", lease.holder.name));
    }
    model.preview.refusal_of(key).map(|refusal| refusal.message.clone())
}

/// One of them was answered.
pub(crate) fn answered(model: &mut Model, ticket: Ticket, refusal: Option<&Refusal>) {
    let Some(ask) = model.asked_mut::<TimersAsk>() else {
        return;
    };
    let Some(gate) = ask.gates.iter_mut().find(|gate| gate.sent == Some(ticket)) else {
        return;
    };
    (gate.sent, gate.refused) = (None, refusal.map(|refusal| refusal.message.clone()));
    if ask.writing() > 0 {
        return;
    }
    let words = ask.intent.words();
    let refused: Vec<_> = ask.gates.iter().filter_map(|gate| gate.refused.clone()).collect();
    let left = match ask.more {
        0 => String::new(),
        more => format!("   {more} more with the same change were not included"),
    };
    let done = counted(ask.gates.len() - refused.len(), "gate") + &left;
    model.prompt = None;
    let at = model.now.utc;
    match refused.first() {
        None => model.toasts.push(at, Tone::Done, format!("{} {done}", words.done)),
        Some(why) => {
            let count = refused.len();
            let text = format!("{} {done}   {}: {count}, the first: {why}", words.done, words.not_done);
            model.toasts.push(at, Tone::Error, text);
        }
    }
}

impl PromptKind for TimersAsk {
    fn focus(&self) -> Focus {
        Focus::Answer
    }

    fn not_done(&self) -> &'static str {
        self.intent.words().not_done
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let concerned: Vec<_> = self.concerned(model).map(|gate| gate.label.clone()).collect();
        let head = format!("{} of ", self.intent.words().head);
        let gates = counted(concerned.len(), "gate");
        let mut lines = other_title(model, (&head, theme.held().patch(theme.strong())), &gates, columns);
        if self.is_sent {
            let words = format!("writing… {} of {}", self.gates.len() - self.writing(), self.gates.len());
            lines.push(text(words, theme.held()));
            return lines;
        }
        let names = shorten::named(&concerned, NAMED_MAX, columns, |count| counted(count, "gate"));
        lines.push(text(names, theme.plain()));
        if self.more > 0 {
            let words = format!("{} more with the same change are NOT included", self.more);
            lines.push(text(words, theme.warning()));
        }
        hidden(model, self.concerned(model).map(|gate| &gate.key), columns, &mut lines);
        outlook(model, columns, &mut lines);
        let others: Vec<_> = self
            .gates
            .iter()
            .filter_map(|gate| Some((&*gate.label, left_out(model, &gate.key)?)))
            .collect();
        if let Some((label, why)) = others.first() {
            let more = match others.len() - 1 {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let words = format!("Left out: {label}: {why}{more}");
            wrapped(&words, columns, theme.warning(), &mut lines);
        }
        lines.push(PromptLine::Field(field(self.intent).0, &self.typed, 0, true));
        if let (Some((why, _)), false) = (self.unfit(), self.typed.is_blank()) {
            wrapped(
                &format!("{}: {why}", self.not_done()),
                columns,
                theme.error(),
                &mut lines,
            );
        }
        let verb = self.intent.words().verb;
        answers(model, columns, verb, &[], "back, no timer is touched", &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        if self.is_sent {
            return true;
        }
        self.gates.retain(|gate| left_out(model, &gate.key).is_none());
        self.is_sent = true;
        let (done, not_done) = (self.intent.words().done, self.not_done());
        let part_of = Some(model.outgoing.next_number());
        // All are sent at once, so that one transaction commits them together.
        for gate in &mut self.gates {
            if let Ok(command) = command(&gate.key, self.intent, &self.typed) {
                let sent = Sent {
                    part_of,
                    ..other_sent(done, not_done, &gate.label)
                };
                gate.sent = Some(send(model, sent, command, fx));
            }
        }
        true
    }

    fn said(&self, _: &Model, enter: Option<&str>) -> Vec<String> {
        [field(self.intent).1]
            .into_iter()
            .chain(enter)
            .map(str::to_owned)
            .collect()
    }

    fn is_sent(&self) -> bool {
        self.is_sent
    }

    fn typed_mut(&mut self) -> Option<&mut Editor> {
        (!self.is_sent).then_some(&mut self.typed)
    }

    fn unfit(&self) -> Option<Why> {
        let first = self.gates.first()?;
        let problem = command(&first.key, self.intent, &self.typed).err()?;
        Some((problem, String::new()))
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        let gates = self.gates.iter().filter(|_| !self.is_sent);
        gates
            .filter_map(|gate| command(&gate.key, self.intent, &self.typed).ok())
            .collect()
    }

    fn gates(&self, _: &Model) -> Vec<GateKey> {
        self.gates.iter().map(|gate| gate.key.clone()).collect()
    }

    /// It touches those that are not left out.
    fn ruled(&self, model: &Model) -> Option<Result<(), Why>> {
        if self.concerned(model).next().is_some() {
            return Some(Ok(()));
        }
        Some(Err(match model.preview.refusal() {
            Some(refusal) => explain(refusal.clone()),
            None => each_open_elsewhere(),
        }))
    }

    fn closes_on(&self, _: &Model, _: &Refusal, _: bool) -> bool {
        false
    }

    fn close(&self) -> (Option<&'static str>, Closing) {
        match self.is_sent {
            true => (Some("Sent already: the answers will show here"), Closing::Stays),
            false => (None, Closing::Nothing),
        }
    }
}
