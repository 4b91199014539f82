//! The job: its stages in one or two lines, its last events, and a stage's log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::label;
use super::pen::Pen;
use crate::diff::text::width;
use crate::domain::event::Event;
use crate::domain::gate::GateState;
use crate::domain::ids::StageName;
use crate::domain::job::{AttemptState, JobRows, JobStatus};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::model::job::JobView;
use crate::tui::theme::Theme;

/// A stage's sign and word: what its newest gate or attempt came to.
pub fn stage_state(rows: &JobRows, stage: &StageName, theme: Theme) -> (&'static str, String, Style) {
    let gate = rows.newest_gate(stage);
    let attempt = rows.newest_attempt(stage);
    let is_rerun = matches!((gate, attempt), (Some(gate), Some(attempt)) if attempt.number > gate.key.attempt);
    if let Some(gate) = gate.filter(|_| !is_rerun) {
        let by = gate.settled.as_ref().map_or("", |settled| settled.by.as_str());
        return match gate.state {
            GateState::Open => ("?", "open".to_owned(), theme.strong()),
            GateState::Approved if by == "timer" => ("t", "timer approved".to_owned(), theme.timer()),
            GateState::Approved => ("+", format!("approved {by}"), theme.added()),
            GateState::Rejected => ("-", format!("rejected {by}"), theme.removed()),
            GateState::Canceled => ("x", "canceled".to_owned(), theme.plain()),
        };
    }
    match attempt.map(|attempt| attempt.state) {
        Some(AttemptState::Queued) => (".", "queued".to_owned(), theme.plain()),
        Some(AttemptState::Running) => ("*", "running".to_owned(), theme.held()),
        Some(AttemptState::Completed) => ("+", "passed".to_owned(), theme.added()),
        Some(AttemptState::Failed) => ("!", "failed".to_owned(), theme.error()),
        Some(AttemptState::Lost) => ("!", "lost".to_owned(), theme.error()),
        Some(AttemptState::Canceled) => ("x", "canceled".to_owned(), theme.plain()),
        None => (" ", String::new(), theme.rule()),
    }
}

fn draw_head(model: &Model, view: &JobView, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let style = if model.is_lower_focused && model.prompt.is_none() {
        theme.selected()
    } else {
        theme.strong()
    };
    let slug = view.rows.as_ref().map_or("", |rows| rows.job.slug.as_str());
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule());
    pen.text(&format!(" {} ", label::job(&view.job_id, slug)), style);
    let Some(rows) = &view.rows else {
        let text = if view.is_missing {
            "there is no such job"
        } else {
            "reading…"
        };
        pen.text(&format!(" {text} "), theme.plain()).rule(theme);
        return;
    };
    let job = &rows.job;
    let stage = job
        .stage
        .as_ref()
        .map(|stage| format!(" at {stage}"))
        .unwrap_or_default();
    let is_outside = job.is_manual && job.status == JobStatus::Running;
    let state = match (is_outside, job.is_manual) {
        (true, _) => "waits for the pipeline outside".to_owned(),
        (false, true) => format!("{}{stage} (manual)", job.status.as_str().replace('_', " ")),
        (false, false) => format!("{}{stage}", job.status.as_str().replace('_', " ")),
    };
    pen.text(&format!(" {state}"), theme.plain());
    if !job.intent.is_empty() {
        pen.text("   ", theme.plain()).text(&job.intent, theme.plain());
    }
    pen.text(" ", theme.plain()).rule(theme);
}

/// The stages in a row, each with its sign; as many lines as they need, at most two.
fn draw_stages(model: &Model, rows: &JobRows, area: Rect, buffer: &mut Buffer) -> u16 {
    let theme = model.theme;
    let mut line = 0;
    let mut used = 1;
    let mut parts: Vec<Vec<(String, Style)>> = vec![Vec::new()];
    for spec in &rows.job.stages {
        let (sign, _, style) = stage_state(rows, &spec.name, theme);
        let is_current = rows.job.stage.as_ref() == Some(&spec.name);
        let style = if is_current { style.patch(theme.strong()) } else { style };
        let text = format!("{sign}{}", spec.name);
        let cells = width(&text) + 2;
        if used + cells > usize::from(area.width) && line == 0 {
            line = 1;
            used = 1;
            parts.push(Vec::new());
        }
        used += cells;
        if let Some(parts) = parts.last_mut() {
            parts.push((text, style));
        }
    }
    for (offset, parts) in (0..).zip(&parts) {
        let mut pen = Pen::at_line(buffer, area, offset);
        pen.skip(1);
        for (text, style) in parts {
            pen.text(text, *style).skip(2);
        }
    }
    u16::try_from(parts.len()).unwrap_or(u16::MAX)
}

fn draw_event(model: &Model, event: &Event, area: Rect, line: u16, buffer: &mut Buffer) {
    let theme = model.theme;
    let stage = event
        .stage
        .as_ref()
        .map(|stage| format!(" {stage}"))
        .unwrap_or_default();
    let mut pen = Pen::at_line(buffer, area, line);
    pen.skip(1).text(&label::clock(event.ts), theme.plain()).skip(1);
    pen.cell(&format!("{}{stage}", event.kind.as_str()), 30, theme.plain());
    pen.text(" ", theme.plain()).text(&event.message, theme.plain());
}

fn events_height(area: Rect) -> u16 {
    (area.height / 4).clamp(2, 10)
}

/// How many lines of the log fit.
pub fn log_rows(model: &Model) -> usize {
    let area = layout::of(model).lower;
    usize::from(area.height.saturating_sub(1 + 2 + 1 + events_height(area)))
}

fn draw_log(model: &Model, view: &JobView, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.skip(1).text("log ", theme.strong());
    let Some((stage, attempt)) = view.current_log() else {
        pen.text("no stage of this job has run", theme.plain());
        return;
    };
    pen.text(&format!("{stage} #{attempt}"), theme.plain());
    let outcome = view.rows.as_ref().and_then(|rows| {
        let attempt = rows
            .attempts
            .iter()
            .find(|other| other.stage == stage && other.number == attempt)?;
        attempt.outcome.clone()
    });
    if let Some(outcome) = outcome {
        pen.text("   ", theme.plain()).text(&outcome, theme.plain());
    }
    let Some(lines) = &view.log else {
        return;
    };
    if view.up > 0 {
        pen.text(&format!("   {} lines below", view.up), theme.warning());
    }
    let height = usize::from(area.height.saturating_sub(1));
    let end = lines.len().saturating_sub(view.up);
    let start = end.saturating_sub(height);
    for (offset, line) in (1..).zip(lines.iter().take(end).skip(start)) {
        Pen::at_line(buffer, area, offset)
            .skip(1)
            .line(line.as_bytes(), &[], 0, theme.plain(), theme);
    }
    if lines.is_empty() {
        Pen::at_line(buffer, area, 1)
            .skip(1)
            .text("(nothing written yet)", theme.plain());
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(view) = &model.job else {
        let text = "Select a job in the queue";
        if model.queue.is_loaded && !model.queue.is_empty() {
            Pen::new(buffer, area).skip(1).text(text, model.theme.plain());
        }
        return;
    };
    draw_head(model, view, area, buffer);
    let mut rest = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    };
    if let Some(rows) = &view.rows {
        let used = draw_stages(model, rows, rest, buffer).min(rest.height);
        rest.y += used;
        rest.height -= used;
    }
    let height = events_height(area).min(rest.height);
    let shown = usize::from(height.saturating_sub(1));
    Pen::new(buffer, rest).skip(1).text("events", model.theme.strong());
    if view.events.is_empty() {
        Pen::at_line(buffer, rest, 1)
            .skip(1)
            .text("(none yet)", model.theme.plain());
    }
    let skipped = view.events.len().saturating_sub(shown);
    for (line, event) in (1..).zip(view.events.iter().skip(skipped)) {
        draw_event(model, event, rest, line, buffer);
    }
    let log = Rect {
        y: rest.y + height,
        height: rest.height.saturating_sub(height),
        ..rest
    };
    draw_log(model, view, log, buffer);
}
