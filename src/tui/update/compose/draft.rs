//! Drafts of what is being written: kept up with the text, and let go of once it was sent or discarded.

use super::super::super::draft::{Draft, EditDraft, PatchDraft};
use super::super::super::effect::Effect;
use super::super::super::model::compose::{Compose, Subject};
use super::super::super::model::{Model, Sent};
use super::is_of_stage;
use crate::domain::gate::GateKey;

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
    note_unsaved(model, key);
}

fn note_unsaved(model: &mut Model, key: &GateKey) {
    if !model.unsaved.contains(key) {
        model.unsaved.insert(key.clone());
    }
    let boot = model.now.boot_us;
    model.unsaved_boot_us.get_or_insert(boot);
}

/// The text changed: its draft is made when it is written or read, not for each key; that there is one is known at once.
pub(super) fn note_change(model: &mut Model) {
    let Some(compose) = &mut model.compose else {
        return;
    };
    compose.is_draft_behind = true;
    let key = compose.pin.key.clone();
    let is_wanted = compose.is_changed();
    let is_there = model.drafts.get(&key).is_some_and(|draft| match &compose.subject {
        Subject::Patch(_) => draft.patch.is_some(),
        Subject::Artifact(_) => draft.edit(&compose.path).is_some(),
    });
    if is_wanted == is_there {
        note_unsaved(model, &key);
    } else {
        keep_up(model);
    }
}

/// Brings the draft of the open editor up to date with its text.
pub fn keep_up(model: &mut Model) {
    let Some(compose) = model.compose.as_mut().filter(|compose| compose.is_draft_behind) else {
        return;
    };
    compose.is_draft_behind = false;
    // A text that nobody wrote in is no draft.
    let is_wanted = compose.is_changed();
    let (key, path) = (compose.pin.key.clone(), compose.path.clone());
    let (text, cursor) = if is_wanted {
        (compose.editor.text(), compose.editor.cursor())
    } else {
        Default::default()
    };
    match &compose.subject {
        Subject::Patch(sheets) => {
            let others = sheets.shelf.iter();
            let patch = is_wanted.then(|| PatchDraft {
                path,
                text,
                cursor,
                others: others
                    .map(|(name, editor)| ((*name).to_owned(), editor.text()))
                    .collect(),
            });
            change_draft(model, &key, |draft| draft.patch = patch);
        }
        Subject::Artifact(edited) => {
            let base = edited.base;
            let edit = is_wanted.then(|| EditDraft {
                path: path.clone(),
                base,
                text,
                cursor,
            });
            change_draft(model, &key, |draft| draft.set_edit(&path, edit));
        }
    }
}

/// A command was carried out: what it took along is no draft any longer. A patch that it did not take along stays, and its place on disk.
///
/// Returns whether a patch was left out of a decision.
pub fn sent(model: &mut Model, key: &GateKey, sent: &Sent, fx: &mut Vec<Effect>) -> bool {
    let is_decision = sent.decides.is_some();
    if sent.has_patch
        && let Some(compose) = model.compose.take_if(|compose| compose.pin.key == *key)
    {
        forget(model, &compose, fx);
    }
    let Some(draft) = model.drafts.get_mut(key) else {
        return false;
    };
    if is_decision {
        draft.note.clear();
    }
    let is_left_out = is_decision && draft.has_patch();
    save_now(model, key, fx);
    is_left_out
}

/// Removes the draft of what was written here, and those of former attempts from which it may have come.
pub(super) fn forget(model: &mut Model, compose: &Compose, fx: &mut Vec<Effect>) {
    let gate = &compose.pin.key;
    model.unsaved.remove(gate);
    if !model.drafts.contains_key(gate) {
        // It may have been saved before the last key took everything back.
        fx.push(Effect::SaveDraft(gate.clone(), None));
    }
    let of_stage = model.drafts.keys().filter(|draft| is_of_stage(draft, gate));
    for key in of_stage.cloned().collect::<Vec<_>>() {
        if let Some(draft) = model.drafts.get_mut(&key) {
            match &compose.subject {
                Subject::Patch(_) => draft.patch = None,
                Subject::Artifact(_) => draft.set_edit(&compose.path, None),
            }
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
