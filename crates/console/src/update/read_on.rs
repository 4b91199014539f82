//! Reading on: one key that goes to what was not shown yet, line by line, hunk by hunk, file by
//! file; at the end it says so. Another one marks what was read whole and goes on to the next gate.
//!
//! Neither decides anything, and what they lead to counts only when it has stood on the screen (see
//! [`has_stood`]): a key that was meant for the gate before is no answer for this
//! one.

use super::{diff, mark, motion, queue};
use crate::action::Action;
use crate::effect::Effect;
use crate::facts::page::is_listed;
use crate::facts::verb;
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::bulk::Mark;
use crate::model::file::{Content, FileView, Scroll};
use crate::model::gate::GateView;
use crate::model::panes::Lower;
use crate::model::queue::RowKey;
use crate::model::shown::{ShownRows, VisibleRow};
use crate::model::standing::STOOD_US;
use crate::update::outgoing::{refuse, tell};
use ::diff::DiffDocument;
use ::diff::page::RowPart;
use domain::key::GateKey;
use text::words::counted;

/// Goes to what is to be read next.
pub(crate) fn read_on(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    if focus != Focus::Confirm && !verb::is_gate_shown(model) {
        return to_gate(model, fx);
    }
    if is_unread(model) {
        return;
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
    // Behind the values comes the text, which alone counts as shown.
    if model.file().is_some_and(|file| !file.is_wholly_shown()) && diff::read_as_text(model) {
        unshown_line(model);
        return;
    }
    if !other_file(model) {
        end(model, focus, fx);
    }
}

/// Whether nothing is known yet of the gate on the screen, and says so.
fn is_unread(model: &mut Model) -> bool {
    let unread = model.gate.as_ref().filter(|view| view.rows.is_none());
    let words = unread.map(|view| format!("{} is still being read   hint: press the key again", view.key));
    let is_unread = words.is_some();
    if let Some(words) = words {
        tell(model, words);
    }
    is_unread
}

/// From elsewhere: the gate of the row is shown, else the most urgent one.
fn to_gate(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.gate.is_none()
        && let Some(place) = next_gate(model)
    {
        go(model, place, fx);
    }
    motion::show(model, Lower::Gate, fx);
    if let Some(view) = &mut model.gate {
        view.is_read_to = true;
        view.drawn_boot_us = None;
    }
}

/// Goes on to the gate at a place.
fn go(model: &mut Model, place: usize, fx: &mut Vec<Effect>) {
    queue::choose(model, place, fx);
    if let Some(view) = &mut model.gate {
        view.is_read_to = true;
    }
}

/// Whether the gate to which reading on has led has stood on the screen as long as a line that
/// counts as shown. False says so: a key that came sooner was meant for what stood there before.
pub(crate) fn has_stood(model: &mut Model, focus: Focus) -> bool {
    let is_bulk = focus == Focus::Queue && verb::is_bulk(model);
    let Some(view) = model.gate.as_ref().filter(|view| view.is_read_to && !is_bulk) else {
        return true;
    };
    let drawn_boot_us = view.drawn_boot_us;
    let has_stood = drawn_boot_us.is_some_and(|since_us| model.now.boot_us >= since_us + STOOD_US);
    if !has_stood {
        let words = format!(
            "The key came before {} had stood on the screen   hint: read it, then press the key",
            view.key
        );
        tell(model, words);
    }
    has_stood
}

/// Marks the gate that was shown whole and goes on to the next one; until then it reads on.
pub(crate) fn mark_read(model: &mut Model, focus: Focus, fx: &mut Vec<Effect>) {
    if is_unread(model) {
        return;
    }
    let Some(view) = &model.gate else {
        return;
    };
    let is_told = view.is_end_told;
    if let (Some(extent), Some(digest), Some(gate), true) =
        (view.extent(), view.shown_digest(), view.gate(), view.is_wholly_shown())
    {
        let key = view.key.clone();
        let mark = Mark {
            digest: Some(digest),
            context: gate.context.clone(),
            context_left: None,
            is_seen: true,
            extent: Some(extent),
        };
        if let Err((why, hint)) = verb::pin(model) {
            return refuse(model, "Not marked", &why, &hint);
        }
        if !mark::read(model, key, mark, fx) {
            return;
        }
        mark::row(model, fx);
        if let Some(place) = next_unmarked(model) {
            return go(model, place, fx);
        }
        let [approve, reject] = [Action::Approve, Action::Reject].map(|action| keymap::key_in(Focus::Queue, action));
        let count = counted(model.marks.on.len(), "gate");
        model.panes.is_lower_focused = false;
        let words = format!("{count} marked, no other is open   hint: {approve} or {reject} decides them");
        return tell(model, words);
    }
    // What is on the screen will count in a moment; only the same key after it marks.
    if is_told || is_all_in_sight(model) {
        let unseen = model.gate.as_ref().map(GateView::unseen).unwrap_or_default();
        let on = keymap::key_in(focus, Action::ReadOn);
        let rest = rest(model);
        return match rest.is_empty() {
            true => tell(
                model,
                "It has only just come on the screen   hint: the same key once more marks it",
            ),
            false => {
                let unseen = unseen.join(", ");
                tell(
                    model,
                    format!("No mark: {unseen} was not shown, and {rest}   hint: {on} goes on without a mark"),
                );
            }
        };
    }
    read_on(model, focus, fx);
}

/// Whether nothing is left to read but what stands on the screen.
fn is_all_in_sight(model: &Model) -> bool {
    let Some(view) = &model.gate else {
        return false;
    };
    let here = view.file;
    let others = view.files.iter().enumerate().filter(|(index, _)| *index != here);
    let is_rest_shown = others.into_iter().all(|(_, file)| file.is_wholly_shown());
    let is_here = view.current().is_none_or(|file| {
        let soon = soon_shown(model, file);
        let is_read = !matches!(file.content, Content::Loading | Content::Known);
        is_read && soon.is_none_or(|(shown, document, _)| shown.next_unshown(&document, 0).is_none())
    });
    is_rest_shown && is_here
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
    if !file.comparison.is_usual() || is_listed(model, file) {
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
    let is_listed = file.is_some_and(|file| is_listed(model, file));
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
        return go(model, place, fx);
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
    if is_listed(model, file) && !file.is_wholly_shown() {
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

/// Where it is read on: the most urgent gate after the selected one, first of those that were not
/// read whole here and are not marked, else of all after it.
fn next_gate(model: &Model) -> Option<usize> {
    let mut others = around(model).into_iter();
    let unread = others.find(|place| unmarked(model, *place).is_some_and(|key| !is_read(model, &key)));
    unread.or_else(|| {
        let mut places = model.queue.by_urgency();
        if let Some(here) = model.queue.place() {
            places.find(|place| *place == here)?;
        }
        places.next()
    })
}

/// The most urgent gate after the selected one that is not marked; after the last one the first.
fn next_unmarked(model: &Model) -> Option<usize> {
    let mut others = around(model).into_iter();
    others.find(|place| unmarked(model, *place).is_some())
}

/// The gate at a place, where it has no mark.
fn unmarked(model: &Model, place: usize) -> Option<GateKey> {
    let key = model.queue.row(place).and_then(|row| RowKey::of(row).gate());
    key.filter(|key| !model.marks.on.contains_key(key))
}

/// All open gates but the selected one: those after it by urgency, then those before it.
fn around(model: &Model) -> Vec<usize> {
    let mut places: Vec<_> = model.queue.by_urgency().collect();
    let here = model.queue.place();
    if let Some(at) = places.iter().position(|place| Some(*place) == here) {
        places.rotate_left(at);
        places.remove(0);
    }
    places
}

/// Whether all of a gate was shown in this console before the selection left it.
fn is_read(model: &Model, key: &GateKey) -> bool {
    let mut remembered = model.panes.remembered.iter();
    let of_gate = remembered.find(|of_gate| of_gate.key == *key);
    of_gate.is_some_and(|of_gate| of_gate.recorded.is_some_and(|(_, extent)| extent.is_whole()))
}
