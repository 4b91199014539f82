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

#[test]
fn colours_for_the_colour_blind_tell_added_from_removed_without_red_and_green() {
    let shown = |console: &str, has_palette: bool, has_colour: bool| {
        let session = Session {
            offers: offers(console),
            has_palette,
            has_colour,
            ..session()
        };
        Console::with(session, World::drawn(), 80, 24).picture()
    };
    let usual = shown("{}", true, true);
    assert!(usual.contains("green") && usual.contains("red"), "{usual}");
    for has_palette in [true, false] {
        let picture = shown("{theme: {preset: colour_blind}}", has_palette, true);
        let colours = picture
            .lines()
            .filter(|line| line.contains("green") || line.contains(" red"));
        assert_eq!(colours.collect::<Vec<_>>(), Vec::<&str>::new(), "{picture}");
    }
    let own = shown("{theme: {added: \"#0087ff\"}}", true, true);
    assert!(!own.contains("green"), "{own}");
    // Sixteen colours have none of it, and no colour is no colour.
    assert!(shown("{theme: {added: \"#0087ff\"}}", false, true).contains("green"));
    let plain = |console| shown(console, true, false);
    assert_eq!(plain("{theme: {added: blue}}"), plain("{}"));
}

#[test]
fn times_are_told_as_the_configuration_says_and_the_header_says_how() {
    // The session's zone is two hours ahead.
    for (time, clock) in [
        ("utc", r"^\d\d:\d\dZ$"),
        ("local", r"^\d\d:\d\d\+02:00$"),
        ("both", r"^\d\d:\d\dZ/\d\d:\d\d\+02:00$"),
    ] {
        let mut console = with(&format!("{{time: {time}}}"));
        let text = console.text();
        let told = text.lines().next().unwrap_or_default().split_whitespace().last();
        let told = told.unwrap_or_default().to_owned();
        assert!(regex::Regex::new(clock).unwrap().is_match(&told), "{time}: {told}");
        // Until when a timer is held.
        let until = match time {
            "utc" => r"until (\d\d-\d\d )?\d\d:\d\d(:\d\d)?Z",
            "local" => r"until (\d\d-\d\d )?\d\d:\d\d(:\d\d)?[^:Z\d]",
            _ => r"until (\d\d-\d\d )?\d\d:\d\d(:\d\d)?Z/",
        };
        let held = console.press("t Enter").text();
        assert!(regex::Regex::new(until).unwrap().is_match(&held), "{time}: {held}");
        // The line of news and the history tell it in the same way, without the distance.
        let begin = told.trim_end_matches("+02:00").split('/').next().unwrap_or_default();
        console.press("a Enter").shows(begin.trim_end_matches('Z'));
        let seconds = match time {
            "utc" => r"\d\d:\d\d:\d\dZ Approved",
            "local" => r" \d\d:\d\d:\d\d Approved",
            _ => r"\d\d:\d\d:\d\dZ/\d\d:\d\d:\d\d Approved",
        };
        let text = console.text();
        assert!(regex::Regex::new(seconds).unwrap().is_match(&text), "{time}: {text}");
    }
}
