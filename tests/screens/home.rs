//! A console that the configuration has made somebody's own.

use config::{Config, ConsoleSection};
use console::session::Session;

use crate::console::{Console, session};
use crate::world::World;

/// What the configuration says of a console.
fn offers(console: &str) -> ConsoleSection {
    let text = format!("{{pipeline: {{stages: []}}, console: {console}}}");
    let Ok(loaded) = Config::load(&text, "t") else {
        panic!("{text} is refused");
    };
    loaded.config.console
}

fn with(console: &str) -> Console {
    let session = Session {
        offers: offers(console),
        ..session()
    };
    Console::with(session, World::drawn(), 80, 24)
}

#[test]
fn keys_that_are_bound_anew_act_and_are_named_wherever_a_key_is_named() {
    let mut console = with("{keys: {decide: {approve: F8, reject: x}, always: {help: F7}, back: {back: Q}}}");
    console.shows("F8 approve").shows("x reject");
    console.press("a").decides(0);
    console.shows("no such key: a   F7 keys");
    console.press("F7").typed("F8").shows("F8                      approve");
    console.press("Esc F8").shows("APPROVE");
    console.press("Enter").decides(1);
}

#[test]
fn a_set_of_keys_moves_as_its_users_are_used_to() {
    let mut console = with("{keys: {preset: emacs}}");
    let first = console.model.queue.selected().cloned();
    console.press("Ctrl-n");
    assert_ne!(console.model.queue.selected().cloned(), first);
    console.press("Ctrl-p");
    assert_eq!(console.model.queue.selected().cloned(), first);
}
