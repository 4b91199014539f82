//! The last line: whatever is open, it ends in the way to all keys and in the way out, and the
//! first of them works.

use std::sync::Arc;

use config::ConsoleSection;
use console::keymap::Focus;
use console::session::Session;
use domain::filter::GateFilter;

use crate::console::Console;
use crate::world::World;

/// A console with this focus, and how its last line ends.
fn open(focus: Focus, columns: u16) -> (Console, &'static str) {
    let mut world = World::drawn();
    world.paused("j-30", "heath");
    if focus == Focus::Context {
        world.says("j-17", &serde_json::json!({ "title": "tides" }));
    }
    let views = [('m', GateFilter::parse("mine").unwrap())];
    let session = Session {
        offers: ConsoleSection {
            views: Arc::new(views.into()),
            ..ConsoleSection::default()
        },
        ..crate::console::session()
    };
    let mut console = Console::with(session, world, columns, 24);
    let (keys, end) = match focus {
        Focus::Queue => ("j", "? keys  q leave"),
        Focus::Diff => ("Enter", "? keys  q back"),
        Focus::Line => (";", "? keys  q back"),
        Focus::Comment => ("; Enter", "F1 keys  Esc back"),
        Focus::Job => ("3", "? keys  q back"),
        Focus::History => ("4", "? keys  q back"),
        Focus::Figures => ("5", "? keys  q back"),
        Focus::Jobs => ("6", "? keys  q back"),
        Focus::Board => ("F", "? keys  q back"),
        Focus::Confirm => ("a", "? keys  q back"),
        Focus::Note => ("r", "F1 keys  Esc back"),
        Focus::Bulk => ("Space Space g a", "? keys  q back"),
        Focus::Ask => ("G k R", "? keys  q back"),
        Focus::Answer => ("t", "F1 keys  Esc back"),
        Focus::Compose => ("e", "F1 keys  Esc menu"),
        Focus::Menu => ("e x Esc", "? keys  q leave"),
        Focus::Filter => ("/", "F1 keys  Esc back"),
        Focus::Search => ("Enter /", "F1 keys  Esc back"),
        Focus::Find => ("e Ctrl-f", "F1 keys  Esc back"),
        Focus::Types => ("p F2", "? keys  q back"),
        Focus::Candidates => {
            console.press("j p Ctrl-f").typed("scene_001");
            ("Enter Ctrl-k Tab", "F1 keys  Esc back")
        }
        Focus::Help => ("?", "F1 keys  Esc back"),
        Focus::Palette => (":", "F1 keys  Esc back"),
        Focus::Context => ("i", "F1 keys  Esc back"),
        Focus::Views => ("'", "F1 keys  Esc back"),
        Focus::Files => ("j L", "F1 keys  Esc back"),
        Focus::Handovers => ("<", "F1 keys  Esc back"),
        Focus::Discarded => {
            console.press("e x Esc D").typed("discard").press("Enter");
            ("Z", "F1 keys  Esc back")
        }
    };
    console.press(keys);
    (console, end)
}

fn last_line(console: &Console) -> String {
    console.text().lines().last().unwrap().trim_end().to_owned()
}

#[test]
fn every_key_bar_ends_in_all_keys_and_the_way_out() {
    for focus in Focus::ALL {
        for columns in [60, 80, 120] {
            let (console, end) = open(focus, columns);
            assert_eq!(console.model.focus(), focus, "{}", console.text());
            assert!(
                last_line(&console).ends_with(end),
                "{focus:?} at {columns}: {}",
                console.text()
            );
            assert!(
                !last_line(&console).contains('…'),
                "whole hints only: {}",
                console.text()
            );
        }
    }
}

#[test]
fn the_key_that_the_bar_names_shows_all_keys_and_escape_goes_back() {
    for focus in Focus::ALL {
        let (mut console, end) = open(focus, 80);
        let key = end.split(' ').next().unwrap();
        console.press(key);
        assert_eq!(console.model.focus(), Focus::Help, "{focus:?}");
        console.shows(" KEYS ");
        console.press("Esc");
        let is_list = matches!(
            focus,
            Focus::Help
                | Focus::Palette
                | Focus::Files
                | Focus::Discarded
                | Focus::Handovers
                | Focus::Context
                | Focus::Views
        );
        if !is_list {
            assert_eq!(console.model.focus(), focus, "{}", console.text());
        }
        assert!(console.decisions().is_empty());
    }
}

#[test]
fn a_question_is_read_anew_behind_the_keys() {
    let mut console = Console::drawn();
    console.press("a ?").burst("Esc Enter");
    assert!(console.decisions().is_empty(), "{}", console.text());
    console.press("Enter").decides(1);
}

#[test]
fn in_a_text_the_question_mark_is_one() {
    let mut console = Console::drawn();
    console.press("r").typed("why?").shows("note: why?");
    console.press("F1 Esc").shows("note: why?");
}
