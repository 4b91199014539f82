//! The question before a gate's timer is held, released or moved.

use super::{Line, gate_label, keys, text, title, wrapped};
use crate::domain::time::parse_span_s;
use crate::domain::timer::{GateTimer, LEFT_AFTER_HOLD_US, TimerStatus};
use crate::domain::view::QueueRow;
use crate::domain::words::duration;
use crate::tui::model::Model;
use crate::tui::model::prompt::{TimerAsk, TimerIntent};
use crate::tui::view::{countdown, holder, label};

/// Its lines.
pub(super) fn lines<'a>(model: &'a Model, ask: &'a TimerAsk, columns: usize) -> Vec<Line<'a>> {
    let theme = model.theme;
    let verb = format!("{} ", ask.intent.head());
    let who = format!("  as {}", model.session.operator.name);
    let label = gate_label(&ask.label, &ask.key, columns, [&verb, &who]);
    let head = [
        (verb, theme.held().patch(theme.strong())),
        (label, theme.strong()),
        (who, theme.plain()),
    ];
    let mut lines = title(head, (String::new(), theme.held()), columns);
    if ask.sent.is_some() {
        lines.push(text("writing…", theme.held()));
        return lines;
    }
    let row = model.queue.gate(&ask.key);
    if let Some((row, timer)) = row.and_then(|row| Some((row, row.timer.as_ref()?))) {
        for words in consequence(model, ask, row, timer) {
            wrapped(&words, columns, theme.plain(), &mut lines);
        }
    }
    let others = row.and_then(|row| holder::head(model, row));
    let hold = row.map_or_else(Vec::new, |row| holder::hold(model, row, columns));
    lines.extend(others.into_iter().chain(hold).map(|words| text(words, theme.held())));
    let name = match ask.intent {
        TimerIntent::Hold | TimerIntent::Release => "reason: ",
        TimerIntent::Extend => "by: ",
    };
    lines.push(Line::Field(name, &ask.typed, true));
    if let Some(problem) = &ask.problem {
        wrapped(
            &format!("{}: {problem}", ask.intent.not_done()),
            columns,
            theme.error(),
            &mut lines,
        );
    }
    lines.push(keys(
        model,
        columns,
        &[("Enter", ask.intent.verb()), ("Esc", "back, the timer is not touched")],
    ));
    lines
}

/// What will happen, a sentence each.
fn consequence(model: &Model, ask: &TimerAsk, row: &QueueRow, timer: &GateTimer) -> Vec<String> {
    let then = countdown::at_zero(model, row);
    let addable = countdown::text(timer.addable_us(model.now, row.max_hold_s));
    let bound = format!("persons may add {} altogether", duration(row.max_hold_s));
    match ask.intent {
        TimerIntent::Hold => {
            let latest = match countdown::status(model, row) {
                Some(TimerStatus::Leased(at) | TimerStatus::Held(at)) => Some(at),
                Some(TimerStatus::Running(at) | TimerStatus::Overdue(at)) => {
                    Some(at.plus_us(timer.addable_us(model.now, row.max_hold_s)))
                }
                Some(TimerStatus::HeldByPolicy) | None => None,
            };
            let latest = latest.map(label::clock).unwrap_or_default();
            vec![format!(
                "The timer stands still for everybody until it is released, at the latest {latest} ({bound}); then: {then}."
            )]
        }
        TimerIntent::Release => {
            let least = countdown::text(LEFT_AFTER_HOLD_US);
            vec![format!(
                "The timer runs again with the time that was left, at least {least}; then: {then}."
            )]
        }
        TimerIntent::Extend => {
            let typed = parse_span_s(&ask.typed.text()).ok();
            let to = typed.map_or_else(
                || "How much longer? 10m, 1h30m, or seconds.".to_owned(),
                |seconds| {
                    let after = |seconds| {
                        let extended = timer.extended(model.now, seconds, model.session.overdue_grace_s);
                        label::clock(extended.deadline)
                    };
                    format!("{} -> {}: then {then}.", after(0), after(seconds))
                },
            );
            vec![to, format!("At most {addable} may be added ({bound}).")]
        }
    }
}
