//! The question about what the last console of this operator has sent, and nobody did: the line was
//! lost before. Nothing of it is sent by itself, as others may have done something meanwhile.

use std::any::Any;

use super::parts::{answers, other_title, outlook, wrapped};
use crate::effect::Effect;
use crate::facts::label;
use crate::keymap::Focus;
use crate::model::outgoing::Sent;
use crate::model::prompt::PromptLine;
use crate::model::slips::Slips;
use crate::model::toast::Tone;
use crate::model::{Model, PromptKind};
use crate::update::outgoing::other_sent;
use domain::ask::Command;
use domain::gate::Verdict;
use domain::key::GateKey;
use engine::api::Ticket;
use engine::far::LeftCommand;
use text::words::{counted, duration};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnsentAsk(LeftCommand);

/// So long after an Escape the next question waits: the rest of another key may come (see
/// `terminal::decode`).
const TORN_WAIT_US: i64 = 1_200_000;

/// Asks about the next one; where the last one was closed, it is forgotten as soon as another key
/// has come.
pub(crate) fn go_on(model: &mut Model, fx: &mut Vec<Effect>) {
    if let Some((closed, _)) = model
        .unsent
        .closed
        .take_if(|(closed, _)| !may_be_torn(&model.keys.slips, closed))
    {
        fx.push(Effect::ForgetUnsent(Box::new(closed)));
    }
    if model.prompt.is_some() || model.compose.is_some() {
        return;
    }
    if let Some(closed) = model.unsent.asked.take() {
        let again = if closed.is_undone { "" } else { " again" };
        let is_decision = matches!(closed.submitted.command, Command::Decide { .. });
        let kept = if is_decision {
            "; what you wrote is kept as a draft"
        } else {
            ""
        };
        let text = format!("Not sent{again}: {}{kept}", closed.words());
        // It stays, also where the selection moves with the question's end.
        model.toasts.push_news(model.now.utc, Tone::Info, text);
        model.unsent.closed = Some((closed, model.now.boot_us));
        return go_on(model, fx);
    }
    if wake_us(model).is_none_or(|wait_us| wait_us == 0)
        && let Some(next) = model.unsent.waiting.pop_front()
    {
        model.unsent.asked = Some(next.clone());
        super::open(model, UnsentAsk(next));
        model.window.is_dirty = true;
    }
}

/// Whether the last key was an Escape, and has closed the question about this one.
fn may_be_torn(slips: &Slips, closed: &LeftCommand) -> bool {
    let before = slips.before_esc.as_ref().and_then(|before| before.prompt.as_ref());
    let ask: Option<&dyn Any> = before.map(|prompt| &*prompt.ask as _);
    let ask = ask.and_then(|ask| ask.downcast_ref::<UnsentAsk>());
    ask.is_some_and(|ask| ask.0 == *closed)
}

/// Microseconds until the next one is asked about; none: nothing waits for that.
pub(crate) fn wake_us(model: &Model) -> Option<i64> {
    let (_, closed_us) = model.unsent.closed.as_ref()?;
    let is_waiting = !model.unsent.waiting.is_empty() && model.prompt.is_none() && model.compose.is_none();
    is_waiting.then(|| (closed_us + TORN_WAIT_US - model.now.boot_us).max(0))
}

/// An Escape was the beginning of another key: what it closed is asked about again, behind the
/// question that stands there now, if another one does.
pub(crate) fn torn(model: &mut Model) {
    let Some((closed, _)) = model.unsent.closed.take() else {
        return;
    };
    match model.asked::<UnsentAsk>() {
        Some(ask) if ask.0 == closed => model.unsent.asked = Some(closed),
        Some(_) | None => model.unsent.waiting.push_front(closed),
    }
}

/// A key came: whoever pressed it has had what was drawn before their eyes.
pub(crate) fn outcomes_read(model: &mut Model, fx: &mut Vec<Effect>) {
    let unsent = &mut model.unsent;
    let read = unsent.unread.iter().take_while(|(number, _)| *number <= unsent.drawn);
    let count = read.count();
    if count > 0 {
        let tickets = unsent.unread.drain(..count).filter_map(|(_, ticket)| ticket);
        fx.push(Effect::OutcomesRead(tickets.collect()));
    }
}

impl UnsentAsk {
    fn command(&self) -> &Command {
        &self.0.submitted.command
    }

    fn key(&self) -> Option<GateKey> {
        let gate = self.command().gate()?;
        let (job_id, stage) = (gate.job_id.clone(), gate.stage.clone());
        gate.attempt.map(|attempt| GateKey { job_id, stage, attempt })
    }

    /// The verb, when it is done, when not.
    fn verdict(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let Command::Decide { verdict, .. } = self.command() else {
            return None;
        };
        Some(match verdict {
            Verdict::Approve => ("APPROVE ", "Approved", "Not approved"),
            Verdict::Reject => ("REJECT ", "Rejected", "Not rejected"),
        })
    }

    fn subject(&self, model: &Model) -> String {
        let of_queue = |key: GateKey| {
            let row = model.queue.gate(&key)?;
            Some(label::gate(&key, &row.slug))
        };
        match self.verdict() {
            Some(_) => self
                .key()
                .map(|key| of_queue(key.clone()).unwrap_or_else(|| key.to_string())),
            None => None,
        }
        .unwrap_or_else(|| self.0.words())
    }
}

impl PromptKind for UnsentAsk {
    fn focus(&self) -> Focus {
        Focus::Ask
    }

    fn gates(&self, _model: &Model) -> Vec<GateKey> {
        self.key().into_iter().collect()
    }

    fn closes_on(&self, _: &Model, _: &domain::refusal::Refusal, _: bool) -> bool {
        // What became of it is read before it goes.
        false
    }

    fn not_done(&self) -> &'static str {
        self.verdict().map_or("Not sent", |(_, _, not_done)| not_done)
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let style = theme.held().patch(theme.strong());
        let verb = self.verdict().map_or("SEND ", |(verb, ..)| verb);
        let mut lines = other_title(model, (verb, style), &self.subject(model), columns);
        let (at, age) = (label::moment(self.0.at), duration(self.0.age_s()));
        let became = match self.0.is_undone {
            true => "it was not done",
            false => "the server does not say whether it was done. Sent again, it is done once",
        };
        let said = format!("You sent this at {at}, {age} ago, on a line that was lost; {became}.");
        wrapped(&said, columns, theme.warning(), &mut lines);
        if let Command::Decide {
            notes, comments, patch, ..
        } = self.command()
        {
            let patch = patch.as_ref().map(|_| "a patch".to_owned());
            let comments = (!comments.is_empty()).then(|| counted(comments.len(), "comment"));
            let with: Vec<_> = patch.into_iter().chain(comments).collect();
            if !with.is_empty() {
                wrapped(
                    &format!("With {}.", with.join(" and ")),
                    columns,
                    theme.plain(),
                    &mut lines,
                );
            }
            if let Some(notes) = notes {
                wrapped(&format!("Note: {notes}"), columns, theme.plain(), &mut lines);
            }
        }
        outlook(model, columns, &mut lines);
        answers(
            model,
            columns,
            "send it now",
            &[],
            "it is not sent, and not asked again",
            &mut lines,
        );
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        model.unsent.asked = None;
        let done = self.verdict().map_or("Sent", |(_, done, _)| done);
        let sent = Sent {
            decides: self.verdict().and_then(|_| self.key()),
            has_patch: matches!(self.command(), Command::Decide { patch: Some(_), .. }),
            ..other_sent(done, self.not_done(), &self.subject(model))
        };
        let ticket = Ticket(model.outgoing.next_number());
        model.outgoing.sent.insert(ticket, sent);
        fx.push(Effect::SendUnsent(ticket, Box::new(self.0.clone())));
        false
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        vec![self.command().clone()]
    }
}
