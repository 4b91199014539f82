//! Editing the artifact itself; the patch is derived.

use console::effect::Msg;
use domain::ids::{ArtifactPath, Digest};
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::{File, SCRIPT_NEW, World};

/// A console on a gate whose one file is this text.
fn on(path: &'static str, bytes: &[u8]) -> Console {
    let mut world = World::new();
    world.gate("j-5 inlet / script #1", None, [File::new(path, bytes)]);
    Console::new(world, 80, 24)
}

/// The patch that the edit makes, applied to the bytes that were on screen.
fn planned(console: &Console, old: &[u8]) -> Vec<u8> {
    let compose = console.model.compose.as_ref().unwrap();
    let value = compose.fitting().expect("it fits").value.clone();
    let patch = patch::Patch::from_value(value).unwrap();
    patch.plan(compose.path.as_str(), old).unwrap().bytes
}

#[test]
fn an_edit_shows_the_patch_that_it_makes() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows).then("e");
        assert_snapshot!(format!("edit_untouched_{columns}"), console.picture());
        console
            .press("Home Ctrl-Right Ctrl-Right Ctrl-Right Ctrl-Right Ctrl-Del")
            .typed("short ");
        console.shows("Fits script.txt: ");
        assert_snapshot!(format!("edit_fits_{columns}"), console.picture());
        console.press("Esc");
        assert_snapshot!(format!("edit_menu_{columns}"), console.picture());
    }
}

#[test]
fn approving_with_an_edit_sends_the_derived_patch() {
    let mut console = Console::drawn();
    console.press("e").typed("Hear: ");
    let patched = planned(&console, SCRIPT_NEW.as_bytes());
    let written = console.model.compose.as_ref().unwrap().editor.text();
    assert_eq!(String::from_utf8(patched).unwrap(), written);
    assert_ne!(written, SCRIPT_NEW);
    console.press("Esc a");
    console.shows("APPROVE WITH PATCH j-17 tides / script #2");
    console.press("Enter");
    assert!(
        console.decisions()[0].contains("patch \"text_replace\""),
        "{:?}",
        console.decisions()
    );
    assert!(console.model.compose.is_none() && console.model.drafts.by_gate.is_empty());
}

#[test]
fn durations_edited_in_a_storyboard_are_a_duration_adjust() {
    let mut console = Console::drawn();
    console
        .press("j e Ctrl-f")
        .typed("19000")
        .press("Enter Ctrl-Del")
        .typed("26000");
    console.shows("duration_adjust");
    console.shows("-> duration_adjust");
    console.press("Esc t Enter");
    assert_eq!(console.decisions(), ["ApplyPatch j-21/storyboard \"duration_adjust\""]);
}

/// What an edit does not touch is not touched: line ends, a byte order mark, tabs, a missing last
/// newline.
#[test]
fn bytes_outside_the_edit_survive() {
    for text in [
        "\u{feff}one\r\n\ttwo\r\nthree",
        "one\r\ntwo\nthree\r\n",
        "\tone\n\n\n",
        "one\u{202e}two\u{200b}\nthree",
        "x",
    ] {
        let mut console = on("script.txt", text.as_bytes());
        console.press("e").typed("ab ");
        let patched = String::from_utf8(planned(&console, text.as_bytes())).unwrap();
        let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let expected = format!("{}ab {}", &text[..bom], &text[bom..]);
        assert_eq!(patched, expected, "{text:?}");
    }
}

#[test]
fn what_cannot_be_edited_says_why_and_what_to_do() {
    let mut console = on("script.txt", b"caf\xe9 au lait\n");
    console.press("e");
    console.shows("Not edited: script.txt is not UTF-8 at byte 3");
    console.press("p");
    console.shows("Not composed: script.txt is not UTF-8 at byte 3");
    let mut console = on("script.bin", b"\0\x01\x02");
    console.press("e").shows("Not edited: script.bin is not text");
    let mut console = on("script.txt", "a line\n".repeat(200_000).as_bytes());
    console.press("e").shows("Not edited: script.txt has 1400000 bytes");
    let mut console = on("script.txt", "a ".repeat(60_000).as_bytes());
    console.press("e");
    console.shows("Not edited: line 1 of script.txt has 120000 bytes");
    assert!(console.model.compose.is_none());
}

#[test]
fn broken_json_is_told_at_its_line() {
    let mut console = Console::drawn();
    console.press("j e Ctrl-f").typed("19000").press("Enter").typed("x");
    console.shows("Not fitting: line ");
    console.shows("longer JSON");
    assert_snapshot!("edit_unfit_80", console.picture());
    console.press("Esc a").shows("Not approved: ");
    assert!(console.decisions().is_empty());
}

#[test]
fn hostile_text_pasted_into_the_editor_shows_as_marks() {
    let mut console = Console::drawn();
    console
        .press("e")
        .paste("\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{202e}\u{9b}31m\u{200b}");
    assert!(console.text().chars().all(|c| !c.is_control() || c == '\n'));
    console.hides("\u{202e}");
    console.hides("\u{200b}");
    assert_snapshot!("edit_hostile_80", console.picture());
}

#[test]
fn the_derived_patch_can_be_written_on_as_a_patch() {
    let mut console = Console::drawn();
    console.press("e").typed("Hear: ").press("Esc p");
    console.shows("\"type\": \"text_replace\"");
    console.shows("Fits script.txt");
    console.press("Esc a Enter");
    assert!(console.decisions()[0].contains("patch \"text_replace\""));
    assert!(
        console.model.drafts.by_gate.is_empty(),
        "{:?}",
        console.model.drafts.by_gate
    );
}

#[test]
fn words_are_found_in_the_text() {
    let mut console = Console::drawn();
    console.press("e Ctrl-f").typed("boots").shows("find /boots");
    console.press("Enter").typed("rubber ").shows("rubber boots");
    console
        .press("Ctrl-f")
        .typed("tip")
        .press("Enter Ctrl-g Ctrl-g Shift-F3")
        .typed("Second ");
    console.shows("Second Tip 3");
    assert_snapshot!("edit_find_80", console.picture());
}

/// A draft goes with the version that it was an edit of; what moved meanwhile is told, and the edit
/// is tried on it.
#[test]
fn an_edit_is_carried_over_into_a_version_that_moved() {
    let mut console = Console::drawn();
    console
        .press("e Ctrl-f")
        .typed("lamp, and")
        .press("Enter")
        .typed("bright ")
        .press("Esc q");
    console.shows("The draft is kept; e opens it again");
    let draft = console.model.drafts.by_gate.values().next().unwrap().clone();
    assert_eq!(draft.edits[0].base, Digest::of(SCRIPT_NEW.as_bytes()));
    let json = serde_json::to_string(&draft).unwrap();

    let mut world = World::drawn();
    let moved = SCRIPT_NEW.replace("**Close**", "**Farewell**");
    world
        .versions
        .insert(Digest::of(SCRIPT_NEW.as_bytes()), SCRIPT_NEW.into());
    let path = ArtifactPath::new("artifacts/script/script.txt").unwrap();
    for gate in &mut world.rows_of("j-17").gates {
        gate.artifacts[0].digest = Digest::of(moved.as_bytes());
    }
    world
        .disk
        .insert((crate::world::job_id("j-17"), path), moved.clone().into());
    let mut again = Console::new(world, 80, 24);
    again.tell(Msg::Drafts(vec![serde_json::from_str(&json).unwrap()], Vec::new()));
    again.press("e");
    again.shows("This text is an edit of");
    again.shows("Fits script.txt");
    assert_snapshot!("edit_moved_80", again.picture());
    again.press("Esc c");
    again.shows("This is the new version, with your edit in it");
    let text = again.model.compose.as_ref().unwrap().editor.text();
    assert_eq!(text, moved.replace("lamp, and", "bright lamp, and"));
    assert_eq!(planned(&again, moved.as_bytes()), text.as_bytes());
}

#[test]
fn a_version_that_is_no_longer_kept_leaves_the_text_to_be_read() {
    let mut console = Console::drawn();
    console.press("e").typed("Hear: ").press("Esc q");
    let mut draft = console.model.drafts.by_gate.values().next().unwrap().clone();
    draft.edits[0].base = Digest::of(b"gone");
    let mut again = Console::drawn();
    again.tell(Msg::Drafts(vec![draft], Vec::new()));
    again.press("e");
    again.shows("Not fitting: the text that you edited is gone");
    again.shows("Hear: ");
    again.press("Esc a");
    assert!(again.decisions().is_empty());
}

#[test]
fn edits_of_two_files_are_two_drafts() {
    let mut console = Console::drawn();
    console
        .press("j e")
        .typed(" ")
        .press("Esc q Enter ] e")
        .typed("x")
        .press("Esc q");
    let draft = console.model.drafts.by_gate.values().next().unwrap();
    assert_eq!(draft.edits.len(), 2);
    console.press("a").shows("Your patch draft is NOT applied (p shows it)");
}

#[test]
fn decided_elsewhere_while_editing() {
    let mut console = Console::drawn();
    console.press("e").typed("Hear: ");
    console.elsewhere("j-17", "script", domain::gate::Verdict::Approve, "ana");
    console.shows("Read only: ana approved j-17 / script #2");
    console.typed("lost?").press("Esc a q").decides(0);
    let draft = console.model.drafts.by_gate.values().next().unwrap();
    assert!(draft.edits[0].text.starts_with("**Opening**"));
    assert!(draft.edits[0].text.contains("Hear: "));
}

/// However many keys come at once, one text is taken for a check; the next one is the newest.
#[test]
fn a_burst_of_keys_is_checked_once_at_a_time() {
    let mut console = Console::drawn().then("e");
    let mut checks = 0;
    for _ in 0..500 {
        let key = console::input::KeyPress::parse("x").unwrap();
        let input = console::input::TerminalInput::Key(key);
        let effects = console::update::update(&mut console.model, Msg::Input(input));
        checks += effects
            .iter()
            .filter(|effect| matches!(effect, console::effect::Effect::Check(_)))
            .count();
    }
    assert_eq!(checks, 1, "it is not answered yet");
    let compose = console.model.compose.as_ref().unwrap();
    let draft = console.model.drafts.by_gate.values().next().unwrap();
    assert!(
        draft.edits[0].text.len() < compose.editor.size_bytes(),
        "the draft is made when it is written"
    );
    console.pass(1);
    let draft = console.backend.saved.last().unwrap().1.clone().unwrap();
    assert!(draft.edits[0].text.contains(&"x".repeat(500)));
}

#[test]
fn the_preview_has_more_room_when_asked_and_scrolls() {
    let mut console = Console::drawn();
    console
        .press("j e Ctrl-f")
        .typed("19000")
        .press("Enter Ctrl-Del")
        .typed("26000")
        .press("F4");
    console.shows("─ what it would do to storyboard.json +1 -1");
    assert_snapshot!("edit_preview_80", console.picture());
    console.press("Alt-Down Alt-Down Alt-Down");
    assert_snapshot!("edit_preview_scrolled_80", console.picture());
    console.press("Ctrl-u Ctrl-u").hides("what it would do");
}

#[test]
fn there_is_no_draft_before_a_word_is_written() {
    let mut console = Console::new(World::drawn(), 120, 40);
    for key in ["e", "p"] {
        console.press(key).shows("Ctrl-u undo");
        console.hides("the draft is kept");
        console.typed("x").shows("the draft is kept");
        console.press("Esc D").typed("discard").press("Enter");
    }
}
