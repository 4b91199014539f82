//! The question before a paused job goes on.

use super::parts::{PromptLine, answers, key, other_title, outlook, wrapped};
use crate::action::Action;
use crate::model::Model;
use crate::model::prompt::ResumeAsk;

pub(super) fn lines<'a>(model: &'a Model, ask: &'a ResumeAsk, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let style = theme.held().patch(theme.strong());
    let mut lines = other_title(model, ("RESUME ", style), &ask.label, columns);
    outlook(model, columns, &mut lines);
    // Where its stage does not run again now, nobody is handed the note.
    if let Some(note) = ask.note.as_ref().filter(|_| !model.preview.drops_a_stage()) {
        wrapped(note, columns, theme.plain(), &mut lines);
    }
    answers(
        model,
        columns,
        "resume",
        &[key(model, Action::Close, "back, it stays paused")],
        &mut lines,
    );
    lines
}
