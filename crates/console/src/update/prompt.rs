//! Prompts: opening, accepting, closing.

use super::{bulk, timer};
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::{Checked, Effect};
use crate::facts::command::of_confirm;
use crate::facts::{label, past, verb, window};
use crate::keymap::{self, Focus};
use crate::layout::question;
use crate::model::Model;
use crate::model::compose::Compose;
use crate::model::outgoing::Sent;
use crate::model::panes::Lower;
use crate::model::preview::Foreseen;
use crate::model::prompt::{CancelAsk, Confirm, ConfirmState, DiscardAsk, Intent, Pin, PromptKind, ResumeAsk};
use crate::model::toast::Tone;
use crate::update::compose::open;
use crate::update::outgoing::{self, other_sent, refuse, say_not_drawn, send, toast};
use domain::ask::Command;

/// Asks before the gate on screen is decided.
pub(crate) fn open_decision(model: &mut Model, intent: Intent) {
    if let Ok(pin) = verb::pin(model) {
        open_about(model, intent, pin, None);
    }
}

/// Asks before a patch is applied, or the gate that it was written for decided with it.
pub(crate) fn open_with(model: &mut Model, intent: Intent, pin: Pin, checked: Checked) {
    open_about(model, intent, pin, Some(checked));
}

fn open_about(model: &mut Model, intent: Intent, pin: Pin, patch: Option<Checked>) {
    let kept = model.draft(&pin.key).zip(intent.verdict());
    let note = kept.map(|(draft, verdict)| draft.note(verdict)).unwrap_or_default();
    let note = Editor::of_line(note);
    model.panes.lower = Lower::Gate;
    model.preview = Foreseen::default();
    model.put(PromptKind::Confirm(Box::new(Confirm {
        pin,
        intent,
        note,
        // In an approval a second `a` must not land in the note; a rejection wants a reason.
        is_note_focused: intent == Intent::Reject,
        patch,
        is_empty_accepted: false,
        state: ConfirmState::Asking,
    })));
}

/// Asks before a paused job goes on.
pub(crate) fn open_resume(model: &mut Model) {
    let Ok(rows) = verb::resumable(model).cloned() else {
        return;
    };
    let job = &rows.job;
    model.preview = Foreseen::default();
    model.put(PromptKind::Resume(Box::new(ResumeAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        note: past::rejection_note(&rows),
    })));
}

/// Asks before a job is canceled.
pub(crate) fn open_cancel(model: &mut Model) {
    let Ok(rows) = verb::cancelable(model).cloned() else {
        return;
    };
    let job = &rows.job;
    model.preview = Foreseen::default();
    model.put(PromptKind::Cancel(Box::new(CancelAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        typed: Editor::of_line(""),
    })));
}

const KEY_NOT_DRAWN: &str = "The key came before the question was on the screen: read it, then press the key";
pub(crate) const MENU_NOT_DRAWN: &str = "The key came before the menu was on the screen: read it, then press the key";

/// Asks before the text in the editor is thrown away.
pub(crate) fn open_discard(model: &mut Model) {
    model.put(PromptKind::Discard(Box::new(DiscardAsk {
        typed: Editor::of_line(""),
    })));
}

/// Enter counts on what somebody could read: all of the question as it is now, on the terminal.
/// False says why not.
pub(crate) fn is_read(model: &mut Model) -> bool {
    let binding = model.ask().filter(|ask| ask.is_binding());
    let Some((what, now)) = binding.map(PromptKind::not_done).zip(question::facts(model)) else {
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
        toast(model, Tone::Info, KEY_NOT_DRAWN);
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
    let stays = match &mut prompt.ask {
        _ if is_unread => {
            say_not_drawn(model);
            true
        }
        PromptKind::Confirm(confirm) => accept_confirm(model, confirm, fx),
        PromptKind::Resume(ask) => {
            let sent = other_sent("Resumed", "Not resumed", &ask.label);
            let command = Command::Resume {
                job_id: ask.job_id.clone(),
                expected: model.preview.foreseen().map(Box::new),
            };
            send(model, sent, command, fx);
            false
        }
        PromptKind::Cancel(ask) => {
            let sent = other_sent("Canceled", "Not canceled", &ask.label);
            send(model, sent, Command::Cancel(ask.job_id.clone()), fx);
            false
        }
        PromptKind::Timer(ask) => timer::accept(model, ask, fx),
        PromptKind::Bulk(ask) => bulk::accept(model, ask, fx),
        PromptKind::Quit(_) => {
            fx.push(Effect::Quit);
            false
        }
        PromptKind::Discard(_) => {
            open::discard(model, fx);
            false
        }
        PromptKind::Menu => true,
    };
    if stays {
        // What is asked now is another thing than what was answered.
        model.put(prompt.ask);
    }
}

fn accept_confirm(model: &mut Model, confirm: &mut Confirm, fx: &mut Vec<Effect>) -> bool {
    match confirm.state {
        ConfirmState::Refused(..) => return false,
        ConfirmState::Writing(_) => return true,
        ConfirmState::Asking => {}
    }
    if confirm.intent == Intent::Reject && confirm.note.is_blank() && !confirm.is_empty_accepted {
        confirm.is_empty_accepted = true;
        outgoing::ask_once_more(model);
        return true;
    }
    let notes = confirm.note.words();
    let command = of_confirm(model, confirm, notes);
    let sent = Sent {
        done: confirm.intent.done(),
        not_done: confirm.intent.not_done(),
        subject: confirm.pin.label.clone(),
        decides: confirm.intent.verdict().map(|_| confirm.pin.key.clone()),
        has_patch: confirm.patch.is_some(),
        is_committed: false,
        leases: None,
        is_part: false,
        is_quiet: false,
    };
    let ticket = send(model, sent, command, fx);
    confirm.state = ConfirmState::Writing(ticket);
    true
}

/// Closes the prompt; nothing is decided, and what was written is kept.
pub(crate) fn close(model: &mut Model) {
    match model.ask() {
        Some(PromptKind::Confirm(confirm)) if confirm.is_writing() => {
            toast(model, Tone::Info, "Sent already: the answer will show here");
        }
        Some(PromptKind::Bulk(ask)) if ask.writing() > 0 => {
            toast(model, Tone::Info, "Sent already: the answers will show here");
        }
        Some(PromptKind::Confirm(confirm)) if confirm.is_asking() && !confirm.note.is_blank() => {
            toast(model, Tone::Info, "Nothing is decided; the note is kept");
        }
        Some(_) | None => {}
    }
    match model.ask() {
        // Thinking twice about discarding leads back to the menu, not into the text.
        Some(PromptKind::Discard(_)) => model.put(PromptKind::Menu),
        // The prompt stays while answers are still to come.
        Some(PromptKind::Bulk(ask)) if ask.writing() > 0 => {}
        Some(_) | None => model.prompt = None,
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

/// From the menu into a confirm prompt.
pub(crate) fn submit(model: &mut Model, intent: Intent) {
    let compose = model.compose.as_ref();
    let with = compose.and_then(|compose| Some((compose.pin.clone(), compose.fitting()?.clone())));
    if let Some((pin, checked)) = with {
        open_with(model, intent, pin, checked);
    }
}

/// Asks before the text is thrown away; an untouched one is not worth a question.
pub(crate) fn ask_discard(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.compose.as_ref().is_some_and(Compose::is_changed) {
        open_discard(model);
    } else {
        open::discard(model, fx);
    }
}
