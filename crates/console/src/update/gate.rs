//! The gate and job of the selected row: loading them.

use std::sync::Arc;

use super::{ahead, look};
use crate::effect::Effect;
use crate::model::Model;
use crate::model::gate::GateView;
use crate::model::job::JobView;
use crate::model::panes::Lower;
use crate::model::queue::RowKey;
use crate::question::Question;
use domain::ids::JobId;
use domain::job::{JobRows, JobStatus};

/// The selection moved: show what it is on now.
pub(crate) fn follow_selection(model: &mut Model, fx: &mut Vec<Effect>) {
    pass_over(model, fx);
    arrive(model, fx);
}

/// The selection has rested, or something else than moving it was asked for.
pub(crate) fn arrive(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.panes.pace.arrive() {
        model.window.is_dirty = true;
        ahead::arrive(model, fx);
        ask_job(model, fx);
    }
}

/// The selection moved and may go on: what was shown of the former gate is put away, and of this
/// one nothing is asked before the selection rests.
pub(crate) fn pass_over(model: &mut Model, fx: &mut Vec<Effect>) {
    look::leave(model, fx);
    model.panes.pace.moved(model.now.boot_us);
    let slug = model.queue.current().map(|row| row.slug.to_string());
    model.gate = None;
    let Some(selected) = model.queue.selected().cloned() else {
        model.panes.job = None;
        return;
    };
    let job_id = selected.job_id().clone();
    if let RowKey::Gate(key) = selected {
        let generation = model.outgoing.next_number();
        model.gate = Some(GateView::new(key, slug.unwrap_or_default(), generation));
    }
    if model.panes.job.as_ref().is_none_or(|job| job.job_id != job_id) {
        model.panes.job = Some(JobView::new(job_id));
    }
}

/// Asks for the selected job; while a question is under way, once more after it.
pub(crate) fn ask_job(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(job) = &model.panes.job else {
        return;
    };
    if model.panes.pace.is_moving() || !model.outgoing.job.begin() {
        return;
    }
    fx.push(Effect::Ask(Question::Job(job.job_id.clone())));
    if is_job_shown(model) {
        ask_job_pane(model, fx);
    }
}

fn is_job_shown(model: &Model) -> bool {
    model.panes.lower == Lower::Job || model.gate.is_none()
}

/// Asks for what the job pane shows beside the job.
pub(crate) fn ask_job_pane(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(job) = &model.panes.job else {
        return;
    };
    fx.push(Effect::Ask(Question::Events(job.job_id.clone())));
    ask_log(model, fx);
}

/// Asks for the log on screen.
pub(crate) fn ask_log(model: &mut Model, fx: &mut Vec<Effect>) {
    let boot = model.now.boot_us;
    let Some(job) = &mut model.panes.job else {
        return;
    };
    job.log_boot_us = boot;
    if let Some((stage, attempt)) = job.current_log() {
        fx.push(Effect::Ask(Question::Log(job.job_id.clone(), stage, attempt)));
    }
}

pub(crate) fn take_job(model: &mut Model, asked: &JobId, rows: Option<Arc<JobRows>>, fx: &mut Vec<Effect>) {
    let must_follow = model.outgoing.job.end();
    let current = model.panes.job.as_mut().filter(|job| job.job_id == *asked);
    let is_current = current.is_some();
    match (current, rows) {
        (Some(_), Some(rows)) => take_rows(model, rows, fx),
        (Some(job), None) => job.is_missing = true,
        (None, _) => {}
    }
    if must_follow || !is_current {
        ask_job(model, fx);
    }
}

/// Takes the job as it is now: from an answer or a receipt.
pub(crate) fn take_rows(model: &mut Model, rows: Arc<JobRows>, fx: &mut Vec<Effect>) {
    let Some(job) = &mut model.panes.job else {
        return;
    };
    if job.job_id != rows.job.id {
        return;
    }
    let had_log = job.current_log();
    // Every such question has the artifacts hashed: rows that are the same are no reason to ask.
    let is_news = job.rows.as_deref() != Some(&*rows);
    match rows.job.status == JobStatus::Paused {
        true if is_news => fx.extend(ask_resumable(job)),
        true => {}
        false => job.is_resume_refused = false,
    }
    job.rows = Some(rows.clone());
    job.is_missing = false;
    let has_new_log = job.current_log() != had_log;
    if has_new_log && is_job_shown(model) {
        ask_log(model, fx);
    }
    let generation = model.outgoing.next_number();
    let boot = model.now.boot_us;
    let mut is_new = false;
    if let Some(view) = &mut model.gate {
        view.rows = Some(rows);
        let artifacts = view.gate().map(|gate| gate.artifacts.clone());
        if let Some(artifacts) = artifacts
            && !view.files.iter().map(|file| &file.artifact).eq(&artifacts)
        {
            is_new = true;
            (view.rereads.count, view.rereads.boot_us) = (0, boot);
            view.reload(&artifacts, generation);
        }
        view.remember_looks(&model.session.operator.name);
    }
    if !is_new {
        reread_if_behind(model);
    }
}

/// Asks whether the rules would resume the job; while a question is under way, once more after it.
fn ask_resumable(job: &mut JobView) -> Option<Effect> {
    let may_ask = job.resume_asked.begin();
    may_ask.then(|| Effect::Ask(Question::Resumable(job.job_id.clone())))
}

/// Whether the rules would refuse to resume the job; none: nobody knows.
pub(crate) fn take_resumable(model: &mut Model, job_id: &JobId, is_refused: Option<bool>, fx: &mut Vec<Effect>) {
    let Some(job) = model.panes.job.as_mut().filter(|job| job.job_id == *job_id) else {
        return;
    };
    if let Some(is_refused) = is_refused {
        job.is_resume_refused = is_refused;
    }
    if job.resume_asked.end() {
        fx.extend(ask_resumable(job));
    }
}

/// Reads the files of the gate once more: they are not what they were on screen.
pub(crate) fn reload_files(model: &mut Model) {
    let generation = model.outgoing.next_number();
    if let Some(view) = &mut model.gate {
        let artifacts: Vec<_> = view.files.iter().map(|file| file.artifact.clone()).collect();
        view.reload(&artifacts, generation);
    }
}

/// The material moved under a question: its files are read anew, and then only what changed since
/// they were read is shown.
pub(crate) fn show_moved(model: &mut Model) {
    reload_files(model);
    if let Some(view) = &mut model.gate {
        view.wants_since_read = true;
    }
}

/// A version is registered before its file is written, here or by another process: reads again
/// while the disk is behind.
pub(crate) fn reread_if_behind(model: &mut Model) {
    let boot = model.now.boot_us;
    let Some(view) = model.gate.as_mut().filter(|view| view.is_behind()) else {
        return;
    };
    view.rereads.count += 1;
    view.rereads.boot_us = boot;
    reload_files(model);
}
