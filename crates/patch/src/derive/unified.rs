//! `unified_diff` for an edit: what carries any change of a text.

use serde_json::json;

use diff::{LineDiff, unified};

use super::super::quote::counted;
use super::{Candidate, Edit};

/// The diff of the two texts.
pub(super) fn candidate(edit: Edit<'_>, lines: &LineDiff) -> Option<Candidate> {
    let path = edit.artifact.path;
    let diff = String::from_utf8(unified::write_lines((edit.old, edit.new), lines, path, path)).ok()?;
    Some(Candidate {
        reason: format!("{} changed", counted(lines.blocks.len(), "place")),
        value: json!({"type": "unified_diff", "artifact": path, "diff": diff}),
    })
}
