//! Moves the record of a runs directory into another database, if it is sound and only then.

use runs::{RunsDir, locks, mend};
use store::{Reader, Store, StorePlace};

use super::audit::{Scope, audit};
use super::opening::{EngineError, refuse_other_home};
use super::trouble::Trouble;

/// Why a record was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The other database is about other files.
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
/// directory open. Returns how many rows there are.
pub fn copy_record(runs: &RunsDir, from: &StorePlace, to: &StorePlace, host: &str) -> Result<u64, CopyError> {
    let _alone = locks::enter_alone(runs).map_err(Trouble::from)?;
    let reader = sound(runs, from)?;
    let mut store = Store::open(to.clone()).map_err(Trouble::from)?;
    refuse_other_home(runs, to, &mut store, host)?;
    let rows = store.copy_from(&reader).map_err(Trouble::from)?;
    sound(runs, to)?;
    drop(reader);
    // Two that are live would both decide.
    if to.is_shared() {
        mend::move_database_away(runs, "copied").map_err(Trouble::from)?;
    }
    Ok(rows)
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
