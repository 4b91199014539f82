//! What a former console has sent over a line that was lost, as the next one asks about it; and when
//! answers count as read.

use domain::ask::Command;
use domain::gate::Verdict;
use domain::key::GateRef;
use domain::time::Timestamp;
use engine::far::{LeftCommand, UnsentCommand};
use testing::world::{job_id, stage};

use crate::console::Console;
use crate::world::World;

fn gate(id: &str) -> GateRef {
    let (name, attempt) = match id {
        "j-17" => ("script", 2),
        _ => ("storyboard", 1),
    };
    GateRef {
        job_id: job_id(id),
        stage: stage(name),
        attempt: Some(attempt),
    }
}

fn left(id: &str, command: Command, is_undone: bool) -> LeftCommand {
    LeftCommand {
        submitted: UnsentCommand {
            submission: format!("s-{id}"),
            command,
            sent: None,
        },
        at: Timestamp::parse("2026-11-22T02:00:00Z").unwrap(),
        session: "gone".to_owned(),
        is_undone,
    }
}

fn rejection(id: &str, is_undone: bool) -> LeftCommand {
    let reject = Command::Decide {
        gate: gate(id),
        verdict: Verdict::Reject,
        notes: Some("not yet".to_owned()),
        comments: Vec::new(),
        draft_by: None,
        patch: None,
        digest: None,
        context_digest: None,
    };
    left(id, reject, is_undone)
}

/// A console whose predecessor has left these.
fn console(left: Vec<LeftCommand>) -> Console {
    let mut world = World::drawn();
    world.left = (left, Vec::new());
    Console::new(world, 120, 40)
}

#[test]
fn an_escape_that_was_another_keys_beginning_forgets_nothing() {
    let left = [rejection("j-17", true), rejection("j-21", true)];
    let mut console = console(left.to_vec());
    console.shows("REJECT j-17");
    console.torn("Left");
    console
        .shows("Left came in pieces and did nothing")
        .shows("REJECT j-17");
    assert_eq!(console.backend.forgotten, []);
    // An Escape that was one, as the next key tells.
    console
        .press("Esc")
        .shows("Not sent: j-17 / script #2 rejected; what you wrote is kept as a draft");
    assert_eq!(console.backend.forgotten, []);
    console.hides("REJECT j-21");
    console.pass_ms(1_500).shows("REJECT j-21");
    assert_eq!(console.backend.forgotten, []);
    console.press("Esc").press("j");
    assert_eq!(console.backend.forgotten, left);
}

#[test]
fn an_escape_that_tears_late_leaves_the_question_to_the_next_one() {
    let mut console = console(vec![rejection("j-17", true), rejection("j-21", true)]);
    console.press("Esc").pass_ms(1_500).shows("REJECT j-21");
    console.comes_torn();
    console.shows("REJECT j-21");
    console.press("Esc").pass_ms(1_500).shows("REJECT j-17");
    console.press("j").press("Esc").press("j").hides("REJECT j-");
    let forgotten: Vec<_> = console.backend.forgotten.iter().map(LeftCommand::words).collect();
    assert_eq!(
        forgotten,
        ["j-21 / storyboard #1 rejected", "j-17 / script #2 rejected"]
    );
}

#[test]
fn what_nobody_knows_is_not_said() {
    let mut console = console(vec![rejection("j-17", true)]);
    console.shows("on a line that was lost; it was").shows("not done.");
    let hold = Command::Hold {
        gate: gate("j-17"),
        reason: None,
    };
    console = self::console(vec![left("j-17", hold, false)]);
    console
        .shows("server does not say whether it was done")
        .hides("it was not done");
    console.press("Esc").shows("Not sent again: j-17 / script #2 held");
    console.hides("kept as a draft");
}

#[test]
fn an_answer_is_read_when_a_key_comes_after_it_was_on_the_screen() {
    let mut console = Console::drawn();
    console.press("a").press("Enter").decides(1).shows("Approved j-17");
    let before = console.backend.read.len();
    console.press("j");
    assert!(console.backend.read.len() > before);
}
