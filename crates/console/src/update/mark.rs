//! Marks: setting them, and taking them off when what was marked is no longer what is there.

use std::collections::BTreeSet;

use crate::action::Action;
use crate::effect::Effect;
use crate::facts::marks::{gates, in_range};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::bulk::Mark;
use crate::model::outgoing::MARKS_MAX;
use crate::model::toast::Tone;
use crate::prompt::bulk::BulkAsk;
use crate::prompt::bulk::item::ItemState;
use crate::question::Question;
use crate::update::outgoing::{tell, toast};
use domain::context::GateContext;
use domain::decision::Seen;
use domain::event::Event;
use domain::handover::MarkedGate;
use domain::ids::{Digest, JobId};
use domain::job::JobRows;
use domain::key::GateKey;
use text::words::counted;

/// Marks gates; returns how many were left out, because no more can be marked.
fn put(model: &mut Model, keys: Vec<GateKey>, fx: &mut Vec<Effect>) -> usize {
    let is_new = |key: &GateKey| !model.marks.on.contains_key(key);
    let mut keys: Vec<_> = keys.into_iter().filter(is_new).collect();
    let room = MARKS_MAX.saturating_sub(model.marks.on.len());
    let left_out = keys.len().saturating_sub(room);
    keys.truncate(room);
    ask(keys.iter().map(|key| &key.job_id), fx);
    model
        .marks
        .on
        .extend(keys.into_iter().map(|key| (key, Mark::default())));
    left_out
}

/// Says what a mark beyond the limit came to.
fn tell_left_out(model: &mut Model, left_out: usize) {
    if left_out > 0 {
        let text = format!(
            "Not marked: {}   hint: at most {MARKS_MAX} are marked at a time; decide these first",
            counted(left_out, "more gate")
        );
        toast(model, Tone::Error, text);
    }
}

/// Takes all marks off, to be set again by one key. Never without a word.
fn take_off(model: &mut Model, keys: &[GateKey]) {
    let all = std::mem::take(&mut model.marks.on);
    let (off, rest) = all.into_iter().partition(|(key, _)| keys.contains(key));
    (model.marks.off, model.marks.on) = (off, rest);
    let again = keymap::key_in(Focus::Queue, Action::MarkAgain);
    let count = counted(model.marks.off.len(), "mark");
    tell(model, format!("{count} taken off   {again} sets them again"));
}

/// M: the marks that were taken off last are set again, each on what it was set on.
pub(crate) fn again(model: &mut Model, fx: &mut Vec<Effect>) {
    let left_out = put_back(model, fx);
    let text = format!("{} marked", model.marks.on.len());
    tell(model, text);
    tell_left_out(model, left_out);
}

/// The same without a word; returns how many were left out.
pub(crate) fn put_back(model: &mut Model, fx: &mut Vec<Effect>) -> usize {
    let off = std::mem::take(&mut model.marks.off);
    let room = MARKS_MAX.saturating_sub(model.marks.on.len());
    let left_out = off.len().saturating_sub(room);
    ask(off.keys().take(room).map(|key| &key.job_id), fx);
    for (key, mark) in off.into_iter().take(room) {
        model.marks.on.entry(key).or_insert(mark);
    }
    left_out
}

/// Asks for what is marked in these jobs, each once.
fn ask<'a>(jobs: impl Iterator<Item = &'a JobId>, fx: &mut Vec<Effect>) {
    let mut asked = BTreeSet::new();
    let jobs = jobs.filter(|job_id| asked.insert(*job_id)).cloned();
    fx.extend(jobs.map(|job_id| Effect::Ask(Question::Marked(job_id))));
}

/// `m`: marks the gate on the screen, all of which was shown; on its digest at once, so that a
/// change meanwhile takes the mark off. Returns whether there was room.
pub(crate) fn read(model: &mut Model, key: GateKey, read: Mark, fx: &mut Vec<Effect>) -> bool {
    let left_out = put(model, vec![key.clone()], fx);
    tell_left_out(model, left_out);
    let mark = model.marks.on.get_mut(&key);
    mark.map(|mark| *mark = read).is_some()
}

/// What a colleague has marked is marked here too, as they had it: what is another version now loses
/// its mark aloud. Returns how many more are marked.
pub(crate) fn adopt(model: &mut Model, gates: Vec<(GateKey, Digest, GateContext)>, fx: &mut Vec<Effect>) -> usize {
    let before = model.marks.on.len();
    let keys = gates.iter().map(|(key, ..)| key.clone()).collect();
    let left_out = put(model, keys, fx);
    for (key, digest, context) in gates {
        if let Some(mark) = model.marks.on.get_mut(&key).filter(|mark| mark.digest.is_none()) {
            (mark.digest, mark.context) = (Some(digest), context);
        }
    }
    tell_left_out(model, left_out);
    model.marks.on.len() - before
}

/// The queue is there for the first time: what was marked in an earlier session, which a bad line may
/// have ended, is set again by the key that sets marks again. Of what is over nothing is said.
pub(crate) fn offer(model: &mut Model) {
    let left = std::mem::take(&mut model.marks.left);
    let open = left.into_iter().filter(|gate| model.queue.gate(&gate.key).is_some());
    let off = open.map(|gate| {
        let mark = Mark {
            digest: Some(gate.digest),
            context_left: gate.context_digest,
            ..Mark::default()
        };
        (gate.key, mark)
    });
    model.marks.off = off.collect();
}

/// That there are such marks, for the line at the start; none: there are none.
pub(crate) fn left_words(model: &Model) -> Option<String> {
    let again = keymap::key_in(Focus::Queue, Action::MarkAgain);
    let count = counted(model.marks.off.len(), "gate");
    (!model.marks.off.is_empty()).then(|| format!("{again}: marks {count} again, as you left them"))
}

/// Has the marks kept where they are not what was kept last.
pub(crate) fn keep(model: &mut Model, fx: &mut Vec<Effect>) {
    let on = model
        .marks
        .on
        .iter()
        .filter_map(|(key, mark)| Some((key, mark.digest?)));
    let kept = model.marks.kept.iter().map(|gate| (&gate.key, gate.digest));
    if on.clone().eq(kept) {
        return;
    }
    let marked = on.map(|(key, digest)| MarkedGate {
        key: key.clone(),
        digest,
        context_digest: model.marks.on.get(key).map(|mark| mark.context.digest()),
    });
    model.marks.kept = marked.collect();
    fx.push(Effect::SaveMarks(model.marks.kept.clone()));
}

/// Marks every gate that the selected row stands for.
pub(crate) fn row(model: &mut Model, fx: &mut Vec<Effect>) {
    let place = model.queue.place().filter(|_| !model.queue.is_gone);
    let keys = place.map(|place| gates(model, place..=place)).unwrap_or_default();
    let left_out = put(model, keys, fx);
    tell_left_out(model, left_out);
}

/// Space: marks the selected gate or takes its mark off, and goes on to the next row; with a range,
/// marks that.
pub(crate) fn toggle(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.marks.range.is_some() {
        return range(model, fx);
    }
    let place = model.queue.place().filter(|_| !model.queue.is_gone);
    let keys = place.map(|place| gates(model, place..=place)).unwrap_or_default();
    if keys.is_empty() {
        return tell(model, "Only an open gate can be marked");
    }
    if keys.iter().all(|key| model.marks.on.contains_key(key)) {
        model.marks.on.retain(|key, _| !keys.contains(key));
    } else {
        let left_out = put(model, keys, fx);
        tell_left_out(model, left_out);
    }
    if let Some(place) = place {
        super::queue::pass_to(model, place.saturating_add(1), fx);
    }
}

/// V: a range begins; once more: its gates are marked.
pub(crate) fn range(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.marks.range.is_some() {
        let keys = in_range(model);
        model.marks.range = None;
        let left_out = put(model, keys, fx);
        return tell_left_out(model, left_out);
    }
    model.marks.range = model.queue.selected().cloned();
    if model.marks.range.is_some() {
        let [range, mark, back] =
            [Action::MarkRange, Action::Mark, Action::Back].map(|action| keymap::key_in(Focus::Queue, action));
        let text = format!("Range: move, then {range} or {mark} marks its gates, {back} drops it");
        tell(model, text);
    }
}

/// `*`: marks every gate that the filter shows; when all of them are marked already, takes those
/// marks off.
pub(crate) fn all(model: &mut Model, fx: &mut Vec<Effect>) {
    model.marks.range = None;
    let keys = gates(model, 0..=model.queue.len());
    mark_all(model, keys, fx);
}

fn mark_all(model: &mut Model, keys: Vec<GateKey>, fx: &mut Vec<Effect>) {
    if keys.is_empty() {
        return tell(model, "There is no open gate to mark");
    }
    if keys.iter().all(|key| model.marks.on.contains_key(key)) {
        return take_off(model, &keys);
    }
    let left_out = put(model, keys, fx);
    let marked = model.marks.on.len();
    if left_out > 0 {
        let key = keymap::key_in(Focus::Queue, Action::MarkAll);
        let text = format!(
            "{marked} marked, {left_out} NOT: at most {MARKS_MAX} at a time   hint: decide these, then {key} again"
        );
        return toast(model, Tone::Error, text);
    }
    let back = keymap::key_in(Focus::Queue, Action::Back);
    tell(model, format!("{marked} marked   {back} twice takes the marks off"));
}

/// Space on the forecast: marks its gate or takes the mark off, and goes on to the next row.
pub(crate) fn foreseen(model: &mut Model, fx: &mut Vec<Effect>) {
    let selected = model.panes.board.current().map(|line| line.key.clone());
    let Some(key) = selected.filter(|key| model.queue.gate(key).is_some()) else {
        return tell(model, "Only an open gate can be marked");
    };
    if model.marks.on.remove(&key).is_none() {
        let left_out = put(model, vec![key], fx);
        tell_left_out(model, left_out);
    }
    let board = &mut model.panes.board;
    board.select((board.index() + 1).min(board.shown().len().saturating_sub(1)));
    super::queue::pass_to_foreseen(model, fx);
}

/// `*` on the forecast: marks every gate of it that is open; when all of them are marked already,
/// takes those marks off.
pub(crate) fn all_foreseen(model: &mut Model, fx: &mut Vec<Effect>) {
    let keys = model.panes.board.shown().iter().map(|line| &line.key);
    let keys = keys.filter(|key| model.queue.gate(key).is_some()).cloned().collect();
    mark_all(model, keys, fx);
}

/// Esc: drops the range, else all marks, at the second press: the first may be the beginning of
/// another key that the line has torn. Returns whether there was anything to drop.
pub(crate) fn clear(model: &mut Model) -> bool {
    if model.marks.range.take().is_some() {
        return true;
    }
    if model.marks.on.is_empty() {
        return false;
    }
    if std::mem::replace(&mut model.keys.slips.is_clear_asked, true) {
        model.keys.slips.is_clear_asked = false;
        let keys: Vec<_> = model.marks.on.keys().cloned().collect();
        take_off(model, &keys);
    } else {
        let count = counted(model.marks.on.len(), "mark");
        let back = keymap::key_in(Focus::Queue, Action::Back);
        tell(model, format!("{back} once more takes {count} off"));
    }
    true
}

/// Something happened: what is marked in these jobs is looked at again.
pub(crate) fn recheck(model: &Model, events: &[Event], fx: &mut Vec<Effect>) {
    let is_marked = |job_id: &&JobId| model.marks.on.keys().any(|key| key.job_id == **job_id);
    ask(events.iter().map(|event| &event.job_id).filter(is_marked), fx);
}

/// The queue was read: a marked gate that is no longer in it is looked at.
pub(crate) fn recheck_gone(model: &Model, fx: &mut Vec<Effect>) {
    let is_gone = |key: &&GateKey| model.queue.gate(key).is_none();
    ask(model.marks.on.keys().filter(is_gone).map(|key| &key.job_id), fx);
}

/// Takes what a marked job is now. A gate that was decided or has changed loses its mark, aloud.
pub(crate) fn take(model: &mut Model, job_id: &JobId, rows: Option<&JobRows>) {
    let me = model.session.operator.name.clone();
    let marked = model.marks.on.keys().filter(|key| key.job_id == *job_id);
    for key in marked.cloned().collect::<Vec<_>>() {
        let gate = rows.and_then(|rows| rows.gate(&key.stage, key.attempt));
        let why = match gate {
            None => Some("it is gone".to_owned()),
            Some(gate) => match gate.open_or_refuse() {
                Err(refusal) => Some(refusal.message),
                Ok(()) => {
                    let digest = gate.digest();
                    let is_mine = |seen: &&Seen| seen.by == me && seen.digest == digest;
                    let is_seen = gate.seen.iter().filter(is_mine).any(Seen::is_whole);
                    let extent = gate.seen.iter().filter(is_mine).find_map(Seen::extent);
                    let mark = model.marks.on.entry(key.clone()).or_default();
                    let before = mark.digest.filter(|before| *before != digest);
                    let left = mark.context_left.take();
                    let is_said_anew = match left {
                        Some(left) => left != gate.context.digest(),
                        None => mark.digest.is_some() && mark.context != gate.context,
                    };
                    let former = Some(&mark.context).filter(|_| left.is_none());
                    let said = is_said_anew.then(|| gate.context.changed_words(former));
                    // The rows may be older than what was recorded of this screen.
                    let (is_seen, extent) = match mark.is_seen && mark.digest == Some(digest) {
                        true => (true, extent.filter(|_| is_seen).or(mark.extent)),
                        false => (is_seen, extent),
                    };
                    (mark.digest, mark.is_seen, mark.extent) = (Some(digest), is_seen, extent);
                    mark.context.clone_from(&gate.context);
                    let changed = before.map(|before| format!("it changed ({} -> {})", before.short(), digest.short()));
                    changed.or(said)
                }
            },
        };
        if let Some(why) = why {
            drop_mark(model, &key, &why);
        }
    }
}

fn drop_mark(model: &mut Model, key: &GateKey, why: &str) {
    model.marks.on.remove(key);
    if let Some(ask) = model.asked_mut::<BulkAsk>()
        && let Some(item) = ask.items.iter_mut().find(|item| item.pin.key == *key)
    {
        match item.state {
            // The answer to this item says what became of it.
            ItemState::Writing(_) | ItemState::Done | ItemState::Not(_) => return,
            ItemState::Asking | ItemState::LeftOut(_) => item.state = ItemState::Not(why.to_owned()),
        }
        // Enter would now do something else, so the question has to be shown again.
        model.ask_again();
    }
    toast(model, Tone::Error, format!("Mark taken off {key}: {why}"));
}
