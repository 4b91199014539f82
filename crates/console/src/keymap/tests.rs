//! What the keymap may not do.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use super::*;
use crate::input::KeyPress;

thread_local! {
    /// Whether every key has another name: then none that is written by hand is right.
    static IS_REBOUND: Cell<bool> = const { Cell::new(false) };
}

/// Something that is done while every key of the table is another one.
pub(crate) fn rebound<T>(done: impl FnOnce() -> T) -> T {
    IS_REBOUND.set(true);
    let done = done();
    IS_REBOUND.set(false);
    done
}

pub(super) fn is_rebound() -> bool {
    IS_REBOUND.get()
}

/// The key that stands in the table in place of this one: `F20` and so on, one for each.
pub(super) fn rebound_name(name: &'static str) -> &'static str {
    static NAMES: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let bound = ALL.iter().flat_map(|group| group.bindings);
        let names: BTreeSet<_> = bound.flat_map(|binding| binding.keys).collect();
        let others = (20..).map(|number| format!("F{number}"));
        names.into_iter().copied().zip(others).collect()
    });
    if is_rebound() { &NAMES[name] } else { name }
}

#[test]
fn a_key_means_one_thing_in_one_focus() {
    for focus in Focus::ALL {
        let mut taken = HashSet::new();
        for name in bindings(focus).flat_map(|binding| binding.keys) {
            assert!(taken.insert(*name), "{focus:?}: {name} is bound twice");
        }
    }
}

#[test]
fn every_bound_name_is_a_key() {
    for name in ALL
        .iter()
        .flat_map(|group| group.bindings)
        .flat_map(|binding| binding.keys)
    {
        assert_eq!(KeyPress::parse(name).map(KeyPress::name).as_deref(), Some(*name));
    }
}

#[test]
fn a_key_that_is_another_one_means_what_the_former_meant() {
    for focus in Focus::ALL {
        for binding in bindings(focus) {
            for name in binding.keys {
                let [former, now] = [*name, rebound(|| rebound_name(name))].map(|name| KeyPress::parse(name).unwrap());
                assert_eq!(lookup(focus, former), binding.action);
                assert_eq!(
                    rebound(|| (lookup(focus, former), lookup(focus, now))),
                    (None, binding.action)
                );
            }
        }
    }
}

#[test]
fn every_key_in_the_words_of_the_help_is_one_of_the_table() {
    for binding in ALL.iter().flat_map(|group| group.bindings) {
        let gaps = binding.help.matches("{}").count();
        assert_eq!(gaps, binding.named.len(), "{}", binding.help);
        assert!(
            binding
                .named
                .iter()
                .all(|action| !binding.key_beside(*action).is_empty()),
            "{}",
            binding.help
        );
    }
}

// Not the names but what they do to a text: the help must not promise what the editor does not do.
#[test]
fn every_editing_key_of_the_help_does_something() {
    use crate::editor::Editor;
    for binding in EDITING.bindings {
        for name in binding.keys {
            let mut editor = Editor::of_text(&"one two three\n".repeat(30));
            editor.move_to(15, 4);
            editor.press(KeyPress::parse("x").unwrap());
            editor.press(KeyPress::parse("Shift-Right").unwrap());
            editor.press(KeyPress::parse("Ctrl-x").unwrap());
            if *name == "Ctrl-r" {
                editor.press(KeyPress::parse("Ctrl-u").unwrap());
            }
            if matches!(*name, "Ctrl-x" | "Ctrl-o") {
                editor.press(KeyPress::parse("Shift-Left").unwrap());
            }
            let before = (editor.text(), editor.cursor(), editor.selected_in(15));
            editor.press(KeyPress::parse(name).unwrap());
            if *name == "Ctrl-o" {
                // A copy shows when it is pasted.
                editor.press(KeyPress::parse("End").unwrap());
                editor.press(KeyPress::parse("Ctrl-y").unwrap());
            }
            let after = (editor.text(), editor.cursor(), editor.selected_in(15));
            assert_ne!(before, after, "{name}: {}", binding.help());
        }
    }
}

// What arrives as a letter with Alt may be the Escape key and a letter that a stalled line has put
// together.
#[test]
fn no_letter_with_alt_means_anything() {
    use crate::editor::Editor;
    for character in '!'..='~' {
        let name = format!("Alt-{character}");
        let key = KeyPress::parse(&name).unwrap();
        for focus in Focus::ALL {
            assert_eq!(lookup(focus, key), None, "{focus:?} {name}");
        }
        for mut editor in [Editor::of_text("one two\nthree"), Editor::of_line("one two")] {
            editor.move_to(0, 4);
            let before = (editor.text(), editor.cursor());
            assert!(!editor.press(key), "{name}");
            assert_eq!(
                (editor.text(), editor.cursor(), editor.selected_in(0)),
                (before.0, before.1, None),
                "{name}"
            );
        }
    }
}

#[test]
fn keys_of_tmux_screen_and_flow_control_stay_free() {
    for focus in Focus::ALL {
        for name in ["Ctrl-a", "Ctrl-b", "Ctrl-s", "Ctrl-q"] {
            assert_eq!(lookup(focus, KeyPress::parse(name).unwrap()), None, "{focus:?} {name}");
        }
    }
}

#[test]
fn the_letters_of_a_split_escape_sequence_mean_nothing() {
    for focus in [
        Focus::Queue,
        Focus::Diff,
        Focus::Job,
        Focus::History,
        Focus::Figures,
        Focus::Jobs,
        Focus::Board,
        Focus::Confirm,
        Focus::Ask,
    ] {
        for name in ["A", "B", "C", "D", "H", "O"] {
            assert_eq!(lookup(focus, KeyPress::parse(name).unwrap()), None, "{focus:?} {name}");
        }
        // A pane that is shown changes nothing.
        let forecast = lookup(focus, KeyPress::parse("F").unwrap());
        assert!(matches!(forecast, None | Some(Action::ShowBoard)), "{focus:?}");
    }
}

#[test]
fn escape_never_decides() {
    let harmless = [Action::Back, Action::Close, Action::Menu];
    for focus in Focus::ALL {
        let action = lookup(focus, KeyPress::parse("Esc").unwrap()).unwrap();
        assert!(harmless.contains(&action), "{focus:?}: {action:?}");
    }
}
