//! The question before leaving although something is under way.

use super::parts::{answers, text, wrapped};
use crate::effect::Effect;
use crate::keymap::Focus;
use crate::model::prompt::PromptLine;
use crate::model::{Model, PromptKind};
use crate::update::look;
use domain::ask::Command;
use domain::key::GateKey;
use domain::view::QueueKind;
use text::words::counted_are;

#[derive(Debug, Clone)]
pub struct QuitAsk {
    /// What is under way, as it is now.
    pub(crate) reasons: Vec<String>,
}

/// Why leaving asks first: what would be left behind.
fn left_behind(model: &Model) -> Vec<String> {
    let mut reasons = Vec::new();
    let rows = model.queue.present();
    let running = rows.filter(|row| row.kind == QueueKind::Running).count();
    if model.health.lead.is_here && running > 0 {
        reasons.push(format!(
            "This console leads and {} running: stages go on; another console or serve takes the lead",
            counted_are(running, "stage")
        ));
    }
    if model
        .outgoing
        .sent
        .values()
        .any(|sent| !sent.is_quiet && !sent.is_committed)
    {
        reasons.push("A decision is being written".to_owned());
    }
    let drafts = model
        .drafts
        .by_gate
        .keys()
        .filter(|key| model.queue.gate(key).is_some())
        .count();
    if drafts > 0 {
        reasons.push(format!("{} not sent; kept on disk", counted_are(drafts, "draft")));
    }
    reasons
}

/// Leaves, or asks first when something would be left behind.
pub(crate) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    let reasons = left_behind(model);
    look::leave(model, fx);
    if reasons.is_empty() {
        fx.push(Effect::Quit);
    } else {
        model.put(QuitAsk { reasons });
    }
}

/// The question before leaving says what is so now.
pub(crate) fn recheck(model: &mut Model) {
    if model.asked::<QuitAsk>().is_none() {
        return;
    }
    let now = left_behind(model);
    if let Some(QuitAsk { reasons }) = model.asked_mut() {
        *reasons = now;
    }
}

impl PromptKind for QuitAsk {
    fn focus(&self) -> Focus {
        Focus::Ask
    }

    fn commands(&self, _model: &Model, _note: Option<String>) -> Vec<Command> {
        Vec::new()
    }

    fn gates(&self, _model: &Model) -> Vec<GateKey> {
        Vec::new()
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let mut lines = vec![text("LEAVE holdpoint", theme.strong())];
        if self.reasons.is_empty() {
            lines.push(text("Nothing is under way any more", theme.plain()));
        }
        for reason in &self.reasons {
            wrapped(reason, columns, theme.plain(), &mut lines);
        }
        answers(model, columns, "leave", &[], "stay", &mut lines);
        lines
    }

    fn enter(&mut self, _: &mut Model, fx: &mut Vec<Effect>) -> bool {
        fx.push(Effect::Quit);
        false
    }

    fn is_to_be_read(&self) -> bool {
        false
    }
}
