//! Where each gate of a bulk stands, before Enter and behind it.

use super::BulkAsk;
use super::item::{Item, ItemState, LeftOut};
use crate::model::Model;
use crate::model::toast::Tone;
use crate::prompt::parts::not_included;
use crate::update::compose::change_draft;
use domain::key::GateKey;
use domain::refusal::Refusal;
use engine::api::Ticket;
use text::words::counted;

/// What Enter would do to a marked gate.
pub(super) fn standing(model: &Model, key: &GateKey, is_taken: bool) -> ItemState {
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
    if is_said_anew {
        return Some("its requester says otherwise now");
    }
    let is_other = row.group.as_ref().map(|group| group.id) != item.group;
    is_other.then_some("it is no longer asked for as the others are")
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
    (ask.is_unseen_accepted, ask.is_take_over_asked) = (false, false);
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
    let more = not_included(ask.more);
    if done == all {
        model.prompt = None;
        let rest = match left_out {
            0 => String::new(),
            count => format!("   {} left out, still {still}", counted(count, "gate")),
        };
        let text = format!("{word} {}{rest}{more}", counted(all, "gate"));
        model.toasts.push_news(at, Tone::Done, text);
        return;
    }
    // Gates that still need attention come first in the list.
    ask.items.sort_by_key(|item| item.state == ItemState::Done);
    ask.top = 0;
    let text = format!(
        "{word} {done} of {all} gates{more}   {not_done}: {}, each with its reason above",
        all - done
    );
    model.toasts.push_news(at, Tone::Error, text);
}
