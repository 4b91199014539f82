//! Seen means shown: which lines stood on the screen long enough, and what of that is recorded.
//!
//! A look is recorded at its first changed line and completed at its last. What is between is
//! recorded when the eyes rest, when something is asked of this gate, and when it is left: the
//! record must be true at a decision, and need not be written at every line.

use crate::effect::{DiffFacts, Effect};
use crate::model::Model;
use crate::model::remembered::{Remembered, RememberedFile};
use crate::model::standing::FrameContents;
use crate::update::outgoing::send_quietly;
use domain::ask::Command;
use domain::decision::Extent;
use domain::event::{Event, EventType};
use domain::gate::GateState;
use domain::ids::Digest;
use domain::key::GateKey;
use domain::time::SECOND_US;

/// When so long nothing more was shown, what was is recorded.
const REST_US: i64 = 3 * SECOND_US;

/// Somebody pressed a key, or used the mouse.
pub(crate) fn present(model: &mut Model) {
    model.keys.presence.press(model.now.boot_us);
}

/// Whether anybody has used the console since it was started.
pub(crate) fn is_touched(model: &Model) -> bool {
    model.keys.presence.key_boot_us.is_some()
}

/// Whether anybody is there to read.
pub(crate) fn is_attended(model: &Model) -> bool {
    model.keys.presence.is_attended(model.now.boot_us)
}

/// A frame with this of the diff is on the terminal; what the one before showed has stood until
/// now.
pub(crate) fn drawn(model: &mut Model, gate: Option<&GateKey>, facts: Option<DiffFacts>) {
    count(model);
    let boot = model.now.boot_us;
    let Some(view) = &mut model.gate else {
        return;
    };
    let former = view.seen.standing.take();
    // A frame of the gate before may still have been on its way.
    if gate == Some(&view.key) {
        view.drawn_boot_us.get_or_insert(boot);
    }
    view.seen.standing = facts.and_then(|facts| {
        let number = match view.files.get(facts.file) {
            Some(file) => file.reading.number,
            None => view.generation,
        };
        let file = view.files.get(facts.file);
        // Against another base the lines of this one may be hidden.
        let shown = file.filter(|file| file.comparison.is_usual()).map(|file| &file.shown);
        let place = (facts.file, facts.number);
        (number == facts.number).then(|| FrameContents::of(former, place, facts.sights, shown, boot))
    });
}

/// Counts what stood on the screen long enough.
pub(crate) fn count(model: &mut Model) {
    if !is_attended(model) {
        return;
    }
    let (present, boot) = (model.keys.presence.since_boot_us, model.now.boot_us);
    let Some(view) = &mut model.gate else {
        return;
    };
    let Some(standing) = &mut view.seen.standing else {
        return;
    };
    let Some(sights) = standing.take_ripe(present, boot) else {
        return;
    };
    let (index, number) = standing.file();
    let is_news = match view.files.get_mut(index) {
        Some(file) if file.reading.number == number => file.note_shown(&sights),
        Some(_) => false,
        None => !std::mem::replace(&mut view.seen.is_bare_shown, true),
    };
    if is_news {
        view.seen.boot_us = boot;
        // The line that says what was not yet shown must be drawn once more.
        model.window.is_dirty = true;
    }
}

/// What there is to record, if it is more than was recorded.
fn unrecorded(model: &Model) -> Option<(GateKey, Digest, Extent)> {
    let view = model.gate.as_ref()?;
    let takes_part = model.session.takes_part_at(&view.key.stage);
    let is_open = takes_part && view.gate().is_some_and(|gate| gate.state == GateState::Open);
    let extent = view.extent().filter(|_| is_open)?;
    let digest = view.shown_digest()?;
    let is_more = match view.seen.recorded {
        Some((recorded, former)) if recorded == digest => extent.hunks_shown > former.hunks_shown,
        Some(_) | None => true,
    };
    is_more.then(|| (view.key.clone(), digest, extent))
}

/// Whether more of a look is to be recorded at once: its beginning, its end, and what a question on
/// the gate rests on.
fn is_due(model: &Model, digest: Digest, extent: Extent) -> bool {
    let Some(view) = &model.gate else {
        return false;
    };
    let is_first = view.seen.recorded.is_none_or(|(recorded, _)| recorded != digest);
    let is_asked = model.ask().is_some_and(|ask| ask.pin().is_some()) || model.compose.is_some();
    is_first || extent.is_whole() || is_asked || rest_us(model) == 0
}

fn rest_us(model: &Model) -> i64 {
    let since = model.gate.as_ref().map_or(0, |view| view.seen.boot_us);
    (since + REST_US - model.now.boot_us).max(0)
}

/// Microseconds until something of the screen counts as shown, or is recorded; none while nothing
/// will.
pub fn wake_us(model: &Model) -> Option<i64> {
    let standing = model.gate.as_ref().and_then(|view| view.seen.standing.as_ref());
    let ripens = standing
        .filter(|_| is_attended(model))
        .and_then(|standing| standing.ripens_us(model.keys.presence.since_boot_us));
    let ripens = ripens.map(|at| (at - model.now.boot_us).max(0));
    let records = unrecorded(model).map(|_| rest_us(model));
    ripens.into_iter().chain(records).min()
}

/// Records what must be recorded by now.
pub(crate) fn record_due(model: &mut Model, fx: &mut Vec<Effect>) {
    if let Some((key, digest, extent)) = unrecorded(model)
        && is_due(model, digest, extent)
    {
        record(model, &key, digest, extent, fx);
    }
}

/// What was shown of a gate whose files are others now is no longer what there is to read.
pub(crate) fn forget_changed(model: &mut Model, events: &[Event]) {
    use EventType::{ArtifactChanged, PatchApplied, PatchUndone};
    let changes = |event: &&Event| matches!(event.kind, ArtifactChanged | PatchApplied | PatchUndone);
    for event in events.iter().filter(changes) {
        let is_of = |key: &GateKey| key.job_id == event.job_id && Some(&key.stage) == event.stage.as_ref();
        model.panes.remembered.retain(|of_gate| !is_of(&of_gate.key));
    }
}

/// How many gates are remembered with what was shown of them.
const REMEMBERED_MAX: usize = 100;

/// Records what was shown of the gate that is left, and remembers it for when the selection comes
/// back.
pub(crate) fn leave(model: &mut Model, fx: &mut Vec<Effect>) {
    if let Some(view) = &model.gate
        && view.files.iter().any(|file| file.is_shown)
    {
        let of_gate = Remembered {
            key: view.key.clone(),
            recorded: view.seen.recorded,
            files: view.files.iter().filter_map(RememberedFile::of).collect(),
        };
        model.panes.remembered.retain(|other| other.key != of_gate.key);
        if model.panes.remembered.len() >= REMEMBERED_MAX {
            model.panes.remembered.pop_front();
        }
        model.panes.remembered.push_back(of_gate);
    }
    if let Some((key, digest, extent)) = unrecorded(model) {
        record(model, &key, digest, extent, fx);
    }
}

/// A file was read for the first time in this view: what was shown of the same bytes against the
/// same base before is known.
pub(crate) fn recall(model: &mut Model, index: usize) {
    let Some(view) = &mut model.gate else {
        return;
    };
    let Some(of_gate) = model.panes.remembered.iter().find(|other| other.key == view.key) else {
        return;
    };
    if view.seen.recorded.is_none() {
        view.seen.recorded = of_gate.recorded;
    }
    if let Some(file) = view.files.get_mut(index)
        && let Some(former) = of_gate.files.iter().find(|former| former.is_of(file))
    {
        (file.shown, file.is_shown) = (former.shown.clone(), true);
    }
}

fn record(model: &mut Model, key: &GateKey, digest: Digest, extent: Extent, fx: &mut Vec<Effect>) {
    if let Some(view) = &mut model.gate {
        view.seen.recorded = Some((digest, extent));
    }
    record_shared(model, key, digest, extent, fx);
}

/// The same of a gate with the very same change as the one on the screen.
pub(crate) fn record_shared(model: &mut Model, key: &GateKey, digest: Digest, extent: Extent, fx: &mut Vec<Effect>) {
    let command = Command::MarkSeen {
        gate: key.into(),
        digest,
        extent,
    };
    send_quietly(model, None, command, fx);
}
