//! The prompt: what will happen, what was not seen, the note, and the keys. It takes the bottom of the lower pane.

pub(crate) mod bulk;
mod confirm;
mod menu;
mod timer;
mod whole;

use crate::facts::wrap;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::message;
use super::pen::{Pen, clear};
use crate::action::Action;
use crate::draft::DISCARDED_DAYS;
use crate::editor::Editor;
use crate::facts::holder;
use crate::facts::label;
use crate::facts::shorten;
use crate::keymap;
use crate::model::Model;
use crate::model::prompt::{DISCARD_WORD, Prompt};
use crate::update::open_elsewhere;
use crate::verb::{self, No};
use domain::key::GateKey;
use text::width;

pub use whole::{MAKE_ROOM, NOT_WHOLE, ROWS_MIN, facts, is_low, least_height, listed, too_small};

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
    let split = wrap::split(words, columns, usize::MAX);
    lines.extend(split.into_iter().map(|line| text(line, style)));
}

/// The label of a gate between the other words of a head: only the job gives way.
fn gate_label(label: &str, key: &GateKey, columns: usize, others: [&str; 2]) -> String {
    let others: usize = others.into_iter().map(width).sum();
    label::within(label, key, columns.saturating_sub(others))
}

/// The title of a question about a gate: what is done, to which gate, and who does it. In one line, with what goes on by itself behind it;
/// where even a cut name of the job leaves no room for the rest, in as many as that needs.
fn title(parts: [(String, Style); 3], timer: (String, Style), columns: usize) -> Vec<Line<'static>> {
    if parts.iter().map(|(text, _)| width(text)).sum::<usize>() <= columns {
        return vec![Line::Head(parts.into(), timer)];
    }
    let [(verb, verb_style), (label, style), (who, who_style)] = parts;
    let who = text(who.trim_start(), who_style);
    match label
        .rsplit_once(" / ")
        .filter(|_| width(&verb) + width(&label) > columns)
    {
        Some((job, stage)) => vec![
            Line::Text(vec![(verb, verb_style), (format!("{job} /"), style)]),
            text(stage, style),
            who,
        ],
        None => vec![Line::Text(vec![(verb, verb_style), (label, style)]), who],
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
            let words = verb::in_words(no.what, &no.why, &no.hint);
            wrapped(&words, columns, model.theme.error(), lines);
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

/// Who else has open what the question is about.
fn elsewhere(model: &Model, columns: usize, lines: &mut Vec<Line<'_>>) {
    for (key, _) in open_elsewhere(model) {
        let words = holder::warning(model, &key).unwrap_or_default();
        wrapped(&words, columns, model.theme.held(), lines);
    }
}

/// The title of a question about something else: what is done and to what, which gives way, and who does it, who never does.
fn other_title(model: &Model, verb: (&str, Style), label: &str, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let (verb, style) = verb;
    let who = format!("  as {}", model.session.operator.name);
    let room = columns.saturating_sub(width(verb) + width(&who));
    let label = shorten::middle(label, room.max(label::JOB_CELLS_MIN));
    let parts = [(verb.to_owned(), style), (label, theme.strong()), (who, theme.plain())];
    title(parts, (String::new(), theme.held()), columns)
}

fn lines(model: &Model, columns: usize) -> Vec<Line<'_>> {
    let theme = model.theme;
    match &model.prompt {
        None => Vec::new(),
        Some(Prompt::Confirm(confirm)) => confirm::lines(model, confirm, columns),
        Some(Prompt::Resume(ask)) => {
            let style = theme.held().patch(theme.strong());
            let mut lines = other_title(model, ("RESUME ", style), &ask.label, columns);
            outlook(model, columns, &mut lines);
            // Where its stage does not run again now, nobody is handed the note.
            if let Some(note) = ask.note.as_ref().filter(|_| !model.preview.drops_a_stage()) {
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
            let mut lines = other_title(model, ("CANCEL JOB ", style), &ask.label, columns);
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
        // Without its list of gates, which scrolls.
        Some(Prompt::Bulk(ask)) => bulk::around_words(model, ask, columns),
        Some(Prompt::Quit(ask)) => {
            let mut lines = vec![text("LEAVE holdpoint", theme.strong())];
            if ask.reasons.is_empty() {
                lines.push(text("Nothing is under way any more", theme.plain()));
            }
            for reason in &ask.reasons {
                wrapped(reason, columns, theme.plain(), &mut lines);
            }
            answers(model, columns, "leave", &[("Esc", "stay")], &mut lines);
            lines
        }
        Some(Prompt::Menu) => menu::lines(model, columns),
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
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    if model.prompt.is_none() {
        return 0;
    }
    let listed = match &model.prompt {
        Some(Prompt::Bulk(ask)) => ask.items.len(),
        Some(_) | None => 0,
    };
    let lines = lines(model, usize::from(columns).saturating_sub(2)).len() + listed;
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
