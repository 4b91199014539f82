//! Submissions: what was done under which name, so that the same is done once however often it is
//! sent.

use rusqlite::{Connection, OptionalExtension, params};

use super::Reader;
use super::error::{RowError, StoreError};
use domain::change::Applied;
use domain::ids::{Digest, JobId};
use domain::time::{SECOND_US, Timestamp};

/// How long an answer is kept, in microseconds: a week.
const KEPT_US: i64 = 7 * 24 * 3600 * SECOND_US;

/// The name under which somebody submits a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: String,
    /// Of the command.
    pub command: Digest,
}

/// What was done under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionDone {
    pub job_id: JobId,
    /// Of the command.
    pub command: Digest,
    pub applied: Applied,
}

impl Reader {
    /// What was done under this name; none: nothing, or more than a week ago.
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
            Ok(Some(SubmissionDone {
                job_id: JobId::new(&job_id).map_err(|error| bad(error.to_string()))?,
                command: Digest::parse(&command).map_err(|error| bad(error.to_string()))?,
                applied: serde_json::from_str(&applied).map_err(|error| bad(error.to_string()))?,
            }))
        })
    }
}

/// Notes what was done; false: something was done under this name already.
pub(super) fn keep(
    connection: &Connection,
    submission: &Submission,
    job_id: &JobId,
    applied: &Applied,
    now: Timestamp,
) -> Result<bool, RowError> {
    let old = now.micros().saturating_sub(KEPT_US);
    connection
        .prepare_cached("DELETE FROM submission WHERE at_us < ?1")?
        .execute([old])?;
    let applied = serde_json::to_string(applied).map_err(|error| RowError::Bad {
        table: "submission",
        key: submission.id.clone(),
        what: error.to_string(),
    })?;
    let sql = "INSERT OR IGNORE INTO submission (id, job_id, command, applied, at_us) VALUES (?1, ?2, ?3, ?4, ?5)";
    let command = submission.command.to_string();
    let added = connection.prepare_cached(sql)?.execute(params![
        submission.id,
        job_id.as_str(),
        command,
        applied,
        now.micros()
    ])?;
    Ok(added == 1)
}
