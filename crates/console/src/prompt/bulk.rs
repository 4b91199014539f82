//! The question before all marked gates are decided, each on its own digest and with its own answer,
//! and afterwards what became of each.

pub(crate) mod item;
mod list;
mod open;
mod standing;

use std::ops::Range;

use super::listed;
use super::parts::{too_long, until};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::verb::{each_open_elsewhere, explain, why};
use crate::keymap::{self, Focus};
use crate::model::outgoing::Sent;
use crate::model::prompt::{Intent, Note, PromptLine, Why, Wording};
use crate::model::{Closing, Model, PromptKind};
use crate::update::look;
use crate::update::outgoing::{ask_once_more, other_sent, send};
use domain::ask::Command;
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;
use item::{Item, ItemState, LeftOut};
use list::{around, item_line};
pub(crate) use open::{open, open_group};
pub(crate) use standing::{answered, recheck, take_in};

/// The question before all marked gates are decided: each on its own digest, each with its own
/// answer.
#[derive(Debug, Clone)]
pub struct BulkAsk {
    /// The gates.
    pub items: Vec<Item>,
    /// Whether it is about the gates of one row, and not about those that are marked.
    pub(crate) is_group: bool,
    /// The note that goes with each.
    pub(crate) note: Note,
    /// Whether what was not looked at was taken in, by a key that says so.
    pub(crate) has_taken_in: bool,
    /// Whether Enter was pressed once on gates that were not looked at.
    pub(crate) is_unseen_accepted: bool,
    /// Whether the key was pressed once that takes over what others have open.
    pub(crate) is_take_over_asked: bool,
    /// Whether it was sent.
    pub(crate) is_sent: bool,
    /// The first item on screen.
    pub(crate) top: usize,
    /// How many more gates the row stands for than one question can be about.
    pub(crate) more: usize,
}

impl BulkAsk {
    /// The items that this holds for.
    fn count(&self, is_it: impl Fn(&ItemState) -> bool) -> usize {
        self.items.iter().filter(|item| is_it(&item.state)).count()
    }

    /// How many are not left out.
    fn concerned(&self) -> usize {
        self.count(|state| !matches!(state, ItemState::LeftOut(_)))
    }

    /// How many gates Enter would decide.
    pub(crate) fn asking(&self) -> usize {
        self.count(|state| *state == ItemState::Asking)
    }

    /// How many gates Enter would decide whose lines were not on the terminal yet.
    pub fn undrawn(&self) -> usize {
        let is_undrawn = |item: &&Item| item.state == ItemState::Asking && !item.is_drawn;
        self.items.iter().filter(is_undrawn).count()
    }

    /// How many are sent and not yet answered.
    pub(crate) fn writing(&self) -> usize {
        self.count(|state| matches!(state, ItemState::Writing(_)))
    }

    /// How many were decided as asked.
    pub(crate) fn done(&self) -> usize {
        self.count(|state| *state == ItemState::Done)
    }

    /// The gates that are left out for this, each with its number in the list.
    pub(crate) fn left_out(&self, why: LeftOut) -> Vec<(usize, &Item)> {
        let items = (1..).zip(&self.items);
        items
            .filter(|(_, item)| item.state == ItemState::LeftOut(why))
            .collect()
    }

    /// How many that were not looked at Enter would decide.
    pub(crate) fn taken_in(&self) -> usize {
        let is_unseen = |item: &&Item| item.state == ItemState::Asking && !item.is_seen;
        self.items.iter().filter(is_unseen).count()
    }

    /// Whether the rules would refuse all of it, so that there is nothing to wait for.
    pub(crate) fn is_refused(&self) -> bool {
        let is_refused = |item: &Item| item.state == ItemState::LeftOut(LeftOut::Refused);
        self.is_asking() && self.items.iter().all(is_refused)
    }

    /// Whether it still waits for the operator: nothing was sent, and there is something that could
    /// be.
    pub(crate) fn is_asking(&self) -> bool {
        let could_be = |state: &ItemState| matches!(state, ItemState::Asking | ItemState::LeftOut(_));
        !self.is_sent && self.count(could_be) > 0
    }

    /// The item that a command decides.
    pub(crate) fn item_of(&mut self, ticket: Ticket) -> Option<&mut Item> {
        self.items
            .iter_mut()
            .find(|item| item.state == ItemState::Writing(ticket))
    }

    pub(super) fn words(&self) -> Wording {
        Intent::of(self.note.verdict).words()
    }
}

impl PromptKind for BulkAsk {
    fn focus(&self) -> Focus {
        match self.note().is_some_and(|note| note.is_focused) {
            true => Focus::Note,
            false => Focus::Bulk,
        }
    }

    fn not_done(&self) -> &'static str {
        self.words().not_done
    }

    /// Those around the list.
    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let (mut above, below) = around(model, self, columns);
        above.extend(below);
        above
    }

    /// The list gives way, and says so.
    fn within<'a>(&'a self, model: &'a Model, columns: usize, rows: usize) -> Vec<PromptLine<'a>> {
        let (mut shown, below) = around(model, self, columns);
        let count = self.items.len();
        let window = self.window(shown.len() + below.len(), rows);
        let items = self.items.iter().enumerate().skip(window.start).take(window.len());
        shown.extend(items.map(|(index, item)| item_line(model, columns, index, item, self.is_asking())));
        if window.len() < count {
            let out = keymap::out_of_note(model.focus());
            let hint = match self.undrawn() {
                unread if unread > 0 && self.is_asking() => {
                    let keys = keymap::keys_of(Focus::Bulk, &[Action::PageDown, Action::PageUp]);
                    format!("{unread} not shown yet: {out}{keys}")
                }
                _ => {
                    let keys = [Action::Down, Action::Up, Action::PageUp, Action::PageDown];
                    out + &keymap::keys_of(Focus::Bulk, &keys)
                }
            };
            shown.push(listed::place(model, &window, count, &hint));
        }
        shown.extend(below);
        shown
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        if self.writing() > 0 {
            return true;
        }
        if !self.is_asking() {
            return false;
        }
        let (is_empty, is_unseen) = (self.note.is_missing(), self.taken_in() > 0);
        if (is_empty && !self.note.is_empty_accepted) || (is_unseen && !self.is_unseen_accepted) {
            (self.note.is_empty_accepted, self.is_unseen_accepted) = (is_empty, is_unseen);
            ask_once_more(model);
            return true;
        }
        self.is_sent = true;
        let (done, not_done) = (self.words().done, self.not_done());
        let (notes, verdict) = (self.note.editor.words(), self.note.verdict);
        let part_of = Some(model.outgoing.next_number());
        // Each record says by itself that its decider was shown the change. First, and apart: what is
        // about a job that something is asked of already begins another transaction.
        for item in self.items.iter().filter(|item| item.state == ItemState::Asking) {
            if let Some(extent) = item.shared {
                look::record_shared(model, &item.pin.key, item.pin.digest, extent, fx);
            }
        }
        // All are sent at once, so that one transaction commits them together.
        for item in self.items.iter_mut().filter(|item| item.state == ItemState::Asking) {
            let sent = Sent {
                decides: Some(item.pin.key.clone()),
                part_of,
                ..other_sent(done, not_done, &item.pin.label)
            };
            item.state = ItemState::Writing(send(model, sent, item.command(verdict, notes.clone()), fx));
        }
        true
    }

    fn said(&self, _: &Model, enter: Option<&str>) -> Vec<String> {
        let keys = keymap::keys_of(Focus::Bulk, &[Action::Down, Action::Up]);
        let list = format!("{keys} look at the list");
        match (self.writing(), self.is_asking()) {
            (1.., _) => vec!["the answers will show here".to_owned()],
            (0, false) => vec![list],
            (0, true) => vec![list, until(enter, "decided")],
        }
    }

    fn is_sent(&self) -> bool {
        !self.is_asking()
    }

    fn note(&self) -> Option<&Note> {
        self.is_asking().then_some(&self.note)
    }

    fn note_mut(&mut self) -> Option<&mut Note> {
        self.is_asking().then_some(&mut self.note)
    }

    fn unfit(&self) -> Option<Why> {
        too_long(&self.note)
    }

    /// With what Enter leaves out because the rules would refuse it.
    fn commands(&self, _: &Model, note: Option<String>) -> Vec<Command> {
        let is_asked = |item: &&Item| matches!(item.state, ItemState::Asking | ItemState::LeftOut(LeftOut::Refused));
        let items = self.items.iter().filter(|item| self.is_asking() && is_asked(item));
        let commands = items.map(|item| item.command(self.note.verdict, note.clone()));
        commands.collect()
    }

    fn gates(&self, _: &Model) -> Vec<GateKey> {
        // What is being taken over is wanted before its row says that it was.
        let is_open = |item: &&Item| match item.state {
            ItemState::Asking | ItemState::Writing(_) => true,
            ItemState::LeftOut(LeftOut::OpenElsewhere) => item.is_taken_over,
            ItemState::LeftOut(LeftOut::NotSeen | LeftOut::Refused) | ItemState::Done | ItemState::Not(_) => false,
        };
        let open = self.items.iter().filter(is_open);
        open.map(|item| item.pin.key.clone()).collect()
    }

    /// The others can still be decided, now or when somebody has left them.
    fn closes_on(&self, model: &Model, _: &Refusal, _: bool) -> bool {
        model.preview.is_answered() && self.is_refused()
    }

    fn close(&self) -> (Option<&'static str>, Closing) {
        match self.writing() {
            0 => (None, Closing::Nothing),
            1.. => (Some("Sent already: the answers will show here"), Closing::Stays),
        }
    }

    /// Whether there is something that was not looked at to be taken in.
    fn can_take_in(&self) -> bool {
        self.is_asking() && !self.left_out(LeftOut::NotSeen).is_empty()
    }

    fn undrawn(&self) -> (usize, usize) {
        (self.undrawn(), self.asking())
    }

    fn note_drawn(&mut self, lines: Range<usize>) -> bool {
        let items = self.items.get_mut(lines).unwrap_or_default();
        let is_news = items.iter().any(|item| !item.is_drawn);
        items.iter_mut().for_each(|item| item.is_drawn = true);
        is_news
    }

    /// It decides those of its gates that are not left out.
    fn ruled(&self, model: &Model) -> Option<Result<(), Why>> {
        if self.asking() > 0 {
            return Some(Ok(()));
        }
        Some(Err(match model.preview.refusal() {
            _ if self.can_take_in() => {
                let (out, key) = (
                    keymap::out_of_note(model.focus()),
                    keymap::key_in(Focus::Bulk, Action::TakeIn),
                );
                let hint = format!("read them, or {out}{key} takes them in as they are");
                let these = if self.is_group {
                    "the gates of this row"
                } else {
                    "the marked gates"
                };
                why(format!("you have seen none of {these} wholly"), &hint)
            }
            Some(refusal) if !self.left_out(LeftOut::Refused).is_empty() => explain(refusal.clone()),
            Some(_) | None => each_open_elsewhere(model),
        }))
    }

    fn listed(&self) -> usize {
        self.items.len()
    }

    fn top_mut(&mut self) -> Option<&mut usize> {
        Some(&mut self.top)
    }

    fn left_open(&self) -> Vec<GateKey> {
        let open = self.left_out(LeftOut::OpenElsewhere).into_iter();
        open.map(|(_, item)| item.pin.key.clone()).collect()
    }

    /// Several at once are taken over by the second press, when the first has said from whom.
    fn takes_over(&mut self, is_drawn: bool) -> bool {
        let is_confirmed = self.is_take_over_asked && is_drawn;
        self.is_take_over_asked = !is_confirmed;
        for item in &mut self.items {
            item.is_taken_over |= is_confirmed && item.state == ItemState::LeftOut(LeftOut::OpenElsewhere);
        }
        is_confirmed
    }

    fn window(&self, around: usize, rows: usize) -> Range<usize> {
        listed::window(self.items.len(), self.top, around, rows)
    }
}
