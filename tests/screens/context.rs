//! Why a gate is asked for: one line in its head, all of it in a list, a mark in the queue, and words
//! of the filter.

use domain::event::EventType;
use domain::gate::GateState;
use domain::heartbeat::WhenGone;
use insta::assert_snapshot;
use serde_json::json;
use testing::world::job_id;

use crate::console::Console;
use crate::world::World;

/// The gates of the drawing, and what is said of two of them.
fn said() -> World {
    let mut world = World::drawn();
    world.says(
        "j-17",
        &json!({
            "title": "script after the legal review", "severity": "critical", "requester": "nightly",
            "why": "the old one names a wrong tide\nand legal wants it out before monday",
            "instructions": "read the second tip aloud; it must say lamp twice",
            "labels": { "team": "media", "env": "prod" },
            "links": [
                { "name": "ticket", "url": "https://tickets.example/browse/TIDE-17?view=all" },
                { "name": "who knows", "url": "mailto:ana@example.org" },
            ],
        }),
    );
    world.says("j-21", &json!({ "labels": { "team": "video" }, "severity": "low" }));
    world
}

#[test]
fn the_head_says_why_in_a_line_and_the_list_says_all() {
    for (columns, rows) in [(60, 20), (80, 24), (120, 40)] {
        let mut console = Console::new(said(), columns, rows);
        assert_snapshot!(format!("context_head_{columns}"), console.picture());
        console.press("i");
        assert_snapshot!(format!("context_list_{columns}"), console.picture());
        console
            .typed("ticket")
            .shows("https://tickets.example/")
            .hides("legal wants");
        console.press("Esc").hides("legal wants");
    }
}

#[test]
fn a_gate_of_which_nobody_says_anything_has_no_line_and_the_key_says_so() {
    let mut console = Console::new(World::drawn(), 80, 24);
    console.hides("i: why");
    console.press("i").shows("Nobody has said why");
}

#[test]
fn an_address_is_whole_however_long_it_is() {
    let mut world = World::drawn();
    let path: String = (0..30).map(|n| format!("part-{n:02}/")).collect();
    let url = format!("https://a.example/{path}end");
    world.says("j-17", &json!({ "links": [{ "name": "far", "url": url }] }));
    let mut console = Console::new(world, 60, 30);
    console.press("i");
    let text = console.text();
    let at = text.find("https://a.example/").unwrap();
    let joined: String = text[at..].lines().map(str::trim).collect();
    assert!(joined.starts_with(&url), "{joined}");
}

#[test]
fn the_filter_knows_labels_and_severities() {
    let mut console = Console::new(said(), 80, 24);
    let mut filtered = |words: &str| {
        console.press("/").typed(words).press("Enter");
        let text = console.text();
        let rows = ["j-17", "j-21", "j-22"].map(|id| text.lines().take(9).any(|line| line.contains(id)));
        console.press("Esc");
        rows
    };
    assert_eq!(filtered("label:team"), [true, true, false]);
    assert_eq!(filtered("label:team=media"), [true, false, false]);
    assert_eq!(filtered("severity>=high"), [true, false, false]);
    assert_eq!(filtered("severity<normal"), [false, true, false]);
    assert_eq!(filtered("severity:normal !label:team=video"), [true, false, true]);
    assert_eq!(filtered("legal"), [true, false, false]);
}

#[test]
fn what_is_said_acts_on_no_terminal() {
    let mut world = World::drawn();
    world.says(
        "j-17",
        &json!({ "title": "\u{202e}evil\u{200b} e\u{301}", "why": "a\u{feff}b" }),
    );
    let mut console = Console::new(world, 80, 24);
    console.press("i");
    let text = console.text();
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{feff}']), "{text}");
}

#[test]
fn other_words_of_the_requester_turn_the_prompt_into_a_refusal() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = Console::new(said(), columns, rows);
        console.press("r").typed("not yet");
        console
            .backend
            .says("j-17", &json!({ "why": "legal has read it", "severity": "low" }));
        console.hears(EventType::GateContextChanged, "ci says otherwise of script #2");
        console.shows("Not rejected: its requester changed why, severity while it was on screen");
        assert_snapshot!(format!("context_changed_{columns}"), console.picture());
        console.press("Enter Enter").decides(0);
        console.press("r").shows("not yet");
        console.press("Enter").decides(1);
    }
}

#[test]
fn the_rules_refuse_what_was_asked_before_the_other_words_were_heard() {
    let mut console = Console::new(said(), 80, 24);
    console.press("r").typed("not yet");
    console.backend.says("j-17", &json!({ "why": "legal has read it" }));
    console.press("Enter");
    console.shows("Not rejected: its requester changed why since it was read");
    console.shows("your note is kept");
    console.press("Esc r").shows("not yet");
    let gate = console.backend.jobs[&job_id("j-17")].gates.last().unwrap();
    assert_eq!(gate.state, GateState::Open);
}

#[test]
fn a_mark_goes_with_the_words_that_it_was_set_on() {
    let mut console = Console::new(said(), 80, 24).then("Space Space");
    console
        .backend
        .says("j-17", &json!({ "instructions": "do not read it" }));
    console.hears(EventType::GateContextChanged, "ci says otherwise of script #2");
    console.shows("Mark taken off j-17 / script #2: its requester changed");
    assert_eq!(console.model.marks.on.len(), 1);
}

#[test]
fn a_gate_whose_requester_is_silent_is_kept_and_marked_or_withdrawn() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = Console::new(said(), columns, rows);
        console.backend.falls_silent("j-17", WhenGone::Keep);
        console.hears(
            EventType::GateRequesterGone,
            "script #2 is kept: no sign of life of nightly for 1:00",
        );
        console
            .shows("REQUESTER GONE 5m ago")
            .shows("is kept: no sign of life of nightly");
        assert_snapshot!(format!("context_silent_kept_{columns}"), console.picture());
        console.press("a Enter").decides(1);

        let mut console = Console::new(said(), columns, rows);
        console.press("r").typed("not yet");
        console.backend.falls_silent("j-17", WhenGone::Withdraw);
        let why = "script #2 is withdrawn: no sign of life of nightly for 1:00";
        console.hears(EventType::GateCanceled, why);
        console.shows("Not rejected: ");
        assert_snapshot!(format!("context_silent_withdrawn_{columns}"), console.picture());
        console.press("Enter Enter").decides(0);
    }
}
