//! The question before the timers of several gates are held, moved or handed over in one pass, each
//! with its own answer.

use std::ops::Range;

use super::listed;
use super::parts::{answers, hidden, not_included, other_title, outlook, text, wrapped};
use super::timer::{command, field};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::verb::{each_open_elsewhere, explain};
use crate::facts::{countdown, label};
use crate::keymap::{self, Focus};
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
use text::{cut, visible_line, width};

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
    /// The first gate of the list on the screen.
    top: usize,
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
        top: 0,
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

    /// Its lines above and below the list of gates.
    fn around<'a>(&'a self, model: &'a Model, columns: usize) -> (Vec<PromptLine<'a>>, Vec<PromptLine<'a>>) {
        let theme = model.session.theme();
        let head = format!("{} of ", self.intent.words().head);
        let gates = counted(self.concerned(model).count(), "gate");
        let mut above = other_title(model, (&head, theme.held().patch(theme.strong())), &gates, columns);
        if self.is_sent {
            let words = format!("writing… {} of {}", self.gates.len() - self.writing(), self.gates.len());
            above.push(text(words, theme.held()));
            return (above, Vec::new());
        }
        if self.more > 0 {
            let words = format!("{} more with the same change are NOT included", self.more);
            above.push(text(words, theme.warning()));
        }
        hidden(model, self.concerned(model).map(|gate| &gate.key), columns, &mut above);
        outlook(model, columns, &mut above);
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
            wrapped(&words, columns, theme.warning(), &mut above);
        }
        let mut below = vec![PromptLine::Field(field(self.intent).0, &self.typed, 0, true)];
        if let (Some((why, _)), false) = (self.unfit(), self.typed.is_blank()) {
            wrapped(
                &format!("{}: {why}", self.not_done()),
                columns,
                theme.error(),
                &mut below,
            );
        }
        let verb = self.intent.words().verb;
        answers(model, columns, verb, &[], "back, no timer is touched", &mut below);
        (above, below)
    }
}

/// `  3 j-21 dunes / storyboard #1  04:58 approve  Dunes, second cut`: the name of the job gives way,
/// then what is said of it.
fn line(model: &Model, columns: usize, index: usize, gate: &Timed) -> PromptLine<'static> {
    let theme = model.session.theme();
    let number = format!("{:>3} ", index + 1);
    let row = model.queue.gate(&gate.key);
    let time = row.map_or_else(String::new, |row| {
        format!("  {} {}  ", countdown::left(model, row), countdown::at_zero(model, row))
    });
    let (words, style) = match left_out(model, &gate.key) {
        Some(_) => ("left out".to_owned(), theme.warning()),
        None => {
            let said = row.and_then(|row| row.headline.as_ref());
            let title = said.map_or_else(String::new, |said| visible_line(&said.title).into_owned());
            (title, theme.plain())
        }
    };
    let room = |others: [&str; 3]| columns.saturating_sub(others.into_iter().map(width).sum());
    let label = label::within(&gate.label, &gate.key, room([&number, &time, &words]));
    let words = cut(&words, room([&number, &label, &time]));
    PromptLine::Text(vec![(number + &label + &time, theme.plain()), (words, style)])
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
    let done = counted(ask.gates.len() - refused.len(), "gate") + &not_included(ask.more);
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

    /// Those around the list.
    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let (mut above, below) = self.around(model, columns);
        above.extend(below);
        above
    }

    /// The list gives way, and says so.
    fn within<'a>(&'a self, model: &'a Model, columns: usize, rows: usize) -> Vec<PromptLine<'a>> {
        let (mut shown, below) = self.around(model, columns);
        let count = self.listed();
        let window = self.window(shown.len() + below.len(), rows);
        let gates = self.gates.iter().enumerate().skip(window.start).take(window.len());
        shown.extend(gates.map(|(index, gate)| line(model, columns, index, gate)));
        if window.len() < count {
            let keys = [Action::Down, Action::Up, Action::PageUp, Action::PageDown];
            shown.push(listed::place(
                model,
                &window,
                count,
                &keymap::keys_of(Focus::Answer, &keys),
            ));
        }
        shown.extend(below);
        shown
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
            None => each_open_elsewhere(model),
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

    fn listed(&self) -> usize {
        if self.is_sent { 0 } else { self.gates.len() }
    }

    fn top_mut(&mut self) -> Option<&mut usize> {
        Some(&mut self.top)
    }

    fn window(&self, around: usize, rows: usize) -> Range<usize> {
        listed::window(self.listed(), self.top, around, rows)
    }
}
