//! Who leads, and the epoch that every leader-only transaction checks (SPEC §9).
//!
//! The lead itself is an operating system lock that this module knows nothing of: it only numbers
//! those who held it.

use serde::{Deserialize, Serialize};

use super::Store;
use super::cells::{Cells, count, json_text};
use super::error::{RowError, StoreError};
use super::open::refuse_newer;
use super::sql::{Connection, values};
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
    let sql = "SELECT one, epoch, holder FROM leader WHERE one = 1";
    let found = connection.first(sql, &[], |row| {
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
    })?;
    Ok(found.flatten())
}

impl Store {
    /// Makes this process the leader; returns its epoch, which is higher than any before. Whoever
    /// led before can write nothing more as the leader. The caller holds the lock of the lead.
    pub fn take_lead(&mut self, candidate: &LeadCandidate) -> Result<u64, StoreError> {
        let taken = take(&self.durable, candidate);
        taken.map_err(|error| StoreError::of(&self.path, "note who leads in", error))
    }

    /// Gives the lead back. Nothing happens when another process has taken it meanwhile.
    pub fn resign(&mut self, epoch: u64) -> Result<(), StoreError> {
        let sql = "UPDATE leader SET holder = NULL WHERE epoch = ?1";
        let resigned = self
            .durable
            .transaction(|connection| connection.execute(sql, values![count(epoch)]));
        resigned
            .map(drop)
            .map_err(|error| StoreError::of(&self.path, "note who leads in", error))
    }
}

fn take(connection: &Connection, candidate: &LeadCandidate) -> Result<u64, RowError> {
    // Not a statement by itself: the commit behind a RETURNING happens when the statement is
    // dropped, and its error is lost there.
    connection.transaction(|connection| {
        refuse_newer(connection)?;
        let sql = "INSERT INTO leader (one, epoch, holder) VALUES (1, 1, ?1)
                   ON CONFLICT (one) DO UPDATE SET epoch = leader.epoch + 1, holder = excluded.holder RETURNING epoch";
        let epoch: i64 = connection.cell(sql, values![json_text(candidate)?])?;
        Ok(epoch.unsigned_abs())
    })
}
