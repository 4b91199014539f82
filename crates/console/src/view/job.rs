//! The job: its stages in one or two lines, its events and a stage's log, which share the height.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::job::{STAGE_GAP, event_cells, event_lines, kind, shares, stage, stage_lines};
use crate::facts::label;
use crate::facts::window::is_low;
use crate::keymap::{self, Focus};
use crate::layout::below;
use crate::model::Model;
use crate::model::job::JobView;
use domain::job::{JobStatus, OWN_PIPELINE};

fn draw_head(model: &Model, view: &JobView, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let style = if model.panes.is_lower_focused && model.prompt.is_none() {
        theme.selected()
    } else {
        theme.strong()
    };
    let slug = view.rows.as_ref().map_or("", |rows| rows.job.slug.as_str());
    let mut pen = RowWriter::new(buffer, area);
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
    let status = if job.status == JobStatus::NeedsApproval {
        "waits"
    } else {
        job.status.words()
    };
    let state = match (job.is_manual, job.status == JobStatus::Running) {
        (true, true) => "waits for its pipeline".to_owned(),
        (true, false) => format!("{status}{stage}, {OWN_PIPELINE}"),
        (false, _) => format!("{status}{stage}"),
    };
    pen.text(&format!(" {state}"), theme.plain());
    if !job.intent.is_empty() {
        pen.text("   ", theme.plain()).text(&job.intent, theme.plain());
    }
    pen.text(" ", theme.plain()).rule(theme);
}

fn draw_stages(lines: &[Vec<(String, Style)>], area: Rect, buffer: &mut Buffer) {
    for (offset, stages) in (0..).zip(lines) {
        let mut pen = RowWriter::at_line(buffer, area, offset);
        pen.skip(1);
        for (text, style) in stages {
            pen.text(text, *style).skip(STAGE_GAP as u16);
        }
    }
}

fn draw_events(model: &Model, view: &JobView, rows: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1).text("events", theme.strong());
    if view.events.is_empty() {
        RowWriter::at_line(buffer, area, 1)
            .skip(1)
            .text("(none yet)", theme.plain());
        return;
    }
    let lines = event_lines(view, area.width);
    let up = view.events_up.min(lines.len().saturating_sub(rows));
    let end = lines.len() - up;
    let shown = lines.get(end.saturating_sub(rows)..end).unwrap_or_default();
    for (count, words) in [(end - shown.len(), "older above"), (up, "newer below")] {
        if count > 0 {
            pen.text(&format!("   {count} {words}"), theme.warning());
        }
    }
    let (kinds, stages) = event_cells(view, area.width);
    for (offset, line) in (1..).zip(shown) {
        let mut pen = RowWriter::at_line(buffer, area, offset);
        if let Some(event) = line.head {
            pen.skip(1).text(&label::clock(event.ts), theme.plain()).skip(1);
            pen.cell(&kind(event), kinds, theme.plain()).skip(1);
            if stages > 0 {
                pen.cell(stage(event), stages, theme.plain());
            }
        }
        pen.to(u16::try_from(line.column).unwrap_or(u16::MAX))
            .text(&line.words, theme.plain());
    }
}

fn draw_log(model: &Model, view: &JobView, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(1).text("log ", theme.strong());
    let Some((stage, attempt)) = view.current_log() else {
        pen.text("no stage of this job has run", theme.plain());
        return;
    };
    pen.text(&format!("{stage} #{attempt}"), theme.plain());
    let ran = view.rows.as_ref().and_then(|rows| rows.attempt(&stage, attempt));
    let outcome = ran.and_then(|attempt| attempt.outcome.clone());
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
    if lines.len() > height {
        let keys = keymap::keys_of(Focus::Job, &[Action::HalfUp, Action::HalfDown]);
        pen.text(&format!("   {keys} scroll"), theme.plain());
    }
    let end = lines.len().saturating_sub(view.up);
    let start = end.saturating_sub(height);
    for (offset, line) in (1..).zip(lines.iter().take(end).skip(start)) {
        RowWriter::at_line(buffer, area, offset)
            .skip(1)
            .line(line.as_bytes(), &[], 0, theme.plain(), theme);
    }
    if lines.is_empty() {
        RowWriter::at_line(buffer, area, 1)
            .skip(1)
            .text("(nothing written yet)", theme.plain());
    }
}

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(view) = &model.panes.job else {
        let text = "Select a job in the queue";
        if model.queue.is_loaded && !model.queue.is_empty() {
            RowWriter::new(buffer, area)
                .skip(1)
                .text(text, model.session.theme().plain());
        }
        return;
    };
    draw_head(model, view, area, buffer);
    let mut rest = below(area, 1);
    if is_low(model) {
        let shares = shares(model, area);
        return match view.log_of {
            Some(_) => draw_log(model, view, rest, buffer),
            None => draw_events(model, view, shares.events, rest, buffer),
        };
    }
    if let Some(rows) = &view.rows {
        let lines = stage_lines(rows, area.width, model.session.theme());
        draw_stages(&lines, rest, buffer);
        rest = below(rest, u16::try_from(lines.len()).unwrap_or(u16::MAX));
    }
    let shares = shares(model, area);
    let height = u16::try_from(shares.events + 1).unwrap_or(u16::MAX).min(rest.height);
    draw_events(model, view, shares.events, Rect { height, ..rest }, buffer);
    let log = below(rest, height);
    draw_log(model, view, log, buffer);
}
