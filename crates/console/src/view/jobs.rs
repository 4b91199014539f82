//! All jobs, those that need somebody first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::jobs::rows;
use crate::facts::{label, shorten};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::jobs::JobLine;
use crate::theme::Theme;
use domain::job::JobStatus;
use text::width;
use text::words::age;

/// Cells of the state, and of how long it has been so.
const STATE_CELLS: usize = 9;
const AGE_CELLS: usize = 4;
/// Cells of a stage, at most.
const STAGE_MAX: usize = 24;

/// The widths of job and stage; the words take what is left.
struct Widths {
    job: usize,
    stage: usize,
}

impl Widths {
    fn of(model: &Model, columns: u16) -> Self {
        // Of all jobs, so that no column moves while one scrolls.
        let of_all = |cells: &dyn Fn(&JobLine) -> usize| model.panes.jobs.all().map(cells).max().unwrap_or(0);
        let columns = usize::from(columns);
        let stage = |line: &JobLine| line.stage.as_ref().map_or(0, |stage| stage.as_str().len());
        Self {
            job: of_all(&|line| width(&label::job(&line.job_id, &line.slug))).clamp(8, (columns / 3).max(8)),
            stage: of_all(&stage).clamp(5, (columns / 6).clamp(10, STAGE_MAX)),
        }
    }
}

/// The sign of a state, and its colour.
fn sign(line: &JobLine, theme: Theme) -> (&'static str, Style) {
    match line.status {
        JobStatus::Failed if line.is_to_be_noted() => ("!", theme.error()),
        JobStatus::Failed => ("!", theme.plain()),
        JobStatus::Running => ("*", theme.held()),
        JobStatus::Queued => (".", theme.plain()),
        JobStatus::Paused => ("=", theme.warning()),
        JobStatus::NeedsApproval => (">", theme.strong()),
        JobStatus::Completed => ("+", theme.added()),
        JobStatus::Canceled => ("x", theme.plain()),
    }
}

fn draw_row(model: &Model, line: &JobLine, name: &str, widths: &Widths, is_selected: bool, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    let (sign, style) = sign(line, theme);
    let is_reversed = is_selected && model.panes.is_lower_focused;
    let style = if is_reversed { theme.plain() } else { style };
    let stage = line.stage.as_ref().map_or("", |stage| stage.as_str());
    let stage = shorten::middle(stage, widths.stage);
    let since = age(model.now.utc.us_since(line.since));
    pen.text(if is_selected { " > " } else { "   " }, theme.strong());
    pen.cell(sign, 2, style).cell(line.state(), STATE_CELLS, style).skip(1);
    pen.cell(name, widths.job, theme.plain()).skip(1);
    pen.cell(&stage, widths.stage, theme.plain()).skip(1);
    pen.cell_right(&since, AGE_CELLS, theme.plain()).skip(1);
    if line.is_to_be_noted() {
        let key = keymap::key_in(Focus::Jobs, Action::Acknowledge);
        pen.text(&format!("{key} notes it   "), style);
    }
    pen.text(&line.words, theme.plain());
    if is_reversed {
        pen.fill(theme.selected());
    }
}

fn draw_head(model: &Model, mut pen: RowWriter<'_>) {
    let theme = model.session.theme();
    let jobs = &model.panes.jobs;
    let style = if model.panes.is_lower_focused && model.prompt.is_none() {
        theme.selected()
    } else {
        theme.strong()
    };
    pen.text("─", theme.rule()).text(" JOBS ", style);
    let count = |status: JobStatus| jobs.all().filter(|line| line.status == status).count();
    let failed = jobs.all().filter(|line| line.is_to_be_noted()).count();
    let words = format!(
        " {failed} failed, {} running, {} paused, {} waiting",
        count(JobStatus::Running),
        count(JobStatus::Paused),
        count(JobStatus::NeedsApproval)
    );
    match (jobs.is_loaded(), jobs.count()) {
        (false, _) => pen.text(" reading…", theme.plain()),
        (true, 0) if jobs.hidden() > 0 => pen.text(" no job matches the filter", theme.warning()),
        (true, 0) => pen.text(" there is no job yet", theme.plain()),
        (true, _) => pen.text(&words, if failed > 0 { theme.error() } else { theme.plain() }),
    };
    if !jobs.filter.is_empty() {
        let words = format!("  filter: {}, {} hidden", jobs.filter, jobs.hidden());
        pen.text(&words, theme.warning());
    }
    pen.text(" ", theme.plain()).rule(theme);
}

pub(crate) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    draw_head(model, RowWriter::new(buffer, area));
    let jobs = &model.panes.jobs;
    if jobs.count() == 0 {
        return;
    }
    let widths = Widths::of(model, area.width);
    let rows = rows(area);
    let index = jobs.index();
    let top = jobs.top.min(index).max((index + 1).saturating_sub(rows));
    let mut head = RowWriter::at_line(buffer, area, 1);
    head.skip(5).cell("STATE", STATE_CELLS, theme.strong()).skip(1);
    head.cell("JOB", widths.job, theme.strong()).skip(1);
    head.cell("STAGE", widths.stage, theme.strong()).skip(1);
    head.cell_right("AGE", AGE_CELLS, theme.strong()).skip(1);
    head.text("WHAT", theme.strong());
    let below = jobs.count().saturating_sub(top + rows);
    if below > 0 {
        head.right(&format!("+{below} below"), theme.warning());
    }
    let shown: Vec<_> = jobs.shown().skip(top).take(rows).collect();
    let names: Vec<_> = shown.iter().map(|line| label::job(&line.job_id, &line.slug)).collect();
    let names = shorten::distinct(&names, widths.job);
    for ((line, job), (place, name)) in (2..).zip(&shown).zip((top..).zip(&names)) {
        let pen = RowWriter::at_line(buffer, area, line);
        draw_row(model, job, name, &widths, place == index, pen);
    }
}
