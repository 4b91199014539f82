//! Errors of files and database, as the refusals and lines that a person reads.

use domain::refusal::{Refusal, RefusalCode};
use runs::RunsError;
use runs::holder::holder;
use store::{StoreError, StoreErrorKind};

/// A file could not be read or written: nothing was decided.
pub(super) fn runs_refusal(error: &RunsError) -> Refusal {
    let code = if error.is_refusal() {
        RefusalCode::Invalid
    } else {
        RefusalCode::NotPossible
    };
    let refusal = Refusal::new(code, error.to_string());
    if error.is_full() {
        refusal.with_hint("make space on that disk, then try again")
    } else if error.is_permission() {
        refusal.with_hint("check who owns that path, and who you are")
    } else {
        refusal
    }
}

/// The database could not be read or written: nothing was decided. Who keeps it locked is named where the kernel tells.
pub(super) fn store_refusal(error: &StoreError) -> Refusal {
    let shared = error.path().with_extension("db-shm");
    let is_busy = error.kind() == StoreErrorKind::Busy;
    let who = is_busy.then(|| holder(&shared)).flatten();
    let who = who.map(|holder| format!(": {holder}")).unwrap_or_default();
    let refusal = Refusal::new(RefusalCode::NotPossible, format!("{error}{who}"));
    match error.hint() {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}
