//! One row of a diff.

use std::ops::Range;

use crate::lines::LineEnd;

/// One of the two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffSide {
    Old,
    New,
}

/// What a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A line that both texts have.
    Context,
    Removed,
    Added,
    /// So many unchanged lines are not shown.
    Fold {
        lines: usize,
    },
    /// The line above, the last of its text, has no final newline.
    NoNewline,
}

/// A row: ranges and numbers, no copied text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub kind: RowKind,
    /// Number of the line in the old text, from 1 (of a fold: of its first line).
    pub old_line: Option<usize>,
    /// Number of the line in the new text, from 1 (of a fold: of its first line).
    pub new_line: Option<usize>,
    /// The text that `text` refers to; of a `NoNewline` row: the text that lacks it (the new one if
    /// both do).
    pub(crate) side: DiffSide,
    /// Bytes of the line, its end left out.
    pub text: Range<usize>,
    /// How the line ends.
    pub end: LineEnd,
    /// For a removed or added row: the line (from 0) of the other side that stands in its place.
    pub pair: Option<usize>,
}

/// A line with both texts side by side: each side's row with its number in the order of
/// [`super::DiffDocument::row`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPair {
    pub(crate) left: Option<(usize, Row)>,
    pub(crate) right: Option<(usize, Row)>,
}
