//! May Enter confirm the question that is open? The keys that it names, the last line and Enter
//! itself ask here.
//!
//! Whether all of it is on the screen is asked where it is drawn (`view::prompt::facts`).

use super::gate::{Why, each_open_elsewhere, explain, why};
use super::{NoOffer, about_text, or_says, refused, written};
use crate::action::Action;
use crate::editor::Editor;
use crate::facts::command::of_timer;
use crate::facts::enter::{self, is_behind_text, is_same_enter};
use crate::facts::lease::open_elsewhere;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::bulk::{BulkAsk, LeftOut};
use crate::model::prompt::{DISCARD_WORD, PromptKind, TimerAsk};
use domain::gate::NOTES_BYTES_MAX;
use domain::refusal::Refusal;

/// Whether Enter would do what the open question says, or why not. Where nothing is asked there is
/// nothing to refuse.
pub(super) fn confirm(model: &Model) -> Result<(), NoOffer> {
    let Some(prompt) = model.ask().filter(|prompt| prompt.is_binding()) else {
        return Ok(());
    };
    let what = prompt.not_done();
    if let PromptKind::Discard(ask) = prompt {
        return about_text(refused(what, typed(&ask.typed, DISCARD_WORD)));
    }
    written(model, what, || Ok(()))?;
    about_text(refused(what, text(prompt)))?;
    let is_typed = model.preview.refusal().is_some_and(TimerAsk::is_of_typed);
    let answer = refused(what, rules(model, prompt));
    if is_typed { about_text(answer) } else { answer }?;
    if let PromptKind::Bulk(ask) = prompt {
        let (undrawn, all) = (ask.undrawn(), ask.asking());
        let [down, up] = [Action::PageDown, Action::PageUp].map(|action| keymap::key_in(Focus::Bulk, action));
        let out = keymap::out_of_note(model.focus());
        let words = format!(
            "{what}: {undrawn} of {all} gates were not on the screen yet   hint: {out}{down} and {up} show them"
        );
        or_says(undrawn == 0, &words)?;
    }
    let enter = enter::key(model);
    let words = match is_behind_text(model) {
        true => enter::behind_text(model),
        false => format!("{enter} came at once and did nothing: read what is asked, then press it"),
    };
    or_says(!is_same_enter(model), &words)?;
    let words = format!("What {enter} would do is still being asked: read it, then press {enter}");
    or_says(model.preview.is_answered(), &words)
}

fn typed(editor: &Editor, wanted: &str) -> Result<(), Why> {
    match editor.text().trim() == wanted {
        true => Ok(()),
        false => Err(why(format!("that is not {wanted}"), "")),
    }
}

fn note(editor: &Editor) -> Result<(), Why> {
    match editor.words().map_or(0, |words| words.len()) {
        bytes if bytes > NOTES_BYTES_MAX => Err(why(Refusal::notes_too_long(bytes).message, "shorten it")),
        _ => Ok(()),
    }
}

/// What has to be written into it.
fn text(prompt: &PromptKind) -> Result<(), Why> {
    match prompt {
        PromptKind::Confirm(confirm) => note(&confirm.note),
        PromptKind::Bulk(ask) => note(&ask.note),
        PromptKind::Timer(ask) => of_timer(ask).map(drop).map_err(|problem| why(problem, "")),
        PromptKind::Cancel(ask) => typed(&ask.typed, ask.job_id.as_str()),
        PromptKind::Resume(_) | PromptKind::Quit(_) | PromptKind::Menu | PromptKind::Discard(_) => Ok(()),
    }
}

/// What the rules say of it, and the rows of who has a gate open.
fn rules(model: &Model, prompt: &PromptKind) -> Result<(), Why> {
    let refusal = model.preview.refusal().cloned();
    // A bulk leaves out what others have open.
    if let PromptKind::Bulk(ask) = prompt {
        return bulk(ask, refusal, model.focus());
    }
    if let Some((key, _)) = open_elsewhere(model).into_iter().next()
        && let Some(lease) = model.lease_of_other(&key)
    {
        return Err(explain(Refusal::open_elsewhere(&key, lease)));
    }
    refusal.map_or(Ok(()), |refusal| Err(explain(refusal)))
}

/// A bulk decides those of its gates that are not left out.
fn bulk(ask: &BulkAsk, refusal: Option<Refusal>, focus: Focus) -> Result<(), Why> {
    if ask.asking() > 0 {
        return Ok(());
    }
    if ask.can_take_in() {
        let words = "you have seen none of the marked gates wholly";
        let (out, key) = (keymap::out_of_note(focus), keymap::key_in(Focus::Bulk, Action::TakeIn));
        return Err(why(
            words,
            &format!("read them, or {out}{key} takes them in as they are"),
        ));
    }
    match refusal {
        Some(refusal) if !ask.left_out(LeftOut::Refused).is_empty() => Err(explain(refusal)),
        Some(_) | None => Err(each_open_elsewhere()),
    }
}
