//! The question before leaving although something is under way.

use super::parts::{PromptLine, answers, key, text, wrapped};
use crate::action::Action;
use crate::model::Model;
use crate::model::prompt::QuitAsk;

pub(super) fn lines<'a>(model: &'a Model, ask: &'a QuitAsk, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let mut lines = vec![text("LEAVE holdpoint", theme.strong())];
    if ask.reasons.is_empty() {
        lines.push(text("Nothing is under way any more", theme.plain()));
    }
    for reason in &ask.reasons {
        wrapped(reason, columns, theme.plain(), &mut lines);
    }
    answers(
        model,
        columns,
        "leave",
        &[key(model, Action::Close, "stay")],
        &mut lines,
    );
    lines
}
