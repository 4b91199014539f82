//! A diff as it stands on the screen.

use crate::model::Model;
use crate::model::file::FileView;
use crate::model::look::{Mode, ViewOptions};
use diff::document::{DiffDocument, DiffSide};
use diff::page::{Columns, Page};

/// Sign and blank before a text.
const SIGN_CELLS: usize = 2;

/// A diff as it stands on so many columns of the screen, `left` cells scrolled sideways where it
/// does not wrap. A text without a former one has one column: there is nothing to stand beside it.
pub(crate) fn page(document: &DiffDocument, look: ViewOptions, left: usize, columns: u16) -> Page<'_> {
    let columns = usize::from(columns);
    let numbers = number_cells(document);
    let columns = match look.mode {
        Mode::SideBySide if !document.is_new() => {
            // Number, blank and sign on both sides; a rule between them.
            Columns::Two((columns.saturating_sub(1) / 2).saturating_sub(numbers + 1 + SIGN_CELLS))
        }
        Mode::SideBySide | Mode::Unified | Mode::Values => {
            Columns::One(columns.saturating_sub(numbers + 2 + SIGN_CELLS))
        }
    };
    Page::new(document, columns, look.wraps, left)
}

/// A JSON document of one line is shown by its values from so many bytes on: as a text it would be a
/// wall.
const WALL_BYTES: usize = 240;

/// Whether the changed values of a file are what is shown of it.
pub(crate) fn is_listed(model: &Model, file: &FileView) -> bool {
    let look = model.panes.look;
    let is_wall = || {
        let is_one_line = file.document().is_some_and(|text| text.line_count(DiffSide::New) == 1);
        is_one_line && file.bytes.as_ref().is_some_and(|bytes| bytes.len() >= WALL_BYTES)
    };
    let is_first = !look.is_chosen && look.mode == Mode::Unified && !file.is_read_as_text;
    file.details.values.is_some() && (look.mode == Mode::Values || is_first && is_wall())
}

pub(crate) fn number_cells(document: &DiffDocument) -> usize {
    let lines = document
        .line_count(DiffSide::New)
        .max(document.line_count(DiffSide::Old));
    lines.to_string().len().max(3)
}
