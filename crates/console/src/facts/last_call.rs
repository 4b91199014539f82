//! Last calls that stand: the gates whose timers are about to end, in one line over every screen.

use std::collections::HashSet;

use super::{countdown, label, shorten};
use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::queue::{RowKey, is_unseen};
use domain::key::GateKey;
use domain::policy::OnTimeout;
use domain::view::QueueRow;
use text::{visible_line, width};

/// The gates in their last call, the next end first.
pub(crate) fn standing(model: &Model) -> impl Iterator<Item = (&QueueRow, i64)> {
    model.queue.called().filter_map(|row| {
        let timer = row.timer.as_ref()?;
        let left_us = countdown::left_us(model, row)?;
        timer.is_in_last_call(left_us).then_some((row, left_us))
    })
}

/// Those that this screen names: in the strip, and in the rows of the queue that are in sight.
pub(crate) fn named(model: &Model) -> Vec<GateKey> {
    let mut called = standing(model).map(|(row, _)| row).peekable();
    let Some(first) = called.next() else {
        return Vec::new();
    };
    if called.peek().is_none() {
        return RowKey::of(first).gate().into_iter().collect();
    }
    let places = model.queue.top..model.queue.top + layout::of(model).queue_rows();
    // A row that stands for several has the time of the one whose time ends first, and the name of
    // none of the others: they count when it is open, or the strip has come to them.
    let soonest = |place| match model.queue.summed(place) {
        Some(summed) => Some(summed.soonest),
        None => model.queue.row(place),
    };
    let in_sight: HashSet<_> = places.filter_map(soonest).map(RowKey::of).collect();
    let named = called.filter(|row| in_sight.contains(&RowKey::of(row)));
    std::iter::once(first)
        .chain(named)
        .filter_map(|row| RowKey::of(row).gate())
        .collect()
}

/// `j-17 tides / script`: what it is called, for as long as there is room.
pub(crate) fn name(row: &QueueRow) -> String {
    let stage = row.stage.as_ref().map_or("", |stage| stage.as_str());
    format!("{} / {stage}", label::job(&row.job_id, &row.slug))
}

/// The strip, in so many cells: which gate, how long, what then, and the key that holds it.
pub(crate) fn strip(model: &Model, columns: u16) -> Option<String> {
    let mut all = standing(model);
    let (row, left_us) = all.next()?;
    let others = all.count();
    let left = countdown::text(left_us);
    let then = match row.at_zero.map(|at_zero| at_zero.then) {
        Some(OnTimeout::Hold) => "holds",
        Some(OnTimeout::Reject) => "rejects",
        Some(OnTimeout::Approve) | None => "approves",
    };
    let unseen = if is_unseen(row) { " unseen" } else { "" };
    let more = if others > 0 {
        format!("  +{others} more")
    } else {
        String::new()
    };
    let key = keymap::key_in(Focus::Queue, Action::HoldCalled);
    let key = match row
        .stage
        .as_ref()
        .is_some_and(|stage| model.session.takes_part_at(stage))
    {
        true => format!("  [{key}] hold"),
        false => String::new(),
    };
    let room = usize::from(columns);
    let name = visible_line(&name(row)).into_owned();
    let around = |name: &str, more: &str| format!("LAST CALL {left} {name} {then}{unseen}{more}{key}");
    let fitting = |more: &str| {
        let cells = room.saturating_sub(width(&around("", more)));
        around(&shorten::middle(&name, cells), more)
    };
    let wordings = [fitting(&more), fitting("")];
    Some(shorten::fitting(wordings, |words| width(words) <= room).unwrap_or_else(|| around("", "")))
}
