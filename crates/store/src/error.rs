//! Why the database could not be used: which file, what was being done, and a kind that the caller
//! can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use domain::refusal::{ErrorCause, Refusal, RefusalCode};
use rusqlite::ErrorCode;

use super::migrate::SCHEMA_VERSION;

/// What the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Another process kept the write lock for longer than the busy timeout: try again.
    Busy,
    /// No space left: nothing was recorded; try again when there is.
    Full,
    /// This process may not write here.
    ReadOnly,
    /// The file is damaged, a row breaks a rule of the domain, or it is no database at all.
    Corrupt,
    /// A newer holdpoint wrote this: read only.
    Newer {
        /// The version of its schema.
        found: u32,
        /// The newest version that this binary knows.
        known: u32,
    },
    /// There is no database, or no runs directory.
    Missing,
    /// The database's server does not answer: nothing was recorded, and it is tried again.
    Unreachable,
    /// The line was lost while the database recorded, and it could not be asked since.
    Unknown,
    /// Anything else.
    Other,
}

/// Why the database could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    path: PathBuf,
    operation: &'static str,
    kind: StoreErrorKind,
    detail: String,
    cause: ErrorCause,
}

impl StoreError {
    /// What the caller can do about it.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to do, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            StoreErrorKind::Busy => Some("another process holds it locked; try again"),
            StoreErrorKind::Full => Some("nothing was recorded; make space and try again"),
            StoreErrorKind::ReadOnly => Some(
                "the runs directory and its files must belong to you or your group, or the role of the database must have its grants",
            ),
            StoreErrorKind::Corrupt => Some("holdpoint doctor tells what is damaged"),
            StoreErrorKind::Newer { .. } => Some("it can be read but not changed; install the newer holdpoint"),
            StoreErrorKind::Unreachable => Some("nothing was recorded; try again when the database answers"),
            StoreErrorKind::Unknown => Some("it may have been recorded: look before you do it again"),
            StoreErrorKind::Missing | StoreErrorKind::Other => None,
        }
    }

    pub(super) fn new(path: &Path, operation: &'static str, kind: StoreErrorKind, detail: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            operation,
            kind,
            detail: detail.into(),
            cause: ErrorCause::default(),
        }
    }

    pub(super) fn of(path: &Path, operation: &'static str, error: RowError) -> Self {
        let (kind, detail) = match error {
            RowError::Bad { table, key, what } => {
                (StoreErrorKind::Corrupt, format!("table {table}, row {key}: {what}"))
            }
            RowError::Newer(found) => newer(found),
            RowError::Value(what) => (StoreErrorKind::Other, what),
            RowError::HeldBack => (StoreErrorKind::Other, "one of several was held back".to_owned()),
            RowError::NotAsRead(row) => (StoreErrorKind::Other, format!("{row} is not as it was read")),
            #[cfg(feature = "postgres")]
            RowError::Lost(what) => (StoreErrorKind::Unreachable, what),
            #[cfg(feature = "postgres")]
            RowError::Unknown => (
                StoreErrorKind::Unknown,
                "the line was lost before the database said whether it had recorded it".to_owned(),
            ),
            #[cfg(feature = "postgres")]
            RowError::Postgres(error) => {
                let (kind, detail) = super::postgres::kind_of(&error);
                return Self::new(path, operation, kind, detail).because(error);
            }
            RowError::Sqlite(error) => {
                let (kind, detail) = of_sqlite(&error);
                return Self::new(path, operation, kind, detail).because(error);
            }
        };
        Self::new(path, operation, kind, detail)
    }

    pub(super) fn of_io(path: &Path, operation: &'static str, error: io::Error) -> Self {
        let known = IO_KINDS.iter().find(|(known, _)| *known == error.kind());
        let kind = known.map_or(StoreErrorKind::Other, |(_, kind)| *kind);
        Self::new(path, operation, kind, error.to_string()).because(error)
    }

    fn because(mut self, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = ErrorCause::of(error);
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.operation, self.path.display(), self.detail)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.error()
    }
}

impl From<StoreError> for Refusal {
    /// The database could not be read or written: nothing was decided.
    fn from(error: StoreError) -> Self {
        let refusal = Self::new(RefusalCode::NotPossible, error.to_string());
        let refusal = match error.hint() {
            Some(hint) => refusal.with_hint(hint),
            None => refusal,
        };
        refusal.because(error)
    }
}

/// The system's errors that the caller can act on; all others are told in the system's words.
const IO_KINDS: [(io::ErrorKind, StoreErrorKind); 5] = [
    (io::ErrorKind::NotFound, StoreErrorKind::Missing),
    (io::ErrorKind::PermissionDenied, StoreErrorKind::ReadOnly),
    (io::ErrorKind::ReadOnlyFilesystem, StoreErrorKind::ReadOnly),
    (io::ErrorKind::StorageFull, StoreErrorKind::Full),
    (io::ErrorKind::QuotaExceeded, StoreErrorKind::Full),
];

/// SQLite's errors that the caller can act on, in words; all others are told in SQLite's.
const SQLITE_KINDS: [(ErrorCode, StoreErrorKind, &str); 7] = [
    (ErrorCode::DatabaseBusy, StoreErrorKind::Busy, LOCKED),
    (ErrorCode::DatabaseLocked, StoreErrorKind::Busy, LOCKED),
    (ErrorCode::DiskFull, StoreErrorKind::Full, "no space left"),
    (ErrorCode::ReadOnly, StoreErrorKind::ReadOnly, NOT_WRITABLE),
    (ErrorCode::PermissionDenied, StoreErrorKind::ReadOnly, NOT_WRITABLE),
    (
        ErrorCode::DatabaseCorrupt,
        StoreErrorKind::Corrupt,
        "the file is damaged",
    ),
    (ErrorCode::NotADatabase, StoreErrorKind::Corrupt, "it is not a database"),
];

/// The kind and the words for a schema of that version.
pub(super) fn newer(found: u32) -> (StoreErrorKind, String) {
    let known = SCHEMA_VERSION;
    let detail = format!("its schema is version {found}, this holdpoint knows {known}");
    (StoreErrorKind::Newer { found, known }, detail)
}

const LOCKED: &str = "another process has kept it locked";
const NOT_WRITABLE: &str = "it may not be written";

fn of_sqlite(error: &rusqlite::Error) -> (StoreErrorKind, String) {
    let code = error.sqlite_error_code();
    match SQLITE_KINDS.iter().find(|(known, _, _)| Some(*known) == code) {
        Some((_, kind, words)) => (*kind, (*words).to_owned()),
        None => (StoreErrorKind::Other, error.to_string()),
    }
}

/// What keeps something from being recorded that the rules allowed.
pub(super) enum Constraint {
    /// Of the rows, in the database's words.
    Rows(String),
    /// A text has the character U+0000, which PostgreSQL cannot keep.
    #[cfg(feature = "postgres")]
    Nul,
}

/// What can go wrong with a row, before it is known which file and which operation it was.
#[derive(Debug)]
pub(super) enum RowError {
    /// SQLite itself.
    Sqlite(rusqlite::Error),
    #[cfg(feature = "postgres")]
    Postgres(tokio_postgres::Error),
    /// The line to the database is lost, and with it the transaction.
    #[cfg(feature = "postgres")]
    Lost(String),
    /// Whether a transaction was committed could not be found out.
    #[cfg(feature = "postgres")]
    Unknown,
    /// A value that is not what its place takes, or what it is read as.
    Value(String),
    /// What was to be written is not as it was read.
    NotAsRead(String),
    /// One of several entries cannot be written as it is.
    HeldBack,
    /// A newer holdpoint has brought the schema up, to this version, since the file was opened.
    Newer(u32),
    /// What the row holds is not what the domain allows: somebody edited it, or a disk did.
    Bad {
        table: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl From<rusqlite::Error> for RowError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

#[cfg(feature = "postgres")]
impl From<tokio_postgres::Error> for RowError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl RowError {
    pub(super) fn unreadable(what: impl fmt::Display) -> Self {
        Self::Value(what.to_string())
    }

    /// Whether the database has said that it did not do it; else the line may be what failed.
    #[cfg(feature = "postgres")]
    pub(super) fn is_refused(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                let told = error
                    .as_db_error()
                    .and_then(tokio_postgres::error::DbError::parsed_severity);
                told == Some(tokio_postgres::error::Severity::Error)
            }
            Self::Value(_) | Self::NotAsRead(_) | Self::HeldBack | Self::Newer(_) | Self::Bad { .. } => true,
            Self::Lost(_) | Self::Unknown | Self::Sqlite(_) => false,
        }
    }

    /// Which constraint of the schema held; none: it was something else.
    pub(super) fn constraint(&self) -> Option<Constraint> {
        match self {
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Some(Constraint::Rows(error.to_string()))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(error) => super::postgres::constraint(error),
            #[cfg(feature = "postgres")]
            Self::Lost(_) | Self::Unknown => None,
            Self::Sqlite(_)
            | Self::Value(_)
            | Self::NotAsRead(_)
            | Self::HeldBack
            | Self::Newer(_)
            | Self::Bad { .. } => None,
        }
    }
}
