//! Submissions: what came of each under its name, so that the same is done once however often it is
//! sent, and what was refused is not done later behind the back of whoever was told so.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::{RowError, StoreError};
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
            let sql = "SELECT job_id, command, applied FROM submission WHERE id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let row = statement.query_row([id], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                ))
            });
            let Some((job_id, command, applied)) = row.optional()? else {
                return Ok(None);
            };
            let bad = |what: String| RowError::Bad {
                table: "submission",
                key: id.to_owned(),
                what,
            };
            let outcome = serde_json::from_str(&applied).map_err(|error| bad(error.to_string()))?;
            Ok(Some(SubmissionDone {
                command: Digest::parse(&command).map_err(|error| bad(error.to_string()))?,
                outcome: match outcome {
                    Outcome::Applied(applied) => {
                        Ok((JobId::new(&job_id).map_err(|error| bad(error.to_string()))?, applied))
                    }
                    Outcome::Refused { refused } => Err(refused),
                },
            }))
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
        let kept = (|| {
            let transaction = self.durable.transaction()?;
            keep(&transaction, submission, None, Err(refusal), now)?;
            Ok(transaction.commit()?)
        })();
        kept.map_err(|error: RowError| StoreError::of(&self.path, "record in", error))
    }
}

/// Notes what came of it; false: something was noted under this name already.
pub(super) fn keep(
    connection: &Connection,
    submission: &Submission,
    job_id: Option<&JobId>,
    outcome: Result<&Applied, &Refusal>,
    now: Timestamp,
) -> Result<bool, RowError> {
    let kept_us = SUBMISSIONS_KEPT_S.cast_signed() * SECOND_US;
    let old = now.micros().saturating_sub(kept_us);
    connection
        .prepare_cached("DELETE FROM submission WHERE at_us < ?1")?
        .execute([old])?;
    let outcome = match outcome {
        Ok(applied) => Outcome::Applied(applied),
        Err(refusal) => Outcome::Refused {
            refused: refusal.clone(),
        },
    };
    let applied = serde_json::to_string(&outcome).map_err(|error| RowError::Bad {
        table: "submission",
        key: submission.id.clone(),
        what: error.to_string(),
    })?;
    let sql = "INSERT OR IGNORE INTO submission (id, job_id, command, applied, at_us) VALUES (?1, ?2, ?3, ?4, ?5)";
    let command = submission.command.to_string();
    let added = connection.prepare_cached(sql)?.execute(params![
        submission.id,
        job_id.map(JobId::as_str).unwrap_or_default(),
        command,
        applied,
        now.micros()
    ])?;
    Ok(added == 1)
}
