//! The prompt: what will happen, what was not seen, the note, and the keys. It takes the bottom of
//! the lower pane.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message;
use super::row_writer::{RowWriter, clear};
use crate::model::Model;
use crate::model::prompt::PromptLine;
use crate::prompt::whole;
use text::width;

/// Draws it; returns the cursor of its field.
///
/// What finds no room is never part of a question: where not all of it fits, that is said instead,
/// and Enter does nothing.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    clear(buffer, area);
    let (lines, _) = whole::fitted(model, area);
    let mut cursor = None;
    for (index, line) in lines.iter().enumerate() {
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        let mut pen = RowWriter::at_line(buffer, area, offset);
        // The head is also the rule that parts the prompt from what is above it.
        pen.text(if index == 0 { "─ " } else { " " }, theme.rule());
        match line {
            PromptLine::Text(parts) | PromptLine::Spare(parts) => {
                for (text, style) in parts {
                    pen.text(text, *style);
                }
                if index == 0 {
                    pen.text(" ", theme.plain()).rule(theme);
                }
            }
            PromptLine::Head(parts, timer) => {
                for (text, style) in parts.iter().chain([timer]) {
                    pen.text(text, *style);
                }
                pen.text(" ", theme.plain()).rule(theme);
            }
            PromptLine::Field(name, editor, line, is_focused) => {
                // The name stands before the first of them that is in sight.
                let is_first = !matches!(
                    index.checked_sub(1).and_then(|above| lines.get(above)),
                    Some(PromptLine::Field(..))
                );
                if is_first {
                    pen.text(name, theme.strong());
                } else {
                    pen.skip(u16::try_from(width(name)).unwrap_or(u16::MAX));
                }
                let at = message::field(&mut pen, editor, *line, area.y.saturating_add(offset), theme);
                if *is_focused {
                    cursor = at;
                }
            }
        }
    }
    cursor
}
