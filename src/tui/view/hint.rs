//! The last line: the keys of the focus, whole hints only.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pen::Pen;
use crate::tui::action::Action;
use crate::tui::keymap::{self, Focus};
use crate::tui::model::Model;
use crate::tui::model::prompt::Prompt;

fn is_possible(model: &Model, action: Action) -> bool {
    match action {
        Action::Approve | Action::Reject | Action::Compose => model.gate.is_some() && model.queue.gone.is_none(),
        Action::NextFile => {
            model.pane_focus() == Focus::Job || model.gate.as_ref().is_some_and(|view| view.files.len() > 1)
        }
        Action::Up
        | Action::Down
        | Action::Top
        | Action::Bottom
        | Action::PageUp
        | Action::PageDown
        | Action::HalfUp
        | Action::HalfDown
        | Action::Left
        | Action::Right
        | Action::NextPane
        | Action::Open
        | Action::Back
        | Action::ShowQueue
        | Action::ShowGate
        | Action::ShowJob
        | Action::ShowHistory
        | Action::Filter
        | Action::Sort
        | Action::NextHunk
        | Action::FormerHunk
        | Action::NextMatch
        | Action::FormerMatch
        | Action::FormerFile
        | Action::Fold
        | Action::Search
        | Action::Resume
        | Action::Cancel
        | Action::Accept
        | Action::Note
        | Action::Close
        | Action::Menu
        | Action::ApproveWith
        | Action::RejectWith
        | Action::ApplyOnly
        | Action::Discard
        | Action::Leave
        | Action::Help
        | Action::Palette
        | Action::Copy
        | Action::Repaint
        | Action::Suspend
        | Action::Quit => true,
    }
}

/// Draws it. Inside a prompt the prompt itself names its keys, and the line says how to look around.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let focus = model.focus();
    let is_asking = matches!(&model.prompt, Some(Prompt::Confirm(confirm)) if confirm.is_asking());
    let fixed = match focus {
        Focus::Confirm if !is_asking => Some("Esc closes the prompt   j k } ] look at the diff"),
        Focus::Confirm => Some("j k } ] look at the diff   nothing is decided until Enter"),
        Focus::Note => Some("type the note   Tab out of it   nothing is decided until Enter"),
        Focus::Ask if matches!(model.prompt, Some(Prompt::Discard)) => Some("Enter discards   Esc keeps the text"),
        Focus::Ask => Some("Enter yes   Esc no"),
        Focus::TypeId => Some("type the id   Enter   Esc back"),
        Focus::Compose => Some("Esc menu: approve with, reject with, apply, discard   the draft is kept"),
        Focus::Menu => Some("a approve  r reject  t apply  D discard  q leave  Esc text"),
        Focus::Filter => Some("Enter keeps the filter   Esc takes it back"),
        Focus::Search => Some("Enter finds   Esc back"),
        Focus::Help | Focus::Palette => Some("type to narrow down   Up Down move   Enter   Esc back"),
        Focus::Queue | Focus::Diff | Focus::Job | Focus::History => None,
    };
    let mut pen = Pen::new(buffer, area);
    pen.skip(1);
    if let Some(text) = fixed {
        pen.text(text, theme.plain());
        return;
    }
    let is_paused = model
        .queue
        .current()
        .is_some_and(|row| row.kind == crate::domain::view::QueueKind::Paused);
    if is_paused {
        pen.text("R", theme.strong()).text(" resume  ", theme.plain());
    }
    let bindings = keymap::groups(focus).into_iter().flat_map(|group| group.bindings);
    for binding in bindings.filter(|binding| !binding.hint.is_empty() && is_possible(model, binding.action)) {
        let Some(key) = binding.keys.first() else {
            continue;
        };
        if key.len() + binding.hint.len() + 1 > pen.room() {
            break;
        }
        pen.text(key, theme.strong())
            .text(" ", theme.plain())
            .text(binding.hint, theme.plain())
            .skip(2);
    }
}
