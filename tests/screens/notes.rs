//! Notes that nobody has to type letter by letter, and those of several lines.

use std::sync::Arc;

use config::ConsoleSection;
use console::external_editor::Ending;
use console::session::Session;
use domain::gate::Verdict;

use crate::console::{Console, SIZES, session};
use crate::world::World;

fn with_reasons(columns: u16, rows: u16) -> Console {
    let reasons = ["wrong cut", "too loud", "not signed"].map(str::to_owned);
    let session = Session {
        offers: ConsoleSection {
            reasons: Arc::new(reasons.to_vec()),
            ..ConsoleSection::default()
        },
        ..session()
    };
    Console::with(session, World::drawn(), columns, rows)
}

fn rejected_with(console: &Console, note: &str) -> bool {
    let decisions = console.decisions();
    let last = decisions.last().copied().unwrap_or_default();
    last.starts_with("Reject") && last.contains(&format!("note Some({note:?})"))
}

#[test]
fn a_digit_writes_a_reason_of_the_configuration() {
    for (columns, rows) in SIZES {
        let console = with_reasons(columns, rows).then("r");
        insta::assert_snapshot!(format!("reasons_{columns}"), console.picture());
    }
    let mut console = with_reasons(80, 24).then("r 2");
    console.shows("note: too loud").decides(0);
    console.press("Enter").decides(1);
    assert!(rejected_with(&console, "too loud"), "{:?}", console.decisions());
}

#[test]
fn a_digit_is_a_letter_where_something_is_written_or_nothing_is_configured() {
    let console = with_reasons(80, 24).then("r x 2").then("Enter");
    assert!(rejected_with(&console, "x2"), "{:?}", console.decisions());
    let mut console = with_reasons(80, 24).then("r 9");
    console.shows("There is no reason 9   hint: the configuration has 3");
    console.press("Esc").decides(0);
    // An approval has no reasons, and without any the digit is typed.
    let console = with_reasons(80, 24).then("a Tab 2");
    console.shows("note: 2");
    let console = Console::drawn().then("r 2 Enter");
    assert!(rejected_with(&console, "2"), "{:?}", console.decisions());
    console.decides(1);
}

#[test]
fn beside_the_note_a_digit_changes_a_reason_and_nothing_else() {
    let mut console = with_reasons(80, 24).then("r 1 Tab 3");
    console.shows("note: not signed");
    console
        .press("Tab ! Tab 1")
        .shows("There is a note already: it stays as it is");
    console.shows("note: not signed!");
    // Two different letters at a question may be a text: Enter waits.
    console.pass_ms(700).press("Enter");
    assert!(rejected_with(&console, "not signed!"), "{:?}", console.decisions());
}

#[test]
fn marked_gates_are_rejected_with_a_digit_too() {
    let mut console = with_reasons(80, 24);
    while console.model.marks.on.len() < 2 {
        console.press("m");
    }
    console.press("g r");
    console.shows("REJECT 2 gates");
    console.press("1").shows("note for each: wrong cut").decides(0);
    console.press("Enter").decides(2);
    assert!(console.decisions().iter().all(|sent| sent.contains("wrong cut")));
}

#[test]
fn up_and_down_go_through_the_operators_own_notes_of_that_verdict() {
    let mut console = Console::drawn();
    console.backend.settle("j-23", "acceptance", Verdict::Reject, "ana");
    console.press("r o n e Enter r t w o Enter");
    console.press("r Up").shows("note: two");
    console.press("Up").shows("note: one");
    console
        .press("Up")
        .shows("There is no former note of yours with a rejection");
    console.press("Down").shows("note: two");
    console.press("Down").hides("note: two");
    console.press("n e w Up Down").shows("note: new");
    console.press("Up Up Enter");
    assert!(rejected_with(&console, "one"), "{:?}", console.decisions());
    // What was said against one gate is never offered for another.
    console
        .press("a Tab Up")
        .shows("There is no former note of yours with an approval");
}

#[test]
fn a_note_has_lines() {
    let mut console = Console::drawn().then("r o n e Ctrl-j t w o");
    console.shows("note: one").shows("      two");
    console.press("Up ! Enter");
    assert!(rejected_with(&console, "one!\ntwo"), "{:?}", console.decisions());
    // More than there is room for: the lines around the cursor, and which they are.
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows).then("r");
        console.press(&"x Ctrl-j ".repeat(6)).press("e n d");
        console.shows("lines 4-7 of 7");
        insta::assert_snapshot!(format!("note_lines_{columns}"), console.picture());
        console.press("Enter");
        assert!(
            rejected_with(&console, "x\nx\nx\nx\nx\nx\nend"),
            "{:?}",
            console.decisions()
        );
    }
}

/// The editor ends so, and the copy holds this then.
#[expect(clippy::disallowed_methods, reason = "an editor writes as it likes")]
fn ends(console: &mut Console, text: &str) {
    std::fs::write(console.terminal.editor.take().unwrap(), text).unwrap();
    console.terminal.ended = Some(Ending::Status(0));
    console.draw();
}

#[test]
fn the_operators_own_editor_writes_the_note_and_decides_nothing() {
    for keys in ["r s o Ctrl-g", "r s o Tab E"] {
        let mut console = Console::drawn().then(keys);
        assert_eq!(console.terminal.editors, ["vi note.txt"], "{keys}");
        assert_eq!(console.copy().as_deref(), Some("so"));
        console.press("Enter a").shows("vi has the terminal").decides(0);
        ends(&mut console, "so it is\nand more\n");
        console
            .shows("REJECT j-17")
            .shows("note: so it is")
            .shows("      and more")
            .decides(0);
        assert_eq!(console.copy(), None);
        console.press("Enter");
        assert!(
            rejected_with(&console, "so it is\nand more"),
            "{:?}",
            console.decisions()
        );
    }
    // In the note itself the letter is a letter.
    let console = Console::drawn().then("r E");
    console.shows("note: E");
    assert!(console.terminal.editors.is_empty());
}

#[test]
fn a_note_that_an_editor_has_stays_a_draft_when_somebody_else_decides() {
    let mut console = Console::drawn().then("r Ctrl-g");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    ends(&mut console, "far too long");
    console.shows("Not rejected: ana approved").decides(0);
    let kept = console.model.drafts.by_gate.values().next().unwrap();
    assert_eq!(kept.note(Verdict::Reject), "far too long");
}

#[test]
fn no_step_to_another_note_loses_what_was_written() {
    let mut console = Console::drawn();
    console.press("r o n e Enter");
    console.press("r x Up").shows("note: one");
    console.press("y Down").shows("note: oney");
    console.press("Up").shows("note: x");
    console.press("Up").shows("note: one");
    console.press("Down Down").shows("note: oney");
    console
        .press("Down")
        .shows("There is no later note: this is what you wrote");
}
