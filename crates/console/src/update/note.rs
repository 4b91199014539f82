//! Notes that nobody has to type: the reasons of the configuration, and what this operator wrote
//! last.

use super::compose;
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::input::{Code, KeyPress};
use crate::keymap::Focus;
use crate::model::Model;
use crate::model::prompt::Note;
use crate::update::outgoing::tell;
use crate::update::text;
use domain::gate::Verdict;
use domain::key::GateKey;

/// The most notes that were written at one question and left by Up or Down.
const TYPED_MAX: usize = 20;

/// The note of the open question.
pub(crate) fn open_note(model: &mut Model) -> Option<&mut Note> {
    model.ask_mut()?.note_mut()
}

/// The open note is another one: its draft keeps it, and Enter confirms what was on the screen, the
/// note included.
pub(crate) fn changed(model: &mut Model) {
    let Some(note) = open_note(model) else {
        return;
    };
    note.is_empty_accepted = false;
    let (key, verdict, text) = (note.key.clone(), note.verdict, note.text());
    keep(model, &key, verdict, text);
    model.ask_again();
    model.toasts.text_changed();
}

/// Keeps a note that nobody has sent yet.
pub(crate) fn keep(model: &mut Model, key: &GateKey, verdict: Verdict, text: String) {
    compose::change_draft(model, key, |draft| draft.set_note(verdict, text));
}

fn write(model: &mut Model, words: &str) {
    if let Some(note) = open_note(model) {
        note.editor = Editor::of_note(words);
        changed(model);
    }
}

/// A digit in the question before a rejection. In a note that has words it is one of their letters;
/// beside the note it replaces only a reason.
pub(crate) fn reason(model: &mut Model, focus: Focus, key: KeyPress, fx: &mut Vec<Effect>) {
    let reasons = model.session.offers.reasons.clone();
    let note = open_note(model).filter(|note| note.verdict == Verdict::Reject);
    let written = note.map(|note| note.editor.words());
    let is_reason = |words: &String| reasons.contains(words);
    match written {
        None if focus == Focus::Note => return text::press(model, focus, key, fx),
        None => return text::unknown(model, focus, key),
        Some(None) if reasons.is_empty() && focus == Focus::Note => return text::press(model, focus, key, fx),
        Some(Some(_)) if focus == Focus::Note => return text::press(model, focus, key, fx),
        Some(Some(words)) if !is_reason(&words) => return tell(model, "There is a note already: it stays as it is"),
        Some(Some(_) | None) => {}
    }
    let number = key.typed().and_then(|digit| digit.to_digit(10)).unwrap_or_default() as usize;
    match number.checked_sub(1).and_then(|index| reasons.get(index)) {
        Some(reason) => write(model, reason),
        None if reasons.is_empty() => tell(model, "The configuration has no reasons   hint: console.reasons"),
        None => tell(
            model,
            format!(
                "There is no reason {number}   hint: the configuration has {}",
                reasons.len()
            ),
        ),
    }
}

/// This operator's notes of a verdict, the newest first, each once.
fn own(model: &Model, verdict: Verdict) -> Vec<String> {
    let me = &model.session.operator.name;
    let is_mine = |decision: &&domain::decision::Decision| {
        decision.by() == me && !decision.is_by_timer() && decision.is_approved() == (verdict == Verdict::Approve)
    };
    let decisions = model.panes.history.decisions.iter().map(|sealed| &sealed.decision);
    let mut own: Vec<String> = Vec::new();
    for notes in decisions.filter(is_mine).filter_map(|decision| decision.notes()) {
        if !own.iter().any(|known| known == notes) {
            own.push(notes.to_owned());
        }
    }
    own
}

/// Up and Down in the note: by its lines, and beyond them to the operator's former notes.
pub(crate) fn recall(model: &mut Model, focus: Focus, action: Action, fx: &mut Vec<Effect>) {
    let is_up = action == Action::FormerNote;
    let Some(note) = open_note(model) else {
        return;
    };
    let (line, count) = (note.editor.cursor().0, note.editor.lines().len());
    if if is_up { line > 0 } else { line + 1 < count } {
        let code = if is_up { Code::Up } else { Code::Down };
        return text::press(model, focus, KeyPress::plain(code), fx);
    }
    let (verdict, here) = (note.verdict, note.editor.text());
    let own = own(model, verdict);
    let Some(note) = open_note(model) else {
        return;
    };
    // What was written here is a note to come back to as well, so that no step loses it.
    if !here.trim().is_empty() && !note.typed.contains(&here) && !own.contains(&here) {
        note.typed.insert(0, here.clone());
        note.typed.truncate(TYPED_MAX);
    }
    let typed = note.typed.len();
    let steps: Vec<&String> = note.typed.iter().chain(&own).collect();
    let place = steps.iter().position(|step| **step == here);
    let next = match (is_up, place) {
        (true, place) => steps.get(place.map_or(0, |place| place + 1)),
        (false, Some(place)) => place.checked_sub(1).and_then(|next| steps.get(next)),
        (false, None) => None,
    };
    let words = match (next, place) {
        (Some(next), _) => (*next).clone(),
        // Down from the newest note of the record leads back to none.
        (None, Some(place)) if !is_up && place >= typed => String::new(),
        (None, _) => {
            let words = match (is_up, verdict) {
                (false, _) => "There is no later note: this is what you wrote",
                (true, Verdict::Reject) => "There is no former note of yours with a rejection",
                (true, Verdict::Approve) => "There is no former note of yours with an approval",
            };
            return tell(model, words);
        }
    };
    write(model, &words);
}

/// What the operator's own editor has made of the note of a gate. Where the question is over, the
/// draft has it.
pub(crate) fn take(model: &mut Model, key: &GateKey, verdict: Verdict, words: &str) {
    let is_it = |note: &&mut Note| note.key == *key && note.verdict == verdict;
    if open_note(model).filter(is_it).is_some() {
        write(model, words);
    } else {
        keep(model, key, verdict, words.to_owned());
    }
}
