//! The answers that were given, by the submission's id: a retry gets the same one.
//!
//! Refusals are kept too: a duplicate that arrives late must not do what its sender was told had not been done.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cells::{Cells, json_text};
use super::error::{RowError, StoreError};
use super::{Store, event_row};
use crate::domain::change::Applied;
use crate::domain::gate::GateKey;
use crate::domain::ids::JobId;
use crate::domain::refusal::{Refusal, RefusalCode};
use crate::domain::time::Timestamp;

type Answer = Result<Applied, Refusal>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Applied {
        last_event_seq: Option<u64>,
        /// By number: the decisions themselves have their own table.
        decisions: Vec<u64>,
        opened: Vec<GateKey>,
        facts: Value,
    },
    Refused {
        code: String,
        message: String,
        hint: Option<String>,
        place: Option<String>,
    },
}

const CODES: [RefusalCode; 8] = [
    RefusalCode::AlreadyDecided,
    RefusalCode::GateCanceled,
    RefusalCode::NotFound,
    RefusalCode::ArtifactChanged,
    RefusalCode::PatchUnfit,
    RefusalCode::WrongState,
    RefusalCode::Invalid,
    RefusalCode::NotPossible,
];

/// The answer that this submission was given; none: it is new.
pub(super) fn find(connection: &Connection, id: &str, job_id: &JobId) -> Result<Option<Answer>, RowError> {
    let mut statement = connection.prepare_cached("SELECT id, job_id, answer FROM submission WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let cells = Cells::new(row, "submission", 1);
    if cells.text(1)? != job_id.as_str() {
        let message = format!("submission {id} was about job {}", cells.text(1)?);
        let refusal = Refusal::new(RefusalCode::Invalid, message).with_hint("every submission needs an id of its own");
        return Ok(Some(Err(refusal.at("submission"))));
    }
    let answer = match cells.json(2)? {
        Kept::Applied {
            last_event_seq,
            decisions,
            opened,
            facts,
        } => Ok(Applied {
            last_event_seq,
            decisions: event_row::decisions_numbered(connection, &decisions)?,
            opened,
            facts,
        }),
        Kept::Refused {
            code,
            message,
            hint,
            place,
        } => {
            let known = CODES.into_iter().find(|known| known.as_str() == code);
            Err(Refusal {
                code: known.ok_or_else(|| cells.bad(2, format_args!("{code:?} is no kind of refusal")))?,
                message,
                hint,
                place,
            })
        }
    };
    Ok(Some(answer))
}

/// Keeps the answer, in the transaction that made it true.
pub(super) fn keep(
    connection: &Connection,
    id: &str,
    job_id: &JobId,
    now: Timestamp,
    answer: &Answer,
) -> Result<(), RowError> {
    let kept = match answer {
        Ok(applied) => Kept::Applied {
            last_event_seq: applied.last_event_seq,
            decisions: applied.decisions.iter().map(|sealed| sealed.seq).collect(),
            opened: applied.opened.clone(),
            facts: applied.facts.clone(),
        },
        Err(refusal) => Kept::Refused {
            code: refusal.code.as_str().to_owned(),
            message: refusal.message.clone(),
            hint: refusal.hint.clone(),
            place: refusal.place.clone(),
        },
    };
    connection
        .prepare_cached("INSERT INTO submission (id, job_id, at, answer) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, job_id.as_str(), now.micros(), json_text(&kept)?])?;
    Ok(())
}

impl Store {
    /// Forgets the answers given before this time: nobody retries them any more. Returns how many those were.
    pub fn forget_submissions(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        // A forgotten answer that comes back with the power is forgotten again: no flush is worth it.
        let forgotten = self
            .relaxed
            .prepare_cached("DELETE FROM submission WHERE at < ?1")
            .and_then(|mut statement| statement.execute([before.micros()]));
        forgotten.map_err(|error| StoreError::of(&self.path, "tidy", error.into()))
    }
}
