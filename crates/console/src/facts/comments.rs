//! What is said about the lines of a file: what the former attempt was told, and what this operator
//! has written and not sent.

use super::wrap;
use crate::draft::{Draft, DraftComment};
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::said::Place;
use diff::{DiffDocument, DiffSide, RowKind};
use domain::comment::{Comment, CommentSide};
use domain::ids::Digest;
use domain::key::GateKey;
use engine::said::PlacedComment;

/// More lines of one comment do not stand in the diff.
const LINES_MAX: usize = 6;
/// Cells before a comment, and before what it goes on with.
const INDENT: &str = "  ; ";

/// The version on screen that has the lines of a side.
pub(crate) fn version(file: &FileView, side: CommentSide) -> Option<Digest> {
    match side {
        CommentSide::New => Some(file.digest.unwrap_or(file.artifact.digest)),
        CommentSide::Base => file.artifact.base.as_ref().map(|base| base.digest),
    }
}

/// Whether a comment that is not sent is about what is on the screen.
fn is_of(draft: &Draft, comment: &DraftComment, key: &GateKey, file: &FileView) -> bool {
    draft.key == *key && version(file, comment.side) == Some(comment.version)
}

/// What this operator would say of the gate on screen.
#[derive(Debug, Default)]
pub(crate) struct Going {
    /// What goes with a decision.
    pub(crate) comments: Vec<Comment>,
    /// The places of what is about another version, and does not.
    pub(crate) left: Vec<String>,
}

pub(crate) fn going(model: &Model, key: &GateKey) -> Going {
    let mut going = Going::default();
    let Some(view) = model.gate.as_ref().filter(|view| view.key == *key) else {
        return going;
    };
    for draft in model.drafts.of_stage(key) {
        for comment in &draft.comments {
            let said = comment.said();
            let file = view.files.iter().find(|file| file.artifact.path == comment.path);
            match file.is_some_and(|file| is_of(draft, comment, key, file)) {
                true => going.comments.push(said),
                false => going.left.push(said.place()),
            }
        }
    }
    going
}

/// Lines of a file's diff, each below the row of the document that it is about.
pub(crate) fn asides(
    model: &Model,
    file: &FileView,
    document: &DiffDocument,
    columns: usize,
) -> Vec<(usize, Vec<String>)> {
    let Some(view) = model.gate.as_ref().filter(|_| document.row_count() > 0) else {
        return Vec::new();
    };
    let placed = file.said.all.iter().filter_map(|said| match said.place {
        Place::Sought => None,
        Place::Found(at) => Some(PlacedComment {
            said: said.of.clone(),
            at,
        }),
    });
    let mut asides = former_asides(document, &placed.collect::<Vec<_>>(), columns);
    let me = &model.session.operator.name;
    for draft in model.drafts.of_stage(&view.key) {
        let of_file = draft
            .comments
            .iter()
            .filter(|comment| comment.path == file.artifact.path);
        for comment in of_file {
            let is_of_base = file.base_digest(&file.comparison.shown) == version(file, CommentSide::Base);
            let is_current = is_of(draft, comment, &view.key, file);
            let side = match comment.side {
                CommentSide::Base if is_current && is_of_base => DiffSide::Old,
                CommentSide::New | CommentSide::Base => DiffSide::New,
            };
            let line = index(comment.line);
            let row = row_of(document, side, line);
            let words = if is_current {
                format!("{me}: {}", comment.text)
            } else {
                let attempt = draft.key.attempt;
                let version = comment.version.short();
                format!(
                    "{me}: was about line {} of #{attempt} {version}: {}",
                    comment.line, comment.text
                )
            };
            asides.push((row, lines(&hidden(document, row, line), &words, columns)));
        }
    }
    asides
}

/// The same of what the former attempt was told.
pub(crate) fn former_asides(
    document: &DiffDocument,
    placed: &[PlacedComment],
    columns: usize,
) -> Vec<(usize, Vec<String>)> {
    let aside = |placed: &PlacedComment| {
        let line = placed.beside();
        let row = row_of(document, DiffSide::New, line);
        (row, lines(&hidden(document, row, line), &placed.words(), columns))
    };
    placed.iter().map(aside).collect()
}

fn index(line: u32) -> usize {
    (line as usize).saturating_sub(1)
}

/// The row of a line, from 0, or of the nearest before it.
fn row_of(document: &DiffDocument, side: DiffSide, line: usize) -> usize {
    let last = document.line_count(side).saturating_sub(1);
    let row = document.row_of_line(side, line.min(last));
    row.unwrap_or_else(|| document.row_count().saturating_sub(1))
}

/// The line in words, where unchanged lines hide it.
fn hidden(document: &DiffDocument, row: usize, line: usize) -> String {
    let row = document.row(row);
    match row.is_some_and(|row| matches!(row.kind, RowKind::Fold { .. })) {
        true => format!("line {}: ", line + 1),
        false => String::new(),
    }
}

fn lines(place: &str, words: &str, columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(INDENT.len() + 1).max(1);
    let said = format!("{place}{words}");
    let mut lines: Vec<String> = Vec::new();
    for line in said.lines() {
        lines.extend(wrap::split(line, room, usize::MAX));
    }
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    let indent = " ".repeat(INDENT.len());
    let indents = std::iter::once(INDENT).chain(std::iter::repeat(indent.as_str()));
    indents
        .zip(lines)
        .map(|(indent, line)| format!("{indent}{line}"))
        .collect()
}

/// Places in a sentence, as many as are worth naming.
pub(crate) fn named(places: &[String]) -> String {
    const NAMED_MAX: usize = 5;
    let shown = places.get(..NAMED_MAX).unwrap_or(places).join(", ");
    match places.len().checked_sub(NAMED_MAX) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
