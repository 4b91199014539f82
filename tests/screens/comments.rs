//! Comments on lines: written in the diff, sent with the decision, and shown where the next attempt
//! has those lines.

use console::keymap::Focus;
use domain::event::EventType;
use domain::ids::Digest;

use crate::console::{Console, SIZES};
use crate::world::{File, SCRIPT_NEW, SCRIPT_OLD, World};

/// A comment on the first changed line, written and kept.
fn commented(columns: u16, rows: u16) -> Console {
    let mut console = Console::new(World::drawn(), columns, rows).then("Enter ; Enter");
    console.typed("why were they").press("Enter");
    console
}

#[test]
fn a_comment_is_written_on_its_line_and_goes_with_the_rejection() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows).then("Enter ;");
        insta::assert_snapshot!(format!("comment_pointed_{columns}"), console.picture());
        console.press("j Enter").typed("which boots?");
        insta::assert_snapshot!(format!("comment_typed_{columns}"), console.picture());
        console.press("Enter").decides(0);
        console.press("r").typed("not yet");
        insta::assert_snapshot!(format!("comment_rejected_{columns}"), console.picture());
        console.press("Enter").decides(1);
        let sent = console.decisions()[0].to_owned();
        assert!(
            sent.contains(r#"note Some("not yet") script.txt:5 "which boots?""#),
            "{sent}"
        );
        assert!(
            console.model.drafts.by_gate.is_empty(),
            "it is said, and no draft any more"
        );
    }
}

#[test]
fn what_is_written_is_kept_by_escape_written_on_and_taken_off_when_it_is_emptied() {
    let mut console = commented(80, 24);
    assert_eq!(console.model.focus(), Focus::Diff);
    console.shows("; bea: why were they");
    // The pointer comes back to where it was, and the field to what it had.
    console.press("; Enter").shows("about it: why were they");
    console
        .typed(" tall")
        .press("Esc")
        .shows("The comment is kept as it is");
    assert_eq!(console.model.focus(), Focus::Line);
    console.press("q").shows("; bea: why were they tall");
    assert_eq!(console.model.focus(), Focus::Diff);
    console.press("a").shows("1 comment goes with it: script.txt:-5");
    console
        .press("Esc ; ; Ctrl-u Enter")
        .shows("Nothing is said about script.txt:-5");
    console.hides("why were they");
    console.press("a").hides("goes with it");
    console.press("Enter").decides(1);
    assert!(
        !console.decisions()[0].contains("script.txt:"),
        "{:?}",
        console.decisions()
    );
}

#[test]
fn an_approval_takes_comments_along_and_several_marked_gates_do_not() {
    let mut console = commented(80, 24);
    console.press("a Enter").decides(1);
    assert!(
        console.decisions()[0].contains("script.txt:-5"),
        "{:?}",
        console.decisions()
    );
    let mut console = commented(120, 40);
    console.press("Esc m");
    while console.model.marks.on.len() < 2 {
        console.press("m");
    }
    console.press("g a");
    // How many, and where, before anything is decided.
    let text = console.text();
    let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = |words: &str| assert!(said.contains(words), "{said}");
    said("1 of your comments on lines are NOT sent");
    said("Z has them then: 1 script.txt:-5");
    console.press("Enter");
    assert!(console.decisions().iter().all(|sent| !sent.contains("script.txt:")));
    // Whoever wrote them gets them back.
    assert_eq!(console.backend.put_aside.len(), 1);
    assert_eq!(console.backend.put_aside[0].draft.comments.len(), 1);
}

#[test]
fn other_bytes_do_not_take_a_comment_along_and_do_not_lose_it() {
    let mut console = commented(80, 24);
    console.press("; j Enter").typed("which boots?").press("Enter");
    let text = SCRIPT_NEW.replace("tall boots", "waders");
    let gate = &mut console.backend.rows_of("j-17").gates[0];
    gate.artifacts[0].digest = Digest::of(text.as_bytes());
    console
        .backend
        .versions
        .get_mut()
        .insert(Digest::of(text.as_bytes()), text.clone().into());
    console.backend.overwrite("j-17", "script/script.txt", &text);
    console.hears(EventType::PatchApplied, "ana patched script.txt");
    console.pass(1).shows("Bring waders.");
    console.shows("; bea: was about line 5 of #2");
    console
        .press("a")
        .shows("1 comment is about another version and NOT sent (script.txt:5)");
    // The base is what it was.
    console.shows("1 comment goes with it: script.txt:-5");
    // A look into its field moves it nowhere; written on and taken back, it is where it was.
    let places = |console: &Console| -> Vec<_> {
        let drafts = console.model.drafts.by_gate.values();
        let comments = drafts.flat_map(|draft| draft.comments.iter());
        comments.map(|comment| (comment.line, comment.version)).collect()
    };
    let before = places(&console);
    console.press("Esc ; Enter").shows("about it: which boots?");
    console.press("Esc q");
    assert_eq!(places(&console), before);
    console.shows("; bea: was about line 5 of #2");
    console
        .press("; Enter")
        .typed("!")
        .hides("; bea: was about line 5 of #2");
    console.press("Backspace Esc q").shows("; bea: was about line 5 of #2");
    console
        .press("a")
        .shows("1 comment is about another version and NOT sent");
    // Written on, on the line as it is now, it goes.
    console.press("Esc ; Enter").shows("about it: which boots?");
    console
        .press("Enter a")
        .shows("2 comments go with it: script.txt:-5, script.txt:5");
    console.press("Enter").decides(1);
    assert!(console.decisions()[0].contains(r#"script.txt:5 "which boots?""#));
}

#[test]
fn the_next_attempt_shows_what_was_said_beside_the_lines_it_was_about() {
    let said = [
        "script.txt:5:which boots?",
        "script.txt:7:who?\nAnd when do we tell them, before we leave or when we are back from the water line again?",
        "script.txt:11:keep this",
        "script.txt:-5:they were fine",
    ];
    for (columns, rows) in SIZES {
        let mut world = World::drawn();
        world.reject_saying("j-17", "script", "ana", &said);
        let text = SCRIPT_NEW
            .replace("tall boots", "waders")
            .replace("Tip 3: Tell someone.\n", "");
        world.gate(
            "j-17 tides / script #3",
            Some(31),
            [File::changed("script.txt", SCRIPT_OLD, text)],
        );
        let mut console = Console::new(world, columns, rows).then("Enter");
        console.shows("script #3");
        insta::assert_snapshot!(format!("comment_answered_{columns}"), console.picture());
        console.shows("#2 ana (line changed): which boots?");
        console.press("a").shows("#2 was rejected by ana: 4 comments");
        console.press("Esc z G").shows("#2 ana: keep this");
        console.press("v").shows("#2 ana");
    }
}

#[test]
fn a_decision_that_was_taken_back_does_not_hide_what_was_said_before_it() {
    let mut world = World::drawn();
    world.reject_saying("j-17", "script", "ana", &["script.txt:5:which boots?"]);
    let files = [File::changed("script.txt", SCRIPT_OLD, SCRIPT_NEW)];
    world.gate("j-17 tides / script #3", Some(31), files);
    world.rows_of("j-17").gates.last_mut().unwrap().policy.recall_s = 600;
    let mut console = Console::new(world, 80, 24).then("Enter");
    console.shows("#2 ana: which boots?");
    console.press("a Enter").decides(1);
    console
        .press("U")
        .shows("Took back the decision on j-17 tides / script #3");
    console.pass(1).press("Esc G k").shows("script #4");
    console.shows("#2 ana: which boots?");
}

#[test]
fn a_line_is_pointed_at_only_where_there_are_lines() {
    let mut console = Console::new(World::drawn(), 80, 24).then("j v v");
    console.shows("value 1 of 3");
    console
        .press(";")
        .shows("Not commented: values are shown, not lines   hint: v shows the");
    let mut console = Console::new(World::drawn(), 80, 24).then("j j ;");
    console.shows("Not commented: voice.mp3 is no text: it has no lines");
    console.press("G").decides(0);
}

#[test]
fn a_comment_that_is_too_long_says_so_and_stays() {
    let mut console = Console::new(World::drawn(), 80, 24).then("Enter ; Enter");
    console.paste(&"boots ".repeat(700)).press("Enter");
    console.shows("Not kept: it has 4199 bytes; at most 4096 go with a decision");
    assert_eq!(console.model.focus(), Focus::Comment);
    console
        .press("Ctrl-u")
        .typed("boots")
        .press("Enter")
        .shows("; bea: boots");
}
