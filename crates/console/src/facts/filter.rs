//! The filter while it is written: what is wrong with it, and which words there are.

use super::shorten;
use crate::model::Model;
use crate::model::keys::Field;
use domain::filter::{FILTER_WORDS, FilterFault, GateFilter};
use text::width;

/// What is typed into the queue's filter; none: no filter is being written, or one of the history
/// or of the jobs, which have no words of their own.
fn typed(model: &Model) -> Option<String> {
    match &model.keys.field {
        Some(Field::Filter(editor)) if model.panes.own_filter().is_none() => Some(editor.text()),
        Some(Field::Filter(_) | Field::Search(_) | Field::Find(..)) | None => None,
    }
}

/// What is wrong with the filter that is being written.
pub(crate) fn fault(model: &Model) -> Option<FilterFault> {
    GateFilter::parse(&typed(model)?).err()
}

/// Cells between the filter and what stands beside it.
const GAP: &str = "   ";
/// So many cells the end of the filter keeps.
const TYPED_CELLS_MIN: usize = 20;

/// The cells beside what is typed.
fn room(typed: &str, cells: usize) -> usize {
    cells.saturating_sub(GAP.len() + 1 + width(typed).min(TYPED_CELLS_MIN))
}

/// Why it is wrong, for the line in which it is written; what would be right stands below.
pub(crate) fn fault_beside(model: &Model, cells: usize) -> String {
    let (Some(typed), Some(fault)) = (typed(model), fault(model)) else {
        return String::new();
    };
    let room = room(&typed, cells);
    let mut wordings = vec![fault.to_string(), fault.fault()];
    // The word that is being written needs no name.
    if typed.ends_with(&fault.word) {
        wordings.push(fault.why.clone());
    }
    let words = shorten::fitting(wordings, |words| width(words) <= room);
    let words = words.unwrap_or_else(|| text::cut(&fault.why, room));
    format!("{GAP}{words}")
}

/// The words that could be written on: all of them at the beginning of one, else those that begin
/// like it.
pub(crate) fn words_beside(model: &Model, cells: usize) -> String {
    let Some(typed) = typed(model) else {
        return String::new();
    };
    let begun = typed.rsplit(char::is_whitespace).next().unwrap_or_default();
    let mut words = FILTER_WORDS
        .iter()
        .filter(|word| word.starts_with(begun) && **word != begun);
    let Some(first) = words.next() else {
        return String::new();
    };
    let room = room(&typed, cells);
    let mut said = format!("words: {first}");
    for word in words {
        if said.len() + 1 + word.len() > room {
            break;
        }
        said = format!("{said} {word}");
    }
    match said.len() <= room {
        true => format!("{GAP}{said}"),
        false => String::new(),
    }
}
