//! Marks: setting them, and taking them off when what was marked is no longer what is there.

use super::super::effect::{Effect, Question};
use super::super::model::Model;
use super::super::model::bulk::{ItemState, MARKS_MAX, Mark};
use super::super::model::prompt::Prompt;
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::toast;
use crate::domain::event::Event;
use crate::domain::gate::GateKey;
use crate::domain::ids::JobId;
use crate::domain::job::JobRows;
use crate::domain::words::counted;
use crate::engine::api::Query;

/// The open gates at these places of the visible queue.
fn gates(model: &Model, places: std::ops::RangeInclusive<usize>) -> Vec<GateKey> {
    let count = places.end().saturating_sub(*places.start()).saturating_add(1);
    let rows = model.queue.visible().skip(*places.start()).take(count);
    let is_gone = |key: &RowKey| model.queue.gone.is_some() && model.queue.selected() == Some(key);
    let keys = rows.map(RowKey::of).filter(|key| !is_gone(key));
    keys.filter_map(|key| match key {
        RowKey::Gate(key) => Some(key),
        RowKey::Job(_) => None,
    })
    .collect()
}

/// The gates of the range that is being drawn; none without one.
pub fn in_range(model: &Model) -> Vec<GateKey> {
    let place = |key: &RowKey| model.queue.visible().position(|row| key.names(row));
    let ends = model
        .range
        .as_ref()
        .and_then(|from| Some((place(from)?, model.queue.place()?)));
    ends.map_or_else(Vec::new, |(from, to)| gates(model, from.min(to)..=from.max(to)))
}

fn put(model: &mut Model, keys: Vec<GateKey>, fx: &mut Vec<Effect>) {
    let mut jobs: Vec<JobId> = Vec::new();
    let mut left_out = 0;
    for key in keys {
        if model.marks.contains_key(&key) {
            continue;
        }
        if model.marks.len() >= MARKS_MAX {
            left_out += 1;
            continue;
        }
        if jobs.last() != Some(&key.job_id) {
            jobs.push(key.job_id.clone());
        }
        model.marks.insert(key, Mark::default());
    }
    for job_id in jobs {
        ask(job_id, fx);
    }
    if left_out > 0 {
        let text = format!("Not marked: {left_out} more gates   hint: at most {MARKS_MAX} are marked at a time");
        toast(model, Tone::Error, text);
    }
}

fn ask(job_id: JobId, fx: &mut Vec<Effect>) {
    fx.push(Effect::Ask(Question::Marked(job_id.clone()), Query::Job(job_id)));
}

/// Space: marks the selected gate or takes its mark off, and goes on to the next row; with a range, marks that.
pub fn toggle(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.range.is_some() {
        return range(model, fx);
    }
    let Some(RowKey::Gate(key)) = model.queue.selected().cloned().filter(|_| model.queue.gone.is_none()) else {
        return toast(model, Tone::Info, "Only an open gate can be marked");
    };
    if model.marks.remove(&key).is_none() {
        put(model, vec![key], fx);
    }
    if let Some(place) = model.queue.place() {
        super::queue::choose(model, place.saturating_add(1), fx);
    }
}

/// V: a range begins; once more: its gates are marked.
pub fn range(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.range.is_some() {
        let keys = in_range(model);
        model.range = None;
        return put(model, keys, fx);
    }
    model.range = model.queue.selected().cloned();
    if model.range.is_some() {
        toast(
            model,
            Tone::Info,
            "Range: move, then V or Space marks its gates, Esc drops it",
        );
    }
}

/// `*`: marks every gate that the filter shows; when all of them are marked already, takes those marks off.
pub fn all(model: &mut Model, fx: &mut Vec<Effect>) {
    model.range = None;
    let keys = gates(model, 0..=model.queue.len());
    if keys.is_empty() {
        return toast(model, Tone::Info, "There is no open gate to mark");
    }
    if keys.iter().all(|key| model.marks.contains_key(key)) {
        for key in &keys {
            model.marks.remove(key);
        }
        return;
    }
    put(model, keys, fx);
    let text = format!("{} marked   Esc takes the marks off", model.marks.len());
    toast(model, Tone::Info, text);
}

/// Esc: drops the range, else all marks. Returns whether there was anything to drop.
pub fn clear(model: &mut Model) -> bool {
    if model.range.take().is_some() {
        return true;
    }
    let count = model.marks.len();
    model.marks.clear();
    if count > 0 {
        toast(model, Tone::Info, format!("{} taken off", counted(count, "mark")));
    }
    count > 0
}

/// Something happened: what is marked in these jobs is looked at again.
pub fn recheck(model: &Model, events: &[Event], fx: &mut Vec<Effect>) {
    let mut jobs: Vec<JobId> = Vec::new();
    for event in events {
        let is_marked = model.marks.keys().any(|key| key.job_id == event.job_id);
        if is_marked && !jobs.contains(&event.job_id) {
            jobs.push(event.job_id.clone());
        }
    }
    for job_id in jobs {
        ask(job_id, fx);
    }
}

/// The queue was read: a marked gate that is no longer in it is looked at.
pub fn recheck_gone(model: &Model, fx: &mut Vec<Effect>) {
    let mut present = std::collections::HashSet::new();
    if !model.marks.is_empty() {
        present.extend(model.queue.present().map(RowKey::of));
    }
    let mut jobs: Vec<JobId> = Vec::new();
    let is_gone = |key: &&GateKey| !present.contains(&RowKey::Gate((*key).clone()));
    for key in model.marks.keys().filter(is_gone) {
        if jobs.last() != Some(&key.job_id) {
            jobs.push(key.job_id.clone());
        }
    }
    for job_id in jobs {
        ask(job_id, fx);
    }
}

/// Takes what a marked job is now. A gate that was decided or has changed loses its mark, aloud.
pub fn take(model: &mut Model, job_id: &JobId, rows: Option<&JobRows>) {
    let me = model.session.operator.name.clone();
    let keys: Vec<GateKey> = model
        .marks
        .keys()
        .filter(|key| key.job_id == *job_id)
        .cloned()
        .collect();
    for key in keys {
        let gate = rows.and_then(|rows| rows.gate(&key.stage, key.attempt));
        let why = match gate {
            None => Some("it is gone".to_owned()),
            Some(gate) => match gate.open_or_refuse() {
                Err(refusal) => Some(refusal.message),
                Ok(()) => {
                    let digest = gate.digest();
                    let is_seen = gate.seen.iter().any(|seen| seen.by == me && seen.digest == digest);
                    let mark = model.marks.entry(key.clone()).or_default();
                    let before = mark.digest.filter(|before| *before != digest);
                    (mark.digest, mark.is_seen) = (Some(digest), is_seen);
                    before.map(|before| format!("it changed ({} -> {})", before.short(), digest.short()))
                }
            },
        };
        if let Some(why) = why {
            drop_mark(model, &key, &why);
        }
    }
}

fn drop_mark(model: &mut Model, key: &GateKey, why: &str) {
    model.marks.remove(key);
    let revision = model.next_number();
    if let Some(Prompt::Bulk(ask)) = &mut model.prompt
        && let Some(item) = ask.items.iter_mut().find(|item| item.pin.key == *key)
    {
        match item.state {
            // Its own answer says what became of it.
            ItemState::Writing(_) | ItemState::Done | ItemState::Not(_) => return,
            ItemState::Asking => item.state = ItemState::Not(why.to_owned()),
        }
        // What Enter would do is another thing now.
        (ask.revision, ask.is_drawn) = (revision, false);
    }
    toast(model, Tone::Error, format!("Mark taken off {key}: {why}"));
}
