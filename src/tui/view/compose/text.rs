//! The text that is written, with its line numbers.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::super::pen::Pen;
use crate::diff::search::Needle;
use crate::tui::model::Model;
use crate::tui::model::compose::{Check, Compose};

/// Draws it; returns the cursor.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let editor = &compose.editor;
    let cursor_line = editor.place().line;
    let height = usize::from(area.height.max(1));
    let lines = editor.lines();
    // A function of the cursor, not of history: the cursor stays in the middle third, the text never scrolls past its end.
    let top = cursor_line
        .saturating_sub(height * 2 / 3)
        .min(lines.len().saturating_sub(height));
    let fault = match &compose.check {
        Check::Unfit(unfit) if !compose.is_untouched() => unfit.line,
        Check::Unfit(_) | Check::Pending | Check::Fits(_) => None,
    };
    let digits = lines.len().to_string().len().max(2);
    let gutter = u16::try_from(digits + 2).unwrap_or(u16::MAX);
    let text_cells = usize::from(area.width.saturating_sub(gutter + 1)).max(1);
    let cursor_cells = editor.cursor_cells();
    let left = (cursor_cells + 1).saturating_sub(text_cells);
    let needle = compose.find.as_deref().and_then(Needle::new);
    for (offset, (index, line)) in (0..).zip(lines.iter().enumerate().skip(top).take(height)) {
        let mut pen = Pen::at_line(buffer, area, offset);
        let is_fault = fault == Some(index);
        pen.text(if is_fault { "!" } else { " " }, theme.error());
        pen.text(
            &format!("{:>digits$} ", index + 1),
            if is_fault { theme.error() } else { theme.rule() },
        );
        // What is selected tells more than what was sought.
        let emphasis = match (editor.selected_in(index), &needle) {
            (Some(selected), _) => vec![selected],
            (None, Some(needle)) => needle.all_in(line.as_bytes()),
            (None, None) => Vec::new(),
        };
        pen.line(line.as_bytes(), &emphasis, left, theme.plain(), theme);
    }
    let row = u16::try_from(cursor_line.saturating_sub(top)).unwrap_or(u16::MAX);
    let column = u16::try_from(cursor_cells.saturating_sub(left)).unwrap_or(u16::MAX);
    let cursor = Position::new(area.x + gutter + column, area.y.saturating_add(row));
    area.contains(cursor).then_some(cursor)
}
