//! The question before a paused job goes on.

use super::parts::{answers, other_title, outlook, wrapped};
use crate::effect::Effect;
use crate::facts::{label, past, verb};
use crate::keymap::Focus;
use crate::model::prompt::PromptLine;
use crate::model::{Model, PromptKind};
use crate::update::outgoing::{other_sent, send};
use domain::ask::Command;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::refusal::Refusal;

#[derive(Debug, Clone)]
pub struct ResumeAsk {
    pub(crate) job_id: JobId,
    /// `j-21 dunes`.
    pub(crate) label: String,
    /// What whoever rejected the stage wrote.
    pub(crate) note: Option<String>,
}

/// Asks before the selected job, which is paused, goes on.
pub(crate) fn open(model: &mut Model) {
    let Ok(rows) = verb::resumable(model) else {
        return;
    };
    let job = &rows.job;
    let ask = ResumeAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        note: past::rejection_note(rows),
    };
    super::open(model, ask);
}

impl PromptKind for ResumeAsk {
    fn focus(&self) -> Focus {
        Focus::Ask
    }

    fn gates(&self, _model: &Model) -> Vec<GateKey> {
        Vec::new()
    }

    fn closes_on(&self, _model: &Model, _refusal: &Refusal, _is_of_colleague: bool) -> bool {
        true
    }

    fn not_done(&self) -> &'static str {
        "Not resumed"
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let style = theme.held().patch(theme.strong());
        let mut lines = other_title(model, ("RESUME ", style), &self.label, columns);
        outlook(model, columns, &mut lines);
        // Where its stage does not run again now, nobody is handed the note.
        if let Some(note) = self.note.as_ref().filter(|_| !model.preview.drops_a_stage()) {
            wrapped(note, columns, theme.plain(), &mut lines);
        }
        answers(model, columns, "resume", &[], "back, it stays paused", &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        let sent = other_sent("Resumed", self.not_done(), &self.label);
        let command = Command::Resume {
            job_id: self.job_id.clone(),
            expected: model.preview.foreseen().map(Box::new),
        };
        send(model, sent, command, fx);
        false
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        vec![Command::resume(self.job_id.clone())]
    }
}
