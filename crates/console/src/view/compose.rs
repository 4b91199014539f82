//! The editor in which a patch comes about: the text, and what the patch would do below it or
//! beside it.

mod list;
mod preview;
mod text;
mod verdict;

use crate::facts::compose::{columns, is_beside};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::facts::label;
use crate::layout::{below, take_bottom, take_left};
use crate::model::Model;
use crate::model::compose::{Compose, List};
use ::text::width;

/// A line in pieces of one style each.
type Parts = Vec<(String, Style)>;

fn draw_head(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule());
    let what = if compose.edited().is_some() { "EDIT" } else { "PATCH" };
    let kind = match (compose.type_name(), compose.edited()) {
        (Some(name), Some(_)) => format!("  -> {name}"),
        (Some(name), None) => format!("  {name}"),
        (None, _) => String::new(),
    };
    let about = |kind: &str| format!("  {}{kind}  {} ", compose.path.file_name(), compose.pin.digest.short());
    let room = |about: &str| pen.room().saturating_sub(width(about) + what.len() + 3);
    // The type stands in the text too: it goes before the job's name is shortened.
    let is_short = width(&compose.pin.label) > room(&about(&kind));
    let about = about(if is_short { "" } else { &kind });
    let label = label::within(&compose.pin.label, &compose.pin.key, room(&about));
    pen.text(&format!(" {what} {label} "), theme.selected())
        .text(&about, theme.plain())
        .rule(theme);
}

/// Lines of what the patch would do, and the rule above them: a third of the editor, and what the
/// text leaves free. Below a question nobody writes: all but two lines of the text give way.
fn verdict_height(area: Rect, wanted: usize, text_rows: usize, share: u16, is_asked: bool) -> u16 {
    let wanted = u16::try_from(wanted + 1).unwrap_or(u16::MAX);
    let room = area.height;
    let least = if is_asked {
        wanted.min(room.saturating_sub(2)).max(2)
    } else {
        (area.height.saturating_add(1) / 3).clamp(2, share.max(2))
    };
    let free = room.saturating_sub(u16::try_from(text_rows).unwrap_or(u16::MAX));
    wanted.min(free).max(least)
}

/// At most so many lines below the text when the text wants them.
const VERDICT_LINES: u16 = 8;

/// Draws it; returns the cursor.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    draw_head(model, compose, area, buffer);
    let mut body = below(area, 1);
    let is_beside = is_beside(compose, area.width);
    if is_beside {
        // The text keeps its columns whether it fits or not: words must not jump while they are
        // typed.
        let (mut right, mut rule) = (body, Rect::default());
        body = take_left(&mut right, body.width / 2, &mut rule);
        for line in 0..rule.height {
            RowWriter::at_line(buffer, rule, line).text("│", model.session.theme().rule());
        }
        preview::draw(model, compose, right, buffer);
    } else if compose.preview.is_large && preview::document(compose).is_some() {
        let height = body.height * 2 / 5;
        let below = take_bottom(&mut body, height);
        preview::draw(model, compose, below, buffer);
    }
    let is_diff_drawn = is_beside || (compose.preview.is_large && preview::document(compose).is_some());
    let cursor = draw_body(model, compose, !is_diff_drawn, body, buffer);
    if let Some(list) = &compose.list {
        list::draw(model, compose, list, cursor, area, buffer);
        return cursor.filter(|_| matches!(list, List::Candidates { .. }));
    }
    cursor.filter(|_| model.prompt.is_none() && compose.closed.is_none())
}

/// The text, and below it what became of it; with the changes one by one where no diff shows them.
fn draw_body(model: &Model, compose: &Compose, has_changes: bool, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let columns_of_text = columns(&compose.editor, area.width);
    let columns = usize::from(area.width.saturating_sub(2));
    let lines = 0..compose.editor.lines().len().min(usize::from(area.height));
    let text_rows = lines.map(|line| compose.editor.rows(line, columns_of_text).len()).sum();
    // If a diff shows the changes, the verdict needs fewer lines.
    let share = if has_changes { VERDICT_LINES } else { VERDICT_LINES / 2 };
    let height = |words: &[Parts]| verdict_height(area, words.len(), text_rows, share, model.prompt.is_some());
    // Both sides of a change cut short say more than one side in full.
    let [long, short] = [2, 1].map(|rows_each| if has_changes { rows_each } else { 0 });
    let mut words = verdict::lines(model, compose, columns, long);
    if usize::from(height(&words)) <= words.len() {
        words = verdict::lines(model, compose, columns, short);
    }
    let verdict = height(&words).min(area.height);
    let mut text = area;
    let below = take_bottom(&mut text, verdict);
    RowWriter::new(buffer, below).rule(model.session.theme());
    draw_lines(&words, below, buffer);
    text::draw(model, compose, text, buffer)
}

/// Draws lines below the first one of an area.
fn draw_lines(lines: &[Parts], area: Rect, buffer: &mut Buffer) {
    for (offset, parts) in (1..).zip(lines) {
        let mut pen = RowWriter::at_line(buffer, area, offset);
        pen.skip(1);
        for (text, style) in parts {
            pen.text(text, *style);
        }
    }
}
