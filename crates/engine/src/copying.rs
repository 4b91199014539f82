//! Moves the record of a runs directory into another database, if it is sound and only then.

use std::path::PathBuf;

use runs::{RunsDir, locks, mend};
use store::{Reader, Store, StorePlace};

use super::audit::{Scope, audit};
use super::opening::{EngineError, enter_host};
use super::trouble::Trouble;

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// How many rows.
    pub rows: u64,
    /// Where the file is now that was copied.
    pub moved_to: Option<PathBuf>,
}

/// Why a record was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// This host cannot work on the other database.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The record is not sound, before or after.
    #[error("{database} is not sound: {finding}")]
    Unsound {
        database: String,
        /// The first finding.
        finding: String,
    },
}

/// Copies all rows of one database of this runs directory into another, which must be empty. The
/// record is verified before, with its files, and after. Refused while any other process has the
/// directory open. A file that was copied is moved aside.
pub fn copy_record(runs: &RunsDir, from: &StorePlace, to: &StorePlace, host: &str) -> Result<Copied, CopyError> {
    let _alone = locks::enter_alone(runs).map_err(Trouble::from)?;
    let reader = sound(runs, from)?;
    let mut store = Store::open(to.clone()).map_err(Trouble::from)?;
    enter_host(runs, to, &mut store, host)?;
    let rows = store.copy_from(&reader).map_err(Trouble::from)?;
    sound(runs, to)?;
    drop(reader);
    // Two that are live would both decide.
    let away = to.is_shared().then(|| mend::move_database_away(runs, "copied"));
    let moved_to = away.transpose().map_err(Trouble::from)?;
    Ok(Copied { rows, moved_to })
}

fn sound(runs: &RunsDir, place: &StorePlace) -> Result<Reader, CopyError> {
    let reader = Reader::open(place.clone()).map_err(Trouble::from)?;
    let report = audit(runs, &reader, Scope::default(), &mut |_| {});
    match report.findings.first() {
        None => Ok(reader),
        Some(finding) => Err(CopyError::Unsound {
            database: place.path().display().to_string(),
            finding: finding.message.clone(),
        }),
    }
}
