//! Opening the editor, changes of its text, leaving.

use super::check::keep_checked;
use super::draft::{self, keep_up};
use crate::action::Action;
use crate::draft::{DISCARDED_DAYS, PatchDraft};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::{compose, verb};
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::compose::{Compose, Sheets, Subject};
use crate::model::panes::Lower;
use crate::model::prompt::Pin;
use crate::question::Question;
use crate::update::outgoing::tell;
use domain::key::GateKey;

/// Opens the editor on a patch for the file on screen, or on the draft of one.
pub(crate) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    let Ok(pin) = verb::pin(model) else {
        return;
    };
    let file = model.file();
    let Some((artifact, bytes)) = file.and_then(|file| Some((file.artifact.clone(), file.bytes.clone()?))) else {
        return;
    };
    let rows = model.gate.as_ref().and_then(|view| view.rows.as_deref());
    let params = rows.map(|rows| rows.job.params.clone()).unwrap_or_default();
    let templates = patch::templates(&artifact.kind, artifact.path.as_str(), &bytes, &params);
    let Some((type_name, template)) = templates.first().cloned() else {
        return;
    };
    let mut path = artifact.path;
    let mut editor = Editor::at(&template.text, (template.cursor.line, template.cursor.character));
    let mut shelf = Vec::new();
    if let Some((attempt, patch)) = kept_patch(model, &pin.key) {
        say_draft_is_back(model, &pin, attempt);
        editor = Editor::at(&patch.text, patch.cursor);
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
    let revision = model.outgoing.next_number();
    let mut compose = Compose::new(pin, path, Subject::Patch(sheets), editor, revision);
    if let Some(written) = compose.written_type()
        && let Subject::Patch(sheets) = &mut compose.subject
    {
        sheets.type_name = written;
    }
    show(model, compose, fx);
}

pub(super) fn show(model: &mut Model, compose: Compose, fx: &mut Vec<Effect>) {
    let job_id = compose.pin.key.job_id.clone();
    fx.push(Effect::Ask(Question::Names(job_id)));
    model.panes.lower = Lower::Gate;
    model.compose = Some(compose);
}

/// A key of the menu, and how to get there: `D in the menu (Esc)`.
pub(super) fn in_menu(action: Action) -> String {
    let [key, menu] =
        [(Focus::Menu, action), (Focus::Compose, Action::Menu)].map(|(at, what)| keymap::key_in(at, what));
    format!("{key} in the menu ({menu})")
}

/// The gate has changed or is decided under the text.
pub(crate) fn say_closed(model: &mut Model) {
    let menu = keymap::key_in(Focus::Compose, Action::Menu);
    tell(model, format!("The text can only be read now; {menu} opens the menu"));
}

pub(super) fn say_draft_is_back(model: &mut Model, pin: &Pin, attempt: u32) {
    let which = if attempt == pin.key.attempt {
        "Your draft".to_owned()
    } else {
        format!("Your draft of #{attempt}")
    };
    let text = format!("{which} is back; {} discards it", in_menu(Action::Discard));
    tell(model, text);
}

/// The patch draft of this gate, else the newest of a former attempt whose file is still under
/// review.
pub(super) fn kept_patch(model: &Model, key: &GateKey) -> Option<(u32, PatchDraft)> {
    let view = model.gate.as_ref()?;
    let drafts = model.drafts.of_stage(key);
    let patches = drafts.filter_map(|draft| Some((draft.key.attempt, draft.patch.clone()?)));
    let fitting = patches.filter(|(attempt, patch)| {
        *attempt == key.attempt || view.files.iter().any(|file| file.artifact.path == patch.path)
    });
    fitting.max_by_key(|(attempt, _)| *attempt)
}

/// The text changed. Costs nothing by the text: what is made of it is made once, when the loop has
/// time.
pub(crate) fn edited(model: &mut Model, fx: &mut Vec<Effect>) {
    let revision = model.outgoing.next_number();
    let Some(compose) = &mut model.compose else {
        return;
    };
    // The former verdict stays readable while the next is made; it counts for nothing until then.
    compose.revision = revision;
    compose.preview.scroll = 0;
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

/// Leaves the editor; the draft stays.
pub(crate) fn leave(model: &mut Model) {
    model.prompt = None;
    keep_up(model);
    if let Some(compose) = model.compose.take()
        && compose.is_changed()
    {
        let action = compose.edited().map_or(Action::Compose, |_| Action::Edit);
        let key = keymap::key_in(Focus::Diff, action);
        tell(model, format!("The draft is kept; {key} opens it again"));
    }
}

/// Throws the text away, to where it can be taken back from for some days.
pub(crate) fn discard(model: &mut Model, fx: &mut Vec<Effect>) {
    model.prompt = None;
    draft::put_text_aside(model, fx);
    if let Some(compose) = model.compose.take() {
        model.toasts.text_changed();
        draft::forget(&mut model.drafts, &compose, fx);
        let text = format!(
            "The text is discarded; {} on the queue has it for {DISCARDED_DAYS} days",
            keymap::key_in(Focus::Queue, Action::Discarded)
        );
        tell(model, text);
    }
}

/// Tells the editor how wide it is drawn: before a key that moves by rows.
pub(crate) fn note_columns(model: &mut Model) {
    let width = layout::of(model).lower.width;
    let compose = model.compose.as_ref();
    let columns = compose.map(|compose| compose::text_columns(compose, width));
    if let (Some(compose), Some(columns)) = (&mut model.compose, columns) {
        compose.editor.set_columns(columns);
    }
}

/// More of a narrow screen for the preview, or its share again.
pub(crate) fn resize_preview(model: &mut Model) {
    if let Some(compose) = &mut model.compose {
        compose.preview.is_large = !compose.preview.is_large;
    }
}

/// Scrolls the preview by so many lines.
pub(crate) fn scroll_preview(model: &mut Model, lines: isize) {
    if let Some(compose) = &mut model.compose {
        compose.preview.scroll = compose.preview.scroll.saturating_add(lines);
    }
}
