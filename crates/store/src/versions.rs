//! The bytes of versions, where a record that several hosts share has them: whoever has the database
//! has them too. Where the record is a file they lie beside it as files, and this says nothing of
//! them.

use domain::ids::Digest;

use super::Reader;
use super::cells::{Cells, json_text};
use super::error::{RowError, StoreError};
use super::open::Access;
use super::place::StorePlace;
use super::sql::Connection;
use super::sql::values;

impl Reader {
    /// Whether the record is one that several hosts may share: then it has the bytes of versions.
    pub fn is_shared(&self) -> bool {
        self.place().is_shared()
    }

    /// How many bytes the version has; none: the record does not have it.
    pub fn version_size_bytes(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        self.glance(|connection| size_bytes(connection, digest))
    }

    /// The bytes of a version; none: the record does not have it. Refused where they are not what its
    /// name says.
    pub fn version(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| find(connection, digest))
    }

    /// Those of these versions that the record does not have.
    pub fn versions_missing(&self, digests: &[Digest]) -> Result<Vec<Digest>, StoreError> {
        let names: Vec<_> = digests.iter().map(Digest::to_string).collect();
        let names = json_text(&names).map_err(|error| StoreError::of(&self.place().path(), "read", error))?;
        let sql = "SELECT digest FROM version WHERE digest IN (SELECT value FROM json_each(?1))";
        let mut missing = digests.to_vec();
        let found = self.read(|connection| match connection.is_file() {
            true => Ok(Vec::new()),
            false => connection.collect(sql, values![names], |row| Cells::new(row, "version", 1).digest(0)),
        })?;
        missing.retain(|digest| !found.contains(digest));
        Ok(missing)
    }

    /// The versions behind this one, by their names, at most so many.
    pub fn versions_after(&self, after: Option<&Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        self.read(|connection| names(connection, after, limit))
    }
}

/// Puts versions into a shared record. On a connection of its own, made when it is first needed: a
/// large file keeps no decision on another host waiting; here its own process waits.
#[derive(Debug)]
pub struct VersionWriter {
    place: StorePlace,
    connection: Option<Connection>,
}

impl VersionWriter {
    /// One for this record; nothing is opened yet.
    pub fn new(place: StorePlace) -> Self {
        let connection = None;
        Self { place, connection }
    }

    /// Puts these bytes into the record, unless it has them; durable when this returns. Where the
    /// record is a file nothing happens.
    pub fn put_if_absent(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if !self.place.is_shared() {
            return Ok(());
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.place.connect(Access::Durable)?,
        };
        let put = put(&connection, digest, bytes);
        self.connection = Some(connection);
        put.map_err(|error| StoreError::of(&self.place.path(), "keep a version in", error))
    }
}

fn put(connection: &Connection, digest: &Digest, bytes: &[u8]) -> Result<(), RowError> {
    match connection {
        // They lie beside it.
        Connection::Sqlite(_) => {
            let _ = (digest, bytes);
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Connection::Postgres(session) => session.put_version(&digest.to_string(), bytes),
    }
}

fn size_bytes(connection: &Connection, digest: &Digest) -> Result<Option<u64>, RowError> {
    if connection.is_file() {
        return Ok(None);
    }
    let sql = "SELECT size_bytes FROM version WHERE digest = ?1";
    let found = connection.first(sql, values![digest.to_string()], |row| row.get::<i64>(0))?;
    Ok(found.map(i64::unsigned_abs))
}

/// Piece by piece, so that no answer is as large as a file.
fn find(connection: &Connection, digest: &Digest) -> Result<Option<Vec<u8>>, RowError> {
    let Some(size_bytes) = size_bytes(connection, digest)? else {
        return Ok(None);
    };
    let sql = "SELECT bytes FROM version_piece WHERE digest = ?1 AND number = ?2";
    let name = digest.to_string();
    let mut bytes = Vec::new();
    for number in 0_u32.. {
        if bytes.len() as u64 >= size_bytes {
            break;
        }
        let piece = connection.first(sql, values![&name, number], |row| Ok(row.cell(0)?.bytes()))?;
        let Some(piece) = piece else { break };
        bytes.extend_from_slice(&piece);
    }
    let found = Digest::of(&bytes);
    if found != *digest {
        return Err(RowError::Bad {
            table: "version",
            key: name,
            what: format!("its SHA-256 is {found}"),
        });
    }
    Ok(Some(bytes))
}

fn names(connection: &Connection, after: Option<&Digest>, limit: u32) -> Result<Vec<Digest>, RowError> {
    if connection.is_file() {
        return Ok(Vec::new());
    }
    let sql = "SELECT digest FROM version WHERE digest > ?1 ORDER BY digest LIMIT ?2";
    let after = after.map(Digest::to_string).unwrap_or_default();
    connection.collect(sql, values![after, limit], |row| {
        Cells::new(row, "version", 1).digest(0)
    })
}
