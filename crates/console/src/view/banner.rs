//! What is broken: a line below the header for as long as it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use crate::facts::banner::lines;
use crate::model::Model;

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    for (offset, line) in (0..).zip(lines(model, area.width)) {
        let sign = if offset == 0 { "! " } else { "  " };
        let mut pen = RowWriter::at_line(buffer, area, offset);
        pen.text(sign, model.session.theme().urgent())
            .text(&line, model.session.theme().error());
    }
}
