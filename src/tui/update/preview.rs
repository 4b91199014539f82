//! Asks the rules what Enter would do, as long as a prompt is open that can be confirmed: with the very command that Enter sends, and again
//! whenever something has happened to the job. No sentence about the future is made here.

use super::super::effect::{Effect, Question};
use super::super::model::Model;
use super::super::model::preview::Preview;
use super::super::model::prompt::{ConfirmState, Prompt};
use super::super::model::toast::Tone;
use super::prompt::{self, refuse};
use super::{gate, toast};
use crate::domain::event::Event;
use crate::domain::gate::NOTES_BYTES_MAX;
use crate::domain::outlook::Outlook;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::engine::api::{Answer, Command, Query};

/// What Enter would send now; none: no prompt waits for it, or it is one about which the rules are not asked.
fn command(model: &Model) -> Option<Command> {
    match model.prompt.as_ref()? {
        // A note that is too long is refused before anything is sent.
        Prompt::Confirm(confirm) if confirm.is_asking() && confirm.note.text().len() <= NOTES_BYTES_MAX => {
            Some(prompt::command_of(model, confirm))
        }
        Prompt::Resume(ask) => Some(Command::Resume(ask.job_id.clone())),
        Prompt::Cancel(ask) => Some(Command::Cancel(ask.job_id.clone())),
        Prompt::Confirm(_)
        | Prompt::Bulk(_)
        | Prompt::Timer(_)
        | Prompt::Quit(_)
        | Prompt::Menu
        | Prompt::Discard(_) => None,
    }
}

fn has_note(model: &Model) -> bool {
    matches!(&model.prompt, Some(Prompt::Confirm(confirm)) if !confirm.note.is_blank())
}

/// Asks where there is something to ask. One question at a time: what happens meanwhile is asked after it.
pub fn keep(model: &mut Model, fx: &mut Vec<Effect>) {
    let is_asking = match &model.prompt {
        Some(Prompt::Confirm(confirm)) => confirm.is_asking(),
        Some(Prompt::Resume(_) | Prompt::Cancel(_)) => true,
        Some(Prompt::Bulk(_) | Prompt::Timer(_) | Prompt::Quit(_) | Prompt::Menu | Prompt::Discard(_)) | None => false,
    };
    if !is_asking {
        model.preview = Preview::default();
        return;
    }
    let has_note = has_note(model);
    let preview = &model.preview;
    // Whether there is a note is part of the answer: asked when the first letter is written, not when Enter comes.
    let is_settled = preview.is_current() && has_note == preview.has_note;
    if preview.asked.is_some() || is_settled {
        return;
    }
    let Some(command) = command(model) else {
        return;
    };
    let number = model.next_number();
    let preview = &mut model.preview;
    (preview.asked, preview.is_stale, preview.has_note) = (Some(number), false, has_note);
    let query = Query::Preview {
        operator: None,
        command: Box::new(command),
    };
    fx.push(Effect::Ask(Question::Preview(number), query));
}

/// Something has happened, in this job or to what holds for all: what was answered may not be so any more.
pub fn outdate(model: &mut Model, events: Option<&[Event]>) {
    let job_id = match &model.prompt {
        Some(Prompt::Confirm(confirm)) => &confirm.pin.key.job_id,
        Some(Prompt::Resume(ask)) => &ask.job_id,
        Some(Prompt::Cancel(ask)) => &ask.job_id,
        Some(Prompt::Bulk(_) | Prompt::Timer(_) | Prompt::Quit(_) | Prompt::Menu | Prompt::Discard(_)) | None => return,
    };
    if events.is_none_or(|events| events.iter().any(|event| event.job_id == *job_id)) {
        model.preview.is_stale = true;
    }
}

/// Takes an answer.
pub fn answered(model: &mut Model, number: u64, answer: Answer, fx: &mut Vec<Effect>) {
    if model.preview.asked != Some(number) {
        return;
    }
    model.preview.asked = None;
    let unread = |why: String| Err(Refusal::new(RefusalCode::NotPossible, why));
    let foreseen = if let Answer::Preview(foreseen) = answer {
        foreseen
    } else if let Answer::Failed(why) = answer {
        unread(why)
    } else {
        unread("the engine answered another question".to_owned())
    };
    match foreseen {
        Ok(outlook) => taken(model, outlook, fx),
        Err(refusal) => refused(model, refusal),
    }
}

/// What would happen. Where it is not what stood there, Enter waits until somebody could read it.
fn taken(model: &mut Model, outlook: Outlook, fx: &mut Vec<Effect>) {
    let is_news = !matches!(&model.preview.answer, Some(Ok(known)) if *known == outlook);
    model.preview.answer = Some(Ok(outlook));
    if is_news {
        let revision = model.next_number();
        if let Some(prompt) = &mut model.prompt {
            prompt.ask_again(revision);
        }
        if std::mem::take(&mut model.preview.is_enter_waiting) {
            toast(
                model,
                Tone::Info,
                "What Enter would do has changed: read it, then press Enter",
            );
        }
    } else if model.preview.is_enter_waiting && model.preview.is_current() {
        model.preview.is_enter_waiting = false;
        prompt::accept(model, fx);
    }
}

/// It would be refused: nothing is asked then. A gate that somebody else has open can be taken over in the prompt itself.
fn refused(model: &mut Model, refusal: Refusal) {
    let Some(prompt) = &mut model.prompt else { return };
    let what = prompt.not_done();
    let was_open = model.preview.answer.is_some();
    let hint = refusal.hint.clone();
    if let Prompt::Confirm(confirm) = prompt {
        let key = confirm.pin.key.clone();
        if refusal.code == RefusalCode::NotPossible && refusal.place.as_deref() == Some(key.to_string().as_str()) {
            model.preview.answer = Some(Err(refusal));
            model.preview.is_enter_waiting = false;
            return;
        }
    }
    match &mut model.prompt {
        // It stood there and could be confirmed: what became of it is said in its place.
        Some(Prompt::Confirm(confirm)) if was_open => {
            confirm.state = ConfirmState::Refused(refusal.message.clone(), hint.clone());
        }
        Some(_) => model.prompt = None,
        None => {}
    }
    refuse(model, what, &refusal.message, hint.as_deref().unwrap_or_default());
    if refusal.code == RefusalCode::ArtifactChanged {
        gate::reload_files(model);
        if let Some(view) = &mut model.gate {
            view.wants_since_read = true;
        }
    }
}

/// Whether what stands in the prompt is the rules' answer to what Enter would send now. False says so.
pub fn is_answered(model: &mut Model) -> bool {
    if command(model).is_none() {
        return true;
    }
    let what = model.prompt.as_ref().map_or("Not done", Prompt::not_done);
    match &model.preview.answer {
        Some(Ok(_)) if model.preview.is_current() => return true,
        Some(Ok(_)) => {
            model.preview.is_enter_waiting = true;
            return false;
        }
        Some(Err(refusal)) => {
            let (why, hint) = (refusal.message.clone(), refusal.hint.clone().unwrap_or_default());
            refuse(model, what, &why, &hint);
            return false;
        }
        None => {}
    }
    toast(
        model,
        Tone::Info,
        "What Enter would do is still being asked: read it, then press Enter",
    );
    false
}
