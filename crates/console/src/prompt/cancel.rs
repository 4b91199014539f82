//! The question before a job is canceled.

use super::parts::{answers, elsewhere, other_title, outlook, typed_only, wrapped};
use crate::editor::Editor;
use crate::effect::Effect;
use crate::facts::{label, verb};
use crate::keymap::Focus;
use crate::model::prompt::{PromptLine, Why};
use crate::model::queue::RowKey;
use crate::model::{Model, PromptKind};
use crate::update::outgoing::{other_sent, send};
use domain::ask::Command;
use domain::ids::JobId;
use domain::key::GateKey;

#[derive(Debug, Clone)]
pub struct CancelAsk {
    pub(crate) job_id: JobId,
    /// `j-21 dunes`.
    pub(crate) label: String,
    /// What was typed: must be the job's id.
    pub typed: Editor,
}

/// Asks before the selected job is canceled.
pub(crate) fn open(model: &mut Model) {
    let Ok(rows) = verb::cancelable(model) else {
        return;
    };
    let job = &rows.job;
    let ask = CancelAsk {
        job_id: job.id.clone(),
        label: label::job(&job.id, &job.slug),
        typed: Editor::of_line(""),
    };
    super::open(model, ask);
}

impl PromptKind for CancelAsk {
    fn focus(&self) -> Focus {
        Focus::Answer
    }

    fn not_done(&self) -> &'static str {
        "Not canceled"
    }

    fn lines<'a>(&'a self, model: &'a Model, columns: usize) -> Vec<PromptLine<'a>> {
        let theme = model.session.theme();
        let style = theme.removed().patch(theme.strong());
        let mut lines = other_title(model, ("CANCEL JOB ", style), &self.label, columns);
        outlook(model, columns, &mut lines);
        elsewhere(model, columns, &mut lines);
        let words = format!("type {} to cancel it", self.job_id);
        wrapped(&words, columns, theme.plain(), &mut lines);
        lines.push(PromptLine::Field("id: ", &self.typed, 0, true));
        answers(model, columns, "cancel the job", &[], "back, it goes on", &mut lines);
        lines
    }

    fn enter(&mut self, model: &mut Model, fx: &mut Vec<Effect>) -> bool {
        let sent = other_sent("Canceled", self.not_done(), &self.label);
        send(model, sent, Command::Cancel(self.job_id.clone()), fx);
        false
    }

    fn said(&self, _: &Model, enter: Option<&str>) -> Vec<String> {
        ["type the id"].into_iter().chain(enter).map(str::to_owned).collect()
    }

    fn typed_mut(&mut self) -> Option<&mut Editor> {
        Some(&mut self.typed)
    }

    /// The id was typed to cancel what stood there: a gate of it that somebody has decided meanwhile
    /// is another job to cancel.
    fn ask_anew(&mut self) -> bool {
        self.typed = Editor::of_line("");
        true
    }

    fn unfit(&self) -> Option<Why> {
        typed_only(&self.typed, self.job_id.as_str())
    }

    fn commands(&self, _: &Model, _: Option<String>) -> Vec<Command> {
        vec![Command::Cancel(self.job_id.clone())]
    }

    /// Canceling the job ends its open gates, so their leases are wanted too.
    fn gates(&self, model: &Model) -> Vec<GateKey> {
        let rows = model.queue.present().filter(|row| row.job_id == self.job_id);
        rows.filter_map(|row| RowKey::of(row).gate()).collect()
    }

    fn is_unknown(&self) -> bool {
        true
    }
}
