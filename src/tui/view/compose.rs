//! The editor in which a patch comes about: the text, and what the patch would do below it or beside it.

mod list;
mod text;
mod verdict;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::Pen;
use crate::tui::model::Model;
use crate::tui::model::compose::Compose;

/// A line in pieces of one style each.
type Parts = Vec<(String, Style)>;

fn draw_head(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule());
    let what = if compose.edited().is_some() { "EDIT" } else { "PATCH" };
    pen.text(&format!(" {what} {} ", compose.pin.label), theme.selected());
    let kind = match (compose.type_name(), compose.edited()) {
        (Some(name), Some(_)) => format!("  -> {name}"),
        (Some(name), None) => format!("  {name}"),
        (None, _) => String::new(),
    };
    pen.text(
        &format!("  {}{kind}  {} ", compose.path.file_name(), compose.pin.digest.short()),
        theme.plain(),
    )
    .rule(theme);
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
    draw_head(model, compose, area, buffer);
    let columns = usize::from(area.width.saturating_sub(2));
    let text_lines = compose.editor.lines().len();
    let height = |words: &[Parts]| verdict_height(area, words.len(), text_lines, model.prompt.is_some());
    // Both sides of a change in short are more than one of them in full.
    let mut words = verdict::lines(model, compose, columns, 2);
    if usize::from(height(&words)) <= words.len() {
        words = verdict::lines(model, compose, columns, 1);
    }
    let verdict = height(&words);
    let text = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1 + verdict),
        ..area
    };
    let cursor = text::draw(model, compose, text, buffer);
    let below = Rect {
        y: text.bottom(),
        height: verdict.min(area.height.saturating_sub(1)),
        ..area
    };
    let rule = "─".repeat(usize::from(below.width));
    Pen::new(buffer, below).text(&rule, theme.rule());
    draw_lines(&words, below, buffer);
    if let Some(list) = &compose.list {
        list::draw(model, compose, list, area, buffer);
        return None;
    }
    cursor.filter(|_| model.prompt.is_none() && compose.closed.is_none())
}

/// Draws lines below the first one of an area.
fn draw_lines(lines: &[Parts], area: Rect, buffer: &mut Buffer) {
    for (offset, parts) in (1..).zip(lines) {
        let mut pen = Pen::at_line(buffer, area, offset);
        pen.skip(1);
        for (text, style) in parts {
            pen.text(text, *style);
        }
    }
}
