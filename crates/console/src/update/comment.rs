//! Comments on lines: the pointer in the diff, what is written there, and where the words of the
//! former attempt stand.

use std::sync::Arc;

use super::diff;
use crate::draft::DraftComment;
use crate::effect::{Effect, PlaceJob};
use crate::facts::{comments, verb};
use crate::model::Model;
use crate::model::file::FileView;
use crate::model::said::{Place, Said, SaidOfFile};
use crate::prompt::comment::{CommentAsk, Outdated};
use crate::question::{Question, Read};
use crate::update::compose::change_draft;
use crate::update::outgoing::{Step, tell};
use ::diff::lines::MovedLine;
use ::diff::{DiffDocument, DiffSide, RowKind};
use domain::comment::{CommentSide, former};
use domain::key::GateKey;
use engine::reads::Bytes;

/// The line of a row that can be commented on.
fn spot(document: &DiffDocument, row_at: usize, has_removed: bool) -> Option<(DiffSide, usize)> {
    let row = document.row(row_at)?;
    match row.kind {
        RowKind::Context | RowKind::Added => Some((DiffSide::New, row.new_line?.checked_sub(1)?)),
        RowKind::Removed if has_removed => Some((DiffSide::Old, row.old_line?.checked_sub(1)?)),
        RowKind::Removed | RowKind::Fold { .. } | RowKind::NoNewline => None,
    }
}

/// Points at a line of the diff on screen: at the one that was pointed at last, where it is in
/// sight, else at the first changed one.
pub(crate) fn begin(model: &mut Model) {
    let has_removed = model.file().is_some_and(|file| file.comparison.is_usual());
    let former = model.file().and_then(|file| file.pointer.at);
    let rows = diff::rows_in_sight(model);
    let found = model.file().and_then(FileView::document).and_then(|document| {
        let spots = || {
            rows.iter()
                .filter_map(|row| Some((*row, spot(document, *row, has_removed)?)))
        };
        let is_change = |row: usize| {
            let kind = document.row(row).map(|row| row.kind);
            matches!(kind, Some(RowKind::Added | RowKind::Removed))
        };
        spots()
            .find(|(_, spot)| Some(*spot) == former)
            .or_else(|| spots().find(|(row, _)| is_change(*row)))
            .or_else(|| spots().next())
    });
    match (found, model.file_mut()) {
        (Some((_, spot)), Some(file)) => {
            (file.pointer.is_on, file.pointer.at) = (true, Some(spot));
        }
        _ => tell(model, "There is no line on the screen that could be commented on"),
    }
}

/// Moves the pointer by lines; it stays in sight.
pub(crate) fn go(model: &mut Model, step: Step, page: usize) {
    let Some((document, here, has_removed)) = pointed(model) else {
        return;
    };
    let by = step.rows(page);
    let mut found = here;
    let mut left = by.unsigned_abs();
    let mut row = here;
    while left > 0 {
        let next = row
            .checked_add_signed(by.signum())
            .filter(|next| *next < document.row_count());
        let Some(next) = next else { break };
        row = next;
        if spot(&document, row, has_removed).is_some() {
            (found, left) = (row, left - 1);
        }
    }
    point_at(model, &document, found, has_removed);
}

/// To the first line of the next hunk, or of the one before.
pub(crate) fn hunk(model: &mut Model, is_forward: bool) {
    let Some((document, here, has_removed)) = pointed(model) else {
        return;
    };
    let hunk = match is_forward {
        true => document.hunk_after(here),
        false => document.hunk_before(here),
    };
    let rows = hunk.and_then(|hunk| document.hunk_rows(hunk));
    let first = rows.and_then(|mut rows| rows.find(|row| spot(&document, *row, has_removed).is_some()));
    match first {
        Some(row) => point_at(model, &document, row, has_removed),
        None => tell(model, "There is no further hunk that way"),
    }
}

/// The diff, the row that is pointed at, and whether removed lines can be commented on.
fn pointed(model: &Model) -> Option<(DiffDocument, usize, bool)> {
    let file = model.file()?;
    let document = file.document()?.clone();
    let (side, line) = file.pointer.at?;
    let line = line.min(document.line_count(side).saturating_sub(1));
    let row = document.row_of_line(side, line)?;
    Some((document, row, file.comparison.is_usual()))
}

fn point_at(model: &mut Model, document: &DiffDocument, row: usize, has_removed: bool) {
    if let (Some(spot), Some(file)) = (spot(document, row, has_removed), model.file_mut()) {
        file.pointer.at = Some(spot);
        diff::keep_in_sight(model, row);
    }
}

/// The keys go back to where they were.
pub(crate) fn leave(model: &mut Model) {
    if let Some(file) = model.file_mut() {
        file.pointer.is_on = false;
    }
}

/// Opens the field for the line that is pointed at, with what was written about it.
pub(crate) fn write(model: &mut Model) {
    let Ok(pin) = verb::pin(model) else {
        return;
    };
    let Some((document, row, has_removed)) = pointed(model) else {
        return;
    };
    let Some((file, (side, line))) = model.file().zip(spot(&document, row, has_removed)) else {
        return;
    };
    let side = match side {
        DiffSide::New => CommentSide::New,
        DiffSide::Old => CommentSide::Base,
    };
    let Some(version) = comments::version(file, side) else {
        return;
    };
    let of = DraftComment {
        path: file.artifact.path.clone(),
        version,
        side,
        line: u32::try_from(line + 1).unwrap_or(u32::MAX),
        text: String::new(),
    };
    let kept = model.draft(&pin.key).and_then(|draft| draft.comment(&of)).cloned();
    let outdated = match kept {
        Some(_) => None,
        None => outdated(model, &of, &pin.key),
    };
    let text = kept.as_ref().or(outdated.as_ref().map(|outdated| &outdated.comment));
    let text = text.map(|comment| comment.text.clone()).unwrap_or_default();
    model.put(CommentAsk::new(pin, of, &text, outdated));
    diff::keep_in_sight(model, row);
}

/// A comment about the same line of a version that is not on screen any more: it is written on
/// here.
fn outdated(model: &Model, of: &DraftComment, key: &GateKey) -> Option<Outdated> {
    let is_it = |comment: &&DraftComment| {
        comment.path == of.path && (comment.side, comment.line) == (of.side, of.line) && comment.version != of.version
    };
    model.drafts.of_stage(key).find_map(|draft| {
        let comment = draft.comments.iter().find(is_it)?.clone();
        Some(Outdated {
            key: draft.key.clone(),
            comment,
        })
    })
}

/// What is written in the open field is kept, as it stands.
pub(crate) fn typed(model: &mut Model) {
    let Some(ask) = model.asked::<CommentAsk>() else {
        return;
    };
    let (key, comment, outdated) = (ask.pin.key.clone(), ask.comment(), ask.outdated.clone());
    // An outdated comment stays where it was as long as nothing else is written.
    let is_moved = outdated
        .as_ref()
        .is_none_or(|outdated| outdated.comment.text != comment.text);
    keep(model, outdated, (key, comment), is_moved);
}

/// Enter: what was written on is about the line on screen from now on, changed or not.
pub(crate) fn settle(model: &mut Model, ask: &CommentAsk) {
    keep(model, ask.outdated.clone(), (ask.pin.key.clone(), ask.comment()), true);
}

fn keep(model: &mut Model, outdated: Option<Outdated>, (key, comment): (GateKey, DraftComment), is_moved: bool) {
    let emptied = |of: &DraftComment| DraftComment {
        text: String::new(),
        ..of.clone()
    };
    if let Some(outdated) = outdated {
        let there = match is_moved {
            true => emptied(&outdated.comment),
            false => outdated.comment,
        };
        set(model, &outdated.key, there);
    }
    let here = match is_moved {
        true => comment,
        false => emptied(&comment),
    };
    set(model, &key, here);
}

/// Puts a comment in its place, where it does not stand there already.
fn set(model: &mut Model, key: &GateKey, comment: DraftComment) {
    let kept = model.draft(key).and_then(|draft| draft.comment(&comment));
    let is_kept = kept.map_or(comment.text.is_empty(), |kept| kept.text == comment.text);
    if !is_kept {
        change_draft(model, key, |draft| draft.set_comment(comment));
    }
}

/// Reads what is needed to find the lines again that the former attempt was told about.
pub(crate) fn seek(model: &mut Model, index: usize, number: u64, fx: &mut Vec<Effect>) {
    let Some(view) = &mut model.gate else {
        return;
    };
    let (key, rows) = (view.key.clone(), view.rows.clone());
    let Some(file) = view.files.get_mut(index) else {
        return;
    };
    let all = rows.map_or_else(Vec::new, |rows| former(&rows, &key, &file.artifact.path));
    let is_same = |said: &SaidOfFile| said.all.iter().map(|said| &said.of).eq(&all);
    if file.document().is_none() || (file.said.of == file.digest && is_same(&file.said)) {
        return;
    }
    let mut awaited: Vec<_> = all.iter().filter_map(|said| said.version).collect();
    awaited.sort_unstable();
    awaited.dedup();
    for digest in &awaited {
        fx.push(Effect::Ask(Question::Said(number, index, key.job_id.clone(), *digest)));
    }
    let sought = all.into_iter().map(|of| Said {
        of,
        place: Place::Sought,
    });
    file.said = SaidOfFile {
        all: sought.collect(),
        of: file.digest,
        awaited,
        read: Vec::new(),
    };
}

/// A version came that the former attempt was told about, or is not kept.
pub(crate) fn take_version(
    model: &mut Model,
    (number, index): (u64, usize),
    digest: domain::ids::Digest,
    bytes: Read<Bytes>,
    fx: &mut Vec<Effect>,
) {
    let Some(view) = &mut model.gate else {
        return;
    };
    let generation = view.generation;
    let Some(file) = view.files.get_mut(index).filter(|file| file.reading.number == number) else {
        return;
    };
    let Some(new) = file.bytes.clone() else {
        return;
    };
    let said = &mut file.said;
    said.awaited.retain(|awaited| *awaited != digest);
    match bytes {
        Ok(Some(bytes)) => said.read.push((digest, bytes)),
        Ok(None) | Err(_) => {
            for lost in said.all.iter_mut().filter(|said| said.of.version == Some(digest)) {
                lost.place = Place::Found(None);
            }
        }
    }
    if said.awaited.is_empty() && !said.read.is_empty() {
        let lines = said
            .all
            .iter()
            .map(|said| Some((said.of.version?, said.of.comment.line)));
        fx.push(Effect::Place(PlaceJob {
            generation,
            number,
            file: index,
            new,
            versions: Arc::from(std::mem::take(&mut said.read)),
            lines: lines.collect(),
        }));
    }
}

/// The lines were found again.
pub(crate) fn placed(model: &mut Model, index: usize, number: u64, places: &[Option<MovedLine>]) {
    let file = model.gate.as_mut().and_then(|view| view.files.get_mut(index));
    let Some(file) = file.filter(|file| file.reading.number == number) else {
        return;
    };
    let found: Vec<_> = file
        .said
        .all
        .iter()
        .zip(places)
        .map(|(said, place)| (said.place, *place))
        .collect();
    diff::relayout(model, |model| {
        let Some(file) = model.gate.as_mut().and_then(|view| view.files.get_mut(index)) else {
            return;
        };
        for (said, (_, place)) in file.said.all.iter_mut().zip(&found) {
            if let Some(place) = place {
                said.place = Place::Found(Some(*place));
            }
        }
    });
}
