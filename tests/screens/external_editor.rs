//! `E`: the edit goes to the operator's own editor and comes back.

use console::effect::Msg;
use console::external_editor::Ending;
use domain::event::EventType;

use crate::console::{Console, session};
use crate::world::{SCRIPT_NEW, World};

/// The editor ends so, and the copy holds this then.
#[expect(clippy::disallowed_methods, reason = "an editor writes as it likes")]
fn ends(console: &mut Console, ending: Ending, text: &str) {
    std::fs::write(console.terminal.editor.take().unwrap(), text).unwrap();
    console.terminal.ended = Some(ending);
    console.draw();
}

#[test]
fn it_gets_the_artifact_and_what_it_makes_of_it_is_sent_as_a_patch() {
    let mut console = Console::drawn().then("E");
    assert_eq!(console.terminal.editors, ["vi script.txt"]);
    assert_eq!(console.copy().as_deref(), Some(SCRIPT_NEW));
    assert!(!console.sent("TakeLease").is_empty(), "{:?}", console.backend.sent);
    let edited = SCRIPT_NEW.replace("a lamp, and", "a bright lamp, and");
    ends(&mut console, Ending::Status(0), &edited);
    console.shows("Fits script.txt: ");
    console.shows("[a] approve with it");
    assert_eq!(console.copy(), None);
    console.press("a Enter");
    assert!(
        console.decisions()[0].contains("patch \"text_replace\""),
        "{:?}",
        console.decisions()
    );
    assert!(console.model.compose.is_none() && console.model.drafts.by_gate.is_empty());
}

#[test]
fn keys_mean_nothing_while_it_is_away() {
    let mut console = Console::drawn();
    console.press("E a Enter r Enter").paste("a\n");
    console.shows("vi has the terminal");
    assert!(console.decisions().is_empty() && console.model.prompt.is_none());
    ends(&mut console, Ending::Status(0), SCRIPT_NEW);
    console.shows("vi changed nothing in script.txt");
    assert!(console.model.compose.is_none());
}

#[test]
fn the_lease_lives_as_long_as_the_editor() {
    let mut console = Console::drawn().then("E");
    let renewals = |console: &Console| console.sent("TakeLease").len();
    for _ in 0..60 {
        console.pass(10);
    }
    assert_eq!(renewals(&console), 61);
    ends(&mut console, Ending::Status(0), SCRIPT_NEW);
    console.pass(10);
    assert_eq!(renewals(&console), 61);
    assert!(console.model.outgoing.leases.is_empty());
}

#[test]
fn a_gate_that_was_decided_meanwhile_is_told_and_the_text_is_kept() {
    let mut console = Console::drawn().then("E");
    // No timer fires under an open editor; a person may decide all the same.
    let verdict = domain::gate::Verdict::Approve;
    console.backend.settle("j-17", "script", verdict, "ana");
    console.hears(EventType::GateApproved, "ana approved script #2");
    let edited = SCRIPT_NEW.replace("lamp", "light");
    ends(&mut console, Ending::Status(0), &edited);
    console.shows("Not to be used any more: ");
    console.shows("Read only: ");
    console.shows("light");
    console.press("Esc q");
    let kept = console.model.drafts.by_gate.values().next().unwrap();
    assert_eq!(kept.edits[0].text, edited);
}

#[test]
fn what_it_saved_is_a_draft_within_a_second_whatever_comes_of_it() {
    let mut console = Console::drawn().then("E");
    let edited = SCRIPT_NEW.replace("lamp", "light");
    console.tell(Msg::CopySaved(edited.clone()));
    console.pass(1);
    let (_, saved) = console.backend.saved.last().unwrap();
    assert_eq!(saved.as_ref().unwrap().edits[0].text, edited);
    // It took everything back before it left.
    ends(&mut console, Ending::Status(0), SCRIPT_NEW);
    console.pass(1);
    assert!(console.model.drafts.by_gate.is_empty());
    assert_eq!(console.backend.saved.last().unwrap().1, None);
}

#[test]
fn an_edit_that_was_begun_here_goes_on_there() {
    let mut console = Console::drawn();
    console.press("e").typed("Hear: ").press("Esc E");
    let given = console.copy().unwrap();
    assert_eq!(given, SCRIPT_NEW.replace("Tip 1", "Hear: Tip 1"));
    ends(&mut console, Ending::Status(0), &format!("{given}\n"));
    // The end of the last line is the editor's doing.
    console.shows("vi changed nothing; this is your draft as it was");
    console.press("Esc");
    assert_eq!(console.model.compose.as_ref().unwrap().editor.text(), given);
    console.press("Esc E");
    ends(&mut console, Ending::Status(0), &format!("{given}\n\n"));
    assert_eq!(
        console.model.compose.as_ref().unwrap().editor.text(),
        format!("{given}\n\n")
    );
}

#[test]
fn where_there_is_no_editor_the_variables_are_named() {
    let mut session = session();
    session.external_editor = None;
    let console = Console::with(session, World::drawn(), 80, 24).then("E");
    console.shows("Not edited: neither $VISUAL nor $EDITOR is set");
    assert!(console.model.compose.is_none() && console.model.keys.away.is_none());
}
