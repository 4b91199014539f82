//! The text that is written, with its line numbers; long lines go on below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::editor::Editor;
use crate::facts::compose::{self, digits};
use crate::model::Model;
use crate::model::compose::{Check, Compose};
use crate::view::row_writer::RowWriter;
use diff::search::Needle;

/// The row of a line.
type At = (usize, usize);

/// The row that stands so many rows above another one, or the first one.
fn rows_above(editor: &Editor, columns: usize, (mut line, mut row): At, rows: usize) -> At {
    let mut left = rows;
    while left > row && line > 0 {
        left -= row + 1;
        line -= 1;
        row = editor.rows(line, columns).len().saturating_sub(1);
    }
    (line, row.saturating_sub(left))
}

/// The first row shown. A function of the cursor, not of history: the cursor stays in the middle
/// third, the text never scrolls past its end.
fn top(editor: &Editor, columns: usize, height: usize) -> At {
    let cursor = (editor.place().line, editor.cursor_row(columns).0);
    let last_line = editor.lines().len().saturating_sub(1);
    let last = (last_line, editor.rows(last_line, columns).len().saturating_sub(1));
    let last_top = rows_above(editor, columns, last, height.saturating_sub(1));
    rows_above(editor, columns, cursor, height * 2 / 3).min(last_top)
}

/// Draws it; returns the cursor.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.session.theme();
    let editor = &compose.editor;
    let height = usize::from(area.height);
    let columns = compose::columns(editor, area.width);
    let fault = match &compose.check {
        Check::Unfit(unfit) if !compose.is_untouched() => unfit.line,
        Check::Unfit(_) | Check::Pending | Check::Fits(_) => None,
    };
    let digits = digits(editor);
    let needle = compose.find.as_deref().and_then(Needle::new);
    let (cursor_row, cursor_cells) = editor.cursor_row(columns);
    let (top_line, mut first_row) = top(editor, columns, height);
    let mut cursor = None;
    let mut offset: u16 = 0;
    for (index, line) in editor.lines().iter().enumerate().skip(top_line) {
        if offset >= area.height {
            break;
        }
        // What is selected tells more than what was sought.
        let emphasis = match (editor.selected_in(index), &needle) {
            (Some(selected), _) => vec![selected],
            (None, Some(needle)) => needle.all_in(line.as_bytes()),
            (None, None) => Vec::new(),
        };
        let is_fault = fault == Some(index);
        let starts = editor.rows(index, columns);
        for (row, start) in starts.iter().enumerate().skip(first_row) {
            let end = starts.get(row + 1).copied().unwrap_or(line.len());
            let number = if row == 0 {
                (index + 1).to_string()
            } else {
                "↳".to_owned()
            };
            let mut pen = RowWriter::at_line(buffer, area, offset);
            pen.text(if is_fault { "!" } else { " " }, theme.error())
                .cell_right(&number, digits, if is_fault { theme.error() } else { theme.rule() })
                .text(" ", theme.plain());
            let column = pen.column();
            let shown = emphasis.iter().map(|range| range.start.max(*start)..range.end.min(end));
            let shown = shown
                .filter(|range| !range.is_empty())
                .map(|range| range.start - start..range.end - start);
            let bytes = line.get(*start..end).unwrap_or_default().as_bytes();
            pen.line(bytes, &shown.collect::<Vec<_>>(), 0, theme.plain(), theme);
            if index == editor.place().line && row == cursor_row {
                let cells = u16::try_from(cursor_cells).unwrap_or(u16::MAX);
                cursor = Some(Position::new(column.saturating_add(cells), area.y + offset));
            }
            offset += 1;
            if offset >= area.height {
                break;
            }
        }
        first_row = 0;
    }
    cursor.filter(|cursor| area.contains(*cursor))
}
