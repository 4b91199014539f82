//! What is on the screen, at three sizes.

use config::{Config, Problem};
use console::effect::Msg;
use domain::gate::Verdict;
use domain::ids::{JobId, StageName};
use domain::job::JobStatus;
use domain::old::OldDecision;
use domain::time::Timestamp;
use insta::assert_snapshot;

use crate::console::{Console, SIZES, session};
use crate::world::{File, SCRIPT_OLD, World};

fn at_sizes(name: &str, world: impl Fn() -> World, keys: &str) {
    for (columns, rows) in SIZES {
        let console = Console::new(world(), columns, rows).then(keys);
        assert_snapshot!(format!("{name}_{columns}"), console.picture());
    }
}

#[test]
fn the_queue() {
    at_sizes("queue", World::drawn, "j");
}

#[test]
fn the_diff() {
    at_sizes("diff", World::drawn, "j Enter");
}

#[test]
fn the_diff_further_down_with_a_search() {
    at_sizes("diff_search", World::drawn, "j Enter z / s c e n e Enter n n");
}

#[test]
fn a_binary() {
    at_sizes("binary", World::drawn, "j j 2");
}

#[test]
fn the_job_with_its_log() {
    at_sizes("job", World::drawn, "G Enter");
}

fn decided() -> World {
    let mut world = World::drawn();
    world.settle_noting("j-17", "script", Verdict::Approve, "ana", "good pace – keep the lamp");
    world.now.utc = world.now.utc.plus_s(400);
    world.expire("j-21", "storyboard");
    world.settle_noting("j-22", "audio", Verdict::Reject, "cy", "clipping at 0:42");
    world.now = crate::world::start();
    world
}

#[test]
fn the_history() {
    at_sizes("history", decided, "4 j");
}

#[test]
fn decisions_of_the_old_system_come_after_ours_and_stand_outside_the_chain() {
    let mut world = decided();
    let file =
        br#"{"approved": false, "by": "admin", "at": "2025-08-15T03:45:31+00:00", "notes": "again \u001b[2J shorter"}"#;
    let old = |job: &str, stage: &str| {
        let (job, stage) = (JobId::new(job).unwrap(), StageName::new(stage).unwrap());
        OldDecision::parse(file, &job, &stage, Timestamp::default()).unwrap()
    };
    world.old_decisions = vec![
        old("e2d2a4a7-f54f-4901-b9de-7b576c90a2ab", "script"),
        old("old-1", "audio"),
    ];
    let mut console = Console::new(world, 80, 24);
    console.press("4 G k").shows("script old");
    assert_snapshot!("history_old_80", console.picture());
    console.press("j").shows("> 2025-08-15 old-1");
    console.press("y").shows("Nothing copied: there is no hash here");
}

#[test]
fn the_help_is_made_from_the_keymap() {
    let mut console = Console::drawn();
    console.press("?").typed("no time is left");
    console.shows("what happens when no time is left");
    console.hides("one row up");
    at_sizes("help", World::drawn, "?");
    let mut console = Console::drawn();
    console.press("?").typed("hunk").shows("the next hunk");
    console.hides("reject");
    let mut console = Console::drawn();
    console.press("?").shows("k or Up");
    console.press("Esc ?").typed("undo");
    console.shows("Ctrl-u                  undo");
    console.shows("suspend, everywhere");
    console.press("Esc ?").typed("patch type").shows("F2");
}

#[test]
fn the_palette() {
    let mut console = Console::drawn();
    console.press(":").typed("hist");
    assert_snapshot!("palette_80", console.picture());
    console.press("Enter").shows("HISTORY");
    console.press("q : q Enter");
    assert!(console.is_left);
}

#[test]
fn an_empty_queue_says_what_to_do() {
    for width in [60, 80, 120] {
        Console::new(World::new(), width, 24).shows("hint: holdpoint job start --slug NAME");
    }
    at_sizes("empty", World::new, "");
}

#[test]
fn nobody_leads_the_configuration_is_broken_and_the_disk_is_full() {
    let mut world = World::drawn();
    world.leader = None;
    let mut console = Console::new(world, 80, 24);
    let text = "gates:\n  storyboard: {auto_aprove_after_s: 60}\n  script: {auto_aprove: true}\n";
    let problems = Config::load(text, "a/directory/with/a/long/way/to/it/conf/operator.yaml").unwrap_err();
    console.tell(Msg::ConfigBroken(problems.iter().map(Problem::brief).collect()));
    console.draw();
    console.shows("! Configuration not loaded (1 of 2): operator.yaml:2:");
    console.shows("gates.storyboard.auto_aprove_after_s: did you mean auto_approve_after_s?");
    assert_snapshot!("broken_80", console.picture());
    console.tell(Msg::Trouble(Some(
        "cannot create runs/j-17/gates: no space left   hint: decisions are safe in the database".to_owned(),
    )));
    console.draw();
    console.shows("no space left");
    console.tell(Msg::Trouble(None));
    console.tell(Msg::ConfigLoaded(Default::default(), Default::default(), Vec::new()));
    console.draw();
    console.hides("not loaded");
    console.hides("no space");
}

#[test]
fn without_colour_every_sign_is_still_there() {
    let mut session = session();
    session.has_colour = false;
    let mut console = Console::with(session, World::drawn(), 80, 24);
    console.pass(60).press("j a");
    let picture = console.picture();
    assert_snapshot!("no_colour_80", &picture);
    for colour in ["red", "green", "yellow", "cyan", "magenta"] {
        assert!(!picture.contains(colour), "{colour}");
    }
}

#[test]
fn the_filter_says_what_it_hides() {
    let mut console = Console::drawn();
    console.press("/").typed("reef").shows("/reef: 5 hidden");
    console.press("Enter");
    assert_snapshot!("filter_80", console.picture());
    console.press("Esc").hides("hidden");
}

#[test]
fn countdowns_run_and_warn() {
    let mut console = Console::drawn();
    console.shows("1:42 approve");
    console.pass(43).shows("!NEXT 0:59 approve tides");
    console.shows("! >j-17 tides");
    console.pass(59).shows("0:00");
}

#[test]
fn sorting_by_job_keeps_the_selection() {
    let mut console = Console::drawn();
    console.press("j s s").shows("Sorted by job");
    console.shows(" >j-21 dunes");
}

#[test]
fn hostile_text_shows_as_marks() {
    let mut world = World::new();
    let hostile = "plain\nred \x1b[31m and \u{202e}back\u{200b}wards\nbell \x07\n".to_owned();
    world.gate(
        "j-66 evil\u{202e}slug\x1b[2J / script #1",
        None,
        [File::changed("s.txt", SCRIPT_OLD, hostile)],
    );
    let console = Console::new(world, 80, 24);
    let text = console.text();
    assert_snapshot!("hostile_80", console.picture());
    assert!(
        text.chars()
            .all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}' && c != '\u{200b}')),
        "{text}"
    );
    console.shows("␛[31m");
    console.shows("<U+202E>");
}

#[test]
fn long_ids_keep_the_columns() {
    let mut world = World::new();
    world.gate(
        "0198c0de-7f3a-7aaa-8bbb-0123456789ab a-rather-long-slug-of-a-job / acceptance #12",
        None,
        [],
    );
    world.paused("j-30", "skerry");
    world.job("j-30", "skerry", Some("script"), JobStatus::Paused);
    let console = Console::new(world, 80, 24);
    assert_snapshot!("long_ids_80", console.picture());
}

#[test]
fn any_size_is_survived() {
    let mut console = Console::drawn().then("j a");
    for (columns, rows) in [
        (1, 1),
        (0, 0),
        (300, 900),
        (20, 8),
        (19, 40),
        (500, 3),
        (40, 12),
        (80, 24),
    ] {
        console.resize(columns, rows);
    }
    console.press("Esc p").resize(30, 10).resize(3, 200).resize(80, 24);
    console
        .press("Esc q 3")
        .resize(25, 9)
        .press("4")
        .resize(25, 9)
        .press("?")
        .resize(21, 8);
}
