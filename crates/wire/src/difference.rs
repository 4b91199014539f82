//! What changed in one artifact, as `gate diff --json` and HTTP tell it.

use std::sync::Arc;

use serde::Serialize;

use diff::json::{ValueChange, changed_values};
use diff::summary::is_binary;
use diff::{DiffDocument, Limit, unified};
use domain::artifact::GateArtifact;
use domain::ids::{ArtifactPath, Digest};

/// One artifact's difference.
#[derive(Debug, Serialize)]
pub struct DifferenceDoc {
    /// What it is.
    pub(crate) kind: String,
    /// Relative to the run directory.
    pub(crate) path: ArtifactPath,
    /// The version that it is compared with.
    pub(crate) base_sha256: Option<Digest>,
    /// Of the bytes that are compared; null when they are gone.
    pub(crate) sha256: Option<Digest>,
    /// Whether these are the bytes under review.
    pub(crate) is_reviewed: bool,
    /// Their size.
    pub(crate) size_bytes: Option<u64>,
    /// Whether there is nothing to read.
    pub is_binary: bool,
    /// Lines added.
    pub(crate) added_lines: usize,
    /// Lines removed.
    pub(crate) removed_lines: usize,
    /// The changed values of a JSON document; null for others, and without a base.
    pub(crate) values: Option<Vec<ValueChange>>,
    /// The unified diff; null for binaries, and where it is not UTF-8.
    pub(crate) diff: Option<String>,
}

impl DifferenceDoc {
    /// Of an artifact whose bytes are `now`, with so many unchanged lines around every change. Exact, however long that takes: a program
    /// reads it.
    pub fn of(
        artifact: &GateArtifact,
        base_sha256: Option<Digest>,
        base: Option<&[u8]>,
        now: Option<&[u8]>,
        context_lines: usize,
    ) -> Self {
        let sha256 = now.map(Digest::of);
        let mut document = Self {
            kind: artifact.kind.clone(),
            path: artifact.path.clone(),
            base_sha256,
            sha256,
            is_reviewed: sha256 == Some(artifact.digest),
            size_bytes: now.map(|now| now.len() as u64),
            is_binary: [base, now].into_iter().flatten().any(is_binary),
            added_lines: 0,
            removed_lines: 0,
            values: None,
            diff: None,
        };
        if let Some(now) = now
            && !document.is_binary
        {
            let old = base.map(|base| Arc::new(base.to_vec()));
            let difference = DiffDocument::compare(old, Arc::new(now.to_vec()), Limit::NONE);
            document.added_lines = difference.diff().added;
            document.removed_lines = difference.diff().removed;
            let path = artifact.path.as_str();
            let diff = unified::write_with_context(&difference, path, path, context_lines);
            document.diff = String::from_utf8(diff).ok();
            let values = base.and_then(|base| changed_values(base, now, Limit::NONE));
            document.values = values.map(|values| values.changes);
        }
        document
    }
}
