//! Below the queue on a wide screen: the stages of the selected job, and the last news.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::job::stage_state;
use super::message;
use super::pen::Pen;
use super::{label, pen};
use crate::tui::layout::Layout;
use crate::tui::model::Model;

/// Draws it, and the line between queue and gate.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) {
    let theme = model.theme;
    for line in 0..layout.rule.height {
        Pen::at_line(buffer, layout.rule, line).text("│", theme.rule());
    }
    let area = layout.side;
    if area.height < 3 {
        return;
    }
    pen::clear(buffer, area);
    let mut line = 1;
    if let Some(rows) = model.job.as_ref().and_then(|job| job.rows.as_ref()) {
        let name = label::job(&rows.job.id, &rows.job.slug);
        Pen::at_line(buffer, area, line)
            .skip(2)
            .text("STAGES  ", theme.strong())
            .text(&name, theme.plain());
        line += 1;
        let most = area.height.saturating_sub(6).max(3);
        for spec in rows.job.stages.iter().take(usize::from(most)) {
            let (sign, word, style) = stage_state(rows, &spec.name, theme);
            let is_current = rows.job.stage.as_ref() == Some(&spec.name);
            let name = if is_current { theme.strong() } else { theme.plain() };
            let attempts = rows.next_attempt(&spec.name) - 1;
            let attempt = if attempts > 1 {
                format!(" #{attempts}")
            } else {
                String::new()
            };
            let mut pen = Pen::at_line(buffer, area, line);
            pen.skip(2)
                .cell(sign, 2, style)
                .cell(&format!("{}{attempt}", spec.name), 16, name)
                .text(&word, style);
            line += 1;
        }
        line += 1;
    }
    // Answers to the operator's own keys stand in the message line alone.
    if model.toasts.news().next().is_some() && line + 1 < area.height {
        Pen::at_line(buffer, area, line).skip(2).text("NEWS", theme.strong());
        let room = area.height.saturating_sub(line + 1);
        let inner = Rect {
            x: area.x + 2,
            y: area.y + line + 1,
            width: area.width.saturating_sub(3),
            height: room,
        };
        for (offset, toast) in (0..room).zip(model.toasts.news()) {
            message::toast(&mut Pen::at_line(buffer, inner, offset), toast, theme);
        }
    }
}
