//! Reading on: one key that goes to what was not shown yet, line by line, hunk by hunk, file by
//! file; at the end it says so.

use super::{diff, queue};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::verb;
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::file::{Content, FileView, Scroll};
use crate::model::queue::RowKey;
use crate::model::shown::{ShownRows, VisibleRow};
use crate::update::outgoing::tell;
use ::diff::DiffDocument;
use ::diff::page::RowPart;

/// Goes to what is to be read next.
pub(crate) fn read_on(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    if model.gate.is_none() {
        return tell(model, "There is no gate on the screen to read");
    }
    if let Some(view) = &mut model.gate {
        view.is_read_on = true;
    }
    let current = model.file();
    if let Some(file) = current.filter(|file| matches!(file.content, Content::Loading | Content::Known)) {
        let words = format!(
            "{} is still being read   hint: press the key again",
            file.artifact.path.file_name()
        );
        return tell(model, words);
    }
    let before = place(model);
    if unshown_line(model) || diff::next_hunk(model) || next_value(model) {
        // A part that no key can show must not stop reading on.
        if place(model) != before {
            return;
        }
    }
    if !other_file(model) {
        end(model, focus, fx);
    }
}

/// Where the screen stands in the file.
fn place(model: &Model) -> Option<Scroll> {
    Some(model.file()?.scroll)
}

/// What of a file is shown once the present screen has stood long enough, and the last row of that
/// screen.
fn soon_shown(model: &Model, file: &FileView) -> Option<(ShownRows, DiffDocument, usize)> {
    let document = file.document()?.clone();
    let page = layout::diff_page(model, file)?;
    let lines = page.lines(page.within(file.scroll.top), layout::diff_rows(model));
    let parts = || lines.iter().flat_map(|line| line.parts());
    let sight = |part: &RowPart| VisibleRow::of(page.document, part.row_at, part.bytes.clone());
    let sights: Vec<VisibleRow> = parts().filter_map(sight).collect();
    let last = parts().map(|part| part.row_at).max().unwrap_or(0);
    let mut shown = file.shown.clone();
    shown.note(&document, &sights);
    Some((shown, document, last))
}

/// To the next line of this file that is neither shown nor on the screen: below it, else from the
/// top.
fn unshown_line(model: &mut Model) -> bool {
    let Some(file) = model.file() else {
        return false;
    };
    // The list of values shows no lines, and compared with another base nothing counts as seen.
    if !file.comparison.is_usual() || diff::is_listed(model, file) {
        return false;
    }
    let next = soon_shown(model, file).and_then(|(shown, document, last)| {
        shown
            .next_unshown(&document, last)
            .or_else(|| shown.next_unshown(&document, 0))
    });
    if let Some((row, offset)) = next {
        diff::go_to_row(model, row, offset);
    }
    next.is_some()
}

/// The next changed value, where values are listed.
fn next_value(model: &mut Model) -> bool {
    let file = model.file();
    let is_listed = file.is_some_and(|file| diff::is_listed(model, file));
    if is_listed {
        diff::scroll_by(model, 1);
    }
    is_listed
}

/// The next file of which not everything was shown, the first of them after the last one; else the
/// next file.
fn other_file(model: &mut Model) -> bool {
    let Some(view) = &model.gate else {
        return false;
    };
    let (here, count) = (view.file, view.files.len());
    let is_unshown = |index: &usize| view.files.get(*index).is_some_and(|file| !file.is_wholly_shown());
    let next = (here + 1..count).chain(0..here).find(is_unshown);
    let next = next.or_else(|| (here + 1 < count).then_some(here + 1));
    if let Some(next) = next {
        diff::go_to_file(model, next);
    }
    next.is_some()
}

/// Everything was read: says so, and goes to the next gate when the key is pressed once more.
fn end(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    let next = next_gate(model).filter(|_| focus != Focus::Confirm);
    let is_told = model.gate.as_ref().is_some_and(|view| view.is_end_told);
    if let Some(place) = next.filter(|_| is_told) {
        return queue::choose(model, place, fx);
    }
    let rest = rest(model);
    let what = if rest.is_empty() {
        "This is the end: all of it was shown".to_owned()
    } else {
        format!("This is the end, but not all of it was shown: {rest}")
    };
    let next = next.and_then(|place| model.queue.row(place)).map(RowKey::of);
    let goes_on = match next {
        Some(RowKey::Gate(key)) => Some(format!("once more goes on to {key}")),
        Some(RowKey::Job(_)) | None => None,
    };
    let is_decided_here = focus != Focus::Confirm && verb::applies(model, focus, Action::Approve);
    let decides = is_decided_here.then(|| {
        let [approve, reject] = [Action::Approve, Action::Reject].map(|action| keymap::key_in(focus, action));
        format!("{approve} approves, {reject} rejects")
    });
    let hints: Vec<_> = decides.into_iter().chain(goes_on).collect();
    let hint = match hints.is_empty() {
        true => String::new(),
        false => format!("   hint: {}", hints.join("; ")),
    };
    if let Some(view) = &mut model.gate {
        view.is_end_told = true;
    }
    tell(model, format!("{what}{hint}"));
}

/// What cannot be read on to, in words; nothing when all was shown or is on the screen.
fn rest(model: &Model) -> String {
    let Some(view) = &model.gate else {
        return String::new();
    };
    let Some(file) = view.current() else {
        return String::new();
    };
    let key = |action| keymap::key_in(Focus::Diff, action);
    if diff::is_listed(model, file) && !file.is_wholly_shown() {
        return format!("these are values; {} shows the text", key(Action::Mode));
    }
    if !file.comparison.is_usual() && !file.is_wholly_shown() {
        return format!("this is another base; {} goes back to the usual one", key(Action::Base));
    }
    let is_cut_off =
        soon_shown(model, file).is_some_and(|(shown, document, _)| shown.next_unshown(&document, 0).is_some());
    if is_cut_off {
        return format!("{} wraps the lines that are cut", key(Action::Wrap));
    }
    String::new()
}

/// The open gate that is the most urgent after the selected one; of all, where that is none any
/// more.
fn next_gate(model: &Model) -> Option<usize> {
    let mut places = model.queue.by_urgency();
    if let Some(here) = model.queue.place() {
        places.find(|place| *place == here)?;
    }
    places.next()
}
