//! Texts that come as keys: what is typed by a hand and what is not.

use crate::console::Console;

/// What was decided or held.
fn deeds(console: &Console) -> Vec<&str> {
    let words = ["Approve", "Reject", "Hold"].into_iter();
    words.flat_map(|word| console.sent(word)).collect()
}

const BEHIND_TEXT: &str = "Letters came as a text does, and Enter does nothing right behind";

#[test]
fn a_text_pasted_as_keystrokes_decides_nothing_and_what_follows_its_enter_stays_in_the_note() {
    for gap_ms in [0, 5, 35, 49] {
        for (before, text, title, note) in [
            ("g", "reject that\n", "REJECT j-17", "eject that"),
            ("g", "reason\n", "REJECT j-17", "eason"),
            ("g", "a\tfine\n", "APPROVE j-17", "fine"),
            ("g", "tak\ne a look\n", "HOLD TIMER j-17", "ak e a look"),
            ("g r", "cut\nthe rest\napprove\n", "REJECT j-17", "approve"),
            (
                "g",
                "reject that\nit is far too long and has no end, as said before\na\n",
                "REJECT j-17",
                "a",
            ),
        ] {
            let mut console = Console::hurried();
            console.press(before).pass(1).paced(gap_ms, text);
            let at = format!("{gap_ms} ms {text:?}\n{}", console.text());
            assert!(deeds(&console).is_empty(), "{at}");
            console.shows(title);
            console.shows(note);
            console.shows(BEHIND_TEXT);
            console.shows("a text comes in: wait");
            console.hides("[Enter]");
            // Somebody who does not wait is not heard, and whoever reads is.
            console.pass_ms(690).burst("Enter");
            assert!(deeds(&console).is_empty(), "{at}");
            console.pass_ms(700).hides("a text comes in: wait");
            console.burst("Enter");
            let deeds = deeds(&console);
            assert_eq!(deeds.len(), 1, "{at}");
            assert!(deeds[0].contains(note), "{deeds:?} {at}");
        }
    }
}

#[test]
fn an_enter_behind_a_text_in_one_piece_in_a_note_or_a_reason_decides_nothing() {
    for key in ["r", "a Tab", "t"] {
        for gap_ms in [120, 200, 690] {
            for text in ["cut", "much too long for that"] {
                let mut console = Console::hurried();
                console.press("g").press(key).pass(1);
                match text {
                    "cut" => console.burst("c u t"),
                    text => console.at_once(text),
                };
                console.pass_ms(gap_ms).burst("Enter");
                assert!(deeds(&console).is_empty(), "{key} {gap_ms} ms {text}");
                console.shows(BEHIND_TEXT);
                console.pass_ms(700).burst("Enter");
                assert_eq!(deeds(&console).len(), 1, "{key} {gap_ms} ms {text}");
            }
        }
    }
    // Where it goes to a search, it counts as well.
    let mut console = Console::hurried();
    console.press("g").paced(35, "docs/script\na\n");
    assert!(deeds(&console).is_empty(), "{}", console.text());
    console.shows(BEHIND_TEXT);
}

#[test]
fn a_note_typed_by_hand_is_decided_by_its_first_enter() {
    for gap_ms in [50, 80, 200] {
        let mut console = Console::hurried();
        console.press("g").pass(1).paced(gap_ms, "reject that");
        console.pass_ms(gap_ms).burst("Enter");
        let decisions = console.decisions();
        assert_eq!(decisions.len(), 1, "{gap_ms} ms");
        assert!(decisions[0].contains("note Some(\"eject that\")"), "{decisions:?}");
    }
    // Two that are rolled over, and a letter held down.
    let mut console = Console::hurried();
    console
        .press("g r")
        .pass(1)
        .paced(80, "th")
        .burst("e")
        .pass_ms(60)
        .typed("n");
    for _ in 0..9 {
        console.pass_ms(30).typed("o");
    }
    console.pass_ms(60).burst("Enter").decides(1);
    // What was pasted is left by Escape, and done with.
    let mut console = Console::hurried();
    console
        .press("g r")
        .pass(1)
        .paced(35, "not this")
        .press("Esc a")
        .pass_ms(60)
        .burst("Enter");
    assert_eq!(console.decisions().len(), 1);
}

#[test]
fn an_enter_that_came_with_letters_ends_a_line_of_the_note_and_decides_nothing() {
    for (key, note) in [("r", "no\ngo"), ("a Tab", "no\ngo")] {
        let mut console = Console::drawn();
        console
            .press(key)
            .typed("no")
            .line_end("Enter")
            .typed("go")
            .line_end("Enter");
        assert!(console.decisions().is_empty());
        console.shows("note: no").shows("      go");
        console.shows("What came at once is text: the Enter in it did nothing");
        console.press("Enter");
        let decisions = console.decisions();
        assert_eq!(decisions.len(), 1);
        assert!(decisions[0].contains(&format!("note Some({note:?})")), "{decisions:?}");
    }
    // The line has cut it behind its first line.
    let mut console = Console::drawn();
    console.press("r").at_once("wrong cut\n").at_once("and too long\n");
    console.shows("note: wrong cut").shows("      and too long");
    console.pass_ms(700).press("Enter");
    assert!(console.decisions()[0].contains("note Some(\"wrong cut\\nand too long\")"));
    // Without a field too.
    for (open, end) in [("a", "Enter"), ("a", "Ctrl-j"), ("g Space Space g a", "Enter")] {
        let mut console = Console::drawn();
        console.press(open).line_end(end);
        assert!(console.decisions().is_empty(), "{open}");
    }
    // Elsewhere it is the key that it is.
    let mut console = Console::drawn();
    console.press("/").typed("sto").line_end("Enter").line_end("Enter");
    assert!(console.model.keys.field.is_none() && console.model.panes.is_lower_focused);
}
