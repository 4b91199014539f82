//! Loads whole jobs: five statements, however many jobs are asked for.

use std::collections::HashMap;

use super::cells::{Cells, json_text};
use super::error::RowError;
use super::sql::{Connection, Row, Value};
use super::{event_row, gate_row};
use domain::artifact::Artifact;
use domain::decision::SealedDecision;
use domain::ids::{ArtifactPath, Digest, HostId, JobId};
use domain::job::{Attempt, AttemptState, Job, JobRows, JobStatus};

/// What [`attempt`] reads after the job's id.
pub(super) const ATTEMPT_COLUMNS: &str =
    "job_id, stage, number, state, queued_at, started_at, ended_at, outcome, notes, patch, comments,
     host";

/// The queries that load jobs with all that belongs to them: one id is looked up, several come as one
/// JSON list.
pub(super) struct Load {
    queries: [String; 5],
    value: [Value<'static>; 1],
}

impl Load {
    pub(super) fn new(ids: &[JobId]) -> Result<Self, RowError> {
        let (condition, value) = match ids {
            [only] => ("= ?1", only.to_string()),
            _ => ("IN (SELECT value FROM json_each(?1))", json_text(&ids)?),
        };
        let by = |columns: &str, table: &str, column: &str, rest: &str| {
            format!("SELECT {columns} FROM {table} WHERE {column} {condition} {rest}")
        };
        Ok(Self {
            queries: [
                by(JOB_COLUMNS, "job", "id", ""),
                by(ATTEMPT_COLUMNS, "attempt", "job_id", "ORDER BY rowid"),
                by(gate_row::COLUMNS, "gate", "job_id", "ORDER BY rowid"),
                by(ARTIFACT_COLUMNS, "artifact", "job_id", "ORDER BY rowid"),
                by(event_row::DECISION_COLUMNS, "decision", "job_id", KEPT),
            ],
            value: [Value::from(value)],
        })
    }

    /// The queries in the order in which [`Self::jobs`] asks them.
    pub(super) fn queries(&self) -> Vec<(&str, &[Value<'_>])> {
        self.queries
            .iter()
            .map(|sql| (sql.as_str(), self.value.as_slice()))
            .collect()
    }

    fn each(
        &self,
        connection: &Connection,
        query: usize,
        mut take: impl FnMut(&Row<'_>) -> Result<(), RowError>,
    ) -> Result<(), RowError> {
        let sql = self.queries.get(query).map_or("", String::as_str);
        connection.each(sql, &self.value, |row| take(row).map(|()| true))
    }

    /// The jobs that there are of those.
    pub(super) fn jobs(&self, connection: &Connection) -> Result<HashMap<String, JobRows>, RowError> {
        let mut found: HashMap<String, JobRows> = HashMap::new();
        self.each(connection, 0, |row| {
            let job = job(&Cells::new(row, "job", 1))?;
            found.insert(job.id.to_string(), JobRows::of(job));
            Ok(())
        })?;
        if found.is_empty() {
            return Ok(found);
        }
        self.each(connection, 1, |row| {
            let cells = Cells::new(row, "attempt", 3);
            if let Some(rows) = found.get_mut(cells.text(0)?) {
                rows.attempts.push(attempt(&cells)?);
            }
            Ok(())
        })?;
        self.each(connection, 2, |row| {
            let cells = Cells::new(row, "gate", 3);
            if let Some(rows) = found.get_mut(cells.text(0)?) {
                let gate = gate_row::gate(&cells, &rows.job.id)?;
                rows.gates.push(gate);
            }
            Ok(())
        })?;
        self.each(connection, 3, |row| {
            let cells = Cells::new(row, "artifact", 2);
            if let Some(rows) = found.get_mut(cells.text(0)?) {
                rows.artifacts.push(artifact(&cells)?);
            }
            Ok(())
        })?;
        self.each(connection, 4, |row| {
            let decision: SealedDecision = event_row::decision(row)?;
            if let Some(rows) = found.get_mut(decision.decision.job_id().as_str()) {
                rows.decisions.push(decision);
            }
            Ok(())
        })?;
        Ok(found)
    }
}

const JOB_COLUMNS: &str = "id, slug, intent, is_manual, status, stage, params, cfg, stages, created_by, created_at,
     updated_at, acknowledged_at";
const ARTIFACT_COLUMNS: &str = "job_id, path, stage, kind, digest, size_bytes, created_at, former";

/// Of each stage the newest decision, and the one that counts: see [`JobRows::decisions`].
const KEPT: &str = "AND (attempt = (SELECT max(attempt) FROM decision AS other
          WHERE other.job_id = decision.job_id AND other.stage = decision.stage)
        OR NOT EXISTS (SELECT 1 FROM gate WHERE gate.job_id = decision.job_id AND gate.stage = decision.stage
          AND gate.attempt = decision.attempt AND (state = 'recalled' OR recall IS NOT NULL)))
    AND NOT EXISTS (SELECT 1 FROM decision AS later LEFT JOIN gate USING (job_id, stage, attempt)
        WHERE later.job_id = decision.job_id AND later.stage = decision.stage AND later.attempt > decision.attempt
          AND ifnull(gate.state <> 'recalled' AND gate.recall IS NULL, TRUE))
    ORDER BY seq";

/// The job with this id, with everything the rules need of it.
pub(super) fn load(connection: &Connection, id: &JobId) -> Result<Option<JobRows>, RowError> {
    Ok(load_all(connection, std::slice::from_ref(id))?.pop())
}

/// These jobs, in this order; ids that no job has are left out.
pub(super) fn load_all(connection: &Connection, ids: &[JobId]) -> Result<Vec<JobRows>, RowError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let load = Load::new(ids)?;
    connection.ahead(&load.queries())?;
    let mut found = load.jobs(connection)?;
    Ok(ids.iter().filter_map(|id| found.remove(id.as_str())).collect())
}

fn job(cells: &Cells<'_>) -> Result<Job, RowError> {
    Ok(Job {
        id: cells.job_id(0)?,
        slug: cells.text(1)?.to_owned(),
        intent: cells.text(2)?.to_owned(),
        is_manual: cells.get(3)?,
        status: cells.word(4, JobStatus::parse)?,
        stage: cells.optional_stage(5)?,
        params: cells.json(6)?,
        cfg: cells.json(7)?,
        stages: cells.json(8)?,
        created_by: cells.text(9)?.to_owned(),
        created_at: cells.time(10)?,
        updated_at: cells.time(11)?,
        acknowledged_at: cells.optional_time(12)?,
    })
}

/// Reads an attempt selected by [`ATTEMPT_COLUMNS`].
pub(super) fn attempt(cells: &Cells<'_>) -> Result<Attempt, RowError> {
    Ok(Attempt {
        stage: cells.stage(1)?,
        number: cells.get(2)?,
        state: cells.word(3, AttemptState::parse)?,
        queued_at: cells.time(4)?,
        started_at: cells.optional_time(5)?,
        ended_at: cells.optional_time(6)?,
        outcome: cells.optional_text(7)?.map(str::to_owned),
        notes: cells.optional_text(8)?.map(str::to_owned),
        patch: cells.optional_json(9)?,
        comments: cells.optional_json(10)?.unwrap_or_default(),
        host: cells
            .optional_text(11)?
            .map(|text| HostId::new(text).map_err(|error| cells.bad(11, error)))
            .transpose()?,
    })
}

fn artifact(cells: &Cells<'_>) -> Result<Artifact, RowError> {
    let former = cells.optional_text(7)?.map(Digest::parse).transpose();
    Ok(Artifact {
        path: ArtifactPath::new(cells.text(1)?).map_err(|error| cells.bad(1, error))?,
        stage: cells.stage(2)?,
        kind: cells.text(3)?.to_owned(),
        digest: cells.digest(4)?,
        size_bytes: cells.u64(5)?,
        created_at: cells.time(6)?,
        former: former.map_err(|error| cells.bad(7, error))?,
    })
}
