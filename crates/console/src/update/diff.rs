//! Moving in the diff: rows, hunks, matches, files, folds.

use crate::action::Action;
use crate::effect::{Effect, FindJob};
use crate::facts::page::is_listed;
use crate::facts::verb;
use crate::keymap::{self, Focus};
use crate::layout;
use crate::model::Model;
use crate::model::file::{Content, FileView};
use crate::model::look::Mode;
use crate::update::outgoing::tell;
use diff::document::{CONTEXT_LINES, RowKind};
use diff::page::{Page, PagePosition, RowPart};
use diff::search::{Direction, Hit, Needle};
use diff::{DiffDocument, DiffSide, Folding};
use text::{LineShape, visible_window, width};

/// Sideways a diff scrolls so far: what is further right is reached by wrapping. A line is read
/// from its beginning up to there.
pub(crate) const LEFT_MAX: usize = 4000;

/// The layout of the diff on screen, and its first line.
fn with_page<T>(model: &Model, ask: impl FnOnce(&Page<'_>, PagePosition) -> T) -> Option<T> {
    let file = model.file()?;
    let page = layout::diff_page(model, file)?;
    Some(ask(&page, page.within(file.scroll.top)))
}

fn set_top(model: &mut Model, top: Option<PagePosition>) {
    if let (Some(top), Some(file)) = (top, model.file_mut()) {
        file.scroll.top = top;
    }
}

/// Moves the diff so that a place is in the first line, so far as there are lines.
fn scroll_to(model: &mut Model, place: PagePosition) {
    let height = layout::diff_rows(model);
    let top = with_page(model, |page, _| page.within(place).min(page.last_top(height)));
    set_top(model, top);
}

/// Scrolls by lines.
pub(crate) fn scroll_by(model: &mut Model, lines: isize) {
    if let Some(count) = listed_values(model) {
        return scroll_values(model, count, lines);
    }
    let height = layout::diff_rows(model);
    let top = with_page(model, |page, top| page.moved(top, lines).min(page.last_top(height)));
    set_top(model, top);
}

/// The rows of the document that are on the screen, in their order.
pub(crate) fn rows_in_sight(model: &Model) -> Vec<usize> {
    let height = layout::diff_rows(model);
    let rows = with_page(model, |page, top| {
        let lines = page.lines(top, height);
        lines
            .iter()
            .flat_map(|line| line.parts())
            .map(|part| part.row_at)
            .collect()
    });
    rows.unwrap_or_default()
}

/// Scrolls no further than it takes until a row is on the screen, with what is said of it.
pub(crate) fn keep_in_sight(model: &mut Model, row_at: usize) {
    let height = layout::diff_rows(model);
    let top = with_page(model, |page, top| {
        let place = page.place_of(row_at, 0);
        let rest = isize::try_from(height.saturating_sub(2)).unwrap_or(isize::MAX);
        let below = page.moved(place, rest.saturating_neg());
        if place < top {
            page.moved(place, -1)
        } else {
            top.max(below)
        }
    });
    if let Some(top) = top {
        scroll_to(model, top);
    }
}

/// Where the diff begins when a hunk is looked at: a line above it. A row that is longer than the
/// screen is looked at where it changed, and so is the one that stands for it, far below.
fn stops(page: &Page<'_>, hunk: usize, height: usize) -> Vec<PagePosition> {
    let row_at = page.document.hunk_rows(hunk).map_or(0, |rows| rows.start);
    let changed = |row_at: usize| {
        let row = page.document.row(row_at)?;
        let first = page.document.word_marks(&row).first()?.start;
        let place = page.place_of(row_at, first);
        (place.line >= height.max(2) / 2).then_some(place)
    };
    let Some(place) = changed(row_at) else {
        return vec![page.moved(page.place_of(row_at, 0), -1)];
    };
    let pair = page.document.row(row_at).and_then(|row| row.pair);
    let pair_at = pair.and_then(|line| page.document.row_of_line(DiffSide::New, line));
    let places = [Some(place), pair_at.and_then(changed)];
    let mut stops: Vec<PagePosition> = places
        .into_iter()
        .flatten()
        .map(|place| page.moved(place, -1))
        .collect();
    stops.dedup();
    stops
}

/// To the next hunk below, if there is one.
pub(crate) fn next_hunk(model: &mut Model) -> bool {
    to_hunk(model, true)
}

fn to_hunk(model: &mut Model, is_forward: bool) -> bool {
    let height = layout::diff_rows(model);
    let found = with_page(model, |page, top| {
        let count = page.document.hunk_count();
        let stops = |hunk: usize| stops(page, hunk, height);
        let row = page.row_at(top).unwrap_or(0);
        // The present hunk is the one whose line above is the first line on screen.
        if is_forward {
            let is_end = top >= page.last_top(height);
            let from = page.document.hunk_before(row).unwrap_or(0);
            (from..count)
                .filter(|_| !is_end)
                .flat_map(stops)
                .find(|&place| place > top)
        } else {
            let from = page.document.hunk_after(row).map_or(count, |hunk| hunk + 1);
            let back = |hunk: usize| stops(hunk).into_iter().rev();
            (0..from.min(count)).rev().flat_map(back).find(|&place| place < top)
        }
    });
    if let Some(place) = found.flatten() {
        scroll_to(model, place);
        show_change(model, place);
        return true;
    }
    false
}

/// To the next hunk, or the one before.
pub(crate) fn hunk(model: &mut Model, is_forward: bool) {
    if let Some(count) = listed_values(model) {
        return scroll_values(model, count, if is_forward { 1 } else { -1 });
    }
    if model.file().is_none() || to_hunk(model, is_forward) {
        return;
    }
    let edge = if is_forward { "last" } else { "first" };
    let files = model.gate.as_ref().map_or(0, |view| view.files.len());
    let [next, former] = [Action::NextFile, Action::FormerFile].map(|action| keymap::key_in(Focus::Diff, action));
    let hint = match files {
        0 | 1 => String::new(),
        _ => format!("   hint: {next} and {former} change the file"),
    };
    tell(model, format!("This is the {edge} hunk of the file{hint}"));
}

/// Goes to a byte of a row: a line above it stays in sight, and where lines are cut it scrolls
/// sideways.
pub(crate) fn go_to_row(model: &mut Model, row_at: usize, offset: usize) {
    let place = with_page(model, |page, _| page.moved(page.place_of(row_at, offset), -1));
    if let Some(place) = place {
        scroll_to(model, place);
        show_offset(model, row_at, offset);
    }
}

/// Where long lines are cut, scrolls sideways until the first changed word below the first line is
/// in sight.
fn show_change(model: &mut Model, top: PagePosition) {
    let changed = with_page(model, |page, _| {
        let row_at = page.row_at(page.moved(top, 1))?;
        let marks = page.document.word_marks(&page.document.row(row_at)?);
        marks.first().map(|mark| (row_at, mark.start))
    });
    if let Some(Some((row_at, offset))) = changed {
        show_offset(model, row_at, offset);
    }
}

/// Another file.
pub fn file(model: &mut Model, is_forward: bool) {
    let Some(view) = &model.gate else {
        return;
    };
    let next = if is_forward {
        view.file.saturating_add(1)
    } else {
        view.file.saturating_sub(1)
    };
    go_to_file(model, next);
}

/// The file of this index, or the last one.
pub(crate) fn go_to_file(model: &mut Model, index: usize) {
    if let Some(view) = &mut model.gate {
        (view.search.hit, view.search.number) = (None, 0);
        view.file = index.min(view.files.len().saturating_sub(1));
        view.forget_distant();
    }
}

/// Changes how the diff is laid out; the line at the top stays there as nearly as it can.
pub(crate) fn relayout(model: &mut Model, change: impl FnOnce(&mut Model)) {
    // Another folding numbers rows anew, but lines keep their numbers.
    let kept = with_page(model, |page, top| {
        let part = page
            .lines(top, 1)
            .into_iter()
            .next()
            .and_then(|line| line.parts().last().cloned())?;
        let line = part.row.new_line.or(part.row.old_line)?.checked_sub(1)?;
        let side = if part.row.new_line.is_some() {
            DiffSide::New
        } else {
            DiffSide::Old
        };
        Some((side, line, part.bytes.start))
    });
    change(model);
    let Some(Some((side, line, offset))) = kept else {
        return;
    };
    let place = with_page(model, |page, _| {
        let row_at = page.document.row_of_line(side, line).unwrap_or(0);
        page.place_of(row_at, offset)
    });
    if let Some(place) = place {
        scroll_to(model, place);
    }
}

/// Shows the whole file, then nothing but changed lines, then those with a few around them.
pub(crate) fn fold(model: &mut Model) {
    if let Some(file) = model.file()
        && is_listed(model, file)
    {
        let key = keymap::key_in(Focus::Diff, Action::Mode);
        let text = format!("Values are not folded   hint: {key} shows the text");
        return tell(model, text);
    }
    refold(model);
    let file = model.file();
    let words = match file.and_then(FileView::document).map(DiffDocument::folding) {
        Some(Folding::Unfolded) => "The whole file",
        Some(Folding::Context(0)) => "Nothing but changed lines",
        Some(Folding::Context(_)) => "Three lines around each change",
        None => return,
    };
    tell(model, words);
}

fn refold(model: &mut Model) {
    relayout(model, |model| {
        if let Some(file) = model.file_mut()
            && let Content::Text(document) = &file.content
        {
            let folding = match document.folding() {
                Folding::Unfolded => Folding::Context(0),
                Folding::Context(0) => Folding::Context(CONTEXT_LINES),
                Folding::Context(_) => Folding::Unfolded,
            };
            file.content = Content::Text(document.with_folding(folding));
        }
    });
}

/// Two texts side by side need at least this much.
const TWO_COLUMNS_MIN: u16 = 60;

/// The next way to show a changed text, of those that there are for it.
pub(crate) fn mode(model: &mut Model) {
    let columns = model.window.size.0;
    let is_narrow = columns < TWO_COLUMNS_MIN;
    let file = model.file();
    // They may still be on their way: then they take their place when they come.
    let may_have = |file: &FileView| {
        let is_known = file.bytes.is_some() && !file.is_measuring;
        file.artifact.path.as_str().ends_with(".json") && !is_known
    };
    let has_values = file.is_some_and(|file| file.details.values.is_some() || may_have(file));
    let is_new = file.and_then(FileView::document).is_some_and(DiffDocument::is_new);
    let next = |mode: Mode| match mode {
        Mode::Unified if !is_narrow && !is_new => Mode::SideBySide,
        Mode::Unified | Mode::SideBySide if has_values && mode != Mode::Values => Mode::Values,
        Mode::Unified | Mode::SideBySide | Mode::Values => Mode::Unified,
    };
    let former = match file.is_some_and(|file| is_listed(model, file)) {
        true => Mode::Values,
        false => model.panes.look.mode,
    };
    let mode = next(former);
    let why = if is_new {
        "; all of it is new, there is nothing to stand beside it".to_owned()
    } else if is_narrow {
        format!("; side by side needs {TWO_COLUMNS_MIN} columns, there are {columns}")
    } else {
        String::new()
    };
    let why = if former == Mode::Unified { why } else { String::new() };
    relayout(model, |model| {
        (model.panes.look.mode, model.panes.look.is_chosen) = (mode, true)
    });
    tell(model, format!("Shown {}{why}", mode.label()));
}

/// Shows the text of a file whose values are shown without anybody having chosen that. Returns
/// whether they were.
pub(crate) fn read_as_text(model: &mut Model) -> bool {
    let is_first = |file: &&FileView| !model.panes.look.is_chosen && is_listed(model, file);
    let is_listed = model.file().filter(is_first).is_some();
    if let Some(file) = model.file_mut() {
        file.is_read_as_text |= is_listed;
    }
    is_listed
}

/// The changed values, where these are what is shown.
fn listed_values(model: &Model) -> Option<usize> {
    let file = model.file()?;
    let values = file.details.values.as_ref()?;
    is_listed(model, file).then_some(values.changes.len())
}

/// Scrolls the list of changed values.
fn scroll_values(model: &mut Model, count: usize, by: isize) {
    if let Some(file) = model.file_mut() {
        file.scroll.values_top = file
            .scroll
            .values_top
            .saturating_add_signed(by)
            .min(count.saturating_sub(1));
    }
}

/// Wraps long lines, or cuts them.
pub(crate) fn wrap(model: &mut Model) {
    relayout(model, |model| model.panes.look.wraps = !model.panes.look.wraps);
    let text = if model.panes.look.wraps {
        "Long lines are wrapped".to_owned()
    } else if model.focus() == Focus::Queue && !is_cut(model, true) {
        // There the keys that scroll sideways lead to the other pane as long as nothing is to the
        // right.
        "Long lines are cut; on this screen none is".to_owned()
    } else {
        let keys = [Action::Left, Action::Right].map(|action| keymap::key_in(Focus::Diff, action));
        format!("Long lines are cut; {} scroll sideways", keys.join(" and "))
    };
    tell(model, text);
}

/// Whether lines on the screen are cut on this side, by the window or by scrolling.
pub(crate) fn is_cut(model: &Model, is_right: bool) -> bool {
    if !verb::is_diff_shown(model) {
        return false;
    }
    let height = layout::diff_rows(model);
    let is_cut = with_page(model, |page, top| {
        let lines = page.lines(top, height);
        let mut parts = lines.iter().flat_map(|line| line.parts());
        let is_cut_right = |part: &RowPart| part.bytes.end < part.row.text.len();
        !page.wraps
            && if is_right {
                parts.any(is_cut_right)
            } else {
                page.left > 0
            }
    });
    is_cut.unwrap_or(false)
}

/// Looks for the next match, or the one before; without a search, goes to a hunk.
pub(crate) fn find_match(model: &mut Model, is_forward: bool, fx: &mut Vec<Effect>) {
    let Some(view) = &model.gate else {
        return;
    };
    let Some(text) = &view.search.text.clone() else {
        hunk(model, is_forward);
        return;
    };
    // What is sought stands in the text.
    read_as_text(model);
    let Some(view) = &model.gate else {
        return;
    };
    let (Some(needle), Some(file)) = (Needle::new(text), view.current()) else {
        return;
    };
    let Some(document) = file.document().cloned() else {
        return;
    };
    let direction = if is_forward { Direction::Down } else { Direction::Up };
    // A new search begins with what is on the screen: just above it, so that its first line counts.
    let from = view.search.hit.or_else(|| with_page(model, spot_above).flatten());
    let number = model.outgoing.next_number();
    if let Some(view) = &mut model.gate {
        view.search.number = number;
    }
    fx.push(Effect::Find(FindJob {
        number,
        document,
        needle,
        from,
        direction,
    }));
}

/// The last place above the first line of the screen.
fn spot_above(page: &Page<'_>, top: PagePosition) -> Option<Hit> {
    let row_at = page.row_at(top)?.checked_sub(1)?;
    let row = page.document.row(row_at)?;
    let (side, number) = match row.new_line {
        Some(line) => (DiffSide::New, line),
        None => (DiffSide::Old, row.old_line?),
    };
    Some(Hit {
        side,
        line: number.checked_sub(1)?,
        offset: usize::MAX / 2,
    })
}

/// Goes where a search led.
pub(crate) fn found(model: &mut Model, number: u64, spot: Option<Hit>) {
    let Some(view) = model.gate.as_mut().filter(|view| view.search.number == number) else {
        return;
    };
    let Some(spot) = spot else {
        let text = view.search.text.clone().unwrap_or_default();
        tell(model, format!("Not found from here on: {text}"));
        return;
    };
    view.search.hit = Some(spot);
    let is_hidden = with_page(model, |page, _| {
        let row_at = page.document.row_of_line(spot.side, spot.line);
        let row = row_at.and_then(|row_at| page.document.row(row_at));
        matches!(row.map(|row| row.kind), Some(RowKind::Fold { .. }))
    });
    if is_hidden == Some(true) {
        refold(model);
        tell(model, "Found in unchanged lines: all of them are shown now");
    }
    let row_at = with_page(model, |page, _| page.document.row_of_line(spot.side, spot.line)).flatten();
    let Some(row_at) = row_at else {
        return;
    };
    show_offset(model, row_at, spot.offset);
    let place = with_page(model, |page, _| page.moved(page.place_of(row_at, spot.offset), -1));
    scroll_to(model, place.unwrap_or_default());
}

/// Scrolls sideways until a byte of a row is in sight, where long lines are cut.
fn show_offset(model: &mut Model, row_at: usize, offset: usize) {
    let wanted = with_page(model, |page, _| {
        let row = page.document.row(row_at).filter(|_| !page.wraps)?;
        let cell = width_before(page.document.row_text(&row), offset);
        // The last cell may be taken by the sign that the line goes on.
        let cells = page.cells(&row).saturating_sub(1).max(1);
        let is_in_sight = (page.left..page.left + cells).contains(&cell);
        (!is_in_sight).then(|| cell.saturating_sub(cells / 2).min(LEFT_MAX))
    });
    if let (Some(Some(left)), Some(file)) = (wanted, model.file_mut()) {
        file.scroll.left = left;
    }
}

/// The cell in which a byte stands, as far as sideways scrolling reaches.
fn width_before(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset.min(LEFT_MAX * 4)).unwrap_or(text);
    let spans = visible_window(before, LineShape::default(), &[], 0..LEFT_MAX * 2);
    spans.iter().map(|span| width(&span.text)).sum()
}
