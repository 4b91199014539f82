//! What the table is asked: what a key means, which key means something, and both in words.

use std::collections::HashMap;
use std::sync::LazyLock;

#[cfg(test)]
use super::tests;
use super::{ALL, Binding, EDITING, Focus, groups};
use crate::action::Action;
use crate::input::KeyPress;

/// The bindings that hold in a focus.
pub(crate) fn bindings(focus: Focus) -> impl Iterator<Item = &'static Binding> {
    groups(focus).into_iter().flat_map(|group| group.bindings)
}

/// What each key means in each focus.
fn meanings() -> HashMap<(Focus, KeyPress), Action> {
    let in_focus = |focus| bindings(focus).map(move |binding| (focus, binding));
    let bound = Focus::ALL.into_iter().flat_map(in_focus);
    let named = bound.flat_map(|(focus, binding)| binding.names().map(move |name| (focus, name, binding.action)));
    let pairs = named.filter_map(|(focus, name, action)| Some(((focus, KeyPress::parse(name)?), action?)));
    pairs.collect()
}

/// What a key means in a focus; none: nothing, or it is typed.
pub(crate) fn lookup(focus: Focus, key: KeyPress) -> Option<Action> {
    static MEANINGS: LazyLock<HashMap<(Focus, KeyPress), Action>> = LazyLock::new(meanings);
    #[cfg(test)]
    if tests::is_rebound() {
        return meanings().get(&(focus, key)).copied();
    }
    MEANINGS.get(&(focus, key)).copied()
}

/// The first key that means this in a focus.
pub fn key_of(focus: Focus, action: Action) -> Option<&'static str> {
    let binding = bindings(focus).find(|binding| binding.action == Some(action));
    binding.map(Binding::key)
}

/// The same for a text; nothing where there is none.
pub(crate) fn key_in(focus: Focus, action: Action) -> &'static str {
    key_of(focus, action).unwrap_or_default()
}

/// The keys that mean these in a focus, as they are named in a text.
pub(crate) fn keys_of(focus: Focus, actions: &[Action]) -> String {
    let keys: Vec<_> = actions.iter().filter_map(|action| key_of(focus, *action)).collect();
    keys.join(" ")
}

/// What leads out of a note to keys that are letters there: `Tab, then `.
pub(crate) fn out_of_note(focus: Focus) -> String {
    let out = (focus == Focus::Note).then(|| key_of(focus, Action::Note)).flatten();
    out.map_or_else(String::new, |key| format!("{key}, then "))
}

/// What is undone in the text that is written: the key that [`crate::editor::Editor::press`] takes
/// itself.
pub(crate) fn undo_key() -> &'static str {
    EDITING.bindings.first().map_or("", Binding::key)
}

impl Binding {
    /// The names of its keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let names = self.keys.iter().copied();
        #[cfg(test)]
        let names = names.map(tests::rebound_name);
        names
    }

    /// The key that is named for it: the first.
    pub(crate) fn key(&self) -> &'static str {
        self.names().next().unwrap_or_default()
    }

    /// The key that is named for it where it leads out: the same letter wherever it is no text.
    pub(crate) fn key_out(&self) -> &'static str {
        self.names().find(|key| *key == "q").unwrap_or_else(|| self.key())
    }

    /// Its keys in words: `k or Up`, `Esc, q or Ctrl-c`.
    pub(crate) fn keys_in_words(&self) -> String {
        let names: Vec<_> = self.names().collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [former @ .., last] => format!("{} or {last}", former.join(", ")),
        }
    }

    /// What it does, for the help.
    pub(crate) fn help(&self) -> String {
        self.named.iter().fold(self.help.to_owned(), |help, action| {
            help.replacen("{}", self.key_beside(*action), 1)
        })
    }

    /// The key of an action in the group of this binding, else in the first that has it.
    pub(super) fn key_beside(&self, action: Option<Action>) -> &'static str {
        if action.is_none() {
            return undo_key();
        }
        let own = ALL
            .iter()
            .filter(|group| group.bindings.iter().any(|binding| std::ptr::eq(binding, self)));
        let mut bindings = own.chain(ALL).flat_map(|group| group.bindings);
        bindings.find(|binding| binding.action == action).map_or("", Self::key)
    }
}

/// The key table of the README, in Markdown.
pub fn readme_table() -> String {
    let mut table = String::from("| where | keys |\n|---|---|\n");
    for group in ALL {
        let cell = |binding: &Binding| {
            let keys: Vec<_> = binding.names().map(|key| format!("`{key}`")).collect();
            format!("{} {}", keys.join(" or "), binding.help())
        };
        let cells: Vec<_> = group.bindings.iter().map(cell).collect();
        table.push_str(&format!("| {} | {} |\n", group.name, cells.join(" · ")));
    }
    table
}
