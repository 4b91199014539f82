//! The queue: asking for it, taking it, moving in it.

use super::super::effect::{Effect, Question};
use super::super::model::Model;
use super::super::model::queue::RowKey;
use super::super::model::toast::Tone;
use super::{gate, keep, mark, toast};
use crate::domain::gate::GateState;
use crate::domain::ids::{JobId, StageName};
use crate::domain::job::JobRows;
use crate::domain::view::QueueRow;
use crate::engine::api::Query;

/// Asks for the queue; while a question is under way, once more after it.
pub fn ask(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.queue_asked.0 {
        model.queue_asked.1 = true;
        return;
    }
    model.queue_asked = (true, false);
    fx.push(Effect::Ask(Question::Queue, Query::Queue));
}

/// Takes the queue.
pub fn take(model: &mut Model, rows: Vec<QueueRow>, fx: &mut Vec<Effect>) {
    let must_follow = model.queue_asked.1;
    model.queue_asked = (false, false);
    if must_follow {
        ask(model, fx);
    }
    let was_loaded = model.queue.is_loaded;
    model.queue.refresh(rows);
    keep::tell_lost(model);
    mark::recheck_gone(model, fx);
    if model.queue.selected().is_none() {
        let asked = model.session.open_at.take();
        let mut place = asked.as_ref().and_then(|(job_id, stage)| {
            let fits = |row: &QueueRow| row.job_id == *job_id && (stage.is_none() || row.stage == *stage);
            model.queue.visible().position(fits)
        });
        if place.is_some() && !was_loaded {
            model.is_lower_focused = true;
        }
        if let Some((job_id, stage)) = asked
            && place.is_none()
        {
            place = model.queue.visible().position(|row| row.job_id == job_id);
            fx.push(Effect::Ask(Question::Sought(job_id.clone(), stage), Query::Job(job_id)));
        }
        select(model, place.unwrap_or(0), fx);
    } else if model.queue.gone.is_some() {
        gate::ask_job(model, fx);
        describe_gone(model);
    }
}

/// Says why the console did not open where it was to.
pub fn not_found(model: &mut Model, job_id: &JobId, stage: Option<&StageName>, rows: Option<&JobRows>) {
    let Some(rows) = rows else {
        return toast(model, Tone::Error, format!("Not opened: there is no job {job_id}"));
    };
    let ran = |stage: &StageName| rows.newest_gate(stage).is_some() || rows.newest_attempt(stage).is_some();
    let why = match stage {
        Some(stage) if rows.stage_spec(stage).is_none() && !ran(stage) => format!("{job_id} has no stage {stage}"),
        Some(stage) => match rows.newest_gate(stage) {
            Some(gate) => format!(
                "{stage} of {job_id} is {}   hint: 4 shows the decisions",
                gate.state.as_str()
            ),
            None => format!("{stage} of {job_id} has no gate yet"),
        },
        None => format!("{job_id} is {}", rows.job.status.as_str()),
    };
    toast(model, Tone::Error, format!("Not opened: {why}"));
}

/// Selects the row at a place.
pub fn select(model: &mut Model, place: usize, fx: &mut Vec<Effect>) {
    if model.queue.select(place) {
        gate::follow_selection(model, fx);
    }
}

/// The filter or the order changed: the selection stays where it can.
pub fn rearrange(model: &mut Model, fx: &mut Vec<Effect>) {
    model.queue.arrange();
    if model.queue.place().is_none() {
        model.queue.deselect();
        if model.queue.is_empty() {
            gate::follow_selection(model, fx);
        } else {
            select(model, 0, fx);
        }
    }
}

/// Says what became of the selected row when it went away.
pub fn describe_gone(model: &mut Model) {
    if model.queue.gone.is_none() {
        return;
    }
    let text = match model.queue.selected() {
        Some(RowKey::Gate(key)) => {
            let gate = model
                .gate
                .as_ref()
                .filter(|view| view.key == *key)
                .and_then(|view| view.gate());
            gate.and_then(|gate| {
                let by = gate.settled.as_ref().map_or("", |settled| settled.by.as_str());
                let is_ended = gate.state != GateState::Open;
                is_ended.then(|| format!("{} {by}", gate.state.as_str()))
            })
        }
        Some(RowKey::Job(job_id)) => {
            let job = model.job.as_ref().filter(|view| view.job_id == *job_id);
            job.and_then(|view| view.rows.as_ref())
                .map(|rows| match &rows.job.stage {
                    Some(stage) if !rows.job.status.is_ended() => format!("now at {stage}"),
                    Some(_) | None => rows.job.status.as_str().to_owned(),
                })
        }
        None => None,
    };
    if let Some(text) = text {
        model.queue.gone = Some(text);
    }
}
