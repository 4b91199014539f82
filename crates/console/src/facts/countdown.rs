//! Time left: which gate, how long, what happens then.

use ratatui::style::Style;

use crate::model::Model;
use crate::theme::Theme;
use domain::time::SECOND_US;
use domain::timer::TimerStatus;
use domain::view::{QueueKind, QueueRow};
use text::words::{duration, seconds_begun};

/// Above one hour minutes are shown.
pub(crate) const HOUR_US: i64 = 3600 * SECOND_US;

/// In its last minute a gate is urgent.
const URGENT_US: i64 = 60 * SECOND_US;

/// How a gate's timer stands.
pub(crate) fn status(model: &Model, row: &QueueRow) -> Option<TimerStatus> {
    let timer = row.timer.as_ref()?;
    Some(timer.status(
        row.lease.as_deref(),
        model.now,
        row.max_hold_s,
        model.session.overdue_grace_s,
    ))
}

/// Microseconds left of a countdown that runs.
pub(crate) fn left_us(model: &Model, row: &QueueRow) -> Option<i64> {
    let at = status(model, row)?.fires_at()?;
    Some(at.us_since(model.now.utc))
}

/// The next expiry of all gates: microseconds left, and the gate.
pub(crate) fn next_expiry(model: &Model) -> Option<(i64, &QueueRow)> {
    let mut next: Option<(i64, &QueueRow)> = None;
    for (row, _) in model.queue.by_deadline() {
        // No timer fires before its deadline: what has a later one is not the next.
        if next.is_some_and(|(left_us, _)| left_us <= until_deadline_us(model, row)) {
            break;
        }
        if let Some(left_us) = left_us(model, row)
            && next.is_none_or(|(former_us, _)| left_us < former_us)
        {
            next = Some((left_us, row));
        }
    }
    next
}

fn until_deadline_us(model: &Model, row: &QueueRow) -> i64 {
    let timer = row.timer.as_ref();
    timer.map_or(i64::MAX, |timer| timer.deadline.us_since(model.now.utc))
}

/// A countdown: `1:42`; from one hour on `2h05m`; never `0:00` while time is left.
pub(crate) fn text(left_us: i64) -> String {
    duration(seconds_begun(left_us))
}

/// How long the decision on this gate may still be taken back.
pub(crate) fn recall_left_us(model: &Model, row: &QueueRow) -> Option<i64> {
    Some(row.decided.as_ref()?.window.left_us(model.now))
}

/// The column LEFT.
pub(crate) fn left(model: &Model, row: &QueueRow) -> String {
    match status(model, row) {
        None if row.kind == QueueKind::Gate => "--:--".to_owned(),
        None => recall_left_us(model, row).map_or_else(String::new, text),
        Some(TimerStatus::Running(at)) => text(at.us_since(model.now.utc)),
        Some(TimerStatus::Overdue(at)) => format!("!{}", text(at.us_since(model.now.utc))),
        Some(TimerStatus::Leased(_) | TimerStatus::Held(_)) => stopped(model, row),
        Some(TimerStatus::HeldByPolicy) => "--:--".to_owned(),
    }
}

/// The most cells of a time left.
pub(crate) const LEFT_CELLS: usize = 6;

/// The time that is left under a hold or a lease: it stands, and its sign says so where there is
/// room for one.
fn stopped(model: &Model, row: &QueueRow) -> String {
    let Some(left) = left_when_stopped(model, row) else {
        return "held".to_owned();
    };
    let signed = format!("={left}");
    if signed.len() <= LEFT_CELLS { signed } else { left }
}

/// Whether a hold or a lease stops the timer.
pub(crate) fn is_stopped(model: &Model, row: &QueueRow) -> bool {
    matches!(status(model, row), Some(TimerStatus::Leased(_) | TimerStatus::Held(_)))
}

/// How long a hold or a lease still stops the timer; none where nothing does.
pub(crate) fn stands_for_us(model: &Model, row: &QueueRow) -> Option<i64> {
    let timer = row.timer.as_ref().filter(|_| is_stopped(model, row))?;
    Some(timer.addable_us(model.now, row.max_hold_s))
}

/// The time that was left when a hold or a lease stopped the timer.
pub(crate) fn left_when_stopped(model: &Model, row: &QueueRow) -> Option<String> {
    let timer = row.timer.as_ref()?;
    Some(text(timer.left_when_stopped_us(model.session.overdue_grace_s)?))
}

/// The column THEN.
pub(crate) fn at_zero(model: &Model, row: &QueueRow) -> &'static str {
    match (row.kind, &row.timer) {
        (QueueKind::Gate, None) => "person",
        (QueueKind::Gate, Some(_)) if status(model, row) == Some(TimerStatus::HeldByPolicy) => "person",
        (QueueKind::Gate, Some(timer)) => row.at_zero.map_or(timer.on_timeout, |at_zero| at_zero.then).as_str(),
        // What is carried out then.
        (QueueKind::Decided, _) => match row.decided.as_ref().is_some_and(|decided| decided.is_approved) {
            true => "approve",
            false => "reject",
        },
        (QueueKind::Paused, _) => "paused",
        (QueueKind::Running, _) => "running",
        (QueueKind::Failed, _) => "failed",
        (QueueKind::Queued, _) => "queued",
    }
}

/// Whether the row wants its `!`.
pub(crate) fn is_urgent(model: &Model, row: &QueueRow) -> bool {
    left_us(model, row).is_some_and(|left_us| left_us <= URGENT_US)
}

/// The places of the queue from the first to the last gate that wants its `!`; none without such a
/// gate.
pub(crate) fn urgent_places(model: &Model) -> Option<std::ops::Range<usize>> {
    let rows = model.queue.by_deadline();
    let soon = rows.take_while(|(row, _)| until_deadline_us(model, row) <= URGENT_US);
    let places = soon.filter_map(|(row, place)| place.filter(|_| is_urgent(model, row)));
    places.fold(None, |range, place| match range {
        None => Some(place..place + 1),
        Some(range) => Some(range.start.min(place)..range.end.max(place + 1)),
    })
}

/// The colour of time left.
pub(crate) fn style(model: &Model, row: &QueueRow, theme: Theme) -> Style {
    match (left_us(model, row), status(model, row)) {
        (Some(left_us), _) if left_us <= URGENT_US => theme.urgent(),
        (Some(left_us), _) if left_us <= 300 * SECOND_US => theme.warning(),
        (None, Some(TimerStatus::Leased(_) | TimerStatus::Held(_) | TimerStatus::HeldByPolicy)) => theme.held(),
        (Some(_) | None, _) => theme.plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_never_reads_zero_before_it_is() {
        assert_eq!(text(0), "0:00");
        assert_eq!(text(1), "0:01");
        assert_eq!(text(102 * SECOND_US), "1:42");
        assert_eq!(text(3599 * SECOND_US), "59:59");
        assert_eq!(text(2 * HOUR_US + 5 * 60 * SECOND_US), "2h05m");
        assert_eq!(text(-5), "0:00");
    }
}
