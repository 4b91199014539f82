//! What may be done with the text that is written.

use super::gate::why;
use crate::action::Action;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::compose::{Check, Compose};
use crate::model::prompt::{Intent, Why};
use domain::refusal::Refusal;

fn closed(closed: &str) -> Why {
    let leave = keymap::key_in(Focus::Menu, Action::Leave);
    why(closed, &format!("{leave} leaves; the draft is kept"))
}

/// Whether the text can be sent for this; without a text there is nothing to refuse.
pub(super) fn send(model: &Model, intent: Intent) -> Result<(), Why> {
    let Some(compose) = &model.compose else {
        return Ok(());
    };
    if let Some(why) = &compose.closed {
        return Err(closed(why));
    }
    match (compose.fitting(), &compose.check) {
        (Some(checked), _) if intent != Intent::Reject && checked.is_of_job() => {
            let refusal = Refusal::params_need_rejection(&compose.pin.key);
            let reject = keymap::key_in(Focus::Menu, Action::RejectWith);
            Err(why(refusal.message, &format!("{reject} in the menu rejects with it")))
        }
        (Some(_), _) => Ok(()),
        (None, Check::Unfit(unfit)) => {
            let back = keymap::key_in(Focus::Menu, Action::Close);
            Err(why(&unfit.message, &format!("{back} goes back to the text")))
        }
        (None, Check::Pending | Check::Fits(_)) => Err(why("the patch is still being checked", "press the key again")),
    }
}

fn writable(model: &Model) -> Result<&Compose, Why> {
    let compose = model.compose.as_ref().ok_or_else(|| why("no text is open", ""))?;
    match &compose.closed {
        Some(why) => Err(closed(why)),
        None => Ok(compose),
    }
}

/// Whether the edit can go on in the version that is under review now.
pub(super) fn carry_over(model: &Model) -> Result<(), Why> {
    let compose = writable(model)?;
    match compose.edited() {
        Some(edited) if edited.has_moved && compose.fitting().is_some() => Ok(()),
        Some(edited) if edited.has_moved => Err(why("the edit does not fit the new version", "")),
        Some(_) => Err(why("the edit is of the version under review already", "")),
        None => Err(why("a patch is written here, no edit", "")),
    }
}

/// Whether the patch that the edit comes to can be written on as one.
pub(super) fn as_patch(model: &Model) -> Result<(), Why> {
    let compose = writable(model)?;
    if compose.edited().is_none() {
        return Err(why("a patch is written here already", ""));
    }
    if compose.fitting().is_none() {
        return Err(why("the edit does not fit, or is still being checked", ""));
    }
    let draft = model.draft(&compose.pin.key);
    if draft.is_some_and(|draft| draft.patch.is_some()) {
        let leave = keymap::key_in(Focus::Menu, Action::Leave);
        let open = keymap::key_in(Focus::Diff, Action::Compose);
        let hint = format!("press {leave}, then {open} to open it; send or discard it first");
        return Err(why("a patch draft is kept for this gate", &hint));
    }
    // The edit is gone before the patch is opened: that has to be possible.
    super::gate::compose(model)
}

/// What to do where the operator's own editor is of no use.
pub(crate) fn edit_here() -> String {
    format!("press {} to edit it here", keymap::key_in(Focus::Diff, Action::Edit))
}

pub(super) fn no_external_editor() -> Why {
    let words = "neither $VISUAL nor $EDITOR is set, and there is no vi on the PATH";
    why(words, &edit_here())
}

/// Whether the text that is open can go to the operator's own editor.
pub(super) fn external_editor(model: &Model) -> Result<(), Why> {
    match writable(model)?.edited() {
        Some(_) => Ok(()),
        None => {
            let own = keymap::key_in(Focus::Menu, Action::ExternalEditor);
            Err(why(
                format!("a patch is written here; {own} is for the artifact itself"),
                "",
            ))
        }
    }
}
