//! The patch editor: opening it, checking what is typed, drafts.

use super::super::draft::{Draft, PatchDraft};
use super::super::editor::Editor;
use super::super::effect::{CheckJob, Checked, Effect, Unfit};
use super::super::model::compose::{Check, Compose};
use super::super::model::gate::{Content, GateView};
use super::super::model::prompt::{Confirm, Intent, Prompt};
use super::super::model::toast::Tone;
use super::super::model::{Lower, Model};
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
    let template = work::template(&artifact.kind, artifact.path.as_str(), bytes);
    let kept = model.draft(&pin.key).and_then(|draft| draft.patch.clone());
    let (path, editor) = match kept {
        Some(patch) => {
            let mut editor = Editor::of_text(&patch.text);
            editor.move_to(patch.cursor.0, patch.cursor.1);
            toast(model, Tone::Info, "Your draft is back; D in the menu (Esc) discards it");
            (patch.path, editor)
        }
        None => {
            let mut editor = Editor::of_text(&template.text);
            editor.move_to(template.cursor.0, template.cursor.1);
            (artifact.path, editor)
        }
    };
    let revision = model.next_number();
    model.lower = Lower::Gate;
    model.compose = Some(Compose {
        pin,
        path,
        editor,
        revision,
        check: Check::Pending,
        checked_revision: None,
        closed: None,
        template: template.text,
    });
    check(model, fx);
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
    let patch = PatchDraft {
        path: compose.path.clone(),
        text: compose.editor.text(),
        cursor: compose.editor.cursor(),
    };
    change_draft(model, &key, |draft| draft.patch = Some(patch));
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

/// What was written was sent: nothing is left to be kept.
pub fn forget_draft(model: &mut Model, key: &GateKey, fx: &mut Vec<Effect>) {
    model.unsaved.remove(key);
    if model.drafts.remove(key).is_some() {
        fx.push(Effect::SaveDraft(key.clone(), None));
    }
}

/// A confirm prompt was carried out.
pub fn sent(model: &mut Model, confirm: &Confirm, fx: &mut Vec<Effect>) {
    if confirm.patch.is_some() {
        model.compose = None;
    }
    forget_draft(model, &confirm.pin.key, fx);
}

/// From the menu into a confirm prompt.
pub fn submit(model: &mut Model, intent: Intent) {
    let Some(compose) = &model.compose else {
        return;
    };
    if let Some(why) = compose.closed.clone() {
        return refuse(model, intent.not_done(), &why, "q leaves; the draft is kept");
    }
    match (compose.fitting().cloned(), &compose.check) {
        (Some(checked), _) => {
            let pin = compose.pin.clone();
            prompt::open_confirm(model, intent, Some((pin, checked)));
        }
        (None, Check::Unfit(unfit)) => {
            let why = unfit.message.clone();
            refuse(model, intent.not_done(), &why, "Esc goes back to the text");
        }
        (None, Check::Pending | Check::Fits(_)) => {
            refuse(
                model,
                intent.not_done(),
                "the patch is still being checked",
                "press the key again",
            );
        }
    }
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
        change_draft(model, &key, |draft| draft.patch = None);
        if !model.drafts.contains_key(&key) {
            model.unsaved.remove(&key);
            fx.push(Effect::SaveDraft(key, None));
        }
        toast(model, Tone::Info, "The patch text is discarded");
    }
}
