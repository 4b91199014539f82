//! What the passing of time changes on screen, and when to wake up for it.

use super::{access, compose, gate, leases, look, queue, slips};
use crate::effect::Effect;
use crate::facts::{countdown, recall};
use crate::layout;
use crate::model::Model;
use crate::model::job::JobView;
use crate::model::panes::Lower;
use crate::prompt::unsent;
use crate::update::lease;
use crate::update::outgoing::{ask_board, ask_leader};
use domain::time::{Now, SECOND_US};

/// A draft is written this long after the first key that changed it.
const DRAFT_DELAY_US: i64 = SECOND_US / 2;
/// A running stage's log is read this often while it is on screen.
const LOG_EVERY_US: i64 = SECOND_US;
/// Who leads is asked this often, on occasion of other wake-ups.
const LEADER_EVERY_US: i64 = 10 * SECOND_US;
/// Files that are not written yet are looked for this often.
const REREAD_EVERY_US: i64 = SECOND_US;
const MINUTE_US: i64 = 60 * SECOND_US;

/// The step in which the visible times change: seconds while a countdown below one hour is on
/// screen, else minutes.
fn step_us(model: &Model) -> i64 {
    let rows = layout::of(model).queue_rows();
    let mut visible = model.queue.on_screen(rows);
    let next = countdown::next_expiry(model).map(|(left_us, _)| left_us);
    let has_seconds = |left_us: i64| left_us < countdown::HOUR_US;
    let ticks = |row| countdown::left_us(model, row).is_some_and(has_seconds);
    let is_decided = |row: &domain::view::QueueRow| row.decided.is_some();
    let is_recall = recall::is_running(model) || model.queue.on_screen(rows).any(is_decided);
    if is_recall || visible.any(ticks) || next.is_some_and(has_seconds) {
        SECOND_US
    } else {
        MINUTE_US
    }
}

fn is_log_followed(model: &Model) -> bool {
    let is_shown = model.panes.lower == Lower::Job || model.gate.is_none();
    is_shown && model.panes.job.as_ref().is_some_and(JobView::is_running)
}

/// Microseconds until the forecast is asked for anew; none while an answer is awaited, and where it
/// is not shown.
fn board_wake_us(model: &Model) -> Option<i64> {
    let is_wanted = model.panes.lower == Lower::Board && !model.outgoing.board.is_asked();
    is_wanted.then(|| model.panes.board.wake_us(model.now.boot_us))
}

/// Microseconds until something visible changes or something must be done by itself.
pub(crate) fn next_wake_us(model: &Model) -> i64 {
    let step = step_us(model);
    let boot = model.now.boot_us;
    // A hold or lease whose bound is used up stops nothing any more: its row counts down from then
    // on.
    let rows = layout::of(model).queue_rows();
    let stands = model.queue.on_screen(rows);
    let job = model.panes.job.as_ref().filter(|_| is_log_followed(model));
    let behind = model.gate.as_ref().filter(|view| view.is_behind());
    let wakes = [
        Some(step - model.now.utc.micros().rem_euclid(step)),
        lease::lease_wake_us(model),
        stands.filter_map(|row| countdown::stands_for_us(model, row)).min(),
        model
            .drafts
            .unsaved
            .since_boot_us
            .map(|since| since + DRAFT_DELAY_US - boot),
        compose::look_wake_us(model),
        slips::wake_us(model),
        unsent::wake_us(model),
        board_wake_us(model),
        model.panes.pace.rests_us(boot),
        job.map(|job| job.log_boot_us + LOG_EVERY_US - boot),
        look::wake_us(model),
        behind.map(|view| view.rereads.boot_us + REREAD_EVERY_US - boot),
    ];
    wakes.into_iter().flatten().min().unwrap_or(step).max(0)
}

/// The clock moved on.
pub(crate) fn tick(model: &mut Model, now: Now, fx: &mut Vec<Effect>) {
    let step = step_us(model);
    let before = model.now.utc.micros().div_euclid(step);
    model.now = now;
    look::count(model);
    if before != now.utc.micros().div_euclid(step) {
        model.window.is_dirty = true;
        queue::time_passed(model);
        leases::keep_queue(model);
    }
    if let Some(since) = model.drafts.unsaved.since_boot_us
        && now.boot_us >= since + DRAFT_DELAY_US
    {
        for (key, draft) in crate::update::compose::unsaved_drafts(model) {
            fx.push(Effect::SaveDraft(key, draft));
        }
    }
    // A process that leads is notified when it loses the lead, so only others ask.
    if !model.health.lead.is_here && now.boot_us >= model.health.lead.asked_boot_us.saturating_add(LEADER_EVERY_US) {
        ask_leader(model, fx);
    }
    if let Some(job) = &model.panes.job
        && is_log_followed(model)
        && now.boot_us >= job.log_boot_us + LOG_EVERY_US
    {
        gate::ask_log(model, fx);
    }
    if let Some(view) = model.gate.as_ref().filter(|view| view.is_behind())
        && now.boot_us >= view.rereads.boot_us + REREAD_EVERY_US
    {
        gate::reread_if_behind(model);
        super::files::keep_reading(model, fx);
    }
    if board_wake_us(model) == Some(0) {
        ask_board(model, fx);
    }
    access::tick(model);
    slips::tick(model, fx);
    if unsent::wake_us(model) == Some(0) {
        unsent::go_on(model, fx);
    }
    if model.panes.pace.rests_us(now.boot_us) == Some(0) {
        gate::arrive(model, fx);
    }
    compose::keep_looking(model, fx);
    lease::keep_lease(model, fx);
    look::record_due(model, fx);
}
