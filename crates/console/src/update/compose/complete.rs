//! Completion: what could stand at the cursor of a patch, from what the artifact really holds.

use crate::effect::{CompleteJob, Effect, ReviewedFile};
use crate::input::{Code, KeyPress};
use crate::model::Model;
use crate::model::compose::{Compose, List, Subject};
use crate::update::compose::open::{edited, say_closed};
use patch::Completion;

/// Asks what could stand at the cursor; in a text that is no patch Tab is a tab.
pub fn complete(model: &mut Model, fx: &mut Vec<Effect>) {
    let (Some(compose), Some(view)) = (&model.compose, &model.gate) else {
        return;
    };
    if compose.closed.is_some() {
        return say_closed(model);
    }
    let file = view.files.iter().find(|file| file.artifact.path == compose.path);
    let bytes = file.and_then(|file| file.bytes.clone());
    match (&compose.subject, file, bytes) {
        (Subject::Patch(_), Some(file), Some(bytes)) => fx.push(Effect::Complete(CompleteJob {
            revision: compose.revision,
            text: compose.editor.text(),
            cursor: compose.editor.cursor(),
            file: ReviewedFile {
                kind: file.artifact.kind.clone(),
                path: file.artifact.path.clone(),
                bytes,
            },
            names: compose.names.clone(),
        })),
        (Subject::Patch(_) | Subject::Artifact(_), _, _) => indent(model, fx),
    }
}

fn indent(model: &mut Model, fx: &mut Vec<Effect>) {
    let tab = |compose: &mut Compose| compose.editor.press(KeyPress::plain(Code::Tab));
    if model.compose.as_mut().is_some_and(tab) {
        edited(model, fx);
    }
}

/// Takes what could stand there: one thing is written, several are a list, nothing is what Tab is
/// elsewhere.
pub fn completed(model: &mut Model, revision: u64, candidates: Vec<Completion>, fx: &mut Vec<Effect>) {
    // A text that was written on meanwhile has asked again, if it still wants to know.
    let Some(compose) = model.compose.as_mut().filter(|compose| compose.revision == revision) else {
        return;
    };
    let is_listed = compose.list.take().is_some();
    match (candidates.as_slice(), is_listed) {
        ([], true) => {}
        ([], false) => indent(model, fx),
        ([only], false) => {
            let only = only.clone();
            write(model, &only, fx);
        }
        ([_, ..], _) => compose.list = Some(List::Candidates { candidates, chosen: 0 }),
    }
}

/// Writes the chosen candidate.
pub fn choose_candidate(model: &mut Model, fx: &mut Vec<Effect>) {
    let list = model.compose.as_mut().and_then(|compose| compose.list.take());
    if let Some(List::Candidates { candidates, chosen }) = list
        && let Some(candidate) = candidates.get(chosen)
    {
        write(model, candidate, fx);
    }
}

fn write(model: &mut Model, candidate: &Completion, fx: &mut Vec<Effect>) {
    let (from, to) = (candidate.replaces.start, candidate.replaces.end);
    let put = |compose: &mut Compose| {
        let characters = from.character..to.character;
        compose.editor.replace_in_line(from.line, characters, &candidate.insert)
    };
    if model.compose.as_mut().is_some_and(put) {
        edited(model, fx);
    }
}
