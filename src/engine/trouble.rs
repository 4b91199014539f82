//! Errors of files and database, as the refusals and lines that a person reads.

use crate::domain::refusal::{Refusal, RefusalCode};
use crate::runs::RunsError;
use crate::store::StoreError;

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

/// The database could not be read or written: nothing was decided.
pub(super) fn store_refusal(error: &StoreError) -> Refusal {
    let refusal = Refusal::new(RefusalCode::NotPossible, error.to_string());
    match error.hint() {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}
