//! The keys, made from the keymap, narrowed down by what is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::pen::{Pen, clear};
use crate::tui::keymap;
use crate::tui::layout::Layout;
use crate::tui::model::{Model, Overlay};

/// Room for `Ctrl-w or Alt-Backspace`.
const KEYS_CELLS: usize = 23;

/// A line of the help: a group's name, or keys and what they mean.
pub enum HelpRow {
    /// A group.
    Group(&'static str),
    /// Keys and meaning.
    Keys(String, &'static str),
}

/// What stands in the queue.
const COLUMNS: [(&str, &str); 6] = [
    ("! * >", "a timer's last minute, marked, selected"),
    ("#", "which attempt of the stage"),
    (
        "LEFT",
        "time left; = it stands still: held, or somebody has the gate open",
    ),
    ("THEN", "what happens when no time is left; person: nothing without you"),
    ("CHANGE", "lines against the base, of all files"),
    (
        "WHO",
        "who is at it, or holds it until when and why; unseen: nobody has looked",
    ),
];

/// The lines, narrowed down.
pub fn rows(model: &Model) -> Vec<HelpRow> {
    let filter = match &model.overlay {
        Some(Overlay::Help { filter, .. }) => filter.text().to_lowercase(),
        Some(Overlay::Palette { .. } | Overlay::Files { .. } | Overlay::Discarded { .. }) | None => String::new(),
    };
    let mut rows = Vec::new();
    let is_sought = |text: String| {
        let text = text.to_lowercase();
        filter.split_whitespace().all(|word| text.contains(word))
    };
    let columns = COLUMNS
        .iter()
        .filter(|(name, meaning)| is_sought(format!("columns {name} {meaning}")));
    let columns: Vec<_> = columns
        .map(|(name, meaning)| HelpRow::Keys((*name).to_owned(), meaning))
        .collect();
    if !columns.is_empty() {
        rows.push(HelpRow::Group("columns of the queue"));
        rows.extend(columns);
    }
    for group in keymap::all_groups() {
        let fits = |binding: &&keymap::Binding| {
            is_sought(format!("{} {} {}", group.name, binding.keys.join(" "), binding.help))
        };
        let is_allowed = |binding: &&keymap::Binding| {
            let action = binding.action;
            action.is_none_or(|action| model.session.forbids(action).is_none())
        };
        let bindings: Vec<_> = group.bindings.iter().filter(fits).filter(is_allowed).collect();
        if !bindings.is_empty() {
            rows.push(HelpRow::Group(group.name));
            rows.extend(
                bindings
                    .iter()
                    .map(|binding| HelpRow::Keys(binding.keys_in_words(), binding.help)),
            );
        }
    }
    rows
}

/// Draws it over everything below the header.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let Some(Overlay::Help { filter, top }) = &model.overlay else {
        return None;
    };
    let area = Rect::new(0, 1, model.size.0, layout.hint.y.saturating_sub(1));
    clear(buffer, area);
    let mut pen = Pen::new(buffer, area);
    pen.text(" KEYS ", theme.selected()).text("  find: ", theme.strong());
    let cursor = message::field(&mut pen, filter, area.y, theme);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let rows = rows(model);
    if rows.is_empty() {
        Pen::new(buffer, body).skip(3).text("No key is for that", theme.plain());
    }
    let height = usize::from(body.height);
    for (line, row) in (0..).zip(rows.iter().skip(*top).take(height)) {
        let mut pen = Pen::at_line(buffer, body, line);
        match row {
            HelpRow::Group(name) => pen.skip(1).text(name, theme.strong()),
            HelpRow::Keys(keys, help) => pen
                .skip(3)
                .cell(keys, KEYS_CELLS, theme.plain())
                .skip(1)
                .text(help, theme.plain()),
        };
    }
    let below = rows.len().saturating_sub(top + height);
    if below > 0 {
        Pen::new(buffer, area).right(&format!("{below} more below "), theme.warning());
    }
    cursor
}
