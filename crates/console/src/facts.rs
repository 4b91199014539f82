//! What follows from the model, in values and words: times left, names, who has what open, what
//! may be done, what a list holds.
//!
//! Asked by `update`, which acts on it, and by `layout` and `view`, which show it. Changes
//! nothing, and names none of the three.

pub(crate) mod banner;
pub mod board;
pub(crate) mod change;
pub(crate) mod comments;
pub(crate) mod compose;
pub(crate) mod context;
pub(crate) mod countdown;
pub(crate) mod enter;
pub(crate) mod figures;
pub(crate) mod filter;
pub(crate) mod folded;
pub(crate) mod handover;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod holder;
pub mod job;
pub mod jobs;
pub(crate) mod label;
pub(crate) mod last_call;
pub(crate) mod lease;
pub mod lists;
pub(crate) mod marks;
pub(crate) mod message;
pub(crate) mod page;
pub(crate) mod past;
pub(crate) mod recall;
pub(crate) mod shorten;
pub(crate) mod title;
pub mod verb;
pub(crate) mod window;
pub(crate) mod wrap;
