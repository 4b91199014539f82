//! The patch editor, with what the patch would do below it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::change;
use super::message::split;
use super::pen::Pen;
use crate::tui::model::Model;
use crate::tui::model::compose::{Check, Compose};

/// A line in pieces of one style each.
type Parts = Vec<(String, Style)>;

/// At most so many lines for one sentence.
const LINES_MAX: usize = 4;
/// So many changes are laid out; no screen shows more.
const CHANGES_MAX: usize = 50;

fn draw_text(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let cursor_line = compose.editor.place().line;
    let height = usize::from(area.height.max(1));
    let lines = compose.editor.lines();
    // A function of the cursor, not of history: the cursor stays in the middle third, the text never scrolls past its end.
    let top = cursor_line
        .saturating_sub(height * 2 / 3)
        .min(lines.len().saturating_sub(height));
    let fault = match &compose.check {
        Check::Unfit(unfit) if !compose.is_template() => unfit.line,
        Check::Unfit(_) => None,
        Check::Pending | Check::Fits(_) => None,
    };
    let digits = lines.len().to_string().len().max(2);
    let gutter = u16::try_from(digits + 2).unwrap_or(u16::MAX);
    let text_cells = usize::from(area.width.saturating_sub(gutter + 1)).max(1);
    let cursor_cells = compose.editor.cursor_cells();
    let left = (cursor_cells + 1).saturating_sub(text_cells);
    for (offset, (index, line)) in (0..).zip(lines.iter().enumerate().skip(top).take(height)) {
        let mut pen = Pen::at_line(buffer, area, offset);
        let is_fault = fault == Some(index);
        pen.text(if is_fault { "!" } else { " " }, theme.error());
        pen.text(
            &format!("{:>digits$} ", index + 1),
            if is_fault { theme.error() } else { theme.rule() },
        );
        let emphasis: Vec<_> = compose.editor.selected_in(index).into_iter().collect();
        pen.line(line.as_bytes(), &emphasis, left, theme.plain(), theme);
    }
    let row = u16::try_from(cursor_line.saturating_sub(top)).unwrap_or(u16::MAX);
    let column = u16::try_from(cursor_cells.saturating_sub(left)).unwrap_or(u16::MAX);
    let cursor = Position::new(area.x + gutter + column, area.y.saturating_add(row));
    area.contains(cursor).then_some(cursor)
}

/// What is to be said below the text, in lines of so many columns.
fn verdict(model: &Model, compose: &Compose, columns: usize, rows_each: usize) -> Vec<Parts> {
    let theme = model.theme;
    let wrapped = |text: &str, style: Style| -> Vec<Parts> {
        let lines = split(text, columns, LINES_MAX).into_iter();
        lines.map(|line| vec![(line, style)]).collect()
    };
    if let Some(why) = &compose.closed {
        return wrapped(&format!("Read only: {why}; your draft is kept"), theme.error());
    }
    match &compose.check {
        Check::Pending => wrapped("checking…", theme.plain()),
        Check::Unfit(_) if compose.is_template() => wrapped(
            "This is a template: write what shall stand there, and the change shows here",
            theme.plain(),
        ),
        Check::Unfit(unfit) => {
            let place = unfit
                .line
                .map(|line| format!("line {}: ", line + 1))
                .unwrap_or_default();
            let mut lines = wrapped(&format!("Not fitting: {place}{}", unfit.message), theme.error());
            if let Some(hint) = &unfit.hint {
                lines.extend(wrapped(&format!("hint: {hint}"), theme.plain()));
            }
            lines
        }
        Check::Fits(checked) => {
            let count = checked.changes.len();
            let word = if count == 1 { "change" } else { "changes" };
            let mut head = vec![
                ("Fits ".to_owned(), theme.added()),
                (format!("{}: {count} {word}", checked.path.file_name()), theme.plain()),
            ];
            if compose.checked_revision != Some(compose.revision) {
                head.push(("   checking…".to_owned(), theme.plain()));
            }
            let mut lines = vec![head];
            let indented = columns.saturating_sub(2);
            for consequence in &checked.consequences {
                for line in split(consequence, indented, LINES_MAX) {
                    lines.push(vec![(format!("  {line}"), theme.warning())]);
                }
            }
            for line in checked
                .changes
                .iter()
                .take(CHANGES_MAX)
                .flat_map(|one| change::lines(one, indented, rows_each))
            {
                let style = change::style(line.side, theme);
                lines.push(vec![("  ".to_owned(), theme.plain()), (line.text, style)]);
            }
            lines
        }
    }
}

/// Lines of what the patch would do, and the rule above them: a third of the editor, and what the text leaves free.
/// Below a question nobody writes: all but two lines of the text give way.
fn verdict_height(area: Rect, wanted: usize, text_lines: usize, is_asked: bool) -> u16 {
    let wanted = u16::try_from(wanted + 1).unwrap_or(u16::MAX);
    let room = area.height.saturating_sub(1);
    let least = if is_asked {
        wanted.min(room.saturating_sub(2)).max(2)
    } else {
        (area.height / 3).clamp(2, 8)
    };
    let free = room.saturating_sub(u16::try_from(text_lines).unwrap_or(u16::MAX));
    wanted.min(free).max(least)
}

/// Draws it; returns the cursor.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule());
    pen.text(&format!(" PATCH {} ", compose.pin.label), theme.selected());
    let kind = compose
        .written_type()
        .map(|name| format!("  {name}"))
        .unwrap_or_default();
    pen.text(
        &format!("{kind}  {}  {} ", compose.path.file_name(), compose.pin.digest.short()),
        theme.plain(),
    )
    .rule(theme);
    let columns = usize::from(area.width.saturating_sub(2));
    let text_lines = compose.editor.lines().len();
    let height = |words: &[Parts]| verdict_height(area, words.len(), text_lines, model.prompt.is_some());
    // Both sides of a change in short are more than one of them in full.
    let mut words = verdict(model, compose, columns, 2);
    if usize::from(height(&words)) <= words.len() {
        words = verdict(model, compose, columns, 1);
    }
    let verdict = height(&words);
    let text = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1 + verdict),
        ..area
    };
    let cursor = draw_text(model, compose, text, buffer);
    let below = Rect {
        y: text.bottom(),
        height: verdict.min(area.height.saturating_sub(1)),
        ..area
    };
    let rule = "─".repeat(usize::from(below.width));
    Pen::new(buffer, below).text(&rule, theme.rule());
    for (offset, parts) in (1..).zip(&words) {
        let mut pen = Pen::at_line(buffer, below, offset);
        pen.skip(1);
        for (text, style) in parts {
            pen.text(text, *style);
        }
    }
    cursor.filter(|_| model.prompt.is_none() && compose.closed.is_none())
}
