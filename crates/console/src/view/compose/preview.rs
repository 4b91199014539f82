//! The diff that the patch would make.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::facts::page;
use crate::layout::below;
use crate::model::Model;
use crate::model::compose::{Check, Compose};
use crate::model::look::ViewOptions;
use crate::view::diff_rows;
use crate::view::row_writer::RowWriter;
use diff::page::{Page, PagePosition};
use diff::{DiffDocument, DiffSide};

/// The diff, where the text fits and what changes is text.
pub(crate) fn document(compose: &Compose) -> Option<&DiffDocument> {
    let (_, preview) = compose.preview.found.as_ref()?;
    preview.document.as_ref()
}

/// Draws it below a head of its own.
pub fn draw(model: &Model, compose: &Compose, area: Rect, buffer: &mut Buffer) {
    let theme = model.session.theme();
    let mut pen = RowWriter::new(buffer, area);
    pen.text("─ what it would do ", theme.rule());
    let below = below(area, 1);
    let (Check::Fits(checked), Some(document)) = (&compose.check, document(compose)) else {
        pen.rule(theme);
        let words = match &compose.check {
            Check::Unfit(_) if !compose.is_untouched() => "nothing, as it does not fit",
            Check::Unfit(_) | Check::Pending => "the diff of what you write shows here",
            Check::Fits(_) => "comparing…",
        };
        RowWriter::new(buffer, below).skip(1).text(words, theme.rule());
        return;
    };
    let name = checked.planned.path.rsplit('/').next().unwrap_or_default();
    if document.diff().is_coarse {
        pen.text("coarse ", theme.warning());
    }
    pen.text(&format!("to {name} "), theme.plain())
        .text(&format!("+{}", document.diff().added), theme.added())
        .text(&format!(" -{} ", document.diff().removed), theme.removed());
    pen.rule(theme);
    let page = page::page(document, ViewOptions::default(), 0, below.width);
    let top = top(compose, &page, usize::from(below.height));
    diff_rows::draw(&diff_rows::Shown::plain(&page, top), theme, below, buffer);
}

/// The first line shown: the changes around the cursor, as far as they were not scrolled away from.
fn top(compose: &Compose, page: &Page<'_>, height: usize) -> PagePosition {
    let document = page.document;
    // The lines of an edit are those of the file that it makes.
    let line = compose
        .edited()
        .filter(|edited| !edited.has_moved)
        .and_then(|_| document.row_of_line(DiffSide::New, compose.editor.place().line));
    let row = match line {
        Some(row) => {
            let hunk = document.hunk_at(row).or_else(|| document.hunk_before(row + 1));
            let start = hunk
                .or_else(|| document.hunk_after(row))
                .and_then(|hunk| document.hunk_rows(hunk));
            // In a hunk that is longer than the screen the line with the cursor counts.
            start.map_or(row, |rows| {
                rows.start.max(row.min(rows.end).saturating_sub(height * 2 / 3))
            })
        }
        None => document.hunk_rows(0).map_or(0, |rows| rows.start),
    };
    let above = PagePosition {
        row: row.saturating_sub(2),
        line: 0,
    };
    page.moved(page.within(above), compose.preview.scroll)
        .min(page.last_top(height))
}
