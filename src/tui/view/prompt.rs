//! The prompt: what will happen, what was not seen, the note, and the keys. It takes the bottom of the lower pane.

pub mod bulk;
mod timer;
mod whole;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::change;
use super::holder;
use super::label;
use super::message;
use super::past;
use super::pen::{Pen, clear};
use super::shorten;
use crate::diff::text::width;
use crate::domain::gate::GateKey;
use crate::domain::time::Timestamp;
use crate::domain::timer::TimerStatus;
use crate::tui::action::Action;
use crate::tui::draft::DISCARDED_DAYS;
use crate::tui::editor::Editor;
use crate::tui::keymap::{self, Focus};
use crate::tui::model::Model;
use crate::tui::model::prompt::{Confirm, ConfirmState, DISCARD_WORD, Intent, Prompt};
use crate::tui::update::open_elsewhere;
use crate::tui::verb::{self, No};

pub use whole::{MAKE_ROOM, NOT_WHOLE, facts, is_low, least_height, listed, too_small};

enum Line<'a> {
    Text(Vec<(String, Style)>),
    /// The title, and behind it what goes on by itself.
    Head(Vec<(String, Style)>, (String, Style)),
    /// Gives way first where there is too little room.
    Spare(Vec<(String, Style)>),
    Field(&'static str, &'a Editor, bool),
}

fn text(text: impl Into<String>, style: Style) -> Line<'static> {
    Line::Text(vec![(text.into(), style)])
}

/// Cells between two keys of a prompt.
const KEYS_GAP: usize = 4;

/// Cells of a key of a prompt: in brackets, with a blank, and the gap behind it.
fn key_cells((key, meaning): &(&str, &str)) -> usize {
    width(key) + width(meaning) + 3 + KEYS_GAP
}

/// The keys of a prompt; in brackets, so that they are found at a glance. Where the line is short, what stands behind a comma goes.
fn keys(model: &Model, columns: usize, pairs: &[(&str, &str)]) -> Line<'static> {
    let theme = model.theme;
    let needed: usize = pairs.iter().map(key_cells).sum();
    let is_short = needed > columns + KEYS_GAP;
    let mut parts = Vec::new();
    for (place, (key, meaning)) in (1..).zip(pairs) {
        let meaning = if is_short {
            meaning.split(',').next().unwrap_or(meaning)
        } else {
            meaning
        };
        parts.push((format!("[{key}]"), theme.strong()));
        let gap = if place < pairs.len() { "    " } else { "" };
        parts.push((format!(" {meaning}{gap}"), theme.plain()));
    }
    Line::Text(parts)
}

fn wrapped(words: &str, columns: usize, style: Style, lines: &mut Vec<Line<'_>>) {
    let split = message::split(words, columns, usize::MAX);
    lines.extend(split.into_iter().map(|line| text(line, style)));
}

/// The label of a gate between the other words of a head: only the job gives way.
fn gate_label(label: &str, key: &GateKey, columns: usize, others: [&str; 2]) -> String {
    let others: usize = others.into_iter().map(width).sum();
    label::within(label, key, columns.saturating_sub(others))
}

/// The shortest wording; the bound then has a line of its own.
const TIMER_HELD: &str = "timer held";

/// What the timer does meanwhile, the longest wording first.
fn meanwhile(model: &Model, confirm: &Confirm) -> Vec<String> {
    let Some(row) = model.queue.gate(&confirm.pin.key) else {
        return Vec::new();
    };
    let left = |at: Timestamp| super::countdown::text(at.us_since(model.now.utc));
    match super::countdown::status(model, row) {
        Some(TimerStatus::Leased(end)) if model.lease_of_other(&confirm.pin.key).is_none() => vec![
            format!("timer held for you, at most {} more", left(end)),
            format!("timer held at most {} more", left(end)),
            format!("timer held at most {}", left(end)),
            format!("held at most {}", left(end)),
            TIMER_HELD.to_owned(),
        ],
        Some(TimerStatus::Running(at) | TimerStatus::Overdue(at)) => {
            vec![format!("{} in {}", super::countdown::at_zero(model, row), left(at))]
        }
        Some(TimerStatus::Leased(_) | TimerStatus::Held(_) | TimerStatus::HeldByPolicy) | None => Vec::new(),
    }
}

/// What Enter would do, as the rules say it.
fn outlook(model: &Model, columns: usize, lines: &mut Vec<Line<'_>>) {
    let theme = model.theme;
    let asking = "asking the rules what it would do…";
    match model.preview.progress() {
        (answered, all) if answered < all && all > 1 => {
            lines.push(text(format!("{asking} {answered} of {all} jobs"), theme.held()));
        }
        (answered, all) if answered < all => lines.push(text(asking, theme.held())),
        _ => {
            let sentences = model.preview.sentences();
            // What would be refused is told with the keys.
            if !sentences.is_empty() {
                wrapped(&sentences.join(" "), columns, theme.plain(), lines);
            }
        }
    }
}

/// The last lines: why Enter does nothing, where it would be refused, and the keys. Enter and Ctrl-t stand there only where they do
/// something.
fn answers<'a>(
    model: &Model,
    columns: usize,
    enter: &'a str,
    others: &[(&'a str, &'a str)],
    lines: &mut Vec<Line<'_>>,
) {
    let focus = model.focus();
    let take_over = keymap::key_of(focus, Action::TakeOver).filter(|_| verb::applies(model, focus, Action::TakeOver));
    // What a bulk leaves out stands with its list.
    let is_told_above = matches!(model.prompt, Some(Prompt::Bulk(_))) && !model.session.is_read_only;
    let first = match (verb::offer(model, focus, Action::Accept), take_over) {
        (Ok(()), _) => Some(("Enter", enter)),
        // Who has it is said above.
        (Err(_), Some(key)) => Some((key, "take it over")),
        (Err(No::Refused(no)), None) if !no.is_about_text && !is_told_above => {
            let hint = if no.hint.is_empty() {
                String::new()
            } else {
                format!("   hint: {}", no.hint)
            };
            wrapped(
                &format!("{}: {}{hint}", no.what, no.why),
                columns,
                model.theme.error(),
                lines,
            );
            None
        }
        (Err(_), None) => None,
    };
    let pairs: Vec<_> = first.into_iter().chain(others.iter().copied()).collect();
    let short = |(key, meaning): &(&'a str, &'a str)| (*key, meaning.split(',').next().unwrap_or(meaning));
    let short: Vec<_> = pairs.iter().map(short).collect();
    // A line that is cut would keep Enter from counting.
    match short.iter().map(key_cells).sum::<usize>() > columns + KEYS_GAP {
        true => key_rows(model, columns, &short, lines),
        false => lines.push(keys(model, columns, &pairs)),
    }
}

fn confirm_lines<'a>(model: &'a Model, confirm: &'a Confirm, columns: usize) -> Vec<Line<'a>> {
    let theme = model.theme;
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
    let head = vec![
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
    lines.push(Line::Head(head, (timer, theme.held())));
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
            lines.push(keys(model, columns, &[("Esc", "back, nothing is decided")]));
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
    outlook(model, columns, &mut lines);
    let mut spare = Vec::new();
    if let Some(former) = rows.and_then(|rows| past::former_rejection(rows, &confirm.pin.key)) {
        for line in message::split(&former, columns, 2) {
            spare.push(Line::Spare(vec![(line, theme.plain())]));
        }
    }
    if let Some(patch) = &confirm.patch {
        let shown = 3;
        let each = if model.size.1 < 24 { 1 } else { 2 };
        let changes = patch.changes.iter().take(shown);
        for line in changes.flat_map(|one| change::lines(one, columns.saturating_sub(2), each)) {
            let style = change::style(line.side, theme);
            spare.push(Line::Spare(vec![("  ".to_owned(), theme.plain()), (line.text, style)]));
        }
        if let Some(rest) = patch.changes.len().checked_sub(shown + 1) {
            spare.push(Line::Spare(vec![(
                format!("  and {} more changes", rest + 1),
                theme.plain(),
            )]));
        }
        for consequence in patch.consequences.iter().take(2) {
            for line in message::split(consequence, columns.saturating_sub(2), 2) {
                spare.push(Line::Spare(vec![(format!("  {line}"), theme.warning())]));
            }
        }
    }
    if let Some(full) = full.filter(|_| !is_bound_told) {
        spare.push(Line::Spare(vec![(full, theme.held())]));
    }
    lines.extend(spare);
    if verb::is_draft_left_out(model) {
        let words = "Your patch draft is NOT applied (p shows it)";
        wrapped(words, columns, theme.warning(), &mut lines);
    }
    let unseen = view
        .map(super::super::model::gate::GateView::unseen)
        .unwrap_or_default();
    if !unseen.is_empty() {
        wrapped(
            &format!("You have not seen: {}", unseen.join(", ")),
            columns,
            theme.warning(),
            &mut lines,
        );
    }
    let others = model.marks.keys().filter(|key| **key != confirm.pin.key).count();
    if others > 0 && confirm.intent.is_decision() {
        let words = if others == 1 {
            "1 marked gate is".to_owned()
        } else {
            format!("{others} marked gates are")
        };
        wrapped(&format!("{words} NOT included"), columns, theme.warning(), &mut lines);
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
            &[("Esc", "back, nothing is changed")],
            &mut lines,
        );
        return lines;
    }
    if confirm.note.is_blank() && !confirm.is_note_focused {
        lines.push(text("note: (none; Tab to write)", theme.plain()));
    } else {
        lines.push(Line::Field("note: ", &confirm.note, confirm.is_note_focused));
    }
    if confirm.is_empty_accepted {
        lines.push(text(
            "The note is empty: Enter once more rejects without a reason",
            theme.warning(),
        ));
    }
    let tab = if confirm.is_note_focused { "leave note" } else { "note" };
    let others = [("Tab", tab), ("Esc", "back, nothing is decided")];
    answers(model, columns, enter, &others, &mut lines);
    lines
}

/// Who else has open what the question is about.
fn elsewhere(model: &Model, columns: usize, lines: &mut Vec<Line<'_>>) {
    for (key, _) in open_elsewhere(model) {
        let words = holder::warning(model, &key).unwrap_or_default();
        wrapped(&words, columns, model.theme.held(), lines);
    }
}

/// The head of a question about a job: its name gives way, never who asks.
fn job_head(model: &Model, verb: &str, style: Style, label: &str, columns: usize) -> Line<'static> {
    let theme = model.theme;
    let who = format!("  as {}", model.session.operator.name);
    let room = columns.saturating_sub(width(verb) + width(&who));
    Line::Text(vec![
        (verb.to_owned(), style),
        (shorten::middle(label, room), theme.strong()),
        (who, theme.plain()),
    ])
}

fn lines(model: &Model, columns: usize) -> Vec<Line<'_>> {
    let theme = model.theme;
    match &model.prompt {
        None => Vec::new(),
        Some(Prompt::Confirm(confirm)) => confirm_lines(model, confirm, columns),
        Some(Prompt::Resume(ask)) => {
            let style = theme.held().patch(theme.strong());
            let mut lines = vec![job_head(model, "RESUME ", style, &ask.label, columns)];
            outlook(model, columns, &mut lines);
            if let Some(note) = &ask.note {
                wrapped(note, columns, theme.plain(), &mut lines);
            }
            answers(
                model,
                columns,
                "resume",
                &[("Esc", "back, it stays paused")],
                &mut lines,
            );
            lines
        }
        Some(Prompt::Cancel(ask)) => {
            let style = theme.removed().patch(theme.strong());
            let mut lines = vec![job_head(model, "CANCEL JOB ", style, &ask.label, columns)];
            outlook(model, columns, &mut lines);
            elsewhere(model, columns, &mut lines);
            let words = format!("type {} to cancel it", ask.job_id);
            wrapped(&words, columns, theme.plain(), &mut lines);
            lines.push(Line::Field("id: ", &ask.typed, true));
            answers(
                model,
                columns,
                "cancel the job",
                &[("Esc", "back, it goes on")],
                &mut lines,
            );
            lines
        }
        Some(Prompt::Timer(ask)) => timer::lines(model, ask, columns),
        Some(Prompt::Bulk(ask)) => bulk::all(model, ask, columns),
        Some(Prompt::Quit(reasons)) => {
            let mut lines = vec![text("LEAVE holdpoint", theme.strong())];
            for reason in reasons {
                wrapped(reason, columns, theme.plain(), &mut lines);
            }
            answers(model, columns, "leave", &[("Esc", "stay")], &mut lines);
            lines
        }
        Some(Prompt::Menu) => menu_lines(model, columns),
        Some(Prompt::Discard(ask)) => {
            let mut lines = vec![text("DISCARD the text", theme.removed().patch(theme.strong()))];
            let words =
                format!("It is put aside for {DISCARDED_DAYS} days: Z on the queue lists it, holdpoint drafts too.");
            wrapped(&words, columns, theme.plain(), &mut lines);
            lines.push(text(format!("type {DISCARD_WORD} to discard it"), theme.plain()));
            lines.push(Line::Field("word: ", &ask.typed, true));
            answers(model, columns, "discard", &[("Esc", "keep it")], &mut lines);
            lines
        }
    }
}

fn menu_lines(model: &Model, columns: usize) -> Vec<Line<'_>> {
    let theme = model.theme;
    let is_edit = model.compose.as_ref().is_some_and(|compose| compose.edited().is_some());
    let what = if is_edit { "EDIT " } else { "PATCH " };
    let label = model
        .compose
        .as_ref()
        .map(|compose| gate_label(&compose.pin.label, &compose.pin.key, columns, [what, ""]))
        .unwrap_or_default();
    let mut lines = vec![Line::Text(vec![
        (what.to_owned(), theme.held().patch(theme.strong())),
        (label, theme.strong()),
    ])];
    let closed = model.compose.as_ref().and_then(|compose| compose.closed.clone());
    let fits = model
        .compose
        .as_ref()
        .is_some_and(|compose| compose.fitting().is_some());
    if let Some(why) = closed {
        wrapped(
            &format!("The text can only be read: {why}"),
            columns,
            theme.error(),
            &mut lines,
        );
    } else if !fits {
        lines.push(text("The patch does not fit yet; the text is kept", theme.warning()));
    }
    // The same answer as the hint line and the keys themselves: what cannot be done now is not offered.
    let pairs: Vec<_> = keymap::groups(Focus::Menu)
        .into_iter()
        .flat_map(|group| group.bindings)
        .filter(|binding| !binding.hint.is_empty())
        .filter_map(|binding| {
            Some((
                binding.keys.first().copied()?,
                menu_words(binding.action?)?,
                binding.action?,
            ))
        })
        .filter(|(_, _, action)| verb::applies(model, Focus::Menu, *action))
        .map(|(key, words, _)| (key, words))
        .collect();
    let (decide, other): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| matches!(*key, "a" | "r" | "t"));
    for row in [decide, other] {
        key_rows(model, columns, &row, &mut lines);
    }
    lines
}

/// What a key of the menu does, in the menu's words.
fn menu_words(action: Action) -> Option<&'static str> {
    let words = [
        (Action::ApproveWith, "approve with it"),
        (Action::RejectWith, "reject with it"),
        (Action::ApplyOnly, "apply only"),
        (Action::CarryOver, "carry it over into the new version"),
        (Action::AsPatch, "as a patch"),
        (Action::OtherType, "other type"),
        (Action::Discard, "discard"),
        (Action::Leave, "leave, draft kept"),
        (Action::OwnEditor, "on in your own editor"),
        (Action::Close, "back to the text"),
    ];
    words
        .iter()
        .find(|(known, _)| *known == action)
        .map(|(_, words)| *words)
}

/// Keys in as many lines as they need.
fn key_rows(model: &Model, columns: usize, pairs: &[(&str, &str)], lines: &mut Vec<Line<'_>>) {
    let mut rest = pairs;
    while !rest.is_empty() {
        let mut used = 0;
        let count = rest
            .iter()
            .take_while(|pair| {
                used += key_cells(pair);
                used <= columns + KEYS_GAP
            })
            .count()
            .max(1);
        let (row, after) = rest.split_at(count);
        lines.push(keys(model, columns, row));
        rest = after;
    }
}

/// How many lines the prompt wants; none without a prompt.
pub fn height(model: &Model, columns: u16) -> u16 {
    if model.prompt.is_none() {
        return 0;
    }
    let lines = lines(model, usize::from(columns).saturating_sub(2)).len();
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws it; returns the cursor of its field.
///
/// What finds no room is never part of a question: where not all of it fits, that is said instead, and Enter does nothing.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    clear(buffer, area);
    let (lines, _) = whole::fitted(model, area);
    let mut cursor = None;
    for (index, line) in lines.iter().enumerate() {
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        let mut pen = Pen::at_line(buffer, area, offset);
        // The head is also the rule that parts the prompt from what is above it.
        pen.text(if index == 0 { "─ " } else { " " }, theme.rule());
        match line {
            Line::Text(parts) | Line::Spare(parts) => {
                for (text, style) in parts {
                    pen.text(text, *style);
                }
                if index == 0 {
                    pen.text(" ", theme.plain()).rule(theme);
                }
            }
            Line::Head(parts, timer) => {
                for (text, style) in parts.iter().chain([timer]) {
                    pen.text(text, *style);
                }
                pen.text(" ", theme.plain()).rule(theme);
            }
            Line::Field(name, editor, is_focused) => {
                pen.text(name, theme.strong());
                let at = message::field(&mut pen, editor, area.y.saturating_add(offset), theme);
                if *is_focused {
                    cursor = at;
                }
            }
        }
    }
    cursor
}
