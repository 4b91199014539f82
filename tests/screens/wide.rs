//! Wide windows: room is used, and nothing is cut beside empty cells.

use domain::gate::Verdict;
use domain::job::{Attempt, AttemptState, JobStatus};
use domain::view::QueueKind;
use insta::assert_snapshot;
use testing::world::stage;

use crate::console::{Console, session};
use crate::steady::columns;
use crate::world::{File, SCRIPT_NEW, SCRIPT_OLD, World, at, job_row};

/// The sizes of windows that are wide.
const WIDE: [(u16, u16); 3] = [(120, 40), (160, 50), (200, 60)];

const JOB: &str = "harbour-lights-of-the-north-quay-2";
const STAGE: &str = "colour-grading-of-scenes";

fn long_names() -> World {
    let mut world = World::drawn();
    let file = File::changed("script.txt", SCRIPT_OLD, SCRIPT_NEW);
    world.gate(&format!("{JOB} {JOB} / {STAGE} #3"), Some(200), [file]);
    world
}

/// The row of the queue that begins with this.
fn row(console: &Console, begin: &str) -> String {
    let text = console.text();
    let row = text.lines().skip(2).find(|line| line.contains(begin));
    row.unwrap_or_else(|| panic!("{begin}: {text}")).to_owned()
}

#[test]
fn no_name_is_cut_while_other_columns_have_room() {
    for (width, height) in WIDE {
        let console = Console::new(long_names(), width, height);
        let row = row(&console, "harbour");
        assert!(row.contains(JOB) && row.contains(STAGE), "{width}: {}", console.text());
    }
}

#[test]
fn a_longer_name_gets_its_room_when_nobody_reads_or_the_queue_is_come_back_to() {
    let comes = |console: &mut Console| {
        let file = File::new("script.txt", SCRIPT_NEW);
        console.opens(&format!("{JOB} {JOB} / {STAGE} #3"), Some(200), [file]);
    };
    let mut console = Console::new(World::drawn(), 120, 40).then("j");
    let before = columns(&console);
    comes(&mut console);
    assert_eq!(columns(&console), before);
    assert!(row(&console, "harb").contains('…'), "{}", console.text());
    console.press("2 q");
    assert!(row(&console, "harb").contains(JOB), "{}", console.text());

    let mut console = Console::new(World::drawn(), 120, 40).then("j");
    console.pass(90);
    comes(&mut console);
    assert!(
        row(&console, "harb").contains(JOB),
        "nobody is there: {}",
        console.text()
    );
}

/// Some decisions made, and a queue.
fn decided() -> World {
    let mut world = long_names();
    for (number, verdict, who) in [
        (1, Verdict::Approve, "ana"),
        (2, Verdict::Reject, "cy"),
        (3, Verdict::Approve, "bea"),
    ] {
        let id = format!("j-4{number}");
        world.gate(
            &format!("{id} heath / script #1"),
            None,
            [File::new("script.txt", SCRIPT_OLD)],
        );
        world.settle(&id, "script", verdict, who);
    }
    world
}

#[test]
fn the_room_of_a_wide_window_is_used() {
    for (width, height) in WIDE {
        let mut console = Console::new(decided(), width, height).then("j");
        console.elsewhere("j-22", "audio", Verdict::Reject, "cy");
        assert_snapshot!(format!("wide_{width}"), console.picture());
    }
}

#[test]
fn a_pane_has_the_whole_screen_and_gives_it_back() {
    for (width, height) in [(80, 24), (120, 40), (160, 50)] {
        let mut console = Console::new(decided(), width, height).then("j");
        let before = console.text();
        console.press("Enter =");
        console
            .hides("JOB  ")
            .hides("STAGES")
            .shows("= all panes")
            .shows("Tip 3");
        assert_snapshot!(format!("zoomed_{width}"), console.picture());
        console.press("=").shows("JOB  ");
        console.press("= q").hides("= all panes");
        assert_eq!(console.text(), before, "q leads back to what was there");

        // The queue: of the change is nothing on the screen, and nothing of it counts as shown.
        console.press("G = j j k").hides("hunk 1").shows("= all panes");
        console.press("Esc").hides("= all panes");
    }
}

#[test]
fn a_question_on_a_zoomed_queue_stands_under_its_gate() {
    let mut console = Console::new(World::drawn(), 80, 24).then("j =");
    console.press("k").hides("NOT YET SHOWN");
    console.press("}").shows("= all panes").shows("Tip 3");
    console.press("Tab").hides("Tip 3");
    console.pass(1).press("a").shows("APPROVE j-17 tides").shows("Tip 3");
    console.press("Esc").hides("Tip 3");
}

#[test]
fn history_and_figures_of_a_wide_window() {
    for (width, height) in [(160, 50), (200, 60)] {
        let mut world = decided();
        world.gate(
            "j-44 heath / script #1",
            Some(60),
            [File::new("script.txt", SCRIPT_OLD)],
        );
        world.now = world.now.plus_us(61_000_000);
        world.expire("j-44", "script");
        let mut console = Console::new(world, width, height).then("j 4");
        assert_snapshot!(format!("history_{width}"), console.picture());
        console.press("5");
        assert_snapshot!(format!("figures_{width}"), console.picture());
    }
}

/// Beside the drawing's: one that failed, one that was noted, one that ended.
fn with_failed() -> World {
    let mut world = decided();
    for (id, is_noted) in [("j-60", false), ("j-61", true)] {
        let rows = world.job(id, "quay", Some("assets"), JobStatus::Failed);
        rows.job.acknowledged_at = is_noted.then(|| at("02:11:00"));
        rows.attempts.push(Attempt {
            stage: stage("assets"),
            number: 1,
            state: AttemptState::Failed,
            notes: None,
            comments: Vec::new(),
            patch: None,
            queued_at: at("02:09:00"),
            started_at: Some(at("02:09:00")),
            ended_at: Some(at("02:10:00")),
            outcome: Some("exit status 3".to_owned()),
            host: None,
        });
    }
    world
        .slots
        .push(job_row("j-60", "quay", QueueKind::Failed, Some("assets")));
    world.job("j-62", "shore", None, JobStatus::Completed);
    world
}

#[test]
fn all_jobs_are_listed_those_that_failed_first() {
    for (width, height) in [(60, 20), (80, 24), (120, 40), (160, 50)] {
        let console = Console::new(with_failed(), width, height).then("j 6");
        console.shows("1 failed, 1 running");
        assert_snapshot!(format!("jobs_{width}"), console.picture());
    }
}

#[test]
fn a_job_of_the_list_is_opened_and_noted_and_the_way_back_leads_there() {
    let mut console = Console::new(with_failed(), 120, 40).then("j 6 g");
    // What is selected in the list is selected in the queue: each key is about one job.
    console.shows(">j-60 quay").shows("d notes it   exit status 3");
    console.press("Enter").shows("j-60 quay  failed at assets");
    console.press("q").shows("─ JOBS ");
    console.press("d");
    assert_eq!(console.sent("Acknowledge").len(), 1, "{:?}", console.backend.sent);
    console.shows("0 failed, 1 running");

    // A job without a row in the queue is read as well, and nothing is decided in its stead.
    console.press("/").typed("shore").press("Enter").shows("filter: shore");
    console.press("Enter").shows("j-62 shore  completed");
    console.press("a").decides(0).hides("APPROVE");
    console.press("q Esc q").hides("─ JOBS ");
    console.hides("j-62");
}

/// A document of one line with so many values, one of them this.
fn one_line(value: u32) -> Vec<u8> {
    let items: Vec<_> = (0..60)
        .map(|at| format!("{{\"id\":{at},\"ms\":{}}}", if at == 40 { value } else { 500 }))
        .collect();
    format!("{{\"scenes\":[{}]}}", items.join(",")).into()
}

#[test]
fn json_of_one_long_line_is_shown_by_its_values_first() {
    let mut world = World::new();
    let file = File("storyboard", "storyboard.json", Some(one_line(500)), one_line(900));
    world.gate("j-1 tides / storyboard #1", Some(300), [file]);
    let mut console = Console::new(world, 120, 40).then("j");
    console
        .shows("~ scenes[40].ms")
        .shows("500 -> 900")
        .shows("NOT YET SHOWN: hunk 1");
    // The list is no text: reading on leads to that, and only then is it shown.
    console.press("}").hides("~ scenes[40].ms").shows("\"id\":40");
    console.pass(1).hides("NOT YET SHOWN");

    // What the operator chose holds for every file.
    console.press("v v v").shows("Shown unified");
    console.shows("\"id\":40");
}

/// A console that gives words colours.
fn coloured(file: File, columns: u16) -> Console {
    let mut world = World::new();
    world.gate("j-1 tides / plan #1", Some(300), [file]);
    let mut session = session();
    session.has_syntax = true;
    Console::with(session, world, columns, 40).then("j")
}

const YAML: &str = "# the canary first\nimage: reef:1.4\nreplicas: 3\nname: \"潮 reef\"\n";

#[test]
fn words_have_colours_where_nothing_changed_and_never_instead_of_a_sign() {
    let changed = YAML.replace("3", "4");
    for (columns, name) in [(80, "syntax_80"), (160, "syntax_160")] {
        let console = coloured(File::changed("plan.yaml", YAML, changed.clone()), columns);
        assert_snapshot!(name, console.picture());
    }
    // A text that is all new has its sign, and colours for its words.
    assert_snapshot!("syntax_new_80", coloured(File::new("plan.yaml", YAML), 80).picture());
}

#[test]
fn without_colours_or_where_nobody_wants_them_words_have_none() {
    let is_coloured = |has_syntax: bool, has_colour: bool| {
        let mut world = World::new();
        world.gate("j-1 tides / plan #1", Some(300), [File::new("plan.yaml", YAML)]);
        let mut session = session();
        (session.has_syntax, session.has_colour) = (has_syntax, has_colour);
        Console::with(session, world, 80, 24)
            .then("j")
            .picture()
            .contains("magenta")
    };
    assert!(is_coloured(true, true));
    assert!(!is_coloured(true, false) && !is_coloured(false, true));
}
