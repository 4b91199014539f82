//! Whether an Enter that came now would be the same one once more, or the end of a text.

use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::model::Model;

/// The key that answers the open question, or takes what a field holds; without one, the key that
/// would answer a question.
pub(crate) fn key(model: &Model) -> &'static str {
    let key = keymap::key_of(model.focus(), Action::Accept);
    key.unwrap_or_else(|| keymap::key_in(Focus::Confirm, Action::Accept))
}

/// What an Enter right behind a text is answered with.
pub(crate) fn behind_text(model: &Model) -> String {
    let enter = key(model);
    format!(
        "Letters came as a text does, and {enter} does nothing right behind them: read what is asked, then press it"
    )
}

/// What an Enter in a text that came at once is answered with.
pub(crate) fn in_text(model: &Model) -> String {
    let enter = key(model);
    format!("What came at once is text: the {enter} in it did nothing   hint: press {enter}")
}

/// Who answers a question that asks once more reads it first. What comes sooner is the same Enter:
/// held down, or bouncing; or the end of a text that somebody wrote elsewhere than they thought, or
/// that a slow line brings letter by letter.
pub(crate) const ONCE_MORE_US: i64 = 700_000;

/// Whether an Enter that came now would be the one that the question has had.
pub(crate) fn is_same_enter(model: &Model) -> bool {
    once_more_us(model).is_some_and(|left_us| left_us > 0)
}

/// Whether an Enter that came now would be part of a text.
pub(crate) fn is_behind_text(model: &Model) -> bool {
    is_same_enter(model) && model.keys.slips.letters.is_some_and(|letters| letters.is_text)
}

/// Microseconds until the next Enter counts.
pub(crate) fn once_more_us(model: &Model) -> Option<i64> {
    let since = model.keys.slips.once_more_boot_us?;
    Some((since + ONCE_MORE_US - model.now.boot_us).max(0))
}
