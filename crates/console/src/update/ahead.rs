//! Reading ahead: over a line, the gate that comes next is read behind everything else, so that it
//! is there when the selection comes to it. What is true by then is asked all the same.

use std::sync::Arc;

use super::gate;
use crate::effect::Effect;
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::gate::GateView;
use crate::model::queue::RowKey;
use crate::model::reading::ReadProgress;
use crate::question::Question;
use domain::event::Event;
use domain::job::JobRows;
use domain::key::GateKey;

/// Asks for the gate that comes next, once what is selected is there.
pub(crate) fn keep(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_read = |file: &FileView| matches!(file.reading.progress, ReadProgress::Done { .. });
    let is_whole = |view: &GateView| view.rows.is_some() && view.files.iter().all(is_read);
    let is_there = model.gate.as_ref().is_some_and(is_whole);
    if model.session.server.is_none() || !is_there || model.panes.pace.is_moving() || model.panes.ahead.is_asked {
        return;
    }
    let Some(key) = next(model).filter(|key| model.panes.ahead.key.as_ref() != Some(key)) else {
        return;
    };
    let ahead = &mut model.panes.ahead;
    (ahead.key, ahead.rows, ahead.is_asked) = (Some(key.clone()), None, true);
    fx.push(Effect::Ask(Question::Ahead(key)));
}

/// Where the selection goes once the selected gate is decided: see [`super::queue::decided`].
fn next(model: &Model) -> Option<GateKey> {
    let here = model.queue.place();
    let others = model.queue.by_urgency().filter(|place| Some(*place) != here);
    let mut gates = others.filter_map(|place| RowKey::of(model.queue.row(place)?).gate());
    gates.find(|key| !model.marks.on.contains_key(key))
}

/// What was read of a gate.
pub(crate) fn take(model: &mut Model, key: &GateKey, rows: Option<Arc<JobRows>>) {
    let ahead = &mut model.panes.ahead;
    ahead.is_asked = false;
    if ahead.key.as_ref() == Some(key) {
        ahead.rows = rows;
    }
}

/// Something happened to its job: it is read once more.
pub(crate) fn outdate(model: &mut Model, events: &[Event]) {
    let ahead = &mut model.panes.ahead;
    let is_of = |key: &GateKey| events.iter().any(|event| event.job_id == key.job_id);
    if ahead.key.as_ref().is_some_and(is_of) {
        (ahead.key, ahead.rows) = (None, None);
    }
}

/// The selection has come to a gate: it begins with what was read of it.
pub(crate) fn arrive(model: &mut Model, fx: &mut Vec<Effect>) {
    let ahead = &mut model.panes.ahead;
    let is_it = model
        .gate
        .as_ref()
        .is_some_and(|view| Some(&view.key) == ahead.key.as_ref());
    if is_it && let Some(rows) = ahead.rows.take() {
        ahead.key = None;
        gate::take_rows(model, rows, fx);
    }
}
