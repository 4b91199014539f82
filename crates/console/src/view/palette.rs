//! Commands by name: what the keys of the pane can do, and `q`.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::pen::{Pen, clear};
use crate::action::Action;
use crate::keymap;
use crate::layout::Layout;
use crate::model::{Model, Overlay};
use crate::verb;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: &'static str,
    /// Its key.
    pub(crate) key: &'static str,
    /// What it does.
    pub action: Action,
}

/// The commands that fit what is typed; an exact name first.
pub fn entries(model: &Model) -> Vec<Entry> {
    let text = match &model.overlay {
        Some(Overlay::Palette { text, .. }) => text.text().to_lowercase(),
        Some(Overlay::Help { .. } | Overlay::Files { .. } | Overlay::Discarded { .. }) | None => String::new(),
    };
    let leave = Entry {
        name: "quit: leave the console",
        key: ":q",
        action: Action::Quit,
    };
    if matches!(text.as_str(), "q" | "q!" | "quit" | "exit") {
        return vec![leave];
    }
    let focus = model.pane_focus();
    let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
    let all = bindings.filter_map(|binding| {
        let action = binding.action?;
        let is_offered = action != Action::Palette && verb::is_hinted(model, focus, action);
        is_offered.then(|| Entry {
            name: binding.help,
            key: binding.keys.first().copied().unwrap_or(""),
            action,
        })
    });
    all.chain([leave])
        .filter(|entry| {
            text.split_whitespace()
                .all(|word| entry.name.to_lowercase().contains(word))
        })
        .collect()
}

/// Draws it above the keys.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let Some(Overlay::Palette { text, chosen }) = &model.overlay else {
        return None;
    };
    let height = 10.min(layout.hint.y.saturating_sub(1));
    let area = Rect::new(0, layout.hint.y - height, model.size.0, height);
    clear(buffer, area);
    let rule = "─".repeat(usize::from(area.width));
    Pen::new(buffer, area).text(&rule, theme.rule());
    let entries = entries(model);
    if entries.is_empty() {
        let words = "No command is called that   hint: Esc goes back";
        Pen::at_line(buffer, area, 1).skip(3).text(words, theme.plain());
    }
    let rows = usize::from(height.saturating_sub(2));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (index, entry)) in (1..).zip(entries.iter().enumerate().skip(top).take(rows)) {
        let mut pen = Pen::at_line(buffer, area, line);
        pen.text(if index == *chosen { " > " } else { "   " }, theme.strong());
        pen.cell(entry.key, 8, theme.strong()).text(entry.name, theme.plain());
        if index == *chosen {
            pen.fill(theme.selected());
        }
    }
    let y = area.bottom().saturating_sub(1);
    let mut pen = Pen::at_line(buffer, area, height.saturating_sub(1));
    pen.text(" :", theme.strong());
    message::field(&mut pen, text, y, theme)
}
