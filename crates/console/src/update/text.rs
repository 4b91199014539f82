//! Keys and pastes that go into a text.

use super::{act, comment, compose, look, note, queue, slips};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::enter;
use crate::input::{Code, KeyPress};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::keys::Field;
use crate::update::compose::open;
use crate::update::outgoing::tell;
use domain::filter::GateFilter;
use text::words::counted;

/// A key that means nothing here says so, once.
pub(crate) fn unknown(model: &mut Model, focus: Focus, key: KeyPress) {
    if is_interrupt(key)
        && let Some(leave) = keymap::key_of(Focus::Queue, Action::Quit)
    {
        let at = if focus == Focus::Queue { "" } else { " on the queue" };
        return tell(model, format!("{} does not leave: {leave}{at} does", key.name()));
    }
    let help = keymap::key_in(focus, Action::Help);
    let text = format!("no such key: {}   {help} keys", key.name());
    if model.toasts.newest().is_none_or(|newest| newest.text != text) {
        tell(model, text);
    }
}

/// What ends other programs.
fn is_interrupt(key: KeyPress) -> bool {
    key.is_ctrl && key.code == Code::Char('c')
}

/// A key without a meaning of its own in a text.
pub(crate) fn press(model: &mut Model, focus: Focus, key: KeyPress, fx: &mut Vec<Effect>) {
    if matches!(key.code, Code::Function(_)) {
        return unknown(model, focus, key);
    }
    if focus == Focus::Compose && matches!(key.code, Code::Up | Code::Down | Code::PageUp | Code::PageDown) {
        open::note_columns(model);
    }
    change(model, focus, fx, |editor| editor.press(key));
}

/// A bracketed paste.
pub(crate) fn paste(model: &mut Model, text: &str, fx: &mut Vec<Effect>) {
    look::present(model);
    // Letters that were held back are written first, so that they stand before the new ones.
    slips::write_held_back(model, fx);
    let focus = model.focus();
    if focus.is_text() {
        change(model, focus, fx, |editor| editor.paste(text));
    } else {
        // Pasted letters are keys to a program: a paste in the wrong window must not decide
        // anything.
        tell(model, "Pasted text dropped: no text field is open");
    }
}

/// More letters at once than hands press. An open field takes them as a text; anywhere else none of
/// them is a key, and in neither is an Enter in it somebody's yes.
pub(crate) fn burst(model: &mut Model, text: &str, fx: &mut Vec<Effect>) {
    let focus = model.focus();
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let has_end = line.len() < text.len();
    if matches!(focus, Focus::Compose | Focus::Candidates) {
        return paste(model, text, fx);
    }
    slips::text_came(model);
    if matches!(focus, Focus::Filter | Focus::Search | Focus::Find) {
        // In these fields Enter only closes the field.
        paste(model, line, fx);
        if has_end {
            act::act(model, focus, Action::Accept, fx);
        }
        if !rest.is_empty() {
            none_acted(model, rest);
        }
    } else if focus.is_text() {
        // A slow connection may have brought only a part of the text: what comes next begins with a
        // word of its own.
        let is_answer = focus.is_prompt();
        paste(model, if is_answer { text } else { text.trim_end_matches('\n') }, fx);
        if has_end {
            let why = enter::in_text(model);
            tell(model, why);
        }
    } else {
        look::present(model);
        none_acted(model, text);
    }
}

/// Whether letters are written into a field of a question.
pub(crate) fn is_answer(focus: Focus) -> bool {
    focus.is_text() && focus.is_prompt()
}

/// An Enter in such a field that is part of a text, and why it is.
pub(crate) fn end_line(model: &mut Model, why: String, fx: &mut Vec<Effect>) {
    paste(model, "\n", fx);
    tell(model, why);
}

fn none_acted(model: &mut Model, text: &str) {
    let count = counted(text.chars().count(), "key");
    let words = format!("{count} came at once, as pasted text does, and did nothing   hint: press them one by one");
    tell(model, words);
}

fn change(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>, edit: impl FnOnce(&mut Editor) -> bool) {
    match focus {
        Focus::Compose | Focus::Candidates => {
            let Some(open) = &mut model.compose else {
                return;
            };
            if open.closed.is_some() {
                return open::say_closed(model);
            }
            let is_listed = open.list.is_some();
            if edit(&mut open.editor) {
                open::edited(model, fx);
                if is_listed {
                    compose::complete(model, fx);
                }
            } else {
                // The cursor went elsewhere: what could stand there is another question.
                open.list = None;
            }
        }
        Focus::Note => {
            let Some(note) = model.ask_mut().and_then(|ask| ask.note_mut()) else {
                return;
            };
            if edit(&mut note.editor) {
                note::changed(model);
            }
        }
        Focus::Comment => {
            if model.ask_mut().and_then(|ask| ask.typed_mut()).is_some_and(edit) {
                comment::typed(model);
                model.toasts.text_changed();
            }
        }
        Focus::Answer => {
            if model.ask_mut().and_then(|ask| ask.typed_mut()).is_some_and(edit) {
                model.ask_again();
                model.toasts.text_changed();
            }
        }
        Focus::Filter => {
            if let Some(Field::Filter(editor)) = &mut model.keys.field
                && edit(editor)
            {
                let words = editor.text();
                let is_of_queue = model.panes.own_filter().is_none();
                let words = if is_of_queue { GateFilter::begun(&words) } else { &words };
                act::set_filter(model, words, fx);
            }
        }
        Focus::Search => {
            if let Some(Field::Search(editor)) = &mut model.keys.field {
                edit(editor);
            }
        }
        Focus::Find => {
            if let Some(Field::Find(editor, _)) = &mut model.keys.field
                && edit(editor)
            {
                compose::find_typed(model);
            }
        }
        Focus::Help
        | Focus::Files
        | Focus::Discarded
        | Focus::Handovers
        | Focus::Context
        | Focus::Palette
        | Focus::Views => {
            if let Some(overlay) = &mut model.keys.overlay
                && edit(&mut overlay.text)
            {
                overlay.row = 0;
                let typed = overlay.text.text();
                let view = typed.parse().ok().filter(|_| focus == Focus::Views);
                let filter = view.and_then(|key: char| model.session.offers.views.get(&key));
                if let Some(filter) = filter.cloned() {
                    model.keys.overlay = None;
                    queue::set_filter(model, filter, fx);
                }
            }
        }
        Focus::Queue
        | Focus::Diff
        | Focus::Line
        | Focus::Job
        | Focus::History
        | Focus::Figures
        | Focus::Jobs
        | Focus::Board
        | Focus::Confirm
        | Focus::Bulk
        | Focus::Ask
        | Focus::Menu
        | Focus::Types => {}
    }
}
