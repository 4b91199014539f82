//! How gates were decided of late.

use domain::figures::Figures;
use domain::time::{SECOND_US, Timestamp};

/// So far back it is looked.
pub(crate) const DAYS: i64 = 30;

#[derive(Debug, Clone, Default)]
pub(crate) struct FiguresPane {
    /// None: no answer has come.
    pub(crate) figures: Option<Box<Figures>>,
    /// The first row shown of the list.
    pub(crate) top: usize,
}

/// The beginning of what is counted: whole days, today the last one.
pub(crate) fn since(now: Timestamp) -> Timestamp {
    const DAY_US: i64 = 86_400 * SECOND_US;
    let today = now.micros().div_euclid(DAY_US);
    Timestamp::from_micros((today + 1 - DAYS) * DAY_US)
}
