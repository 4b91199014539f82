//! Who leads, and the epoch that every leader-only transaction checks (SPEC §9).
//!
//! The lead itself is an operating system lock that this module knows nothing of: it only numbers
//! those who held it. Where hosts share the record, it is a time in its row besides, kept up by
//! whoever leads (`hosts`).

use serde::{Deserialize, Serialize};

use super::Store;
use super::cells::{Cells, count, json_text};
use super::error::{RowError, StoreError};
use super::hosts::LEAD_MS;
use super::open::refuse_newer;
use super::sql::{Connection, values};
use domain::ids::HostId;
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
    found_by(connection, sql)
}

/// The same, unless its time is over: of a file that says its lock.
pub(super) fn find_live(connection: &Connection) -> Result<Option<LeaderInfo>, RowError> {
    match connection {
        Connection::Sqlite(_) => find(connection),
        #[cfg(feature = "postgres")]
        Connection::Postgres(_) => {
            let live = "(until IS NULL OR until > clock_timestamp())";
            found_by(
                connection,
                &format!("SELECT one, epoch, holder FROM leader WHERE one = 1 AND {live}"),
            )
        }
    }
}

fn found_by(connection: &Connection, sql: &str) -> Result<Option<LeaderInfo>, RowError> {
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
    /// led before can write nothing more as the leader. The caller holds the lock of the lead of its
    /// runs directory. Where hosts share the record, `host` is its own, and none is returned while
    /// another host leads; the run directories are owed all of every job that is not over, where
    /// another host led before.
    pub fn take_lead(&mut self, candidate: &LeadCandidate, host: Option<&HostId>) -> Result<Option<u64>, StoreError> {
        // Not a statement by itself: the commit behind a RETURNING happens when the statement is
        // dropped, and its error is lost there.
        let taken = self.durable.transaction(|connection| {
            refuse_newer(connection)?;
            match host {
                None => take(connection, candidate).map(Some),
                Some(host) => take_shared(connection, candidate, host),
            }
        });
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
    let sql = "INSERT INTO leader (one, epoch, holder) VALUES (1, 1, ?1)
               ON CONFLICT (one) DO UPDATE SET epoch = leader.epoch + 1, holder = excluded.holder RETURNING epoch";
    let epoch: i64 = connection.cell(sql, values![json_text(candidate)?])?;
    Ok(epoch.unsigned_abs())
}

/// By the time of the database, whatever the clocks of the hosts say. On the same host the lock says
/// that whoever led is gone.
fn take_shared(connection: &Connection, candidate: &LeadCandidate, host: &HostId) -> Result<Option<u64>, RowError> {
    let former = "SELECT host FROM leader WHERE one = 1";
    let former: Option<String> = connection.first(former, &[], |row| row.get(0))?.flatten();
    let sql = format!(
        "UPDATE leader SET epoch = epoch + 1, holder = ?1, host = ?2, until = clock_timestamp() + interval '{LEAD_MS} ms'
         WHERE one = 1 AND (holder IS NULL OR until IS NULL OR until <= clock_timestamp() OR host = ?2) RETURNING epoch"
    );
    let values = values![json_text(candidate)?, host.as_str()];
    let Some(epoch) = connection.first(&sql, values, |row| row.get::<i64>(0))? else {
        return Ok(None);
    };
    if former.as_deref() != Some(host.as_str()) {
        let sql = "UPDATE job SET published_seq = 0 WHERE last_event_seq > published_seq
                   OR status NOT IN ('completed', 'failed', 'canceled')";
        connection.execute(sql, &[])?;
        // That may have taken long, and the time of the lead begins now.
        let sql = format!("UPDATE leader SET until = clock_timestamp() + interval '{LEAD_MS} ms' WHERE one = 1");
        connection.execute(&sql, &[])?;
    }
    Ok(Some(epoch.unsigned_abs()))
}
