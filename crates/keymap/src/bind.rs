//! Keys that are bound anew: what the configuration may say, and why something is refused.

use std::collections::BTreeMap;

use text::near_miss::near_miss;

use super::action::Action;
use super::key_press::{Code, KeyPress};
use super::{ALL, Binding, EDITING, Focus, Group, groups};

/// They mean the same everywhere: what keeps a slip from deciding knows them by name.
const FIXED: [&str; 3] = ["Enter", "Esc", "Ctrl-c"];
/// What a terminal sends for another key too, and which.
const SAME_BYTES: [(&str, &str); 4] = [
    ("Ctrl-h", "Backspace"),
    ("Ctrl-i", "Tab"),
    ("Ctrl-m", "Enter"),
    ("Ctrl-[", "Esc"),
];
/// An arrow, Home or F1 that a stalled line tears into two leaves an Escape and one of these.
const TORN: [&str; 8] = ["A", "B", "C", "D", "F", "H", "O", "["];
/// What every text field takes, besides the keys of "while writing".
const WRITES: [&str; 6] = ["Left", "Right", "Up", "Down", "Backspace", "Del"];

type Row = (&'static str, &'static str, &'static [&'static str]);

/// Sets of keys by name; the first is the table as it stands.
pub(super) const SETS: [(&str, &[Row]); 2] = [
    ("default", &[]),
    (
        "emacs",
        &[
            ("move", "down", &["Ctrl-n", "Down", "j"]),
            ("move", "up", &["Ctrl-p", "Up", "k"]),
            ("move", "right", &["Ctrl-f", "Right", "l"]),
            ("move", "left", &["Ctrl-b", "Left", "h"]),
            ("move", "page_down", &["Ctrl-v", "PgDn"]),
            ("line", "down", &["Ctrl-n", "Down", "j"]),
            ("line", "up", &["Ctrl-p", "Up", "k"]),
            ("line", "page_down", &["Ctrl-v", "PgDn"]),
            ("confirm_look", "down", &["Ctrl-n", "Down", "j"]),
            ("confirm_look", "up", &["Ctrl-p", "Up", "k"]),
            ("confirm_look", "page_down", &["Ctrl-v", "PgDn", "f"]),
            ("bulk", "down", &["Ctrl-n", "Down", "j"]),
            ("bulk", "up", &["Ctrl-p", "Up", "k"]),
            ("bulk", "page_down", &["Ctrl-v", "PgDn", "Space", "f"]),
            ("list_field", "down", &["Ctrl-n", "Down"]),
            ("list_field", "up", &["Ctrl-p", "Up"]),
            ("candidates", "down", &["Ctrl-n", "Down"]),
            ("candidates", "up", &["Ctrl-p", "Up"]),
            ("types", "down", &["Ctrl-n", "Down", "j", "F2"]),
            ("types", "up", &["Ctrl-p", "Up", "k"]),
            ("terminal", "hold_called", &["F9"]),
        ],
    ),
];

/// The names of the sets.
pub const PRESETS: &[&str] = &[SETS[0].0, SETS[1].0];

/// Why keys are not bound so, and what would be right.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyFault {
    pub message: String,
    pub hint: String,
}

fn refuse<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, KeyFault> {
    Err(KeyFault {
        message: message.into(),
        hint: hint.into(),
    })
}

/// A part of the table whose keys may be bound anew.
#[derive(Debug)]
pub struct KeyPlace {
    pub name: String,
    /// Its name in the help.
    pub title: &'static str,
    group: &'static Group,
}

/// All of them, in the order of the help.
pub fn places() -> Vec<KeyPlace> {
    let places = ALL.iter().map(|group| KeyPlace {
        name: group.place.to_lowercase(),
        title: group.name,
        group,
    });
    places.filter(|place| place.rows().next().is_some()).collect()
}

impl KeyPlace {
    /// Its actions by name, and the keys of each.
    pub fn rows(&self) -> impl Iterator<Item = (String, &'static Binding)> {
        let bindings = self.group.bindings.iter();
        bindings.filter_map(|binding| Some((binding.action.filter(is_free)?.config_name(), binding)))
    }

    fn focuses(&self) -> impl Iterator<Item = Focus> {
        let holds = |focus: &Focus| groups(*focus).iter().any(|group| std::ptr::eq(*group, self.group));
        Focus::ALL.into_iter().filter(holds)
    }
}

/// Whether its keys may be bound anew: an answer is given with Enter alone, and the digit of a
/// reason says which.
fn is_free(action: &Action) -> bool {
    !matches!(action, Action::Accept | Action::Reason)
}

impl Action {
    /// `ReadOn` is `read_on` in the configuration.
    fn config_name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        name
    }
}

/// The keys of the rows that have others than the table says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoundKeys {
    /// By the address of the row, which is a static.
    rows: BTreeMap<usize, &'static [&'static str]>,
}

fn address(binding: &Binding) -> usize {
    std::ptr::from_ref(binding).addr()
}

/// Names that live as long as those of the table; a console takes its keys once.
fn kept(names: Vec<String>) -> &'static [&'static str] {
    let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
    names.leak()
}

impl BoundKeys {
    /// The keys of a set; none: there is no such set.
    pub fn preset(name: &str) -> Option<Self> {
        let (_, rows) = SETS.iter().find(|(known, _)| *known == name)?;
        let mut keys = Self::default();
        for (place, action, names) in *rows {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            keys.set(place, action, &names).ok()?;
        }
        Some(keys)
    }

    /// Every key of the table by another name: for tests, to which no name is right that was
    /// written by hand.
    pub fn renamed(name: impl Fn(&str) -> String) -> Self {
        let rows = ALL.iter().flat_map(|group| group.bindings);
        let other = |binding: &Binding| kept(binding.keys.iter().map(|key| name(key)).collect());
        Self {
            rows: rows.map(|binding| (address(binding), other(binding))).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The keys of a row.
    pub(super) fn of(&self, binding: &Binding) -> &'static [&'static str] {
        self.rows.get(&address(binding)).copied().unwrap_or(binding.keys)
    }

    /// Binds an action of a place to these keys alone; the keys that mean the same everywhere stay.
    pub fn set(&mut self, place: &str, action: &str, names: &[String]) -> Result<(), KeyFault> {
        let (place, binding) = row(place, action)?;
        if names.is_empty() {
            return refuse(
                "an action without a key could not be told of",
                format!("leave it out for {}", binding.keys.join(", ")),
            );
        }
        for (count, name) in (1..).zip(names) {
            if names.iter().skip(count).any(|other| other == name) {
                return refuse(format!("{name} stands here twice"), "keep one of them");
            }
            if !binding.keys.contains(&name.as_str()) {
                may_be_bound(name, &place)?;
            }
        }
        let fixed = binding.keys.iter().filter(|key| FIXED.contains(key));
        let fixed = fixed.map(|key| (*key).to_owned()).filter(|key| !names.contains(key));
        let names = kept(names.iter().cloned().chain(fixed).collect());
        self.rows.insert(address(binding), names);
        Ok(())
    }

    /// A key of this action that means something else as well where the action holds. To be asked
    /// when all are bound.
    pub fn clash(&self, place: &str, action: &str) -> Result<(), KeyFault> {
        let (place, binding) = row(place, action)?;
        for focus in place.focuses() {
            for group in groups(focus) {
                for other in group.bindings.iter().filter(|other| !std::ptr::eq(*other, binding)) {
                    let twice = self.of(other).iter().find(|key| self.of(binding).contains(key));
                    let Some(key) = twice else { continue };
                    let name = other.action.map(Action::config_name).unwrap_or_default();
                    let at = format!("{}.{name}", group.place.to_lowercase());
                    return refuse(
                        format!("{key} is bound twice: it is {at} too ({})", other.help()),
                        format!("take a key that is free, or bind {at} to another one as well"),
                    );
                }
            }
        }
        Ok(())
    }
}

fn row(place: &str, action: &str) -> Result<(KeyPlace, &'static Binding), KeyFault> {
    let all = places();
    let names: Vec<_> = all.iter().map(|place| place.name.clone()).collect();
    let Some(found) = all.into_iter().find(|known| known.name == place) else {
        return refuse("there is no such place", meant(place, &names, "the places are"));
    };
    let names: Vec<_> = found.rows().map(|(name, _)| name).collect();
    let binding = found
        .rows()
        .find(|(name, _)| name == action)
        .map(|(_, binding)| binding);
    if let Some(binding) = binding {
        return Ok((found, binding));
    }
    if action == "accept" {
        return refuse(
            "an answer is given with Enter alone: nothing is decided by one plain key",
            "leave it out",
        );
    }
    refuse(
        format!("{place} has no such action"),
        meant(action, &names, "its actions are"),
    )
}

fn meant(word: &str, known: &[String], all: &str) -> String {
    match near_miss(word, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("{all} {}", known.join(", ")),
    }
}

/// Whether a key that the table does not have there may be bound in this place.
fn may_be_bound(name: &str, place: &KeyPlace) -> Result<(), KeyFault> {
    let key = KeyPress::parse(name).filter(|key| key.name() == name && !matches!(key.code, Code::Function(0 | 13..)));
    let Some(key) = key else {
        return refuse(
            format!("{name:?} is not the name of a key"),
            "write a character, Space, Tab, PgDn, F5, Ctrl-u or Shift-Tab",
        );
    };
    if FIXED.contains(&name) {
        let why = match name {
            "Enter" => "Enter answers: what it opened it would decide at once",
            _ => "it leads out, everywhere",
        };
        return refuse(format!("{name} is not bound anew: {why}"), "take another key");
    }
    if let Some((_, other)) = SAME_BYTES.iter().find(|(known, _)| *known == name) {
        return refuse(format!("a terminal sends {name} for {other} too"), "take another key");
    }
    if let Code::Char(character) = key.code {
        if key.is_alt {
            let why = "may be the Escape key and a letter that a slow line has put together";
            return refuse(format!("{name} {why}"), "take a key with Ctrl-, or F1 to F12");
        }
        if key.is_shift || character.is_control() {
            let hint = format!("write {}", character.to_uppercase());
            return refuse("a character has its Shift in it", hint);
        }
        if key.is_ctrl && !character.is_ascii_lowercase() {
            let hint = match character.is_ascii_uppercase() {
                true => format!("write Ctrl-{}", character.to_ascii_lowercase()),
                false => "take a letter".to_owned(),
            };
            return refuse(format!("terminals send nothing of its own for {name}"), hint);
        }
    }
    let is_torn = TORN.contains(&name);
    for focus in place.focuses() {
        if !focus.is_text() {
            if is_torn {
                let why = "is what a line that stalls leaves of an arrow key";
                return refuse(format!("{name} {why}"), "take another letter");
            }
            continue;
        }
        let mut writes = EDITING.bindings.iter().flat_map(|binding| binding.keys).chain(&WRITES);
        if key.typed().is_some() || writes.any(|known| *known == name) {
            return refuse(
                format!("a text is written here, and {name} is needed for it"),
                "take a key with Ctrl-, or F1 to F12",
            );
        }
    }
    Ok(())
}

/// What may be bound anew, in Markdown.
pub fn reference() -> String {
    let mut table = "| where | place | actions, each with its keys |\n|---|---|---|\n".to_owned();
    for place in places() {
        let keys = |binding: &Binding| {
            let keys: Vec<_> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
            keys.join(" ")
        };
        let cells: Vec<_> = place
            .rows()
            .map(|(name, binding)| format!("`{name}` {}", keys(binding)))
            .collect();
        table.push_str(&format!(
            "| {} | `{}` | {} |\n",
            place.title,
            place.name,
            cells.join(" · ")
        ));
    }
    table
}
