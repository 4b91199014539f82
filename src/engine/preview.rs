//! What a command would do: the rules' dry run, on the rows as they are and with the very evidence that the writer would find.
//!
//! Runs on the reader thread, whose preparer keeps nothing: not a row, a file, an event or a lease comes of it.

use crate::domain::gate::Verdict;
use crate::domain::job::JobStatus;
use crate::domain::operator::Operator;
use crate::domain::outlook::Outlook;
use crate::domain::refusal::{Refusal, RefusalCode};

use super::api::Command;
use super::prepare::Preparer;
use super::reducer::{Foreseen, foresee};

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
        let foreseen = foresee(&job_id, rows.as_ref(), &prepared, self.context(&operator.via))?;
        let is_pause = foreseen.rows.job.status == JobStatus::Paused && is_rejection(command);
        if !is_pause {
            return Ok(foreseen.outlook);
        }
        let Foreseen { outlook, rows } = foreseen;
        // Whoever rejects wants to know what happens then; the same rules say it, of the rows as they would be.
        let resumed = self.resume_of(operator, &rows).and_then(|prepared| {
            let foreseen = foresee(&job_id, Some(&rows), &prepared, self.context(&operator.via))?;
            Ok(foreseen.outlook)
        });
        Ok(outlook.then_resumed(resumed))
    }
}

fn is_rejection(command: &Command) -> bool {
    matches!(
        command,
        Command::Decide {
            verdict: Verdict::Reject,
            ..
        }
    )
}

/// Commands that begin something put files into place while they are prepared: there is no dry run of those.
fn has_preview(command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Decide { .. }
        | Command::ApplyPatch { .. }
        | Command::UndoPatch { .. }
        | Command::Resume(_)
        | Command::Cancel(_)
        | Command::Complete(_)
        | Command::TakeLease { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::Extend { .. }
        | Command::ReleaseLease { .. }
        | Command::MarkSeen { .. } => Ok(()),
        Command::StartJob(_) | Command::OpenGate { .. } => Err(Refusal::new(
            RefusalCode::Invalid,
            "there is no dry run of starting a job or opening a gate",
        )),
    }
}
