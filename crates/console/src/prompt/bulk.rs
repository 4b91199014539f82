//! The question before all marked gates are decided, each on its own digest and with its own answer,
//! and afterwards what became of each.

pub(crate) mod item;
mod list;

use std::collections::BTreeMap;
use std::ops::Range;

use super::parts::{text, too_long, until};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::label::{self, change_of_gate};
use crate::facts::marks::gates;
use crate::facts::verb::{each_open_elsewhere, explain, why};
use crate::keymap::{self, Focus};
use crate::layout;
use crate::layout::question::list_rows;
use crate::model::gate::GateView;
use crate::model::outgoing::{MARKS_MAX, Sent};
use crate::model::prompt::{Intent, Note, Pin, PromptLine, Why, Wording};
use crate::model::queue::RowKey;
use crate::model::toast::Tone;
use crate::model::{Closing, Model, PromptKind};
use crate::update::compose::change_draft;
use crate::update::look;
use crate::update::outgoing::{Step, ask_once_more, other_sent, send};
use domain::ask::Command;
use domain::context::GateContext;
use domain::decision::{Extent, Seen};
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateKey;
use domain::refusal::Refusal;
use domain::view::QueueRow;
use engine::api::Ticket;
use item::{Item, ItemState, LeftOut};
use list::{around, item_line};
use text::words::counted;

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

/// `a` or `r` on a marked gate of the queue: it is about all marked ones.
pub(crate) fn open(model: &mut Model, verdict: Verdict) {
    let selected = match model.queue.selected() {
        Some(RowKey::Gate(key)) => key.clone(),
        Some(RowKey::Job(_)) | None => return,
    };
    let Some(items) = items(model) else {
        return;
    };
    ask(model, verdict, &selected, items, false);
}

/// The changes that this operator was shown wholly, in a marked gate or in the one on the screen,
/// each with its extent: whoever was shown a change in one gate was shown it in all that ask for
/// the very same, byte for byte against the same base.
fn shown(model: &Model) -> BTreeMap<Digest, Extent> {
    let group = |key: &GateKey, digest: Option<Digest>| {
        let group = model.queue.gate(key)?.group.as_ref()?;
        (digest == Some(group.digest)).then_some(group.id)
    };
    let marked = model.marks.on.iter().filter(|(_, mark)| mark.is_seen);
    let marked = marked.filter_map(|(key, mark)| Some((group(key, mark.digest)?, mark.extent?)));
    // What is on record from another day, or from a console that has ended, counts too.
    let recorded = model.gate.as_ref().and_then(|view| {
        let (me, gate) = (&model.session.operator.name, view.gate()?);
        let is_mine = |seen: &&Seen| seen.by == *me && seen.digest == gate.digest();
        let extents = gate.seen.iter().filter(is_mine).filter_map(Seen::extent);
        let extent = extents.into_iter().find(|extent| extent.is_whole())?;
        Some((group(&view.key, Some(gate.digest()))?, extent))
    });
    let view = model.gate.as_ref().filter(|view| view.is_wholly_shown());
    let on_screen = view.and_then(|view| Some((group(&view.key, view.shown_digest())?, view.extent()?)));
    let all = marked.chain(recorded).chain(on_screen);
    all.filter(|(_, extent)| extent.is_whole()).collect()
}

/// `a` or `r` on a row that stands for several gates with the same change: it is about each of
/// them, and about none that comes later.
pub(crate) fn open_group(model: &mut Model, verdict: Verdict) {
    let (Some(RowKey::Gate(selected)), Some(place)) = (model.queue.selected().cloned(), model.queue.place()) else {
        return;
    };
    let digest = |row: &QueueRow| row.group.as_ref().map(|group| group.digest);
    let digest = model.queue.current().and_then(digest);
    let shown = shown(model);
    let item = |row: &QueueRow| {
        let key = RowKey::of(row).gate()?;
        let mark = model.marks.on.get(&key).filter(|mark| mark.digest == digest);
        let on_screen = model
            .gate
            .as_ref()
            .filter(|view| view.key == key)
            .and_then(GateView::gate);
        // What was read with the eyes comes before what the row had: a change in between is refused.
        let read = mark.map(|mark| &mark.context).or(on_screen.map(|gate| &gate.context));
        let context_digest = read.map(GateContext::digest).or(row.context_digest.as_deref().copied());
        let is_seen = mark.is_some_and(|mark| mark.is_seen);
        let shared = row.group.as_ref().and_then(|group| shown.get(&group.id)).copied();
        let is_seen = is_seen || shared.is_some();
        Some(Item {
            shared,
            state: standing(model, &key, is_seen),
            pin: Pin {
                label: label::gate(&key, &row.slug),
                digest: digest?,
                key,
            },
            context_digest,
            change: String::new(),
            is_seen,
            is_drawn: false,
        })
    };
    let items: Vec<_> = model.queue.members(place).filter_map(item).take(MARKS_MAX).collect();
    let more = model.queue.members(place).count().saturating_sub(MARKS_MAX);
    ask(model, verdict, &selected, items, true);
    if let Some(ask) = model.asked_mut::<BulkAsk>() {
        ask.more = more;
    }
}

fn ask(model: &mut Model, verdict: Verdict, selected: &GateKey, items: Vec<Item>, is_group: bool) {
    let ask = BulkAsk {
        items,
        is_group,
        note: Note::kept(model.draft(selected), selected, verdict),
        has_taken_in: false,
        is_unseen_accepted: false,
        is_sent: false,
        top: 0,
        more: 0,
    };
    super::open(model, ask);
}

/// What Enter would do to a marked gate.
fn standing(model: &Model, key: &GateKey, is_taken: bool) -> ItemState {
    if model.lease_of_other(key).is_some() {
        ItemState::LeftOut(LeftOut::OpenElsewhere)
    } else if !is_taken {
        ItemState::LeftOut(LeftOut::NotSeen)
    } else if model.preview.refusal_of(key).is_some() {
        ItemState::LeftOut(LeftOut::Refused)
    } else {
        ItemState::Asking
    }
}

/// Why a gate of a group is none of it any more.
fn moved(model: &Model, item: &Item) -> Option<&'static str> {
    let Some(row) = model.queue.gate(&item.pin.key) else {
        return Some("it is no longer open");
    };
    let digest = row.group.as_ref().map(|group| group.digest);
    if digest != Some(item.pin.digest) {
        return Some("it changed");
    }
    let is_said_anew = row.context_digest.as_deref() != item.context_digest.as_ref();
    is_said_anew.then_some("its requester says otherwise now")
}

/// Looks again at what is left out: somebody opened a gate of the list, or gave one back.
pub(crate) fn recheck(model: &mut Model) {
    let Some(ask) = model.asked::<BulkAsk>() else {
        return;
    };
    if !ask.is_asking() {
        return;
    }
    let stands = |item: &Item| match item.state {
        ItemState::Asking | ItemState::LeftOut(_) => match ask.is_group.then(|| moved(model, item)).flatten() {
            Some(why) => ItemState::Not(why.to_owned()),
            None => standing(model, &item.pin.key, item.is_seen || ask.has_taken_in),
        },
        ItemState::Writing(_) | ItemState::Done | ItemState::Not(_) => item.state.clone(),
    };
    let states: Vec<_> = ask.items.iter().map(stands).collect();
    let Some(ask) = model.asked_mut::<BulkAsk>() else {
        return;
    };
    let is_same = ask.items.iter().zip(&states).all(|(item, state)| item.state == *state);
    if is_same {
        return;
    }
    for (item, state) in ask.items.iter_mut().zip(states) {
        item.state = state;
    }
    // Enter would now do something else, so the question has to be shown again.
    ask.is_unseen_accepted = false;
    model.ask_again();
}

/// Takes in what was not looked at; Enter then asks once more.
pub(crate) fn take_in(model: &mut Model) {
    let Some(ask) = model.asked_mut::<BulkAsk>() else {
        return;
    };
    ask.has_taken_in = true;
    recheck(model);
    // The question changed, so answers to earlier keys go.
    model.toasts.forget_answers(true);
}

/// All marked gates, those of the visible queue first and in its order; none while one of them is
/// still being read.
fn items(model: &Model) -> Option<Vec<Item>> {
    let shown = shown(model);
    let item = |key: &GateKey| {
        let mark = model.marks.on.get(key)?;
        let row = model.queue.gate(key);
        let group = row.and_then(|row| row.group.as_ref());
        let group = group.filter(|group| mark.digest == Some(group.digest));
        let shared = group.and_then(|group| shown.get(&group.id)).copied();
        let is_seen = mark.is_seen || shared.is_some();
        Some(Item {
            shared: shared.filter(|_| !mark.is_seen),
            pin: Pin {
                key: key.clone(),
                digest: mark.digest?,
                label: label::gate(key, row.map_or("", |row| &row.slug)),
            },
            context_digest: Some(mark.context.digest()),
            change: row.map(change_of_gate).unwrap_or_default(),
            is_seen,
            state: standing(model, key, is_seen),
            is_drawn: false,
        })
    };
    let visible = gates(model, 0..=model.queue.len());
    let mut keys: Vec<GateKey> = visible
        .into_iter()
        .filter(|key| model.marks.on.contains_key(key))
        .collect();
    let shown: std::collections::HashSet<GateKey> = keys.iter().cloned().collect();
    keys.extend(model.marks.on.keys().filter(|key| !shown.contains(key)).cloned());
    keys.iter().map(item).collect()
}

/// One gate of a bulk was answered: with its refusal, or decided.
pub(crate) fn answered(model: &mut Model, ticket: Ticket, refusal: Option<&Refusal>) {
    let Some(ask) = model.asked_mut::<BulkAsk>() else {
        return;
    };
    let (note, verdict) = (ask.note.text(), ask.note.verdict);
    if let Some(item) = ask.item_of(ticket) {
        item.state = match refusal {
            None => ItemState::Done,
            Some(refusal) => ItemState::Not(refusal.message.clone()),
        };
        let key = item.pin.key.clone();
        // A decided gate has no lease to give back, and no mark survives an answer.
        if refusal.is_none() {
            model.outgoing.leases.remove(&key);
        }
        model.marks.on.remove(&key);
        // The draft that held the note for all goes with the first decision: a gate that refused
        // keeps its own.
        if refusal.is_some() && !note.trim().is_empty() {
            change_draft(model, &key, |draft| draft.set_note(verdict, note));
        }
    }
    let at = model.now.utc;
    let Some(ask) = model.asked_mut::<BulkAsk>() else {
        return;
    };
    if ask.writing() > 0 {
        return;
    }
    let (done, all) = (ask.done(), ask.concerned());
    let still = if ask.is_group { "open" } else { "marked" };
    let left_out = ask.items.len() - all;
    let (word, not_done) = (ask.words().done, ask.words().not_done);
    if done == all {
        model.prompt = None;
        let rest = match left_out {
            0 => String::new(),
            count => format!("   {} left out, still {still}", counted(count, "gate")),
        };
        let text = format!("{word} {}{rest}", counted(all, "gate"));
        model.toasts.push_news(at, Tone::Done, text);
        return;
    }
    // Gates that still need attention come first in the list.
    ask.items.sort_by_key(|item| item.state == ItemState::Done);
    ask.top = 0;
    let text = format!(
        "{word} {done} of {all} gates   {not_done}: {}, each with its reason above",
        all - done
    );
    model.toasts.push_news(at, Tone::Error, text);
}

/// Scrolls the list.
pub(crate) fn scroll(model: &mut Model, step: Step) {
    let rows = list_rows(model, layout::of(model).prompt.height);
    let Some(ask) = model.asked_mut::<BulkAsk>() else {
        return;
    };
    let last = ask.items.len().saturating_sub(rows);
    let page = isize::try_from(rows.max(1)).unwrap_or(isize::MAX);
    let top = ask.top.min(last);
    let top = match step {
        Step::Rows(by) => top.saturating_add_signed(by),
        Step::Pages(by) => top.saturating_add_signed(page.saturating_mul(by)),
        Step::Half(by) => top.saturating_add_signed((page / 2).max(1).saturating_mul(by)),
        Step::Top => 0,
        Step::Bottom => last,
    };
    let is_at_end = last > 0 && top >= last;
    // The end stays in sight also when a line more stands around the list then.
    ask.top = if is_at_end { ask.items.len() } else { top.min(last) };
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
            let words = format!("{}-{} of {count}   {hint}", window.start + 1, window.end);
            shown.push(text(words, model.session.theme().warning()));
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
        let is_open = |item: &&Item| matches!(item.state, ItemState::Asking | ItemState::Writing(_));
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
            Some(_) | None => each_open_elsewhere(),
        }))
    }

    fn listed(&self) -> usize {
        self.items.len()
    }

    /// Where it is cut, a line says so.
    fn window(&self, around: usize, rows: usize) -> Range<usize> {
        let count = self.items.len();
        let room = rows.saturating_sub(around);
        let room = if count > room {
            room.saturating_sub(1).max(1)
        } else {
            room
        };
        let top = self.top.min(count.saturating_sub(room));
        top..(top + room).min(count)
    }
}
