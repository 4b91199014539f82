//! The patch editor: opening it, checking what is typed, drafts.

use super::super::draft::{Draft, PatchDraft};
use super::super::editor::Editor;
use super::super::effect::{CheckJob, Checked, Effect, Unfit};
use super::super::model::compose::{Check, Compose};
use super::super::model::gate::{Content, GateView};
use super::super::model::prompt::{Intent, Prompt};
use super::super::model::toast::Tone;
use super::super::model::{Lower, Model, Sent};
use super::super::work;
use super::prompt::{self, refuse};
use super::toast;
use crate::domain::gate::GateKey;

/// Opens the editor on the file on screen.
pub fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    let what = "Not composed";
    let Some(pin) = prompt::pin(model, what) else {
        return;
    };
    let Some(file) = model.gate.as_ref().and_then(GateView::current) else {
        return refuse(model, what, "this gate has no artifact to patch", "");
    };
    let artifact = file.artifact.clone();
    let (Some(bytes), Content::Text(_)) = (&file.bytes, &file.content) else {
        let why = format!(
            "{} is not text, and patches for it are not built yet",
            artifact.path.file_name()
        );
        return refuse(model, what, &why, "reject it with a note, or press ] for another file");
    };
    let templates = work::templates(&artifact.kind, artifact.path.as_str(), bytes);
    let Some((type_name, template)) = templates.first().cloned() else {
        return;
    };
    let mut path = artifact.path;
    let mut editor = Editor::of_text(&template.text);
    editor.move_to(template.cursor.0, template.cursor.1);
    let mut shelf = Vec::new();
    if let Some((attempt, patch)) = kept_patch(model, &pin.key) {
        let words = if attempt == pin.key.attempt {
            "Your draft is back; D in the menu (Esc) discards it".to_owned()
        } else {
            format!("Your draft of #{attempt} is back; D in the menu (Esc) discards it")
        };
        toast(model, Tone::Info, words);
        editor = Editor::of_text(&patch.text);
        editor.move_to(patch.cursor.0, patch.cursor.1);
        path = patch.path;
        shelf.extend(patch.others.iter().filter_map(|(name, text)| {
            let known = templates.iter().map(|(known, _)| *known).find(|known| known == name)?;
            Some((known, Editor::of_text(text)))
        }));
    }
    let revision = model.next_number();
    model.lower = Lower::Gate;
    let mut compose = Compose {
        pin,
        path,
        editor,
        revision,
        check: Check::Pending,
        checked_revision: None,
        closed: None,
        templates,
        type_name,
        shelf,
    };
    compose.type_name = compose.written_type().unwrap_or(type_name);
    model.compose = Some(compose);
    check(model, fx);
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

/// Another patch type, with what was written in it before; what is written now is kept.
pub fn other_type(model: &mut Model, fx: &mut Vec<Effect>) {
    model.prompt = None;
    let Some(compose) = &mut model.compose else {
        return;
    };
    if compose.closed.is_some() {
        return toast(model, Tone::Info, "The text can only be read now; Esc opens the menu");
    }
    let now = compose.written_type().unwrap_or(compose.type_name);
    let at = compose.templates.iter().position(|(name, _)| *name == now);
    let next = at.map_or(0, |at| at + 1) % compose.templates.len().max(1);
    let Some((name, template)) = compose.templates.get(next).filter(|(name, _)| *name != now).cloned() else {
        return toast(model, Tone::Info, "No other patch type is for this file");
    };
    let place = compose.shelf.iter().rposition(|(shelved, _)| *shelved == name);
    let editor = match place {
        Some(place) => compose.shelf.remove(place).1,
        None => {
            let mut editor = Editor::of_text(&template.text);
            editor.move_to(template.cursor.0, template.cursor.1);
            editor
        }
    };
    let was_template = compose.is_template();
    let former = std::mem::replace(&mut compose.editor, editor);
    if !was_template {
        compose.shelf.push((now, former));
    }
    compose.type_name = name;
    compose.check = Check::Pending;
    let kept = if was_template {
        String::new()
    } else {
        format!("; what you wrote as {now} is kept, F2 brings it back")
    };
    toast(model, Tone::Info, format!("Patch type {name}{kept}"));
    edited(model, fx);
}

fn check(model: &Model, fx: &mut Vec<Effect>) {
    let (Some(compose), Some(view)) = (&model.compose, &model.gate) else {
        return;
    };
    let files = view.files.iter().filter_map(|file| {
        let bytes = file.bytes.clone()?;
        Some((file.artifact.kind.clone(), file.artifact.path.clone(), bytes))
    });
    fx.push(Effect::Check(CheckJob {
        revision: compose.revision,
        text: compose.editor.text(),
        files: files.collect(),
        path: compose.path.clone(),
    }));
}

/// Takes what came of a check.
pub fn checked(model: &mut Model, revision: u64, result: Result<Box<Checked>, Unfit>) {
    if let Some(compose) = &mut model.compose
        && compose.revision == revision
    {
        compose.check = match result {
            Ok(checked) => Check::Fits(checked),
            Err(unfit) => Check::Unfit(unfit),
        };
        compose.checked_revision = Some(revision);
    }
}

/// The text changed.
pub fn edited(model: &mut Model, fx: &mut Vec<Effect>) {
    let revision = model.next_number();
    let Some(compose) = &mut model.compose else {
        return;
    };
    // The former verdict stays readable while the next is made; it counts for nothing until then.
    compose.revision = revision;
    let key = compose.pin.key.clone();
    // A template that nobody wrote in is no draft.
    let patch = compose.is_changed().then(|| PatchDraft {
        path: compose.path.clone(),
        text: compose.editor.text(),
        cursor: compose.editor.cursor(),
        others: compose
            .shelf
            .iter()
            .map(|(name, editor)| ((*name).to_owned(), editor.text()))
            .collect(),
    });
    change_draft(model, &key, |draft| draft.patch = patch);
    model.toasts.text_changed();
    check(model, fx);
}

/// Changes a draft and has it written soon.
pub fn change_draft(model: &mut Model, key: &GateKey, change: impl FnOnce(&mut Draft)) {
    let draft = model
        .drafts
        .entry(key.clone())
        .or_insert_with(|| Draft::new(key.clone()));
    change(draft);
    if draft.is_empty() {
        model.drafts.remove(key);
    }
    model.unsaved.insert(key.clone());
    let boot = model.now.boot_us;
    model.unsaved_boot_us.get_or_insert(boot);
}

/// A command was carried out: what it took along is no draft any longer. A patch that it did not take along stays, and its place on disk.
///
/// Returns whether a patch was left out of a decision.
pub fn sent(model: &mut Model, key: &GateKey, sent: &Sent, fx: &mut Vec<Effect>) -> bool {
    let is_decision = sent.decides.is_some();
    if sent.has_patch {
        if model.compose.as_ref().is_some_and(|compose| compose.pin.key == *key) {
            model.compose = None;
        }
        forget_patches(model, key, fx);
    }
    let Some(draft) = model.drafts.get_mut(key) else {
        return false;
    };
    if is_decision {
        draft.note.clear();
    }
    let is_left_out = is_decision && draft.patch.is_some();
    save_now(model, key, fx);
    is_left_out
}

/// Removes the patch drafts of a gate and of its former attempts.
fn forget_patches(model: &mut Model, key: &GateKey, fx: &mut Vec<Effect>) {
    let keys: Vec<_> = model
        .drafts
        .keys()
        .filter(|draft| is_of_stage(draft, key))
        .cloned()
        .collect();
    for key in keys {
        if let Some(draft) = model.drafts.get_mut(&key) {
            draft.patch = None;
            save_now(model, &key, fx);
        }
    }
}

fn save_now(model: &mut Model, key: &GateKey, fx: &mut Vec<Effect>) {
    model.unsaved.remove(key);
    if model.drafts.get(key).is_some_and(Draft::is_empty) {
        model.drafts.remove(key);
    }
    fx.push(Effect::SaveDraft(key.clone(), model.drafts.get(key).cloned()));
}

/// From the menu into a confirm prompt.
pub fn submit(model: &mut Model, intent: Intent) {
    let Some(compose) = &model.compose else {
        return;
    };
    if let Some(why) = compose.closed.clone() {
        return refuse_text(model, intent, &why, "q leaves; the draft is kept");
    }
    match (compose.fitting().cloned(), &compose.check) {
        (Some(checked), _) => {
            let pin = compose.pin.clone();
            prompt::open_confirm(model, intent, Some((pin, checked)));
        }
        (None, Check::Unfit(unfit)) => {
            let why = unfit.message.clone();
            refuse_text(model, intent, &why, "Esc goes back to the text");
        }
        (None, Check::Pending | Check::Fits(_)) => {
            refuse_text(model, intent, "the patch is still being checked", "press the key again");
        }
    }
}

fn refuse_text(model: &mut Model, intent: Intent, why: &str, hint: &str) {
    refuse(model, intent.not_done(), why, hint);
    model.toasts.is_about_text = true;
}

/// Leaves the editor; the draft stays.
pub fn leave(model: &mut Model) {
    model.prompt = None;
    if let Some(compose) = model.compose.take()
        && compose.is_changed()
    {
        toast(model, Tone::Info, "The draft is kept; p opens it again");
    }
}

/// Asks before the text is thrown away; an untouched template is not worth a question.
pub fn ask_discard(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.compose.as_ref().is_some_and(Compose::is_changed) {
        model.prompt = Some(Prompt::Discard);
    } else {
        discard(model, fx);
    }
}

/// Throws the text away.
pub fn discard(model: &mut Model, fx: &mut Vec<Effect>) {
    model.prompt = None;
    if let Some(compose) = model.compose.take() {
        let key = compose.pin.key;
        model.toasts.text_changed();
        model.unsaved.remove(&key);
        if !model.drafts.contains_key(&key) {
            // It may have been saved before the last key took everything back.
            fx.push(Effect::SaveDraft(key.clone(), None));
        }
        forget_patches(model, &key, fx);
        toast(model, Tone::Info, "The patch text is discarded");
    }
}
