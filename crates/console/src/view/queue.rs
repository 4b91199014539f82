//! The queue: one line a gate, then the jobs that are not at one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::folded::{self, Folded};
use crate::facts::marks::in_range;
use crate::facts::{countdown, holder, label, shorten};
use crate::keymap::{self, Focus};
use crate::layout::Layout;
use crate::model::Model;
use crate::model::queue::{Queue, RowKey, Sort, Wants, is_unseen};
use domain::policy::Doubt;
use domain::view::{QueueKind, QueueRow};
use text::width;
use text::words::age;

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
            Self::Attempt => "#",
            Self::Age => "AGE",
            Self::Left => "LEFT",
            Self::AtZero => "THEN",
            Self::Change => "CHANGE",
            Self::Files => "FILES",
            Self::Who => "WHO",
        }
    }

    /// Numbers stand to the right.
    fn draw(self, pen: &mut RowWriter<'_>, text: &str, cells: usize, style: Style) {
        match self {
            Self::Attempt | Self::Age | Self::Left => pen.cell_right(text, cells, style),
            Self::Job | Self::Stage | Self::AtZero | Self::Change | Self::Files | Self::Who => {
                pen.cell(text, cells, style)
            }
        };
    }
}

/// Cells before a row: urgent, marked, selected. The mark has its place before anything is marked.
const SIGNS: usize = 3;
/// The least that the names of the jobs have.
const JOB_MIN: usize = 8;
/// More than this a name does not need: what is left over goes to WHO.
const JOB_MAX: usize = 40;

/// From this width on WHO has company: what changed, in how many files.
const FULL: usize = 78;
/// From this width on every column stands there, the words a little wider.
const BROAD: usize = 96;

/// The columns of a pane. What they are sorted by stands there at every width.
fn chosen(width: usize, sort: Sort) -> &'static [Column] {
    use Column::{Age, AtZero, Attempt, Change, Files, Job, Left, Stage, Who};
    match (width, sort) {
        (..47, Sort::Age) => &[Job, Stage, Age, Left, AtZero],
        (..47, _) => &[Job, Stage, Attempt, Left, AtZero],
        (47..FULL, Sort::Age) => &[Job, Stage, Attempt, Age, Left, AtZero, Who],
        (47..FULL, _) => &[Job, Stage, Attempt, Left, AtZero, Who],
        (FULL..BROAD, Sort::Age) => &[Job, Stage, Attempt, Age, Left, AtZero, Change, Who],
        (FULL..BROAD, _) => &[Job, Stage, Attempt, Left, AtZero, Change, Files, Who],
        (BROAD.., _) => &[Job, Stage, Attempt, Age, Left, AtZero, Change, Files, Who],
    }
}

/// Stands behind the head of the column that the rows are sorted by.
const SORTED: &str = "↓";

fn sorted(sort: Sort) -> Column {
    match sort {
        Sort::Left => Column::Left,
        Sort::Age => Column::Age,
        Sort::Job => Column::Job,
        Sort::Stage => Column::Stage,
    }
}

/// The columns for a width, in cells. They follow from the width, and in a broad pane from what
/// stood in the rows when nobody was reading them: a row that comes, goes or is marked moves none
/// of them under the operator's eye. Longer words are cut in the middle.
fn columns(layout: &Layout, queue: &Queue) -> Vec<(Column, usize)> {
    let width = usize::from(layout.queue.width);
    let chosen = chosen(width, queue.sort);
    // A broad pane has room for the words that are rarely so long.
    let is_broad = width >= BROAD;
    let fixed = |column: Column| match column {
        Column::Attempt => 2,
        Column::Age => 3 + usize::from(queue.sort == Sort::Age),
        Column::Left => countdown::LEFT_CELLS,
        Column::AtZero => 7,
        Column::Files => 5,
        Column::Stage => 10 + if is_broad { 2 } else { 0 },
        Column::Change => 9 + if is_broad { 2 } else { 0 },
        Column::Job | Column::Who => 0,
    };
    let taken: usize = chosen.iter().copied().map(fixed).sum::<usize>() + SIGNS + chosen.len() - 1;
    let room = width.saturating_sub(taken);
    // The last column is for people, and has about half of what is left, up to where the name of a
    // job needs no more. Where it stands alone it says until when a timer is held.
    let half = if width < FULL {
        room / 2 + 1
    } else {
        (room / 2).saturating_sub(1)
    };
    let last = match chosen.last() {
        Some(Column::Who) => half.max(10).max(room.saturating_sub(JOB_MAX)),
        Some(_) | None => 0,
    };
    let last = last.min(room.saturating_sub(JOB_MIN));
    let cells = |column: Column| {
        if column == Column::Job {
            room - last
        } else if column == Column::Who {
            last
        } else {
            fixed(column)
        }
    };
    let mut columns: Vec<_> = chosen.iter().map(|column| (*column, cells(*column))).collect();
    if is_broad {
        share_out(&mut columns, queue.wants);
    }
    columns
}

/// A stage of so many cells is served before the names of the jobs, which may be much longer.
const STAGE_EASY: usize = 24;
/// What WHO keeps when it gives: the name of a colleague who is at it.
const WHO_MIN: usize = 14;

/// Where words would be cut, their column takes what the others have to spare: those give who want
/// the least of what they have.
fn share_out(columns: &mut [(Column, usize)], wants: Wants) {
    let wanted = |column: Column| match column {
        Column::Job => Some((wants.job, JOB_MIN)),
        Column::Stage => Some((wants.stage, 0)),
        Column::Who => Some((wants.who, WHO_MIN)),
        Column::Attempt | Column::Age | Column::Left | Column::AtZero | Column::Change | Column::Files => None,
    };
    let takers = [
        (Column::Stage, wants.stage.min(STAGE_EASY)),
        (Column::Job, wants.job),
        (Column::Stage, wants.stage),
        (Column::Who, wants.who),
    ];
    for (taker, want) in takers {
        for giver in [Column::Who, Column::Job] {
            let has = |column| {
                columns
                    .iter()
                    .find(|(of, _)| *of == column)
                    .map_or(0, |(_, cells)| *cells)
            };
            let (has_taker, has_giver) = (has(taker), has(giver));
            let kept = wanted(giver).map_or(has_giver, |(want, least)| want.max(least));
            let moved = want.saturating_sub(has_taker).min(has_giver.saturating_sub(kept));
            if taker == giver {
                continue;
            }
            for (column, cells) in columns.iter_mut() {
                if *column == taker {
                    *cells += moved;
                } else if *column == giver {
                    *cells -= moved;
                }
            }
        }
    }
}

/// Who is at it, or who is not, in so many cells.
fn who(model: &Model, row: &QueueRow, cells: usize) -> (String, Style) {
    let theme = model.session.theme();
    if let Some(holder) = holder::words(model, row, cells) {
        return (holder, theme.held());
    }
    if let Some(decided) = &row.decided {
        return (format!("{} by {}", decided.verdict(), decided.by), theme.plain());
    }
    if row.kind == QueueKind::Failed {
        let key = keymap::key_in(Focus::Queue, Action::Acknowledge);
        return (format!("{key} notes it"), theme.error());
    }
    if let Some(pause) = row.pause {
        let words = shorten::fitting(pause.words(), |words| width(words) <= cells);
        return (words.copied().unwrap_or_default().to_owned(), theme.plain());
    }
    // The column LEFT says overdue for as long as the gate is.
    let is_overdue = row.timer.as_ref().is_some_and(|timer| timer.overdue_since.is_some());
    let doubt = row.at_zero.and_then(|at_zero| at_zero.because);
    match (is_unseen(row), row.is_seen, is_overdue) {
        (true, false, true) => ("overdue".to_owned(), theme.warning()),
        // Only where the timer goes by it, a look at some of it is worth its bytes on a thin line.
        (true, true, _) if doubt == Some(Doubt::Unseen) => ("partly seen".to_owned(), theme.plain()),
        (true, ..) => ("unseen".to_owned(), theme.plain()),
        (false, ..) => (String::new(), theme.plain()),
    }
}

fn cell(
    model: &Model,
    row: &QueueRow,
    folded: &Folded<'_>,
    name: &str,
    (column, cells): (Column, usize),
) -> (String, Style) {
    let soonest = folded.soonest;
    let theme = model.session.theme();
    let plain = theme.plain();
    match column {
        Column::Job => (name.to_owned(), plain),
        Column::Stage => {
            let stage = row.stage.as_ref().map_or("", |stage| stage.as_str());
            (shorten::middle(stage, cells), plain)
        }
        Column::Attempt if row.attempt > 0 && folded.is_of_one_attempt => (row.attempt.to_string(), plain),
        Column::Attempt => (String::new(), plain),
        Column::Age => (age(model.now.utc.us_since(folded.oldest.since)), plain),
        Column::Left => (countdown::left(model, soonest), countdown::style(model, soonest, theme)),
        Column::AtZero if row.kind == QueueKind::Failed => ("failed".to_owned(), theme.error()),
        Column::AtZero => (countdown::at_zero(model, soonest).to_owned(), plain),
        Column::Change => (label::change_of_gate(row), plain),
        Column::Files if row.files > 0 => (row.files.to_string(), plain),
        Column::Files => (String::new(), plain),
        Column::Who => who_of(model, folded, cells),
    }
}

/// Who is at the gates of a row, or how many of them nobody was shown, in so many cells.
fn who_of(model: &Model, folded: &Folded<'_>, cells: usize) -> (String, Style) {
    let some = |count: usize| {
        if count < folded.count {
            format!("×{count} ")
        } else {
            String::new()
        }
    };
    match (folded.attended, folded.unseen) {
        (Some((row, count)), _) => {
            let before = some(count);
            let (words, style) = who(model, row, cells.saturating_sub(width(&before)));
            (before + &words, style)
        }
        (None, unseen) if unseen == 0 || unseen == folded.count => who(model, folded.soonest, cells),
        (None, unseen) => (some(unseen) + "unseen", model.session.theme().plain()),
    }
}

/// Of a row that stands for more gates than this, the first ones are looked at for marks.
const MEMBERS_MAX: usize = 50;

fn draw_row(
    model: &Model,
    row: &QueueRow,
    name: &str,
    columns: &[(Column, usize)],
    area: Rect,
    (line, place, mark): (u16, usize, &str),
    buffer: &mut Buffer,
) {
    let theme = model.session.theme();
    let folded = folded::at(model, place, row);
    let soonest = folded.soonest;
    let is_selected = model.queue.selected().is_some_and(|selected| selected.names(row));
    let mut pen = RowWriter::at_line(buffer, area, line);
    // The selected row is reversed where the keys go to it; colours would not be legible on that.
    let is_reversed = is_selected && !model.panes.is_lower_focused;
    let is_urgent = countdown::is_urgent(model, soonest);
    let is_severe = row.headline.as_ref().is_some_and(|said| said.severity.is_marked());
    let style = match (is_urgent, is_severe) {
        (true, _) => theme.urgent(),
        (false, true) => theme.warning(),
        (false, false) => theme.plain(),
    };
    pen.text(if is_urgent || is_severe { "!" } else { " " }, style);
    pen.text(mark, theme.strong());
    pen.text(if is_selected { ">" } else { " " }, theme.plain());
    let who_cells = columns.iter().find(|(column, _)| *column == Column::Who);
    let who_cells = who_cells.map(|(_, cells)| *cells);
    let all_of_who = || width(&who_of(model, &folded, usize::from(area.width)).0);
    let is_held = folded.attended.is_some_and(|(row, _)| holder::is_held(model, row));
    let is_held = is_held && all_of_who() > who_cells.unwrap_or(0);
    for (index, (column, cells)) in columns.iter().enumerate() {
        pen.skip(u16::from(index > 0));
        // Who holds it, until when and why is more than how many files there are: it begins right
        // behind what changed.
        if is_held && *column == Column::Change {
            pen.text(&label::change_of_gate(row), theme.plain()).skip(2);
            let (text, style) = who_of(model, &folded, pen.room());
            pen.text(&text, if is_reversed { theme.plain() } else { style });
            break;
        }
        let is_stopped = *column == Column::AtZero && who_cells.is_none() && countdown::is_stopped(model, soonest);
        let (text, style) = if is_stopped {
            ("held".to_owned(), theme.held())
        } else {
            cell(model, row, &folded, name, (*column, *cells))
        };
        let style = if is_reversed { theme.plain() } else { style };
        column.draw(&mut pen, &text, *cells, style);
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
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.skip(SIGNS as u16);
    for (index, (column, cells)) in columns.iter().enumerate() {
        pen.skip(u16::from(index > 0));
        let is_sorted = sorted(model.queue.sort) == *column;
        let arrow = if is_sorted { SORTED } else { "" };
        column.draw(&mut pen, &format!("{}{arrow}", column.head()), *cells, theme.strong());
    }
    let below = model.queue.len().saturating_sub(model.queue.top + rows);
    if below == 0 {
        return;
    }
    // What is out of sight is said behind the last head, in as many words as find room there.
    let last = columns
        .last()
        .map_or(0, |(column, cells)| cells.saturating_sub(column.head().len()));
    let wordings = [format!(" +{below} below"), format!(" +{below}")];
    let text = shorten::fitting(wordings, |text| text.len() <= last).unwrap_or_default();
    let mut pen = RowWriter::new(buffer, area);
    let cells = u16::try_from(text.len()).unwrap_or(u16::MAX);
    pen.to(area.width.saturating_sub(cells)).text(&text, theme.warning());
}

fn draw_empty(model: &Model, line: u16, area: Rect, buffer: &mut Buffer) {
    let (fact, hint) = if !model.queue.is_loaded {
        ("Reading the queue…", String::new())
    } else if !model.queue.filter.is_empty() {
        let key = keymap::key_in(Focus::Queue, Action::Back);
        ("No row matches the filter", format!("hint: {key} takes it back"))
    } else {
        (
            "Nothing waits for you",
            "hint: holdpoint job start --slug NAME".to_owned(),
        )
    };
    let plain = model.session.theme().plain();
    let mut pen = RowWriter::at_line(buffer, area, line);
    pen.skip(2).text(fact, plain);
    if width(&hint) + 3 <= pen.room() {
        pen.skip(3).text(&hint, plain);
    } else {
        RowWriter::at_line(buffer, area, line + 1).skip(2).text(&hint, plain);
    }
}

pub fn draw(model: &Model, layout: &Layout, buffer: &mut Buffer) {
    let area = layout.queue;
    if area.height == 0 {
        return;
    }
    let columns = columns(layout, &model.queue);
    let head = layout.queue_head();
    if head > 0 {
        draw_head(model, &columns, layout.queue_rows(), area, buffer);
    }
    if model.queue.is_empty() {
        draw_empty(model, head, area, buffer);
        return;
    }
    let rows = || model.queue.on_screen(layout.queue_rows());
    let top = model.queue.top;
    let name = |(place, row): (usize, &QueueRow)| model.queue.joint(place) + &label::job(&row.job_id, &row.slug);
    let names: Vec<String> = (top..).zip(rows()).map(name).collect();
    let cells = columns.first().map_or(0, |(_, cells)| *cells);
    let names = shorten::distinct(&names, cells);
    let in_range = in_range(model);
    for (line, (place, (row, name))) in (head..).zip((top..).zip(rows().zip(&names))) {
        let is_marked = |row: &QueueRow| {
            let key = RowKey::of(row).gate();
            key.is_some_and(|key| model.marks.on.contains_key(&key) || in_range.contains(&key))
        };
        let mut members = model.queue.members(place).take(MEMBERS_MAX);
        let mark = match (is_marked(row), members.all(is_marked)) {
            (true, true) => "*",
            (true, false) => "+",
            (false, _) if model.queue.members(place).take(MEMBERS_MAX).any(is_marked) => "+",
            (false, _) => " ",
        };
        draw_row(model, row, name, &columns, area, (line, place, mark), buffer);
    }
}
