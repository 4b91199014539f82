//! The only truth: jobs, gates, decisions and events in one SQLite file, or in PostgreSQL, changed by
//! a few whole transactions (SPEC §4, §9).
//!
//! It owns the schema, the guards that must hold in the rows themselves (one open gate a stage, one
//! decision a gate, numbers that only rise) and what is durable when. It must not know the rules of
//! the domain: those come in as a pure function that is called between loading a job's rows and
//! writing its changes. Files other than the database, clocks and threads are not its matter.
//!
//! No rowid leaves this module and every transaction is whole.

mod apply;
mod cells;
mod commit;
mod copy;
mod error;
mod event_row;
mod gate_row;
mod hosts;
mod leader;
mod migrate;
mod old;
mod open;
mod outbox;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod publish;
mod queue;
mod reader;
mod rebuild;
mod record;
mod recorded;
mod rows;
mod sql;
mod submissions;
#[cfg(test)]
mod tests;
mod versions;

use std::fmt;
use std::path::PathBuf;

pub use commit::{Answer, Batched, Rule};
pub use error::{StoreError, StoreErrorKind};
pub use hosts::{Host, HostLine};
pub use leader::LeadCandidate;
pub use migrate::SCHEMA_VERSION;
pub use old::OldDatabase;
pub use open::DATABASE_FILE;
pub use outbox::OutboxChange;
pub use place::StorePlace;
#[cfg(feature = "postgres")]
pub use postgres::PostgresAddress;
#[cfg(feature = "testing")]
pub use publish::unconfirm;
pub use publish::{Marker, OwedRecords};
pub use queue::OpenTimer;
pub use reader::Reader;
pub use rebuild::{Rebuilding, rebuild};
pub use record::{JobMark, RawDecision, RowFault, StoredDecision, StoredEvent};
pub use recorded::LabeledEvent;
pub use submissions::{SUBMISSIONS_KEPT_S, Submission, SubmissionDone};
pub use versions::VersionWriter;

use domain::time::Now;
use open::Access;
use sql::Connection;

/// The version of the SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The writer's side of the database; one a process, owned by its writer thread.
#[derive(Debug)]
pub struct Store {
    place: StorePlace,
    /// What messages call the database.
    path: PathBuf,
    /// Every commit of it is on disk before it returns (WAL, synchronous FULL).
    durable: Connection,
    /// For what may be lost with the power. A connection of its own: were one switched to and fro,
    /// an error between would leave decisions on the careless setting.
    relaxed: Connection,
    clock: Option<HostClock>,
}

/// Says what the clocks of this host say.
struct HostClock(Box<dyn Fn() -> Now + Send>);

impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clocks of this host")
    }
}

impl Store {
    /// Opens the database of this place. In a runs directory, which must exist, it is made, private
    /// to its owner; its schema is brought up. A database of a newer holdpoint is
    /// [`StoreErrorKind::Newer`]: use [`Reader::open`] then. What is no database of ours is refused
    /// and not touched.
    pub fn open(place: impl Into<StorePlace>) -> Result<Self, StoreError> {
        let place = place.into();
        let path = place.path();
        place.prepare()?;
        let connect = |access| place.connect(access);
        Ok(Self {
            durable: connect(Access::Durable)?,
            relaxed: connect(Access::Relaxed)?,
            place,
            path,
            clock: None,
        })
    }

    /// From here on a shared record takes nothing by a clock that is not the database's.
    pub fn go_by(&mut self, clock: impl Fn() -> Now + Send + 'static) {
        self.clock = Some(HostClock(Box::new(clock)));
    }
}
