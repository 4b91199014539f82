//! How wide the text that is written is drawn.

use crate::editor::Editor;
use crate::model::compose::Compose;

pub(crate) fn digits(editor: &Editor) -> usize {
    editor.lines().len().to_string().len().max(2)
}

/// Columns of the text itself, in so many with its numbers. One more is for the cursor behind a
/// full row.
pub(crate) fn columns(editor: &Editor, width: u16) -> usize {
    usize::from(width).saturating_sub(digits(editor) + 3).max(1)
}

/// From this width on the preview stands beside the text.
pub(crate) const BESIDE_COLUMNS: u16 = 100;

/// Columns in which the text is drawn.
pub(crate) fn text_columns(compose: &Compose, width: u16) -> usize {
    let width = if is_beside(compose, width) { width / 2 } else { width };
    columns(&compose.editor, width)
}

/// Whether the preview stands beside the text: for everything that has lines.
pub(crate) fn is_beside(compose: &Compose, width: u16) -> bool {
    let found = compose.preview.found.as_ref();
    let has_diff = found.is_none_or(|(_, preview)| preview.document.is_some());
    width >= BESIDE_COLUMNS && has_diff
}
