//! What changed between two texts.
//!
//! Owns: line diffs, their rows on demand, word marks, changed JSON values, unified diffs, change
//! counts, search. Must not know: clocks, files, threads, terminals, gates. Every function is a
//! function of its arguments; when to stop looking is asked through [`Limit`].
#![doc = include_str!("../README.md")]

pub mod document;
pub mod json;
pub mod lines;
pub mod page;
pub mod search;
pub mod summary;
pub mod unified;
pub(crate) mod words;

pub use document::{DiffDocument, DiffSide, Folding, Row, RowKind};
pub use lines::{Block, Limit, LineDiff, diff_lines};
pub use summary::{Summary, summary};
