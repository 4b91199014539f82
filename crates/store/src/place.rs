//! Where the truth is: a file in the runs directory, or a database that several machines share.

#[cfg(feature = "postgres")]
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use super::error::{StoreError, StoreErrorKind};
use super::migrate::SCHEMA_VERSION;
use super::open::{self, Access, DATABASE_FILE};
use super::sql::Connection;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// `holdpoint.db` in this runs directory.
    Runs(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::PostgresAddress),
}

impl<P: AsRef<Path> + ?Sized> From<&P> for StorePlace {
    fn from(runs_dir: &P) -> Self {
        Self::Runs(runs_dir.as_ref().to_owned())
    }
}

impl StorePlace {
    /// A database that several machines share, by its address.
    #[cfg(feature = "postgres")]
    pub fn shared(address: &str) -> Result<Self, String> {
        address
            .parse()
            .map(Self::Postgres)
            .map_err(|error: super::postgres::PostgresAddressError| error.to_string())
    }

    /// The same where PostgreSQL was left out.
    #[cfg(not(feature = "postgres"))]
    pub fn shared(_: &str) -> Result<Self, String> {
        Err("this holdpoint was built without PostgreSQL (feature `postgres`)".to_owned())
    }

    /// Whether it lies elsewhere than in the runs directory.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Runs(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
        }
    }

    /// What messages call the database: its file, or its address without a password.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Runs(runs_dir) => runs_dir.join(DATABASE_FILE),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => PathBuf::from(address.to_string()),
        }
    }

    /// Makes the database, or brings its schema up, where that is needed.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        match self {
            Self::Runs(runs_dir) => open::prepare(runs_dir),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                let connection = self.connect(Access::Durable)?;
                let failed = |error| StoreError::of(&self.path(), "prepare", error);
                let Connection::Postgres(session) = &connection else {
                    return Ok(());
                };
                session.prepare().map_err(failed)?;
                let found = session.transaction(&[], || session.schema()).map_err(failed)?;
                match found.cmp(&SCHEMA_VERSION) {
                    Ordering::Equal => Ok(()),
                    Ordering::Greater => {
                        let (kind, detail) = super::error::newer(found);
                        Err(StoreError::new(&self.path(), "change", kind, detail))
                    }
                    Ordering::Less => {
                        let detail = format!("its schema is version {found}, and no step leads to {SCHEMA_VERSION}");
                        Err(StoreError::new(&self.path(), "change", StoreErrorKind::Other, detail))
                    }
                }
            }
        }
    }

    pub(super) fn connect(&self, access: Access) -> Result<Connection, StoreError> {
        let path = self.path();
        let connected = match self {
            Self::Runs(_) => open::connect(&path, access),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => {
                super::postgres::Session::open(address, access).map(|session| Connection::Postgres(Box::new(session)))
            }
        };
        connected.map_err(|error| StoreError::of(&path, "open", error))
    }

    /// Refuses what a reader cannot read: there is no database, it is of another program, or older.
    pub(super) fn connect_to_read(&self) -> Result<Connection, StoreError> {
        let path = self.path();
        let refused = |detail: String| StoreError::new(&path, "read", StoreErrorKind::Other, detail);
        let found = match self {
            Self::Runs(_) => {
                open::refuse_link(&path)?;
                std::fs::metadata(&path).map_err(|error| StoreError::of_io(&path, "open", error))?;
                let connection = self.connect(Access::Read)?;
                let version = open::version(&connection).map_err(|error| StoreError::of(&path, "open", error))?;
                (connection, version)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                let connection = self.connect(Access::Read)?;
                let version = connection
                    .schema()
                    .map_err(|error| StoreError::of(&path, "open", error))?;
                (connection, Some(version))
            }
        };
        match found {
            (_, None) => Err(refused("it is a database of another program".to_owned())),
            (_, Some(found)) if found < SCHEMA_VERSION => Err(refused(format!(
                "its schema is version {found}; {SCHEMA_VERSION} is needed, and any command that may write here brings it up"
            ))),
            (connection, Some(_)) => Ok(connection),
        }
    }
}
