//! The files under review, as a list to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::facts::label::change_of_file;
use crate::facts::lists;
use crate::layout::Layout;
use crate::model::Model;
use crate::model::keys::Overlay;
use text::words::counted;

/// Draws it above the keys.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let Some(Overlay::Files { text, chosen }) = &model.keys.overlay else {
        return None;
    };
    let files = lists::files(model);
    let wanted = u16::try_from(files.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.clamp(3, 16).min(layout.hint.y.saturating_sub(1));
    let area = Rect::new(0, layout.hint.y - height, model.window.size.0, height);
    clear(buffer, area);
    let count = model.gate.as_ref().map_or(0, |view| view.files.len());
    let unseen = model.gate.as_ref().map_or(0, |view| {
        view.files.iter().filter(|file| !file.is_wholly_shown()).count()
    });
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule())
        .text(
            &format!(" {}, {unseen} not wholly seen ", counted(count, "file")),
            theme.strong(),
        )
        .rule(theme);
    let rows = usize::from(height.saturating_sub(2));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (place, index)) in (1..).zip(files.iter().enumerate().skip(top).take(rows)) {
        let Some(file) = model.gate.as_ref().and_then(|view| view.files.get(*index)) else {
            continue;
        };
        let mut pen = RowWriter::at_line(buffer, area, line);
        let is_chosen = place == *chosen;
        let seen = match (file.is_shown, file.is_wholly_shown()) {
            (_, true) => "seen",
            (true, false) => "partly seen",
            (false, false) => "unseen",
        };
        let name = file.artifact.path.file_name();
        let name_cells = usize::from(area.width).saturating_sub(44).max(12);
        pen.text(if is_chosen { " > " } else { "   " }, theme.strong())
            .cell(&(index + 1).to_string(), 4, theme.plain())
            .cell(name, name_cells, theme.plain())
            .cell(&format!(" {}", change_of_file(file)), 24, theme.plain())
            .text(seen, if seen == "seen" { theme.plain() } else { theme.warning() });
        if file.is_changed_on_disk() {
            pen.text(" CHANGED", theme.warning());
        }
        if is_chosen {
            pen.fill(theme.selected());
        }
    }
    let y = area.bottom().saturating_sub(1);
    let mut pen = RowWriter::at_line(buffer, area, height.saturating_sub(1));
    pen.text(" file: ", theme.strong());
    message::field(&mut pen, text, y, theme)
}
