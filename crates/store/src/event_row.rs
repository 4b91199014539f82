//! Events and decisions as rows: what is read renders to the bytes that were written.

use super::cells::{Cells, count, json_text, text_of};
use super::error::RowError;
use super::sql::{Connection, Row, values};
use domain::decision::{Decision, SealedDecision};
use domain::event::{Event, EventType, NewEvent};
use domain::ids::{Digest, JobId};
use domain::job::JobStatus;
use domain::time::Timestamp;

/// What [`event`] reads.
pub(super) const EVENT_COLUMNS: &str = "seq, ts, job_id, type, stage, status, message, payload";

/// What [`decision`] reads.
pub(super) const DECISION_COLUMNS: &str = "seq, job_id, stage, attempt, hash, document";

pub(super) fn event(row: &Row<'_>) -> Result<Event, RowError> {
    let cells = Cells::new(row, "event", 1);
    Ok(Event {
        seq: cells.u64(0)?,
        ts: cells.time(1)?,
        job_id: cells.job_id(2)?,
        kind: cells.word(3, EventType::parse)?,
        stage: cells.optional_stage(4)?,
        status: cells.word(5, JobStatus::parse)?,
        message: cells.text(6)?.to_owned(),
        payload: cells.json(7)?,
    })
}

/// Reads a decision and makes sure that it renders to the document that is stored.
///
/// The hash is left to `decisions verify`: recomputing it for every stage on every load would cost
/// more than the load.
pub(super) fn decision(row: &Row<'_>) -> Result<SealedDecision, RowError> {
    let cells = Cells::new(row, "decision", 1);
    let document = cells.text(5)?;
    let sealed: SealedDecision = cells.json(5)?;
    let columns = (
        cells.u64(0)?,
        cells.text(1)?,
        cells.text(2)?,
        cells.get::<u32>(3)?,
        cells.digest(4)?,
    );
    let decision = &sealed.decision;
    let claimed = (
        sealed.seq,
        decision.job_id().as_str(),
        decision.stage().as_str(),
        decision.attempt(),
        sealed.hash,
    );
    if columns != claimed {
        return Err(cells.bad(5, "it is not the decision that its other columns name"));
    }
    if sealed.to_file() != document.as_bytes() {
        return Err(cells.bad(5, "it was changed after it was written"));
    }
    Ok(sealed)
}

/// Logs an event; returns its number.
pub(super) fn insert_event(
    connection: &Connection,
    job_id: &JobId,
    event: &NewEvent,
    now: Timestamp,
) -> Result<u64, RowError> {
    macro_rules! insert {
        () => {
            "INSERT INTO event (ts, job_id, type, stage, status, message, payload, seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        };
    }
    let number = connection.next_event();
    let values = values![
        now.micros(),
        job_id.as_str(),
        event.kind.as_str(),
        event.stage.as_ref().map(|stage| stage.as_str()),
        event.status.as_str(),
        &event.message,
        json_text(&event.payload)?,
        number,
    ];
    let seq = match number {
        Some(number) => connection.add(insert!(), values, &"an event").map(|()| number),
        None => connection.cell(concat!(insert!(), " RETURNING seq"), values),
    };
    Ok(seq?.unsigned_abs())
}

/// The end of the chain, as a transaction goes on with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chain(Option<(u64, Digest)>);

/// Seals a decision behind the newest one and writes it; its gate must have none yet. It is owed to
/// the run directory together with this event.
pub(super) fn insert_decision(
    connection: &Connection,
    decision: Decision,
    event_seq: u64,
    chain: &mut Chain,
) -> Result<SealedDecision, RowError> {
    let (last, prev) = match chain.0 {
        Some(end) => end,
        None => chain_head(connection)?.unwrap_or((0, Digest::ZERO)),
    };
    let sealed = decision.seal(last.saturating_add(1), prev);
    let document = sealed.to_file();
    connection.add(
        "INSERT INTO decision (seq, job_id, stage, attempt, event_seq, hash, document)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (job_id, stage, attempt) DO NOTHING",
        values![
            count(sealed.seq),
            sealed.decision.job_id().as_str(),
            sealed.decision.stage().as_str(),
            sealed.decision.attempt(),
            count(event_seq),
            sealed.hash.to_string(),
            text_of(&document)?,
        ],
        &sealed.decision.key(),
    )?;
    chain.0 = Some((sealed.seq, sealed.hash));
    Ok(sealed)
}

/// What [`chain_head`] asks.
pub(super) const CHAIN_HEAD: &str =
    "SELECT seq, hash FROM (SELECT * FROM (SELECT seq, hash FROM decision ORDER BY seq DESC LIMIT 1) AS made
           UNION ALL SELECT * FROM (SELECT seq, hash FROM lost_decision ORDER BY seq DESC LIMIT 1) AS lost) AS link
         ORDER BY seq DESC LIMIT 1";

/// The newest decision's number and hash; none before the first.
pub(super) fn chain_head(connection: &Connection) -> Result<Option<(u64, Digest)>, RowError> {
    connection.first(CHAIN_HEAD, &[], |row| {
        let cells = Cells::new(row, "decision", 1);
        Ok((cells.u64(0)?, cells.digest(1)?))
    })
}

/// The number of the newest event; 0 before the first.
pub(super) fn last_event_seq(connection: &Connection) -> Result<u64, RowError> {
    let newest = "SELECT seq FROM event ORDER BY seq DESC LIMIT 1";
    let seq: Option<i64> = connection.first(newest, &[], |row| row.get(0))?;
    Ok(seq.map_or(0, i64::unsigned_abs))
}

/// Makes sure that no number up to this one is given to an event again, in a file of SQLite's.
pub(super) fn number_events_above(connection: &Connection, seq: i64) -> Result<(), RowError> {
    let raise = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'event'";
    if connection.execute(raise, values![seq])? == 0 {
        let begin = "INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?1)";
        connection.execute(begin, values![seq])?;
    }
    Ok(())
}
