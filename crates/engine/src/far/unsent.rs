//! What a console has handed to the line and was not answered: on this machine's disk until it is.
//!
//! What was answered lies there until somebody has read the answer: a console may end before it was
//! on the screen. One that starts asks the server what became of what former ones left. What was
//! done, or refused, is told, and forgotten when it was read. What was not is never sent by itself, as nobody knows what was
//! decided by others meanwhile: the operator is asked, and it goes under the name that it had, with
//! the digests of what was on the screen when it was decided.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

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
use crate::submitted::Became;
use ::clock::{Clock, SystemClock};

/// A command under the name of its submission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnsentCommand {
    pub submission: String,
    pub command: Command,
    /// The command in the words in which it was sent, which the server knows again; none: it has
    /// just been made.
    #[serde(skip)]
    pub sent: Option<Box<RawValue>>,
}

impl PartialEq for UnsentCommand {
    fn eq(&self, other: &Self) -> bool {
        // The words follow from the command, in the version that has made them.
        self.submission == other.submission && self.command == other.command
    }
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
    /// Whether the server has said that it was not done; else nobody knows.
    #[serde(skip)]
    pub is_undone: bool,
}

/// Keeps them; blocks.
pub(super) struct Keeper {
    files: UnsentFiles,
    session: String,
    /// The names of those whose answers say what became of them.
    settled: Mutex<BTreeSet<String>>,
}

impl Keeper {
    pub(super) fn open(desk: &RunsDir, operator: &str, session: &str) -> Result<Self, RunsError> {
        let files = desk.unsent(operator, session)?;
        let session = session.to_owned();
        let settled = Mutex::default();
        Ok(Self {
            files,
            session,
            settled,
        })
    }

    pub(super) fn keep(&self, commands: Vec<UnsentCommand>) -> Result<(), RunsError> {
        let at = SystemClock.now().utc;
        for submitted in commands {
            let name = file_name(&submitted.submission);
            // A command that goes over a line has a JSON form.
            let session = self.session.clone();
            let sent = submitted.sent.clone();
            let left = LeftCommand {
                submitted,
                at,
                session,
                is_undone: false,
            };
            let mut left = serde_json::to_value(left).unwrap_or_default();
            // The words of another version stay as they are.
            if let Some(sent) = sent.and_then(|sent| serde_json::from_str(sent.get()).ok()) {
                left["command"] = sent;
            }
            self.files.keep(&name, &serde_json::to_vec(&left).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The answer says what became of it.
    pub(super) fn settle(&self, submission: &str) {
        self.settled().insert(submission.to_owned());
    }

    fn settled(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, submissions: &[String]) -> Result<(), RunsError> {
        submissions
            .iter()
            .try_for_each(|name| self.files.forget(&file_name(name)))
    }

    /// Those that were left, oldest first, and why others cannot be read.
    fn load(&self) -> (Vec<LeftCommand>, Vec<String>) {
        let kept = crate::kept_or_why(self.files.load());
        let (mut unsent, mut problems) = (Vec::new(), kept.problems);
        for (path, bytes) in kept.drafts {
            match read(&bytes) {
                Ok(one) => unsent.push(one),
                Err(error) => problems.push(format!("{} cannot be read: {error}", path.display())),
            }
        }
        (unsent, problems)
    }
}

/// One of them with the words in which it was sent.
fn read(bytes: &[u8]) -> serde_json::Result<LeftCommand> {
    #[derive(Deserialize)]
    struct Words {
        command: Box<RawValue>,
    }
    let mut left: LeftCommand = serde_json::from_slice(bytes)?;
    let words: Words = serde_json::from_slice(bytes)?;
    left.submitted.sent = Some(words.command);
    Ok(left)
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
            let found = self.client.submitted(submission.clone()).await;
            let is_undone = matches!(found, Ok(None));
            let message = match found {
                Ok(Some(Became::Done)) => format!("{what} before the last console ended"),
                Ok(Some(Became::Recalled { by: Some(by) })) => {
                    format!("{what} before the last console ended, and taken back since by {by}")
                }
                Ok(Some(Became::Recalled { by: None })) => {
                    format!("{what} before the last console ended, and taken back since")
                }
                Ok(Some(Became::Refused(refusal))) => format!("not {what}: {}", refusal.message),
                // Too old: the server may have done it, and forgotten its name.
                Ok(None) | Err(_) if one.age_s() >= SUBMISSIONS_KEPT_S => {
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
                    self.unsent.push(LeftCommand { is_undone, ..one });
                    continue;
                }
            };
            told.push(message);
            self.found.push(submission);
        }
        self.told = told;
    }

    /// What former consoles left and nobody did, and what is to be told of the rest.
    pub fn take_unsent(&mut self) -> (Vec<LeftCommand>, Vec<String>) {
        (std::mem::take(&mut self.unsent), std::mem::take(&mut self.told))
    }

    /// Sends one of them, under the name that it had.
    pub fn send_unsent(&mut self, ticket: Ticket, unsent: LeftCommand) {
        let UnsentCommand {
            submission,
            command,
            sent,
        } = unsent.submitted;
        self.sent.insert(ticket, submission.clone());
        let done = self.far.command_as(submission, command, sent);
        self.answer_to(ticket, done);
    }

    /// The operator does not want it any more.
    pub fn forget_unsent(&mut self, unsent: &LeftCommand) {
        self.forget(vec![unsent.submitted.submission.clone()]);
    }

    /// The answers to these were on the screen, and so was what is told of former consoles: what
    /// they settle is forgotten.
    pub fn outcomes_read(&mut self, tickets: &[Ticket]) {
        let mut read = std::mem::take(&mut self.found);
        let names = tickets.iter().filter_map(|ticket| self.sent.remove(ticket));
        if let Some(keeper) = &self.keeper {
            let mut settled = keeper.settled();
            read.extend(names.filter(|name| settled.remove(name)));
        }
        if !read.is_empty() {
            self.forget(read);
        }
    }

    fn forget(&mut self, submissions: Vec<String>) {
        let Some(keeper) = self.keeper.clone() else {
            return;
        };
        let troubles = Arc::clone(&self.troubles);
        // Whoever leaves waits for it.
        self.awaited.spawn_blocking(move || {
            let why = keeper.forget(&submissions).err();
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
