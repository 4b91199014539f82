//! Deciding all marked gates: one question, and an answer for each of them.

use super::compose;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::command::of_item;
use crate::facts::label::{self, change_of_gate};
use crate::layout;
use crate::layout::question::list_rows;
use crate::model::Model;
use crate::model::bulk::{BulkAsk, Item, ItemState, LeftOut};
use crate::model::outgoing::Sent;
use crate::model::preview::Foreseen;
use crate::model::prompt::{Pin, PromptKind};
use crate::model::queue::RowKey;
use crate::model::toast::Tone;
use crate::update::outgoing::{self, Step, other_sent, send};
use domain::gate::Verdict;
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;
use text::words::counted;

/// `a` or `r` on a marked gate of the queue: it is about all marked ones.
pub(crate) fn open(model: &mut Model, verdict: Verdict) {
    let selected = model.queue.selected().cloned().and_then(RowKey::gate);
    let (Some(selected), Some(items)) = (selected, items(model)) else {
        return;
    };
    let note = model.draft(&selected).map_or("", |draft| draft.note(verdict));
    let note = Editor::of_line(note);
    model.preview = Foreseen::default();
    model.put(PromptKind::Bulk(Box::new(BulkAsk {
        verdict,
        items,
        note,
        note_key: selected,
        is_note_focused: false,
        is_empty_accepted: false,
        has_taken_in: false,
        is_unseen_accepted: false,
        is_sent: false,
        top: 0,
    })));
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

/// Looks again at what is left out: somebody opened a gate of the list, or gave one back.
pub(crate) fn recheck(model: &mut Model) {
    let Some(PromptKind::Bulk(ask)) = model.ask() else {
        return;
    };
    if !ask.is_asking() {
        return;
    }
    let stands = |item: &Item| match item.state {
        ItemState::Asking | ItemState::LeftOut(_) => standing(model, &item.pin.key, item.is_seen || ask.has_taken_in),
        ItemState::Writing(_) | ItemState::Done | ItemState::Not(_) => item.state.clone(),
    };
    let states: Vec<_> = ask.items.iter().map(stands).collect();
    let Some(PromptKind::Bulk(ask)) = model.ask_mut() else {
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
    let Some(PromptKind::Bulk(ask)) = model.ask_mut() else {
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
    let item = |key: &GateKey| {
        let mark = model.marks.on.get(key)?;
        let row = model.queue.gate(key);
        Some(Item {
            pin: Pin {
                key: key.clone(),
                digest: mark.digest?,
                label: label::gate(key, row.map_or("", |row| &row.slug)),
            },
            change: row.map(change_of_gate).unwrap_or_default(),
            is_seen: mark.is_seen,
            state: standing(model, key, mark.is_seen),
            is_drawn: false,
        })
    };
    let visible = model.queue.visible().map(RowKey::of);
    let is_marked = |key: &GateKey| model.marks.on.contains_key(key);
    let mut keys: Vec<_> = visible.filter_map(RowKey::gate).filter(is_marked).collect();
    let shown: std::collections::HashSet<GateKey> = keys.iter().cloned().collect();
    keys.extend(model.marks.on.keys().filter(|key| !shown.contains(key)).cloned());
    keys.iter().map(item).collect()
}

/// Enter. Returns whether the question stays.
pub(crate) fn accept(model: &mut Model, ask: &mut BulkAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.writing() > 0 {
        return true;
    }
    if !ask.is_asking() {
        return false;
    }
    let is_empty = ask.verdict == Verdict::Reject && ask.note.is_blank();
    let wants_more = (is_empty && !ask.is_empty_accepted) || (ask.taken_in() > 0 && !ask.is_unseen_accepted);
    if wants_more {
        (ask.is_empty_accepted, ask.is_unseen_accepted) = (is_empty, ask.taken_in() > 0);
        outgoing::ask_once_more(model);
        return true;
    }
    ask.is_sent = true;
    let notes = ask.note.words();
    let (done, not_done, verdict) = (ask.done_word(), ask.not_done(), ask.verdict);
    // All are sent at once, so that one transaction commits them together.
    for item in ask.items.iter_mut().filter(|item| item.state == ItemState::Asking) {
        let command = of_item(item, verdict, notes.clone());
        let sent = Sent {
            decides: Some(item.pin.key.clone()),
            is_part: true,
            ..other_sent(done, not_done, &item.pin.label)
        };
        item.state = ItemState::Writing(send(model, sent, command, fx));
    }
    true
}

/// One gate of a bulk was answered: with its refusal, or decided.
pub(crate) fn answered(model: &mut Model, ticket: Ticket, refusal: Option<&Refusal>) {
    let Some(PromptKind::Bulk(ask)) = model.ask_mut() else {
        return;
    };
    let (note, verdict) = (ask.note.text(), ask.verdict);
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
            compose::change_draft(model, &key, |draft| draft.set_note(verdict, note));
        }
    }
    let at = model.now.utc;
    let Some(PromptKind::Bulk(ask)) = model.ask_mut() else {
        return;
    };
    if ask.writing() > 0 {
        return;
    }
    let (done, all) = (ask.done(), ask.concerned());
    let left_out = ask.items.len() - all;
    let (word, not_done) = (ask.done_word(), ask.not_done());
    if done == all {
        model.prompt = None;
        let rest = match left_out {
            0 => String::new(),
            count => format!("   {} left out, still marked", counted(count, "gate")),
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
    let Some(PromptKind::Bulk(ask)) = model.ask_mut() else {
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
