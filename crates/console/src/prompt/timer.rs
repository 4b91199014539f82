//! The question before a gate's timer is held, released or moved. It asks, so that a key that
//! repeats itself adds nothing.

use super::parts::{answers, elsewhere, gate_label, outlook, text, title, wrapped};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::verb::{self, NoOffer};
use crate::facts::{countdown, holder};
use crate::keymap::Focus;
use crate::model::prompt::{PromptLine, TimerIntent, Why};
use crate::model::{Model, PromptKind};
use crate::update::outgoing::{other_sent, send};
use domain::ask::Command;
use domain::key::{GateKey, GateRef};
use domain::refusal::Refusal;
use domain::time::parse_span_s;
use engine::api::Ticket;
use text::words::duration;

#[derive(Debug, Clone)]
pub struct TimerAsk {
    /// The gate, with its attempt.
    pub key: GateKey,
    /// `j-21 dunes / storyboard #1`.
    pub(crate) label: String,
    /// What would be done.
    pub(crate) intent: TimerIntent,
    /// The reason, or for how long.
    pub typed: Editor,
    /// Sent; not yet answered.
    pub(crate) sent: Option<Ticket>,
}

/// Asks before the timer of the selected gate is stopped, moved or let run again.
pub(crate) fn open(model: &mut Model, intent: TimerIntent) {
    let Ok((key, label)) = verb::timed(model, intent) else {
        return;
    };
    let ask = TimerAsk {
        key,
        label,
        intent,
        typed: Editor::of_line(""),
        sent: None,
    };
    super::open(model, ask);
}

impl TimerAsk {
    fn command(&self) -> Result<Command, String> {
        command(&self.key, self.intent, &self.typed)
    }
}

/// What Enter sends. The error: what was typed does not do.
pub(super) fn command(key: &GateKey, intent: TimerIntent, typed: &Editor) -> Result<Command, String> {
    let gate = GateRef::from(key);
    let reason = typed.words();
    Ok(match intent {
        TimerIntent::Hold => Command::Hold { gate, reason },
        TimerIntent::Release => Command::Release { gate, reason },
        TimerIntent::Extend => Command::Extend {
            gate,
            seconds: parse_span_s(&typed.text())?,
            expected: None,
        },
        TimerIntent::HandOver => match reason {
            Some(to) => Command::Hold {
                gate,
                reason: Some(format!("handed over to {to}")),
            },
            None => return Err("say to whom".to_owned()),
        },
    })
}

/// What is typed, and a word about it.
pub(super) const fn field(intent: TimerIntent) -> (&'static str, &'static str) {
    match intent {
        TimerIntent::Hold | TimerIntent::Release => ("reason: ", "type the reason, or leave it out"),
        TimerIntent::Extend => ("by: ", "type how long"),
        TimerIntent::HandOver => ("to: ", "type the name, and what they should know"),
    }
}

impl PromptKind for TimerAsk {
    fn focus(&self) -> Focus {
        Focus::Answer
    }

    fn not_done(&self) -> &'static str {
        self.intent.words().not_done
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let verb = format!("{} ", self.intent.words().head);
        let who = format!("  as {}", model.session.operator.name);
        let label = gate_label(&self.label, &self.key, columns, [&verb, &who]);
        let head = [
            (verb, theme.held().patch(theme.strong())),
            (label, theme.strong()),
            (who, theme.plain()),
        ];
        let mut lines = title(head, (String::new(), theme.held()), columns);
        if self.sent.is_some() {
            lines.push(text("writing…", theme.held()));
            return lines;
        }
        let row = model.queue.gate(&self.key);
        outlook(model, columns, &mut lines);
        if let (TimerIntent::Extend, Some((row, timer))) =
            (self.intent, row.and_then(|row| Some((row, row.timer.as_ref()?))))
        {
            if model.preview.jobs.is_empty() {
                lines.push(text("How much longer? 10m, 1h30m, or seconds.", theme.plain()));
            }
            let addable = countdown::text(timer.addable_us(model.now, row.max_hold_s));
            let bound = format!(
                "At most {addable} may be added (persons may add {} altogether).",
                duration(row.max_hold_s)
            );
            wrapped(&bound, columns, theme.plain(), &mut lines);
        }
        let hold = row.map_or_else(Vec::new, |row| holder::hold(model, row, columns));
        lines.extend(hold.into_iter().map(|words| text(words, theme.held())));
        match self.intent {
            TimerIntent::Hold | TimerIntent::Extend | TimerIntent::HandOver => elsewhere(model, columns, &mut lines),
            // For whoever is at it the timer stays stopped: there is nothing to take over.
            TimerIntent::Release => {
                let others = row.and_then(|row| holder::head(model, row));
                lines.extend(others.map(|words| text(words, theme.held())));
            }
        }
        lines.push(PromptLine::Field(field(self.intent).0, &self.typed, 0, true));
        // What was typed is judged while it is typed.
        if let Err(NoOffer::Refused(no)) = verb::offer(model, model.focus(), Action::Accept)
            && no.is_about_text
            && !self.typed.is_blank()
        {
            wrapped(&format!("{}: {}", no.what, no.why), columns, theme.error(), &mut lines);
        }
        let verb = self.intent.words().verb;
        answers(model, columns, verb, &[], "back, the timer is not touched", &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        if let (None, Ok(command)) = (self.sent, self.command()) {
            let sent = other_sent(self.intent.words().done, self.not_done(), &self.label);
            self.sent = Some(send(model, sent, command, fx));
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
        self.sent.is_some()
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.sent == Some(ticket)
    }

    fn typed_mut(&mut self) -> Option<&mut Editor> {
        self.sent.is_none().then_some(&mut self.typed)
    }

    fn unfit(&self) -> Option<Why> {
        self.command().err().map(|problem| (problem, String::new()))
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        let command = self.command().ok().filter(|_| self.sent.is_none());
        command.into_iter().collect()
    }

    /// What is held stands without a lease, and a release that met one would not let it run.
    fn gates(&self, _: &Model) -> Vec<GateKey> {
        match self.intent {
            TimerIntent::Release => Vec::new(),
            TimerIntent::Hold | TimerIntent::Extend | TimerIntent::HandOver => vec![self.key.clone()],
        }
    }

    fn closes_on(&self, _: &Model, refusal: &Refusal, is_of_colleague: bool) -> bool {
        !verb::is_of_typed(refusal) && !is_of_colleague
    }

    fn refused(&mut self, _: &str, _: Option<&str>) {
        self.sent = None;
    }
}
