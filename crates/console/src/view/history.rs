//! The decisions made so far, newest first, and the facts of the selected one.

use crate::facts::wrap;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use crate::action::Action;
use crate::facts::{label, shorten};
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::history::Entry;
use domain::decision::Decision;
use domain::time::Timestamp;
use text::{visible_line, width};

/// So many decisions stay in sight above the facts of the selected one, where there is room for both.
const ROWS_MIN: u16 = 3;
/// Each fact in one line, and the rule above them.
const DETAIL_LINES_MIN: u16 = 7;

/// How many decisions fit.
pub(crate) fn rows(model: &Model) -> usize {
    list_rows(model, layout::of(model).lower)
}

fn list_rows(model: &Model, area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1 + detail_height(model, area))).max(1)
}

/// The lines of the selected decision's facts, the rule above them included.
fn detail_height(model: &Model, area: Rect) -> u16 {
    let Some(entry) = model.history.current() else {
        return 0;
    };
    let wanted = u16::try_from(detail(entry, area.width).len() + 1).unwrap_or(u16::MAX);
    wanted
        .min(area.height.saturating_sub(1 + ROWS_MIN).max(DETAIL_LINES_MIN))
        .min(area.height.saturating_sub(2))
}

/// Cells of a fact's name.
const FACT_CELLS: usize = 6;
/// A note takes at most so many lines.
const NOTE_LINES_MAX: usize = 20;

/// The widths of the columns whose words differ in length: time or date, job, stage, name. The note takes what is left.
struct Widths {
    time: usize,
    job: usize,
    stage: usize,
    by: usize,
}

impl Widths {
    fn of(shown: &[Entry<'_>], now: Timestamp, columns: u16) -> Self {
        let most = usize::from(columns) / 4;
        let widest = |text: &dyn Fn(Entry<'_>) -> usize| shown.iter().map(|entry| text(*entry)).max().unwrap_or(0);
        Self {
            time: widest(&|entry| label::time_or_date(entry.at(), now).len()),
            job: widest(&|entry| width(&label::job(entry.job_id(), ""))).clamp(5, most.max(9)),
            stage: widest(&|entry| width(&entry.stage())).min(16),
            by: widest(&|entry| width(&visible_line(entry.by()))).min(12),
        }
    }
}

fn draw_row(model: &Model, decision: Entry<'_>, name: &str, widths: &Widths, is_selected: bool, mut pen: Pen<'_>) {
    let theme = model.theme;
    let verdict = match (decision.is_approved(), decision.is_by_timer()) {
        (true, _) => "+ approved",
        (false, _) => "- rejected",
    };
    let style = match (decision.is_by_timer(), decision.is_approved()) {
        (true, _) => theme.timer(),
        (false, true) => theme.added(),
        (false, false) => theme.removed(),
    };
    let is_reversed = is_selected && model.is_lower_focused;
    let style = if is_reversed { theme.plain() } else { style };
    pen.text(if is_selected { " > " } else { "   " }, theme.strong());
    pen.cell(
        &label::time_or_date(decision.at(), model.now.utc),
        widths.time,
        theme.plain(),
    )
    .skip(1);
    pen.cell(name, widths.job, theme.plain()).skip(1);
    pen.cell(&decision.stage(), widths.stage, theme.plain()).skip(1);
    pen.cell(verdict, 10, style).skip(1);
    pen.cell(decision.by(), widths.by, style).skip(1);
    let patch = if decision.patch().is_some() { "patch " } else { "" };
    pen.text(patch, theme.plain())
        .text(decision.notes().unwrap_or(""), theme.plain());
    if is_reversed {
        pen.fill(theme.selected());
    }
}

/// The facts of a decision, each with its name before the first of its lines. The note comes last: it alone may be long.
fn detail(entry: Entry<'_>, columns: u16) -> Vec<(&'static str, String)> {
    let is_auto = match entry {
        Entry::Ours(sealed) => sealed.decision.is_auto_approved(),
        Entry::Old(old) => old.auto_approved,
    };
    let auto = if is_auto { "   no person decided" } else { "" };
    let (by, seen, about, hash) = match entry {
        Entry::Ours(sealed) => (
            came_in(&sealed.decision),
            seen(&sealed.decision),
            about(&sealed.decision),
            format!("#{} {}", sealed.seq, sealed.hash),
        ),
        Entry::Old(old) => (
            old.by.clone(),
            "(not recorded)".to_owned(),
            format!("{} of the old system, {}", old.stage, label::date(old.at)),
            "(old record: it stands outside the chain)".to_owned(),
        ),
    };
    let patch = entry.patch().map_or_else(|| "(none)".to_owned(), ToString::to_string);
    let facts = [
        ("by", format!("{by}{auto}"), 2),
        ("seen", seen, 2),
        ("about", about, 2),
        ("patch", patch, 2),
        ("hash", hash, 1),
        ("note", entry.notes().unwrap_or("(none)").to_owned(), NOTE_LINES_MAX),
    ];
    let room = usize::from(columns).saturating_sub(1 + FACT_CELLS);
    let lines = |(name, text, most): (&'static str, String, usize)| {
        let split = wrap::split(&text, room, most);
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        names.zip(split).collect::<Vec<_>>()
    };
    facts.into_iter().flat_map(lines).collect()
}

fn draw_detail(model: &Model, entry: Entry<'_>, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let rule = "─".repeat(usize::from(area.width));
    Pen::new(buffer, area).text(&rule, theme.rule());
    let lines = detail(entry, area.width);
    let rows = fact_rows(lines.len(), area);
    let top = model.history.detail_top.min(lines.len() - rows);
    for (line, (name, text)) in (1..).zip(lines.iter().skip(top).take(rows)) {
        let mut pen = Pen::at_line(buffer, area, line);
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
        let mut pen = Pen::at_line(buffer, area, area.height.saturating_sub(1));
        pen.skip(1 + FACT_CELLS as u16).text(&words, theme.warning());
    }
}

/// How many of so many facts' lines are in sight below the rule: where they do not fit, a line says so.
fn fact_rows(lines: usize, area: Rect) -> usize {
    let room = usize::from(area.height.saturating_sub(1));
    if lines > room { room.saturating_sub(1) } else { lines }
}

/// The first line of the selected decision's facts that can stand at the top, at most, and how many are in sight.
pub(crate) fn detail_rows(model: &Model) -> (usize, usize) {
    let area = layout::of(model).lower;
    let lines = model
        .history
        .current()
        .map_or(0, |entry| detail(entry, area.width).len());
    let height = detail_height(model, area);
    let rows = fact_rows(lines, Rect { height, ..area });
    (lines - rows, rows)
}

/// Who decided, and how they came in.
fn came_in(decision: &Decision) -> String {
    let via = decision.via();
    if decision.is_by_timer() {
        return format!("the timer, in a process of {} on {}", via.login, via.host);
    }
    format!("{} ({})", decision.by(), via.words())
}

/// Who had looked.
fn seen(decision: &Decision) -> String {
    let seen: Vec<_> = decision
        .seen()
        .iter()
        .map(|seen| {
            let at = label::clock_minutes(seen.at);
            format!("{} {at} {}", seen.by, seen.shown_words()).trim_end().to_owned()
        })
        .collect();
    if seen.is_empty() {
        "nobody had looked".to_owned()
    } else {
        seen.join(", ")
    }
}

/// What was decided on.
fn about(decision: &Decision) -> String {
    let artifacts: Vec<_> = decision
        .artifacts()
        .iter()
        .map(|artifact| {
            let after = artifact
                .sha256_after
                .map(|after| format!(" -> {}", after.short()))
                .unwrap_or_default();
            let reviewed = artifact
                .sha256
                .map_or_else(|| "new".to_owned(), |sha256| sha256.short());
            format!("{} {reviewed}{after}", artifact.path.file_name())
        })
        .collect();
    artifacts.join("  ")
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let history = &model.history;
    let style = if model.is_lower_focused {
        theme.selected()
    } else {
        theme.strong()
    };
    let mut pen = Pen::new(buffer, area);
    pen.text("─", theme.rule()).text(" HISTORY ", style);
    let count = history.count();
    match (history.is_loaded, count) {
        (false, _) => pen.text(" reading…", theme.plain()),
        (true, 0) => pen.text(" no decision was made yet", theme.plain()),
        (true, _) => pen.text(
            &format!(" decision {} of {count}, newest first", history.index() + 1),
            theme.plain(),
        ),
    };
    pen.text(" ", theme.plain()).rule(theme);
    let rows = list_rows(model, area);
    let index = history.index();
    let top = history.top.min(index).max((index + 1).saturating_sub(rows));
    let shown = history.entries(top, rows);
    let widths = Widths::of(&shown, model.now.utc, area.width);
    let names: Vec<String> = shown.iter().map(|entry| label::job(entry.job_id(), "")).collect();
    let names = shorten::distinct(&names, widths.job);
    for ((line, entry), (place, name)) in (1..).zip(&shown).zip((top..).zip(&names)) {
        let pen = Pen::at_line(buffer, area, line);
        draw_row(model, *entry, name, &widths, place == index, pen);
    }
    if let Some(entry) = history.current() {
        let height = detail_height(model, area);
        let detail = Rect {
            y: area.bottom().saturating_sub(height),
            height,
            ..area
        };
        draw_detail(model, entry, detail, buffer);
    }
}
