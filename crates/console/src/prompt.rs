//! The questions, one a file: its state, how it is opened, what its keys do, and its lines.

pub mod bulk;
pub mod cancel;
pub(crate) mod comment;
pub mod confirm;
pub mod discard;
pub(crate) mod listed;
pub mod menu;
pub(crate) mod parts;
pub mod quit;
pub mod resume;
pub mod timer;
pub(crate) mod timers;
pub(crate) mod unsent;
pub(crate) mod whole;

use crate::model::preview::Foreseen;
use crate::model::prompt::PromptLine;
use crate::model::{Model, PromptKind};

/// Asks this: what the rules said of another question goes.
fn open(model: &mut Model, ask: impl PromptKind) {
    model.preview = Foreseen::default();
    model.put(ask);
}

/// The question that is open, in lines: what will happen, what was not seen, the note, and the
/// keys.
pub(crate) fn lines(model: &Model, columns: usize) -> Vec<PromptLine<'_>> {
    model.ask().map_or_else(Vec::new, |ask| ask.lines(model, columns))
}

/// How many lines the prompt wants; none without a prompt.
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    let listed = model.ask().map_or(0, |ask| ask.listed());
    let lines = lines(model, usize::from(columns).saturating_sub(2)).len() + listed;
    u16::try_from(lines).unwrap_or(u16::MAX)
}
