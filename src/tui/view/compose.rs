//! The patch editor, with what the patch would do below it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::message::split;
use super::pen::Pen;
use crate::diff::text::{visible_line, width};
use crate::tui::model::Model;
use crate::tui::model::compose::{Check, Compose};

/// Lines for the verdict below the text.
fn verdict_height(area: Rect) -> u16 {
    (area.height / 3).clamp(2, 8)
}

fn draw_text(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let (cursor_line, cursor_character) = compose.editor.cursor();
    let height = usize::from(area.height.max(1));
    let lines = compose.editor.lines();
    // A function of the cursor, not of history: the cursor stays in the middle third, the text never scrolls past its end.
    let top = cursor_line
        .saturating_sub(height * 2 / 3)
        .min(lines.len().saturating_sub(height));
    let fault = match &compose.check {
        Check::Unfit(unfit) if compose.is_changed() => unfit.line,
        Check::Unfit(_) => None,
        Check::Pending | Check::Fits(_) => None,
    };
    let digits = lines.len().to_string().len().max(2);
    let gutter = u16::try_from(digits + 2).unwrap_or(u16::MAX);
    let text_cells = usize::from(area.width.saturating_sub(gutter + 1)).max(1);
    let before: String = lines
        .get(cursor_line)
        .map(|line| line.chars().take(cursor_character).collect())
        .unwrap_or_default();
    let cursor_cells = cells_of(&before);
    let left = (cursor_cells + 1).saturating_sub(text_cells);
    for (offset, (index, line)) in (0..).zip(lines.iter().enumerate().skip(top).take(height)) {
        let mut pen = Pen::at_line(buffer, area, offset);
        let is_fault = fault == Some(index);
        pen.text(if is_fault { "!" } else { " " }, theme.error());
        pen.text(
            &format!("{:>digits$} ", index + 1),
            if is_fault { theme.error() } else { theme.rule() },
        );
        let selected = compose
            .editor
            .selected_in(index)
            .map(|(from, to)| byte_range(line, from, to));
        let emphasis: Vec<_> = selected.into_iter().collect();
        pen.line(line.as_bytes(), &emphasis, left, theme.plain(), theme);
    }
    let row = u16::try_from(cursor_line.saturating_sub(top)).unwrap_or(u16::MAX);
    let column = u16::try_from(cursor_cells.saturating_sub(left)).unwrap_or(u16::MAX);
    let cursor = Position::new(area.x + gutter + column, area.y.saturating_add(row));
    area.contains(cursor).then_some(cursor)
}

/// Cells before the cursor; tabs run to their stops as the pen draws them.
fn cells_of(before: &str) -> usize {
    let mut cells = 0;
    for part in before.split_inclusive('\t') {
        match part.strip_suffix('\t') {
            Some(text) => {
                cells += width(&visible_line(text));
                cells += 4 - cells % 4;
            }
            None => cells += width(&visible_line(part)),
        }
    }
    cells
}

fn byte_range(line: &str, from: usize, to: usize) -> std::ops::Range<usize> {
    let at = |character: usize| line.char_indices().nth(character).map_or(line.len(), |(byte, _)| byte);
    at(from)..at(to)
}

fn draw_verdict(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let rule = "─".repeat(usize::from(area.width));
    Pen::new(buffer, area).text(&rule, theme.rule());
    let rest = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if let Some(why) = &compose.closed {
        let text = format!("Read only: {why}; your draft is kept");
        let columns = usize::from(rest.width.saturating_sub(2));
        for (offset, line) in (0..).zip(split(&text, columns, usize::from(rest.height.max(1)))) {
            Pen::at_line(buffer, rest, offset).skip(1).text(&line, theme.error());
        }
        return;
    }
    let is_stale = compose.checked_revision != Some(compose.revision);
    match &compose.check {
        Check::Pending => {
            Pen::new(buffer, rest).skip(1).text("checking…", theme.plain());
        }
        Check::Unfit(_) if !compose.is_changed() => {
            let text = "This is a template: write what shall stand there, and the change shows here";
            Pen::new(buffer, rest).skip(1).text(text, theme.plain());
        }
        Check::Unfit(unfit) => {
            let place = unfit
                .line
                .map(|line| format!("line {}: ", line + 1))
                .unwrap_or_default();
            let text = format!("Not fitting: {place}{}", unfit.message);
            let hint = unfit.hint.as_ref().map(|hint| format!("hint: {hint}"));
            let columns = usize::from(rest.width.saturating_sub(2));
            let most = usize::from(rest.height.saturating_sub(u16::from(hint.is_some())).max(1));
            let words = split(&text, columns, most)
                .into_iter()
                .map(|line| (line, theme.error()));
            let lines = words.chain(hint.map(|hint| (hint, theme.plain())));
            for (offset, (line, style)) in (0..).zip(lines) {
                Pen::at_line(buffer, rest, offset).skip(1).text(&line, style);
            }
        }
        Check::Fits(checked) => {
            let count = checked.changes.len();
            let word = if count == 1 { "change" } else { "changes" };
            let mut pen = Pen::new(buffer, rest);
            pen.skip(1)
                .text("Fits ", theme.added())
                .text(&format!("{}: {count} {word}", checked.path.file_name()), theme.plain());
            if is_stale {
                pen.text("   checking…", theme.plain());
            }
            let lines = checked.consequences.iter().map(|line| (line, theme.warning()));
            let lines = lines.chain(checked.changes.iter().map(|line| (line, theme.plain())));
            for (offset, (line, style)) in (1..).zip(lines) {
                Pen::at_line(buffer, rest, offset).skip(3).text(line, style);
            }
        }
    }
}

/// Draws it; returns the cursor.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule());
    pen.text(&format!(" PATCH {} ", compose.pin.label), theme.selected());
    pen.text(
        &format!("  {}  {} ", compose.path.file_name(), compose.pin.digest.short()),
        theme.plain(),
    )
    .rule(theme);
    let verdict = verdict_height(area);
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
    draw_verdict(model, compose, below, buffer);
    cursor.filter(|_| model.prompt.is_none() && compose.closed.is_none())
}
