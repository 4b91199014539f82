//! The patch editor: opening it, sending what was written, leaving.

mod check;
mod complete;
mod draft;
mod edit;
mod find;
mod own_editor;
mod sheets;

pub use check::{checked, file_came, keep_checked, previewed, taken_names, taken_version};
pub use complete::{choose_candidate, complete, completed};
pub use draft::{change_draft, keep_up, sent, take_back};
pub use edit::{as_patch, carry_over, open_edit};
pub use find::{find, find_next, find_typed};
pub use own_editor::{
    copy_read, copy_ready, copy_saved, keep_looking, look_wake_us, open_own_editor, own_editor_ended, say_away,
};
pub use sheets::{choose_type, move_choice, other_type};

use super::super::action::Action;
use super::super::draft::{DISCARDED_DAYS, PatchDraft};
use super::super::editor::Editor;
use super::super::effect::Effect;
use super::super::model::compose::{Compose, Sheets, Subject};
use super::super::model::gate::GateView;
use super::super::model::prompt::{Intent, Pin};
use super::super::model::toast::Tone;
use super::super::model::{Lower, Model};
use super::super::question::Question;
use super::super::work;
use super::super::{verb, view};
use super::prompt;
use super::toast;
use domain::key::GateKey;

/// Opens the editor on a patch for the file on screen, or on the draft of one.
pub(crate) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    let Ok(pin) = verb::pin(model) else {
        return;
    };
    let file = model.gate.as_ref().and_then(GateView::current);
    let Some((artifact, bytes)) = file.and_then(|file| Some((file.artifact.clone(), file.bytes.clone()?))) else {
        return;
    };
    let rows = model.gate.as_ref().and_then(|view| view.rows.as_deref());
    let params = rows.map(|rows| rows.job.params.clone()).unwrap_or_default();
    let templates = work::templates(&artifact.kind, artifact.path.as_str(), &bytes, &params);
    let Some((type_name, template)) = templates.first().cloned() else {
        return;
    };
    let mut path = artifact.path;
    let mut editor = Editor::of_text(&template.text);
    editor.move_to(template.cursor.0, template.cursor.1);
    let mut shelf = Vec::new();
    if let Some((attempt, patch)) = kept_patch(model, &pin.key) {
        say_draft_is_back(model, &pin, attempt);
        editor = Editor::of_text(&patch.text);
        editor.move_to(patch.cursor.0, patch.cursor.1);
        path = patch.path;
        shelf.extend(patch.others.iter().filter_map(|(name, text)| {
            let known = templates.iter().map(|(known, _)| *known).find(|known| known == name)?;
            Some((known, Editor::of_text(text)))
        }));
    }
    let sheets = Sheets {
        templates,
        type_name,
        shelf,
    };
    let revision = model.next_number();
    let mut compose = Compose::new(pin, path, Subject::Patch(sheets), editor, revision);
    if let Some(written) = compose.written_type()
        && let Subject::Patch(sheets) = &mut compose.subject
    {
        sheets.type_name = written;
    }
    show(model, compose, fx);
}

fn show(model: &mut Model, compose: Compose, fx: &mut Vec<Effect>) {
    let job_id = compose.pin.key.job_id.clone();
    fx.push(Effect::Ask(Question::Names(job_id)));
    model.lower = Lower::Gate;
    model.compose = Some(compose);
}

fn say_draft_is_back(model: &mut Model, pin: &Pin, attempt: u32) {
    let which = if attempt == pin.key.attempt {
        "Your draft".to_owned()
    } else {
        format!("Your draft of #{attempt}")
    };
    toast(
        model,
        Tone::Info,
        format!("{which} is back; D in the menu (Esc) discards it"),
    );
}

/// The patch draft of this gate, else the newest of a former attempt whose file is still under review.
fn kept_patch(model: &Model, key: &GateKey) -> Option<(u32, PatchDraft)> {
    let view = model.gate.as_ref()?;
    let drafts = model.drafts.values().filter(|draft| is_of_stage(&draft.key, key));
    let patches = drafts.filter_map(|draft| Some((draft.key.attempt, draft.patch.clone()?)));
    let fitting = patches.filter(|(attempt, patch)| {
        *attempt == key.attempt || view.files.iter().any(|file| file.artifact.path == patch.path)
    });
    fitting.max_by_key(|(attempt, _)| *attempt)
}

/// Whether a draft's key is this gate or a former attempt of it.
fn is_of_stage(draft: &GateKey, key: &GateKey) -> bool {
    draft.job_id == key.job_id && draft.stage == key.stage && draft.attempt <= key.attempt
}

/// The text changed. Costs nothing by the text: what is made of it is made once, when the loop has time.
pub(crate) fn edited(model: &mut Model, fx: &mut Vec<Effect>) {
    let revision = model.next_number();
    let Some(compose) = &mut model.compose else {
        return;
    };
    // The former verdict stays readable while the next is made; it counts for nothing until then.
    compose.revision = revision;
    compose.preview_scroll = 0;
    draft::note_change(model);
    model.toasts.text_changed();
    keep_checked(model, fx);
}

/// What opens the draft of the gate on screen: the patch, else the edit.
pub(crate) fn draft_key(model: &Model) -> Action {
    let draft = model.gate.as_ref().and_then(|view| model.draft(&view.key));
    match draft {
        Some(draft) if draft.patch.is_none() && !draft.edits.is_empty() => Action::Edit,
        Some(_) | None => Action::Compose,
    }
}

/// From the menu into a confirm prompt.
pub(crate) fn submit(model: &mut Model, intent: Intent) {
    let compose = model.compose.as_ref();
    let with = compose.and_then(|compose| Some((compose.pin.clone(), compose.fitting()?.clone())));
    if let Some((pin, checked)) = with {
        prompt::open_with(model, intent, pin, checked);
    }
}

/// Leaves the editor; the draft stays.
pub(crate) fn leave(model: &mut Model) {
    model.prompt = None;
    keep_up(model);
    if let Some(compose) = model.compose.take()
        && compose.is_changed()
    {
        let key = if compose.edited().is_some() { "e" } else { "p" };
        toast(model, Tone::Info, format!("The draft is kept; {key} opens it again"));
    }
}

/// Asks before the text is thrown away; an untouched one is not worth a question.
pub(crate) fn ask_discard(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.compose.as_ref().is_some_and(Compose::is_changed) {
        prompt::open_discard(model);
    } else {
        discard(model, fx);
    }
}

/// Throws the text away, to where it can be taken back from for some days.
pub(crate) fn discard(model: &mut Model, fx: &mut Vec<Effect>) {
    model.prompt = None;
    draft::put_text_aside(model, fx);
    if let Some(compose) = model.compose.take() {
        model.toasts.text_changed();
        draft::forget(model, &compose, fx);
        let text = format!("The text is discarded; Z on the queue has it for {DISCARDED_DAYS} days");
        toast(model, Tone::Info, text);
    }
}

/// Tells the editor how wide it is drawn: before a key that moves by rows.
pub(crate) fn note_columns(model: &mut Model) {
    let columns = model
        .compose
        .as_ref()
        .map(|compose| view::compose::text_columns(model, compose));
    if let (Some(compose), Some(columns)) = (&mut model.compose, columns) {
        compose.editor.set_columns(columns);
    }
}

/// More of a narrow screen for the preview, or its share again.
pub(crate) fn resize_preview(model: &mut Model) {
    if let Some(compose) = &mut model.compose {
        compose.is_preview_large = !compose.is_preview_large;
    }
}

/// Scrolls the preview by so many lines.
pub(crate) fn scroll_preview(model: &mut Model, lines: isize) {
    if let Some(compose) = &mut model.compose {
        compose.preview_scroll = compose.preview_scroll.saturating_add(lines);
    }
}
