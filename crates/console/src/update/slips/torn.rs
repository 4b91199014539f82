//! An Escape that was the beginning of another key: all that it closed, moved or took off stands
//! again as it stood.

use crate::effect::Effect;
use crate::model::Model;
use crate::model::queue::RowKey;
use crate::model::slips::{BeforeEsc, DiffBeforeEsc, ListBeforeEsc, PanesBeforeEsc, SelectedBeforeEsc};
use crate::prompt::menu::Menu;
use crate::update::{gate, mark, queue};

/// What stands before an Escape.
pub(super) fn stands(model: &Model) -> BeforeEsc {
    let (panes, queue) = (&model.panes, &model.queue);
    let (history, jobs) = (&panes.history, &panes.jobs);
    BeforeEsc {
        prompt: model.prompt.clone(),
        field: model.keys.field.clone(),
        overlay: model.keys.overlay.clone(),
        list: model.compose.as_ref().and_then(|compose| compose.list.clone()),
        filter: queue.filter.clone(),
        range: model.marks.range.clone(),
        marked: model.marks.on.keys().cloned().collect(),
        panes: PanesBeforeEsc {
            is_lower_focused: panes.is_lower_focused,
            lower: panes.lower,
            is_zoomed: panes.is_zoomed,
            is_of_jobs: panes.is_of_jobs,
            history: ListBeforeEsc {
                filter: history.filter.clone(),
                selected: history.selected.clone(),
                top: history.top,
            },
            jobs: ListBeforeEsc {
                filter: jobs.filter.clone(),
                selected: jobs.selected().cloned(),
                top: jobs.top,
            },
        },
        selected: SelectedBeforeEsc {
            row: queue.selected().cloned(),
            is_chosen: queue.is_chosen,
            is_gone: queue.is_gone,
            top: queue.top,
            slug: model.gate.as_ref().map(|view| view.slug.clone()),
        },
        diff: diff_stands(model),
    }
}

fn diff_stands(model: &Model) -> Option<DiffBeforeEsc> {
    let view = model.gate.as_ref()?;
    let is_pointed_at = model.file().is_some_and(|file| file.pointer.is_on);
    let search = view.search.text.clone();
    (is_pointed_at || search.is_some()).then(|| DiffBeforeEsc {
        key: view.key.clone(),
        file: view.file,
        is_pointed_at,
        search,
    })
}

pub(super) fn put_back(model: &mut Model, before: BeforeEsc, fx: &mut Vec<Effect>) {
    let BeforeEsc {
        prompt,
        field,
        overlay,
        list,
        filter,
        range,
        marked,
        panes,
        selected,
        diff,
    } = before;
    if !marked.is_empty() && model.marks.on.is_empty() && model.marks.off.keys().eq(&marked) {
        mark::put_back(model, fx);
    }
    put_panes_back(model, panes);
    model.marks.range = model.marks.range.take().or(range);
    model.keys.field = model.keys.field.take().or(field);
    model.keys.overlay = model.keys.overlay.take().or(overlay);
    if let Some(compose) = &mut model.compose {
        compose.list = compose.list.take().or(list);
    }
    let is_menu = model.asked::<Menu>().is_some();
    model.prompt = match (model.prompt.take(), prompt) {
        // What Escape opened.
        (Some(_), before) if is_menu => before,
        (Some(now), _) => Some(now),
        // A prompt that was sent is closed only by the answer.
        (None, before) => before.filter(|prompt| !prompt.ask.is_sent()),
    };
    model.ask_again();
    if model.queue.filter != filter {
        queue::set_filter(model, filter, fx);
    }
    select_again(model, selected, fx);
    if let Some(diff) = diff {
        put_diff_back(model, diff);
    }
}

fn put_panes_back(model: &mut Model, before: PanesBeforeEsc) {
    let PanesBeforeEsc {
        is_lower_focused,
        lower,
        is_zoomed,
        is_of_jobs,
        history,
        jobs,
    } = before;
    let panes = &mut model.panes;
    (panes.is_lower_focused, panes.lower) = (is_lower_focused, lower);
    panes.is_of_jobs = is_of_jobs;
    if panes.history.filter != history.filter {
        panes.history.filter = history.filter;
        panes.history.arrange();
    }
    (panes.history.selected, panes.history.top) = (history.selected, history.top);
    if panes.jobs.filter != jobs.filter {
        panes.jobs.filter = jobs.filter;
        panes.jobs.arrange();
    }
    if let Some(job_id) = &jobs.selected {
        panes.jobs.select_job(job_id);
    }
    panes.jobs.top = jobs.top;
    let was_zoomed = std::mem::replace(&mut panes.is_zoomed, is_zoomed);
    if was_zoomed != is_zoomed {
        queue::settle(model);
    }
}

/// Selects what was selected, unless it has become another row since.
fn select_again(model: &mut Model, before: SelectedBeforeEsc, fx: &mut Vec<Effect>) {
    let SelectedBeforeEsc {
        row,
        is_chosen,
        is_gone,
        top,
        slug,
    } = before;
    let Some(row) = row.filter(|row| model.queue.selected() != Some(row)) else {
        model.queue.is_chosen = is_chosen;
        return;
    };
    let is_there = model.queue.present().any(|present| row.names(present));
    // A gate that was read is read on although its row is gone.
    let is_read = model.panes.is_lower_focused && matches!(row, RowKey::Gate(_));
    if is_there || is_gone || is_read {
        model.queue.select_again(row);
        model.queue.top = top;
        model.queue.is_chosen = is_chosen;
        gate::follow_selection(model, fx);
        if let (Some(view), Some(slug)) = (&mut model.gate, slug) {
            view.slug = slug;
        }
    }
}

fn put_diff_back(model: &mut Model, before: DiffBeforeEsc) {
    let Some(view) = model.gate.as_mut().filter(|view| view.key == before.key) else {
        return;
    };
    view.search.text = view.search.text.take().or(before.search);
    if let Some(file) = view.files.get_mut(before.file) {
        file.pointer.is_on |= before.is_pointed_at;
    }
}
