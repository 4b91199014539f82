//! The hosts that work on one record, where several do: a host is one runs directory on one machine
//! (SPEC §9). A file is the record of the host that it lies on, and this says nothing of it.

use std::path::PathBuf;
use std::time::Duration;

use domain::hosts::Kept;
#[cfg(feature = "postgres")]
use domain::hosts::{HOST_US, LEAD_US, LeadRow, is_gone};
use domain::ids::{HostId, JobId};
use domain::job::Attempt;
use domain::time::Timestamp;

use super::error::{RowError, StoreError, StoreErrorKind};
#[cfg(feature = "postgres")]
use super::sql::Row;
use super::sql::{Connection, values};
use super::{Reader, Store, StorePlace};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub id: HostId,
    /// The machine and the directory.
    pub name: String,
}

impl Store {
    /// Notes that this host works on a shared record. The first one has the run directories, until
    /// another leads.
    pub fn enter(&mut self, host: &Host) -> Result<(), StoreError> {
        enter(&self.durable, host).map_err(|error| StoreError::of(&self.path, "note this host in", error))
    }
}

impl Store {
    /// The time of the database that hosts share.
    pub fn time(&self) -> Result<Timestamp, StoreError> {
        let us = self.durable.cell(&format!("SELECT {TIME}"), &[]);
        us.map(Timestamp::from_micros)
            .map_err(|error| StoreError::of(&self.path, "read the time of", error))
    }
}

#[cfg(feature = "postgres")]
fn enter(connection: &Connection, host: &Host) -> Result<(), RowError> {
    if matches!(connection, Connection::Sqlite(_)) {
        return Ok(());
    }
    // Nobody waits for the head to be told what is known.
    let known = "SELECT count(*) FROM host CROSS JOIN leader WHERE id = ?1 AND name = ?2 AND leader.host IS NOT NULL";
    if connection.cell::<i64>(known, values![host.id.as_str(), host.name.as_str()])? > 0 {
        return Ok(());
    }
    connection.transaction(|connection| {
        let sql = "INSERT INTO host (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
        connection.execute(sql, values![host.id.as_str(), host.name.as_str()])?;
        let sql = "INSERT INTO leader (one, epoch, host) VALUES (1, 0, ?1)
                   ON CONFLICT (one) DO UPDATE SET host = excluded.host WHERE leader.host IS NULL";
        connection.execute(sql, values![host.id.as_str()]).map(drop)
    })
}

#[cfg(not(feature = "postgres"))]
fn enter(_: &Connection, _: &Host) -> Result<(), RowError> {
    Ok(())
}

impl Reader {
    /// What the host is called whose run directories are kept up to date.
    pub fn name_of_files(&self) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            if connection.is_file() {
                return Ok(None);
            }
            let sql = "SELECT name FROM host WHERE id = (SELECT host FROM leader WHERE one = 1)";
            connection.first(sql, &[], |row| row.get(0))
        })
    }

    /// Whether more than one host has ever worked on this record.
    pub fn has_several_hosts(&self) -> Result<bool, StoreError> {
        self.read(|connection| match connection.is_file() {
            true => Ok(false),
            false => Ok(connection.cell::<i64>("SELECT count(*) FROM host", &[])? > 1),
        })
    }

    /// Whose run directories are kept up to date: the host of whoever leads, or led last. None: the
    /// record is a file, and lies where they do.
    pub fn host_of_files(&self) -> Result<Option<HostId>, StoreError> {
        self.glance(|connection| match connection {
            Connection::Sqlite(_) => Ok(None),
            #[cfg(feature = "postgres")]
            Connection::Postgres(_) => {
                let sql = "SELECT host FROM leader WHERE one = 1 AND host IS NOT NULL";
                connection
                    .first(sql, &[], |row| row.get::<String>(0))?
                    .map(read_id)
                    .transpose()
            }
        })
    }
}

/// A line of its own to a shared database, on which this host says that it is there and hears that
/// others have committed. One that fails is to be opened again.
#[derive(Debug)]
pub struct HostLine {
    path: PathBuf,
    #[cfg(feature = "postgres")]
    session: super::postgres::Listener,
}

#[cfg(not(feature = "postgres"))]
impl HostLine {
    /// There is no shared database without PostgreSQL.
    pub fn open(place: &StorePlace) -> Result<Self, StoreError> {
        let why = "this holdpoint was built without PostgreSQL";
        Err(StoreError::new(&place.path(), "open", StoreErrorKind::Other, why))
    }

    /// See [`HostLine::open`].
    pub fn keep(&mut self, _: Option<&HostId>, _: Option<u64>) -> Result<Kept, StoreError> {
        Err(StoreError::new(&self.path, "open", StoreErrorKind::Other, ""))
    }

    /// See [`HostLine::open`].
    pub fn wait(&mut self, _: Duration) -> Result<bool, StoreError> {
        Err(StoreError::new(&self.path, "open", StoreErrorKind::Other, ""))
    }
}

#[cfg(feature = "postgres")]
impl HostLine {
    /// Connects, and listens.
    pub fn open(place: &StorePlace) -> Result<Self, StoreError> {
        let path = place.path();
        let StorePlace::Postgres(address) = place else {
            let why = "a file is not shared";
            return Err(StoreError::new(&path, "open", StoreErrorKind::Other, why));
        };
        let session =
            super::postgres::Listener::open(address).map_err(|error| StoreError::of(&path, "listen to", error))?;
        Ok(Self { path, session })
    }

    /// Says that this host is there, if it is named, and that the leader of this epoch still leads;
    /// tells how things stand. It is no decision, so it locks no head and waits for no disk.
    pub fn keep(&mut self, host: Option<&HostId>, epoch: Option<u64>) -> Result<Kept, StoreError> {
        let (there, leads) = (until(HOST_US), until(LEAD_US));
        let (lead, hosts) = (us_of("leader.until"), us_of("host.until"));
        let sql = format!(
            "WITH there AS (UPDATE host SET until = {there} WHERE id = ?1),
                  leads AS (UPDATE leader SET until = {leads} WHERE one = 1 AND epoch = ?2 AND holder IS NOT NULL
                            RETURNING one)
             SELECT {TIME}, (SELECT count(*) FROM leads), leader.epoch, leader.holder IS NOT NULL, leader.host, {lead},
                    (SELECT min(coalesce({hosts}, 0)) FROM attempt JOIN host ON host.id = attempt.host
                     WHERE attempt.state = 'running')
             FROM (SELECT 1 AS one) AS always LEFT JOIN leader ON leader.one = always.one"
        );
        let values = values![host.map(HostId::as_str), epoch.map(u64::cast_signed)];
        let kept = self.session.query(&sql, values).and_then(|rows| {
            let row = rows.first().ok_or_else(|| RowError::unreadable("a row was expected"))?;
            let row = Row::Postgres(row);
            let time = Timestamp::from_micros(row.get(0)?);
            let oldest = row.get::<Option<i64>>(6)?.map(Timestamp::from_micros);
            Ok(Kept {
                is_lead: row.get::<i64>(1)? > 0,
                is_free: lead_row(&row, 2)?.is_free(time),
                has_lost: oldest.is_some_and(|oldest| is_gone(Some(oldest), time)),
                time,
            })
        });
        kept.map_err(|error| StoreError::of(&self.path, "keep up the lead in", error))
    }

    /// Waits until somebody has committed, as long as this at most; whether somebody has.
    pub fn wait(&mut self, patience: Duration) -> Result<bool, StoreError> {
        let heard = self.session.wait_for_news(patience);
        heard.map_err(|error| StoreError::of(&self.path, "listen to", error))
    }
}

/// The time of the database at this moment.
pub(super) const TIME: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";

/// A column's time as microseconds.
#[cfg(feature = "postgres")]
pub(super) fn us_of(column: &str) -> String {
    format!("CAST(extract(epoch FROM {column}) * 1000000 AS bigint)")
}

#[cfg(feature = "postgres")]
fn until(us: i64) -> String {
    format!("clock_timestamp() + interval '{us} us'")
}

/// Who leads, from the columns epoch, whether there is a holder, host and until, in microseconds.
#[cfg(feature = "postgres")]
pub(super) fn lead_row(row: &Row<'_>, from: usize) -> Result<LeadRow, RowError> {
    Ok(LeadRow {
        epoch: row.get::<Option<i64>>(from)?.unwrap_or_default().unsigned_abs(),
        is_held: row.get(from + 1)?,
        host: row.get::<Option<String>>(from + 2)?.map(read_id).transpose()?,
        until: row.get::<Option<i64>>(from + 3)?.map(Timestamp::from_micros),
    })
}

impl Reader {
    /// The hosts that have ever worked on the record, those that are there at this moment or those
    /// that are gone: id and name.
    #[cfg(feature = "postgres")]
    fn hosts(&self, are_gone: bool) -> Result<Vec<(String, String)>, StoreError> {
        let sql = format!("SELECT id, name, {}, {TIME} FROM host ORDER BY name", us_of("until"));
        let all = self.read(|connection| {
            connection.collect(&sql, &[], |row| {
                let until = row.get::<Option<i64>>(2)?.map(Timestamp::from_micros);
                let is_it = is_gone(until, Timestamp::from_micros(row.get(3)?)) == are_gone;
                Ok(is_it.then_some((row.get(0)?, row.get(1)?)))
            })
        })?;
        Ok(all.into_iter().flatten().collect())
    }

    /// The names of the hosts that are there at this moment: a `serve` or a console speaks for them.
    pub fn hosts_at_work(&self) -> Result<Vec<String>, StoreError> {
        #[cfg(feature = "postgres")]
        if self.place().is_shared() {
            return Ok(self.hosts(false)?.into_iter().map(|(_, name)| name).collect());
        }
        Ok(Vec::new())
    }

    /// Attempts that are said to run on hosts that are gone, oldest first; none where the record is a
    /// file.
    pub fn lost_with_their_hosts(&self) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        #[cfg(feature = "postgres")]
        if self.place().is_shared() {
            let mut lost = self.running_attempts()?;
            let gone = if lost.is_empty() { Vec::new() } else { self.hosts(true)? };
            lost.retain(|(_, attempt)| {
                let host = attempt.host.as_ref().map(HostId::as_str);
                gone.iter().any(|(id, _)| Some(id.as_str()) == host)
            });
            return Ok(lost);
        }
        Ok(Vec::new())
    }

    /// The newest attempts that were lost with this host, in the eyes of the others: their commands
    /// may run here even so.
    pub fn lost_here(&self, host: &HostId, max: u32) -> Result<Vec<(JobId, Attempt)>, StoreError> {
        let condition = "WHERE state = 'lost' AND host = ?1 ORDER BY rowid DESC LIMIT ?2";
        self.attempts(condition, values![host.as_str(), max])
    }
}

#[cfg(feature = "postgres")]
fn read_id(text: String) -> Result<HostId, RowError> {
    HostId::new(&text).map_err(RowError::unreadable)
}
