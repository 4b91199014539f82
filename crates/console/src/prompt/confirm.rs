//! The question before a decision or a patch.

use super::parts::{
    PromptLine, answers, gate_label, key, key_name, keys, note_is_empty, outlook, text, title, wrapped,
};
use crate::action::Action;
use crate::facts::{change, countdown, holder, past, verb, wrap};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::gate::GateView;
use crate::model::prompt::{Confirm, ConfirmState, Intent};
use domain::time::Timestamp;
use domain::timer::TimerStatus;
use text::width;
use text::words::counted_are;

/// The shortest wording; the bound then has a line of its own.
const TIMER_HELD: &str = "timer held";

/// What the timer does meanwhile, the longest wording first.
fn meanwhile(model: &Model, confirm: &Confirm) -> Vec<String> {
    let Some(row) = model.queue.gate(&confirm.pin.key) else {
        return Vec::new();
    };
    let left = |at: Timestamp| countdown::text(at.us_since(model.now.utc));
    match countdown::status(model, row) {
        Some(TimerStatus::Leased(_)) if model.lease_of_other(&confirm.pin.key).is_none() => {
            let stands = countdown::stands_for_us(model, row).map_or_else(String::new, countdown::text);
            vec![
                format!("timer held for you, at most {stands} more"),
                format!("timer held at most {stands} more"),
                format!("timer held at most {stands}"),
                format!("held at most {stands}"),
                TIMER_HELD.to_owned(),
            ]
        }
        Some(TimerStatus::Running(at) | TimerStatus::Overdue(at)) => {
            vec![format!("{} in {}", countdown::at_zero(model, row), left(at))]
        }
        Some(TimerStatus::Leased(_) | TimerStatus::Held(_) | TimerStatus::HeldByPolicy) | None => Vec::new(),
    }
}

pub(super) fn lines<'a>(model: &'a Model, confirm: &'a Confirm, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let mut lines = Vec::new();
    let head_style = match confirm.intent {
        Intent::Approve => theme.added(),
        Intent::Reject => theme.removed(),
        Intent::Apply | Intent::Undo => theme.held(),
    };
    let operator = &model.session.operator.name;
    let with = if confirm.patch.is_some() && confirm.intent.is_decision() {
        " WITH PATCH"
    } else {
        ""
    };
    let verb = format!("{}{with} ", confirm.intent.head());
    let who = format!("  {}  as {operator}", confirm.pin.digest.short());
    let label = gate_label(&confirm.pin.label, &confirm.pin.key, columns, [&verb, &who]);
    let head = [
        (verb, head_style.patch(theme.strong())),
        (label, theme.strong()),
        (who, theme.plain()),
    ];
    let taken: usize = head.iter().map(|(text, _)| width(text)).sum();
    let fitting = meanwhile(model, confirm)
        .into_iter()
        .find(|timer| taken + 4 + width(timer) <= columns);
    let full = meanwhile(model, confirm).into_iter().next();
    let is_bound_told = fitting.as_ref().is_none_or(|fitting| fitting != TIMER_HELD);
    let timer = fitting.map(|timer| format!("  {timer}")).unwrap_or_default();
    lines.extend(title(head, (timer, theme.held()), columns));
    match &confirm.state {
        ConfirmState::Refused(why, hint) => {
            wrapped(
                &format!("{}: {why}", confirm.intent.not_done()),
                columns,
                theme.error(),
                &mut lines,
            );
            if let Some(hint) = hint {
                wrapped(&format!("hint: {hint}"), columns, theme.plain(), &mut lines);
            }
            lines.push(keys(
                model,
                columns,
                &[key(model, Action::Close, "back, nothing is decided")],
            ));
            return lines;
        }
        ConfirmState::Writing(_) => {
            lines.push(text("writing…", theme.held()));
            return lines;
        }
        ConfirmState::Asking => {}
    }
    let view = model.gate.as_ref().filter(|view| view.key == confirm.pin.key);
    let rows = view.and_then(|view| view.rows.as_deref());
    if confirm.intent == Intent::Undo {
        let back = rows.map(|rows| past::of_undo(rows, &confirm.pin.key));
        for line in back.unwrap_or_default() {
            wrapped(&line, columns, theme.plain(), &mut lines);
        }
    }
    if let Some(review) = view.and_then(GateView::review) {
        wrapped(&format!("Open {review}"), columns, theme.plain(), &mut lines);
    }
    outlook(model, columns, &mut lines);
    let mut spare = Vec::new();
    if let Some(former) = rows.and_then(|rows| past::former_rejection(rows, &confirm.pin.key)) {
        for line in wrap::split(&former, columns, 2) {
            spare.push(PromptLine::Spare(vec![(line, theme.plain())]));
        }
    }
    if let Some(patch) = &confirm.patch {
        let shown = 3;
        let each = if model.window.size.1 < 24 { 1 } else { 2 };
        let changes = patch.changes.iter().take(shown);
        for line in changes.flat_map(|one| change::lines(one, columns.saturating_sub(2), each)) {
            let style = change::style(line.side, theme);
            spare.push(PromptLine::Spare(vec![
                ("  ".to_owned(), theme.plain()),
                (line.text, style),
            ]));
        }
        if let Some(rest) = patch.changes.len().checked_sub(shown + 1) {
            spare.push(PromptLine::Spare(vec![(
                format!("  and {} more changes", rest + 1),
                theme.plain(),
            )]));
        }
        for consequence in patch.consequences.iter().take(2) {
            for line in wrap::split(consequence, columns.saturating_sub(2), 2) {
                spare.push(PromptLine::Spare(vec![(format!("  {line}"), theme.warning())]));
            }
        }
    }
    if let Some(full) = full.filter(|_| !is_bound_told) {
        spare.push(PromptLine::Spare(vec![(full, theme.held())]));
    }
    lines.extend(spare);
    if verb::is_draft_left_out(model) {
        let shows = keymap::key_in(Focus::Confirm, Action::Compose);
        let out = keymap::out_of_note(model.focus());
        let words = format!("Your patch draft is NOT applied ({out}{shows} shows it)");
        wrapped(&words, columns, theme.warning(), &mut lines);
    }
    let unseen = view.map(GateView::unseen).unwrap_or_default();
    if !unseen.is_empty() {
        wrapped(
            &format!("You have not seen: {}", unseen.join(", ")),
            columns,
            theme.warning(),
            &mut lines,
        );
    }
    let others = model.marks.on.keys().filter(|key| **key != confirm.pin.key).count();
    if others > 0 && confirm.intent.is_decision() {
        let words = format!("{} NOT included", counted_are(others, "marked gate"));
        wrapped(&words, columns, theme.warning(), &mut lines);
    }
    if let Some(words) = holder::warning(model, &confirm.pin.key) {
        wrapped(&words, columns, theme.held(), &mut lines);
    }
    let enter = confirm.intent.verb();
    if !confirm.intent.is_decision() {
        answers(
            model,
            columns,
            enter,
            &[key(model, Action::Close, "back, nothing is changed")],
            &mut lines,
        );
        return lines;
    }
    if confirm.note.is_blank() && !confirm.is_note_focused {
        lines.push(text(
            format!("note: (none; {} to write)", key_name(model, Action::Note)),
            theme.plain(),
        ));
    } else {
        lines.push(PromptLine::Field("note: ", &confirm.note, confirm.is_note_focused));
    }
    if confirm.is_empty_accepted {
        lines.push(text(note_is_empty(model), theme.warning()));
    }
    let tab = if confirm.is_note_focused { "leave note" } else { "note" };
    let others = [
        key(model, Action::Note, tab),
        key(model, Action::Close, "back, nothing is decided"),
    ];
    answers(model, columns, enter, &others, &mut lines);
    lines
}
