//! How many jobs are in sight.

use ratatui::layout::Rect;

/// The rows below the title and the heads of the columns.
pub(crate) fn rows(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(2)).max(1)
}
