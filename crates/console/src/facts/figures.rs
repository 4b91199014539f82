//! What of the figures stands in how many rows.

use ratatui::layout::Rect;

use crate::facts::wrap;
use crate::model::Model;
use crate::model::figures::DAYS;
use domain::figures::{FigureCounts, Figures, day};
use text::words::{counted, duration};

/// The chart of the days has so many rows, where the list still has as many.
pub(crate) const CHART_ROWS: u16 = 2;
/// The words about all of it take at most so many lines.
const WORDS_MAX: usize = 3;

/// A part of all, in percent.
pub(crate) fn percent(part: u64, all: u64) -> u64 {
    (part * 100 + all / 2).checked_div(all).unwrap_or(0)
}

/// A length of time, where there is one.
pub(crate) fn time(seconds: Option<u64>) -> String {
    seconds.map(duration).unwrap_or_default()
}

/// What is to be said of all of it.
pub(crate) fn words(figures: &Figures, columns: u16) -> Vec<String> {
    let all = &figures.all;
    let decisions = all.decisions();
    if decisions + all.holds == 0 {
        return vec![format!("Nothing was decided in the last {DAYS} days")];
    }
    let share = |part: u64, what: &str| format!("{part} {what} ({}%)", percent(part, decisions));
    let kinds = figures.patches.iter();
    let kinds: Vec<_> = kinds.map(|(kind, times)| format!("{times} {kind}")).collect();
    let patches = match &*kinds {
        [] => "no patches".to_owned(),
        kinds => format!("patches: {}", kinds.join(", ")),
    };
    let words = [
        format!("half within {}", time(all.median_s())),
        format!("nine of ten within {}", time(all.p90_s())),
        share(all.rejected, "rejected"),
        share(all.by_timer, "by the timer"),
        share(all.seen_wholly, "seen wholly"),
        counted(usize::try_from(all.holds).unwrap_or(usize::MAX), "hold"),
        patches,
    ];
    wrap::split(&words.join(" · "), usize::from(columns).saturating_sub(2), WORDS_MAX)
}

/// What is to be said of today, a phrase in no more than a line.
pub(crate) fn today(model: &Model, columns: u16) -> Vec<String> {
    let Some(figures) = &model.panes.figures.figures else {
        return vec!["reading…".to_owned()];
    };
    let Some(counts) = figures.days.get(&day(model.now.utc)).filter(|day| day.decisions() > 0) else {
        return vec!["no decision yet".to_owned()];
    };
    let phrases = [
        format!("{} decided, {} rejected", counts.decisions(), counts.rejected),
        format!("{} by the timer, {} seen wholly", counts.by_timer, counts.seen_wholly),
        format!(
            "half within {}, nine of ten within {}",
            time(counts.median_s()),
            time(counts.p90_s())
        ),
    ];
    let split = |phrase: &String| wrap::split(phrase, usize::from(columns), 2);
    phrases.iter().flat_map(split).collect()
}

/// A line of the list.
pub(crate) enum ListLine<'a> {
    /// What the lines below it are about.
    Head(&'static str),
    Blank,
    Counts(&'a str, &'a FigureCounts),
}

/// The list: stages, then, set off, who decided. The head of the stages stands above it.
pub(crate) fn list(figures: &Figures) -> Vec<ListLine<'_>> {
    let of = |wanted: &'static str| {
        let rows = figures.rows().filter(move |(group, ..)| *group == wanted);
        rows.map(|(_, name, counts)| ListLine::Counts(name, counts))
    };
    let between = [ListLine::Blank, ListLine::Head(BY_OPERATOR)];
    of("stage").chain(between).chain(of("operator")).collect()
}

/// The heads of the two parts of the list.
pub(crate) const BY_STAGE: &str = "STAGE";
const BY_OPERATOR: &str = "OPERATOR";

/// The rows of the chart and of the list below its head.
pub(crate) fn shares(model: &Model, area: Rect) -> (u16, usize) {
    let Some(figures) = &model.panes.figures.figures else {
        return (0, 0);
    };
    let words = u16::try_from(words(figures, area.width).len()).unwrap_or(0);
    // The title, the words, and the head of the list.
    let rest = area.height.saturating_sub(2 + words);
    let chart = if rest > 2 * CHART_ROWS { CHART_ROWS } else { 0 };
    (chart, usize::from(rest - chart))
}
