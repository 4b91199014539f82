//! Moving in the diff: rows, hunks, matches, files, folds.

use super::super::layout;
use super::super::model::Model;
use super::super::model::gate::{Content, GateView};
use super::super::model::look::Mode;
use crate::diff::document::CONTEXT_LINES;
use crate::diff::page::{Page, Place};
use crate::diff::search::{Direction, Needle, find};
use crate::diff::{Folding, Side};

/// The layout of the diff on screen, and its first line.
fn with_page<T>(model: &Model, ask: impl FnOnce(&Page<'_>, Place) -> T) -> Option<T> {
    let file = model.gate.as_ref().and_then(GateView::current)?;
    let page = layout::diff_page(model, file)?;
    Some(ask(&page, page.within(file.top)))
}

fn set_top(model: &mut Model, top: Option<Place>) {
    if let (Some(top), Some(file)) = (top, model.gate.as_mut().and_then(GateView::current_mut)) {
        file.top = top;
    }
}

/// Moves the diff so that a place is in the first line, so far as there are lines.
fn scroll_to(model: &mut Model, place: Place) {
    let height = layout::diff_rows(model);
    let top = with_page(model, |page, _| page.within(place).min(page.last_top(height)));
    set_top(model, top);
}

/// Scrolls by lines.
pub fn scroll_by(model: &mut Model, lines: isize) {
    let height = layout::diff_rows(model);
    let top = with_page(model, |page, top| page.moved(top, lines).min(page.last_top(height)));
    set_top(model, top);
}

/// Where the diff begins when a hunk is looked at: a line above it. A row that is longer than the screen is looked at where
/// it changed, and so is the one that stands for it, far below.
fn stops(page: &Page<'_>, hunk: usize, height: usize) -> Vec<Place> {
    let row_at = page.document.hunk_rows(hunk).map_or(0, |rows| rows.start);
    let changed = |row_at: usize| {
        let row = page.document.row(row_at)?;
        let first = page.document.word_marks(&row).first()?.start;
        let place = page.place_of(row_at, first);
        (place.line >= height.max(2) / 2).then_some(place)
    };
    let Some(place) = changed(row_at) else {
        return vec![page.moved(page.place_of(row_at, 0), -1)];
    };
    let pair = page.document.row(row_at).and_then(|row| row.pair);
    let pair_at = pair.and_then(|line| page.document.row_of_line(Side::New, line));
    let places = [Some(place), pair_at.and_then(changed)];
    let mut stops: Vec<Place> = places
        .into_iter()
        .flatten()
        .map(|place| page.moved(place, -1))
        .collect();
    stops.dedup();
    stops
}

/// To the next hunk, or the one before.
pub fn hunk(model: &mut Model, is_forward: bool) {
    let height = layout::diff_rows(model);
    let found = with_page(model, |page, top| {
        let count = page.document.hunk_count();
        let stops = |hunk: usize| stops(page, hunk, height);
        let row = page.row_at(top).unwrap_or(0);
        // The hunk whose line above stands in the first line is where one is.
        if is_forward {
            let is_end = top >= page.last_top(height);
            let from = page.document.hunk_before(row).unwrap_or(0);
            (from..count)
                .filter(|_| !is_end)
                .flat_map(stops)
                .find(|&place| place > top)
        } else {
            let from = page.document.hunk_after(row).map_or(count, |hunk| hunk + 1);
            let back = |hunk: usize| stops(hunk).into_iter().rev();
            (0..from.min(count)).rev().flat_map(back).find(|&place| place < top)
        }
    });
    let Some(found) = found else {
        return;
    };
    if let Some(place) = found {
        scroll_to(model, place);
        return;
    }
    let edge = if is_forward { "last" } else { "first" };
    let files = model.gate.as_ref().map_or(0, |view| view.files.len());
    let hint = if files > 1 {
        "   hint: ] and [ change the file"
    } else {
        ""
    };
    super::toast(
        model,
        super::Tone::Info,
        format!("This is the {edge} hunk of the file{hint}"),
    );
}

/// Another file.
pub fn file(model: &mut Model, is_forward: bool) {
    if let Some(view) = &mut model.gate {
        let last = view.files.len().saturating_sub(1);
        view.match_row = None;
        view.file = if is_forward {
            (view.file + 1).min(last)
        } else {
            view.file.saturating_sub(1)
        };
    }
}

/// Changes how the diff is laid out; the line at the top stays there as nearly as it can.
fn relayout(model: &mut Model, change: impl FnOnce(&mut Model)) {
    // Rows are other rows under another folding, lines are the same.
    let kept = with_page(model, |page, top| {
        let part = page
            .lines(top, 1)
            .into_iter()
            .next()
            .and_then(|line| line.parts().last().cloned())?;
        let line = part.row.new_line.or(part.row.old_line)?.checked_sub(1)?;
        let side = if part.row.new_line.is_some() {
            Side::New
        } else {
            Side::Old
        };
        Some((side, line, part.bytes.start))
    });
    change(model);
    let Some(Some((side, line, offset))) = kept else {
        return;
    };
    let place = with_page(model, |page, _| {
        let row_at = page.document.row_of_line(side, line).unwrap_or(0);
        page.place_of(row_at, offset)
    });
    if let Some(place) = place {
        scroll_to(model, place);
    }
}

/// Shows or hides unchanged lines.
pub fn fold(model: &mut Model) {
    relayout(model, |model| {
        if let Some(file) = model.gate.as_mut().and_then(GateView::current_mut)
            && let Content::Text(document) = &file.content
        {
            let folding = match document.folding() {
                Folding::Context(_) => Folding::Unfolded,
                Folding::Unfolded => Folding::Context(CONTEXT_LINES),
            };
            file.content = Content::Text(document.with_folding(folding));
        }
    });
}

/// Two texts side by side need at least this much.
const TWO_COLUMNS_MIN: u16 = 60;

/// The next way to show a changed text.
pub fn mode(model: &mut Model) {
    let mode = match model.look.mode {
        Mode::Unified => Mode::SideBySide,
        Mode::SideBySide => Mode::Unified,
    };
    let columns = model.size.0;
    if mode == Mode::SideBySide && columns < TWO_COLUMNS_MIN {
        let text = format!("Not side by side: that needs {TWO_COLUMNS_MIN} columns, there are {columns}");
        super::toast(model, super::Tone::Info, text);
        return;
    }
    relayout(model, |model| model.look.mode = mode);
    let is_new = with_page(model, |page, _| page.document.is_new()) == Some(true);
    let note = if is_new && mode == Mode::SideBySide {
        "; this text is new, there is nothing to stand beside it"
    } else {
        ""
    };
    super::toast(model, super::Tone::Info, format!("Diff {}{note}", mode.label()));
}

/// Wraps long lines, or cuts them.
pub fn wrap(model: &mut Model) {
    relayout(model, |model| model.look.wraps = !model.look.wraps);
    let text = if model.look.wraps {
        "Long lines are wrapped"
    } else {
        "Long lines are cut; h and l scroll sideways"
    };
    super::toast(model, super::Tone::Info, text);
}

/// At most so many rows are searched at a time: the loop must go on.
const SEARCH_ROWS_MAX: usize = 100_000;

/// To the next match, or the one before; without a search, to a hunk.
pub fn find_match(model: &mut Model, is_forward: bool) {
    let Some(view) = &model.gate else {
        return;
    };
    let Some(text) = view.search.clone() else {
        hunk(model, is_forward);
        return;
    };
    let former = view.match_row;
    let (Some(file), Some(needle)) = (view.current(), Needle::new(&text)) else {
        return;
    };
    let (Some(document), Some(top)) = (
        file.document(),
        layout::diff_page(model, file).and_then(|page| page.row_at(page.within(file.top))),
    ) else {
        return;
    };
    let (direction, from) = match (is_forward, former) {
        (true, Some(row)) => (Direction::Down, Some(row + 1)),
        (true, None) => (Direction::Down, Some(top)),
        (false, Some(row)) => (Direction::Up, row.checked_sub(1)),
        (false, None) => (Direction::Up, Some(top)),
    };
    let found = from.and_then(|from| find(document, &needle, from, direction, SEARCH_ROWS_MAX));
    match found {
        Some(found) => {
            if let Some(view) = &mut model.gate {
                view.match_row = Some(found.row);
            }
            let place = with_page(model, |page, _| {
                page.moved(page.place_of(found.row, found.range.start), -1)
            });
            scroll_to(model, place.unwrap_or_default());
        }
        None => {
            let way = if is_forward { "below" } else { "above" };
            super::toast(model, super::Tone::Info, format!("Not found {way}: {text}"));
        }
    }
}
