//! Moving in the diff: rows, hunks, matches, files, folds.

use super::super::layout;
use super::super::model::Model;
use super::super::model::gate::{Content, GateView};
use crate::diff::Folding;
use crate::diff::document::CONTEXT_LINES;
use crate::diff::search::{Direction, Needle, find};

/// Moves the diff to a row, so far as there are rows.
pub fn scroll_to(model: &mut Model, row: usize) {
    let height = layout::diff_rows(model);
    if let Some(file) = model.gate.as_mut().and_then(GateView::current_mut)
        && let Some(document) = file.document()
    {
        file.top = row.min(document.row_count().saturating_sub(height));
    }
}

/// Scrolls by rows.
pub fn scroll_by(model: &mut Model, rows: isize) {
    let top = model
        .gate
        .as_ref()
        .and_then(GateView::current)
        .map_or(0, |file| file.top);
    scroll_to(model, top.saturating_add_signed(rows));
}

/// To the next hunk, or the one before; at the end, to the next file's first.
pub fn hunk(model: &mut Model, is_forward: bool) {
    let height = layout::diff_rows(model);
    let Some(file) = model.gate.as_ref().and_then(GateView::current) else {
        return;
    };
    let Some(document) = file.document() else {
        return;
    };
    // A hunk's first row stands one row below the top, under a line of context.
    let here = file.top + usize::from(file.top > 0 || document.hunk_rows(0).is_some_and(|rows| rows.start == 1));
    let last_top = document.row_count().saturating_sub(height);
    let target = if is_forward {
        let unseen_below = (file.top >= last_top).then_some(());
        match (document.hunk_after(here), unseen_below) {
            (Some(hunk), None) => document.hunk_rows(hunk).map(|rows| rows.start),
            (Some(_) | None, _) => None,
        }
    } else {
        document
            .hunk_before(here)
            .and_then(|hunk| document.hunk_rows(hunk))
            .map(|rows| rows.start)
    };
    if let Some(row) = target {
        scroll_to(model, row.saturating_sub(1));
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

/// Shows or hides unchanged lines; the row at the top stays there as nearly as it can.
pub fn fold(model: &mut Model) {
    if let Some(file) = model.gate.as_mut().and_then(GateView::current_mut)
        && let Content::Text(document) = &file.content
    {
        let folding = match document.folding() {
            Folding::Context(_) => Folding::Unfolded,
            Folding::Unfolded => Folding::Context(CONTEXT_LINES),
        };
        let top = document.row(file.top);
        let folded = document.with_folding(folding);
        if let Some(row) = top {
            let line = row.new_line.or(row.old_line).unwrap_or(1).saturating_sub(1);
            let side = if row.new_line.is_some() {
                crate::diff::Side::New
            } else {
                crate::diff::Side::Old
            };
            file.top = folded.row_of_line(side, line).unwrap_or(0);
        }
        file.content = Content::Text(folded);
    }
}

/// At most so many rows are searched at a time: the loop must go on.
const SEARCH_ROWS_MAX: usize = 100_000;

/// To the next match, or the one before; without a search, to a hunk.
pub fn find_match(model: &mut Model, is_forward: bool) {
    let Some(view) = &mut model.gate else {
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
    let Some(document) = file.document() else {
        return;
    };
    let (direction, from) = match (is_forward, former) {
        (true, Some(row)) => (Direction::Down, Some(row + 1)),
        (true, None) => (Direction::Down, Some(file.top)),
        (false, Some(row)) => (Direction::Up, row.checked_sub(1)),
        (false, None) => (Direction::Up, Some(file.top)),
    };
    let found = from.and_then(|from| find(document, &needle, from, direction, SEARCH_ROWS_MAX));
    match found {
        Some(found) => {
            view.match_row = Some(found.row);
            scroll_to(model, found.row.saturating_sub(1));
        }
        None => {
            let way = if is_forward { "below" } else { "above" };
            super::toast(model, super::Tone::Info, format!("Not found {way}: {text}"));
        }
    }
}
