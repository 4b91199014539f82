//! What a console has handed to the line and was not answered: on this machine's disk until it is.
//!
//! A console that starts asks the server what became of what former ones left. What was done, or
//! refused, is told and forgotten. What was not is never sent by itself, as nobody knows what was
//! decided by others meanwhile: the operator is asked, and it goes under the name that it had, with
//! the digests of what was on the screen when it was decided.

use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use domain::ask::Command;
use domain::key::GateRef;
use domain::operator::Surface;
use domain::refusal::Refusal;
use domain::time::{SECOND_US, Timestamp, clock_time};
use remote::Line;
use runs::unsent::UnsentFiles;
use runs::{RunsDir, RunsError};
use store::SUBMISSIONS_KEPT_S;

use super::documents::{CommandsDoc, SubmittedDoc};
use super::{COMMANDS_PATH, FarEngine};
use crate::api::Ticket;
use crate::receipt::verb;
use ::clock::{Clock, SystemClock};

/// A command under the name of its submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnsentCommand {
    pub submission: String,
    pub command: Command,
}

/// The same as it was left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftCommand {
    #[serde(flatten)]
    pub submitted: UnsentCommand,
    /// When it was handed over, by the clock of this machine.
    pub at: Timestamp,
    /// Whose leases are known by this.
    pub session: String,
}

/// Keeps them; blocks.
pub(super) struct Keeper {
    files: UnsentFiles,
    session: String,
}

impl Keeper {
    pub(super) fn open(desk: &RunsDir, operator: &str, session: &str) -> Result<Self, RunsError> {
        let files = desk.unsent(operator, session)?;
        let session = session.to_owned();
        Ok(Self { files, session })
    }

    pub(super) fn keep(&self, commands: Vec<UnsentCommand>) -> Result<(), RunsError> {
        let at = SystemClock.now().utc;
        for submitted in commands {
            let name = file_name(&submitted.submission);
            // A command that goes over a line has a JSON form.
            let session = self.session.clone();
            let bytes = serde_json::to_vec(&LeftCommand { submitted, at, session }).unwrap_or_default();
            self.files.keep(&name, &bytes)?;
        }
        Ok(())
    }

    pub(super) fn forget(&self, submissions: &[String]) -> Result<(), RunsError> {
        submissions
            .iter()
            .try_for_each(|name| self.files.forget(&file_name(name)))
    }

    /// Those that were left, oldest first, and why others cannot be read.
    fn load(&self) -> (Vec<LeftCommand>, Vec<String>) {
        let kept = crate::kept_or_why(self.files.load());
        let (mut unsent, mut problems) = (Vec::new(), kept.problems);
        for (path, bytes) in kept.drafts {
            match serde_json::from_slice(&bytes) {
                Ok(one) => unsent.push(one),
                Err(error) => problems.push(format!("{} cannot be read: {error}", path.display())),
            }
        }
        (unsent, problems)
    }
}

/// Gives back the lease of a session that is over: its place was locked as long as it lived.
async fn release(line: &Line, session: &str, gate: GateRef) -> Result<(), Refusal> {
    let released = Command::ReleaseLease { gate };
    let commands = CommandsDoc {
        surface: Surface::Console,
        commands: vec![SubmittedDoc {
            submission: uuid::Uuid::now_v7().to_string(),
            command: to_raw_value(&released).map_err(|error| Refusal::not_possible(error.to_string()))?,
            has: None,
        }],
    };
    let body = serde_json::to_vec(&commands).map_err(|error| Refusal::not_possible(error.to_string()))?;
    let line = line.of_session(session)?;
    line.post(COMMANDS_PATH, body).await?;
    Ok(())
}

fn file_name(submission: &str) -> String {
    format!("{submission}.json")
}

impl FarEngine {
    /// Asks what became of what former consoles left; what is known is told.
    pub(super) async fn find_unsent(&mut self, line: &Line) {
        let Some((unsent, mut told)) = self.keeper.as_ref().map(|keeper| keeper.load()) else {
            return;
        };
        for one in unsent {
            let what = one.words();
            let submission = one.submitted.submission.clone();
            let message = match self.client.submitted(submission.clone()).await {
                Ok(Some(Ok(()))) => format!("{what} before the last console ended"),
                Ok(Some(Err(refusal))) => format!("not {what}: {}", refusal.message),
                // Too old: the server may have done it, and forgotten its name.
                Ok(None) if one.age_s() >= SUBMISSIONS_KEPT_S => {
                    format!(
                        "{what} at {}? That is too long ago to be sent: look",
                        clock_time(one.at)
                    )
                }
                // A server that does not know is asked by the command itself: under its name it is
                // done once.
                Ok(None) | Err(_) => {
                    // Whoever sent it is gone, and keeps nobody from the gate any more.
                    if let Some(gate) = one.submitted.command.gate().cloned()
                        && let Err(why) = release(line, &one.session, gate).await
                    {
                        tracing::debug!("{what}: its lease ends by itself: {why}");
                    }
                    self.unsent.push(one);
                    continue;
                }
            };
            told.push(message);
            self.forget(&submission);
        }
        self.told = told;
    }

    /// What former consoles left and nobody did, and what is to be told of the rest.
    pub fn take_unsent(&mut self) -> (Vec<LeftCommand>, Vec<String>) {
        (std::mem::take(&mut self.unsent), std::mem::take(&mut self.told))
    }

    /// Sends one of them, under the name that it had.
    pub fn send_unsent(&mut self, ticket: Ticket, unsent: LeftCommand) {
        let UnsentCommand { submission, command } = unsent.submitted;
        let done = self.far.command_as(submission, command);
        self.answer_to(ticket, done);
    }

    /// The operator does not want it any more.
    pub fn forget_unsent(&mut self, unsent: &LeftCommand) {
        self.forget(&unsent.submitted.submission);
    }

    fn forget(&self, submission: &str) {
        let Some(keeper) = self.keeper.clone() else {
            return;
        };
        let (names, troubles) = ([submission.to_owned()], self.troubles.clone());
        tokio::task::spawn_blocking(move || {
            let why = keeper.forget(&names).err();
            troubles.set(super::Part::Unsent, why.map(Refusal::from));
        });
    }
}

impl LeftCommand {
    /// `j-1 / script #1 approved`.
    pub fn words(&self) -> String {
        let command = &self.submitted.command;
        let of_job = || command.job_id().map_or("a job".to_owned(), ToString::to_string);
        let of_gate = command.gate().map(|gate| match gate.attempt {
            Some(attempt) => format!("{} / {} #{attempt}", gate.job_id, gate.stage),
            None => format!("{} / {}", gate.job_id, gate.stage),
        });
        format!("{} {}", of_gate.unwrap_or_else(of_job), verb(command))
    }

    /// How long ago it was handed over, in seconds.
    pub fn age_s(&self) -> u64 {
        let age_us = SystemClock.now().utc.us_since(self.at);
        u64::try_from(age_us / SECOND_US).unwrap_or(0)
    }
}
