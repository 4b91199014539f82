//! What the table is asked: what a key means, which key means something, and both in words.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::action::Action;
use super::bind::BoundKeys;
use super::key_press::KeyPress;
use super::{ALL, Binding, EDITING, Focus, Group, groups};

type Meanings = HashMap<(Focus, KeyPress), Action>;

/// The keys that are not those of the table.
struct InForce {
    keys: BoundKeys,
    meanings: Meanings,
}

thread_local! {
    // A console is one loop on one thread, and every text that names a key is made there. None: the
    // table as it stands.
    static IN_FORCE: RefCell<Option<InForce>> = const { RefCell::new(None) };
}

/// Has these keys hold on this thread from now on.
pub fn bind(keys: &BoundKeys) {
    let in_force = (!keys.is_empty()).then(|| InForce {
        meanings: meanings(keys),
        keys: keys.clone(),
    });
    IN_FORCE.set(in_force);
}

/// The bindings that hold in a focus.
pub fn bindings(focus: Focus) -> impl Iterator<Item = &'static Binding> {
    groups(focus).into_iter().flat_map(|group| group.bindings)
}

/// What each key means in each focus.
fn meanings(keys: &BoundKeys) -> Meanings {
    let in_focus = |focus| bindings(focus).map(move |binding| (focus, binding));
    let bound = Focus::ALL.into_iter().flat_map(in_focus);
    let named = bound.flat_map(|(focus, binding)| {
        let names = keys.of(binding).iter();
        names.map(move |name| (focus, *name, binding.action))
    });
    let pairs = named.filter_map(|(focus, name, action)| Some(((focus, KeyPress::parse(name)?), action?)));
    pairs.collect()
}

/// What a key means in a focus; none: nothing, or it is typed.
pub fn lookup(focus: Focus, key: KeyPress) -> Option<Action> {
    static MEANINGS: LazyLock<Meanings> = LazyLock::new(|| meanings(&BoundKeys::default()));
    IN_FORCE.with_borrow(|in_force| {
        let meanings = in_force.as_ref().map_or(&*MEANINGS, |in_force| &in_force.meanings);
        meanings.get(&(focus, key)).copied()
    })
}

/// The first key that means this in a focus.
pub fn key_of(focus: Focus, action: Action) -> Option<&'static str> {
    let binding = bindings(focus).find(|binding| binding.action == Some(action));
    binding.map(Binding::key)
}

/// The same for a text; nothing where there is none.
pub fn key_in(focus: Focus, action: Action) -> &'static str {
    key_of(focus, action).unwrap_or_default()
}

/// The keys that mean these in a focus, as they are named in a text.
pub fn keys_of(focus: Focus, actions: &[Action]) -> String {
    let keys: Vec<_> = actions.iter().filter_map(|action| key_of(focus, *action)).collect();
    keys.join(" ")
}

/// What leads out of a note to keys that are letters there: `Tab, then `.
pub fn out_of_note(focus: Focus) -> String {
    let out = (focus == Focus::Note).then(|| key_of(focus, Action::Note)).flatten();
    out.map_or_else(String::new, |key| format!("{key}, then "))
}

/// What is undone in the text that is written: the key that `editor::Editor::press` of the console takes
/// itself.
pub fn undo_key() -> &'static str {
    EDITING.bindings.first().map_or("", Binding::key)
}

impl Binding {
    /// The names of its keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let names =
            IN_FORCE.with_borrow(|in_force| in_force.as_ref().map_or(self.keys, |in_force| in_force.keys.of(self)));
        names.iter().copied()
    }

    /// The key that is named for it: the first.
    pub fn key(&self) -> &'static str {
        self.names().next().unwrap_or_default()
    }

    /// The key that is named for it where it leads out: the same letter wherever it is no text.
    pub fn key_out(&self) -> &'static str {
        self.names().find(|key| *key == "q").unwrap_or_else(|| self.key())
    }

    /// Its keys in words: `k or Up`, `Esc, q or Ctrl-c`.
    pub fn keys_in_words(&self) -> String {
        let names: Vec<_> = self.names().collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [former @ .., last] => format!("{} or {last}", former.join(", ")),
        }
    }

    /// What it does, for the help.
    pub fn help(&self) -> String {
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

/// Some keys that mean the same, as lists of keys have them.
#[derive(Debug)]
pub struct KeyHelp {
    /// Where they hold: the name of their group.
    pub group: &'static str,
    /// Their names, the usual one first.
    pub keys: Vec<&'static str>,
    /// What they do.
    pub help: String,
}

/// Every key of the console, in the order of the help.
pub fn listed() -> Vec<KeyHelp> {
    let of_group = |group: &'static Group| {
        group.bindings.iter().map(|binding| KeyHelp {
            group: group.name,
            keys: binding.names().collect(),
            help: binding.help(),
        })
    };
    ALL.iter().copied().flat_map(of_group).collect()
}

/// The same as a page in Markdown: docs/KEYS.md.
pub fn page() -> String {
    let mut page = String::from(
        "# Keys\n\nPrinted by `holdpoint keys` (`--json` for programs); `?` in the console shows those that hold where you are, and can be \
         searched. The bar at the bottom of the screen names those that apply to what is selected.\n",
    );
    let mut group = "";
    for one in listed() {
        if group != one.group {
            group = one.group;
            page.push_str(&format!("\n## {group}\n\n| keys | what they do |\n|---|---|\n"));
        }
        let keys: Vec<_> = one.keys.iter().map(|key| format!("`{key}`")).collect();
        page.push_str(&format!("| {} | {} |\n", keys.join(" or "), one.help));
    }
    page
}
