//! Below the queue in a wide window: the stages of the selected job, and the last news; in a broad
//! one also the last decisions, and the figures of the day.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::{self, RowWriter};
use crate::facts::job::stage_state;
use crate::facts::message::after_clock;
use crate::facts::{figures, label, shorten};
use crate::layout::{Layout, below, is_broad, take_left, take_top};
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
    if area.width < TWO_COLUMNS || !is_broad(model) {
        let rest = draw_job(model, area, buffer);
        return draw_news(model, draw_lately(model, rest, buffer), buffer);
    }
    let mut right = area;
    let left = take_left(&mut right, area.width / 2, &mut Rect::default());
    let rest = draw_job(model, left, buffer);
    draw_news(model, rest, buffer);
    RowWriter::new(buffer, right).rule(theme);
    draw_lately(model, below(right, 1), buffer);
}

/// From so many columns on, what was decided stands beside the stages and the news.
const TWO_COLUMNS: u16 = 96;

/// Draws the job of the selected row and its stages; returns what is left.
fn draw_job(model: &Model, area: Rect, buffer: &mut Buffer) -> Rect {
    let theme = model.session.theme();
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
    let lines = rows.map_or(0, |rows| draw_stages(model, rows, area, buffer) + 1);
    below(area, 1 + lines)
}

/// So many of the last decisions stand there at most.
const DECIDED_MAX: u16 = 10;
/// A decision's row without the time, the job's name and the name of whoever decided: blanks, sign.
const DECIDED_CELLS: usize = 5;
/// Cells of whoever decided.
const BY_CELLS: usize = 10;

/// Draws the figures of the day and the last decisions, in a broad window; returns what is left.
fn draw_lately(model: &Model, area: Rect, buffer: &mut Buffer) -> Rect {
    let theme = model.session.theme();
    if !is_broad(model) {
        return area;
    }
    let mut rest = area;
    let mut line = |buffer: &mut Buffer, words: &str, style: Style| {
        let row = take_top(&mut rest, 1);
        RowWriter::new(buffer, row).skip(2).text(words, style);
        row
    };
    line(buffer, "TODAY", theme.strong());
    for words in figures::today(model, area.width.saturating_sub(3)) {
        line(buffer, &words, theme.plain());
    }
    line(buffer, "", theme.plain());
    line(buffer, "DECIDED", theme.strong());
    let history = &model.panes.history;
    let last = history.decisions.iter().take(usize::from(DECIDED_MAX));
    for sealed in last {
        let decision = &sealed.decision;
        let (sign, style) = match (decision.is_by_timer(), decision.is_approved()) {
            (true, _) => ("t", theme.timer()),
            (false, true) => ("+", theme.added()),
            (false, false) => ("-", theme.removed()),
        };
        let row = line(buffer, "", theme.plain());
        let by = shorten::middle(decision.by(), BY_CELLS);
        let name = format!("{} / {}", label::job(decision.job_id(), ""), decision.stage());
        let cells = usize::from(row.width).saturating_sub(DECIDED_CELLS + label::minutes_cells() + BY_CELLS + 1);
        RowWriter::new(buffer, row)
            .skip(2)
            .cell(
                &label::minutes_or_day(decision.at(), model.now.utc),
                label::minutes_cells(),
                theme.plain(),
            )
            .skip(1)
            .cell(sign, 1, style)
            .skip(1)
            .cell(&shorten::middle(&name, cells), cells, theme.plain())
            .skip(1)
            .text(&by, style);
    }
    if history.decisions.is_empty() {
        line(buffer, "nothing yet", theme.plain());
    }
    below(rest, 1)
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
    // Answers to the operator's own keys stand in the message line alone.
    if model.toasts.news().next().is_none() || area.height < 2 {
        return;
    }
    RowWriter::new(buffer, area)
        .skip(2)
        .text("NEWS", model.session.theme().strong());
    let area = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(3),
        ..below(area, 1)
    };
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
