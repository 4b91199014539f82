//! The pieces that questions are made of: titles, what the rules say, fields and keys.

use ratatui::style::Style;

use crate::action::Action;
use crate::editor::Editor;
use crate::facts::lease::open_elsewhere;
use crate::facts::verb::{self, NoOffer};
use crate::facts::{holder, label, shorten, wrap};
use crate::keymap;
use crate::model::Model;
use crate::model::prompt::{Note, PromptLine, Why};
use domain::gate::{NOTES_BYTES_MAX, Verdict};
use domain::key::GateKey;
use domain::refusal::Refusal;
use text::width;

pub(crate) fn text(text: impl Into<String>, style: Style) -> PromptLine<'static> {
    PromptLine::Text(vec![(text.into(), style)])
}

/// The first key of the open question that means this; nothing where there is none.
pub(crate) fn key_name(model: &Model, action: Action) -> &'static str {
    let focus = model.ask().map(|ask| ask.focus());
    focus
        .and_then(|focus| keymap::key_of(focus, action))
        .unwrap_or_default()
}

/// That key, and what it does in the words of the question.
pub(crate) fn key<'a>(model: &Model, action: Action, words: &'a str) -> (&'a str, &'a str) {
    (key_name(model, action), words)
}

/// The note, or how to write one; `name` stands before it.
pub(crate) fn note<'a>(model: &Model, note: &'a Note, name: &'static str, lines: &mut Vec<PromptLine<'a>>) {
    let theme = model.session.theme();
    if note.editor.is_blank() && !note.is_focused {
        let key = key_name(model, Action::Note);
        lines.push(text(format!("{name}(none; {key} to write)"), theme.plain()));
    } else {
        field_lines(model, &note.editor, note.is_focused, name, lines);
    }
    if note.editor.is_blank() && note.verdict == Verdict::Reject {
        reasons(model, lines);
    }
    if note.is_empty_accepted {
        let enter = key_name(model, Action::Accept);
        let words = format!("The note is empty: {enter} once more rejects without a reason");
        lines.push(text(words, theme.warning()));
    }
}

/// More lines of a note are not shown at a time.
const NOTE_LINES_MAX: usize = 4;

/// The lines of a field around its cursor; where these are not all, a line says so.
pub(super) fn field_lines<'a>(
    model: &Model,
    editor: &'a Editor,
    is_focused: bool,
    name: &'static str,
    lines: &mut Vec<PromptLine<'a>>,
) {
    let (count, at) = (editor.lines().len(), editor.cursor().0);
    let shown = count.min(NOTE_LINES_MAX);
    let first = (at + 1).saturating_sub(shown).min(count - shown);
    for line in first..first + shown {
        lines.push(PromptLine::Field(name, editor, line, is_focused && line == at));
    }
    if shown < count {
        let words = format!("lines {}-{} of {count}", first + 1, first + shown);
        lines.push(text(words, model.session.theme().held()));
    }
}

/// The reasons of the configuration, each with the key that writes it.
fn reasons(model: &Model, lines: &mut Vec<PromptLine<'_>>) {
    let theme = model.session.theme();
    for (number, reason) in (1..).zip(model.session.offers.reasons.iter()) {
        let key = (format!("  {number} "), theme.strong());
        lines.push(PromptLine::Spare(vec![key, (reason.clone(), theme.plain())]));
    }
}

/// The key that leads into the note, or out of it.
pub(crate) fn note_key(model: &Model, note: &Note) -> (&'static str, &'static str) {
    key(model, Action::Note, if note.is_focused { "leave note" } else { "note" })
}

/// Why what was typed is not what has to be typed.
pub(super) fn typed_only(typed: &Editor, wanted: &str) -> Option<Why> {
    (typed.text().trim() != wanted).then(|| (format!("that is not {wanted}"), String::new()))
}

/// Why a note cannot be sent.
pub(super) fn too_long(note: &Note) -> Option<Why> {
    let bytes = note.editor.words().map_or(0, |words| words.len());
    (bytes > NOTES_BYTES_MAX).then(|| (Refusal::notes_too_long(bytes).message, "shorten it".to_owned()))
}

/// What holds until Enter; where that would be refused, what holds.
pub(crate) fn until(enter: Option<&str>, what: &str) -> String {
    match enter {
        Some(enter) => format!("nothing is {what} until {enter}"),
        None => format!("nothing is {what}"),
    }
}

/// Cells between two keys of a prompt.
pub(crate) const KEYS_GAP: usize = 4;

/// Cells of a key of a prompt: in brackets, with a blank, and the gap behind it.
pub(crate) fn key_cells((key, meaning): &(&str, &str)) -> usize {
    width(key) + width(meaning) + 3 + KEYS_GAP
}

/// The keys of a prompt; in brackets, so that they are found at a glance. Where the line is short,
/// what stands behind a comma goes.
pub(crate) fn keys(model: &Model, columns: usize, pairs: &[(&str, &str)]) -> PromptLine<'static> {
    let theme = model.session.theme();
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
    PromptLine::Text(parts)
}

pub(crate) fn wrapped(words: &str, columns: usize, style: Style, lines: &mut Vec<PromptLine<'_>>) {
    let split = wrap::split(words, columns, usize::MAX);
    lines.extend(split.into_iter().map(|line| text(line, style)));
}

/// The label of a gate between the other words of a head: only the job gives way.
pub(crate) fn gate_label(label: &str, key: &GateKey, columns: usize, others: [&str; 2]) -> String {
    let others: usize = others.into_iter().map(width).sum();
    label::within(label, key, columns.saturating_sub(others))
}

/// The title of a question about a gate: what is done, to which gate, and who does it. In one line,
/// with what goes on by itself behind it; where even a cut name of the job leaves no room for the
/// rest, in as many as that needs.
pub(crate) fn title(parts: [(String, Style); 3], timer: (String, Style), columns: usize) -> Vec<PromptLine<'static>> {
    if parts.iter().map(|(text, _)| width(text)).sum::<usize>() <= columns {
        return vec![PromptLine::Head(parts.into(), timer)];
    }
    let [(verb, verb_style), (label, style), (who, who_style)] = parts;
    let who = text(who.trim_start(), who_style);
    match label
        .rsplit_once(" / ")
        .filter(|_| width(&verb) + width(&label) > columns)
    {
        Some((job, stage)) => vec![
            PromptLine::Text(vec![(verb, verb_style), (format!("{job} /"), style)]),
            text(stage, style),
            who,
        ],
        None => vec![PromptLine::Text(vec![(verb, verb_style), (label, style)]), who],
    }
}

/// What Enter would do, as the rules say it.
pub(crate) fn outlook(model: &Model, columns: usize, lines: &mut Vec<PromptLine<'_>>) {
    let theme = model.session.theme();
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

/// Behind what became of several gates: how many the row stood for beside them.
pub(super) fn not_included(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!("   {more} more with the same change were NOT included"),
    }
}

/// How many of these gates the filter of the queue hides.
pub(crate) fn hidden<'k>(
    model: &Model,
    keys: impl Iterator<Item = &'k GateKey>,
    columns: usize,
    lines: &mut Vec<PromptLine<'_>>,
) {
    let hidden = match model.queue.filter.is_empty() {
        true => 0,
        false => keys.filter(|key| !model.queue.is_visible(key)).count(),
    };
    if hidden > 0 {
        let words = format!("{hidden} of them are hidden by the filter");
        wrapped(&words, columns, model.session.theme().warning(), lines);
    }
}

/// The last lines: why Enter does nothing, where it would be refused, and the keys. Enter and
/// Ctrl-t stand there only where they do something.
pub(crate) fn answers<'a>(
    model: &Model,
    columns: usize,
    enter: &'a str,
    others: &[(&'a str, &'a str)],
    back: &'a str,
    lines: &mut Vec<PromptLine<'_>>,
) {
    let focus = model.focus();
    let take_over = keymap::key_of(focus, Action::TakeOver).filter(|_| verb::applies(model, focus, Action::TakeOver));
    // What a bulk leaves out stands with its list.
    let is_list = model.ask().is_some_and(|ask| ask.listed() > 0);
    let is_told_above = is_list && !model.session.is_read_only;
    let first = match (verb::offer(model, focus, Action::Accept), take_over) {
        (Ok(()), _) => Some(key(model, Action::Accept, enter)),
        // Who has it is said above.
        (Err(_), Some(key)) => Some((key, if is_list { "take them over" } else { "take it over" })),
        (Err(NoOffer::Refused(no)), None) if !no.is_about_text && !is_told_above => {
            let words = verb::in_words(no.what, &no.why, &no.hint);
            wrapped(&words, columns, model.session.theme().error(), lines);
            None
        }
        (Err(_), None) => None,
    };
    let pairs: Vec<_> = first
        .into_iter()
        .chain(others.iter().copied())
        .chain([key(model, Action::Close, back)])
        .collect();
    let short = |(key, meaning): &(&'a str, &'a str)| (*key, meaning.split(',').next().unwrap_or(meaning));
    let short: Vec<_> = pairs.iter().map(short).collect();
    // A line that is cut would keep Enter from counting.
    match short.iter().map(key_cells).sum::<usize>() > columns + KEYS_GAP {
        true => key_rows(model, columns, &short, lines),
        false => lines.push(keys(model, columns, &pairs)),
    }
}

/// Who else has open what the question is about.
pub(crate) fn elsewhere(model: &Model, columns: usize, lines: &mut Vec<PromptLine<'_>>) {
    for (key, _) in open_elsewhere(model) {
        let words = holder::warning(model, &key).unwrap_or_default();
        wrapped(&words, columns, model.session.theme().held(), lines);
    }
}

/// The title of a question about something else: what is done and to what, which gives way, and who
/// does it, who never does.
pub(crate) fn other_title(model: &Model, verb: (&str, Style), label: &str, columns: usize) -> Vec<PromptLine<'static>> {
    let theme = model.session.theme();
    let (verb, style) = verb;
    let who = format!("  as {}", model.session.operator.name);
    let room = columns.saturating_sub(width(verb) + width(&who));
    let label = shorten::middle(label, room.max(label::JOB_CELLS_MIN));
    let parts = [(verb.to_owned(), style), (label, theme.strong()), (who, theme.plain())];
    title(parts, (String::new(), theme.held()), columns)
}

/// Keys in as many lines as they need.
pub(crate) fn key_rows(model: &Model, columns: usize, pairs: &[(&str, &str)], lines: &mut Vec<PromptLine<'_>>) {
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
