//! The rows of the queue and the header: names, holders, what a settled gate says.

use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::JobStatus;
use domain::lease::LeasePurpose;
use domain::view::QueueKind;

use crate::console::Console;
use crate::steady::columns;
use crate::world::{World, job_row};

#[test]
fn a_failed_job_stays_until_somebody_notes_it() {
    let mut world = World::drawn();
    world
        .slots
        .push(job_row("j-30", "skerry", QueueKind::Failed, Some("script")));
    world.job("j-30", "skerry", Some("script"), JobStatus::Failed);
    let mut console = Console::new(world, 80, 24);
    console.press("G k").shows(">j-30 skerry");
    console.shows("failed");
    console.shows("d notes it");
    console.event("j-30", "script", EventType::JobFailed, "script failed");
    console.shows(">j-30 skerry");
    console.press("k d");
    console.shows("Not noted: the selected row is no failed job");
    console.press("j d").shows("Noted that it failed: j-30 skerry");
    assert!(
        console.backend.sent.contains(&"Acknowledge j-30".to_owned()),
        "{:?}",
        console.backend.sent
    );
    console.hides("j-30 skerry       script");
}

#[test]
fn who_is_at_a_gate_is_said_in_two_words() {
    let mut world = World::drawn();
    world.set_lease("j-17", Some(("root", LeasePurpose::Prompt)));
    world.set_lease("j-22", Some(("bea", LeasePurpose::Compose)));
    let gate = world.rows_of("j-22").gates.last_mut();
    gate.unwrap().lease.as_mut().unwrap().session = "another".to_owned();
    let mut console = Console::new(world, 80, 24);
    for words in ["root deciding", "cy composing", "other console"] {
        console.shows(words);
    }
    console.resize(60, 24);
    for words in ["root deciding", "cy composing", "other console"] {
        console.shows(words);
    }
    console.resize(80, 24);
    console.press("g j p").shows("you edit");
}

#[test]
fn a_gate_that_is_settled_while_it_is_read_is_no_row_and_says_so_in_its_title_until_it_is_left() {
    let mut console = Console::drawn().then("Enter");
    console.backend.settle("j-17", "script", Verdict::Approve, "ana");
    console.backend.starts("j-17");
    console.hears(EventType::GateApproved, "ana approved script #2");
    console.shows(" / script #2  APPROVED by ana 02:13:0");
    let rows = |console: &Console| {
        let text = console.text();
        let queue = text.lines().skip(1).take_while(|line| !line.starts_with('─'));
        queue
            .filter(|line| line.contains("j-17 tides"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let of_job = rows(&console);
    assert_eq!(of_job.len(), 1, "what the job does now: {of_job:?}");
    assert!(!of_job[0].contains('>') && !of_job[0].contains("approve"), "{of_job:?}");
    console.press("q").shows(">j-21 dunes");
    assert_eq!(console.model.queue.hidden(), 0);
}

#[test]
fn from_a_gate_that_was_decided_elsewhere_reading_goes_on_to_the_most_urgent() {
    let mut console = Console::drawn().then("j Enter");
    console.elsewhere("j-21", "storyboard", Verdict::Reject, "ana");
    for _ in 0..20 {
        if console.text().contains("REJECTED") {
            console.press("}");
        }
    }
    // The first one was read wholly before.
    console.shows("j-22 marsh / audio #1");
    console.hides("REJECTED");
}

#[test]
fn a_job_that_somebody_rejected_outside_waits_in_the_queue_and_resumes_there() {
    let mut world = World::drawn();
    world.paused("j-30", "heath");
    world.slots.retain(|row| row.kind != QueueKind::Paused);
    world.rows_of("j-30").job.is_manual = true;
    let mut console = Console::new(world, 80, 24);
    console.press("G k").shows(">j-30 heath");
    console.shows("paused");
    console.press("R").shows("RESUME j-30 heath");
    console.press("Enter").hides(">j-30 heath");
}

#[test]
fn the_header_names_the_next_job_and_the_leader() {
    let mut console = Console::drawn();
    console.shows("NEXT 1:42 approve tides");
    console.shows("lead ops@ops1");
    console.hides("!NEXT");
    console.pass(60).shows("!NEXT 0:42 approve tides");
    console.resize(60, 20).shows("lead ops@ops1");
    console.shows("!NEXT 0:42 approve tides");
    console.resize(50, 20).shows("!NEXT 0:42 approve");
}

#[test]
fn names_that_people_gave_are_told_apart() {
    let mut world = World::new();
    for name in ["north", "south"] {
        let id = format!("harbour-lights-of-the-{name}-quay-final-cut");
        world.gate(&format!("{id} {id} / acceptance #1"), None, []);
    }
    let mut console = Console::new(world, 80, 24);
    console.shows("…north-quay-");
    console.shows("…south-quay-");
    console.press("a").shows("-cut / acceptance #1");
    console.shows("as bea");
    console.press("Esc").resize(120, 40).shows("north");
    console.shows("south");
}

#[test]
fn a_wide_window_has_every_column_that_a_narrow_one_has() {
    let head = ["JOB", "STAGE", "#", "LEFT↓", "THEN", "CHANGE", "FILES", "WHO"];
    for width in [80, 96, 110, 120, 132, 178, 179, 196, 197, 200] {
        let console = Console::new(World::drawn(), width, 40);
        let text = console.text();
        let line = text.lines().nth(1).unwrap();
        let heads: Vec<_> = line.split('│').next().unwrap().split_whitespace().collect();
        assert_eq!(heads.contains(&"AGE"), width >= 96, "{width}: {text}");
        let heads: Vec<_> = heads.into_iter().filter(|head| *head != "AGE").collect();
        assert_eq!(heads, head, "{width}");
        for words in ["+6 -3", "new 11", "cy composing", "unseen"] {
            console.shows(words);
        }
    }
}

#[test]
fn what_stands_beside_the_diff_leaves_it_80_columns_and_a_text_all_it_can() {
    let columns = |console: &Console| console::layout::of(&console.model).lower.width;
    for (width, diff, text) in [
        (109, 109, 109),
        (110, 110, 110),
        (116, 116, 116),
        (117, 80, 117),
        (137, 100, 137),
        (150, 101, 150),
        (180, 131, 180),
        (200, 149, 200),
        (240, 179, 240),
        (241, 100, 100),
        (260, 119, 119),
    ] {
        let mut console = Console::new(World::drawn(), width, 40);
        assert_eq!(columns(&console), diff, "{width}: {}", console.text());
        console.press("e");
        assert!(console.model.compose.is_some());
        assert_eq!(columns(&console), text, "{width}: {}", console.text());
    }
}

#[test]
fn a_paused_row_says_why_it_waits() {
    for width in [60, 80, 120] {
        let mut world = World::drawn();
        world.paused("j-30", "heath");
        let console = Console::new(world, width, 24);
        let text = console.text();
        let row = text.lines().find(|line| line.contains("j-30 heath")).unwrap();
        assert!(row.contains("paused") && row.contains("rejected"), "{row}");
    }
}

#[test]
fn a_console_that_only_reads_counts_the_open_gates_in_a_narrow_window_too() {
    let mut session = crate::console::session();
    session.is_read_only = true;
    let mut console = Console::with(session, World::drawn(), 60, 14);
    for words in ["READ ONLY", "lead ops@ops1", "5 open", "NEXT 1:42 approve"] {
        console.shows(words);
    }
    console.press(":").typed("marks").hides("take the marks off");
}

#[test]
fn no_text_that_wants_room_moves_a_column_of_the_queue() {
    for (width, height) in [
        (60, 14),
        (80, 24),
        (120, 24),
        (120, 40),
        (140, 40),
        (180, 40),
        (200, 50),
    ] {
        for keys in ["Enter", "v", "2", "3", "4", "e", "p", "a", "e x Esc", "L", "t"] {
            let mut console = Console::new(World::drawn(), width, height).then("j");
            let before = columns(&console);
            console.press(keys);
            assert_eq!(
                columns(&console),
                before,
                "{keys} at {width}x{height}: {}",
                console.text()
            );
        }
    }
}

#[test]
fn the_queue_is_as_high_in_every_pane() {
    for (width, height) in [(60, 14), (80, 24), (120, 24), (120, 40), (200, 50)] {
        let mut world = World::drawn();
        for number in 50..70 {
            world.gate(&format!("j-{number} many / script #1"), Some(2000), []);
        }
        let mut console = Console::new(world, width, height);
        let rows = |console: &Console| {
            let text = console.text();
            let queue = text.lines().skip(2).take_while(|line| !line.starts_with('─'));
            queue.count()
        };
        let before = rows(&console);
        for keys in ["2", "3", "4", "1", "Tab", "q"] {
            console.press(keys);
            assert_eq!(rows(&console), before, "{keys} at {width}x{height}: {}", console.text());
        }
    }
}

#[test]
fn the_filter_hides_no_head() {
    let mut console = Console::drawn();
    console.press("/").typed("reef").press("Enter").shows("/reef: 5 hidden");
    console.shows("CHANGE");
    console.shows("FILES WHO");
    console.resize(60, 20).shows("/reef: 5 hidden");
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
