//! Commands under the name of a submission: whoever sends one again, because its answer was lost on
//! the way, gets that answer, and nothing is done twice.

use domain::ask::Command;
use domain::refusal::Refusal;
use rules::Evidence;
use store::{Submission, SubmissionDone};

use super::api::Receipt;
use super::client::Asker;
use super::evidence::Finds as _;
use super::receipt::{receipt, verb};
use super::trouble::not_recorded;
use super::writer::{Unpublished, Writer};

impl Writer {
    /// Who is to hear of a command, and under which name it is done; none: it was done before under
    /// that name, and was answered.
    pub(super) fn unless_done_before(
        &mut self,
        asker: Asker,
        command: &Command,
    ) -> Option<(Asker, Option<Submission>)> {
        let (answer, submission) = match asker {
            Asker::Client(answer, Some(submission)) => (answer, submission),
            asker @ (Asker::Client(_, None) | Asker::Loop(_)) => return Some((asker, None)),
        };
        let found = self.preparer.reader.submission(&submission.id).map_err(not_recorded);
        let answered = match found {
            Ok(None) => return Some((Asker::Client(answer, None), Some(submission))),
            Ok(Some(done)) if done.command != submission.command => {
                Err(Refusal::invalid("something else was submitted under this name")
                    .with_hint("each submission has a name of its own, a random one"))
            }
            Ok(Some(done)) => self.receipt_of(done, command),
            Err(refusal) => Err(refusal),
        };
        match answered {
            Ok(receipt) => {
                // Its files may still be owed.
                self.is_owing = true;
                let waiting = self.owed.entry(receipt.job_id.clone()).or_default();
                waiting.push(Unpublished::Client(answer, Box::new(receipt)));
            }
            // If this fails, the caller no longer waits for the answer.
            Err(refusal) => drop(answer.send(Err(refusal))),
        }
        None
    }

    /// The answer that it had, with the job as it is now.
    fn receipt_of(&self, done: SubmissionDone, command: &Command) -> Result<Receipt, Refusal> {
        let rows = self.preparer.known(&done.job_id)?;
        let slots = self.preparer.slots(&rows);
        let receipt = receipt(command, &Evidence::default(), done.applied, rows, slots);
        // What was found on the disk then is not kept: of those three the message needs none of it.
        let is_whole = matches!(
            command,
            Command::Decide { .. } | Command::StartJob(_) | Command::OpenGate { .. }
        );
        let message = match is_whole {
            true => receipt.message,
            false => format!("Job {}: {} when it was sent before", done.job_id, verb(command)),
        };
        Ok(Receipt { message, ..receipt })
    }
}
