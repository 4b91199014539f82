//! Applies changes as they are: the rules were asked before, only the guards that must hold in the
//! rows themselves are here.

use super::cells::{count, json_text};
use super::error::{Constraint, RowError};
use super::event_row::Chain;
use super::sql::{Connection, values};
use super::{event_row, gate_row};
use domain::artifact::Artifact;
use domain::change::{self, Applied, Change};
use domain::decision::Decision;
use domain::gate::{Gate, GateState};
use domain::ids::{ArtifactPath, HostId, JobId};
use domain::job::{Attempt, Job, JobRows};
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;

/// Why a list of changes was not applied.
pub(super) enum Stop {
    /// A guard held; only this input's savepoint is rolled back.
    Refused(Refusal),
    /// The database failed; nothing of the transaction stays.
    Failed(RowError),
}

impl From<RowError> for Stop {
    fn from(error: RowError) -> Self {
        // The guards in the rows themselves say what those in memory said.
        if let RowError::NotAsRead(row) = error {
            return fault(format_args!("{row} is not as it was read"));
        }
        // A row that the schema forbids is this input's fault alone; the others of its group shall
        // not suffer for it.
        match error.constraint() {
            Some(Constraint::Rows(what)) => fault(what),
            #[cfg(feature = "postgres")]
            Some(Constraint::Nul) => {
                let message = "a text has the character U+0000, which PostgreSQL cannot keep";
                Self::Refused(Refusal::new(RefusalCode::Invalid, message).with_hint("take the character out"))
            }
            None => Self::Failed(error),
        }
    }
}

/// Changes that contradict each other are a fault of holdpoint, not of the operator: said so, and
/// nothing of them stays.
fn fault(what: impl std::fmt::Display) -> Stop {
    let message = format!("the rules contradict themselves: {what}");
    Stop::Refused(Refusal::new(RefusalCode::NotPossible, message).with_hint("this is a fault in holdpoint; report it"))
}

/// Applies the changes to the rows of this job, in memory first: their guards refuse with words.
/// The answer has the rows as a reader would load them now; the chain ends with what is sealed here.
pub(super) fn apply(
    connection: &Connection,
    job_id: &JobId,
    rows: Option<JobRows>,
    changes: Vec<Change>,
    now: Timestamp,
    chain: &mut Chain,
) -> Result<(Applied, JobRows), Stop> {
    let (mut rows, decisions) = change::applied(rows, &changes).map_err(Stop::Refused)?;
    if rows.job.id != *job_id || rows.gates.iter().any(|gate| gate.key.job_id != *job_id) {
        return Err(fault(format_args!("another job is changed on behalf of {job_id}")));
    }
    let mut applied = Applied::default();
    // Waits for the number of the last event.
    let mut job_put: Option<Box<Job>> = None;
    for change in changes {
        match change {
            Change::InsertJob(job) => insert_job(connection, &job, now)?,
            Change::PutJob(job) => {
                if let Some(before) = job_put.replace(job) {
                    put_job(connection, &before, None, now)?;
                }
            }
            Change::PutAttempt(attempt) => put_attempt(connection, job_id, &attempt)?,
            Change::OpenGate(gate) => {
                still_open(&gate)?;
                gate_row::insert(connection, &gate)?;
                applied.opened.push(gate.key);
            }
            Change::PutGate(gate) => {
                still_open(&gate)?;
                gate_row::update_open(connection, &gate)?;
            }
            Change::SettleGate { gate, decision } => {
                gate_row::update_open(connection, &gate)?;
                settled_as_decided(&gate, decision.as_deref())?;
            }
            Change::FinishGate(gate) => {
                gate_row::update_recallable(connection, &gate)?;
                applied.finished.push(gate.key);
            }
            Change::PutArtifact(artifact) => put_artifact(connection, job_id, &artifact)?,
            Change::DropArtifact(path) => drop_artifact(connection, job_id, &path)?,
            Change::Event(event) => {
                applied.overridden = applied.overridden.or(event.overridden().map(str::to_owned));
                applied.held_up = applied.held_up.or(event.held_up());
                applied.last_event_seq = Some(event_row::insert_event(connection, job_id, &event, now)?);
            }
        }
    }
    match (&job_put, applied.last_event_seq) {
        (Some(job), seq) => put_job(connection, job, seq, now)?,
        (None, Some(seq)) => {
            let sql = "UPDATE job SET last_event_seq = ?2 WHERE id = ?1";
            connection.put(sql, values![job_id.as_str(), count(seq)], Some(job_id))?;
        }
        (None, None) => {}
    }
    owe(connection, decisions, &mut applied, chain)?;
    for sealed in &applied.decisions {
        rows.note_decision(sealed.clone());
    }
    Ok((applied, rows))
}

fn still_open(gate: &Gate) -> Result<(), Stop> {
    match gate.state {
        GateState::Open => Ok(()),
        state @ (GateState::Approved | GateState::Rejected | GateState::Canceled | GateState::Recalled) => {
            Err(fault(format_args!("{} is put as {}", gate.key, state.as_str())))
        }
    }
}

fn settled_as_decided(gate: &Gate, decision: Option<&Decision>) -> Result<(), Stop> {
    let is_matching = match (gate.state, decision) {
        (GateState::Approved, Some(decision)) => decision.is_approved() && decision.key() == gate.key,
        (GateState::Rejected, Some(decision)) => !decision.is_approved() && decision.key() == gate.key,
        (GateState::Canceled, None) => true,
        (GateState::Open | GateState::Recalled, _)
        | (GateState::Canceled, Some(_))
        | (GateState::Approved | GateState::Rejected, None) => false,
    };
    if is_matching && gate.settled.is_some() {
        Ok(())
    } else {
        Err(fault(format_args!("{} and its decision disagree", gate.key)))
    }
}

/// Seals the decisions and notes what the run directory is owed. A decision is owed with the last
/// event of its own entry, so one number covers both; once more with what came of it later.
fn owe(
    connection: &Connection,
    decisions: Vec<Decision>,
    applied: &mut Applied,
    chain: &mut Chain,
) -> Result<(), Stop> {
    let Some(seq) = applied.last_event_seq else {
        return match decisions.first() {
            Some(decision) => Err(fault(format_args!("{} is decided without an event", decision.key()))),
            None => match applied.finished.first() {
                Some(key) => Err(fault(format_args!("{key} is finished without an event"))),
                None => Ok(()),
            },
        };
    };
    for decision in decisions {
        applied
            .decisions
            .push(event_row::insert_decision(connection, decision, seq, chain)?);
    }
    for key in &applied.finished {
        let sql = "UPDATE decision SET event_seq = ?4 WHERE job_id = ?1 AND stage = ?2 AND attempt = ?3";
        let values = values![key.job_id.as_str(), key.stage.as_str(), key.attempt, count(seq)];
        connection.put(sql, values, Some(key))?;
    }
    Ok(())
}

pub(super) fn insert_job(connection: &Connection, job: &Job, now: Timestamp) -> Result<(), RowError> {
    write_job(
        connection,
        job,
        Some(0),
        now,
        "INSERT INTO job (id, slug, intent, is_manual, status, stage, params, cfg, stages, created_by, created_at, updated_at,
           status_since, acknowledged_at, last_event_seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )
}

fn put_job(connection: &Connection, job: &Job, last_event: Option<u64>, now: Timestamp) -> Result<(), RowError> {
    write_job(
        connection,
        job,
        last_event,
        now,
        "UPDATE job SET slug = ?2, intent = ?3, is_manual = ?4, status_since = CASE WHEN status = ?5 THEN status_since ELSE ?13 END,
           status = ?5, stage = ?6, params = ?7, cfg = ?8, stages = ?9, created_by = ?10, created_at = ?11, updated_at = ?12,
           acknowledged_at = ?14, last_event_seq = ifnull(?15, last_event_seq)
         WHERE id = ?1",
    )
}

fn write_job(
    connection: &Connection,
    job: &Job,
    last_event: Option<u64>,
    now: Timestamp,
    sql: &str,
) -> Result<(), RowError> {
    let values = values![
        job.id.as_str(),
        &job.slug,
        &job.intent,
        job.is_manual,
        job.status.as_str(),
        job.stage.as_ref().map(|stage| stage.as_str()),
        json_text(&job.params)?,
        json_text(&job.cfg)?,
        json_text(&job.stages)?,
        &job.created_by,
        job.created_at.micros(),
        job.updated_at.micros(),
        now.micros(),
        job.acknowledged_at.map(Timestamp::micros),
        last_event.map(count),
    ];
    connection.put(sql, values, Some(&job.id))
}

pub(super) fn put_attempt(connection: &Connection, job_id: &JobId, attempt: &Attempt) -> Result<(), RowError> {
    connection.put(
        "INSERT INTO attempt (job_id, stage, number, state, queued_at, started_at, ended_at, outcome, notes, patch,
               comments, host)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (job_id, stage, number) DO UPDATE SET state = excluded.state, queued_at = excluded.queued_at,
               started_at = excluded.started_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
               notes = excluded.notes, patch = excluded.patch, comments = excluded.comments,
               host = excluded.host",
        values![
            job_id.as_str(),
            attempt.stage.as_str(),
            attempt.number,
            attempt.state.as_str(),
            attempt.queued_at.micros(),
            attempt.started_at.map(Timestamp::micros),
            attempt.ended_at.map(Timestamp::micros),
            attempt.outcome.as_ref(),
            attempt.notes.as_ref(),
            attempt.patch.as_ref().map(json_text).transpose()?,
            (!attempt.comments.is_empty())
                .then(|| json_text(&attempt.comments))
                .transpose()?,
            attempt.host.as_ref().map(HostId::as_str),
        ],
        None,
    )
}

pub(super) fn put_artifact(connection: &Connection, job_id: &JobId, artifact: &Artifact) -> Result<(), RowError> {
    connection.put("INSERT INTO artifact (job_id, path, stage, kind, digest, size_bytes, created_at, former)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (job_id, path) DO UPDATE SET stage = excluded.stage, kind = excluded.kind, digest = excluded.digest,
               size_bytes = excluded.size_bytes, created_at = excluded.created_at, former = excluded.former", values![
            job_id.as_str(),
            artifact.path.as_str(),
            artifact.stage.as_str(),
            &artifact.kind,
            artifact.digest.to_string(),
            count(artifact.size_bytes),
            artifact.created_at.micros(),
            artifact.former.map(|digest| digest.to_string()),
        ], None)
}

fn drop_artifact(connection: &Connection, job_id: &JobId, path: &ArtifactPath) -> Result<(), RowError> {
    let sql = "DELETE FROM artifact WHERE job_id = ?1 AND path = ?2";
    connection.put(sql, values![job_id.as_str(), path.as_str()], None)
}
