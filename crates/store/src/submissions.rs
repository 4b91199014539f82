//! Submissions: what came of each under its name, so that the same is done once however often it is
//! sent, and what was refused is not done later behind the back of whoever was told so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, json_text};
use super::commit::Writing;
use super::error::{RowError, StoreError};
use super::sql::{Connection, values};
use super::{Reader, Store};
use domain::change::Applied;
use domain::ids::{Digest, JobId};
use domain::refusal::Refusal;
use domain::time::{SECOND_US, Timestamp};

/// How long an answer is kept, in seconds: a week.
pub const SUBMISSIONS_KEPT_S: u64 = 7 * 24 * 3600;

/// The name under which somebody submits a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: String,
    /// Of the command.
    pub command: Digest,
}

/// What came of what was submitted under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionDone {
    /// Of the command.
    pub command: Digest,
    pub outcome: Result<(JobId, Applied), Refusal>,
}

/// The same in the column `applied`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Outcome<A> {
    Refused { refused: Refusal },
    Applied(A),
}

impl Reader {
    /// What came of this name; none: nothing, or more than a week ago.
    pub fn submission(&self, id: &str) -> Result<Option<SubmissionDone>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT id, job_id, command, applied FROM submission WHERE id = ?1";
            connection.first(sql, values![id], |row| {
                let cells = Cells::new(row, "submission", 1);
                Ok(SubmissionDone {
                    command: cells.digest(2)?,
                    outcome: match cells.json(3)? {
                        Outcome::Applied(applied) => Ok((cells.job_id(1)?, applied)),
                        Outcome::Refused { refused } => Err(refused),
                    },
                })
            })
        })
    }
}

impl Store {
    /// Notes that a submission was refused before its job was looked at.
    pub fn keep_refused(
        &mut self,
        submission: &Submission,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = self
            .durable
            .transaction(|connection| keep(connection, Writing::OneByOne, submission, None, Err(refusal), now));
        kept.map(drop)
            .map_err(|error| StoreError::of(&self.path, "record in", error))
    }
}

/// Notes what came of it; false: something was noted under this name already. Together with others it
/// is only put: a name that is taken holds all of them back.
pub(super) fn keep(
    connection: &Connection,
    writing: Writing,
    submission: &Submission,
    job_id: Option<&JobId>,
    outcome: Result<&Applied, &Refusal>,
    now: Timestamp,
) -> Result<bool, RowError> {
    if outcome.is_err_and(|refusal| !refusal.code.is_last_word()) {
        return Ok(true);
    }
    let kept_us = SUBMISSIONS_KEPT_S.cast_signed() * SECOND_US;
    let old = now.micros().saturating_sub(kept_us);
    connection.put("DELETE FROM submission WHERE at_us < ?1", values![old], None)?;
    let outcome = match outcome {
        Ok(applied) => Outcome::Applied(applied),
        Err(refusal) => Outcome::Refused {
            refused: refusal.clone(),
        },
    };
    let sql = "INSERT INTO submission (id, job_id, command, applied, at_us) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    let values = values![
        &submission.id,
        job_id.map(JobId::as_str).unwrap_or_default(),
        submission.command.to_string(),
        json_text(&outcome)?,
        now.micros(),
    ];
    match writing {
        Writing::OneByOne => Ok(connection.execute(sql, values)? == 1),
        Writing::Together => {
            // What was done under the name already stays.
            let one = matches!(outcome, Outcome::Applied(_)).then_some(&submission.id as &dyn fmt::Display);
            connection.put(sql, values, one).map(|()| true)
        }
    }
}
