//! The question before a text is thrown away.

use super::parts::{PromptLine, answers, key, text, wrapped};
use crate::action::Action;
use crate::draft::DISCARDED_DAYS;
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::prompt::{DISCARD_WORD, DiscardAsk};

pub(super) fn lines<'a>(model: &'a Model, ask: &'a DiscardAsk, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let mut lines = vec![text("DISCARD the text", theme.removed().patch(theme.strong()))];
    let lists = keymap::key_in(Focus::Queue, Action::Discarded);
    let words =
        format!("It is put aside for {DISCARDED_DAYS} days: {lists} on the queue lists it, holdpoint drafts too.");
    wrapped(&words, columns, theme.plain(), &mut lines);
    lines.push(text(format!("type {DISCARD_WORD} to discard it"), theme.plain()));
    lines.push(PromptLine::Field("word: ", &ask.typed, true));
    answers(
        model,
        columns,
        "discard",
        &[key(model, Action::Close, "keep it")],
        &mut lines,
    );
    lines
}
