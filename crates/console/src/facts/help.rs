//! The keys in lines, made from the keymap, narrowed down by what is typed.

use crate::facts::{lists, wrap};
use crate::keymap;
use crate::model::Model;
use crate::model::keys::Listed;
use domain::policy::Doubt;

/// Room for `Ctrl-w or Alt-Backspace`.
const KEYS_CELLS: usize = 23;

/// Cells before the keys.
pub(crate) const INDENT: usize = 3;

/// A line of the help: a group's name, or keys and what they mean.
pub(crate) enum HelpRow {
    Group(&'static str),
    /// Keys and meaning, as far as they go into one line; what goes on below has lines of its own.
    Keys(String, String),
}

/// So many columns hold a line of keys with what they mean.
const SIDE_COLUMNS: u16 = 56;
/// More than this are side by side in no window.
const SIDES_MAX: u16 = 3;

/// How many columns of lines stand side by side.
pub(crate) fn sides(width: u16) -> u16 {
    (width / SIDE_COLUMNS).clamp(1, SIDES_MAX)
}

/// How many lines are in sight at once, but for one for each column of them.
pub(crate) fn page(model: &Model) -> usize {
    usize::from(model.window.size.1.saturating_sub(4)) * usize::from(sides(model.window.size.0))
}

/// The cells of the keys, and of what they mean.
pub(crate) fn cells(columns: u16) -> (usize, usize) {
    let columns = usize::from(columns);
    let keys = KEYS_CELLS.min(columns / 3);
    (keys, columns.saturating_sub(INDENT + keys + 1))
}

/// Keys and meaning in as many lines as they need.
fn wrapped(keys: &str, meaning: &str, columns: u16) -> Vec<HelpRow> {
    let (key_cells, cells) = cells(columns);
    let mut keys = wrap::split(keys, key_cells, usize::MAX).into_iter();
    let mut meaning = wrap::split(meaning, cells, usize::MAX).into_iter();
    let lines = std::iter::from_fn(|| match (keys.next(), meaning.next()) {
        (None, None) => None,
        (keys, meaning) => Some(HelpRow::Keys(keys.unwrap_or_default(), meaning.unwrap_or_default())),
    });
    lines.collect()
}

/// What stands in the queue.
const COLUMNS: [(&str, &str); 7] = [
    (
        "×12",
        "so many gates with the same change in one row, the time is that of the first; in WHO: so many of them",
    ),
    ("↓", "the rows are sorted by this column"),
    (
        "! * + >",
        "a timer's last minute or high severity, marked, some of them marked, selected",
    ),
    ("#", "which attempt of the stage"),
    (
        "LEFT",
        "time left; = it stands still: held, or somebody has the gate open; ! it was over before anybody could act",
    ),
    ("THEN", "what happens when no time is left; person: nothing without you"),
    ("CHANGE", "lines against the base, of all files"),
];

/// The last of them, in the words of the rules.
fn who() -> String {
    let unseen = Doubt::Unseen.words();
    format!("who is at it, or holds it until when and why; unseen: {unseen}; partly seen: the same, but some of it")
}

/// What stands before a stage.
const STAGES: [(&str, &str); 4] = [
    ("> * .", "the job waits there; it runs; it will run"),
    ("+ -", "approved, or passed without a gate; rejected"),
    ("t", "approved by the timer, where (timer) finds no room"),
    ("! x", "failed; canceled"),
];

/// The lines, narrowed down.
pub(crate) fn rows(model: &Model) -> Vec<HelpRow> {
    let filter = model.keys.sought(Listed::Help);
    let is_sought = |text: String| lists::fits(&filter, &text);
    let columns = model.window.size.0 / sides(model.window.size.0);
    let legend = |group: &'static str, signs: &[(&str, &str)]| {
        let fits = |(name, meaning): &&(&str, &str)| is_sought(format!("{group} {name} {meaning}"));
        let lines = signs
            .iter()
            .filter(fits)
            .flat_map(|(name, meaning)| wrapped(name, meaning, columns));
        let lines: Vec<_> = lines.collect();
        let head = (!lines.is_empty()).then_some(HelpRow::Group(group));
        head.into_iter().chain(lines).collect::<Vec<_>>()
    };
    let who = who();
    let queue: Vec<_> = COLUMNS.into_iter().chain([("WHO", &*who)]).collect();
    let mut rows = legend("columns of the queue", &queue);
    for group in keymap::all_groups() {
        let fits = |binding: &&keymap::Binding| {
            is_sought(format!("{} {} {}", group.name, binding.keys_in_words(), binding.help()))
        };
        let is_allowed = |binding: &&keymap::Binding| {
            let action = binding.action;
            action.is_none_or(|action| model.session.forbids(action).is_none())
        };
        let bindings: Vec<_> = group.bindings.iter().filter(fits).filter(is_allowed).collect();
        if !bindings.is_empty() {
            rows.push(HelpRow::Group(group.name));
            let lines = |binding: &&keymap::Binding| wrapped(&binding.keys_in_words(), &binding.help(), columns);
            rows.extend(bindings.iter().flat_map(lines));
        }
    }
    rows.extend(legend("signs of the stages", &STAGES));
    rows
}
