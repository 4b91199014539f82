//! Lists over the text: the patch types, and what could stand at the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::Model;
use crate::model::compose::{Compose, List};
use crate::view::row_writer::{RowWriter, clear};
use patch::{Completion, types};

/// At most so many candidates are in sight at a time.
const CANDIDATES_SHOWN_MAX: usize = 8;
/// At most so many columns for one.
const CANDIDATE_COLUMNS_MAX: u16 = 60;

/// Draws it; candidates stand below the cursor, or above it where there is more room.
pub fn draw(model: &Model, compose: &Compose, list: &List, cursor: Option<Position>, area: Rect, buffer: &mut Buffer) {
    match list {
        List::Types { chosen } => draw_types(model, compose, *chosen, area, buffer),
        List::Candidates { candidates, chosen } => {
            let at = cursor.unwrap_or(Position::new(area.x, area.y));
            draw_candidates(model, candidates, *chosen, at, area, buffer);
        }
    }
}

fn draw_candidates(
    model: &Model,
    candidates: &[Completion],
    chosen: usize,
    at: Position,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = model.session.theme();
    let below = area.bottom().saturating_sub(at.y + 1);
    let above = at.y.saturating_sub(area.y + 1);
    let shown = u16::try_from(candidates.len().min(CANDIDATES_SHOWN_MAX)).unwrap_or(u16::MAX);
    let is_below = below >= shown || below >= above;
    let rows = shown.min(if is_below { below } else { above });
    let width = CANDIDATE_COLUMNS_MAX.min(area.width);
    let list = Rect {
        x: at.x.min(area.right().saturating_sub(width)),
        y: if is_below { at.y + 1 } else { at.y - rows },
        width,
        height: rows,
    };
    clear(buffer, list);
    let top = (chosen + 1).saturating_sub(usize::from(rows));
    let labels = candidates.iter().skip(top).take(usize::from(rows));
    for (line, (index, candidate)) in (0..).zip((top..).zip(labels)) {
        let mut pen = RowWriter::at_line(buffer, list, line);
        pen.text(if index == chosen { ">" } else { " " }, theme.strong())
            .text(&candidate.label, theme.strong())
            .text("  ", theme.plain())
            .text(&candidate.detail, theme.plain());
        if index == chosen {
            pen.fill(theme.selected());
        } else {
            pen.fill(theme.held());
        }
    }
}

/// Draws the patch types at the top of the editor, below its head.
fn draw_types(model: &Model, compose: &Compose, chosen: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let Some(sheets) = compose.sheets() else {
        return;
    };
    let count = u16::try_from(sheets.templates.len()).unwrap_or(u16::MAX);
    let height = count.saturating_add(1).min(area.height.saturating_sub(1));
    let area = Rect {
        y: area.y + 1,
        height,
        ..area
    };
    clear(buffer, area);
    let rows = usize::from(height.saturating_sub(1));
    let top = (chosen + 1).saturating_sub(rows);
    for (line, (index, (name, _))) in (0..).zip(sheets.templates.iter().enumerate().skip(top).take(rows)) {
        let mut pen = RowWriter::at_line(buffer, area, line);
        let doc = types().iter().find(|doc| doc.name == *name);
        let what = doc
            .and_then(|doc| doc.description.split(". ").next())
            .unwrap_or_default();
        let is_kept = sheets.shelf.iter().any(|(shelved, _)| shelved == name);
        pen.text(if index == chosen { " > " } else { "   " }, theme.strong())
            .cell(name, 17, theme.strong())
            .text(if is_kept { "(yours) " } else { "" }, theme.held())
            .text(what, theme.plain());
        if index == chosen {
            pen.fill(theme.selected());
        }
    }
    RowWriter::at_line(buffer, area, height.saturating_sub(1)).rule(theme);
}
