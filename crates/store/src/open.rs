//! Makes and opens the database file: private, WAL, every commit on disk before it is answered.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{OpenFlags, TransactionBehavior};
use tempfile::TempPath;

use super::error::{RowError, StoreError, StoreErrorKind, newer};
use super::migrate::{SCHEMA_VERSION, migrate};
use super::sql::Connection;

/// The database's name in the runs directory (SPEC §4).
pub const DATABASE_FILE: &str = "holdpoint.db";

const APPLICATION_ID: i64 = 1_751_934_064;

/// Milliseconds that a writer waits for another process before it gives up as busy.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// Kibibytes of pages that one connection keeps.
const CACHE_KIB: i64 = 2048;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Decisions: a commit returns when it is on disk.
    Durable,
    /// Notes that may be lost with the power, because losing them only means doing something
    /// idempotent again.
    Relaxed,
    /// No writes at all.
    Read,
}

/// After damage was met, what was read of the file is forgotten: one that is put back is read anew,
/// by whoever has it open.
// SQLite trusts the pages that it keeps as long as nobody commits, and nobody can.
pub(super) fn forget_damage(connection: &Connection, error: &StoreError) {
    if error.kind() == StoreErrorKind::Corrupt {
        connection.forget();
    }
}

/// Refuses a link in place of the database: SQLite would follow it and write what lies elsewhere
/// (SPEC §10).
pub(super) fn refuse_link(path: &Path) -> Result<(), StoreError> {
    if path.is_symlink() {
        let detail = "a symlink lies where the database belongs";
        return Err(StoreError::new(path, "open", StoreErrorKind::Other, detail));
    }
    Ok(())
}

/// Opens an existing file; it is not looked into beyond what SQLite needs.
pub(super) fn connect(path: &Path, access: Access) -> Result<Connection, RowError> {
    let mode = match access {
        Access::Durable | Access::Relaxed => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let mut connection = rusqlite::Connection::open_with_flags(
        path,
        mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )?;
    connection.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.set_prepared_statement_cache_capacity(64);
    // A deferred transaction that reads, then writes, fails at once under contention, whatever the
    // busy timeout.
    connection.set_transaction_behavior(match access {
        Access::Durable | Access::Relaxed => TransactionBehavior::Immediate,
        Access::Read => TransactionBehavior::Deferred,
    });
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    match access {
        Access::Durable => connection.pragma_update(None, "synchronous", "FULL")?,
        Access::Relaxed => connection.pragma_update(None, "synchronous", "NORMAL")?,
        Access::Read => connection.pragma_update(None, "query_only", true)?,
    }
    Ok(Connection::Sqlite(connection))
}

/// Makes sure that the database exists and has the newest schema.
pub(super) fn prepare(runs_dir: &Path) -> Result<(), StoreError> {
    let path = runs_dir.join(DATABASE_FILE);
    refuse_link(&path)?;
    if !path
        .try_exists()
        .map_err(|error| StoreError::of_io(&path, "open", error))?
    {
        create(runs_dir, &path)?;
    }
    let connection = connect(&path, Access::Durable).map_err(|error| StoreError::of(&path, "open", error))?;
    if ours_version(&connection, &path)? < SCHEMA_VERSION {
        bring_up(&connection, &path)?;
    }
    Ok(())
}

/// The version of the schema, 0 for an empty file; refuses what is not ours, or newer than this
/// binary.
pub(super) fn ours_version(connection: &Connection, path: &Path) -> Result<u32, StoreError> {
    let found = version(connection).map_err(|error| StoreError::of(path, "open", error))?;
    match found {
        Some(found) if found > SCHEMA_VERSION => {
            let (kind, detail) = newer(found);
            Err(StoreError::new(path, "change", kind, detail))
        }
        Some(found) => Ok(found),
        None => {
            let detail = "it is a database of another program";
            Err(StoreError::new(path, "open", StoreErrorKind::Other, detail))
        }
    }
}

/// The version of the schema; none when another program made the file.
pub(super) fn version(connection: &Connection) -> Result<Option<u32>, RowError> {
    let sql = "SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
               FROM pragma_application_id AS a, pragma_user_version AS v";
    let found = connection.first(sql, &[], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
    })?;
    let (application, version, tables) = found.unwrap_or_default();
    let is_empty = application == 0 && version == 0 && tables == 0;
    let is_ours = is_empty || application == APPLICATION_ID;
    Ok(is_ours.then(|| u32::try_from(version).unwrap_or(u32::MAX)))
}

/// Refuses to write where a newer holdpoint has brought the schema up meanwhile: inside a
/// transaction, so that it cannot come between.
pub(super) fn refuse_newer(connection: &Connection) -> Result<(), RowError> {
    let found = connection.schema()?;
    if found > SCHEMA_VERSION {
        return Err(RowError::Newer(found));
    }
    Ok(())
}

/// Builds the database under another name and links it into place: nobody ever sees half of one.
fn create(runs_dir: &Path, path: &Path) -> Result<(), StoreError> {
    let (draft, connection) = draft(runs_dir, path)?;
    connection
        .close()
        .map_err(|error| StoreError::of(path, "create", error))?;
    // If another process made the database first, that one is used.
    name(runs_dir, draft, path).map(drop)
}

/// An empty database under another name, private from its first byte on; gone unless it is named.
/// By path, for SQLite opens no other way: it lies in the runs directory itself, and that is where
/// the operator says.
pub(super) fn draft(runs_dir: &Path, path: &Path) -> Result<(TempPath, Connection), StoreError> {
    let draft = tempfile::Builder::new()
        .prefix(".holdpoint.db.")
        .tempfile_in(runs_dir)
        .map_err(|error| StoreError::of_io(path, "create", error))?
        .into_temp_path();
    let connection = connect(&draft, Access::Durable).map_err(|error| StoreError::of(path, "create", error))?;
    bring_up(&connection, path)?;
    Ok((draft, connection))
}

/// Gives a draft its name; false: the name is taken. No descriptor of the file is open then, so no
/// lock of SQLite's can be dropped by closing one.
pub(super) fn name(runs_dir: &Path, draft: TempPath, path: &Path) -> Result<bool, StoreError> {
    let failed = |error: io::Error| StoreError::of_io(path, "create", error);
    let is_named = match draft.persist_noclobber(path) {
        Ok(()) => true,
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(failed(error.error)),
    };
    File::open(runs_dir)
        .and_then(|directory| directory.sync_all())
        .map_err(failed)?;
    Ok(is_named)
}

/// Brings the schema up; from then on the file keeps its journal as WAL.
fn bring_up(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::of(path, "prepare", error);
    connection.batch("PRAGMA journal_mode = WAL").map_err(failed)?;
    migrate(connection).map_err(failed)
}
