//! The list of patch types over the text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::pen::{Pen, clear};
use crate::domain::patch::types;
use crate::tui::model::Model;
use crate::tui::model::compose::{Compose, List};

/// Draws it at the top of the editor, below its head.
pub fn draw(model: &Model, compose: &Compose, list: &List, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let List::Types { chosen } = list;
    let Some(sheets) = compose.sheets() else {
        return;
    };
    let count = u16::try_from(sheets.templates.len()).unwrap_or(u16::MAX);
    let height = count.saturating_add(1).min(area.height.saturating_sub(1));
    let area = Rect {
        y: area.y + 1,
        height,
        ..area
    };
    clear(buffer, area);
    let rows = usize::from(height.saturating_sub(1));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (index, (name, _))) in (0..).zip(sheets.templates.iter().enumerate().skip(top).take(rows)) {
        let mut pen = Pen::at_line(buffer, area, line);
        let doc = types().iter().find(|doc| doc.name == *name);
        let what = doc
            .and_then(|doc| doc.description.split(". ").next())
            .unwrap_or_default();
        let is_kept = sheets.shelf.iter().any(|(shelved, _)| shelved == name);
        pen.text(if index == *chosen { " > " } else { "   " }, theme.strong())
            .cell(name, 17, theme.strong())
            .text(if is_kept { "(yours) " } else { "" }, theme.held())
            .text(what, theme.plain());
        if index == *chosen {
            pen.fill(theme.selected());
        }
    }
    let rule = "─".repeat(usize::from(area.width));
    Pen::at_line(buffer, area, height.saturating_sub(1)).text(&rule, theme.rule());
}
