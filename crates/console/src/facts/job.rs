//! The stages and events of a job in lines, and how they and the log share the height.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::facts::label;
use crate::facts::window::is_low;
use crate::facts::wrap;
use crate::model::Model;
use crate::model::job::JobView;
use crate::theme::Theme;
use domain::event::Event;
use domain::gate::GateState;
use domain::ids::StageName;
use domain::job::{AttemptState, JobRows};
use domain::stage::StageSpec;
use text::width;

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
            GateState::Recalled => ("x", format!("taken back {by}"), theme.plain()),
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

/// Cells between two stages.
pub(crate) const STAGE_GAP: usize = 2;

/// At most so many lines for the stages.
const STAGE_LINES_MAX: usize = 2;

/// A stage in one piece: sign and name, and that no person decided; where that finds no room, a
/// sign of its own says it.
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

/// The stages, each with its sign: in columns where those need no more lines than there are, else
/// one behind the other.
pub(crate) fn stage_lines(rows: &JobRows, columns: u16, theme: Theme) -> Vec<Vec<(String, Style)>> {
    let columns = usize::from(columns).saturating_sub(1);
    let texts = stage_texts(rows, theme, true);
    let widest = texts.iter().map(|(text, _)| width(text)).max().unwrap_or(0);
    let per_line = (columns + STAGE_GAP) / (widest + STAGE_GAP).max(1);
    let lines = if per_line > 0 && texts.len().div_ceil(per_line) <= STAGE_LINES_MAX {
        let aligned = texts.into_iter();
        let aligned = aligned.map(|(text, style)| (format!("{text:<widest$}"), style));
        in_lines(aligned.collect(), columns)
    } else {
        in_lines(texts, columns)
    };
    if lines.len() <= STAGE_LINES_MAX {
        return lines;
    }
    let mut lines = in_lines(stage_texts(rows, theme, false), columns);
    let rest = lines.split_off(STAGE_LINES_MAX.min(lines.len()));
    if let Some(last) = lines.last_mut() {
        last.extend(rest.into_iter().flatten());
    }
    lines
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

/// How many rows of events and of the log fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shares {
    /// Lines of events.
    pub events: usize,
    /// All the lines that the events have.
    pub(crate) event_lines: usize,
    /// Lines of the log.
    pub(crate) log: usize,
}

/// Shares the height out: who needs less than half leaves the rest to the other.
pub fn shares(model: &Model, area: Rect) -> Shares {
    let Some(view) = &model.panes.job else {
        return Shares::default();
    };
    let event_lines = event_lines(view, area.width).len();
    if is_low(model) {
        // One list at a time, without the stages: the log once it was asked for.
        let room = usize::from(area.height.saturating_sub(2));
        let (events, log) = match view.log_of {
            Some(_) => (0, room),
            None => (room, 0),
        };
        return Shares {
            events,
            event_lines,
            log,
        };
    }
    let rows = view.rows.as_ref();
    let lines = rows.map_or(0, |rows| stage_lines(rows, area.width, model.session.theme()).len());
    let around = 1 + lines + 2;
    let room = usize::from(area.height).saturating_sub(around);
    let log = view.log.as_ref().map_or(0, |log| log.len().max(1));
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
pub(crate) struct EventLine<'a> {
    pub(crate) head: Option<&'a Event>,
    pub(crate) words: String,
    /// The column of the words.
    pub(crate) column: usize,
}

/// One event takes at most so many lines.
const EVENT_LINES_MAX: usize = 8;

/// Words that go on below their beginning want this much room; else they go on from the left.
const WORDS_CELLS_MIN: usize = 24;

pub(crate) fn kind(event: &Event) -> String {
    event.kind.as_str().replace('_', " ")
}

pub(crate) fn stage(event: &Event) -> &str {
    event.stage.as_ref().map_or("", |stage| stage.as_str())
}

/// The cells of kinds and stages. On a narrow screen the message, which names the stage mostly,
/// wants the room.
pub(crate) fn event_cells(view: &JobView, columns: u16) -> (usize, usize) {
    let widest = |cells: &dyn Fn(&Event) -> usize| view.events.iter().map(cells).max().unwrap_or(0);
    let stages = if columns >= 78 {
        widest(&|event| stage(event).len())
    } else {
        0
    };
    (widest(&|event| kind(event).len()), stages)
}

/// The events with their words wholly on the screen: the reason of a pause or a hold stands nowhere
/// else.
pub(crate) fn event_lines(view: &JobView, columns: u16) -> Vec<EventLine<'_>> {
    let (kinds, stages) = event_cells(view, columns);
    let begin = label::clock_cells() + 2 + kinds + 1 + if stages > 0 { stages + 1 } else { 0 };
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
