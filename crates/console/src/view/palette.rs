//! Commands by name: what the keys of the pane can do, and `q`.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::action::Action;
use crate::facts::lists::entries;
use crate::keymap::{self, Focus};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::keys::Overlay;

/// Draws it above the keys.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let Some(Overlay::Palette { text, chosen }) = &model.keys.overlay else {
        return None;
    };
    let height = 10.min(layout.hint.y.saturating_sub(1));
    let area = Rect::new(0, layout.hint.y - height, model.window.size.0, height);
    clear(buffer, area);
    let rule = "─".repeat(usize::from(area.width));
    RowWriter::new(buffer, area).text(&rule, theme.rule());
    let entries = entries(model);
    if entries.is_empty() {
        let close = keymap::keys_of(Focus::Palette, &[Action::Close]);
        let words = format!("No command is called that   hint: {close} goes back");
        RowWriter::at_line(buffer, area, 1).skip(3).text(&words, theme.plain());
    }
    let rows = usize::from(height.saturating_sub(2));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (index, entry)) in (1..).zip(entries.iter().enumerate().skip(top).take(rows)) {
        let mut pen = RowWriter::at_line(buffer, area, line);
        pen.text(if index == *chosen { " > " } else { "   " }, theme.strong());
        pen.cell(&entry.key, 8, theme.strong()).text(&entry.name, theme.plain());
        if index == *chosen {
            pen.fill(theme.selected());
        }
    }
    let y = area.bottom().saturating_sub(1);
    let mut pen = RowWriter::at_line(buffer, area, height.saturating_sub(1));
    pen.text(" :", theme.strong());
    message::field(&mut pen, text, y, theme)
}
