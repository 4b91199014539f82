//! Timers under somebody's hands: hold, release, extend; and who has a gate open.

use domain::event::EventType;
use domain::gate::Verdict;
use domain::lease::LeasePurpose;
use insta::assert_snapshot;

use crate::console::Console;
use crate::world::{World, job_id};

#[test]
fn t_asks_holds_with_a_reason_and_t_again_releases() {
    let mut console = Console::drawn();
    console.press("t").typed("legal looks");
    assert_snapshot!("hold_prompt", console.picture());
    assert!(console.sent("Hold").is_empty(), "nothing happens before Enter");
    console.press("Enter");
    assert_eq!(console.sent("Hold"), ["Hold j-17 Some(\"legal looks\")"]);
    console.shows("Held j-17 tides / script #2");
    console.pass(70).shows("=1:42 approve");
    console.shows("you to 03:13Z");
    console.shows("held by you until 03:13Z, 1:42 left: legal looks");
    console.pass(70).shows("=1:42 approve");
    console.press("t").shows("RELEASE TIMER j-17 tides / script #2");
    console.press("Enter");
    assert_eq!(console.sent("Release j"), ["Release j-17 None"]);
    console.hides("you to");
}

/// A world in which another row is selected than those that are held.
fn held() -> World {
    let mut world = World::drawn();
    world.hold("j-17", "root", Some("waiting for the legal people"));
    world.hold("j-22", "somebody-with-a-name", Some("mix it anew"));
    world
}

fn row(console: &Console, job: &str) -> String {
    let text = console.text();
    let mut rows = text.lines().skip(2).take_while(|line| !line.starts_with('─'));
    rows.find(|line| line.contains(job)).unwrap().to_owned()
}

#[test]
fn the_queue_says_who_holds_a_gate_until_when_what_is_left_and_why() {
    for width in [80, 90, 100] {
        let console = Console::new(held(), width, 24);
        console.shows(">j-21 dunes");
        for words in ["=1:42", "approve", "+2 -1", "root to 03:13Z: wait"] {
            assert!(
                row(&console, "j-17").contains(words),
                "{words} at {width}: {}",
                console.text()
            );
        }
        for words in ["no text", "e to 03:13Z: mix"] {
            assert!(
                row(&console, "j-22").contains(words),
                "{words} at {width}: {}",
                console.text()
            );
        }
        console.hides("HELD");
    }
    let mut world = World::drawn();
    world.hold("j-17", "cy", Some("waiting for the legal people"));
    let console = Console::new(world, 60, 24);
    assert!(row(&console, "j-17").contains("cy to 03:13Z"), "{}", console.text());
}

#[test]
fn at_60_columns_a_hold_says_its_end_whoever_holds_it() {
    for (who, words) in [
        ("cy", "cy to 03:13Z"),
        ("carl", "carl to 03:13Z"),
        ("somebody-with-a-name", "so…e to 03:13Z"),
    ] {
        let mut world = World::drawn();
        world.hold("j-17", who, Some("waiting for the legal people"));
        let console = Console::new(world, 60, 14);
        assert!(row(&console, "j-17").contains(words), "{}", console.text());
    }
}

#[test]
fn plus_asks_how_long_and_says_what_is_no_length_of_time() {
    let mut console = Console::drawn();
    console.press("+").typed("20x").press("Enter");
    console.shows("Not extended: \"20x\" is no length of time");
    assert!(console.sent("Extend").is_empty());
    console.press("Backspace").typed("m");
    assert_snapshot!("extend_prompt", console.picture());
    console.press("Enter");
    assert_eq!(console.sent("Extend"), ["Extend j-17 1200"]);
    console.shows("Extended j-17 tides / script #2");
    console.shows("21:42");
}

#[test]
fn more_than_the_bound_is_refused_in_the_question_and_can_be_corrected() {
    let mut console = Console::drawn();
    console.press("+").typed("2h").press("Enter");
    console.shows("Not extended: 2h00m are more than may still be added");
    console.press("Backspace Backspace").typed("50m").press("Enter");
    assert_eq!(
        console.sent("Extend"),
        ["Extend j-17 3000"],
        "the rules were asked first"
    );
}

#[test]
fn a_key_that_repeats_itself_stacks_nothing() {
    let mut console = Console::drawn();
    console.press("+ + + +").press("Enter");
    console.press("Esc t t t t Enter");
    assert_eq!(console.sent("Extend").len() + console.sent("Hold").len(), 1);
    // Without a frame between key and Enter nothing is taken.
    console.burst("t Enter");
    assert!(console.sent("Release j").is_empty());
    console.shows("Enter came before the prompt was on the screen");
}

#[test]
fn a_timer_that_nobody_may_touch_is_refused_with_the_reason() {
    let mut console = Console::drawn().then("G k t");
    console.shows("Not held: j-23 / acceptance #1 has no timer");
    console.press("g");
    console.backend.change_timer(&job_id("j-17"), |timer| {
        let mut used = timer.clone();
        used.added_us = 3600 * 1_000_000;
        used
    });
    console
        .event("j-17", "script", EventType::GateExtended, "ana gives more")
        .press("+");
    console.shows("Not extended: the 1h00m that persons may add to j-17 / script #2");
}

#[test]
fn a_decision_elsewhere_ends_the_question() {
    let mut console = Console::drawn().then("t");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.shows("Not held: ana approved j-17 / script #2");
    console.hides("HOLD TIMER");
}

#[test]
fn a_gate_that_somebody_has_open_says_who_and_since_when_and_is_taken_over() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("ana", LeasePurpose::Compose)));
    let mut console = Console::new(world, 80, 24);
    // A gate in a colleague's hands is not the most urgent.
    console.press("g").pass(20).shows("ana composing");
    console.press("a");
    assert_snapshot!("someone_else_composes", console.picture());
    console.press("Ctrl-t");
    assert_eq!(console.sent("TakeLease").last(), Some(&"TakeLease j-17 prompt over"));
    console.shows("Taken over j-17 / script #2 from ana");
    console.hides("ana is composing");
    console.shows("timer held at most 59:40");
}

#[test]
fn whoever_loses_a_gate_is_told_at_once_keeps_the_text_and_may_take_it_back() {
    let mut console = Console::drawn();
    console.press("p").typed("x");
    console.pass(5);
    console.backend.set_lease("j-17", Some(("ana", LeasePurpose::Prompt)));
    console.hears(EventType::GateHeld, "ana takes script #2 over from bea");
    console.shows("ana took j-17 / script #2 over from you");
    assert_snapshot!("taken_over", console.picture());
    console.typed("y");
    assert!(console.model.compose.as_ref().unwrap().editor.text().contains("xy"));
    console.press("Ctrl-t");
    assert_eq!(console.sent("TakeLease").last(), Some(&"TakeLease j-17 composing over"));
    console.hides("took this gate over");
}

#[test]
fn a_gate_is_leased_as_soon_as_the_other_one_has_left_it() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("ana", LeasePurpose::Prompt)));
    let mut console = Console::new(world, 80, 24).then("g a");
    let before = console.sent("TakeLease").len();
    console.pass(2);
    assert_eq!(console.sent("TakeLease").len(), before, "ana has it");
    console.backend.set_lease("j-17", None);
    console.hears(EventType::GateReleased, "ana gave it back");
    assert_eq!(console.sent("TakeLease").len(), before + 1);
    console.shows("timer held at most 59:58");
}

#[test]
fn what_others_do_to_a_timer_is_told_and_leases_are_not() {
    let mut console = Console::drawn();
    let tell = |console: &mut Console, kind, by: &str, what: &str, words: &str| {
        let payload = serde_json::json!({ "by": by, "kind": what });
        console.event_by("j-22", "audio", kind, words, payload);
    };
    let (held, own) = (
        "cy holds the timer of audio #1, at most 59:59: legal",
        "bea holds the timer",
    );
    tell(&mut console, EventType::GateHeld, "cy", "lease", "cy has audio #1 open");
    tell(&mut console, EventType::GateHeld, "bea", "hold", own);
    tell(&mut console, EventType::GateHeld, "cy", "hold", held);
    console.hides("has audio #1 open");
    console.hides("bea holds");
    console.shows("j-22 marsh: cy holds the timer of audio #1, at most 59:59: legal");
    let extended = serde_json::json!({ "by": "cy", "seconds": 600 });
    console.event_by(
        "j-22",
        "audio",
        EventType::GateExtended,
        "cy gives audio #1 10:00 more",
        extended,
    );
    console.shows("j-22 marsh: cy gives audio #1 10:00 more");
}

fn at_most(seconds: u64) -> Console {
    let mut world = World::drawn();
    let rows = world.rows_of("j-17");
    for gate in &mut rows.gates {
        gate.policy.max_hold_s = seconds;
    }
    Console::new(world, 80, 24)
}

/// The trial of November 2026: the timer approved while the screen said that 1:39 stood still.
#[test]
fn a_hold_whose_bound_is_used_up_runs_on_the_screen_and_is_urgent_at_its_end() {
    let mut console = at_most(30);
    console.press("t").typed("legal looks").press("Enter");
    console.pass(20).shows("=1:42 approve");
    console.pass(11).hides("=1:4");
    console.hides("held by you");
    console.shows("your hold has used up its time: the timer runs on");
    console.shows("1:41 approve");
    console.pass(51).shows("!NEXT 0:50 approve tides");
    console.shows("! >j-17");
}

/// The trial of November 2026: "timer held at most 0:11 more" of a timer that nobody may hold.
#[test]
fn a_prompt_on_a_timer_that_nobody_may_hold_says_that_it_runs() {
    let mut console = at_most(0);
    console.press("a").shows("approve in 1:42");
    console.hides("timer held");
    console.pass(10).shows("approve in 1:32");
}

#[test]
fn what_fits_into_its_column_stands_there_also_in_the_row_of_a_held_gate() {
    let mut world = World::drawn();
    world.hold("j-17", "bea", Some("the lawyer looks at clause 7"));
    let mut console = Console::new(world, 80, 24);
    console.press("g a").shows("APPROVE j-17");
    let text = console.text();
    let column = |line: &str, word: &str| line.find(word).map(|at| line[..at].chars().count());
    let mut lines = text.lines().skip(1);
    let head = lines.next().and_then(|line| column(line, "WHO"));
    let row = lines.next().and_then(|line| column(line, "you decide"));
    assert_eq!(row, head, "{text}");
}
