//! The queue: one line a gate, then the jobs that are not at one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::{countdown, label};
use crate::domain::view::{QueueKind, QueueRow};
use crate::tui::layout::Layout;
use crate::tui::model::Model;
use crate::tui::model::queue::RowKey;

/// A column: head, width, whether numbers stand to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Job,
    Stage,
    Attempt,
    Age,
    Left,
    AtZero,
    Change,
    Files,
    Who,
}

impl Column {
    fn head(self) -> &'static str {
        match self {
            Self::Job => "JOB",
            Self::Stage => "STAGE",
            Self::Attempt => "AT",
            Self::Age => "AGE",
            Self::Left => "LEFT",
            Self::AtZero => "AT 0",
            Self::Change => "CHANGE",
            Self::Files => "FILES",
            Self::Who => "WHO",
        }
    }

    fn is_right(self) -> bool {
        match self {
            Self::Attempt | Self::Age | Self::Left => true,
            Self::Job | Self::Stage | Self::AtZero | Self::Change | Self::Files | Self::Who => false,
        }
    }
}

/// The columns for a width, in cells; the last takes what is left.
fn columns(width: u16) -> Vec<(Column, usize)> {
    let width = usize::from(width);
    match width {
        ..47 => vec![
            (Column::Job, 12),
            (Column::Stage, 10),
            (Column::Attempt, 2),
            (Column::Left, 6),
            (Column::AtZero, 7),
        ],
        47..78 => vec![
            (Column::Job, 12),
            (Column::Stage, 10),
            (Column::Attempt, 2),
            (Column::Left, 6),
            (Column::AtZero, 7),
            (Column::Who, width - 45),
        ],
        78.. => {
            let spare = width.saturating_sub(80).min(24);
            vec![
                (Column::Job, 13 + spare / 2),
                (Column::Stage, 10 + spare / 4),
                (Column::Attempt, 2),
                (Column::Age, 3),
                (Column::Left, 6),
                (Column::AtZero, 7),
                (Column::Change, 10),
                (Column::Files, 5),
                (Column::Who, width.saturating_sub(66 + spare / 2 + spare / 4)),
            ]
        }
    }
}

fn change(row: &QueueRow) -> String {
    if row.kind != QueueKind::Gate {
        return String::new();
    }
    if row.files == 0 {
        return "no files".to_owned();
    }
    if row.is_binary {
        return "binary".to_owned();
    }
    if row.is_new {
        return format!("new {}", label::count(row.added_lines.into()));
    }
    format!(
        "+{} -{}",
        label::count(row.added_lines.into()),
        label::count(row.removed_lines.into())
    )
}

/// Who is at it, or who is not.
pub fn who(model: &Model, row: &QueueRow) -> (String, Style) {
    let theme = model.theme;
    let RowKey::Gate(key) = RowKey::of(row) else {
        return (String::new(), theme.plain());
    };
    if model.writing(&key).is_some() {
        return ("writing…".to_owned(), theme.held());
    }
    if let Some(lease) = row.lease.as_ref().filter(|lease| lease.is_live(model.now.utc)) {
        let is_own = model
            .lease
            .as_ref()
            .is_some_and(|own| own.key == key && own.refusal.is_none());
        let name = if is_own { "you" } else { &lease.holder.name };
        return (format!("{name}, {}", lease.purpose.as_str()), theme.held());
    }
    if model.drafts.contains_key(&key) {
        return ("your draft".to_owned(), theme.held());
    }
    if row
        .timer
        .as_ref()
        .is_some_and(|timer| timer.held_by_policy_at.is_some())
    {
        return ("held by policy".to_owned(), theme.held());
    }
    if row.timer.as_ref().is_some_and(|timer| timer.overdue_since.is_some()) {
        return ("overdue".to_owned(), theme.warning());
    }
    let seen = if row.is_seen { "" } else { "unseen" };
    (seen.to_owned(), theme.plain())
}

fn cell(model: &Model, row: &QueueRow, column: Column, is_gone: bool) -> (String, Style) {
    let theme = model.theme;
    let plain = theme.plain();
    match column {
        Column::Job => (label::job(&row.job_id, &row.slug), plain),
        Column::Stage => (row.stage.as_ref().map(ToString::to_string).unwrap_or_default(), plain),
        Column::Attempt if row.attempt > 0 => (row.attempt.to_string(), plain),
        Column::Attempt => (String::new(), plain),
        Column::Age => (label::age(row.since, model.now.utc), plain),
        Column::Left if is_gone => (String::new(), plain),
        Column::Left => (countdown::left(model, row), countdown::style(model, row, theme)),
        Column::AtZero if is_gone => ("gone".to_owned(), plain),
        Column::AtZero => (countdown::at_zero(model, row).to_owned(), plain),
        Column::Change => (change(row), plain),
        Column::Files if row.files > 0 => (row.files.to_string(), plain),
        Column::Files => (String::new(), plain),
        Column::Who if is_gone => (model.queue.gone.clone().unwrap_or_default(), theme.held()),
        Column::Who => who(model, row),
    }
}

fn draw_row(model: &Model, row: &QueueRow, area: Rect, line: u16, buffer: &mut Buffer) {
    let theme = model.theme;
    let is_selected = model.queue.selected().is_some_and(|selected| selected.names(row));
    let is_gone = is_selected && model.queue.gone.is_some();
    let mut pen = Pen::at_line(buffer, area, line);
    // The selected row is reversed where the keys go to it; colours would not be legible on that.
    let is_reversed = is_selected && !model.is_lower_focused;
    let urgent = if !is_gone && countdown::is_urgent(model, row) {
        "!"
    } else {
        " "
    };
    pen.text(urgent, theme.urgent());
    pen.text(if is_selected { ">" } else { " " }, theme.strong());
    for (index, (column, cells)) in columns(area.width).into_iter().enumerate() {
        pen.skip(u16::from(index > 0));
        let (text, style) = cell(model, row, column, is_gone);
        let style = if is_reversed { theme.plain() } else { style };
        let style = if is_selected {
            style.patch(theme.strong())
        } else {
            style
        };
        if column.is_right() {
            pen.cell_right(&text, cells, style);
        } else {
            pen.cell(&text, cells, style);
        }
    }
    if is_reversed {
        pen.fill(theme.selected());
    }
}

fn draw_head(model: &Model, rows: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.skip(2);
    for (index, (column, cells)) in columns(area.width).into_iter().enumerate() {
        pen.skip(u16::from(index > 0));
        if column.is_right() {
            pen.cell_right(column.head(), cells, theme.strong());
        } else {
            pen.cell(column.head(), cells, theme.strong());
        }
    }
    let below = model.queue.len().saturating_sub(model.queue.top + rows);
    let is_short = area.width < 47;
    let text = match (model.queue.filter.as_str(), below) {
        ("", 0) => return,
        ("", below) if is_short => format!("+{below}"),
        ("", below) => format!(" +{below} below"),
        (filter, _) => format!(" /{filter}: {} hidden", model.queue.hidden()),
    };
    // What is out of sight is said here; of the heads the last is the one to be missed least.
    let mut pen = Pen::new(buffer, area);
    let cells = u16::try_from(crate::diff::text::width(&text)).unwrap_or(u16::MAX);
    pen.to(area.width.saturating_sub(cells)).text(&text, theme.warning());
}

fn draw_empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::at_line(buffer, area, 1);
    pen.skip(2);
    if !model.queue.is_loaded {
        pen.text("Reading the queue…", theme.plain());
    } else if !model.queue.filter.is_empty() {
        pen.text("No row matches the filter   hint: Esc takes it back", theme.plain());
    } else {
        let hint = "Nothing waits for you   hint: holdpoint job start --slug NAME";
        pen.text(hint, theme.plain());
    }
}

/// Draws it.
pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) {
    let area = layout.queue;
    if area.height == 0 {
        return;
    }
    draw_head(model, layout.queue_rows(), area, buffer);
    if model.queue.is_empty() {
        draw_empty(model, area, buffer);
        return;
    }
    let rows = model.queue.visible().skip(model.queue.top).take(layout.queue_rows());
    for (line, row) in (1..).zip(rows) {
        draw_row(model, row, area, line, buffer);
    }
}
