//! Errors of files and database, as the engine tells them.

use domain::refusal::Refusal;
use runs::RunsError;
use runs::holder::holder;
use store::{StoreError, StoreErrorKind};

/// Why files or rows could not be read, mended or made again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Trouble {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file, a lock.
    #[error(transparent)]
    Runs(#[from] RunsError),
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => error.into(),
            Trouble::Runs(error) => error.into(),
        }
    }
}

/// Nothing could be recorded. Who keeps the database locked is named where the kernel tells.
pub(super) fn not_recorded(error: StoreError) -> Refusal {
    let shared = error.path().with_extension("db-shm");
    let is_busy = error.kind() == StoreErrorKind::Busy;
    let who = is_busy.then(|| holder(&shared)).flatten();
    let mut refusal = Refusal::from(error);
    if let Some(who) = who {
        refusal.message = format!("{}: {who}", refusal.message);
    }
    refusal
}
