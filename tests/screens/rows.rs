//! The rows of the queue and the header: names, holders, what a settled gate says.

use holdpoint::domain::event::EventType;
use holdpoint::domain::gate::Verdict;
use holdpoint::domain::job::JobStatus;
use holdpoint::domain::lease::LeasePurpose;
use holdpoint::domain::view::QueueKind;

use crate::console::Console;
use crate::world::{World, job_row};

#[test]
fn a_failed_job_stays_until_somebody_notes_it() {
    let mut world = World::drawn();
    world
        .slots
        .push(job_row("j-30", "skerry", QueueKind::Failed, Some("script")));
    world.job("j-30", "skerry", Some("script"), JobStatus::Failed);
    let mut console = Console::new(world, 80, 24);
    console.press("G k");
    console.shows(">j-30 skerry");
    console.shows("failed");
    console.shows("d noted");
    console.event("j-30", "script", EventType::JobFailed, "script failed");
    console.shows(">j-30 skerry");
    console.press("k d");
    console.shows("Not noted: the selected row is no failed job");
    console.press("j d");
    console.shows("Noted that it failed: j-30 skerry");
    assert!(
        console.world.sent.contains(&"Acknowledge j-30".to_owned()),
        "{:?}",
        console.world.sent
    );
    console.hides("j-30 skerry       script");
}

#[test]
fn who_is_at_a_gate_is_said_in_two_words() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("root", LeasePurpose::Prompt)));
    world.set_lease("j-22", Some(("bea", LeasePurpose::Compose)));
    let gate = world
        .jobs
        .get_mut(&crate::world::job_id("j-22"))
        .unwrap()
        .gates
        .last_mut();
    gate.unwrap().lease.as_mut().unwrap().holder.via.pid = 12;
    let mut console = Console::new(world, 80, 24);
    for words in ["root deciding", "cy composing", "you elsewhere"] {
        console.shows(words);
    }
    console.resize(60, 24);
    for words in ["root at it", "cy composing", "elsewhere"] {
        console.shows(words);
    }
    console.resize(80, 24);
    console.press("g j p");
    console.shows("you edit");
}

#[test]
fn a_gate_that_is_settled_while_it_is_read_stays_with_its_job_in_one_row_until_it_is_left() {
    let mut console = Console::drawn();
    console.press("Enter");
    console
        .world
        .settle("j-17", "script", Verdict::Approve, "ana", None, None)
        .unwrap();
    console.world.starts("j-17");
    console.event("j-17", "script", EventType::GateApproved, "ana approved script #2");
    console.shows("done approved ana");
    let rows = |console: &Console| {
        let text = console.text();
        let queue = text.lines().skip(1).take_while(|line| !line.starts_with('─'));
        queue.filter(|line| line.contains("j-17 tides")).count()
    };
    assert_eq!(rows(&console), 1);
    console.press("q");
    console.hides("done approved");
    console.shows(">j-21 dunes");
    assert_eq!(console.model.queue.hidden(), 0);
}

#[test]
fn the_header_names_the_next_job_and_the_leader() {
    let mut console = Console::drawn();
    console.shows("NEXT 1:42 approve tides");
    console.shows("lead ops@ops1");
    console.hides("!NEXT");
    console.pass(60);
    console.shows("!NEXT 0:42 approve tides");
    console.resize(60, 20);
    console.shows("lead ops@ops1");
    console.shows("!NEXT 0:42 approve tides");
    console.resize(50, 20);
    console.shows("!NEXT 0:42 approve");
}

#[test]
fn names_that_people_gave_are_told_apart() {
    let mut world = World::new();
    for name in ["north", "south"] {
        let id = format!("harbour-lights-of-the-{name}-quay-final-cut");
        world.gate(&id, &id, "acceptance", 1, None, vec![]);
    }
    let mut console = Console::new(world, 80, 24);
    console.shows("…north-quay-");
    console.shows("…south-quay-");
    console.press("a");
    console.shows("-cut / acceptance #1");
    console.shows("as bea");
    console.press("Esc").resize(120, 40);
    console.shows("north");
    console.shows("south");
}

#[test]
fn beside_the_gate_the_queue_says_what_changed_or_who_is_at_it() {
    let console = Console::new(World::drawn(), 120, 40);
    for words in ["JOB", "STAGE", "LEFT", "THEN", "CHANGE", "cy edits", "+6 -3"] {
        console.shows(words);
    }
    let console = Console::new(World::drawn(), 140, 40);
    for words in ["CHANGE", "WHO", "cy edits", "new 11", "unseen"] {
        console.shows(words);
    }
}

#[test]
fn the_filter_hides_no_head() {
    let mut console = Console::drawn();
    console.press("/").typed("reef").press("Enter");
    console.shows("/reef: 5 hidden");
    console.shows("CHANGE");
    console.shows("FILES WHO");
    console.resize(60, 20);
    console.shows("/reef: 5 hidden");
    console.shows("WHO");
}

#[test]
fn blanks_have_no_colour_and_the_selected_row_has_one_style() {
    let console = Console::drawn();
    let picture = console.picture();
    // Row 2 is the selected one: reversed from end to end.
    let runs: Vec<&str> = picture
        .lines()
        .last()
        .unwrap()
        .split(' ')
        .filter(|run| run.starts_with("2:"))
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(runs[0].starts_with("2:0-79"), "{runs:?}");
    assert!(!picture.contains("3:0-0"), "no urgent blank");
    let mut console = Console::drawn();
    console.press("j").pass(43);
    let picture = console.picture();
    assert!(
        picture.contains(" 2:0-0"),
        "the sign is red, the blanks are not: {picture}"
    );
}
