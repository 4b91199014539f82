//! The queue: asking for it, taking it, moving in it.

use super::{gate, look, mark};
use crate::effect::Effect;
use crate::facts::{holder, label};
use crate::model::Model;
use crate::model::panes::Lower;
use crate::model::queue::{Queue, QueueReader, RowKey, Wants};
use crate::model::toast::Tone;
use crate::question::Question;
use crate::update::lease;
use crate::update::outgoing::{ask_jobs, toast};
use domain::filter::{GateFilter, Reading};
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::view::{QueueKind, QueueRow};
use text::width;

/// Asks for the queue, and for the list of jobs where that is shown; while a question is under way,
/// once more after it.
pub(crate) fn ask(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.panes.lower == Lower::Jobs {
        ask_jobs(model, fx);
    }
    if model.outgoing.queue.begin() {
        fx.push(Effect::Ask(Question::Queue));
    }
}

pub(crate) fn take(model: &mut Model, rows: Vec<QueueRow>, fx: &mut Vec<Effect>) {
    if model.outgoing.queue.end() {
        ask(model, fx);
    }
    let was_loaded = model.queue.is_loaded;
    let former = model.queue.selected().cloned();
    // An answer may be older than a decision of this console, and a decided gate never opens again.
    let is_over = |row: &QueueRow| {
        row.kind == QueueKind::Gate
            && model
                .outgoing
                .own
                .iter()
                .any(|key| RowKey::Gate(key.clone()).names(row))
    };
    let rows: Vec<_> = rows.into_iter().filter(|row| !is_over(row)).collect();
    if model.panes.lower == Lower::Board {
        let changed = model.queue.changed_jobs(&rows);
        model.panes.board.outdated.jobs.extend(changed);
    }
    arranged(model, |queue, reader| queue.refresh(rows, reader));
    if !was_loaded || !look::is_attended(model) {
        settle(model);
    }
    lease::tell_lost(model);
    mark::recheck_gone(model, fx);
    if !was_loaded {
        open_at(model, fx);
        mark::offer(model);
    }
    if model.queue.selected().is_some() && model.queue.selected() != former.as_ref() {
        gate::follow_selection(model, fx);
    } else if model.queue.is_gone {
        gate::ask_job(model, fx);
    }
    follow_urgency(model, fx);
    keep_selected(model, fx);
}

/// The gate that the console was to open on, if it was to.
fn open_at(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some((job_id, stage)) = model.session.open_at.take() else {
        return;
    };
    let fits = |row: &QueueRow| row.job_id == job_id && (stage.is_none() || row.stage == stage);
    let found = model.queue.find(fits);
    if found.is_some() {
        model.panes.is_lower_focused = true;
    } else {
        let question = Question::Sought(job_id.clone(), stage);
        fx.push(Effect::Ask(question));
    }
    if let Some((_, key)) = found.or_else(|| model.queue.find(|row| row.job_id == job_id)) {
        go_to(model, key, fx);
    }
}

/// As long as nobody has touched a key, the most urgent gate is the one to be looked at.
fn follow_urgency(model: &mut Model, fx: &mut Vec<Effect>) {
    if look::is_touched(model) || model.queue.is_chosen {
        return;
    }
    let first = model.queue.by_urgency().next();
    if first.is_some() && first != model.queue.place() {
        select_most_urgent(model, fx);
    }
}

/// Whether the operator is at something of the selected row that must not be taken from under their
/// eyes.
fn is_in_hand(model: &Model) -> bool {
    model.panes.is_lower_focused || model.prompt.is_some() || model.compose.is_some() || model.keys.overlay.is_some()
}

/// Where the selection rests by itself: on the most urgent open gate. A row that is over is left as
/// soon as nobody is at it, and one that nobody chose makes way for a gate.
pub(crate) fn keep_selected(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_over = model.queue.selected().is_none() || model.queue.is_gone && !is_in_hand(model);
    let is_idle = !model.queue.is_chosen && matches!(model.queue.selected(), Some(RowKey::Job(_)));
    if !is_over && !is_idle || model.queue.is_empty() && model.queue.selected().is_none() {
        return;
    }
    // Another gate with the same change stands where the one stood that is gone.
    if let Some(place) = model.queue.heir().filter(|_| is_over) {
        model.queue.select(place);
        return gate::follow_selection(model, fx);
    }
    let gate = model.queue.by_urgency().next();
    if is_over || gate.is_some() {
        select_most_urgent(model, fx);
    }
}

/// Selects the most urgent open gate, or the first row where there is none. What is marked waits
/// for its own question.
pub(crate) fn select_most_urgent(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_marked = |place: &usize| {
        let key = model.queue.row(*place).and_then(|row| RowKey::of(row).gate());
        key.is_some_and(|key| model.marks.on.contains_key(&key))
    };
    let gate = model.queue.by_urgency().find(|place| !is_marked(place));
    let gate = gate.or_else(|| model.queue.by_urgency().next());
    let place = gate.map(|place| model.queue.row(place).map(RowKey::of));
    model.queue.deselect();
    // Removing a finished row may have moved the others, so the index is looked up again.
    let place = place
        .flatten()
        .and_then(|key| model.queue.visible().position(|row| key.names(row)));
    model.queue.select(place.unwrap_or(0));
    model.queue.is_chosen = false;
    gate::follow_selection(model, fx);
}

/// A gate was decided here: the next most urgent one is shown, in the same pane.
pub(crate) fn decided(model: &mut Model, key: &GateKey, fx: &mut Vec<Effect>) {
    let key = RowKey::Gate(key.clone());
    let was_selected = model.queue.selected() == Some(&key);
    arranged(model, |queue, reader| queue.remove(&key, reader));
    if was_selected {
        select_most_urgent(model, fx);
    }
}

/// Says why the console did not open where it was to.
pub(crate) fn not_found(model: &mut Model, job_id: &JobId, stage: Option<&StageName>, rows: Option<&JobRows>) {
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
        None => format!("{job_id} is {}", rows.job.status.words()),
    };
    toast(model, Tone::Error, format!("Not opened: {why}"));
}

/// The operator goes to this very row: one that stands for several opens.
pub(crate) fn go_to(model: &mut Model, key: RowKey, fx: &mut Vec<Effect>) {
    model.queue.is_chosen = true;
    let is_new = model.queue.select_key(key);
    unfold(model, true);
    if is_new {
        gate::follow_selection(model, fx);
    }
}

/// The operator selects the row at a place.
pub(crate) fn choose(model: &mut Model, place: usize, fx: &mut Vec<Effect>) {
    model.queue.is_chosen = true;
    if model.queue.select(place) {
        gate::follow_selection(model, fx);
    }
}

/// The same with a key that may be held: what the row is about follows when the selection rests.
pub(crate) fn pass_to(model: &mut Model, place: usize, fx: &mut Vec<Effect>) {
    model.queue.is_chosen = true;
    if model.queue.select(place) {
        gate::pass_over(model, fx);
    }
}

/// The selected row is that of the job which the list of jobs is at: its keys are about that one.
/// A job without a row is what is on the screen until it is left.
pub(crate) fn pass_to_listed(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(job_id) = model.panes.jobs.current().map(|line| line.job_id.clone()) else {
        return;
    };
    if model.panes.lower != Lower::Jobs || !model.panes.is_lower_focused {
        return;
    }
    if model
        .queue
        .selected()
        .is_some_and(|selected| *selected.job_id() == job_id)
    {
        return;
    }
    pass_to_row(model, |row| row.job_id == job_id, &job_id, fx);
}

/// The same of the gate that the forecast is at. One that is still to open is nobody's row.
pub(crate) fn pass_to_foreseen(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_at_forecast = model.panes.lower == Lower::Board && model.panes.is_lower_focused;
    let Some(key) = model.panes.board.current().map(|line| line.key.clone()) else {
        return;
    };
    let is_there = model.queue.selected().and_then(|selected| selected.clone().gate()) == Some(key.clone());
    if !is_at_forecast || is_there {
        return;
    }
    let is_it = |row: &QueueRow| RowKey::of(row).gate().as_ref() == Some(&key);
    pass_to_row(model, is_it, &key.job_id, fx);
}

/// The selected row is the first one that fits, be it in a row that stands for several; where there
/// is none, the job is what is on the screen until it is left.
fn pass_to_row(model: &mut Model, fits: impl Fn(&QueueRow) -> bool, job_id: &JobId, fx: &mut Vec<Effect>) {
    match model.queue.find(fits) {
        Some((_, key)) => {
            model.queue.is_chosen = true;
            if !model.queue.select_key(key) {
                return;
            }
        }
        None => model.queue.select_gone(job_id.clone()),
    }
    gate::pass_over(model, fx);
}

/// More rows than this are not asked what they want.
const SETTLED_MAX: usize = 2_000;

/// Gives the columns what the rows want: when the queue is first there, arranged anew, come back to
/// or in a window of another size, and when nobody is there to read it.
pub(crate) fn settle(model: &mut Model) {
    let mut wants = Wants::default();
    for (place, row) in model.queue.visible().enumerate().take(SETTLED_MAX) {
        let stage = row.stage.as_ref().map_or(0, |stage| stage.as_str().len());
        let who = holder::words(model, row, usize::from(model.window.size.0));
        let joint = model.queue.joint(place);
        wants.job = wants
            .job
            .max(width(&joint) + width(&label::job(&row.job_id, &row.slug)));
        wants.stage = wants.stage.max(stage);
        wants.who = wants.who.max(who.map_or(0, |who| width(&who)));
    }
    model.queue.wants = wants;
}

/// Changes the queue as this operator reads it now.
fn arranged(model: &mut Model, change: impl FnOnce(&mut Queue, QueueReader<'_>)) {
    let reading = Reading {
        me: &model.session.operator.name,
        now: model.now,
        grace_s: model.session.overdue_grace_s,
    };
    let drafts = &model.drafts.by_gate;
    change(&mut model.queue, QueueReader { reading, drafts });
}

/// Opens the group of the selected row, or closes it. False: there is nothing to open or close.
pub(crate) fn unfold(model: &mut Model, is_open: bool) -> bool {
    let mut is_done = false;
    arranged(model, |queue, reader| is_done = queue.unfold(is_open, reader));
    is_done
}

/// Whether gates with the same change stand in one row.
pub(crate) fn fold(model: &mut Model, is_on: bool) {
    model.queue.groups.is_on = is_on;
    arranged(model, |queue, reader| queue.arrange(true, reader));
    settle(model);
}

/// Time passed: what a filter wants of it may hold of other rows now.
pub(crate) fn time_passed(model: &mut Model) {
    if model.queue.filter.is_of_the_moment() {
        let keeps_selected = model.queue.place().is_some();
        arranged(model, |queue, reader| queue.arrange(keeps_selected, reader));
    }
}

/// Filters the queue by something else.
pub(crate) fn set_filter(model: &mut Model, filter: GateFilter, fx: &mut Vec<Effect>) {
    model.queue.filter = filter;
    rearrange(model, false, fx);
}

/// The filter or the order changed: the selection stays where it can.
pub(crate) fn rearrange(model: &mut Model, keeps_selected: bool, fx: &mut Vec<Effect>) {
    arranged(model, |queue, reader| queue.arrange(keeps_selected, reader));
    settle(model);
    if model.queue.place().is_none() {
        select_most_urgent(model, fx);
    }
}
