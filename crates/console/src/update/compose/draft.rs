//! Drafts of what is being written: kept up with the text, and let go of once it was sent or
//! discarded.

use crate::action::Action;
use crate::draft::{Discarded, Draft, DraftComment, EditDraft, PatchDraft};
use crate::effect::Effect;
use crate::keymap::{self, Focus};
use crate::model::compose::{Compose, Subject};
use crate::model::outgoing::Sent;
use crate::model::toast::Tone;
use crate::model::{Drafts, Model};
use crate::update::outgoing::{refuse, toast};
use domain::comment::Comment;
use domain::decision::Decision;
use domain::gate::Verdict;
use domain::key::GateKey;

/// Changes a draft and has it written soon.
pub fn change_draft(model: &mut Model, key: &GateKey, change: impl FnOnce(&mut Draft)) {
    let draft = model.drafts.of(key);
    change(draft);
    draft.by = Some(model.session.operator.name.clone());
    draft.written_at = Some(model.now.utc);
    if draft.is_empty() {
        model.drafts.by_gate.remove(key);
    }
    model.drafts.note_unsaved(key, model.now.boot_us);
}

/// Another console of this operator has written about the same gate meanwhile; nothing of either
/// text is lost.
pub(crate) fn put_aside_elsewhere(model: &mut Model, draft: Draft, fx: &mut Vec<Effect>) {
    let list = keymap::key_in(Focus::Queue, Action::Discarded);
    let text = format!(
        "Another console of yours has written about {}: the later text is kept, and {list} lists the other",
        draft.key
    );
    toast(model, Tone::Error, text);
    let discarded_at = model.now.utc;
    let discarded = Discarded { discarded_at, draft };
    fx.push(Effect::PutAside(Box::new(discarded.clone())));
    model.drafts.discarded.insert(0, discarded);
}

/// The text changed: its draft is made when it is written or read, not for each key; that there is
/// one is known at once.
pub(super) fn note_change(model: &mut Model) {
    let Some(compose) = &mut model.compose else {
        return;
    };
    compose.is_draft_behind = true;
    let key = compose.pin.key.clone();
    let is_wanted = compose.is_changed();
    let draft = model.drafts.by_gate.get(&key);
    let is_there = draft.is_some_and(|draft| match &compose.subject {
        Subject::Patch(_) => draft.patch.is_some(),
        Subject::Artifact(_) => draft.edit(&compose.path).is_some(),
    });
    if is_wanted == is_there {
        model.drafts.note_unsaved(&key, model.now.boot_us);
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
    // An unchanged text is not kept as a draft.
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

/// A command was carried out: what it took along is no draft any longer. A patch that it did not
/// take along stays, and its place on disk.
///
/// Returns whether a patch was left out of a decision.
///
/// Of a decision the note of the other verdict is put aside: nobody will send it, and it was
/// written.
///
/// The same becomes of comments that did not go with it.
pub fn sent(model: &mut Model, key: &GateKey, sent: &Sent, decision: Option<&Decision>, fx: &mut Vec<Effect>) -> bool {
    let is_decision = sent.decides.is_some();
    let verdict = decision.map(Verdict::of);
    if sent.has_patch
        && let Some(compose) = model.compose.take_if(|compose| compose.pin.key == *key)
    {
        forget(&mut model.drafts, &compose, fx);
    }
    if is_decision {
        put_comments_aside(model, key, decision.map_or(&[], Decision::comments), fx);
    }
    let Some(draft) = model.drafts.by_gate.get_mut(key) else {
        return false;
    };
    let mut unsent = Draft::new(key.clone());
    for of in [Verdict::Approve, Verdict::Reject].into_iter().filter(|_| is_decision) {
        if verdict.is_some_and(|verdict| verdict != of) {
            unsent.set_note(of, draft.note(of).to_owned());
        }
        draft.set_note(of, String::new());
    }
    let is_left_out = is_decision && draft.has_patch();
    save_now(&mut model.drafts, key, fx);
    put_aside(model, unsent, fx);
    is_left_out
}

/// Comments on a gate that was decided, and on its former attempts: what was not said is put aside.
fn put_comments_aside(model: &mut Model, key: &GateKey, said: &[Comment], fx: &mut Vec<Effect>) {
    let with_comments = model.drafts.of_stage(key).filter(|draft| !draft.comments.is_empty());
    let keys: Vec<_> = with_comments.map(|draft| draft.key.clone()).collect();
    for of in keys {
        let mut unsent = Draft::new(of.clone());
        if let Some(draft) = model.drafts.by_gate.get_mut(&of) {
            unsent.comments = std::mem::take(&mut draft.comments);
        }
        if of == *key {
            // It is recorded without blanks at its end.
            let is_said = |comment: &DraftComment| {
                let mut said_so = comment.said();
                said_so.text.truncate(said_so.text.trim_end().len());
                said.contains(&said_so)
            };
            unsent.comments.retain(|comment| !is_said(comment));
        }
        save_now(&mut model.drafts, &of, fx);
        put_aside(model, unsent, fx);
    }
}

/// Keeps what was thrown away, for some days.
fn put_aside(model: &mut Model, draft: Draft, fx: &mut Vec<Effect>) {
    if draft.is_empty() {
        return;
    }
    let discarded = Discarded {
        discarded_at: model.now.utc,
        draft,
    };
    fx.push(Effect::PutAside(Box::new(discarded.clone())));
    model.drafts.discarded.insert(0, discarded);
    model.drafts.discarded.truncate(DISCARDED_MAX);
}

/// Puts aside what [`forget`] would remove: the text of the editor, and those of former attempts
/// from which it may have come.
pub(super) fn put_text_aside(model: &mut Model, fx: &mut Vec<Effect>) {
    keep_up(model);
    let Some(compose) = &model.compose else {
        return;
    };
    let parts = model
        .drafts
        .of_stage(&compose.pin.key)
        .map(|draft| match &compose.subject {
            Subject::Patch(_) => Draft {
                patch: draft.patch.clone(),
                ..Draft::new(draft.key.clone())
            },
            Subject::Artifact(_) => Draft {
                edits: draft.edit(&compose.path).cloned().into_iter().collect(),
                ..Draft::new(draft.key.clone())
            },
        });
    for part in parts.collect::<Vec<_>>() {
        put_aside(model, part, fx);
    }
}

/// A text that was thrown away is a draft again, unless another was written in its place.
pub fn take_back(model: &mut Model, chosen: &Discarded, fx: &mut Vec<Effect>) {
    let key = chosen.draft.key.clone();
    let mut draft = model.draft(&key).cloned().unwrap_or_else(|| Draft::new(key.clone()));
    if let Err(why) = draft.take_back(&chosen.draft) {
        let hint = "send or discard that first; this one stays here";
        return refuse(model, "Not restored", &why, hint);
    }
    let is_open = model.queue.gate(&key).is_some();
    let keys = |actions: &[Action]| keymap::keys_of(Focus::Queue, actions).replace(' ', " or ");
    let keys = match (is_open, draft.has_patch(), draft.edits.is_empty()) {
        // A decided gate cannot be opened by a key any more.
        (false, _, _) => "holdpoint drafts show prints it".to_owned(),
        (true, false, _) => format!("{} on its gate shows it", keys(&[Action::Approve, Action::Reject])),
        (true, true, true) => format!("{} on its gate opens it", keys(&[Action::Compose])),
        (true, true, false) => format!("{} on its gate opens it", keys(&[Action::Edit])),
    };
    let text = format!("Restored: {} of {key}   {keys}", chosen.draft.contents());
    // Saved at once: the discarded text stays where it is until the draft is on disk.
    fx.push(Effect::Restore(Box::new(draft.clone()), Box::new(chosen.clone())));
    model.drafts.discarded.retain(|other| other != chosen);
    model.drafts.unsaved.keys.remove(&key);
    model.drafts.by_gate.insert(key, draft);
    toast(model, Tone::Done, text);
}

/// As many as are kept on disk.
const DISCARDED_MAX: usize = 200;

/// Removes the draft of what was written here, and those of former attempts from which it may have
/// come.
pub(super) fn forget(drafts: &mut Drafts, compose: &Compose, fx: &mut Vec<Effect>) {
    let gate = &compose.pin.key;
    drafts.unsaved.keys.remove(gate);
    if !drafts.by_gate.contains_key(gate) {
        // The draft may be on disk, saved before the last key undid every change.
        fx.push(Effect::SaveDraft(gate.clone(), None));
    }
    let of_stage = drafts.of_stage(gate).map(|draft| draft.key.clone());
    for key in of_stage.collect::<Vec<_>>() {
        if let Some(draft) = drafts.by_gate.get_mut(&key) {
            match &compose.subject {
                Subject::Patch(_) => draft.patch = None,
                Subject::Artifact(_) => draft.set_edit(&compose.path, None),
            }
            save_now(drafts, &key, fx);
        }
    }
}

fn save_now(drafts: &mut Drafts, key: &GateKey, fx: &mut Vec<Effect>) {
    drafts.unsaved.keys.remove(key);
    if drafts.by_gate.get(key).is_some_and(Draft::is_empty) {
        drafts.by_gate.remove(key);
    }
    fx.push(Effect::SaveDraft(key.clone(), drafts.by_gate.get(key).cloned()));
}

/// Drafts that are not on disk yet: for the moment before the process leaves.
pub fn unsaved_drafts(model: &mut Model) -> Vec<(GateKey, Option<Draft>)> {
    keep_up(model);
    model.drafts.unsaved.since_boot_us = None;
    let keys = std::mem::take(&mut model.drafts.unsaved.keys).into_iter();
    keys.map(|key| (key.clone(), model.draft(&key).cloned())).collect()
}
