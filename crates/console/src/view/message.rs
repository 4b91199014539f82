//! The line above the keys: the field that is open, else what happened last.

use crate::facts::wrap::split_behind;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::Pen;
use crate::editor::Editor;
use crate::facts::label;
use crate::model::toast::{Toast, Tone};
use crate::model::{Field, Model};
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

/// Draws a one-line field with its cursor; a long text shows its end.
pub(crate) fn field(pen: &mut Pen<'_>, editor: &Editor, y: u16, theme: Theme) -> Option<Position> {
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

/// At most so many lines for one message: a refusal, what explains it and a hint with a path and a digest.
const LINES_MAX: usize = 6;

/// The newest message in at most so many lines of so many columns, until the next key; then one line. The last takes the rest.
fn lines(model: &Model, columns: usize, most: usize) -> Vec<String> {
    let Some(newest) = model.toasts.newest() else {
        return Vec::new();
    };
    let is_fresh = model.toasts.unread > 0 && model.field.is_none();
    let most = if is_fresh { most.min(LINES_MAX) } else { 1 };
    // The clock and the sign stand before every line.
    let columns = columns.saturating_sub(START_CELLS);
    split_behind(&newest.text, width(&earlier(model)), columns, most)
}

/// How many lines came before the newest since the last key.
fn earlier(model: &Model) -> String {
    match model.toasts.unread.saturating_sub(1) {
        0 => String::new(),
        more => format!("+{more} earlier "),
    }
}

/// Cells before the text of a message: a blank, the clock, a blank, the sign of an error.
const START_CELLS: usize = 14;

/// How many lines the message wants.
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    u16::try_from(lines(model, usize::from(columns), LINES_MAX).len())
        .unwrap_or(1)
        .max(1)
}

/// A line of news in lines of so many columns, all but the first of which begin at `indent`: clock and sign stand before the first.
pub(crate) fn after_clock(toast: &Toast, indent: usize, columns: usize, most: usize) -> Vec<String> {
    let sign = width(sign(toast.tone));
    let taken = (CLOCK_CELLS + sign).saturating_sub(indent);
    split_behind(&toast.text, taken, columns, most)
}

/// Cells of a clock and the blank behind it.
const CLOCK_CELLS: usize = 10;

fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Error => "! ",
        Tone::Info | Tone::Done | Tone::Timer => "",
    }
}

/// Writes a line of news.
pub fn toast(pen: &mut Pen<'_>, toast: &Toast, theme: Theme) {
    pen.text(&label::clock(toast.at), theme.plain())
        .text(" ", theme.plain());
    pen.text(sign(toast.tone), style(toast.tone, theme))
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
        Some(Field::Search(editor) | Field::Find(editor, _)) => {
            pen.text("find /", theme.strong());
            return field(&mut pen, editor, area.y, theme);
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
            let mut pen = Pen::at_line(buffer, area, offset);
            pen.skip(START_CELLS as u16).text(&line, style(newest.tone, theme));
        }
    }
    None
}
