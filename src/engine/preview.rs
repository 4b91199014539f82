//! What a command would do: the rules' dry run, on the rows as they are and with the very evidence that the writer would find.
//!
//! Runs on the reader thread, whose preparer keeps nothing: not a row, a file, an event or a lease comes of it.

use crate::domain::operator::Operator;
use crate::domain::outlook::Outlook;
use crate::domain::refusal::{Refusal, RefusalCode};

use super::api::Command;
use super::prepare::Preparer;
use super::reducer::foresee;

impl Preparer {
    /// What the command would do, or why it would be refused, exactly as the writer would answer now.
    pub(super) fn preview(&mut self, operator: &Operator, command: &Command) -> Result<Outlook, Refusal> {
        has_preview(command)?;
        let outlook = self.try_preview(operator, command);
        self.keeping.forget();
        outlook.map_err(|refusal| self.told(command.job_id(), refusal))
    }

    fn try_preview(&mut self, operator: &Operator, command: &Command) -> Result<Outlook, Refusal> {
        let (job_id, prepared) = self.command(operator, command)?;
        let rows = self.rows(&job_id)?;
        let cx = self.context(&operator.via);
        foresee(&job_id, rows.as_ref(), &prepared, cx, &mut |rows| {
            self.resume_of(operator, rows)
        })
    }
}

/// Commands that begin something put files into place while they are prepared: there is no dry run of those.
fn has_preview(command: &Command) -> Result<(), Refusal> {
    if !matches!(command, Command::StartJob(_) | Command::OpenGate { .. }) {
        return Ok(());
    }
    let words = "there is no dry run of starting a job or opening a gate";
    Err(Refusal::new(RefusalCode::Invalid, words))
}
