//! The question before a text is thrown away.

use super::menu::Menu;
use super::parts::{answers, text, typed_only, wrapped};
use crate::action::Action;
use crate::draft::DISCARDED_DAYS;
use crate::editor::Editor;
use crate::effect::Effect;
use crate::keymap::{self, Focus};
use crate::model::compose::Compose;
use crate::model::prompt::{PromptLine, Why};
use crate::model::{Closing, Model, PromptKind};
use crate::update::compose::open;
use domain::ask::Command;
use domain::key::GateKey;

/// What has to be typed before a text is thrown away.
const DISCARD_WORD: &str = "discard";

#[derive(Debug, Clone)]
pub struct DiscardAsk {
    /// What was typed: must be [`DISCARD_WORD`].
    pub(crate) typed: Editor,
}

/// Asks before the text is thrown away; an untouched one is not worth a question.
pub(crate) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.compose.as_ref().is_some_and(Compose::is_changed) {
        let typed = Editor::of_line("");
        model.put(DiscardAsk { typed });
    } else {
        open::discard(model, fx);
    }
}

impl PromptKind for DiscardAsk {
    fn focus(&self) -> Focus {
        Focus::Answer
    }

    fn commands(&self, _model: &Model, _note: Option<String>) -> Vec<Command> {
        Vec::new()
    }

    fn gates(&self, _model: &Model) -> Vec<GateKey> {
        Vec::new()
    }

    fn not_done(&self) -> &'static str {
        "Not discarded"
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let mut lines = vec![text("DISCARD the text", theme.removed().patch(theme.strong()))];
        let lists = keymap::key_in(Focus::Queue, Action::Discarded);
        let words =
            format!("It is put aside for {DISCARDED_DAYS} days: {lists} on the queue lists it, holdpoint drafts too.");
        wrapped(&words, columns, theme.plain(), &mut lines);
        lines.push(text(format!("type {DISCARD_WORD} to discard it"), theme.plain()));
        lines.push(PromptLine::Field("word: ", &self.typed, 0, true));
        answers(model, columns, "discard", &[], "keep it", &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        open::discard(model, fx);
        false
    }

    fn said(&self, _: &Model, enter: Option<&str>) -> Vec<String> {
        ["type the word"].into_iter().chain(enter).map(str::to_owned).collect()
    }

    fn is_local(&self) -> bool {
        true
    }

    fn typed_mut(&mut self) -> Option<&mut Editor> {
        Some(&mut self.typed)
    }

    fn unfit(&self) -> Option<Why> {
        typed_only(&self.typed, DISCARD_WORD)
    }

    /// Thinking twice about discarding leads back to the menu, not into the text.
    fn close(&self) -> (Option<&'static str>, Closing) {
        (None, Closing::Back(Box::new(Menu)))
    }
}
