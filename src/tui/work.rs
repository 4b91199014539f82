//! Work that is too slow for the loop, as pure functions of a job: diffs, checks and previews of patches.

mod check;
mod complete;
mod preview;
mod template;

use std::sync::Arc;

pub use check::check;
pub use complete::complete;
pub use preview::preview;
pub use template::{Template, templates};

use super::effect::{DiffDone, DiffJob};
use crate::diff::json::{ChangeKind, ChangedValues, ValueChange, changed_values};
use crate::diff::summary::is_binary;
use crate::diff::{DiffDocument, Limit};
use crate::domain::ids::Digest;

/// Computes a diff.
pub fn diff(job: DiffJob, limit: Limit<'_>) -> DiffDone {
    let digest = Digest::of(&job.new);
    let size_bytes = job.new.len() as u64;
    let bytes = Arc::new(job.new.to_vec());
    let is_binary = is_binary(&job.new) || job.old.as_deref().is_some_and(is_binary);
    let values = match job.old.as_deref() {
        Some(old) if !is_binary => changed_values(old, &job.new)
            .map(|changed| value_lines(&changed))
            .unwrap_or_default(),
        Some(_) | None => Vec::new(),
    };
    let document = (!is_binary).then(|| {
        let old = job.old.map(|old| Arc::new(old.to_vec()));
        DiffDocument::compare(old, bytes.clone(), limit)
    });
    DiffDone {
        generation: job.generation,
        file: job.file,
        digest,
        size_bytes,
        bytes,
        document,
        values,
    }
}

fn value_lines(changed: &ChangedValues) -> Vec<String> {
    let line = |change: &ValueChange| {
        let before = change.before.as_deref().unwrap_or("");
        let after = change.after.as_deref().unwrap_or("");
        let path = &change.path;
        match change.kind {
            ChangeKind::Added => format!("{path} new {after}"),
            ChangeKind::Removed => format!("{path} removed, was {before}"),
            ChangeKind::Changed => format!("{path} {before} -> {after}"),
            ChangeKind::Respelled => format!("{path} {before} -> {after} (same value)"),
            ChangeKind::Moved => format!("{path} moved"),
        }
    };
    changed.changes.iter().map(line).collect()
}
