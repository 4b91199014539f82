//! Below the queue in a wide window: the stages of the selected job, and the last news.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::{self, RowWriter};
use crate::facts::job::stage_state;
use crate::facts::message::after_clock;
use crate::facts::{label, shorten};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::toast::Toast;
use crate::view::message;
use domain::job::JobRows;

/// Draws it, and the line between queue and gate.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) {
    let theme = model.session.theme();
    for line in 0..layout.rule.height {
        RowWriter::at_line(buffer, layout.rule, line).text("│", theme.rule());
    }
    let area = layout.side;
    if area.height < 3 {
        return;
    }
    row_writer::clear(buffer, area);
    let rows = model.panes.job.as_ref().and_then(|job| job.rows.as_ref());
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule());
    if let Some(rows) = rows {
        let name = label::job(&rows.job.id, &rows.job.slug);
        pen.text(" STAGES  ", theme.strong());
        let name = shorten::middle(&name, pen.room().saturating_sub(1));
        pen.text(&name, theme.plain()).text(" ", theme.plain());
    }
    pen.rule(theme);
    let mut line = 1;
    if let Some(rows) = rows {
        line += draw_stages(model, rows, area, buffer) + 1;
    }
    // Answers to the operator's own keys stand in the message line alone.
    if model.toasts.news().next().is_some() && line + 1 < area.height {
        RowWriter::at_line(buffer, area, line)
            .skip(2)
            .text("NEWS", theme.strong());
        let news = Rect {
            x: area.x + 2,
            y: area.y + line + 1,
            width: area.width.saturating_sub(3),
            height: area.height - line - 1,
        };
        draw_news(model, news, buffer);
    }
}

/// Draws the stages below the head; returns how many lines they take.
fn draw_stages(model: &Model, rows: &JobRows, area: Rect, buffer: &mut Buffer) -> u16 {
    let theme = model.session.theme();
    let most = area.height.saturating_sub(6).max(3);
    let mut count = 0;
    for (spec, line) in rows.job.stages.iter().zip(1..=most) {
        let (sign, word, style) = stage_state(rows, &spec.name, theme);
        let is_current = rows.job.stage.as_ref() == Some(&spec.name);
        let name = if is_current { theme.strong() } else { theme.plain() };
        let attempts = rows.next_attempt(&spec.name) - 1;
        let attempt = if attempts > 1 {
            format!(" #{attempts}")
        } else {
            String::new()
        };
        let mut pen = RowWriter::at_line(buffer, area, line);
        pen.skip(2)
            .cell(sign, 2, style)
            .cell(&format!("{}{attempt}", spec.name), 16, name)
            .text(&word, style);
        count = line;
    }
    count
}

/// The least that stands to the right of a clock.
const NEWS_INDENT: u16 = 2;
/// One piece of news takes at most so many lines.
const NEWS_LINES_MAX: usize = 4;

/// Draws the news wholly, the newest first, as far as there is room.
fn draw_news(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = usize::from(area.width.saturating_sub(NEWS_INDENT));
    let mut line = 0;
    for toast in model.toasts.news() {
        let lines = after_clock(toast, usize::from(NEWS_INDENT), columns, NEWS_LINES_MAX);
        for (offset, (words, part)) in (line..).zip(lines.iter().zip(0..)) {
            let mut pen = RowWriter::at_line(buffer, area, offset);
            match part {
                0 => message::toast(
                    &mut pen,
                    &Toast {
                        text: words.clone(),
                        ..toast.clone()
                    },
                    model.session.theme(),
                ),
                _ => {
                    pen.skip(NEWS_INDENT)
                        .text(words, message::style(toast.tone, model.session.theme()));
                }
            }
        }
        line += u16::try_from(lines.len()).unwrap_or(u16::MAX);
        if line >= area.height {
            break;
        }
    }
}
