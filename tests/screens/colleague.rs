//! A colleague who has the gate open: nothing is decided over them before they are asked.

use domain::event::EventType;
use domain::lease::LeasePurpose;

use crate::console::Console;

#[test]
fn enter_does_not_pass_over_a_colleague_and_after_a_take_over_it_counts() {
    for (purpose, words) in [
        (LeasePurpose::Compose, "ana is composing on j-17 / script #2"),
        (LeasePurpose::Prompt, "ana has a prompt open on j-17 / script #2"),
    ] {
        for key in ["a", "r"] {
            let mut console = Console::drawn();
            console.backend.set_lease("j-17", Some(("ana", purpose)));
            console.hears(EventType::GateSeen, "ana looks");
            console.press(key);
            if key == "r" {
                console.typed("wrong cut");
            }
            console.press("Enter");
            assert!(console.decisions().is_empty(), "{key} {purpose:?}");
            console.shows(&format!(
                "Not {}: {words}   hint:",
                if key == "a" { "approved" } else { "rejected" }
            ));
            console.press("Ctrl-t");
            console.hears(EventType::GateHeld, "bea takes script #2 over from ana");
            console.press("Enter");
            assert_eq!(console.decisions().len(), 1, "{key} {purpose:?}");
        }
    }
}

#[test]
fn a_colleague_who_comes_while_the_question_is_open_stops_enter() {
    let mut console = Console::drawn().then("a");
    console.backend.set_lease("j-17", Some(("ana", LeasePurpose::Compose)));
    console.hears(EventType::GateHeld, "ana takes script #2 over from bea");
    console.press("Enter").decides(0);
    // She gives it back: what the question says is another thing, and is read first.
    console.backend.set_lease("j-17", None);
    console.hears(EventType::GateReleased, "script #2 runs again");
    console.press("Enter").decides(1);
}

#[test]
fn nothing_goes_over_a_colleague_until_the_gate_is_taken_over() {
    for (key, typed, command, not_done) in [
        ("t", "why", "Hold", "Not held"),
        ("+", "10m", "Extend", "Not extended"),
        ("X", "j-17", "Cancel", "Not canceled"),
    ] {
        let mut console = Console::drawn();
        console.backend.set_lease("j-17", Some(("ana", LeasePurpose::Compose)));
        console.hears(EventType::GateSeen, "ana looks");
        console.press(key).shows("ana is composing here since ");
        console.shows("[Ctrl-t] take it over");
        assert!(!console.text().contains("[Enter]"), "{key}");
        console.typed(typed).press("Enter");
        console.shows(&format!("{not_done}: ana is composing on j-17 / script #2   hint:"));
        assert_eq!(console.sent(command), [""; 0], "{key}");
        console.press("Ctrl-t");
        console.hears(EventType::GateHeld, "bea takes script #2 over from ana");
        console.press("Enter");
        assert_eq!(console.sent(command).len(), 1, "{key}");
    }
}
