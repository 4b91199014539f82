//! Applies changes as they are: the rules were asked before, only the guards that must hold in the rows themselves are here.

use rusqlite::{Connection, ErrorCode, params};

use super::cells::{count, json_text};
use super::error::RowError;
use super::{event_row, gate_row};
use domain::artifact::Artifact;
use domain::change::{Applied, Change};
use domain::decision::Decision;
use domain::gate::{Gate, GateState};
use domain::ids::{ArtifactPath, JobId};
use domain::job::{Attempt, Job};
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
        match error {
            // A row that the schema forbids is this input's fault alone; the others of its group shall not suffer for it.
            RowError::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                fault(error)
            }
            RowError::Sqlite(_) | RowError::Bad { .. } | RowError::Newer(_) => Self::Failed(error),
        }
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        RowError::from(error).into()
    }
}

/// Changes that contradict each other are a fault of holdpoint, not of the operator: said so, and nothing of them stays.
fn fault(what: impl std::fmt::Display) -> Stop {
    let message = format!("the rules contradict themselves: {what}");
    Stop::Refused(Refusal::new(RefusalCode::NotPossible, message).with_hint("this is a fault in holdpoint; report it"))
}

/// Applies the changes to the rows of this job.
pub(super) fn apply(
    connection: &Connection,
    job_id: &JobId,
    changes: Vec<Change>,
    now: Timestamp,
) -> Result<Applied, Stop> {
    let mut applied = Applied::default();
    let mut decisions = Vec::new();
    for change in changes {
        match change {
            Change::InsertJob(job) => insert_job(connection, belonging(&job.id, job_id, &job)?, now)?,
            Change::PutJob(job) => put_job(connection, belonging(&job.id, job_id, &job)?, now)?,
            Change::PutAttempt(attempt) => put_attempt(connection, job_id, &attempt)?,
            Change::OpenGate(gate) => {
                open_gate(connection, belonging(&gate.key.job_id, job_id, &gate)?)?;
                applied.opened.push(gate.key);
            }
            Change::PutGate(gate) => {
                let gate = belonging(&gate.key.job_id, job_id, &gate)?;
                if gate.state != GateState::Open {
                    return Err(fault(format_args!("{} is put as {}", gate.key, gate.state.as_str())));
                }
                update_open(connection, gate)?;
            }
            Change::SettleGate { gate, decision } => {
                let gate = belonging(&gate.key.job_id, job_id, &gate)?;
                update_open(connection, gate)?;
                settled_as_decided(gate, decision.as_deref())?;
                decisions.extend(decision.map(|decision| *decision));
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
    owe(connection, job_id, decisions, &mut applied)?;
    Ok(applied)
}

fn belonging<'a, T>(named: &JobId, job_id: &JobId, row: &'a T) -> Result<&'a T, Stop> {
    if named == job_id {
        Ok(row)
    } else {
        Err(fault(format_args!("job {named} is changed on behalf of {job_id}")))
    }
}

fn settled_as_decided(gate: &Gate, decision: Option<&Decision>) -> Result<(), Stop> {
    let is_matching = match (gate.state, decision) {
        (GateState::Approved, Some(decision)) => decision.is_approved() && decision.key() == gate.key,
        (GateState::Rejected, Some(decision)) => !decision.is_approved() && decision.key() == gate.key,
        (GateState::Canceled, None) => true,
        (GateState::Open, _) | (GateState::Canceled, Some(_)) | (GateState::Approved | GateState::Rejected, None) => {
            false
        }
    };
    if is_matching && gate.settled.is_some() {
        Ok(())
    } else {
        Err(fault(format_args!("{} and its decision disagree", gate.key)))
    }
}

/// Seals the decisions and notes what the run directory is owed. A decision is owed with the last event of its own submission, so one number covers both.
fn owe(connection: &Connection, job_id: &JobId, decisions: Vec<Decision>, applied: &mut Applied) -> Result<(), Stop> {
    let Some(seq) = applied.last_event_seq else {
        return match decisions.first() {
            Some(decision) => Err(fault(format_args!("{} is decided without an event", decision.key()))),
            None => Ok(()),
        };
    };
    connection
        .prepare_cached("UPDATE job SET last_event_seq = ?2 WHERE id = ?1")?
        .execute(params![job_id.as_str(), count(seq)])?;
    for decision in decisions {
        let key = decision.key();
        let sealed = event_row::insert_decision(connection, decision, seq)?;
        let sealed = sealed.ok_or_else(|| fault(format_args!("{key} is decided already")))?;
        applied.decisions.push(sealed);
    }
    Ok(())
}

pub(super) fn insert_job(connection: &Connection, job: &Job, now: Timestamp) -> Result<(), Stop> {
    let written = write_job(
        connection,
        job,
        now,
        "INSERT INTO job (id, slug, intent, is_manual, status, stage, params, cfg, stages, created_by, created_at, updated_at,
           status_since, acknowledged_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO NOTHING",
    )?;
    if written == 1 {
        return Ok(());
    }
    let refusal = Refusal::new(RefusalCode::WrongState, format!("there is a job {} already", job.id));
    Err(Stop::Refused(refusal.at(job.id.to_string())))
}

fn put_job(connection: &Connection, job: &Job, now: Timestamp) -> Result<(), Stop> {
    let written = write_job(
        connection,
        job,
        now,
        "UPDATE job SET slug = ?2, intent = ?3, is_manual = ?4, status_since = iif(status = ?5, status_since, ?13),
           status = ?5, stage = ?6, params = ?7, cfg = ?8, stages = ?9, created_by = ?10, created_at = ?11, updated_at = ?12,
           acknowledged_at = ?14
         WHERE id = ?1",
    )?;
    if written == 1 {
        return Ok(());
    }
    Err(Stop::Refused(Refusal::no_such_job(&job.id)))
}

fn write_job(connection: &Connection, job: &Job, now: Timestamp, sql: &str) -> Result<usize, RowError> {
    Ok(connection.prepare_cached(sql)?.execute(params![
        job.id.as_str(),
        job.slug,
        job.intent,
        job.is_manual,
        job.status.as_str(),
        job.stage.as_ref().map(|stage| stage.as_str()),
        json_text(&job.params)?,
        json_text(&job.cfg)?,
        json_text(&job.stages)?,
        job.created_by,
        job.created_at.micros(),
        job.updated_at.micros(),
        now.micros(),
        job.acknowledged_at.map(Timestamp::micros),
    ])?)
}

pub(super) fn put_attempt(connection: &Connection, job_id: &JobId, attempt: &Attempt) -> Result<(), Stop> {
    connection
        .prepare_cached(
            "INSERT INTO attempt (job_id, stage, number, state, queued_at, started_at, ended_at, outcome, notes, patch)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (job_id, stage, number) DO UPDATE SET state = excluded.state, queued_at = excluded.queued_at,
               started_at = excluded.started_at, ended_at = excluded.ended_at, outcome = excluded.outcome,
               notes = excluded.notes, patch = excluded.patch",
        )?
        .execute(params![
            job_id.as_str(),
            attempt.stage.as_str(),
            attempt.number,
            attempt.state.as_str(),
            attempt.queued_at.micros(),
            attempt.started_at.map(Timestamp::micros),
            attempt.ended_at.map(Timestamp::micros),
            attempt.outcome,
            attempt.notes,
            attempt.patch.as_ref().map(json_text).transpose()?,
        ])?;
    Ok(())
}

fn open_gate(connection: &Connection, gate: &Gate) -> Result<(), Stop> {
    if gate.state != GateState::Open {
        return Err(fault(format_args!("{} opens as {}", gate.key, gate.state.as_str())));
    }
    if gate_row::insert(connection, gate)? == 1 {
        return Ok(());
    }
    let in_the_way = match gate_row::find(connection, &gate.key)? {
        Some(same) => Some(same),
        None => gate_row::find_open(connection, &gate.key)?,
    };
    let Some(other) = in_the_way else {
        return Err(fault(format_args!("{} cannot open", gate.key)));
    };
    other.open_or_refuse().map_err(Stop::Refused)?;
    Err(Stop::Refused(Refusal::gate_open(&other.key)))
}

fn update_open(connection: &Connection, gate: &Gate) -> Result<(), Stop> {
    if gate_row::update_open(connection, gate)? == 1 {
        return Ok(());
    }
    match gate_row::find(connection, &gate.key)? {
        Some(other) => {
            other.open_or_refuse().map_err(Stop::Refused)?;
            Err(fault(format_args!("{} is open and cannot be changed", gate.key)))
        }
        None => Err(Stop::Refused(Refusal::no_such_gate(&gate.key.job_id, &gate.key.stage))),
    }
}

pub(super) fn put_artifact(connection: &Connection, job_id: &JobId, artifact: &Artifact) -> Result<(), Stop> {
    connection
        .prepare_cached(
            "INSERT INTO artifact (job_id, path, stage, kind, digest, size_bytes, created_at, former)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (job_id, path) DO UPDATE SET stage = excluded.stage, kind = excluded.kind, digest = excluded.digest,
               size_bytes = excluded.size_bytes, created_at = excluded.created_at, former = excluded.former",
        )?
        .execute(params![
            job_id.as_str(),
            artifact.path.as_str(),
            artifact.stage.as_str(),
            artifact.kind,
            artifact.digest.to_string(),
            count(artifact.size_bytes),
            artifact.created_at.micros(),
            artifact.former.map(|digest| digest.to_string()),
        ])?;
    Ok(())
}

fn drop_artifact(connection: &Connection, job_id: &JobId, path: &ArtifactPath) -> Result<(), Stop> {
    connection
        .prepare_cached("DELETE FROM artifact WHERE job_id = ?1 AND path = ?2")?
        .execute(params![job_id.as_str(), path.as_str()])?;
    Ok(())
}
