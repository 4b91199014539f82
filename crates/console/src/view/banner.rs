//! What is broken: a line below the header for as long as it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use crate::facts::banner::lines;
use crate::facts::last_call;
use crate::model::Model;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    for (offset, line) in (0..).zip(lines(model, area.width)) {
        let sign = if offset == 0 { "! " } else { "  " };
        let mut pen = RowWriter::at_line(buffer, area, offset);
        pen.text(sign, model.session.theme().urgent())
            .text(&line, model.session.theme().error());
    }
}

/// The strip of a last call, from end to end.
pub(crate) fn draw_strip(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(words) = last_call::strip(model, area.width) else {
        return;
    };
    let style = model.session.theme().urgent().patch(model.session.theme().selected());
    let mut pen = RowWriter::new(buffer, area);
    pen.text(&words, style);
    pen.fill(style);
}
