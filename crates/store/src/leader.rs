//! Who leads, and the epoch that every leader-only transaction checks (SPEC §9).
//!
//! The lead itself is an operating system lock that this module knows nothing of: it only numbers
//! those who held it.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::cells::{Cells, count, json_text};
use super::error::{RowError, StoreError};
use super::open::refuse_newer;
use domain::time::Timestamp;
use domain::view::LeaderInfo;

/// A process that takes the lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadCandidate {
    /// The operator in whose name the process runs.
    pub name: String,
    /// `console`, `serve`, `wait`, `watch`.
    pub role: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Since when it leads.
    pub since: Timestamp,
}

/// The leader, unless it resigned.
pub(super) fn find(connection: &Connection) -> Result<Option<LeaderInfo>, RowError> {
    let mut statement = connection.prepare_cached("SELECT one, epoch, holder FROM leader WHERE one = 1")?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let cells = Cells::new(row, "leader", 1);
    let epoch = cells.u64(1)?;
    let holder: Option<LeadCandidate> = cells.optional_json(2)?;
    Ok(holder.map(|holder| LeaderInfo {
        epoch,
        name: holder.name,
        role: holder.role,
        host: holder.host,
        pid: holder.pid,
        since: holder.since,
    }))
}

impl Store {
    /// Makes this process the leader; returns its epoch, which is higher than any before. Whoever
    /// led before can write nothing more as the leader. The caller holds the lock of the lead.
    pub fn take_lead(&mut self, candidate: &LeadCandidate) -> Result<u64, StoreError> {
        let taken = take(&mut self.durable, candidate);
        taken.map_err(|error| StoreError::of(&self.path, "note who leads in", error))
    }

    /// Gives the lead back. Nothing happens when another process has taken it meanwhile.
    pub fn resign(&mut self, epoch: u64) -> Result<(), StoreError> {
        let resigned = self
            .durable
            .execute("UPDATE leader SET holder = NULL WHERE epoch = ?1", [count(epoch)]);
        resigned
            .map(drop)
            .map_err(|error| StoreError::of(&self.path, "note who leads in", error.into()))
    }
}

fn take(connection: &mut Connection, candidate: &LeadCandidate) -> Result<u64, RowError> {
    // Not a statement by itself: the commit behind a RETURNING happens when the statement is
    // dropped, and its error is lost there.
    let transaction = connection.transaction()?;
    refuse_newer(&transaction)?;
    let epoch: i64 = transaction.query_row(
        "INSERT INTO leader (one, epoch, holder) VALUES (1, 1, ?1)
         ON CONFLICT (one) DO UPDATE SET epoch = epoch + 1, holder = excluded.holder RETURNING epoch",
        params![json_text(candidate)?],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    Ok(epoch.unsigned_abs())
}
