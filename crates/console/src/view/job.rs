//! The job: its stages in one or two lines, its events and a stage's log, which share the height.

use crate::facts::wrap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::prompt::is_low;
use crate::facts::label;
use crate::layout;
use crate::model::Model;
use crate::model::job::JobView;
use crate::theme::Theme;
use domain::event::Event;
use domain::gate::GateState;
use domain::ids::StageName;
use domain::job::{AttemptState, JobRows, JobStatus};
use domain::stage::StageSpec;
use text::width;
use text::words::OWN_PIPELINE;

/// The word for a gate that no person decided.
const TIMER_APPROVED: &str = "timer approved";

/// A stage's sign and word: what its newest gate or attempt came to.
pub(crate) fn stage_state(rows: &JobRows, stage: &StageName, theme: Theme) -> (&'static str, String, Style) {
    let gate = rows.newest_gate(stage);
    let attempt = rows.newest_attempt(stage);
    let is_rerun = matches!((gate, attempt), (Some(gate), Some(attempt)) if attempt.number > gate.key.attempt);
    if let Some(gate) = gate.filter(|_| !is_rerun) {
        let by = gate.settled.as_ref().map_or("", |settled| settled.by.as_str());
        return match gate.state {
            GateState::Open => (">", "waits here".to_owned(), theme.strong()),
            GateState::Approved if by == "timer" => ("+", TIMER_APPROVED.to_owned(), theme.timer()),
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

/// Cells between two stages.
const STAGE_GAP: usize = 2;
/// At most so many lines for the stages.
const STAGE_LINES_MAX: usize = 2;

/// A stage in one piece: sign and name, and that no person decided; where that finds no room, a sign of its own says it.
fn stage_texts(rows: &JobRows, theme: Theme, has_timer: bool) -> Vec<(String, Style)> {
    let text = |spec: &StageSpec| {
        let (sign, word, style) = stage_state(rows, &spec.name, theme);
        let (sign, timer) = match (word == TIMER_APPROVED, has_timer) {
            (true, true) => (sign, " (timer)"),
            (true, false) => ("t", ""),
            (false, _) => (sign, ""),
        };
        let is_current = rows.job.stage.as_ref() == Some(&spec.name);
        let style = if is_current { style.patch(theme.strong()) } else { style };
        (format!("{sign} {}{timer}", spec.name), style)
    };
    rows.job.stages.iter().map(text).collect()
}

/// The stages, each with its sign: in columns where those need no more lines than there are, else one behind the other.
fn stage_lines(rows: &JobRows, columns: u16, theme: Theme) -> Vec<Vec<(String, Style)>> {
    let columns = usize::from(columns).saturating_sub(1);
    let texts = stage_texts(rows, theme, true);
    let widest = texts.iter().map(|(text, _)| width(text)).max().unwrap_or(0);
    let per_line = (columns + STAGE_GAP) / (widest + STAGE_GAP).max(1);
    let lines = if per_line > 0 && texts.len().div_ceil(per_line) <= STAGE_LINES_MAX {
        let aligned = texts
            .into_iter()
            .map(|(text, style)| (format!("{text:<widest$}"), style));
        in_lines(aligned.collect(), columns)
    } else {
        in_lines(texts, columns)
    };
    match lines.len() > STAGE_LINES_MAX {
        false => lines,
        true => {
            let mut lines = in_lines(stage_texts(rows, theme, false), columns);
            let rest = lines.split_off(STAGE_LINES_MAX.min(lines.len()));
            if let Some(last) = lines.last_mut() {
                last.extend(rest.into_iter().flatten());
            }
            lines
        }
    }
}

/// Pieces one behind the other, as many lines as they need.
fn in_lines(texts: Vec<(String, Style)>, columns: usize) -> Vec<Vec<(String, Style)>> {
    let mut lines: Vec<Vec<(String, Style)>> = vec![Vec::new()];
    let mut used = 0;
    for (text, style) in texts {
        let cells = width(&text) + STAGE_GAP;
        if used > 0 && used + cells > columns + STAGE_GAP {
            used = 0;
            lines.push(Vec::new());
        }
        used += cells;
        if let Some(line) = lines.last_mut() {
            line.push((text, style));
        }
    }
    lines
}

fn draw_stages(lines: &[Vec<(String, Style)>], area: Rect, buffer: &mut Buffer) {
    for (offset, stages) in (0..).zip(lines) {
        let mut pen = Pen::at_line(buffer, area, offset);
        pen.skip(1);
        for (text, style) in stages {
            pen.text(text, *style).skip(STAGE_GAP as u16);
        }
    }
}

/// How many rows of events and of the log fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Lines of events.
    pub events: usize,
    /// All the lines that the events have.
    pub(crate) event_lines: usize,
    /// Lines of the log.
    pub(crate) log: usize,
}

/// Shares the height out: who needs less than half leaves the rest to the other.
pub fn shares(model: &Model) -> Shares {
    let area = layout::of(model).lower;
    let Some(view) = &model.job else {
        return Shares {
            events: 0,
            event_lines: 0,
            log: 0,
        };
    };
    if is_low(model) {
        // One list at a time, without the stages: the log once it was asked for.
        let room = usize::from(area.height.saturating_sub(2));
        let (events, log) = match view.log_of {
            Some(_) => (0, room),
            None => (room, 0),
        };
        return Shares {
            events,
            event_lines: event_lines(view, area.width).len(),
            log,
        };
    }
    let lines = view
        .rows
        .as_ref()
        .map_or(0, |rows| stage_lines(rows, area.width, model.theme).len());
    let around = 1 + lines + 2;
    let room = usize::from(area.height).saturating_sub(around);
    let log = view.log.as_ref().map_or(0, |log| log.len().max(1));
    let event_lines = event_lines(view, area.width).len();
    let events = event_lines.max(1);
    let events = if events + log <= room {
        events
    } else {
        events.min((room / 2).max(room.saturating_sub(log)))
    };
    Shares {
        events,
        event_lines,
        log: room.saturating_sub(events),
    }
}

/// A line of the events: before the words of its first one stand time, kind and stage.
struct EventLine<'a> {
    head: Option<&'a Event>,
    words: String,
    /// The column of the words.
    column: usize,
}

/// One event takes at most so many lines.
const EVENT_LINES_MAX: usize = 8;
/// Words that go on below their beginning want this much room; else they go on from the left.
const WORDS_CELLS_MIN: usize = 24;
/// Cells of a time and the blanks around it.
const TIME_CELLS: usize = 11;

fn kind(event: &Event) -> String {
    event.kind.as_str().replace('_', " ")
}

fn stage(event: &Event) -> &str {
    event.stage.as_ref().map_or("", |stage| stage.as_str())
}

/// The cells of kinds and stages. On a narrow screen the message, which names the stage mostly, wants the room.
fn event_cells(view: &JobView, columns: u16) -> (usize, usize) {
    let widest = |cells: &dyn Fn(&Event) -> usize| view.events.iter().map(cells).max().unwrap_or(0);
    let stages = if columns >= 78 {
        widest(&|event| stage(event).len())
    } else {
        0
    };
    (widest(&|event| kind(event).len()), stages)
}

/// The events with their words wholly on the screen: the reason of a pause or a hold stands nowhere else.
fn event_lines(view: &JobView, columns: u16) -> Vec<EventLine<'_>> {
    let (kinds, stages) = event_cells(view, columns);
    let begin = TIME_CELLS + kinds + 1 + if stages > 0 { stages + 1 } else { 0 };
    let columns = usize::from(columns);
    let indent = if begin + WORDS_CELLS_MIN <= columns { begin } else { 3 };
    let room = columns.saturating_sub(indent);
    let lines = view.events.iter().flat_map(|event| {
        let split = wrap::split_behind(&event.message, begin - indent, room, EVENT_LINES_MAX);
        split.into_iter().enumerate().map(move |(place, words)| EventLine {
            head: (place == 0).then_some(event),
            words,
            column: if place == 0 { begin } else { indent },
        })
    });
    lines.collect()
}

fn draw_events(model: &Model, view: &JobView, rows: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.skip(1).text("events", theme.strong());
    if view.events.is_empty() {
        Pen::at_line(buffer, area, 1).skip(1).text("(none yet)", theme.plain());
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
        let mut pen = Pen::at_line(buffer, area, offset);
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
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
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
        pen.text("   Ctrl-u Ctrl-d scroll", theme.plain());
    }
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
    if is_low(model) {
        let shares = shares(model);
        return match view.log_of {
            Some(_) => draw_log(model, view, rest, buffer),
            None => draw_events(model, view, shares.events, rest, buffer),
        };
    }
    if let Some(rows) = &view.rows {
        let lines = stage_lines(rows, area.width, model.theme);
        draw_stages(&lines, rest, buffer);
        let used = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(rest.height);
        rest.y += used;
        rest.height -= used;
    }
    let shares = shares(model);
    let height = u16::try_from(shares.events + 1).unwrap_or(u16::MAX).min(rest.height);
    draw_events(model, view, shares.events, Rect { height, ..rest }, buffer);
    let log = Rect {
        y: rest.y + height,
        height: rest.height.saturating_sub(height),
        ..rest
    };
    draw_log(model, view, log, buffer);
}
