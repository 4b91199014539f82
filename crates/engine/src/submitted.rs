//! Commands under the name of a submission: whoever sends one again, because its answer was lost on
//! the way, gets that answer, and nothing is done twice. What was refused stays refused under that
//! name: whoever was told so would not know of it if it were done after all, because a proxy sent it
//! once more. What holdpoint could not do for want of a disk, or of time, is no such answer.

use serde::{Deserialize, Serialize};

use domain::ask::Command;
use domain::change::Applied;
use domain::decision::SealedDecision;
use domain::gate::GateState;
use domain::ids::JobId;
use domain::job::JobRows;
use domain::refusal::{Refusal, RefusalCode};
use rules::Evidence;
use store::{Submission, SubmissionDone};

use super::api::Receipt;
use super::client::Asker;
use super::evidence::Finds as _;
use super::receipt::{receipt, verb};
use super::trouble::not_recorded;
use super::writer::{Unpublished, Writer};

/// What became of what was submitted under a name, for whoever did not hear the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Done,
    /// It was a decision, and was taken back since; by nobody: with its job.
    Recalled {
        by: Option<String>,
    },
    Refused(Refusal),
}

impl Became {
    /// The job is read as it is now.
    pub(super) fn of(done: SubmissionDone, rows: impl FnOnce(&JobId) -> Result<JobRows, Refusal>) -> Self {
        match done.outcome {
            Err(refusal) => Self::Refused(refusal),
            Ok((job_id, applied)) => {
                let rows = rows(&job_id).ok();
                let by = rows.and_then(|rows| recalled(&applied, &rows));
                by.map_or(Self::Done, |by| Self::Recalled { by })
            }
        }
    }
}

/// Who took back the decision that was made; none: it stands, or nothing was decided.
fn recalled(applied: &Applied, rows: &JobRows) -> Option<Option<String>> {
    let SealedDecision { seq, decision, .. } = applied.decisions.last()?;
    let gate = rows.gate(decision.stage(), decision.attempt())?;
    if gate.state != GateState::Recalled {
        return None;
    }
    let mut recalls = rows.gates.iter().filter_map(|gate| gate.recalls.as_ref());
    let by = recalls.find(|recalled| recalled.seq == *seq);
    Some(by.map(|recalled| recalled.by.clone()))
}

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
        let found = self.preparer.reader.submission(&submission.id);
        // What was done under the name is not known, and whoever asks again is told.
        let found = found.map_err(|error| Refusal {
            code: RefusalCode::NotNow,
            ..not_recorded(error)
        });
        let answered = match found {
            Ok(None) => return Some((Asker::Client(answer, None), Some(submission))),
            Ok(Some(done)) if done.command != submission.command => {
                Err(Refusal::invalid("something else was submitted under this name")
                    .with_hint("each submission has a name of its own, a random one"))
            }
            Ok(Some(SubmissionDone { outcome, .. })) => match outcome {
                Ok((job_id, applied)) => self.receipt_of(job_id, applied, command),
                Err(refusal) => Err(self.preparer.as_answered(command.job_id(), refusal)),
            },
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

    /// Refuses what was submitted, or gives the answer that it had where another process was quicker
    /// with the very same.
    pub(super) fn refuse_submitted(
        &mut self,
        asker: Asker,
        submission: Option<Submission>,
        command: &Command,
        refusal: Refusal,
    ) {
        let asker = match asker {
            Asker::Client(answer, None) => Asker::Client(answer, submission),
            asker @ (Asker::Client(_, Some(_)) | Asker::Loop(_)) => asker,
        };
        if let Some((asker, _)) = self.unless_done_before(asker, command) {
            self.refuse(asker, refusal);
        }
    }

    /// Refuses what its job's rows need not be asked about. What is no judgment but a failure is not
    /// kept: the same may be done when it is sent again.
    pub(super) fn refuse_unprepared(&mut self, asker: Asker, submission: Option<&Submission>, refusal: Refusal) {
        if let Some(submission) = submission
            && refusal.cause.error().is_none()
        {
            let now = self.preparer.clock.now().utc;
            if let Err(error) = self.store.keep_refused(submission, &refusal, now) {
                // Nothing was done: sent again it is looked at anew.
                tracing::warn!("{}: {error}", submission.id);
            }
        }
        self.refuse(asker, refusal);
    }

    /// The answer that it had, with the job as it is now.
    fn receipt_of(&self, job_id: JobId, applied: Applied, command: &Command) -> Result<Receipt, Refusal> {
        let rows = self.preparer.known(&job_id)?;
        let slots = self.preparer.slots(&rows);
        let is_recalled = recalled(&applied, &rows).is_some();
        let receipt = receipt(command, &Evidence::default(), applied, rows, slots);
        // What was found on the disk then is not kept: of those three the message needs none of it.
        let is_whole = matches!(
            command,
            Command::Decide { .. } | Command::StartJob(_) | Command::OpenGate { .. }
        );
        let message = match is_whole {
            true if is_recalled => format!("{}, and taken back since", receipt.message),
            true => receipt.message,
            false => format!("Job {job_id}: {} when it was sent before", verb(command)),
        };
        Ok(Receipt { message, ..receipt })
    }
}
