//! The gate and job of the selected row: loading them.

use std::sync::Arc;

use super::super::effect::{DiffDone, DiffJob, Effect, Question};
use super::super::model::gate::{Content, FileView, GateView, Shown, Slot};
use super::super::model::job::{EVENTS_MAX, JobView, LOG_BYTES_MAX};
use super::super::model::queue::RowKey;
use super::super::model::{Lower, Model};
use super::queue;
use crate::diff::page::Place;
use crate::domain::gate::Gate;
use crate::domain::job::JobRows;
use crate::engine::api::{Answer, Query};

/// The selection moved: show what it is on now.
pub fn follow_selection(model: &mut Model, fx: &mut Vec<Effect>) {
    let selected = model.queue.selected().cloned();
    let slug = model
        .queue
        .current()
        .map(|row| row.slug.to_string())
        .unwrap_or_default();
    model.gate = None;
    match selected {
        None => {
            model.job = None;
            return;
        }
        Some(RowKey::Gate(key)) => {
            let generation = model.next_number();
            model.gate = Some(GateView::new(key, slug, generation));
        }
        Some(RowKey::Job(_)) => {}
    }
    let job_id = model.queue.selected().map(|key| key.job_id().clone());
    if let Some(job_id) = job_id
        && model.job.as_ref().is_none_or(|job| job.job_id != job_id)
    {
        model.job = Some(JobView::new(job_id));
    }
    ask_job(model, fx);
}

/// Asks for the selected job; while a question is under way, once more after it.
pub fn ask_job(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(job) = &model.job else {
        return;
    };
    if let Some((_, must_follow)) = &mut model.job_asked {
        *must_follow = true;
        return;
    }
    let job_id = job.job_id.clone();
    model.job_asked = Some((job_id.clone(), false));
    fx.push(Effect::Ask(Question::Job(job_id.clone()), Query::Job(job_id)));
    if is_job_shown(model) {
        ask_job_pane(model, fx);
    }
}

fn is_job_shown(model: &Model) -> bool {
    model.lower == Lower::Job || model.gate.is_none()
}

/// Asks for what the job pane shows beside the job.
pub fn ask_job_pane(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(job) = &model.job else {
        return;
    };
    let query = Query::Events {
        job_id: Some(job.job_id.clone()),
        since: 0,
        limit: EVENTS_MAX,
        tail: true,
    };
    fx.push(Effect::Ask(Question::Events(job.job_id.clone()), query));
    ask_log(model, fx);
}

/// Asks for the log on screen.
pub fn ask_log(model: &mut Model, fx: &mut Vec<Effect>) {
    let boot = model.now.boot_us;
    let Some(job) = &mut model.job else {
        return;
    };
    job.log_boot_us = boot;
    if let Some((stage, attempt)) = job.current_log() {
        let question = Question::Log(job.job_id.clone(), stage.clone(), attempt);
        let query = Query::Log {
            job_id: job.job_id.clone(),
            stage,
            attempt,
            bytes_max: LOG_BYTES_MAX,
        };
        fx.push(Effect::Ask(question, query));
    }
}

/// Takes the job.
pub fn take_job(
    model: &mut Model,
    asked: &crate::domain::ids::JobId,
    rows: Option<Arc<JobRows>>,
    fx: &mut Vec<Effect>,
) {
    let must_follow = model.job_asked.take().is_some_and(|(_, must_follow)| must_follow);
    let is_current = model.job.as_ref().is_some_and(|job| job.job_id == *asked);
    if is_current {
        match rows {
            Some(rows) => take_rows(model, rows, fx),
            None => {
                if let Some(job) = &mut model.job {
                    job.is_missing = true;
                }
            }
        }
    }
    if must_follow || !is_current {
        ask_job(model, fx);
    }
}

/// Takes the job as it is now: from an answer or a receipt.
pub fn take_rows(model: &mut Model, rows: Arc<JobRows>, fx: &mut Vec<Effect>) {
    let Some(job) = &mut model.job else {
        return;
    };
    if job.job_id != rows.job.id {
        return;
    }
    let had_log = job.current_log();
    job.rows = Some(rows.clone());
    job.is_missing = false;
    let has_new_log = job.current_log() != had_log;
    if has_new_log && is_job_shown(model) {
        ask_log(model, fx);
    }
    let generation = model.next_number();
    let boot = model.now.boot_us;
    let mut is_new = false;
    if let Some(view) = &mut model.gate {
        view.rows = Some(rows);
        let artifacts = view.gate().map(|gate: &Gate| gate.artifacts.clone());
        if let Some(artifacts) = artifacts {
            let is_same = view.files.iter().map(|file| &file.artifact).eq(artifacts.iter());
            if !is_same {
                is_new = true;
                view.rereads = (0, boot);
                view.reload(&artifacts, generation);
                ask_files(view, fx);
            }
        }
    }
    if !is_new {
        reread_if_behind(model, fx);
    }
    queue::describe_gone(model);
}

/// Reads the files of the gate once more: they are not what they were on screen.
pub fn reload_files(model: &mut Model, fx: &mut Vec<Effect>) {
    let generation = model.next_number();
    if let Some(view) = &mut model.gate {
        let artifacts: Vec<_> = view.files.iter().map(|file| file.artifact.clone()).collect();
        view.reload(&artifacts, generation);
        ask_files(view, fx);
    }
}

/// A version is registered before its file is written, here or by another process: reads again while the disk is behind.
pub fn reread_if_behind(model: &mut Model, fx: &mut Vec<Effect>) {
    let boot = model.now.boot_us;
    let Some(view) = model.gate.as_mut().filter(|view| view.is_behind()) else {
        return;
    };
    view.rereads = (view.rereads.0 + 1, boot);
    reload_files(model, fx);
}

fn ask_files(view: &GateView, fx: &mut Vec<Effect>) {
    for (index, file) in view.files.iter().enumerate() {
        let query = Query::OnDisk {
            job_id: view.key.job_id.clone(),
            path: file.artifact.path.clone(),
        };
        fx.push(Effect::Ask(Question::OnDisk(view.generation, index), query));
        if let Some(base) = &file.artifact.base {
            let query = Query::Version {
                job_id: view.key.job_id.clone(),
                digest: base.digest,
            };
            fx.push(Effect::Ask(Question::Base(view.generation, index), query));
        }
    }
}

/// Takes the bytes of a file; when both sides are there, has the diff computed.
pub fn take_bytes(
    model: &mut Model,
    generation: u64,
    index: usize,
    is_base: bool,
    answer: Answer,
    fx: &mut Vec<Effect>,
) {
    let Some(view) = model.gate.as_mut().filter(|view| view.generation == generation) else {
        return;
    };
    let Some(file) = view.files.get_mut(index) else {
        return;
    };
    let slot = match answer {
        Answer::Bytes(Some(bytes)) => Slot::Here(bytes),
        Answer::Bytes(None) => Slot::Missing,
        Answer::Failed(why) => Slot::Failed(why),
        Answer::Queue(_)
        | Answer::Job(_)
        | Answer::Jobs(_)
        | Answer::Events(_)
        | Answer::Decisions(_)
        | Answer::Files(_)
        | Answer::Leader(_)
        | Answer::EventPage(..)
        | Answer::Owing(_) => Slot::Failed("the engine gave another answer than asked for".to_owned()),
    };
    if is_base {
        file.old = slot;
    } else {
        file.new = slot;
    }
    hand_on(file, generation, index, fx);
}

fn hand_on(file: &mut FileView, generation: u64, index: usize, fx: &mut Vec<Effect>) {
    let new = match &file.new {
        Slot::Waiting | Slot::Taken => return,
        Slot::Missing => {
            file.is_stale = false;
            file.content = Content::Missing;
            return;
        }
        Slot::Failed(why) => {
            file.is_stale = false;
            file.content = Content::Failed(why.clone());
            return;
        }
        Slot::Here(bytes) => bytes.clone(),
    };
    let old = match &file.old {
        Slot::Waiting => return,
        Slot::Here(bytes) => Some(bytes.clone()),
        // A base that is gone is no base: everything counts as new, and the head says what it was to be compared with.
        Slot::Missing | Slot::Taken => None,
        Slot::Failed(why) => {
            file.content = Content::Failed(why.clone());
            return;
        }
    };
    (file.new, file.old) = (Slot::Taken, Slot::Taken);
    fx.push(Effect::Diff(DiffJob {
        generation,
        file: index,
        old,
        new,
    }));
}

/// Takes a diff.
pub fn diff_ready(model: &mut Model, done: DiffDone) {
    let Some(view) = model.gate.as_mut().filter(|view| view.generation == done.generation) else {
        return;
    };
    let Some(file) = view.files.get_mut(done.file) else {
        return;
    };
    if file.digest.is_some_and(|former| former != done.digest) {
        // Other bytes than those that were read before under this name.
        file.shown = Shown::default();
        file.is_shown = false;
    }
    file.digest = Some(done.digest);
    file.is_stale = false;
    let folding = file.document().map(crate::diff::DiffDocument::folding);
    file.bytes = Some(done.bytes);
    file.values = done.values;
    file.content = match done.document {
        Some(document) => Content::Text(match folding {
            Some(folding) => document.with_folding(folding),
            None => document,
        }),
        None => Content::Binary,
    };
    let Some((first, last, is_new)) = file.document().map(|document| {
        let first = document.hunk_rows(0).map_or(0, |rows| rows.start.saturating_sub(1));
        (first, document.row_count().saturating_sub(1), document.is_new())
    }) else {
        return;
    };
    // Begin where something changed, with the line above it; up to there rows have the same numbers in every layout.
    if file.top == Place::default() && !is_new {
        file.top.row = first;
    }
    file.top.row = file.top.row.min(last);
}
