//! Last calls: a strip over every screen, one key that holds, the terminal's bell and title, and the
//! record that it stood here.

use console::effect::Attention;
use domain::event::EventType;
use domain::policy::OnTimeout;
use domain::timer::LastCalls;
use insta::assert_snapshot;

use crate::console::{Console, session};
use crate::world::World;

/// The gates of the drawing; that of `j-21`, which is not selected, is in its last call.
fn calling() -> World {
    let mut world = World::drawn();
    called(&mut world, "j-21");
    world
}

fn called(world: &mut World, id: &str) {
    let gate = world.rows_of(id).gates.last_mut().unwrap();
    gate.policy.remind_before_s = vec![1800];
    gate.policy.nobody_reached = OnTimeout::Hold;
    let calls = LastCalls {
        next_s: None,
        said_s: Some(1800),
        is_reached: false,
    };
    gate.timer.as_mut().unwrap().calls = Some(Box::new(calls));
}

/// The second line of the screen.
fn strip(console: &Console) -> String {
    console.text().lines().nth(1).unwrap().trim_end().to_owned()
}

#[test]
fn the_strip_stands_over_every_screen_and_covers_no_question() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = Console::new(calling(), columns, rows);
        assert_snapshot!(format!("last_call_{columns}"), console.picture());
        for keys in [
            "Enter",
            "q 3",
            "4",
            "5",
            "1 Enter a",
            "Esc r",
            "Esc p",
            "Esc q ?",
            "Esc :",
            "Esc t",
        ] {
            console.press(keys);
            let strip = strip(&console);
            assert!(
                strip.starts_with("LAST CALL ") && strip.ends_with("[Ctrl-n] hold"),
                "{keys} at {columns}: {strip}\n{}",
                console.text()
            );
        }
        console.shows("HOLD TIMER j-17").shows("[Enter] hold");
    }
    // The question stands whole where there are few lines.
    let mut console = Console::new(calling(), 60, 14);
    console.press("a");
    console.shows("LAST CALL").shows("[Enter] approve");
    assert_snapshot!("last_call_approve_60", console.picture());
}

#[test]
fn one_key_holds_from_every_screen_and_texts_keep_what_is_written() {
    for (keys, focus) in [
        ("", "queue"),
        ("Enter", "gate"),
        ("3", "job"),
        ("?", "help"),
        ("r", "a note"),
        ("Enter p", "the editor"),
    ] {
        let mut console = Console::new(calling(), 80, 24);
        console.press(keys);
        if focus == "a note" {
            console.typed("too lou");
        }
        console.pass_ms(400).press("Ctrl-n");
        assert_eq!(
            console.sent("Hold"),
            ["Hold j-21 Some(\"last call\")"],
            "{focus}: {:?}",
            console.backend.sent
        );
        console.hides("LAST CALL");
        if focus == "a note" {
            console.typed("d").shows("too loud");
        }
    }
}

#[test]
fn the_next_gate_is_not_held_by_a_key_that_is_held_down() {
    let mut world = calling();
    called(&mut world, "j-17");
    let mut console = Console::new(world, 80, 24);
    assert!(strip(&console).contains("+1 more"), "{}", strip(&console));
    console.pass_ms(400).press("Ctrl-n");
    assert_eq!(console.sent("Hold").len(), 1);
    assert!(strip(&console).contains("j-21"), "{}", strip(&console));
    console
        .press("Ctrl-n")
        .shows("Ctrl-n came before the last call of j-21");
    assert_eq!(console.sent("Hold").len(), 1);
    console.pass_ms(800).press("Ctrl-n");
    assert_eq!(console.sent("Hold").len(), 2);
    console
        .pass_ms(800)
        .press("Ctrl-n")
        .shows("No gate is in its last call");
}

#[test]
fn what_stood_on_the_screen_is_told_once_and_by_no_console_that_only_reads() {
    let mut console = Console::new(calling(), 80, 24);
    assert_eq!(console.sent("MarkReached"), ["MarkReached j-21"]);
    console.pass(30);
    assert_eq!(console.sent("MarkReached").len(), 1);
    let at_zero = console.backend.rows_of("j-21").gates[0].at_zero().unwrap();
    assert_eq!(at_zero.then, OnTimeout::Approve, "somebody is reached now");
    let reads = console::session::Session {
        is_read_only: true,
        ..session()
    };
    let mut console = Console::with(reads, calling(), 80, 24);
    console.shows("LAST CALL").hides("[Ctrl-n]");
    assert_eq!(console.sent("MarkReached").len(), 0);
    console.press("Ctrl-n").shows("this console only reads");
}

#[test]
fn a_row_in_sight_tells_of_the_call_whose_time_it_shows_and_of_the_others_when_it_is_open() {
    let mut world = World::drawn();
    for id in ["h-01", "h-02", "h-03"] {
        let file = crate::world::File::changed("deploy.yaml", "image: 1\n", "image: 2\n");
        world.gate(&format!("{id} host / script #1"), Some(900), [file]);
        called(&mut world, id);
    }
    let mut console = Console::new(world, 80, 24);
    console.shows("×3 h-01");
    assert_eq!(console.sent("MarkReached"), ["MarkReached h-01"]);
    while console.model.queue.selected().unwrap().job_id() != &testing::world::job_id("h-01") {
        console.press("j");
    }
    console.press("l");
    let told = ["MarkReached h-01", "MarkReached h-02", "MarkReached h-03"];
    assert_eq!(console.sent("MarkReached"), told);
}

#[test]
fn the_terminal_rings_once_and_the_title_names_it_until_it_is_over() {
    let mut console = Console::new(calling(), 80, 24);
    let title = |console: &Console| {
        let titles = console.terminal.attended.iter().rev();
        titles
            .filter_map(|attention| match attention {
                Attention::Title(title) => Some(title.clone()),
                _ => None,
            })
            .next()
    };
    assert_eq!(
        title(&console),
        Some(Some("LAST CALL j-21 dunes / storyboard".to_owned()))
    );
    let rang = |console: &Console| {
        let rings = console.terminal.attended.iter();
        rings
            .filter(|attention| !matches!(attention, Attention::Title(_)))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(rang(&console), [], "it was said before this console began");
    console.hears(
        EventType::LastCall,
        "last call for script #1: the timer will approve in 1:42",
    );
    let told = "j-17 tides: last call for script #1: the timer will approve in 1:42".to_owned();
    assert_eq!(rang(&console), [Attention::Bell, Attention::Notify(told)]);
    console.pass(5).press("Ctrl-n");
    assert_eq!(title(&console), Some(None));
    // What the configuration leaves out stays out.
    let quiet = console::session::Session {
        offers: config::ConsoleSection {
            attention: Default::default(),
            ..Default::default()
        },
        ..session()
    };
    let mut console = Console::with(quiet, calling(), 80, 24);
    console.hears(EventType::LastCall, "last call").shows("LAST CALL");
    assert_eq!(console.terminal.attended, []);
}

#[test]
fn a_held_key_holds_one_gate_and_many_calls_ring_once() {
    let mut world = World::drawn();
    for id in ["j-17", "j-21", "j-22"] {
        called(&mut world, id);
    }
    let mut console = Console::new(world, 80, 24);
    console.rests = false;
    console.pass_ms(400);
    for _ in 0..40 {
        console.press("Ctrl-n").pass_ms(40);
    }
    assert_eq!(console.sent("Hold").len(), 1, "{:?}", console.sent("Hold"));
    console.pass(1).press("Ctrl-n");
    assert_eq!(console.sent("Hold").len(), 2);
}

#[test]
fn only_what_this_screen_names_has_stood_here() {
    let mut world = World::drawn();
    for id in ["j-17", "j-21", "j-22"] {
        called(&mut world, id);
    }
    // One row of the queue is in sight under the zoomed pane: the strip names the first.
    let mut console = Console::new(world, 80, 24);
    let all = console.sent("MarkReached").len();
    let mut world = World::drawn();
    for id in ["j-17", "j-21", "j-22"] {
        called(&mut world, id);
    }
    let mut zoomed = Console::new(World::drawn(), 80, 24);
    zoomed.press("Enter =");
    zoomed.backend = world;
    zoomed.event("j-17", "script", EventType::LastCall, "last call");
    console.press("Ctrl-l");
    assert_eq!((all, zoomed.sent("MarkReached").len()), (3, 1));
}
