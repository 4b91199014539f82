//! The decisions made so far, newest first, and the facts of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::row_writer::RowWriter;
use crate::action::Action;
use crate::facts::history::{FACT_CELLS, detail, detail_height, fact_rows, has_heads, rows, stage};
use crate::facts::{label, shorten};
use crate::keymap::{self, Focus};
use crate::layout::take_bottom;
use crate::model::Model;
use crate::theme::Theme;
use domain::decision::Decision;
use domain::old::ListedDecision;
use domain::time::Timestamp;
use text::words::duration_us;
use text::{visible_line, width};

/// The widths of the columns whose words differ in length: time or date, job, stage, name. The note
/// takes what is left.
struct Widths {
    time: usize,
    job: usize,
    stage: usize,
    by: usize,
    /// Whether there is room for how long it took and how much of it was seen.
    has_facts: bool,
}

fn seen_words(decision: &Decision) -> &'static str {
    match (decision.is_wholly_seen(), decision.seen().is_empty()) {
        (true, _) => "all seen",
        (false, false) => "some seen",
        (false, true) => "unseen",
    }
}

/// The heads of the columns, where there is room for them.
const HEADS: [&str; 8] = ["TIME", "JOB", "STAGE", "VERDICT", "BY", "WAITED", "SEEN", "NOTE"];
/// Cells of the verdict, of how long it waited, and of how much was seen.
const FIXED: (usize, usize, usize) = (10, 7, 9);

impl Widths {
    fn of(shown: &[ListedDecision<'_>], now: Timestamp, area: Rect) -> Self {
        let most = usize::from(area.width) / 4;
        let has_facts = has_heads(area);
        let least = |head: &str| if has_facts { head.len() } else { 0 };
        let widest =
            |text: &dyn Fn(ListedDecision<'_>) -> usize| shown.iter().map(|entry| text(*entry)).max().unwrap_or(0);
        Self {
            time: widest(&|entry| label::time_or_date(entry.at(), now).len()).max(least(HEADS[0])),
            job: widest(&|entry| width(&label::job(entry.job_id(), ""))).clamp(5, most.max(9)),
            stage: widest(&|entry| width(&stage(entry)))
                .min(if has_facts { most } else { 16 })
                .max(least(HEADS[2])),
            by: widest(&|entry| width(&visible_line(entry.by())))
                .min(if has_facts { 20 } else { 12 })
                .max(least(HEADS[4])),
            has_facts,
        }
    }
}

fn draw_heads(widths: &Widths, theme: Theme, mut pen: RowWriter<'_>) {
    let [time, job, stage, verdict, by, waited, seen, note] = HEADS;
    let left = [
        (time, widths.time),
        (job, widths.job),
        (stage, widths.stage),
        (verdict, FIXED.0),
        (by, widths.by),
    ];
    pen.skip(3);
    for (head, cells) in left {
        pen.cell(head, cells, theme.strong()).skip(1);
    }
    pen.cell_right(waited, FIXED.1, theme.strong()).skip(1);
    pen.cell(seen, FIXED.2, theme.strong()).skip(1);
    pen.text(note, theme.strong());
}

fn draw_row(
    model: &Model,
    decision: ListedDecision<'_>,
    name: &str,
    widths: &Widths,
    is_selected: bool,
    mut pen: RowWriter<'_>,
) {
    let theme = model.session.theme();
    let verdict = match (decision.is_approved(), decision.is_by_timer()) {
        (true, _) => "+ approved",
        (false, _) => "- rejected",
    };
    let style = match (decision.is_by_timer(), decision.is_approved()) {
        (true, _) => theme.timer(),
        (false, true) => theme.added(),
        (false, false) => theme.removed(),
    };
    let is_reversed = is_selected && model.panes.is_lower_focused;
    let style = if is_reversed { theme.plain() } else { style };
    // What no person decided is set off, without colours too.
    pen.text(if decision.is_by_timer() { "t" } else { " " }, style);
    pen.text(if is_selected { "> " } else { "  " }, theme.strong());
    pen.cell(
        &label::time_or_date(decision.at(), model.now.utc),
        widths.time,
        theme.plain(),
    )
    .skip(1);
    pen.cell(name, widths.job, theme.plain()).skip(1);
    pen.cell(&stage(decision), widths.stage, theme.plain()).skip(1);
    pen.cell(verdict, FIXED.0, style).skip(1);
    pen.cell(decision.by(), widths.by, style).skip(1);
    if widths.has_facts {
        let (after, seen) = match decision {
            ListedDecision::Ours(sealed) => (duration_us(sealed.decision.waited_us()), seen_words(&sealed.decision)),
            ListedDecision::Old(_) => (String::new(), ""),
        };
        pen.cell_right(&after, FIXED.1, theme.plain()).skip(1);
        pen.cell(seen, FIXED.2, theme.plain()).skip(1);
    }
    let patch = if decision.patch().is_some() { "patch " } else { "" };
    pen.text(patch, theme.plain())
        .text(decision.notes().unwrap_or(""), theme.plain());
    if is_reversed {
        pen.fill(theme.selected());
    }
}

fn draw_detail(model: &Model, entry: ListedDecision<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    RowWriter::new(buffer, area).rule(theme);
    let lines = detail(entry, area.width);
    let rows = fact_rows(lines.len(), area);
    let top = model.panes.history.detail_top.min(lines.len() - rows);
    for (line, (name, text)) in (1..).zip(lines.iter().skip(top).take(rows)) {
        let mut pen = RowWriter::at_line(buffer, area, line);
        pen.skip(1)
            .cell(name, FACT_CELLS, theme.strong())
            .text(text, theme.plain());
    }
    if rows < lines.len() {
        let keys = [Action::HalfDown, Action::HalfUp].map(|action| keymap::key_of(Focus::History, action));
        let keys: Vec<_> = keys.into_iter().flatten().collect();
        let words = format!(
            "lines {}-{} of {}   {}",
            top + 1,
            top + rows,
            lines.len(),
            keys.join(" ")
        );
        let mut pen = RowWriter::at_line(buffer, area, area.height.saturating_sub(1));
        pen.skip(1 + FACT_CELLS as u16).text(&words, theme.warning());
    }
}

pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let history = &model.panes.history;
    let style = if model.panes.is_lower_focused {
        theme.selected()
    } else {
        theme.strong()
    };
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─", theme.rule()).text(" HISTORY ", style);
    let count = history.count();
    match (history.is_loaded, count) {
        (false, _) => pen.text(" reading…", theme.plain()),
        (true, 0) if history.hidden() > 0 => pen.text(" no decision matches the filter", theme.warning()),
        (true, 0) => pen.text(" no decision was made yet", theme.plain()),
        (true, _) => pen.text(
            &format!(" decision {} of {count}, newest first", history.index() + 1),
            theme.plain(),
        ),
    };
    if !history.filter.is_empty() {
        let words = format!("  filter: {}, {} hidden", history.filter, history.hidden());
        pen.text(&words, theme.warning());
    }
    pen.text(" ", theme.plain()).rule(theme);
    let rows = rows(model, area);
    let index = history.index();
    let top = history.top.min(index).max((index + 1).saturating_sub(rows));
    let shown = history.entries(top, rows);
    let widths = Widths::of(&shown, model.now.utc, area);
    let names: Vec<String> = shown.iter().map(|entry| label::job(entry.job_id(), "")).collect();
    let names = shorten::distinct(&names, widths.job);
    let first = 1 + u16::from(widths.has_facts);
    if widths.has_facts && !shown.is_empty() {
        draw_heads(&widths, theme, RowWriter::at_line(buffer, area, 1));
    }
    for ((line, entry), (place, name)) in (first..).zip(&shown).zip((top..).zip(&names)) {
        let pen = RowWriter::at_line(buffer, area, line);
        draw_row(model, *entry, name, &widths, place == index, pen);
    }
    if let Some(entry) = history.current() {
        let detail = take_bottom(&mut { area }, detail_height(model, area));
        draw_detail(model, entry, detail, buffer);
    }
}
