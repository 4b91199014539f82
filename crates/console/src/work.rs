//! Work that is too slow for the loop, as pure functions of a job: diffs, searches, media, checks
//! and previews of patches.

mod check;
mod complete;
mod editable;
mod preview;

use std::sync::Arc;

pub use check::check;
pub use complete::complete;
pub(crate) use editable::{EDIT_BYTES_MAX, NotEditable, editable};
pub use preview::preview;

use crate::effect::{Compared, Details, DiffDone, DiffJob, FindJob, MeasureJob, PlaceJob};
use crate::{media, syntax};
use diff::json::{ChangedValues, changed_values};
use diff::lines::{MovedLine, moved_lines};
use diff::search::{self, Hit};
use diff::summary::is_binary;
use diff::{DiffDocument, Limit};
use domain::ids::{ArtifactPath, Digest};
use patch::running_time;

/// Values of documents up to this size, both together, are compared with the diff; larger ones
/// afterwards.
const VALUES_BYTES_MAX: usize = 512 << 10;

/// Computes a diff.
pub fn diff(job: DiffJob, limit: Limit<'_>) -> DiffDone {
    let digest = Digest::of(&job.new);
    let full = job
        .is_full
        .then(|| compare(&job.path, job.old.as_deref(), &job.new, limit));
    let full = full.map(|full| match job.has_syntax {
        true => with_tokens(full, &job.path, limit),
        false => full,
    });
    DiffDone {
        number: job.number,
        file: job.file,
        digest,
        old: job.old,
        full,
    }
}

fn compare(path: &ArtifactPath, old: Option<&[u8]>, new: &[u8], limit: Limit<'_>) -> Compared {
    let bytes = Arc::new(new.to_vec());
    let is_binary = is_binary(new) || old.is_some_and(is_binary);
    let document = (!is_binary).then(|| {
        let old = old.map(|old| Arc::new(old.to_vec()));
        DiffDocument::compare(old, bytes.clone(), limit)
    });
    let is_small = new.len() + old.map_or(0, <[u8]>::len) <= VALUES_BYTES_MAX;
    let details = (!is_binary && is_small).then(|| details_of_text(path, old, new, limit));
    Compared {
        bytes,
        document,
        details,
    }
}

/// The same with what its words are.
fn with_tokens(mut compared: Compared, path: &ArtifactPath, limit: Limit<'_>) -> Compared {
    if let Some(details) = compared.details.as_mut().filter(|_| compared.document.is_some()) {
        let tokens = syntax::tokens(path.as_str(), &compared.bytes, &|| limit.is_reached());
        details.tokens = tokens.map(Arc::new);
    }
    compared
}

/// Finds out what takes longer than a diff.
pub fn measure(job: &MeasureJob, limit: Limit<'_>) -> Details {
    let old = job.old.as_deref();
    if !is_binary(&job.new) && !old.is_some_and(is_binary) {
        return details_of_text(&job.path, old, &job.new, limit);
    }
    Details {
        values: None,
        running_time: None,
        media: media::look_at(job.path.as_str(), old, &job.new).map(Arc::new),
        tokens: None,
    }
}

fn details_of_text(path: &ArtifactPath, old: Option<&[u8]>, new: &[u8], limit: Limit<'_>) -> Details {
    let values = values(old, new, limit);
    // Only of documents with changed values, and within the limit: it reads both of them whole.
    let time = |bytes: &[u8]| running_time(path.as_str(), bytes);
    let times = values
        .as_ref()
        .filter(|_| !limit.is_reached())
        .and_then(|_| Some((time(old?)?, time(new)?)));
    Details {
        values,
        running_time: times
            .filter(|(before, now)| before != now)
            .map(|(before, now)| change_of(&before.to_string(), &now.to_string())),
        media: None,
        tokens: None,
    }
}

/// Before and now; what both say at their end is said once.
fn change_of(before: &str, now: &str) -> String {
    const WITHOUT: &str = " without ";
    match (before.split_once(WITHOUT), now.split_once(WITHOUT)) {
        (Some((before, missing)), Some((_, still))) if missing == still => format!("{before} -> {now}"),
        (Some(_) | None, _) => format!("{before} -> {now}"),
    }
}

fn values(old: Option<&[u8]>, new: &[u8], limit: Limit<'_>) -> Option<Arc<ChangedValues>> {
    let changed = changed_values(old?, new, limit)?;
    (!changed.changes.is_empty()).then(|| Arc::new(changed))
}

/// Finds lines of former versions again.
pub fn place(job: &PlaceJob) -> Vec<Option<MovedLine>> {
    moved_lines(&job.new, &job.versions, &job.lines)
}

/// Looks for text.
pub fn find(job: &FindJob, is_over: &dyn Fn() -> bool) -> Option<Hit> {
    search::find(&job.document, &job.needle, job.from, job.direction, is_over)
}
