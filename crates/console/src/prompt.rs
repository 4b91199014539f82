//! The question that is open, in lines: what will happen, what was not seen, the note, and the
//! keys.

pub(crate) mod bulk;
mod cancel;
mod confirm;
mod discard;
mod menu;
pub(crate) mod parts;
mod quit;
mod resume;
mod timer;

pub(crate) mod whole;

use parts::PromptLine;

use crate::model::Model;
use crate::model::prompt::PromptKind;

pub(crate) fn lines(model: &Model, columns: usize) -> Vec<PromptLine<'_>> {
    match model.ask() {
        None => Vec::new(),
        Some(PromptKind::Confirm(confirm)) => confirm::lines(model, confirm, columns),
        Some(PromptKind::Resume(ask)) => resume::lines(model, ask, columns),
        Some(PromptKind::Cancel(ask)) => cancel::lines(model, ask, columns),
        Some(PromptKind::Timer(ask)) => timer::lines(model, ask, columns),
        // Without its list of gates, which scrolls.
        Some(PromptKind::Bulk(ask)) => bulk::around_words(model, ask, columns),
        Some(PromptKind::Quit(ask)) => quit::lines(model, ask, columns),
        Some(PromptKind::Menu) => menu::lines(model, columns),
        Some(PromptKind::Discard(ask)) => discard::lines(model, ask, columns),
    }
}

/// How many lines the prompt wants; none without a prompt.
pub(crate) fn height(model: &Model, columns: u16) -> u16 {
    if model.prompt.is_none() {
        return 0;
    }
    let listed = match model.ask() {
        Some(PromptKind::Bulk(ask)) => ask.items.len(),
        Some(_) | None => 0,
    };
    let lines = lines(model, usize::from(columns).saturating_sub(2)).len() + listed;
    u16::try_from(lines).unwrap_or(u16::MAX)
}
