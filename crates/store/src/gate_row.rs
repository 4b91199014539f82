//! A gate as a row: the columns of its timer and lease, and the counts that the queue shows without
//! reading the artifacts.

use super::cells::{Cells, count, json_text};
use super::error::RowError;
use super::sql::{Connection, values};
use domain::anchor::{Anchor, BootId};
use domain::gate::{Gate, GateState, Settled};
use domain::group::GroupKey;
use domain::ids::JobId;
use domain::key::GateKey;
use domain::policy::{Doubt, OnTimeout};
use domain::timer::GateTimer;

/// What [`gate`] reads, in its order.
pub(super) const COLUMNS: &str = "job_id, stage, attempt, state, opened_at, on_timeout, deadline, overdue_since, \
     held_by_policy_at, added_us, hold, stopped_at, boot, boot_offset_us, held_because, calls, settled_by, settled_at, lease, policy, artifacts, seen, context, heartbeat, recall, recalls";

const OPENED_AT: usize = 4;
const TIMER: usize = 5;
const SETTLED_BY: usize = TIMER + TIMER_COLUMNS;

/// How many columns [`timer`] reads.
pub(super) const TIMER_COLUMNS: usize = 11;

/// Reads the columns of a timer, the first of which is `column`.
pub(super) fn timer(cells: &Cells<'_>, column: usize) -> Result<Option<GateTimer>, RowError> {
    if cells.optional_text(column)?.is_none() {
        return Ok(None);
    }
    Ok(Some(GateTimer {
        on_timeout: cells.word(column, OnTimeout::parse)?,
        deadline: cells.time(column + 1)?,
        overdue_since: cells.optional_time(column + 2)?,
        held_by_policy_at: cells.optional_time(column + 3)?,
        added_us: cells.get(column + 4)?,
        hold: cells.optional_json(column + 5)?,
        stopped_at: cells.optional_time(column + 6)?,
        anchor: anchor(cells, column + 7)?,
        held_because: doubt(cells, column + 9)?,
        calls: cells.optional_json(column + 10)?,
    }))
}

/// Reads a doubt; null is none.
pub(super) fn doubt(cells: &Cells<'_>, column: usize) -> Result<Option<Doubt>, RowError> {
    match cells.optional_text(column)? {
        Some(_) => cells.word(column, Doubt::parse).map(Some),
        None => Ok(None),
    }
}

/// Reads the columns of an anchor: both or none.
fn anchor(cells: &Cells<'_>, column: usize) -> Result<Anchor, RowError> {
    let offset_us: Option<i64> = cells.get(column + 1)?;
    match (cells.optional_text(column)?, offset_us) {
        (None, None) => Ok(Anchor::default()),
        (Some(text), Some(offset_us)) => {
            let boot = BootId::parse(text).ok_or_else(|| cells.bad(column, "it is not 16 hexadecimal digits"))?;
            Ok(Anchor { boot, offset_us })
        }
        (Some(_), None) | (None, Some(_)) => Err(cells.bad(column, "the boot and its offset go together")),
    }
}

/// Reads a gate of this job.
pub(super) fn gate(cells: &Cells<'_>, job_id: &JobId) -> Result<Gate, RowError> {
    let key = GateKey {
        job_id: job_id.clone(),
        stage: cells.stage(1)?,
        attempt: cells.get(2)?,
    };
    let settled = match (cells.optional_text(SETTLED_BY)?, cells.optional_time(SETTLED_BY + 1)?) {
        (Some(by), Some(at)) => Some(Settled { by: by.to_owned(), at }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(cells.bad(SETTLED_BY, "who settled it and when go together"));
        }
    };
    Ok(Gate {
        key,
        state: cells.word(3, GateState::parse)?,
        opened_at: cells.time(OPENED_AT)?,
        timer: timer(cells, TIMER)?,
        settled,
        lease: cells.optional_json(SETTLED_BY + 2)?,
        policy: cells.json(SETTLED_BY + 3)?,
        artifacts: cells.json(SETTLED_BY + 4)?,
        seen: cells.json(SETTLED_BY + 5)?,
        context: cells.optional_json(SETTLED_BY + 6)?.unwrap_or_default(),
        heartbeat: cells.optional_json(SETTLED_BY + 7)?,
        recall: cells.optional_json(SETTLED_BY + 8)?,
        recalls: cells.optional_json(SETTLED_BY + 9)?,
    })
}

/// Writes a new gate; a taken key or a second open gate of the stage is [`RowError::NotAsRead`].
pub(super) fn insert(connection: &Connection, gate: &Gate) -> Result<(), RowError> {
    write(
        connection,
        gate,
        "INSERT INTO gate (job_id, stage, attempt, state, opened_at, on_timeout, deadline, overdue_since, held_by_policy_at,
           added_us, max_hold_s, added_lines, removed_lines, files, is_new, is_binary, is_seen, settled_by, settled_at,
           lease, policy, artifacts, seen, hold, stopped_at, boot, boot_offset_us, context, heartbeat,
           held_because, at_zero, doubt, recall, recalls, calls, digest, group_id, context_digest, is_wholly_seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39)
         ON CONFLICT DO NOTHING",
    )
}

/// Writes an open gate's new values, if it is still open. This guard is what makes
/// a second decision impossible.
pub(super) fn update_open(connection: &Connection, gate: &Gate) -> Result<(), RowError> {
    update(connection, gate, "state = 'open'")
}

/// Writes a decided gate's values when its decision can no longer be taken back, or was, unless that
/// is past. This guard is what makes a decision be carried out once.
pub(super) fn update_recallable(connection: &Connection, gate: &Gate) -> Result<(), RowError> {
    update(connection, gate, "recall IS NOT NULL")
}

fn update(connection: &Connection, gate: &Gate, guard: &str) -> Result<(), RowError> {
    let sql = format!(
        "UPDATE gate SET state = ?4, opened_at = ?5, on_timeout = ?6, deadline = ?7, overdue_since = ?8,
           held_by_policy_at = ?9, added_us = ?10, max_hold_s = ?11, added_lines = ?12, removed_lines = ?13, files = ?14,
           is_new = ?15, is_binary = ?16, is_seen = ?17, settled_by = ?18, settled_at = ?19, lease = ?20, policy = ?21,
           artifacts = ?22, seen = ?23, hold = ?24, stopped_at = ?25, boot = ?26, boot_offset_us = ?27, context = ?28, heartbeat = ?29,
           held_because = ?30, at_zero = ?31, doubt = ?32, recall = ?33, recalls = ?34, calls = ?35,
           digest = ?36, group_id = ?37, context_digest = ?38, is_wholly_seen = ?39
         WHERE job_id = ?1 AND stage = ?2 AND attempt = ?3 AND {guard}"
    );
    write(connection, gate, &sql)
}

fn write(connection: &Connection, gate: &Gate, sql: &str) -> Result<(), RowError> {
    let timer = gate.timer.as_ref();
    let settled = gate.settled.as_ref();
    let artifacts = &gate.artifacts;
    let added = artifacts
        .iter()
        .fold(0_u32, |sum, one| sum.saturating_add(one.added_lines));
    let removed = artifacts
        .iter()
        .fold(0_u32, |sum, one| sum.saturating_add(one.removed_lines));
    let is_any = !artifacts.is_empty();
    let at_zero = gate.at_zero();
    connection.put(
        sql,
        values![
            gate.key.job_id.as_str(),
            gate.key.stage.as_str(),
            gate.key.attempt,
            gate.state.as_str(),
            gate.opened_at.micros(),
            timer.map(|timer| timer.on_timeout.as_str()),
            timer.map(|timer| timer.deadline.micros()),
            timer.and_then(|timer| timer.overdue_since).map(|at| at.micros()),
            timer.and_then(|timer| timer.held_by_policy_at).map(|at| at.micros()),
            timer.map_or(0, |timer| timer.added_us),
            count(gate.policy.max_hold_s),
            added,
            removed,
            u16::try_from(artifacts.len()).unwrap_or(u16::MAX),
            is_any && artifacts.iter().all(|one| one.base.is_none()),
            is_any && artifacts.iter().all(|one| one.is_binary),
            !gate.seen.is_empty(),
            settled.map(|settled| settled.by.as_str()),
            settled.map(|settled| settled.at.micros()),
            gate.lease.as_ref().map(json_text).transpose()?,
            json_text(&gate.policy)?,
            json_text(&gate.artifacts)?,
            json_text(&gate.seen)?,
            timer.and_then(|timer| timer.hold.as_ref()).map(json_text).transpose()?,
            timer.and_then(|timer| timer.stopped_at).map(|at| at.micros()),
            timer.and_then(|timer| timer.anchor.boot.text()),
            timer
                .filter(|timer| !timer.anchor.is_none())
                .map(|timer| timer.anchor.offset_us),
            (!gate.context.is_empty())
                .then(|| json_text(&gate.context))
                .transpose()?,
            gate.heartbeat.as_ref().map(json_text).transpose()?,
            timer.and_then(|timer| timer.held_because).map(Doubt::as_str),
            at_zero.map(|at_zero| at_zero.then.as_str()),
            at_zero.and_then(|at_zero| at_zero.because).map(Doubt::as_str),
            gate.recall.as_ref().map(json_text).transpose()?,
            gate.recalls.as_ref().map(json_text).transpose()?,
            timer
                .and_then(|timer| timer.calls.as_ref())
                .map(json_text)
                .transpose()?,
            gate.digest().to_string(),
            group_id(gate),
            gate.context.digest().to_string(),
            gate.is_wholly_seen(),
        ],
        Some(&gate.key),
    )
}

fn group_id(gate: &Gate) -> Option<String> {
    GroupKey::of(gate).map(|key| key.id.to_string())
}

/// Fills the columns of live gates that are made of their others.
pub(super) fn derive(connection: &Connection) -> Result<(), RowError> {
    let sql = format!("SELECT {COLUMNS} FROM gate WHERE state = 'open' OR recall IS NOT NULL");
    // A row that cannot be read keeps nobody out of the database: whoever needs it is told.
    let gates = connection.collect(&sql, &[], |row| {
        let cells = Cells::new(row, "gate", 3);
        Ok(cells.job_id(0).and_then(|job_id| gate(&cells, &job_id)).ok())
    })?;
    let update = "UPDATE gate SET digest = ?4, group_id = ?5, context_digest = ?6, is_wholly_seen = ?7
                  WHERE job_id = ?1 AND stage = ?2 AND attempt = ?3";
    for gate in gates.into_iter().flatten() {
        let values = values![
            gate.key.job_id.as_str(),
            gate.key.stage.as_str(),
            gate.key.attempt,
            gate.digest().to_string(),
            group_id(&gate),
            gate.context.digest().to_string(),
            gate.is_wholly_seen(),
        ];
        connection.execute(update, values)?;
    }
    Ok(())
}
