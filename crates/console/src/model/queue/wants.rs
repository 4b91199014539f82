//! How many cells the words of the queue's columns want.

/// What stands in the visible rows, at its widest. Taken when nobody is reading the rows, so that
/// no column moves under the eye.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    pub(crate) job: usize,
    pub(crate) stage: usize,
    pub(crate) who: usize,
}
