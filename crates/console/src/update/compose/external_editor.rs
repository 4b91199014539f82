//! The edit goes to the operator's own editor and comes back: the same edit, derived, shown and
//! sent as any other.
//!
//! What the editor saves while it is open becomes the draft at once, so that nothing of it depends
//! on how the editor, the line or this process end.

use std::sync::Arc;

use super::edit::NOT;
use super::open_edit;
use crate::action::Action;
use crate::editor::Editor;
use crate::effect::{CopyJob, CopyReady, Effect};
use crate::external_editor::{Ending, ExternalEditor};
use crate::facts::verb;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::external_edit::{ExternalEdit, Stage};
use crate::prompt::menu::Menu;
use crate::update::compose::open::edited;
use crate::update::note;
use crate::update::outgoing::{refuse, tell};
use domain::ids::ArtifactPath;
use domain::time::SECOND_US;

/// The copy is looked at this often.
const LOOK_EVERY_US: i64 = SECOND_US;

/// Opens the artifact on screen, or the edit that is open, in the operator's own editor.
pub(crate) fn open_external_editor(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(editor) = model.session.external_editor.clone() else {
        return;
    };
    if model.ask().is_some_and(|ask| ask.note().is_some()) {
        return open_note(model, editor, fx);
    }
    if model.compose.is_none() {
        open_edit(model, fx);
    }
    let Some(compose) = &model.compose else {
        return;
    };
    let text = compose.editor.text();
    model.prompt = None;
    model.keys.away = Some(ExternalEdit {
        editor,
        stage: Stage::Opening,
        note: None,
        given: Some(Arc::from(text.as_str())),
        looked_boot_us: model.now.boot_us,
    });
    fx.push(Effect::OpenCopy(CopyJob {
        key: compose.pin.key.clone(),
        path: compose.path.clone(),
        text,
    }));
}

/// The name of a note's copy, which is no artifact's: it stands for itself in the directory of the
/// copies.
const NOTE_PATH: &str = ".holdpoint/note.txt";

/// Opens the note of the open question in the operator's own editor; the question stays.
fn open_note(model: &mut Model, editor: ExternalEditor, fx: &mut Vec<Effect>) {
    let note = model.ask().and_then(|ask| ask.note());
    let (Some(note), Ok(path)) = (note, ArtifactPath::new(NOTE_PATH)) else {
        return;
    };
    let (key, verdict, text) = (note.key.clone(), note.verdict, note.text());
    model.keys.away = Some(ExternalEdit {
        editor,
        stage: Stage::Opening,
        note: Some((key.clone(), verdict)),
        given: Some(Arc::from(text.as_str())),
        looked_boot_us: model.now.boot_us,
    });
    fx.push(Effect::OpenCopy(CopyJob { key, path, text }));
}

/// Says what the console waits for while the edit is away.
pub(crate) fn say_away(model: &mut Model) {
    let Some(away) = &model.keys.away else {
        return;
    };
    let name = away.editor.name();
    let words = match away.stage {
        Stage::Opening => format!("{name} is being started"),
        Stage::Running => format!("{name} has the terminal"),
        Stage::Reading(_) => format!("What {name} left is being read"),
    };
    tell(model, words);
}

/// Starts the editor on the copy.
pub(crate) fn copy_ready(model: &mut Model, result: Result<CopyReady, String>, fx: &mut Vec<Effect>) {
    let Some(away) = &mut model.keys.away else {
        return;
    };
    match result {
        Ok(ready) => {
            away.stage = Stage::Running;
            if ready.is_former {
                away.given = None;
            }
            away.looked_boot_us = model.now.boot_us;
            fx.push(Effect::StartExternalEditor(away.editor.clone(), ready.path));
        }
        Err(why) => {
            let is_note = model.keys.away.take().is_some_and(|away| away.note.is_some());
            if is_note {
                return refuse(model, NOT, &why, "write it here");
            }
            leave(model);
            refuse(model, NOT, &why, &verb::edit_here());
        }
    }
}

/// Microseconds until the copy is looked at again.
pub fn look_wake_us(model: &Model) -> Option<i64> {
    let away = model.keys.away.as_ref().filter(|away| away.stage == Stage::Running)?;
    Some((away.looked_boot_us + LOOK_EVERY_US - model.now.boot_us).max(0))
}

/// Has the copy looked at when it is time.
pub(crate) fn keep_looking(model: &mut Model, fx: &mut Vec<Effect>) {
    if look_wake_us(model) == Some(0)
        && let Some(away) = &mut model.keys.away
    {
        away.looked_boot_us = model.now.boot_us;
        fx.push(Effect::LookAtCopy);
    }
}

/// The editor has saved: that is the text now, and soon the draft on disk.
pub(crate) fn copy_saved(model: &mut Model, text: &str, fx: &mut Vec<Effect>) {
    let Some(away) = &model.keys.away else {
        return;
    };
    let text = without_added_end(text, away.given.as_deref());
    if let Some((key, verdict)) = away.note.clone() {
        // No note ends with empty lines.
        return note::take(model, &key, verdict, text.trim_end());
    }
    let Some(compose) = &mut model.compose else {
        return;
    };
    if compose.editor.is_text(text) {
        return;
    }
    compose.editor = Editor::at(text, compose.editor.cursor());
    edited(model, fx);
}

/// Most editors end the last line of a text whose last line had no end: that is no change of the
/// operator's (SPEC §6).
fn without_added_end<'a>(text: &'a str, given: Option<&str>) -> &'a str {
    let has_end = given.is_none_or(|given| given.is_empty() || given.ends_with('\n'));
    let ended = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n'));
    ended
        // Only one added line end is the editor's doing; further ones are the operator's.
        .filter(|rest| !has_end && !rest.ends_with('\n'))
        .unwrap_or(text)
}

/// The editor ended: what it left is read, however it ended.
pub(crate) fn external_editor_ended(model: &mut Model, ending: Ending, fx: &mut Vec<Effect>) {
    if let Some(away) = &mut model.keys.away {
        away.stage = Stage::Reading(ending);
        fx.push(Effect::ReadCopy);
    }
}

/// Takes what the editor left.
pub(crate) fn copy_read(model: &mut Model, result: Result<String, String>, fx: &mut Vec<Effect>) {
    let problem_of_text = match &result {
        Ok(text) => {
            copy_saved(model, text, fx);
            None
        }
        Err(why) => Some(why.clone()),
    };
    let Some(away) = model.keys.away.take() else {
        return;
    };
    let ending = match away.stage {
        Stage::Reading(ending) => ending,
        Stage::Opening | Stage::Running => return,
    };
    let problem = ending.problem(&away.editor);
    // An editor that failed may have left what only it can read: also with a status, as nano does,
    // and as a shell tells of a signal.
    fx.push(Effect::CloseCopy {
        is_kept: problem.is_some() || problem_of_text.is_some(),
    });
    if away.note.is_some() {
        // What is in the field is what Enter sends: it has to be read there.
        if let Some(note) = note::open_note(model) {
            note.is_focused = true;
        }
        let why = problem_of_text.or(problem);
        return why.map_or((), |why| {
            refuse(model, "Not taken", &why, "the note here is as it was saved last")
        });
    }
    let Some(compose) = &model.compose else {
        return;
    };
    let is_changed = compose.is_changed();
    let is_same = away.given.is_some_and(|given| compose.editor.is_text(&given));
    let (name, file) = (away.editor.name(), compose.path.file_name().to_owned());
    let closed = compose.closed.clone();
    if let Some(why) = problem_of_text {
        leave(model);
        let own = keymap::key_in(Focus::Diff, Action::ExternalEditor);
        return refuse(
            model,
            "Not taken",
            &why,
            &format!("{own} opens it again, as it was left"),
        );
    }
    if let Some(why) = problem {
        leave(model);
        let [edit, own] = [Action::Edit, Action::ExternalEditor].map(|action| keymap::key_in(Focus::Diff, action));
        let hint = match is_changed {
            true => format!("your text is kept as a draft; {edit} or {own} opens it again"),
            false => "nothing is changed".to_owned(),
        };
        return refuse(model, "Not taken", &why, &hint);
    }
    if let Some(why) = closed {
        // The text stands there to be read; what became of the gate meanwhile is said with it.
        return refuse(model, "Not to be used any more", &why, "your text is kept as a draft");
    }
    if !is_changed {
        leave(model);
        let words = format!("{name} changed nothing in {file}   an editor in a window of its own must be told to wait");
        return tell(model, words);
    }
    if is_same {
        tell(model, format!("{name} changed nothing; this is your draft as it was"));
    }
    model.put(Menu);
}

/// Closes the edit without a word; a changed text stays as a draft.
fn leave(model: &mut Model) {
    super::keep_up(model);
    model.prompt = None;
    model.compose = None;
}
