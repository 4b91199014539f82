//! Moving about: one set of keys, a meaning in each pane.

use super::{comment, diff, gate, queue};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::{board, context, figures, help, history, job, jobs, lists, verb};
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::panes::Lower;
use crate::prompt::listed;
use crate::update::outgoing::{Step, tell};

/// Moves in the pane that has the keys.
pub(crate) fn go(model: &mut Model, focus: Focus, step: Step, fx: &mut Vec<Effect>) {
    let layout = layout::of(model);
    match focus {
        // Pages are for reading: the queue has half pages, and takes whole ones where there is
        // nothing to read.
        Focus::Queue if matches!(step, Step::Pages(_)) && verb::is_diff_shown(model) => {
            diff::scroll_by(model, step.rows(layout::diff_rows(model)));
        }
        Focus::Queue => {
            let last = model.queue.len().saturating_sub(1);
            let place = model.queue.place().unwrap_or(0);
            queue::pass_to(model, step.from(place, layout.queue_rows(), last), fx);
        }
        Focus::Line => comment::go(model, step, layout::diff_rows(model)),
        Focus::Diff | Focus::Confirm => diff::scroll_by(model, step.rows(layout::diff_rows(model))),
        Focus::Job => {
            let shares = job::shares(model, layout.lower);
            if let Some(job) = &mut model.panes.job {
                // Two lists in one pane: half pages are the log's, everything else is the events'.
                let (up, count, page) = if matches!(step, Step::Half(_)) {
                    (&mut job.up, job.log.as_ref().map_or(0, Vec::len), shares.log)
                } else {
                    (&mut job.events_up, shares.event_lines, shares.events)
                };
                let most = count.saturating_sub(page);
                *up = up.saturating_add_signed(step.rows(page).saturating_neg()).min(most);
            }
        }
        // Two lists in one pane here too: half pages are those of the facts, where they do not fit.
        Focus::History if matches!(step, Step::Half(_)) && history::detail_rows(model, layout.lower).0 > 0 => {
            let (most, rows) = history::detail_rows(model, layout.lower);
            let top = model.panes.history.detail_top.min(most);
            model.panes.history.detail_top = step.from(top, rows, most);
        }
        Focus::History => {
            let page = history::rows(model, layout.lower);
            let history = &mut model.panes.history;
            let target = step.from(history.index(), page, history.count().saturating_sub(1));
            history.select(target);
            history.top = top_with(target, history.top, page);
        }
        Focus::Figures => {
            let (_, rows) = figures::shares(model, layout.lower);
            let pane = &mut model.panes.figures;
            let lines = pane.figures.as_deref().map_or(0, |all| figures::list(all).len());
            pane.top = step.from(pane.top, rows, lines.saturating_sub(rows));
        }
        Focus::Jobs => {
            let page = jobs::rows(layout.lower);
            let pane = &mut model.panes.jobs;
            let target = step.from(pane.index(), page, pane.count().saturating_sub(1));
            pane.select(target);
            pane.top = top_with(target, pane.top, page);
            queue::pass_to_listed(model, fx);
        }
        Focus::Board => {
            let page = board::rows(model, layout.lower);
            let pane = &mut model.panes.board;
            let target = step.from(pane.index(), page, pane.shown().len().saturating_sub(1));
            pane.select(target);
            pane.top = top_with(target, pane.top, page);
            queue::pass_to_foreseen(model, fx);
        }
        Focus::Bulk | Focus::Answer => listed::scroll(model, step),
        Focus::Help => {
            let page = help::page(model);
            move_row(model, step, page, help::rows(model).len().saturating_sub(page));
        }
        Focus::Files => move_row(model, step, PAGE_ROWS, lists::files(model).len().saturating_sub(1)),
        Focus::Handovers => move_row(model, step, PAGE_ROWS, lists::handovers(model).len().saturating_sub(1)),
        Focus::Discarded => move_row(model, step, PAGE_ROWS, lists::discarded(model).len().saturating_sub(1)),
        Focus::Context => move_row(model, step, PAGE_ROWS, context::rows(model).len().saturating_sub(1)),
        Focus::Views => move_row(model, step, PAGE_ROWS, lists::views(model).len().saturating_sub(1)),
        Focus::Palette => move_row(model, step, PAGE_ROWS, lists::entries(model).len().saturating_sub(1)),
        Focus::Note | Focus::Ask | Focus::Comment | Focus::Menu => {}
        Focus::Compose | Focus::Types | Focus::Candidates | Focus::Find | Focus::Filter | Focus::Search => {}
    }
}

/// Rows of a page of a list over everything else.
const PAGE_ROWS: usize = 10;

fn move_row(model: &mut Model, step: Step, page: usize, last: usize) {
    if let Some(overlay) = &mut model.keys.overlay {
        overlay.row = step.from(overlay.row, page, last);
    }
}

/// The first row on a screen of so many that has the chosen row on it, and moves no further than
/// that.
fn top_with(chosen: usize, top: usize, rows: usize) -> usize {
    top.clamp((chosen + 1).saturating_sub(rows.max(1)), chosen)
}

/// Sideways in the diff, from the queue too where lines are cut there; elsewhere to the other pane.
pub(crate) fn sideways(model: &mut Model, focus: Focus, is_right: bool, fx: &mut Vec<Effect>) {
    const CELLS: usize = 8;
    let is_cut = focus == Focus::Queue && diff::is_cut(model, is_right);
    // A group comes before the diff when it opens; before it closes, the diff goes back.
    if focus == Focus::Queue && (is_right || !is_cut) && queue::unfold(model, is_right) {
        return;
    }
    if focus != Focus::Diff && !is_cut {
        if is_right != model.panes.is_lower_focused {
            other_pane(model, fx);
        }
        return;
    }
    let wraps = model.panes.look.wraps;
    let Some(file) = model.file_mut() else {
        return;
    };
    if is_right && wraps {
        let key = keymap::key_in(Focus::Diff, Action::Wrap);
        let text = format!("Long lines are wrapped: nothing is to the right   hint: {key} cuts them");
        tell(model, text);
    } else if is_right {
        file.scroll.left = file.scroll.left.saturating_add(CELLS).min(diff::LEFT_MAX);
    } else if file.scroll.left == 0 || wraps {
        other_pane(model, fx);
    } else {
        file.scroll.left = file.scroll.left.saturating_sub(CELLS);
    }
}

/// The keys go to the other pane.
pub(crate) fn other_pane(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.panes.is_lower_focused {
        model.panes.is_lower_focused = false;
    } else {
        show(model, model.panes.lower, fx);
    }
}

/// Shows a pane and gives it the keys.
pub(crate) fn show(model: &mut Model, lower: Lower, fx: &mut Vec<Effect>) {
    model.panes.lower = lower;
    model.panes.is_lower_focused = true;
    model.panes.is_of_jobs = false;
    match lower {
        Lower::Gate if model.gate.is_none() => gate::ask_job_pane(model, fx),
        Lower::Gate => {}
        Lower::Job => gate::ask_job_pane(model, fx),
        Lower::History => {
            crate::update::outgoing::ask_decisions(fx);
            crate::update::outgoing::ask_old_decisions(model, fx);
        }
        Lower::Figures => crate::update::outgoing::ask_figures(model, fx),
        Lower::Jobs => {
            // The list begins at the job of the row.
            if let Some(selected) = model.queue.selected() {
                model.panes.jobs.select_job(selected.job_id());
            }
            crate::update::outgoing::ask_jobs(model, fx);
            queue::pass_to_listed(model, fx);
        }
        Lower::Board => {
            model.panes.board.is_behind = true;
            crate::update::outgoing::ask_board(model, fx);
            queue::pass_to_foreseen(model, fx);
        }
    }
}
