//! How gates were decided of late: in words, a chart of the days, and a list with bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Bar, BarChart, Sparkline, Widget};

use super::row_writer::RowWriter;
use crate::facts::figures::{BY_STAGE, ListLine, list, percent, shares, time, words};
use crate::facts::shorten;
use crate::layout::take_top;
use crate::model::Model;
use crate::model::figures::{DAYS, since};
use domain::figures::{FigureCounts, Figures, day};
use text::width;
use text::words::counted;

/// The columns of the list behind the name: head and cells.
const COLUMNS: [(&str, usize); 6] = [
    ("DECIDED", 7),
    ("REJ", 4),
    ("TIMER", 5),
    ("SEEN", 4),
    ("MEDIAN", 7),
    ("P90", 7),
];
/// Cells of a name, at least and at most.
const NAME_CELLS: (usize, usize) = (16, 40);
/// Fewer cells than this are no bar.
const BAR_MIN: u16 = 8;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

fn cells(counts: &FigureCounts) -> [String; 6] {
    let all = counts.decisions();
    let share = |part: u64| match all {
        0 => String::new(),
        all => format!("{}%", percent(part, all)),
    };
    [
        all.to_string(),
        share(counts.rejected),
        share(counts.by_timer),
        share(counts.seen_wholly),
        time(counts.median_s()),
        time(counts.p90_s()),
    ]
}

/// Decisions a day, the oldest first; as wide as there is room.
fn draw_days(model: &Model, figures: &Figures, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let first = since(model.now.utc);
    let days = (0..DAYS.unsigned_abs()).map(|number| day(first.plus_s(number * DAY_S)));
    let counts: Vec<u64> = days
        .map(|day| figures.days.get(&day).map_or(0, FigureCounts::decisions))
        .collect();
    let most = counts.iter().max().copied().unwrap_or(0);
    let mut chart = area;
    chart.x += 1;
    chart.width = u16::try_from(counts.len())
        .unwrap_or(0)
        .min(area.width.saturating_sub(1));
    let most = format!("{most} a day at most");
    let mut pen = RowWriter::at_line(buffer, area, area.height.saturating_sub(1));
    pen.skip(chart.width + 3);
    let wordings = [format!("{most}; today on the right"), most];
    let words = shorten::fitting(wordings, |words| width(words) <= pen.room());
    pen.text(&words.unwrap_or_default(), theme.plain());
    // The newest days are what must find room.
    let shown = counts.len().saturating_sub(usize::from(chart.width));
    let counts = counts.get(shown..).unwrap_or_default();
    Sparkline::default()
        .data(counts)
        .style(theme.added())
        .render(chart, buffer);
}

fn draw_list(model: &Model, figures: &Figures, area: Rect, rows: usize, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let all = list(figures);
    let top = model.panes.figures.top.min(all.len().saturating_sub(rows));
    let shown: Vec<_> = all.iter().skip(top).take(rows).collect();
    let taken: usize = COLUMNS.iter().map(|(_, cells)| cells + 1).sum();
    let widest = all.iter().map(|line| match line {
        ListLine::Counts(name, _) => width(name),
        ListLine::Head(_) | ListLine::Blank => 0,
    });
    // A long name has room where the bars keep theirs.
    let most = usize::from(area.width.saturating_sub(4 * BAR_MIN)).saturating_sub(taken);
    let name_cells = widest.max().unwrap_or(0).min(most.min(NAME_CELLS.1)).max(NAME_CELLS.0);
    let mut head = RowWriter::new(buffer, area);
    head.skip(1).cell(BY_STAGE, name_cells, theme.strong());
    for (name, cells) in COLUMNS {
        head.skip(1).cell_right(name, cells, theme.strong());
    }
    let below = all.len().saturating_sub(top + rows);
    if below > 0 {
        head.text(&format!("  +{below} below"), theme.warning());
    }
    for (number, line) in (1..).zip(&shown) {
        let mut pen = RowWriter::at_line(buffer, area, number);
        pen.skip(1);
        match line {
            ListLine::Blank => {}
            ListLine::Head(name) => {
                pen.text(name, theme.strong());
            }
            ListLine::Counts(name, counts) => {
                pen.cell(&shorten::middle(name, name_cells), name_cells, theme.plain());
                for ((_, width), words) in COLUMNS.iter().zip(cells(counts)) {
                    pen.skip(1).cell_right(&words, *width, theme.plain());
                }
            }
        }
    }
    let taken = u16::try_from(1 + name_cells + taken + 2).unwrap_or(u16::MAX);
    let bars = Rect {
        x: area.x.saturating_add(taken),
        y: area.y + 1,
        width: area.width.saturating_sub(taken + 1),
        height: area.height.saturating_sub(1),
    };
    if bars.width < BAR_MIN || bars.height == 0 {
        return;
    }
    let decisions = |line: &ListLine<'_>| match line {
        ListLine::Counts(_, counts) => counts.decisions(),
        ListLine::Head(_) | ListLine::Blank => 0,
    };
    let most = all.iter().map(decisions).max().unwrap_or(0);
    let bar = |line: &&ListLine<'_>| Bar::new(decisions(line)).text_value(String::new());
    let shown: Vec<Bar<'_>> = shown.iter().map(bar).collect();
    BarChart::horizontal(shown)
        .bar_width(1)
        .bar_gap(0)
        .max(most.max(1))
        .bar_style(theme.added())
        .render(bars, buffer);
}

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let style = if model.panes.is_lower_focused {
        theme.selected()
    } else {
        theme.strong()
    };
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule()).text(" FIGURES ", style);
    let Some(figures) = &model.panes.figures.figures else {
        pen.text(" reading… ", theme.plain()).rule(theme);
        return;
    };
    let decisions = usize::try_from(figures.all.decisions()).unwrap_or(usize::MAX);
    let said = format!(" {} in {DAYS} days ", counted(decisions, "decision"));
    pen.text(&said, theme.plain()).rule(theme);
    let mut rest = area;
    take_top(&mut rest, 1);
    for line in words(figures, area.width) {
        let row = take_top(&mut rest, 1);
        RowWriter::new(buffer, row).skip(1).text(&line, theme.plain());
    }
    let (chart, rows) = shares(model, area);
    if figures.all.decisions() + figures.all.holds == 0 {
        return;
    }
    if chart > 0 {
        draw_days(model, figures, take_top(&mut rest, chart), buffer);
    }
    if rest.height > 1 {
        draw_list(model, figures, rest, rows, buffer);
    }
}
