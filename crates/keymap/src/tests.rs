//! What the keymap may not do.

use std::collections::HashSet;

use super::*;
use crate::key_press::KeyPress;

fn parsed(name: &str) -> KeyPress {
    KeyPress::parse(name).unwrap()
}

fn bound(place: &str, action: &str, names: &[&str]) -> Result<BoundKeys, String> {
    let mut keys = BoundKeys::default();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let set = keys.set(place, action, &names).and_then(|()| keys.clash(place, action));
    set.map(|()| keys)
        .map_err(|fault| format!("{}   hint: {}", fault.message, fault.hint))
}

#[test]
fn an_action_has_the_keys_that_it_is_bound_to_and_keeps_the_fixed_ones() {
    bind(&bound("back", "back", &["x"]).unwrap());
    assert_eq!(key_of(Focus::Diff, Action::Back), Some("x"));
    assert_eq!(lookup(Focus::Diff, parsed("x")), Some(Action::Back));
    assert_eq!(lookup(Focus::Diff, parsed("Esc")), Some(Action::Back));
    assert_eq!(lookup(Focus::Diff, parsed("q")), None);
    bind(&BoundKeys::default());
    assert_eq!(lookup(Focus::Diff, parsed("q")), Some(Action::Back));
}

#[test]
fn two_actions_may_change_their_keys() {
    let mut keys = bound("decide", "edit", &["x"]).unwrap();
    keys.set("decide", "approve", &["e".to_owned()]).unwrap();
    keys.clash("decide", "approve").unwrap();
    keys.clash("decide", "edit").unwrap();
}

#[test]
fn what_may_not_be_bound_is_refused_with_what_would_be_right() {
    for (place, action, names, said) in [
        (
            "decied",
            "approve",
            "x",
            "there is no such place   hint: did you mean decide?",
        ),
        (
            "decide",
            "aprove",
            "x",
            "decide has no such action   hint: did you mean approve?",
        ),
        (
            "decide",
            "approve",
            "",
            "without a key could not be told of   hint: leave it out for a",
        ),
        ("decide", "approve", "x x", "x stands here twice"),
        ("decide", "approve", "Entr", "\"Entr\" is not the name of a key"),
        ("decide", "approve", "F13", "is not the name of a key"),
        (
            "decide",
            "approve",
            "r",
            "r is bound twice: it is decide.reject too (reject)",
        ),
        (
            "decide",
            "approve",
            "Enter",
            "Enter is not bound anew: Enter answers: what it opened it would decide at once",
        ),
        ("decide", "approve", "Esc", "it leads out, everywhere"),
        ("decide", "approve", "Ctrl-m", "a terminal sends Ctrl-m for Enter too"),
        ("decide", "approve", "Alt-x", "may be the Escape key and a letter"),
        (
            "decide",
            "approve",
            "Shift-a",
            "a character has its Shift in it   hint: write A",
        ),
        ("decide", "approve", "Ctrl-X", "hint: write Ctrl-x"),
        (
            "decide",
            "approve",
            "A",
            "is what a line that stalls leaves of an arrow key",
        ),
        ("confirm", "accept", "x", "nothing is decided by one plain key"),
        ("menu", "approve_with", "Enter", "Enter answers"),
        (
            "list_field",
            "down",
            "j",
            "a text is written here, and j is needed for it",
        ),
        (
            "list_field",
            "down",
            "Ctrl-w",
            "a text is written here, and Ctrl-w is needed for it",
        ),
        ("terminal", "repaint", "x", "a text is written here"),
        (
            "terminal",
            "repaint",
            "F2",
            "F2 is bound twice: it is compose.other_type too",
        ),
    ] {
        let names: Vec<_> = names.split_whitespace().collect();
        let fault = bound(place, action, &names).unwrap_err();
        assert!(fault.contains(said), "{place}.{action} {names:?}: {fault}");
    }
}

#[test]
fn every_preset_binds_every_key_once_and_all_that_it_names() {
    for (name, rows) in bind::SETS {
        let keys = BoundKeys::preset(name).unwrap();
        for (place, action, _) in rows {
            assert_eq!(keys.clash(place, action), Ok(()), "{name} {place}.{action}");
        }
    }
    assert_eq!(BoundKeys::preset("nano"), None);
}

#[test]
fn an_action_stands_once_in_a_place() {
    for place in places() {
        let mut names = HashSet::new();
        assert!(place.rows().all(|(name, _)| names.insert(name)), "{place:?}");
    }
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

// What arrives as a letter with Alt may be the Escape key and a letter that a stalled line has put
// together.
#[test]
fn no_letter_with_alt_means_anything() {
    for character in '!'..='~' {
        let name = format!("Alt-{character}");
        let key = KeyPress::parse(&name).unwrap();
        for focus in Focus::ALL {
            assert_eq!(lookup(focus, key), None, "{focus:?} {name}");
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
