//! The files of the gate: reading them, comparing them, and with what.

use super::{comment, compose, diff, look};
use crate::action::Action;
use crate::effect::{Details, DiffDone, DiffJob, Effect, MeasureJob};
use crate::keymap::{self, Focus};
use crate::model::Model;
use crate::model::file::{Against, Content, FileView, Uses};
use crate::model::gate::GateView;
use crate::model::reading::{Arrival, ReadProgress, Reading};
use crate::model::shown::ShownRows;
use crate::question::{Question, Read};
use crate::update::outgoing::tell;
use ::diff::DiffDocument;
use ::diff::page::PagePosition;
use engine::reads::Bytes;

/// Reads what must be read next.
pub(crate) fn keep_reading(model: &mut Model, fx: &mut Vec<Effect>) {
    while let Some((index, is_full)) = model.gate.as_ref().and_then(GateView::next_reading) {
        let number = model.outgoing.next_number();
        let Some(view) = &mut model.gate else {
            return;
        };
        let job_id = view.key.job_id.clone();
        let Some(file) = view.files.get_mut(index) else {
            return;
        };
        let base = file.base_digest(&file.comparison.wanted).filter(|_| is_full);
        file.reading = Reading::asked(number, is_full, base.is_some());
        let (path, should_be) = (file.artifact.path.clone(), file.artifact.digest);
        let question = Question::OnDisk(number, index, job_id.clone(), path, should_be);
        fx.push(Effect::Ask(question));
        if let Some(digest) = base {
            fx.push(Effect::Ask(Question::Base(number, index, job_id, digest)));
        }
    }
}

fn file_of(model: &mut Model, index: usize, number: u64) -> Option<&mut FileView> {
    let file = model.gate.as_mut()?.files.get_mut(index)?;
    (file.reading.number == number).then_some(file)
}

/// Takes the bytes of a file; when both sides are there, has the diff computed.
pub(crate) fn take_bytes(
    model: &mut Model,
    number: u64,
    index: usize,
    is_base: bool,
    bytes: Read<Bytes>,
    fx: &mut Vec<Effect>,
) {
    let generation = model.gate.as_ref().map_or(0, |view| view.generation);
    let has_syntax = model.session.has_syntax && model.session.has_colour && !model.window.is_thin;
    let Some(file) = file_of(model, index, number) else {
        return;
    };
    let bytes = match bytes {
        Ok(Some(bytes)) => Arrival::Here(bytes),
        Ok(None) => Arrival::Missing,
        Err(why) => Arrival::Failed(why),
    };
    if file.reading.take(is_base, bytes) && file.comparison.wanted != Against::Usual {
        // A version that was seen on disk but never registered is not kept.
        let label = file.base_label(&file.comparison.wanted);
        file.comparison.wanted = Against::Usual;
        file.reading.progress = ReadProgress::Wanted;
        tell(model, format!("Not compared with {label}: that version is not kept"));
    } else if let Some(job) = handed_on(file, generation, index, has_syntax) {
        fx.push(Effect::Diff(job));
    } else if file.problem().is_some() {
        compose::file_came(model, index);
    }
}

fn fail(file: &mut FileView, content: Content) {
    file.is_stale = false;
    file.reading.progress = ReadProgress::Done { is_full: true };
    file.comparison.shown = file.comparison.wanted.clone();
    file.content = content;
}

/// What is to be compared, when both sides are there.
fn handed_on(file: &mut FileView, generation: u64, index: usize, has_syntax: bool) -> Option<DiffJob> {
    match file.reading.hand_on()? {
        Ok(((old, new), is_full)) => Some(DiffJob {
            generation,
            number: file.reading.number,
            file: index,
            path: file.artifact.path.clone(),
            old,
            new,
            is_full,
            has_syntax,
        }),
        Err(content) => {
            fail(file, content);
            None
        }
    }
}

/// Takes a diff.
pub(crate) fn diff_ready(model: &mut Model, done: DiffDone, fx: &mut Vec<Effect>) {
    let generation = model.gate.as_ref().map_or(0, |view| view.generation);
    let is_current = model.gate.as_ref().is_some_and(|view| view.file == done.file);
    let Some(file) = file_of(model, done.file, done.number) else {
        return;
    };
    if file.digest.is_some_and(|former| former != done.digest) {
        // The file has other bytes than when it was read last.
        if file.is_shown {
            file.comparison.read = file.digest;
        }
        file.shown = ShownRows::default();
        file.is_shown = false;
    }
    let is_first = file.digest.replace(done.digest).is_none();
    file.is_stale = false;
    if is_first {
        look::recall(model, done.file);
    }
    let Some(file) = file_of(model, done.file, done.number) else {
        return;
    };
    let Some(full) = done.full else {
        file.reading.progress = ReadProgress::Done { is_full: false };
        file.content = Content::Known;
        return;
    };
    file.reading.progress = ReadProgress::Done { is_full: true };
    let is_measured = full.details.is_some();
    if !is_measured {
        fx.push(Effect::Measure(MeasureJob {
            generation,
            number: done.number,
            file: done.file,
            path: file.artifact.path.clone(),
            old: done.old,
            new: full.bytes.clone(),
        }));
    }
    file.is_measuring = !is_measured;
    if file.comparison.wanted != file.comparison.shown || is_measured {
        // The details belong to the former comparison, so they are taken anew.
        file.details = full.details.unwrap_or_default();
    }
    file.uses = Some(Uses::of(&file.artifact, &full.bytes));
    file.bytes = Some(full.bytes);
    file.comparison.shown = file.comparison.wanted.clone();
    let starts_over = std::mem::take(&mut file.comparison.starts_over);
    if starts_over {
        file.scroll.top = PagePosition::default();
    }
    let content = match full.document {
        Some(document) => {
            let folding = file.document().map(DiffDocument::folding);
            let document = match folding {
                Some(folding) => document.with_folding(folding),
                None => document,
            };
            if file.comparison.is_usual() {
                file.shown.measure(&document);
            }
            Content::Text(document)
        }
        None => Content::Binary,
    };
    let put = |model: &mut Model| {
        if let Some(file) = file_of(model, done.file, done.number) {
            file.content = content;
        }
    };
    if is_current && !starts_over {
        // Another base moves the rows: the line at the top stays.
        diff::relayout(model, put);
    } else {
        put(model);
    }
    if let Some(file) = file_of(model, done.file, done.number) {
        begin_at_first_hunk(file);
    }
    comment::seek(model, done.file, done.number, fx);
    compose::file_came(model, done.file);
    if let Some(view) = &mut model.gate {
        view.forget_distant();
    }
}

/// Begins where something changed, with the line above it; up to there rows have the same numbers
/// in every layout.
fn begin_at_first_hunk(file: &mut FileView) {
    let Some((first, last, is_new)) = file.document().map(|document| {
        let first = document.hunk_rows(0).map_or(0, |rows| rows.start.saturating_sub(1));
        (first, document.row_count().saturating_sub(1), document.is_new())
    }) else {
        return;
    };
    if file.scroll.top == PagePosition::default() && !is_new {
        file.scroll.top.row = first;
    }
    file.scroll.top.row = file.scroll.top.row.min(last);
}

/// A worker gave up: the file stays unread, and says so.
pub(crate) fn diff_failed(model: &mut Model, index: usize, number: u64) {
    if let Some(file) = file_of(model, index, number) {
        fail(
            file,
            Content::Failed("the comparison broke off: its worker failed, see the log".to_owned()),
        );
    }
    compose::file_came(model, index);
}

/// Takes what took longer than the diff.
pub(crate) fn measured(model: &mut Model, index: usize, number: u64, details: Details) {
    if let Some(file) = file_of(model, index, number) {
        file.is_measuring = false;
        file.details = details;
    }
}

/// Compares the file on screen with something else.
pub(crate) fn compare_with(model: &mut Model, against: Against) {
    if let Some(file) = model.file_mut() {
        file.comparison.starts_over = matches!(against, Against::Read(_));
        file.is_stale = file.digest.is_some();
        file.comparison.wanted = against;
        file.reading.progress = ReadProgress::Wanted;
        file.scroll.values_top = 0;
    }
}

/// The next thing to compare with.
pub(crate) fn next_base(model: &mut Model) {
    let Some(file) = model.file() else {
        return;
    };
    let bases = file.bases();
    let here = bases
        .iter()
        .position(|base| *base == file.comparison.wanted)
        .unwrap_or(0);
    let next = bases.get((here + 1) % bases.len().max(1)).cloned();
    // Without another one the key is answered before this.
    let Some(next) = next.filter(|next| *next != file.comparison.wanted) else {
        return;
    };
    let digest = file.base_digest(&next).map(|digest| format!(" {}", digest.short()));
    let label = file.base_label(&next);
    let usual = match next {
        Against::Usual => ", the usual base".to_owned(),
        Against::Nothing | Against::Other(_) | Against::Read(_) => {
            let key = keymap::key_in(Focus::Diff, Action::Base);
            format!("   hint: {key} goes on; only the usual base counts as shown")
        }
    };
    let text = format!("Compared with{} {label}{usual}", digest.unwrap_or_default());
    compare_with(model, next);
    tell(model, text);
}

/// After a refusal because the material moved: shows only what changed since it was read, once that
/// is on screen.
pub(crate) fn keep_since_read(model: &mut Model) {
    let Some(view) = model.gate.as_mut().filter(|view| view.wants_since_read) else {
        return;
    };
    if view.shown_digest().is_none() || view.files.iter().any(|file| file.is_stale) {
        return;
    }
    view.wants_since_read = false;
    let has_moved = |file: &FileView| file.former_read().is_some() && !matches!(file.content, Content::Missing);
    if let Some(index) = view.files.iter().position(has_moved) {
        show_since_look(model, index);
    }
}

/// Shows only what changed in a file since the operator looked at it.
pub(crate) fn show_since_look(model: &mut Model, index: usize) {
    let Some(view) = &mut model.gate else {
        return;
    };
    let Some(read) = view.files.get(index).and_then(FileView::former_read) else {
        return;
    };
    view.file = index;
    view.since_shown = view.shown_digest();
    let others: Vec<_> = (view.files.iter().enumerate())
        .filter(|(other, file)| *other != index && file.former_read().is_some())
        .map(|(_, file)| file.artifact.path.file_name())
        .collect();
    let others = match &others[..] {
        [] => String::new(),
        others => format!("; {} changed too", others.join(", ")),
    };
    compare_with(model, Against::Read(read));
    let key = keymap::key_in(Focus::Diff, Action::Base);
    let text = format!(
        "Shown: only what changed since you read {}{others}   hint: {key} shows all",
        read.short()
    );
    tell(model, text);
}
