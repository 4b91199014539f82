//! Prompts: what Enter waits for, accepting, closing.

use crate::action::Action;
use crate::effect::Effect;
use crate::facts::{label, verb, window};
use crate::keymap::{self, Focus};
use crate::layout::question;
use crate::model::{Closing, Model};
use crate::update::outgoing::{other_sent, refuse, say_not_drawn, send, tell};
use domain::ask::Command;

const KEY_NOT_DRAWN: &str = "The key came before the question was on the screen: read it, then press the key";
pub(crate) const MENU_NOT_DRAWN: &str = "The key came before the menu was on the screen: read it, then press the key";

/// Enter counts on what somebody could read: all of the question as it is now, on the terminal.
/// False says why not.
pub(crate) fn is_read(model: &mut Model) -> bool {
    let binding = model.ask().filter(|ask| ask.is_binding());
    let Some((what, now)) = binding.map(|ask| ask.not_done()).zip(question::facts(model)) else {
        return true;
    };
    if !now.is_whole {
        refuse(model, what, window::NOT_WHOLE, window::MAKE_ROOM);
        return false;
    }
    if model.keys.slips.on_screen.as_ref() != Some(&now) {
        say_not_drawn(model);
        return false;
    }
    true
}

/// Whether the key that takes in what was not looked at is on the terminal, with all of its
/// question. False says why not.
pub(crate) fn is_taking_in_drawn(model: &mut Model) -> bool {
    let is_whole = question::facts(model).is_none_or(|facts| facts.is_whole);
    if !is_whole {
        let what = "Not taken in";
        refuse(model, what, window::NOT_WHOLE, window::MAKE_ROOM);
        return false;
    }
    let key = keymap::key_of(Focus::Bulk, Action::TakeIn).map(|key| format!("[{key}]"));
    let shown = model.keys.slips.on_screen.as_ref().filter(|facts| facts.is_whole);
    let is_drawn = shown.is_some_and(|facts| key.is_some_and(|key| facts.words.split(' ').any(|word| word == key)));
    // If there is nothing to take in, the key's own answer says so.
    let is_drawn = is_drawn || !verb::applies(model, Focus::Bulk, Action::TakeIn);
    if !is_drawn {
        tell(model, KEY_NOT_DRAWN);
    }
    is_drawn
}

/// Whether the editor's menu is on the terminal: what replaces the text is not done before.
pub(crate) fn is_menu_drawn(model: &Model) -> bool {
    let now = question::facts(model);
    now.is_some() && model.keys.slips.on_screen == now
}

/// Enter, which was offered and read. Where something has happened since the rules were asked, it
/// counts if their answer is the same.
pub(crate) fn accept(model: &mut Model, fx: &mut Vec<Effect>) {
    if !model.preview.await_answers() {
        carry_out(model, fx);
    }
}

/// Does what the question says.
pub(crate) fn carry_out(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(mut prompt) = model.prompt.take() else {
        return;
    };
    let is_unread = prompt.ask.is_binding() && !prompt.is_drawn;
    if is_unread {
        say_not_drawn(model);
    }
    if is_unread || prompt.ask.enter(model, fx) {
        // What is asked now is another thing than what was answered.
        model.put_back(prompt.ask);
    }
}

/// Closes the prompt; nothing is decided, and what was written is kept.
pub(crate) fn close(model: &mut Model) {
    let Some((words, closing)) = model.ask().map(|ask| ask.close()) else {
        return;
    };
    if let Some(words) = words {
        tell(model, words);
    }
    match closing {
        Closing::Nothing => model.prompt = None,
        Closing::Stays => {}
        Closing::Back(ask) => model.put_back(ask),
    }
}

/// Notes that the selected job failed. It asks nothing: nothing is lost by it, and the record names
/// who did.
pub(crate) fn acknowledge(model: &mut Model, fx: &mut Vec<Effect>) {
    let Ok(row) = verb::failed(model) else {
        return;
    };
    let (job_id, label) = (row.job_id.clone(), label::job(&row.job_id, &row.slug));
    let sent = other_sent("Noted that it failed:", "Not noted", &label);
    send(model, sent, Command::Acknowledge(job_id), fx);
}
