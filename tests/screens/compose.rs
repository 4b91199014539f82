//! The patch editor.

use console::editor::Editor;
use domain::gate::Verdict;
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::{File, World};

const PATCH: &str = r#"{"type": "text_replace", "replacements": [{"old": "tall boots", "new": "waders"}]}"#;

/// Puts a patch in place of the template.
fn write(console: &mut Console, patch: &str) {
    console.model.compose.as_mut().unwrap().editor = Editor::of_text("");
    console.paste(patch);
}

#[test]
fn a_template_for_the_artifact() {
    for (columns, rows) in SIZES {
        let console = Console::new(World::drawn(), columns, rows).then("j p");
        assert_snapshot!(format!("compose_{columns}"), console.picture());
    }
}

#[test]
fn the_plan_is_shown_while_typing() {
    let mut console = Console::drawn().then("p");
    write(&mut console, PATCH);
    assert_snapshot!("compose_fits_80", console.picture());
    console.shows("Fits script.txt: 1 change");
    assert_eq!(console.sent("TakeLease").len(), 1);
}

#[test]
fn the_error_is_shown_at_its_line() {
    let mut console = Console::drawn().then("p");
    write(
        &mut console,
        "{\n  \"type\": \"text_replace\",\n  \"replacements\": [\n    {\"old\": \"tall shoes\", \"new\": \"waders\"}\n  ]\n}",
    );
    console.shows("Not fitting: ");
    assert_snapshot!("compose_unfit_80", console.picture());
    console.press("Esc a").shows("Not approved: ");
    assert!(console.decisions().is_empty());
}

#[test]
fn the_menu_and_approving_with_the_patch() {
    let mut console = Console::drawn().then("p");
    write(&mut console, PATCH);
    console.press("Esc");
    assert_snapshot!("compose_menu_80", console.picture());
    console.press("a").shows("APPROVE WITH PATCH j-17 tides / script #2");
    assert_snapshot!("compose_approve_80", console.picture());
    console.press("Enter");
    assert!(console.decisions()[0].contains("patch \"text_replace\""));
    assert!(console.model.compose.is_none() && console.model.drafts.by_gate.is_empty());
}

#[test]
fn rejecting_with_it_and_applying_it() {
    let mut console = Console::drawn().then("p");
    write(&mut console, PATCH);
    console.press("Esc r");
    console.shows("opens and is approved as bea; stage script does not run.");
    console.press("Esc");
    assert!(console.model.compose.is_some(), "back to the text");
    console.press("Esc t").shows("The gate stays open");
    console.press("Enter");
    assert_eq!(console.decisions(), ["ApplyPatch j-17/script \"text_replace\""]);
}

#[test]
fn the_draft_survives_leaving_and_is_only_discarded_after_a_question() {
    let mut console = Console::drawn().then("p");
    write(&mut console, PATCH);
    console.press("Esc q").shows("The draft is kept; p opens it again");
    console.press("p").shows("\"waders\"");
    console.press("Esc D").shows("DISCARD the text");
    console.press("Esc Esc").shows("waders");
    console.press("Esc D").typed("discard").press("Enter");
    assert!(console.model.compose.is_none() && console.model.drafts.by_gate.is_empty());
    console.press("p").hides("waders");
}

#[test]
fn decided_elsewhere_while_composing() {
    let mut console = Console::drawn().then("p");
    write(&mut console, PATCH);
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.shows("Read only: ana approved j-17 / script #2");
    assert_snapshot!("compose_closed_80", console.picture());
    console.typed("lost?").press("Esc a").decides(0);
    console.press("q");
    assert!(
        console.model.drafts.by_gate.values().any(|draft| draft.patch.is_some()),
        "the draft is kept"
    );
}

#[test]
fn a_binary_has_no_editor() {
    let mut world = World::drawn();
    let picture = File("still", "dune.png", None, b"\x89PNG\r\n\x1a\n\0".to_vec());
    world.gate("j-24 cove / assets #1", Some(60), [picture]);
    let console = Console::new(world, 80, 24).then("p");
    console.shows("Not composed: dune.png is still, and no patch type changes");
    assert!(console.model.compose.is_none());
}

#[test]
fn sound_opens_with_a_change_of_level() {
    let mut console = Console::drawn();
    console.press("j j p").shows("voice.mp3  level_adjust");
    console.shows("\"level_change_db\": 0");
}

#[test]
fn ids_of_the_storyboard_are_offered_and_written() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("j p Ctrl-f").typed("scene_001").press("Enter Ctrl-k Tab");
        console.shows("scene_003");
        assert_snapshot!(format!("compose_candidates_{columns}"), console.picture());
        console.press("Down Down Enter").shows("\"beat_id\": \"scene_003");
        console.press("Ctrl-u").typed("_011");
        console.press("Tab").shows("\"beat_id\": \"scene_011");
    }
}

#[test]
fn where_nothing_could_stand_tab_indents_and_what_is_typed_narrows_the_list() {
    let mut console = Console::drawn();
    console.press("j p Ctrl-End Tab").typed("x");
    assert!(console.model.compose.as_ref().unwrap().editor.text().ends_with("\n  x"));
    console
        .press("Esc D")
        .typed("discard")
        .press("Enter p Ctrl-f")
        .typed("scene_001")
        .press("Enter Ctrl-k Tab")
        .typed("scene_01");
    console.hides("scene_003");
    console.shows("scene_011");
    console.press("Esc");
    assert!(console.model.prompt.is_none(), "Esc closes the list and nothing else");
    console.hides(">scene_01");
}
