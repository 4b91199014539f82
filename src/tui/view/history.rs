//! The decisions made so far, newest first, and the facts of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use super::{label, shorten};
use crate::diff::text::{visible_line, width};
use crate::domain::decision::SealedDecision;
use crate::domain::time::Timestamp;
use crate::tui::layout;
use crate::tui::model::Model;

const DETAIL_LINES: u16 = 7;

/// How many decisions fit.
pub fn rows(model: &Model) -> usize {
    list_rows(layout::of(model).lower)
}

fn list_rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1 + DETAIL_LINES)).max(1)
}

/// The widths of the columns whose words differ in length: time or date, job, stage, name. The note takes what is left.
struct Widths {
    time: usize,
    job: usize,
    stage: usize,
    by: usize,
}

impl Widths {
    fn of(shown: &[SealedDecision], now: Timestamp, columns: u16) -> Self {
        let most = usize::from(columns) / 4;
        let widest = |text: &dyn Fn(&SealedDecision) -> usize| shown.iter().map(text).max().unwrap_or(0);
        Self {
            time: widest(&|sealed| label::time_or_date(sealed.decision.at(), now).len()),
            job: widest(&|sealed| width(&label::job(sealed.decision.job_id(), ""))).clamp(5, most.max(9)),
            stage: widest(&|sealed| width(&stage(sealed))).min(16),
            by: widest(&|sealed| width(&visible_line(sealed.decision.by()))).min(12),
        }
    }
}

fn stage(sealed: &SealedDecision) -> String {
    format!("{} #{}", sealed.decision.stage(), sealed.decision.attempt())
}

fn draw_row(model: &Model, sealed: &SealedDecision, name: &str, widths: &Widths, is_selected: bool, mut pen: Pen<'_>) {
    let theme = model.theme;
    let decision = &sealed.decision;
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
    pen.cell(&stage(sealed), widths.stage, theme.plain()).skip(1);
    pen.cell(verdict, 10, style).skip(1);
    pen.cell(decision.by(), widths.by, style).skip(1);
    let patch = if decision.patch().is_some() { "patch " } else { "" };
    pen.text(patch, theme.plain())
        .text(decision.notes().unwrap_or(""), theme.plain());
    if is_reversed {
        pen.fill(theme.selected());
    }
}

fn draw_detail(model: &Model, sealed: &SealedDecision, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let decision = &sealed.decision;
    let rule = "─".repeat(usize::from(area.width));
    Pen::new(buffer, area).text(&rule, theme.rule());
    let via = decision.via();
    let ssh = via
        .ssh_client
        .as_ref()
        .map(|client| format!(" from {client}"))
        .unwrap_or_default();
    let auto = if decision.is_auto_approved() {
        "   auto-approved"
    } else {
        ""
    };
    let seen: Vec<_> = decision
        .seen()
        .iter()
        .map(|seen| format!("{} {}", seen.by, label::clock_minutes(seen.at)))
        .collect();
    let seen = if seen.is_empty() {
        "nobody had looked".to_owned()
    } else {
        seen.join(", ")
    };
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
    let lines = [
        (
            "by    ",
            format!(
                "{} as {}@{} by {}{ssh}{auto}",
                decision.by(),
                via.login,
                via.host,
                via.surface.as_str()
            ),
        ),
        ("seen  ", seen),
        ("about ", artifacts.join("  ")),
        (
            "patch ",
            decision
                .patch()
                .map(ToString::to_string)
                .unwrap_or_else(|| "(none)".to_owned()),
        ),
        ("note  ", decision.notes().unwrap_or("(none)").to_owned()),
        ("hash  ", format!("#{} {}", sealed.seq, sealed.hash)),
    ];
    for (offset, (name, text)) in (1..).zip(&lines) {
        Pen::at_line(buffer, area, offset)
            .skip(1)
            .text(name, theme.strong())
            .text(text, theme.plain());
    }
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
    let count = history.decisions.len();
    match (history.is_loaded, count) {
        (false, _) => pen.text(" reading…", theme.plain()),
        (true, 0) => pen.text(" no decision was made yet", theme.plain()),
        (true, _) => pen.text(
            &format!(" {} of {count} decisions, newest first", history.index() + 1),
            theme.plain(),
        ),
    };
    pen.text(" ", theme.plain()).rule(theme);
    let rows = list_rows(area);
    let index = history.index();
    let top = history.top.min(index).max((index + 1).saturating_sub(rows));
    let shown = history.decisions.get(top..).unwrap_or_default();
    let shown = shown.get(..rows).unwrap_or(shown);
    let widths = Widths::of(shown, model.now.utc, area.width);
    let names: Vec<String> = shown
        .iter()
        .map(|sealed| label::job(sealed.decision.job_id(), ""))
        .collect();
    let names = shorten::distinct(&names, widths.job);
    for ((line, sealed), (place, name)) in (1..).zip(shown).zip((top..).zip(&names)) {
        let pen = Pen::at_line(buffer, area, line);
        draw_row(model, sealed, name, &widths, place == index, pen);
    }
    if let Some(sealed) = history.current() {
        let height = DETAIL_LINES.min(area.height.saturating_sub(2));
        let detail = Rect {
            y: area.bottom().saturating_sub(height),
            height,
            ..area
        };
        draw_detail(model, sealed, detail, buffer);
    }
}
