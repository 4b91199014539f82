//! How many decisions and how many facts of one are in sight, and these facts.

use ratatui::layout::Rect;

use crate::facts::{label, wrap};
use crate::model::Model;
use domain::decision::Decision;
use domain::old::ListedDecision;

/// How many decisions stay in sight above the facts of the selected one, where there is room for
/// both.
const ROWS_MIN: u16 = 3;

/// Each fact in one line, and the rule above them.
const DETAIL_LINES_MIN: u16 = 7;

/// From this width on the columns have heads, and there is room for how long it took and how much
/// of it was seen.
const HEADS_MIN: u16 = 100;

pub(crate) fn has_heads(area: Rect) -> bool {
    area.width >= HEADS_MIN
}

pub(crate) fn rows(model: &Model, area: Rect) -> usize {
    let around = 1 + u16::from(has_heads(area)) + detail_height(model, area);
    usize::from(area.height.saturating_sub(around)).max(1)
}

/// The lines of the selected decision's facts, the rule above them included.
pub(crate) fn detail_height(model: &Model, area: Rect) -> u16 {
    let Some(entry) = model.panes.history.current() else {
        return 0;
    };
    let wanted = u16::try_from(detail(entry, area.width).len() + 1).unwrap_or(u16::MAX);
    wanted
        .min(area.height.saturating_sub(1 + ROWS_MIN).max(DETAIL_LINES_MIN))
        .min(area.height.saturating_sub(2 + u16::from(has_heads(area))))
}

/// Cells of a fact's name.
pub(crate) const FACT_CELLS: usize = 6;

/// A note takes at most so many lines.
const NOTE_LINES_MAX: usize = 20;
/// The same of each comment on a line.
const COMMENT_LINES_MAX: usize = 4;

/// The stage of a decision, with the attempt where there is one.
pub(crate) fn stage(decision: ListedDecision<'_>) -> String {
    match decision.attempt() {
        Some(attempt) => format!("{} #{attempt}", decision.stage()),
        None => format!("{} old", decision.stage()),
    }
}

/// The facts of a decision, each with its name before the first of its lines. The note comes last:
/// it alone may be long.
pub(crate) fn detail(entry: ListedDecision<'_>, columns: u16) -> Vec<(&'static str, String)> {
    let auto = if entry.is_auto_approved() {
        "   no person decided"
    } else {
        ""
    };
    let (by, seen, about, hash) = match entry {
        ListedDecision::Ours(sealed) => (
            came_in(&sealed.decision),
            seen(&sealed.decision),
            about(&sealed.decision),
            format!("#{} {}", sealed.seq, sealed.hash),
        ),
        ListedDecision::Old(old) => (
            old.by.clone(),
            "(not recorded)".to_owned(),
            format!("{} of the old system, {}", old.stage, label::date(old.at)),
            "(old record: it stands outside the chain)".to_owned(),
        ),
    };
    let patch = entry.patch().map_or_else(|| "(none)".to_owned(), ToString::to_string);
    let said = match entry {
        ListedDecision::Ours(sealed) => sealed.decision.comments(),
        ListedDecision::Old(_) => &[],
    };
    let said = said.iter().map(|comment| {
        let words = format!("{} {}", comment.place(), comment.text.replace('\n', " "));
        ("comment", words, COMMENT_LINES_MAX)
    });
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
    facts.into_iter().chain(said).flat_map(lines).collect()
}

/// How many of so many facts' lines are in sight below the rule: where they do not fit, a line says
/// so.
pub(crate) fn fact_rows(lines: usize, area: Rect) -> usize {
    let room = usize::from(area.height.saturating_sub(1));
    if lines > room { room.saturating_sub(1) } else { lines }
}

/// The first line of the selected decision's facts that can stand at the top, at most, and how many
/// are in sight.
pub(crate) fn detail_rows(model: &Model, area: Rect) -> (usize, usize) {
    let entry = model.panes.history.current();
    let lines = entry.map_or(0, |entry| detail(entry, area.width).len());
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
    format!("{} ({})", decision.by_words(), via.words())
}

/// Who had looked.
fn seen(decision: &Decision) -> String {
    let seen = decision.seen().iter().map(|seen| {
        let at = label::clock_minutes(seen.at);
        format!("{} {at} {}", seen.by, seen.shown_words()).trim_end().to_owned()
    });
    let seen: Vec<_> = seen.collect();
    if seen.is_empty() {
        "nobody had looked".to_owned()
    } else {
        seen.join(", ")
    }
}

/// What was decided on.
fn about(decision: &Decision) -> String {
    let artifacts = decision.artifacts().iter().map(|artifact| {
        let after = artifact.sha256_after.map(|after| format!(" -> {}", after.short()));
        let reviewed = artifact.sha256.map(|sha256| sha256.short());
        let reviewed = reviewed.as_deref().unwrap_or("new");
        format!("{} {reviewed}{}", artifact.path.file_name(), after.unwrap_or_default())
    });
    artifacts.collect::<Vec<_>>().join("  ")
}
