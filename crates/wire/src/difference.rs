//! What changed in one artifact, as `gate diff --json` and HTTP tell it.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use diff::json::{ChangeKind, ValueChange, changed_values};
use diff::lines::MovedLine;
use diff::summary::is_binary;
use diff::{DiffDocument, Limit, unified};
use domain::artifact::GateArtifact;
use domain::comment::{CommentSide, FormerComment};
use domain::ids::{ArtifactPath, Digest};

/// What changed in one artifact.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Difference)]
pub struct DifferenceDoc {
    /// What it is.
    pub(crate) kind: String,
    /// Relative to the run directory.
    #[schema(value_type = String)]
    pub(crate) path: ArtifactPath,
    /// The version it is compared with.
    #[schema(value_type = Option<String>, required = true)]
    pub(crate) base_sha256: Option<Digest>,
    /// The version under review.
    #[schema(value_type = String)]
    pub(crate) sha256: Option<Digest>,
    /// Always true here: what lies on disk is not looked at.
    pub(crate) is_reviewed: bool,
    /// Its size.
    #[schema(value_type = u64)]
    pub(crate) size_bytes: Option<u64>,
    /// Whether there is nothing to read.
    pub is_binary: bool,
    /// Lines added.
    pub(crate) added_lines: usize,
    /// Lines removed.
    pub(crate) removed_lines: usize,
    /// The changed values of a JSON document; null for others, and without a base.
    #[schema(required = true)]
    pub(crate) values: Option<Vec<ValueChangeDoc>>,
    /// The unified diff; null where there is nothing to read.
    #[schema(required = true)]
    pub(crate) diff: Option<String>,
    /// What the attempt before was told about lines of this artifact, and where those lines are now.
    pub(crate) comments: Vec<PlacedCommentDoc>,
}

/// What the attempt before was told about a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlacedComment)]
pub struct PlacedCommentDoc {
    /// The attempt that it was said of.
    attempt: u32,
    /// Who decided that.
    by: String,
    /// The line then, from 1.
    line: u32,
    /// Which text's line that was: `new`, the version then under review, or `base`, what that was compared with.
    #[schema(value_type = String, pattern = "^(new|base)$")]
    side: CommentSide,
    text: String,
    /// The line now, from 1; of one that is gone, the one that it stood before. Null: the version that it was said of is not kept.
    #[schema(required = true)]
    line_now: Option<usize>,
    /// What has become of the line: `same`, `changed`, `gone`, or `unknown`.
    #[schema(pattern = "^(same|changed|gone|unknown)$")]
    now: &'static str,
}

impl PlacedCommentDoc {
    fn of(said: FormerComment, at: Option<MovedLine>) -> Self {
        let (now, line) = match at {
            Some(MovedLine::Same(line)) => ("same", Some(line)),
            Some(MovedLine::Changed(line)) => ("changed", Some(line)),
            Some(MovedLine::Gone(line)) => ("gone", Some(line)),
            None => ("unknown", None),
        };
        Self {
            attempt: said.attempt,
            by: said.by,
            line: said.comment.line,
            side: said.comment.side,
            text: said.comment.text,
            line_now: line.map(|line| line + 1),
            now,
        }
    }
}

/// One value that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueChange)]
pub struct ValueChangeDoc {
    /// Like `scenes[2].duration_ms`; empty for the whole document.
    path: String,
    /// The id of the innermost element on the path that has one.
    #[schema(required = true)]
    id: Option<String>,
    /// How.
    #[schema(value_type = String, pattern = "^(added|removed|changed|respelled|moved)$")]
    kind: ChangeKind,
    /// As the old document spells it, on one line; long values are cut.
    #[schema(required = true)]
    before: Option<String>,
    /// As the new one does.
    #[schema(required = true)]
    after: Option<String>,
}

impl ValueChangeDoc {
    fn of(change: ValueChange) -> Self {
        Self {
            path: change.path,
            id: change.id,
            kind: change.kind,
            before: change.before,
            after: change.after,
        }
    }
}

impl DifferenceDoc {
    /// The same, with what the attempt before was told and where that is now.
    #[must_use]
    pub fn with_comments(self, placed: impl IntoIterator<Item = (FormerComment, Option<MovedLine>)>) -> Self {
        let comments = placed.into_iter().map(|(said, at)| PlacedCommentDoc::of(said, at));
        Self {
            comments: comments.collect(),
            ..self
        }
    }

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
            comments: Vec::new(),
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
            document.values = values.map(|values| values.changes.into_iter().map(ValueChangeDoc::of).collect());
        }
        document
    }
}
