//! The line above the keys: the field that is open, else what happened last.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::editor::Editor;
use crate::facts::message::{earlier, lines, sign, start_cells};
use crate::facts::{filter, label};
use crate::model::Model;
use crate::model::keys::Field;
use crate::model::toast::{Toast, Tone};
use crate::theme::Theme;
use text::{visible_line, width};

/// The colour of a line.
pub(crate) fn style(tone: Tone, theme: Theme) -> Style {
    match tone {
        Tone::Info => theme.plain(),
        Tone::Done => theme.added(),
        Tone::Timer => theme.timer(),
        Tone::Error => theme.error(),
    }
}

/// Draws a line of a field with its cursor; a long one shows its end.
pub(crate) fn field(pen: &mut RowWriter<'_>, editor: &Editor, line: usize, y: u16, theme: Theme) -> Option<Position> {
    let text = editor.lines().get(line).map(String::as_str).unwrap_or_default();
    let (at, character) = editor.cursor();
    let until = if line == at { character } else { 0 };
    let before: String = text.chars().take(until).collect();
    let cells = width(&visible_line(&before));
    let room = pen.room().max(1);
    let left = (cells + 1).saturating_sub(room);
    let start = pen.column();
    pen.line(text.as_bytes(), &[], left, theme.plain(), theme);
    let column = start.saturating_add(u16::try_from(cells - left.min(cells)).unwrap_or(u16::MAX));
    Some(Position::new(column, y))
}

/// Writes a line of news.
pub fn toast(pen: &mut RowWriter<'_>, toast: &Toast, theme: Theme) {
    pen.text(&label::clock(toast.at), theme.plain())
        .text(" ", theme.plain());
    pen.text(sign(toast.tone), style(toast.tone, theme))
        .text(&toast.text, style(toast.tone, theme));
}

/// ` filter /`.
const FILTER_CELLS: u16 = 9;

/// Draws it; returns the cursor of an open field.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1);
    match &model.keys.field {
        Some(Field::Filter(editor)) => {
            pen.text("filter /", theme.strong());
            let (words, style) = match filter::fault(model) {
                Some(_) => (filter::fault_beside(model, pen.room()), theme.error()),
                None => (filter::words_beside(model, pen.room()), theme.plain()),
            };
            // The words keep their room; of a long filter its end is shown.
            let cells = u16::try_from(width(&words)).unwrap_or(u16::MAX);
            let narrow = Rect {
                width: area.width.saturating_sub(cells),
                ..area
            };
            let mut beside = RowWriter::new(buffer, narrow);
            beside.to(FILTER_CELLS);
            let cursor = field(&mut beside, editor, 0, area.y, theme);
            let at = beside.column().saturating_sub(area.x);
            RowWriter::new(buffer, area).to(at).text(&words, style);
            return cursor;
        }
        Some(Field::Search(editor) | Field::Find(editor, _)) => {
            pen.text("find /", theme.strong());
            return field(&mut pen, editor, 0, area.y, theme);
        }
        None => {}
    }
    if let Some(newest) = model.toasts.newest() {
        pen.text(&earlier(model), theme.strong());
        // Where there is less room than it wants, a sign says that it is cut.
        let mut lines = lines(model, usize::from(area.width), usize::from(area.height)).into_iter();
        let first = Toast {
            text: lines.next().unwrap_or_default(),
            ..newest.clone()
        };
        toast(&mut pen, &first, theme);
        for (offset, line) in (1..).zip(lines) {
            let mut pen = RowWriter::at_line(buffer, area, offset);
            pen.skip(u16::try_from(start_cells()).unwrap_or(u16::MAX))
                .text(&line, style(newest.tone, theme));
        }
    }
    None
}
