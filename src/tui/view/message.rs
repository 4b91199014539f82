//! The line above the keys: the field that is open, else what happened last.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::label;
use super::pen::Pen;
use crate::diff::text::{visible_line, width};
use crate::tui::editor::Editor;
use crate::tui::model::toast::{Toast, Tone};
use crate::tui::model::{Field, Model};
use crate::tui::theme::Theme;

/// The colour of a line.
pub fn style(tone: Tone, theme: Theme) -> Style {
    match tone {
        Tone::Info => theme.plain(),
        Tone::Done => theme.added(),
        Tone::Timer => theme.timer(),
        Tone::Error => theme.error(),
    }
}

/// Draws a one-line field with its cursor; a long text shows its end.
pub fn field(pen: &mut Pen<'_>, editor: &Editor, y: u16, theme: Theme) -> Option<Position> {
    let text = editor.text();
    let (_, character) = editor.cursor();
    let before: String = text.chars().take(character).collect();
    let cells = width(&visible_line(&before));
    let room = pen.room().max(1);
    let left = (cells + 1).saturating_sub(room);
    let start = pen.column();
    pen.line(text.as_bytes(), &[], left, theme.plain(), theme);
    let column = start.saturating_add(u16::try_from(cells - left.min(cells)).unwrap_or(u16::MAX));
    Some(Position::new(column, y))
}

/// Writes a line of news.
pub fn toast(pen: &mut Pen<'_>, toast: &Toast, theme: Theme) {
    pen.text(&label::clock(toast.at), theme.plain())
        .text(" ", theme.plain());
    let sign = if toast.tone == Tone::Error { "! " } else { "" };
    pen.text(sign, style(toast.tone, theme))
        .text(&toast.text, style(toast.tone, theme));
}

/// Draws it; returns the cursor of an open field.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.skip(1);
    match &model.field {
        Some(Field::Filter(editor)) => {
            pen.text("filter /", theme.strong());
            return field(&mut pen, editor, area.y, theme);
        }
        Some(Field::Search(editor)) => {
            pen.text("find /", theme.strong());
            return field(&mut pen, editor, area.y, theme);
        }
        None => {}
    }
    if let Some(newest) = model.toasts.newest() {
        let more = model.toasts.unread.saturating_sub(1);
        if more > 0 {
            pen.text(&format!("+{more} "), theme.strong());
        }
        toast(&mut pen, newest, theme);
    }
    None
}
