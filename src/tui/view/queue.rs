//! The queue: one line a gate, then the jobs that are not at one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::{countdown, holder, label, shorten};
use crate::diff::text;
use crate::domain::view::{QueueKind, QueueRow};
use crate::tui::layout::Layout;
use crate::tui::model::Model;
use crate::tui::model::queue::RowKey;
use crate::tui::update::marked_range;

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
    /// On a narrow pane: who is at it, else what changed.
    Note,
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
            Self::Change | Self::Note => "CHANGE",
            Self::Files => "FILES",
            Self::Who => "WHO",
        }
    }

    fn is_right(self) -> bool {
        match self {
            Self::Attempt | Self::Age | Self::Left => true,
            Self::Job | Self::Stage | Self::AtZero | Self::Change | Self::Files | Self::Who | Self::Note => false,
        }
    }
}

/// So many rows from the top have a say in how wide the columns are: scrolling must not move them, and ten thousand cost too much.
const MEASURED_MAX: usize = 500;
/// The least that WHO has, so that somebody who comes and goes moves no column.
const WHO_MIN: usize = 10;
/// The most that WHO asks for: a name, what it does, and for how long.
const WHO_MAX: usize = 16;
const JOB_MIN: usize = 12;

/// Cells before a row: urgent, selected, and marked while anything is.
fn signs(model: &Model) -> usize {
    let has_marks = !model.marks.is_empty() || model.range.is_some();
    2 + usize::from(has_marks)
}

/// The columns for a width, in cells. The names of the jobs have every cell that the others do not need.
fn columns(model: &Model, layout: &Layout) -> Vec<(Column, usize)> {
    let width = usize::from(layout.queue.width);
    let fixed = |column: Column| match column {
        Column::Attempt => 2,
        Column::Age => 3,
        Column::Left => 6,
        Column::AtZero => 7,
        Column::Files => 5,
        Column::Job | Column::Stage | Column::Change | Column::Who | Column::Note => 0,
    };
    let chosen: &[Column] = match (width, layout.is_wide) {
        (..47, _) => &[
            Column::Job,
            Column::Stage,
            Column::Attempt,
            Column::Left,
            Column::AtZero,
        ],
        (47..64, true) => &[
            Column::Job,
            Column::Stage,
            Column::Attempt,
            Column::Left,
            Column::AtZero,
            Column::Note,
        ],
        (47..78, false) => &[
            Column::Job,
            Column::Stage,
            Column::Attempt,
            Column::Left,
            Column::AtZero,
            Column::Who,
        ],
        (64..78, true) => &[
            Column::Job,
            Column::Stage,
            Column::Attempt,
            Column::Left,
            Column::AtZero,
            Column::Change,
            Column::Who,
        ],
        (78.., _) => &[
            Column::Job,
            Column::Stage,
            Column::Attempt,
            Column::Age,
            Column::Left,
            Column::AtZero,
            Column::Change,
            Column::Files,
            Column::Who,
        ],
    };
    let mut needs = [JOB_MIN, 5, 6, WHO_MIN];
    let shown = model.queue.on_screen(layout.queue_rows());
    for row in model.queue.visible().take(MEASURED_MAX).chain(shown) {
        let stage = row.stage.as_ref().map_or(0, |stage| stage.as_str().len());
        let texts = [
            text::width(&text::visible_line(&label::job(&row.job_id, &row.slug))),
            stage.min(12),
            change(row).len(),
            text::width(&who(model, row, WHO_MAX).0).min(WHO_MAX),
        ];
        for (need, cells) in needs.iter_mut().zip(texts) {
            *need = cells.max(*need);
        }
    }
    let [job, stage, change, who] = needs;
    let has = |column: Column| chosen.contains(&column);
    let taken: usize = chosen.iter().copied().map(fixed).sum::<usize>() + signs(model) + chosen.len() - 1;
    let change = if has(Column::Change) { change } else { 0 };
    let room = width.saturating_sub(taken + stage + change);
    // The last column takes what is left over, and gives way to the names down to a least.
    let last = match (has(Column::Who), has(Column::Note)) {
        (true, _) => who.min(room.saturating_sub(job).max(WHO_MIN)),
        (false, true) => 8.max(room.saturating_sub(job)).min(14),
        (false, false) => 0,
    };
    let job = job.min(room.saturating_sub(last));
    let last = room.saturating_sub(job);
    let cells = |column: Column| match column {
        Column::Job => job,
        Column::Stage => stage,
        Column::Change => change,
        Column::Who | Column::Note => last,
        Column::Attempt | Column::Age | Column::Left | Column::AtZero | Column::Files => fixed(column),
    };
    chosen.iter().map(|column| (*column, cells(*column))).collect()
}

/// What changed: `+12 -4`, `new 48`, `binary`.
pub fn change(row: &QueueRow) -> String {
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

/// The longest wording that has room, else the shortest.
fn fitting(words: Vec<String>, cells: usize) -> Option<String> {
    let fits = |word: &String| text::width(&text::visible_line(word)) <= cells;
    words.iter().find(|word| fits(word)).or(words.last()).cloned()
}

/// Who is at it, or who is not, in so many cells.
pub fn who(model: &Model, row: &QueueRow, cells: usize) -> (String, Style) {
    let theme = model.theme;
    if let Some(holder) = fitting(holder::words(model, row), cells) {
        return (holder, theme.held());
    }
    if row.timer.as_ref().is_some_and(|timer| timer.overdue_since.is_some()) {
        return ("overdue".to_owned(), theme.warning());
    }
    let is_unseen = row.kind == QueueKind::Gate && !row.is_seen;
    (if is_unseen { "unseen" } else { "" }.to_owned(), theme.plain())
}

/// What became of the gate of the selected row, and where its job is now.
fn gone(model: &Model, cells: usize) -> Option<String> {
    let settled = model.queue.gone.clone()?;
    let next = model.queue.successor().map(|row| {
        let stage = row.stage.as_ref().map_or("job", |stage| stage.as_str());
        match row.kind {
            QueueKind::Running => format!("{stage} runs"),
            QueueKind::Queued => format!("{stage} is queued"),
            QueueKind::Paused => "paused".to_owned(),
            QueueKind::Outside => "outside".to_owned(),
            QueueKind::Gate => format!("{stage} waits"),
        }
    });
    let long = next.map(|next| format!("{settled} -> {next}"));
    Some(long.filter(|long| text::width(long) <= cells).unwrap_or(settled))
}

fn cell(model: &Model, row: &QueueRow, name: &str, (column, cells): (Column, usize), is_gone: bool) -> (String, Style) {
    let theme = model.theme;
    let plain = theme.plain();
    match column {
        Column::Job => (name.to_owned(), plain),
        Column::Stage => (row.stage.as_ref().map(ToString::to_string).unwrap_or_default(), plain),
        Column::Attempt if row.attempt > 0 => (row.attempt.to_string(), plain),
        Column::Attempt => (String::new(), plain),
        Column::Age => (label::age(row.since, model.now.utc), plain),
        Column::Left if is_gone => ("done".to_owned(), plain),
        Column::Left => (countdown::left(model, row), countdown::style(model, row, theme)),
        Column::AtZero => (countdown::at_zero(model, row).to_owned(), plain),
        Column::Change => (change(row), plain),
        Column::Files if row.files > 0 => (row.files.to_string(), plain),
        Column::Files => (String::new(), plain),
        Column::Who => who(model, row, cells),
        Column::Note => match fitting(holder::words(model, row), cells) {
            Some(holder) => (holder, theme.held()),
            None => (change(row), plain),
        },
    }
}

fn draw_row(
    model: &Model,
    row: &QueueRow,
    name: &str,
    columns: &[(Column, usize)],
    area: Rect,
    (line, is_marked): (u16, bool),
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let is_selected = model.queue.selected().is_some_and(|selected| selected.names(row));
    let is_gone = is_selected && model.queue.gone.is_some();
    let mut pen = Pen::at_line(buffer, area, line);
    // The selected row is reversed where the keys go to it; colours would not be legible on that.
    let is_reversed = is_selected && !model.is_lower_focused;
    match !is_gone && countdown::is_urgent(model, row) {
        true => pen.text("!", theme.urgent()),
        false => pen.text(" ", theme.plain()),
    };
    pen.text(if is_selected { ">" } else { " " }, theme.plain());
    if signs(model) > 2 {
        pen.text(if is_marked { "*" } else { " " }, theme.strong());
    }
    for (index, (column, cells)) in columns.iter().enumerate() {
        pen.skip(u16::from(index > 0));
        // What became of it needs the room of all that is of no interest any more.
        if is_gone && *column == Column::AtZero {
            let text = gone(model, pen.room()).unwrap_or_default();
            pen.text(&text, if is_reversed { theme.plain() } else { theme.held() });
            break;
        }
        let (text, style) = cell(model, row, name, (*column, *cells), is_gone);
        let style = if is_reversed { theme.plain() } else { style };
        if column.is_right() {
            pen.cell_right(&text, *cells, style);
        } else {
            pen.cell(&text, *cells, style);
        }
    }
    // One style from end to end: a change at every gap would cost more bytes than the row.
    if is_selected {
        pen.fill(theme.strong());
    }
    if is_reversed {
        pen.fill(theme.selected());
    }
}

fn draw_head(model: &Model, columns: &[(Column, usize)], rows: usize, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut pen = Pen::new(buffer, area);
    pen.skip(u16::try_from(signs(model)).unwrap_or(2));
    for (index, (column, cells)) in columns.iter().enumerate() {
        pen.skip(u16::from(index > 0));
        if column.is_right() {
            pen.cell_right(column.head(), *cells, theme.strong());
        } else {
            pen.cell(column.head(), *cells, theme.strong());
        }
    }
    let below = model.queue.len().saturating_sub(model.queue.top + rows);
    if below == 0 {
        return;
    }
    // What is out of sight is said behind the last head, in as many words as find room there.
    let last = columns
        .last()
        .map_or(0, |(column, cells)| cells.saturating_sub(column.head().len()));
    let long = format!(" +{below} below");
    let text = if long.len() <= last { long } else { format!(" +{below}") };
    let mut pen = Pen::new(buffer, area);
    let cells = u16::try_from(text.len()).unwrap_or(u16::MAX);
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
    let columns = columns(model, layout);
    draw_head(model, &columns, layout.queue_rows(), area, buffer);
    if model.queue.is_empty() {
        draw_empty(model, area, buffer);
        return;
    }
    let rows = || model.queue.on_screen(layout.queue_rows());
    let names: Vec<String> = rows().map(|row| label::job(&row.job_id, &row.slug)).collect();
    let cells = columns.first().map_or(0, |(_, cells)| *cells);
    let names = shorten::distinct(&names, cells);
    let in_range = marked_range(model);
    for (line, (row, name)) in (1..).zip(rows().zip(&names)) {
        let is_marked = match RowKey::of(row) {
            RowKey::Gate(key) => model.marks.contains_key(&key) || in_range.contains(&key),
            RowKey::Job(_) => false,
        };
        draw_row(model, row, name, &columns, area, (line, is_marked), buffer);
    }
}
