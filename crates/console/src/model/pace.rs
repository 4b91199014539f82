//! The pace of a held key: the row moves at once, and what the row is about is asked for and drawn
//! when the selection has rested. Whoever holds a key looks at the rows; a diff for each of them
//! would keep a thin line busy long after the key is let go.

use domain::time::SECOND_US;

/// The selection rests when it has not moved for so long. Keys that repeat come about 33 ms apart.
const REST_US: i64 = SECOND_US / 10;

/// Whether the selection is still on its way.
#[derive(Debug, Default)]
pub struct Pace {
    /// When it moved last, on the boot clock; none: what it is on was asked for.
    moved_boot_us: Option<i64>,
}

impl Pace {
    /// The selection moved, and may go on.
    pub(crate) fn moved(&mut self, boot_us: i64) {
        self.moved_boot_us = Some(boot_us);
    }

    /// It is where it was to go. Returns whether it was on its way.
    pub(crate) fn arrive(&mut self) -> bool {
        self.moved_boot_us.take().is_some()
    }

    /// Whether it may still go on: nothing of what it is on was asked for.
    pub fn is_moving(&self) -> bool {
        self.moved_boot_us.is_some()
    }

    /// Microseconds until it has rested; none: it is not on its way.
    pub fn rests_us(&self, boot_us: i64) -> Option<i64> {
        Some((self.moved_boot_us? + REST_US - boot_us).max(0))
    }
}
