//! A key, and an Enter that came together with letters.

use super::{note, outgoing, text};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::enter;
use crate::input::KeyPress;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::update::{act, look, slips};

pub(crate) fn press(model: &mut Model, key: KeyPress, fx: &mut Vec<Effect>) {
    look::present(model);
    model.preview.is_enter_waiting = false;
    model.toasts.key_pressed();
    if !slips::before(model, key, fx) {
        return;
    }
    let focus = model.focus();
    match keymap::lookup(focus, key) {
        // The digit says which: no action does.
        Some(Action::Reason) => note::reason(model, focus, key, fx),
        Some(action) => act::act(model, focus, action, fx),
        None if focus.is_text() => text::press(model, focus, key, fx),
        None => text::unknown(model, focus, key),
    }
    slips::after(model, focus, key);
}

/// An Enter that came together with letters, or right behind a text.
pub(crate) fn line_end(model: &mut Model, key: KeyPress, fx: &mut Vec<Effect>) {
    let focus = model.focus();
    if matches!(focus, Focus::Compose | Focus::Candidates) {
        return text::paste(model, "\n", fx);
    }
    if text::is_answer(focus) {
        if enter::is_behind_text(model) {
            outgoing::ask_once_more(model);
        }
        return text::end_line(model, enter::in_text(model), fx);
    }
    if focus.is_prompt() {
        outgoing::ask_once_more(model);
    }
    press(model, key, fx);
}
