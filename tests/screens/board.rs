//! The forecast: what the timers will do while nobody does anything, and what is done about it in
//! one pass.

use console::effect::Msg;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::lease::LeasePurpose;
use insta::assert_snapshot;
use testing::world::job_id;

use crate::console::Console;
use crate::world::World;

#[test]
fn the_forecast_says_what_the_timers_will_do_to_what_nobody_was_shown() {
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut world = World::drawn();
        world.looked("j-17", "cy");
        let mut console = Console::new(world, columns, rows);
        console.press("F").shows("FORECAST").shows("until 14:13Z: 4 ends");
        console.shows("approved that nobody was shown");
        assert_snapshot!(format!("forecast_{columns}"), console.picture());
    }
}

#[test]
fn the_row_of_the_forecast_is_the_row_of_the_queue_and_enter_opens_its_gate() {
    let mut console = Console::drawn();
    console.press("F j").shows(">j-21 dunes");
    console.press("Enter").shows("─ j-21 dunes / storyboard #1");
    // What is not there has no row: no key is about it.
    let mut empty = Console::new(World::new(), 80, 24);
    empty.press("F").shows("no timer ends before 14:13Z");
    empty.press("t + > Space * Enter").decides(0);
    assert!(empty.sent("Hold").is_empty());
}

#[test]
fn all_that_the_timers_would_decide_is_held_in_one_pass() {
    let mut console = Console::drawn();
    console.press("F *").shows("4 marked");
    console.press("t").shows("HOLD TIMER of 3 gates");
    console.shows("Left out: j-19 reef / script #1: cy has it open");
    assert_snapshot!("forecast_hold", console.picture());
    assert!(console.sent("Hold").is_empty(), "nothing happens before Enter");
    console.typed("shift change").press("Enter");
    console.shows("Held 3 gates");
    assert_eq!(
        console.sent("Hold"),
        [
            "Hold j-17 Some(\"shift change\")",
            "Hold j-21 Some(\"shift change\")",
            "Hold j-22 Some(\"shift change\")"
        ]
    );
    // The forecast follows: a hold ends by its bound.
    console.pass(4).shows("03:1");
}

#[test]
fn marked_gates_get_more_time_in_one_pass_on_the_queue_too() {
    let mut console = Console::drawn();
    console.press("Space Space g +").shows("EXTEND TIMER of 2 gates");
    console.typed("soon").shows("Not extended: ");
    console.press("Enter");
    assert!(console.sent("Extend").is_empty());
    console
        .press("Ctrl-u")
        .typed("10m")
        .press("Enter")
        .shows("Extended 2 gates");
    assert_eq!(console.sent("Extend").len(), 2);
}

#[test]
fn what_is_handed_over_is_held_and_says_to_whom() {
    let mut console = Console::drawn();
    console.press(">").shows("HAND OVER j-17 tides / script #2");
    console.press("Enter");
    assert!(console.sent("Hold").is_empty(), "to whom?");
    console.typed("cy: the lawyer rings at 8").press("Enter");
    assert_eq!(
        console.sent("Hold"),
        ["Hold j-17 Some(\"handed over to cy: the lawyer rings at 8\")"]
    );
    console.shows("handed over to cy");
    // One's own hold gets the word.
    let mut world = World::drawn();
    world.hold("j-17", "bea", Some("waits"));
    let mut console = Console::new(world, 80, 24);
    console.press("k >").typed("cy").press("Enter");
    let hold = console.backend.jobs[&job_id("j-17")].gates[0]
        .timer
        .clone()
        .unwrap()
        .hold;
    assert_eq!(hold.unwrap().reason.as_deref(), Some("handed over to cy"));
}

#[test]
fn a_stage_that_would_have_to_wait_for_its_start_is_said_to() {
    let mut world = World::drawn();
    // One stage runs; after the first end another one does.
    world.slots_max = 2;
    let mut console = Console::new(world, 120, 40);
    console.press("F").shows("Then stage ").hides("free slot");
    let waits = "waits for a free slot: 2 stages come before it, 2 may run at once";
    console.press("j");
    let text = console.text();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(waits) && words.contains("Stages that end before that are not foreseen."),
        "{text}"
    );
}

#[test]
fn only_what_something_happened_to_is_foreseen_anew() {
    let mut console = Console::drawn();
    console.press("F").pass(50);
    assert_eq!(console.backend.foreseen, [None], "nothing happens");
    // What nobody tells of, and how far it goes, is looked at once a minute.
    console.pass(10);
    assert_eq!(console.backend.foreseen, [None, None]);
    let of = |id: &str| Some([job_id(id)].into());
    console.hears(EventType::GateSeen, "cy was shown it");
    console.pass(4);
    assert_eq!(console.backend.foreseen.last(), Some(&of("j-17")));
    // No event tells of a lease.
    console.backend.set_lease("j-21", Some(("cy", LeasePurpose::Prompt)));
    console.tell(Msg::Changed);
    console.pass(4);
    assert_eq!(console.backend.foreseen.last(), Some(&of("j-21")));
    // What is decided leaves the list, the rest of it stays.
    console.shows("4 ends");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.pass(4).shows("3 ends");
    assert_eq!(console.backend.foreseen.last(), Some(&of("j-17")));
    // Nobody noted what happened while it was not on the screen.
    let before = console.backend.foreseen.len();
    console.press("q");
    console.elsewhere("j-21", "storyboard", Verdict::Approve, "ana");
    console.pass(60);
    assert_eq!(console.backend.foreseen.len(), before);
    console.press("F").shows("2 ends");
    assert_eq!(console.backend.foreseen.last(), Some(&None));
}
