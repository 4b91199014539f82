//! Approve, reject, resume, cancel: prompts and what comes back.

use console::effect::Effect;
use domain::event::EventType;
use domain::gate::{GateState, Verdict};
use domain::ids::Digest;
use insta::assert_snapshot;

use crate::console::{Console, SIZES};
use crate::world::{World, storyboard};

#[test]
fn the_approve_prompt() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("j a").shows("APPROVE j-21 dunes / storyboard #1");
        console.shows("Then stage assets starts.");
        console.shows("captions.srt");
        console.shows("[Enter] approve");
        assert_snapshot!(format!("approve_{columns}"), console.picture());
    }
}

#[test]
fn the_reject_prompt() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("r").typed("Tip 3 is missing a verb");
        assert_snapshot!(format!("reject_{columns}"), console.picture());
    }
}

#[test]
fn approving_sends_the_digest_on_screen_and_the_note() {
    let mut console = Console::drawn();
    console.press("a Tab").typed("good pace").press("Enter");
    let digest = Digest::of(crate::world::SCRIPT_NEW.as_bytes()).short();
    assert_eq!(
        console.decisions(),
        [format!(
            "Approve j-17/script #2 note Some(\"good pace\") digest {digest}"
        )]
    );
    console.shows("Approved j-17 tides / script #2");
    console.hides("approved bea");
    console.shows(">j-21 dunes");
    assert_snapshot!("approved_80", console.picture());
    console.shows(" >j-21 dunes");
}

#[test]
fn a_rejection_without_a_reason_needs_enter_twice() {
    let mut console = Console::drawn();
    console.press("r Enter").decides(0);
    console.shows("Enter once more rejects without a reason");
    console.press("Enter").decides(1);
}

#[test]
fn escape_keeps_the_note_for_the_next_prompt() {
    let mut console = Console::drawn();
    console.press("r").typed("too long").press("Esc");
    console.shows("Nothing is decided; the note is kept");
    console.shows("your draft");
    console.press("r").shows("note: too long");
    console.press("Enter");
    assert!(console.decisions()[0].contains("too long"));
    assert!(
        matches!(console.backend.saved.last(), Some((_, None))),
        "the draft is removed"
    );
}

#[test]
fn someone_was_quicker() {
    let mut console = Console::drawn();
    console.press("a Tab").typed("fine");
    console.backend.settle("j-17", "script", Verdict::Reject, "ana");
    console.press("Enter");
    console.shows("Not approved: ana rejected j-17 / script #2 at 2026-11-22 02:13:00Z");
    console.press("Esc");
    assert_snapshot!("quicker_80", console.picture());
    assert!(
        console
            .model
            .drafts
            .by_gate
            .values()
            .any(|draft| draft.approval == "fine"),
        "the note is kept"
    );
}

#[test]
fn a_refusal_does_not_give_way_to_the_same_fault_of_a_list() {
    let mut console = Console::drawn();
    let unread = |why: &str| {
        let read = Err(why.to_owned());
        console::effect::Msg::Answered(console::question::Answered::Queue(read))
    };
    console.tell(unread("cannot read runs/holdpoint.db: the file is damaged"));
    console.draw();
    console.shows("Not read: cannot read runs/holdpoint.db: the file is damaged");
    // What says the same is said once; anything else takes its place.
    console.tell(unread("the file is damaged"));
    console.draw();
    console
        .hides("+1 earlier")
        .shows("Not read: cannot read runs/holdpoint.db");
    console.tell(unread("the disk is full"));
    console.draw();
    console.shows("+1 earlier").shows("Not read: the disk is full");
}

#[test]
fn decided_elsewhere_while_the_prompt_is_open() {
    let mut console = Console::drawn();
    console.press("j a Tab").typed("ok");
    console.elsewhere("j-21", "storyboard", Verdict::Approve, "ana");
    console.shows("Not approved: ana approved j-21 / storyboard #1");
    console.shows("your note is kept");
    assert_snapshot!("elsewhere_80", console.picture());
    console.press("Enter").decides(0);
    console.hides("[Enter] approve");
}

#[test]
fn the_artifact_changed_on_disk_before_the_decision() {
    let mut console = Console::drawn().then("j a");
    console.backend.overwrite(
        "j-21",
        "storyboard/storyboard.json",
        storyboard("1", "2", "3").as_bytes(),
    );
    console.press("Enter");
    console.shows("Not approved: storyboard.json changed since it was read");
    console.press("Esc").shows("CHANGED ON DISK");
    console.press("a Enter");
    let digest = Digest::of_gate([
        (
            &domain::ids::ArtifactPath::new("artifacts/storyboard/storyboard.json").unwrap(),
            Digest::of(storyboard("1", "2", "3").as_bytes()),
        ),
        (
            &domain::ids::ArtifactPath::new("artifacts/storyboard/captions.srt").unwrap(),
            Digest::of(b"1\n00:00:01,000 --> 00:00:04,000\nlow tide\n"),
        ),
    ]);
    assert!(
        console.decisions().last().unwrap().ends_with(&digest.short()),
        "what is on screen now is decided"
    );
    console.shows("Approved j-21");
}

#[test]
fn the_timer_decides_and_says_so() {
    let mut console = Console::drawn();
    console.press("j").pass(110);
    console.backend.expire("j-17", "script");
    console.hears(
        EventType::GateAutoApproved,
        "timer approved script #2; nobody had looked",
    );
    console.shows("02:14:50Z j-17 tides: timer approved script #2; nobody had looked");
    assert_snapshot!("timer_80", console.picture());
    console.shows(" >j-21 dunes");
}

#[test]
fn decided_but_not_yet_on_disk() {
    let mut console = Console::drawn();
    console.backend.publish_problem = Some("cannot create runs/j-17/gates/script.json: no space left".to_owned());
    console.press("a Enter");
    console.resize(160, 24);
    console.shows("Decided, not yet on disk: cannot create runs/j-17/gates/script.json: no space left");
}

#[test]
fn a_paused_job_is_resumed_after_a_question() {
    for (columns, rows) in SIZES {
        let mut world = World::new();
        world.paused("j-30", "skerry");
        let mut console = Console::new(world, columns, rows);
        console.press("R").shows("runs again as #2");
        console.shows("ana wrote: too long, cut the second tip");
        assert_snapshot!(format!("resume_{columns}"), console.picture());
        console.press("Enter");
        assert!(console.backend.sent.contains(&"Resume j-30".to_owned()));
    }
}

/// Nobody is handed what was said before the gate that was withdrawn.
#[test]
fn resuming_after_a_withdrawal_shows_no_note_of_an_older_rejection() {
    let mut world = World::new();
    world.paused("j-30", "skerry");
    let rows = world.rows_of("j-30");
    let mut withdrawn = rows.gates[0].clone();
    withdrawn.key.attempt = 2;
    withdrawn.state = GateState::Canceled;
    rows.gates.push(withdrawn);
    let mut console = Console::new(world, 80, 24);
    console.press("R").shows("Gate script #3 opens");
    assert!(!console.text().contains("ana wrote"));
}

#[test]
fn a_job_that_is_not_paused_is_not_resumed() {
    let console = Console::drawn().then("R");
    console.shows("Not resumed: job j-17 is waiting at a gate, not paused");
}

#[test]
fn canceling_wants_the_id_typed() {
    let mut console = Console::drawn();
    console.press("X").typed("j-1").press("Enter");
    console.shows("Not canceled: that is not j-17");
    assert_snapshot!("cancel_80", console.picture());
    assert!(console.sent("Cancel").is_empty());
    console.typed("7").press("Enter");
    assert!(console.backend.sent.contains(&"Cancel j-17".to_owned()));
}

#[test]
fn what_canceling_would_do_does_not_change_under_the_typed_id() {
    let mut console = Console::drawn();
    console.press("X").typed("j-17").shows("script #2");
    let before = console.text();
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    assert!(console.text() != before, "{before}");
    console.shows("has changed: read it, then type the");
    // The id was typed to something else.
    console.press("Enter").shows("Not canceled: that is not j-17");
    assert!(console.sent("Cancel").is_empty());
    console.typed("j-17").press("Enter");
    assert_eq!(console.sent("Cancel"), ["Cancel j-17"]);
    // What changes nothing of it leaves the id where it is.
    let mut console = Console::drawn();
    console.press("X").typed("j-17");
    console.hears(EventType::GateSeen, "cy was shown it");
    console.hides("has changed");
    console.press("Enter");
    assert_eq!(console.sent("Cancel"), ["Cancel j-17"]);
}

#[test]
fn a_lease_lives_as_long_as_the_prompt_and_a_person() {
    let mut console = Console::drawn().then("j a");
    assert!(console.backend.sent.contains(&"TakeLease j-21 prompt".to_owned()));
    console.shows("you decide");
    let taken = |console: &Console| console.sent("TakeLease").len();
    for _ in 0..3 {
        console.pass(10);
    }
    assert_eq!(taken(&console), 4, "renewed every ten seconds");
    for _ in 0..40 {
        console.pass(10);
    }
    assert!(
        taken(&console) < 35,
        "without a key for five minutes it is no longer renewed"
    );
    console.press("Esc");
    assert_eq!(console.backend.sent.last().unwrap(), "ReleaseLease j-21");
}

#[test]
fn anothers_lease_is_named_in_the_prompt() {
    let console = Console::drawn().then("j j j a");
    console.shows("cy is composing here since 02:13:00Z; the timer is not held for you.");
}

#[test]
fn what_was_not_shown_is_named_until_it_was() {
    let mut console = Console::drawn();
    console.press("j Enter").shows("NOT YET SHOWN: ");
    console.press("} } } }");
    console.press("]").hides("NOT YET SHOWN");
    console.press("a").hides("You have not seen");
}

#[test]
fn a_read_only_console_decides_nothing() {
    let mut session = crate::console::session();
    session.is_read_only = true;
    let mut console = Console::with(session, World::drawn(), 80, 24);
    console.shows("READ ONLY");
    console.press("a r p R X").shows("this console only reads");
    console.press("Enter Enter");
    assert!(console.backend.sent.is_empty(), "{:?}", console.backend.sent);
}

#[test]
fn copying_gives_the_digest_of_what_is_on_screen() {
    let console = Console::drawn().then("y Enter y");
    assert_eq!(console.terminal.copied[0], "j-17");
    assert_eq!(
        console.terminal.copied[1],
        Digest::of(crate::world::SCRIPT_NEW.as_bytes()).to_string()
    );
    let _: Option<Effect> = None;
}
