//! The unseen rule on the screen: what the timer does at zero follows what somebody was shown, on
//! every console at once.

use domain::event::EventType;
use domain::policy::{GatePolicy, OnTimeout};
use insta::assert_snapshot;

use crate::console::Console;
use crate::world::{File, World};

/// A gate of two minutes over a text that no screen shows whole at once, and one that asks nobody.
fn unseen() -> World {
    let mut world = World::new();
    let text = |word: &str| -> Vec<u8> {
        let line = |number: usize| match number % 30 {
            0 => format!("line {number} {word}\n"),
            _ => format!("line {number}\n"),
        };
        (1..=365).map(line).collect::<String>().into()
    };
    let file = File::changed("script.txt", text("was"), text("is"));
    world.gate("j-1 tides / script #1", Some(120), [file]);
    world.gate("j-2 dunes / outline #1", Some(600), [File::new("outline.txt", "one\n")]);
    let policy = &mut world.rows_of("j-1").gates[0].policy;
    *policy = GatePolicy {
        unseen: OnTimeout::Hold,
        ..policy.clone()
    };
    world
}

/// The row of a job in the queue.
fn row(console: &Console, id: &str) -> String {
    let text = console.text();
    text.lines()
        .find(|line| line.contains(&format!("{id} ")))
        .unwrap()
        .to_owned()
}

#[test]
fn what_nobody_was_shown_is_held_until_all_of_it_was() {
    for (columns, rows) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = Console::new(unseen(), columns, rows);
        assert_snapshot!(format!("unseen_{columns}"), console.picture());
        assert!(row(&console, "j-1").contains(" hold "), "{}", row(&console, "j-1"));
        assert!(row(&console, "j-2").contains(" approve "), "{}", row(&console, "j-2"));
        console.shows("NEXT 2:00 hold").shows("partly seen");
        if columns >= 120 {
            console.shows("unseen hold; nobody was shown the whole change");
        }
        console.press("Enter");
        for _ in 0..12 {
            console.press("}");
        }
        console.shows(" approve tides");
        assert!(row(&console, "j-1").contains(" approve "), "{}", row(&console, "j-1"));
        console.hides("nobody was shown");
    }
}

#[test]
fn a_look_in_another_console_changes_this_one_at_once() {
    let mut console = Console::hurried();
    console.backend.rows_of("j-17").gates[0].policy.unseen = OnTimeout::Hold;
    console.hears(EventType::GateOpened, "it waits");
    console.shows("hold");
    assert!(row(&console, "j-17").contains(" hold "), "{}", row(&console, "j-17"));
    console.backend.looked("j-17", "ana");
    console.hears(EventType::GateSeen, "ana looked");
    assert!(row(&console, "j-17").contains(" approve "), "{}", row(&console, "j-17"));
}

#[test]
fn questions_say_what_comes_at_zero() {
    let mut console = Console::new(unseen(), 80, 24);
    console.press("t");
    console
        .shows("and only a person decides, unless")
        .shows("somebody is shown the whole change.");
    console.press("Esc +").typed("5m");
    console.shows("The time left: 2:00 -> 7:00; then only a person decides, unless somebody is");
}

#[test]
fn a_gate_that_was_held_as_unseen_says_so() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut console = Console::new(unseen(), columns, rows);
        console.backend.expire("j-1", "script");
        console.event_by(
            "j-1",
            "script",
            EventType::GateHeld,
            "script #1 is held at zero: nobody was shown the whole change; only a person may decide",
            serde_json::json!({ "by": "policy", "reason": "unseen" }),
        );
        console
            .shows("held: unseen")
            .shows("held at zero: nobody was shown the whole");
        assert_snapshot!(format!("unseen_held_{columns}"), console.picture());
        // A person decides as always.
        console.press("a Enter").shows("Approved j-1");
    }
}

#[test]
fn the_filter_the_row_and_the_rules_mean_the_same_by_unseen() {
    let mut console = Console::new(unseen(), 80, 24);
    console.backend.looked("j-2", "ana");
    console.hears(EventType::GateSeen, "ana looked");
    let is_taken = |console: &Console| console.model.queue.visible().any(|row| row.job_id.as_str() == "j-1");
    console.press("j / u n s e e n Enter g");
    assert!(is_taken(&console) && row(&console, "j-1").contains("partly seen"));
    assert!(!console.text().contains("j-2 dunes  "), "{}", console.text());
    assert_eq!(
        console.backend.rows_of("j-1").gates[0].at_zero().unwrap().then,
        OnTimeout::Hold
    );
    console.press("Esc Enter");
    for _ in 0..12 {
        console.press("}");
    }
    assert_eq!(
        console.backend.rows_of("j-1").gates[0].at_zero().unwrap().then,
        OnTimeout::Approve
    );
    console.press("Esc j / u n s e e n Enter");
    console.shows("No row matches the filter");
}
