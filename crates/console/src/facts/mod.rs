//! What follows from the model, in values and words: times left, names, who has what open, what may be done, what a list holds.
//!
//! Asked by `update`, which acts on it, and by `layout` and `view`, which show it. Changes nothing, and names none of the three.

pub(crate) mod change;
pub(crate) mod countdown;
pub(crate) mod holder;
pub(crate) mod label;
pub(crate) mod past;
pub(crate) mod shorten;
pub(crate) mod title;
pub(crate) mod wrap;
