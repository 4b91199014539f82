//! How a bulk is asked: which gates it is about, and which of them this operator was shown.

use std::collections::BTreeMap;

use super::BulkAsk;
use super::item::Item;
use super::standing::standing;
use crate::facts::label::{self, change_of_gate};
use crate::facts::marks::gates;
use crate::model::Model;
use crate::model::gate::GateView;
use crate::model::outgoing::MARKS_MAX;
use crate::model::prompt::{Note, Pin};
use crate::model::queue::RowKey;
use crate::prompt;
use domain::context::GateContext;
use domain::decision::{Extent, Seen};
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::key::GateKey;
use domain::view::QueueRow;

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
            group: row.group.as_ref().map(|group| group.id),
            change: String::new(),
            is_seen,
            is_taken_over: false,
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
        is_take_over_asked: false,
        is_sent: false,
        top: 0,
        more: 0,
    };
    prompt::open(model, ask);
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
            group: None,
            change: row.map(change_of_gate).unwrap_or_default(),
            is_seen,
            state: standing(model, key, is_seen),
            is_taken_over: false,
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
