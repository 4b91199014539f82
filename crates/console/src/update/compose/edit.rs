//! Editing an artifact itself; the patch is derived from what was changed.

use super::draft;
use crate::draft::EditDraft;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::verb;
use crate::model::Model;
use crate::model::compose::{Compose, Edited, Sheets, Subject, Version};
use crate::model::file::FileView;
use crate::question::Question;
use crate::update::compose::open::{edited, say_draft_is_back, show};
use crate::update::outgoing::tell;
use diff::DiffSide;
use domain::ids::ArtifactPath;
use domain::key::GateKey;

/// What did not happen when an edit is refused.
pub(super) const NOT: &str = "Not edited";

/// Opens the artifact on screen in the editor, or the draft of an edit of it.
pub fn open_edit(model: &mut Model, fx: &mut Vec<Effect>) {
    let Ok(pin) = verb::pin(model) else {
        return;
    };
    let Some(file) = model.file() else {
        return;
    };
    let (Ok(text), Some(bytes)) = (verb::editable_text(file), file.bytes.clone()) else {
        return;
    };
    let (path, now) = (file.artifact.path.clone(), file.digest.unwrap_or(file.artifact.digest));
    let line = line_on_screen(file);
    let mut editor = Editor::at(text, (line, 0));
    let mut base = now;
    if let Some((attempt, draft)) = kept_edit(model, &pin.key, &path) {
        say_draft_is_back(model, &pin, attempt);
        editor = Editor::at(&draft.text, draft.cursor);
        base = draft.base;
    }
    let version = if base == now {
        Version::Here(bytes)
    } else {
        fx.push(Effect::Ask(Question::Edited(pin.key.job_id.clone(), base)));
        Version::Reading
    };
    let subject = Subject::Artifact(Edited {
        base,
        version,
        has_moved: base != now,
    });
    let revision = model.outgoing.next_number();
    show(model, Compose::new(pin, path, subject, editor, revision), fx);
}

/// The line of the file at the top of what the diff shows: there the operator was reading.
fn line_on_screen(file: &FileView) -> usize {
    let Some(document) = file.document() else {
        return 0;
    };
    let hunk = document.hunk_after(file.scroll.top.row.saturating_sub(1));
    let lines = hunk.and_then(|hunk| document.hunk_lines(hunk, DiffSide::New));
    lines.map_or(0, |lines| lines.start)
}

/// The edit of this file that was kept for this gate, else for the newest former attempt.
fn kept_edit(model: &Model, key: &GateKey, path: &ArtifactPath) -> Option<(u32, EditDraft)> {
    let drafts = model.drafts.of_stage(key);
    let edits = drafts.filter_map(|draft| Some((draft.key.attempt, draft.edit(path)?.clone())));
    edits.max_by_key(|(attempt, _)| *attempt)
}

/// The artifact moved since the edit began, and the edit fits the new version: goes on in that one,
/// with the edit in it.
pub fn carry_over(model: &mut Model, fx: &mut Vec<Effect>) {
    let now = model.gate.as_ref().and_then(|view| {
        let path = &model.compose.as_ref()?.path;
        view.files.iter().find(|file| file.artifact.path == *path)
    });
    let now = now.and_then(|file| Some((file.digest?, file.bytes.clone()?)));
    let (Some(compose), Some((digest, bytes))) = (&mut model.compose, now) else {
        return;
    };
    let planned = compose.fitting().map(|checked| checked.planned.after.clone());
    let text = planned.and_then(|planned| String::from_utf8(planned.to_vec()).ok());
    let (Subject::Artifact(edited_from), Some(text)) = (&mut compose.subject, text) else {
        return;
    };
    *edited_from = Edited {
        base: digest,
        version: Version::Here(bytes),
        has_moved: false,
    };
    compose.editor = Editor::at(&text, compose.editor.cursor());
    model.prompt = None;
    tell(model, "This is the new version, with your edit in it");
    edited(model, fx);
}

/// Shows the derived patch as JSON, to be written on as one.
pub fn as_patch(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(compose) = &model.compose else {
        return;
    };
    let Some(checked) = compose.fitting().cloned() else {
        return;
    };
    let mut text = serde_json::to_string_pretty(&checked.value).unwrap_or_default();
    text.push('\n');
    model.prompt = None;
    if let Some(compose) = model.compose.take() {
        draft::forget(&mut model.drafts, &compose, fx);
    }
    crate::update::compose::open::open(model, fx);
    if let Some(compose) = &mut model.compose
        && let Subject::Patch(Sheets { type_name, .. }) = &mut compose.subject
    {
        *type_name = checked.type_name;
        compose.path = checked.path;
        compose.editor = Editor::of_text(&text);
    }
    edited(model, fx);
}
