//! The hosts that work on one record, where several do: a host is one runs directory on one machine
//! (SPEC §9). A file is the record of the host that it lies on, and this says nothing of it.

use domain::ids::HostId;

use super::error::{RowError, StoreError};
use super::sql::Connection;
#[cfg(feature = "postgres")]
use super::sql::values;
use super::{Reader, Store};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub id: HostId,
    /// The machine and the directory.
    pub name: String,
}

impl Store {
    /// Notes that this host works on a shared record; returns the one that has the run directories,
    /// which is the first one until another leads.
    pub fn enter(&mut self, host: &Host) -> Result<Host, StoreError> {
        enter(&self.durable, host).map_err(|error| StoreError::of(&self.path, "note this host in", error))
    }
}

#[cfg(feature = "postgres")]
fn enter(connection: &Connection, host: &Host) -> Result<Host, RowError> {
    if matches!(connection, Connection::Sqlite(_)) {
        return Ok(host.clone());
    }
    connection.transaction(|connection| {
        let sql = "INSERT INTO host (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
        connection.execute(sql, values![host.id.as_str(), host.name.as_str()])?;
        let sql = "INSERT INTO leader (one, epoch, host) VALUES (1, 0, ?1)
                   ON CONFLICT (one) DO UPDATE SET host = excluded.host WHERE leader.host IS NULL";
        connection.execute(sql, values![host.id.as_str()])?;
        let sql = "SELECT id, name FROM host WHERE id = (SELECT host FROM leader WHERE one = 1)";
        let home = connection.first(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (id, name) = home.ok_or_else(|| RowError::unreadable("no host has the run directories"))?;
        Ok(Host { id: read_id(id)?, name })
    })
}

#[cfg(not(feature = "postgres"))]
fn enter(_: &Connection, host: &Host) -> Result<Host, RowError> {
    Ok(host.clone())
}

impl Reader {
    /// Whose run directories are kept up to date: the host of whoever leads, or led last. None: the
    /// record is a file, and lies where they do.
    pub fn host_of_files(&self) -> Result<Option<HostId>, StoreError> {
        self.read(|connection| match connection {
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

#[cfg(feature = "postgres")]
fn read_id(text: String) -> Result<HostId, RowError> {
    HostId::new(&text).map_err(RowError::unreadable)
}
