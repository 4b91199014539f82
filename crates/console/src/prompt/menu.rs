//! What can be done with the text in the editor.

use super::confirm;
use super::parts::{gate_label, key_rows, text, wrapped};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::{verb, window};
use crate::keymap::{self, Focus};
use crate::model::compose::Compose;
use crate::model::prompt::{Intent, PromptLine};
use crate::model::{Model, PromptKind};
use domain::ask::Command;
use domain::key::GateKey;

#[derive(Debug, Clone)]
pub struct Menu;

/// From the menu into a confirm prompt.
pub(crate) fn submit(model: &mut Model, intent: Intent) {
    let compose = model.compose.as_ref();
    let with = compose.and_then(|compose| Some((compose.pin.clone(), compose.fitting()?.clone())));
    if let Some((pin, checked)) = with {
        confirm::open_about(model, intent, pin, Some(checked));
    }
}

impl PromptKind for Menu {
    fn focus(&self) -> Focus {
        Focus::Menu
    }

    fn commands(&self, _model: &Model, _note: Option<String>) -> Vec<Command> {
        Vec::new()
    }

    fn gates(&self, _model: &Model) -> Vec<GateKey> {
        Vec::new()
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let is_edit = model.compose.as_ref().is_some_and(|compose| compose.edited().is_some());
        let what = if is_edit { "EDIT " } else { "PATCH " };
        let label = model
            .compose
            .as_ref()
            .map(|compose| gate_label(&compose.pin.label, &compose.pin.key, columns, [what, ""]))
            .unwrap_or_default();
        let mut lines = vec![PromptLine::Text(vec![
            (what.to_owned(), theme.held().patch(theme.strong())),
            (label, theme.strong()),
        ])];
        let closed = model.compose.as_ref().and_then(|compose| compose.closed.clone());
        let fits = model
            .compose
            .as_ref()
            .is_some_and(|compose| compose.fitting().is_some());
        if let Some(why) = closed {
            wrapped(
                &format!("The text can only be read: {why}"),
                columns,
                theme.error(),
                &mut lines,
            );
        } else if model.compose.as_ref().is_some_and(Compose::is_untouched) {
            let words = if is_edit {
                "Nothing is changed yet"
            } else {
                "Nothing is written yet"
            };
            lines.push(text(words, theme.plain()));
        } else if !fits {
            lines.push(text("The patch does not fit yet; the text is kept", theme.warning()));
        }
        // The same answer as the hint line and the keys themselves: what cannot be done now is not
        // offered.
        let bindings = keymap::bindings(Focus::Menu);
        let offered = bindings.filter_map(|binding| {
            let action = binding
                .action
                .filter(|action| verb::applies(model, Focus::Menu, *action))?;
            Some((action, (binding.key(), menu_words(action)?)))
        });
        let is_sent = |action| matches!(action, Action::ApproveWith | Action::RejectWith | Action::ApplyOnly);
        let (decide, other): (Vec<_>, Vec<_>) = offered.partition(|(action, _)| is_sent(*action));
        for row in [decide, other] {
            let pairs: Vec<_> = row.into_iter().map(|(_, pair)| pair).collect();
            key_rows(model, columns, &pairs, &mut lines);
        }
        lines
    }

    fn enter(&mut self, _: &mut Model, _: &mut Vec<Effect>) -> bool {
        true
    }

    /// The menu names its keys itself.
    fn said(&self, model: &Model, _: Option<&str>) -> Vec<String> {
        let kept = (!window::is_low(model)).then(|| "the text is kept".to_owned());
        kept.into_iter().collect()
    }

    fn is_to_be_read(&self) -> bool {
        false
    }
}

/// What a key of the menu does, in the menu's words.
fn menu_words(action: Action) -> Option<&'static str> {
    let words = [
        (Action::ApproveWith, "approve with it"),
        (Action::RejectWith, "reject with it"),
        (Action::ApplyOnly, "apply only"),
        (Action::CarryOver, "carry it over into the new version"),
        (Action::AsPatch, "as a patch"),
        (Action::OtherType, "other type"),
        (Action::Discard, "discard"),
        (Action::Leave, "leave, draft kept"),
        (Action::ExternalEditor, "on in your own editor"),
        (Action::Close, "back to the text"),
    ];
    words
        .iter()
        .find(|(known, _)| *known == action)
        .map(|(_, words)| *words)
}
