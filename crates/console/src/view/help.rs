//! The keys, made from the keymap, narrowed down by what is typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::facts::help::{HelpRow, INDENT, cells, rows, sides};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::keys::Overlay;

/// Draws it over everything below the header and the strip of a last call.
pub(crate) fn draw(model: &Model, overlay: &Overlay, layout: &Layout, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let top = overlay.row;
    let top_line = layout.strip.bottom();
    let area = Rect::new(0, top_line, model.window.size.0, layout.hint.y.saturating_sub(top_line));
    clear(buffer, area);
    let mut pen = RowWriter::new(buffer, area);
    pen.text(" KEYS ", theme.selected()).text("  find: ", theme.strong());
    let cursor = message::field(&mut pen, &overlay.text, 0, area.y, theme);
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    let rows = rows(model);
    if rows.is_empty() {
        RowWriter::new(buffer, body)
            .skip(3)
            .text("No key is for that", theme.plain());
    }
    let height = usize::from(body.height);
    let sides = sides(area.width);
    let columns = area.width / sides;
    let (key_cells, _) = cells(columns);
    let places = (0..sides).flat_map(|side| (0..body.height).map(move |line| (side, line)));
    for ((side, line), row) in places.zip(rows.iter().skip(top)) {
        let part = Rect {
            x: body.x + side * columns,
            width: columns,
            ..body
        };
        let mut pen = RowWriter::at_line(buffer, part, line);
        match row {
            HelpRow::Group(name) => pen.skip(1).text(name, theme.strong()),
            HelpRow::Keys(keys, help) => pen
                .skip(INDENT as u16)
                .cell(keys, key_cells, theme.plain())
                .skip(1)
                .text(help, theme.plain()),
        };
    }
    let below = rows.len().saturating_sub(top + height * usize::from(sides));
    if below > 0 {
        RowWriter::new(buffer, area).right(&format!("{below} more below "), theme.warning());
    }
    cursor
}
