//! Who leads, and the epoch that every leader-only transaction checks (SPEC §9).
//!
//! The lead itself is an operating system lock that this module knows nothing of: it only numbers
//! those who held it. Where hosts share the record, it is a time in its row besides, kept up by
//! whoever leads (`hosts`).

use serde::{Deserialize, Serialize};

use super::Store;
use super::cells::{Cells, count, json_text};
use super::error::{RowError, StoreError};
#[cfg(feature = "postgres")]
use super::hosts::{TIME, lead_row, us_of};
use super::open::refuse_newer;
use super::sql::{Connection, values};
#[cfg(feature = "postgres")]
use domain::hosts::{LEAD_US, LeadRow};
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

/// The same, unless its time is over: of a file that says its lock.
pub(super) fn find_live(connection: &Connection) -> Result<Option<LeaderInfo>, RowError> {
    match connection {
        Connection::Sqlite(_) => find(connection),
        #[cfg(feature = "postgres")]
        Connection::Postgres(_) => {
            // Without a time the lead is that of a lock.
            let is_over = |(row, time): (LeadRow, _)| row.until.is_some() && row.is_free(time);
            match shared_row(connection, "")?.is_some_and(is_over) {
                true => Ok(None),
                false => find(connection),
            }
        }
    }
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

/// The row of the leader, and the time of the database, whatever the clocks of the hosts say.
#[cfg(feature = "postgres")]
fn shared_row(connection: &Connection, lock: &str) -> Result<Option<(LeadRow, Timestamp)>, RowError> {
    let until = us_of("until");
    let sql = format!("SELECT {TIME}, epoch, holder IS NOT NULL, host, {until} FROM leader WHERE one = 1{lock}");
    connection.first(&sql, &[], |row| {
        Ok((lead_row(row, 1)?, Timestamp::from_micros(row.get(0)?)))
    })
}

#[cfg(feature = "postgres")]
fn take_shared(connection: &Connection, candidate: &LeadCandidate, host: &HostId) -> Result<Option<u64>, RowError> {
    // Whoever leads keeps the row up without the head.
    let found = shared_row(connection, " FOR UPDATE")?;
    let taken = found.and_then(|(former, time)| Some((former.taken(host, time)?, former.host)));
    let Some((taken, former)) = taken else {
        return Ok(None);
    };
    if former.as_ref() != Some(host) {
        let sql = "UPDATE job SET published_seq = 0 WHERE last_event_seq > published_seq
                   OR status NOT IN ('completed', 'failed', 'canceled')";
        connection.execute(sql, &[])?;
    }
    // That may have taken long, and the time of the lead begins now.
    let sql = format!(
        "UPDATE leader SET epoch = ?1, holder = ?2, host = ?3, until = clock_timestamp() + interval '{LEAD_US} us'
         WHERE one = 1"
    );
    let values = values![count(taken.epoch), json_text(candidate)?, host.as_str()];
    connection.execute(&sql, values)?;
    Ok(Some(taken.epoch))
}

#[cfg(not(feature = "postgres"))]
fn take_shared(_: &Connection, _: &LeadCandidate, _: &HostId) -> Result<Option<u64>, RowError> {
    Ok(None)
}
