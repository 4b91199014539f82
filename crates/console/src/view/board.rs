//! The forecast: what the timers will do while nobody does anything.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::facts::board::{rows, words};
use crate::facts::{label, shorten};
use crate::model::Model;
use crate::model::board::BoardLine;
use crate::theme::Theme;
use domain::forecast::ForeseenVerdict;
use text::width;
use text::words::{age, counted};

/// Cells of how long it is until then, and of what the timer does.
const IN_CELLS: usize = 4;
const THEN_CELLS: usize = 8;
/// Cells of who was shown all of it.
const SEEN_CELLS: usize = 12;
/// Cells of a stage, at most.
const STAGE_MAX: usize = 24;

fn style(verdict: ForeseenVerdict, theme: Theme) -> Style {
    match verdict {
        ForeseenVerdict::Approves => theme.timer(),
        ForeseenVerdict::Rejects => theme.removed(),
        ForeseenVerdict::Holds => theme.held(),
        ForeseenVerdict::Fails => theme.error(),
    }
}

/// Whether nobody was shown what the timer lets go.
fn is_blind(line: &BoardLine) -> bool {
    line.verdict == ForeseenVerdict::Approves && line.seen_by.is_empty()
}

fn seen_by(model: &Model, line: &BoardLine) -> String {
    let me = &model.session.operator.name;
    match &line.seen_by[..] {
        [] => "nobody".to_owned(),
        names if names.contains(me) => match names.len() - 1 {
            0 => "you".to_owned(),
            more => format!("you +{more}"),
        },
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    }
}

fn draw_head(model: &Model, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    let board = &model.panes.board;
    let style = if model.panes.is_lower_focused && model.prompt.is_none() {
        theme.selected()
    } else {
        theme.strong()
    };
    pen.text("─", theme.rule()).text(" FORECAST ", style);
    let until = board.until.map(label::clock_minutes).unwrap_or_default();
    let blind = board.shown().iter().filter(|line| is_blind(line)).count();
    match (board.is_loaded(), board.shown().len()) {
        (false, _) => pen.text(" asking the rules…", theme.plain()),
        (true, 0) => pen.text(&format!(" no timer ends before {until}"), theme.plain()),
        (true, count) => pen.text(&format!(" until {until}: {}", counted(count, "end")), theme.plain()),
    };
    if blind > 0 {
        let words = format!(", {blind} approved that nobody was shown");
        pen.text(&words, theme.warning());
    }
    pen.text(" ", theme.plain()).rule(theme);
}

/// The widths of job and stage; the policy takes what is left.
struct Widths {
    job: usize,
    stage: usize,
}

impl Widths {
    fn of(model: &Model, columns: u16) -> Self {
        // Of all, so that no column moves while one scrolls.
        let lines = model.panes.board.shown();
        let most = |cells: &dyn Fn(&BoardLine) -> usize| lines.iter().map(cells).max().unwrap_or(0);
        let columns = usize::from(columns);
        Self {
            job: most(&|line| width(&label::job(&line.key.job_id, &line.slug))).clamp(8, (columns / 4).max(8)),
            stage: most(&|line| line.key.stage.as_str().len()).clamp(5, (columns / 8).clamp(10, STAGE_MAX)),
        }
    }
}

fn draw_row(model: &Model, line: &BoardLine, name: &str, widths: &Widths, is_selected: bool, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    let is_reversed = is_selected && model.panes.is_lower_focused;
    let colour = |style: Style| if is_reversed { theme.plain() } else { style };
    let is_marked = model.marks.on.contains_key(&line.key);
    pen.text(if is_selected { " >" } else { "  " }, theme.strong());
    pen.cell(if is_marked { "*" } else { "" }, 2, theme.strong());
    pen.text(&label::clock_minutes(line.at), theme.plain()).skip(1);
    let left = age(line.at.us_since(model.now.utc).max(0));
    pen.cell_right(&left, IN_CELLS, theme.plain()).skip(1);
    pen.cell(name, widths.job, theme.plain()).skip(1);
    let stage = shorten::middle(line.key.stage.as_str(), widths.stage);
    pen.cell(&stage, widths.stage, theme.plain()).skip(1);
    pen.cell_right(&line.key.attempt.to_string(), 2, theme.plain()).skip(1);
    pen.cell(line.verdict.as_str(), THEN_CELLS, colour(style(line.verdict, theme)))
        .skip(1);
    let seen = shorten::middle(&seen_by(model, line), SEEN_CELLS);
    let seen_style = if is_blind(line) { theme.warning() } else { theme.plain() };
    pen.cell(&seen, SEEN_CELLS, colour(seen_style)).skip(1);
    pen.text(&line.policy, theme.plain());
    if is_reversed {
        pen.fill(theme.selected());
    }
}

pub(crate) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    draw_head(model, RowWriter::new(buffer, area));
    let board = &model.panes.board;
    if board.shown().is_empty() {
        return;
    }
    let widths = Widths::of(model, area.width);
    let rows = rows(model, area);
    let index = board.index();
    let top = board.top.min(index).max((index + 1).saturating_sub(rows));
    let mut head = RowWriter::at_line(buffer, area, 1);
    head.skip(4).cell("AT", label::minutes_cells() + 1, theme.strong());
    head.cell_right("IN", IN_CELLS, theme.strong()).skip(1);
    head.cell("JOB", widths.job, theme.strong()).skip(1);
    head.cell("STAGE", widths.stage, theme.strong()).skip(1);
    head.cell_right("#", 2, theme.strong()).skip(1);
    head.cell("TIMER", THEN_CELLS, theme.strong()).skip(1);
    head.cell("SHOWN TO", SEEN_CELLS, theme.strong()).skip(1);
    let below = board.shown().len().saturating_sub(top + rows);
    match below {
        0 => head.text("POLICY", theme.strong()),
        below => head.right(&format!("+{below} below"), theme.warning()),
    };
    let shown: Vec<_> = board.shown().iter().skip(top).take(rows).collect();
    let names: Vec<_> = shown
        .iter()
        .map(|line| label::job(&line.key.job_id, &line.slug))
        .collect();
    let names = shorten::distinct(&names, widths.job);
    for ((line, end), (place, name)) in (2..).zip(&shown).zip((top..).zip(&names)) {
        let pen = RowWriter::at_line(buffer, area, line);
        draw_row(model, end, name, &widths, place == index, pen);
    }
    let words = words(model, area.width);
    let first = area
        .height
        .saturating_sub(u16::try_from(words.len()).unwrap_or(u16::MAX));
    for (line, words) in (first..).zip(&words) {
        RowWriter::at_line(buffer, area, line)
            .skip(1)
            .text(words, theme.plain());
    }
}
