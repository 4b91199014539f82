//! Deciding all marked gates: one question, and an answer for each of them.

use super::super::editor::Editor;
use super::super::effect::{Effect, Submission};
use super::super::layout;
use super::super::model::bulk::{BulkAsk, Item, ItemState};
use super::super::model::prompt::{Intent, Pin, Prompt};
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::super::model::{Model, Sent};
use super::super::view::prompt::bulk::list_rows;
use super::super::view::{label, queue::change};
use super::motion::Step;
use super::prompt::{NOT_DRAWN, open_confirm, other_sent, refuse};
use super::{compose, gate_ref, mark, send, toast};
use crate::domain::gate::{GateKey, NOTES_BYTES_MAX, Verdict};
use crate::domain::refusal::Refusal;
use crate::engine::api::Command;

/// `a` or `r` on the queue: on a marked gate it is about all marked ones, on any other about that one alone.
pub fn open(model: &mut Model, intent: Intent, fx: &mut Vec<Effect>) {
    if model.range.is_some() {
        mark::range(model, fx);
    }
    let verdict = match intent {
        Intent::Approve => Verdict::Approve,
        Intent::Reject => Verdict::Reject,
        Intent::Apply | Intent::Undo => return open_confirm(model, intent, None),
    };
    let selected = match model.queue.selected() {
        Some(RowKey::Gate(key)) if model.marks.contains_key(key) => key.clone(),
        Some(RowKey::Gate(_) | RowKey::Job(_)) | None => return open_confirm(model, intent, None),
    };
    if model.marks.len() < 2 {
        return open_confirm(model, intent, None);
    }
    if model.session.is_read_only {
        return refuse(model, intent.not_done(), "this console only reads", "");
    }
    let Some(items) = items(model) else {
        return refuse(
            model,
            intent.not_done(),
            "the marked gates are still being read",
            "press the key again",
        );
    };
    let note = model
        .draft(&selected)
        .map(|draft| draft.note.clone())
        .unwrap_or_default();
    let revision = model.next_number();
    model.prompt = Some(Prompt::Bulk(Box::new(BulkAsk {
        verdict,
        items,
        note: Editor::of_line(&note),
        note_key: selected,
        is_note_focused: false,
        is_empty_accepted: false,
        top: 0,
        revision,
        is_drawn: false,
    })));
}

/// All marked gates, those of the visible queue first and in its order; none while one of them is still being read.
fn items(model: &Model) -> Option<Vec<Item>> {
    let item = |key: &GateKey| {
        let mark = model.marks.get(key)?;
        let row = model.queue.gate(key);
        Some(Item {
            pin: Pin {
                key: key.clone(),
                digest: mark.digest?,
                label: label::gate(key, row.map_or("", |row| &row.slug)),
            },
            change: row.map(change).unwrap_or_default(),
            is_seen: mark.is_seen,
            state: ItemState::Asking,
        })
    };
    let visible = model.queue.visible().map(RowKey::of);
    let mut keys: Vec<GateKey> = visible
        .filter_map(|key| match key {
            RowKey::Gate(key) => model.marks.contains_key(&key).then_some(key),
            RowKey::Job(_) => None,
        })
        .collect();
    let shown: std::collections::HashSet<GateKey> = keys.iter().cloned().collect();
    keys.extend(model.marks.keys().filter(|key| !shown.contains(key)).cloned());
    keys.iter().map(item).collect()
}

/// Enter. Returns whether the question stays.
pub fn accept(model: &mut Model, ask: &mut BulkAsk, fx: &mut Vec<Effect>) -> bool {
    if ask.writing() > 0 {
        return true;
    }
    if !ask.is_asking() {
        return false;
    }
    if !ask.is_drawn {
        toast(model, Tone::Info, NOT_DRAWN);
        return true;
    }
    let note = ask.note.text();
    if note.len() > NOTES_BYTES_MAX {
        let refusal = Refusal::notes_too_long(note.len());
        refuse(model, ask.not_done(), &refusal.message, "shorten it");
        return true;
    }
    if ask.verdict == Verdict::Reject && ask.note.is_blank() && !ask.is_empty_accepted {
        (ask.is_empty_accepted, ask.revision, ask.is_drawn) = (true, model.next_number(), false);
        return true;
    }
    let notes = (!ask.note.is_blank()).then_some(note);
    let (done, not_done, verdict) = (ask.done_word(), ask.not_done(), ask.verdict);
    // All at once: what waits together is committed together.
    for item in ask.items.iter_mut().filter(|item| item.state == ItemState::Asking) {
        let command = Command::Decide {
            gate: gate_ref(&item.pin.key),
            verdict,
            notes: notes.clone(),
            patch: None,
            digest: Some(item.pin.digest),
        };
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
pub fn answered(model: &mut Model, submission: Submission, refusal: Option<&Refusal>) {
    let Some(Prompt::Bulk(ask)) = &mut model.prompt else {
        return;
    };
    let note = ask.note.text();
    if let Some(item) = ask.item_of(submission) {
        item.state = match refusal {
            None => ItemState::Done,
            Some(refusal) => ItemState::Not(refusal.message.clone()),
        };
        // A decided gate has no lease to give back, and no mark survives an answer.
        if refusal.is_none() {
            model.leases.remove(&item.pin.key);
        }
        let key = item.pin.key.clone();
        model.marks.remove(&key);
        // The draft that held the note for all goes with the first decision: a gate that refused keeps its own.
        if refusal.is_some() && !note.trim().is_empty() {
            compose::change_draft(model, &key, |draft| draft.note = note);
        }
    }
    let Some(Prompt::Bulk(ask)) = &mut model.prompt else {
        return;
    };
    if ask.writing() > 0 {
        return;
    }
    let (done, all) = (ask.done(), ask.items.len());
    let (word, not_done) = (ask.done_word(), ask.not_done());
    let at = model.now.utc;
    if done == all {
        model.prompt = None;
        model.toasts.push_news(at, Tone::Done, format!("{word} {all} gates"));
        return;
    }
    // What needs a look stands first.
    ask.items.sort_by_key(|item| item.state == ItemState::Done);
    ask.top = 0;
    let text = format!(
        "{word} {done} of {all} gates   {not_done}: {}, each with its reason above",
        all - done
    );
    model.toasts.push_news(at, Tone::Error, text);
}

/// Scrolls the list.
pub fn scroll(model: &mut Model, step: Step) {
    let rows = list_rows(model, layout::of(model).prompt.height);
    let Some(Prompt::Bulk(ask)) = &mut model.prompt else {
        return;
    };
    let last = ask.items.len().saturating_sub(rows);
    let page = isize::try_from(rows.max(1)).unwrap_or(isize::MAX);
    ask.top = match step {
        Step::Rows(by) => ask.top.saturating_add_signed(by),
        Step::Pages(by) => ask.top.saturating_add_signed(page.saturating_mul(by)),
        Step::Half(by) => ask.top.saturating_add_signed((page / 2).max(1).saturating_mul(by)),
        Step::Top => 0,
        Step::Bottom => last,
    }
    .min(last);
}
