//! What of the forecast stands in how many rows.

use ratatui::layout::Rect;

use super::wrap;
use crate::model::Model;

/// What is said of the selected row takes at most so many lines.
const WORDS_MAX: usize = 4;

/// What is said of the selected row: the policy that its timer goes by, and what follows.
pub(crate) fn words(model: &Model, columns: u16) -> Vec<String> {
    let Some(line) = model.panes.board.current() else {
        return Vec::new();
    };
    let follows = line.follows.join(" ");
    let words = match line.policy.is_empty() {
        true => follows,
        false => format!("Policy: {}. {follows}", line.policy),
    };
    wrap::split(&words, usize::from(columns).saturating_sub(2), WORDS_MAX)
}

/// The rows of the list, between the heads of its columns and what is said of the selected row.
pub(crate) fn rows(model: &Model, area: Rect) -> usize {
    let words = words(model, area.width).len();
    usize::from(area.height).saturating_sub(2 + words).max(1)
}
