//! The question before a job is canceled.

use super::parts::{PromptLine, answers, elsewhere, key, other_title, outlook, wrapped};
use crate::action::Action;
use crate::model::Model;
use crate::model::prompt::CancelAsk;

pub(super) fn lines<'a>(model: &'a Model, ask: &'a CancelAsk, columns: usize) -> Vec<PromptLine<'a>> {
    let theme = model.session.theme();
    let style = theme.removed().patch(theme.strong());
    let mut lines = other_title(model, ("CANCEL JOB ", style), &ask.label, columns);
    outlook(model, columns, &mut lines);
    elsewhere(model, columns, &mut lines);
    let words = format!("type {} to cancel it", ask.job_id);
    wrapped(&words, columns, theme.plain(), &mut lines);
    lines.push(PromptLine::Field("id: ", &ask.typed, true));
    answers(
        model,
        columns,
        "cancel the job",
        &[key(model, Action::Close, "back, it goes on")],
        &mut lines,
    );
    lines
}
