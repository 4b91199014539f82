//! What never gives way and never moves: the way to all keys, the columns of the queue, what a
//! title is about.

use domain::event::EventType;
use domain::gate::Verdict;
use domain::key::GateKey;
use domain::lease::LeasePurpose;

use crate::console::Console;
use crate::world::{File, SCRIPT_NEW, SCRIPT_OLD, World, job_id, stage};

fn last_line(console: &Console) -> String {
    console.text().lines().last().unwrap().trim_end().to_owned()
}

#[test]
fn the_key_bar_ends_in_all_keys_and_the_way_out_at_every_width() {
    for columns in (20..=140).step_by(4) {
        for (keys, end) in [
            ("j", "? keys  q leave"),
            ("j 2", "? keys  q back"),
            ("j 3", "? keys  q back"),
            ("4", "? keys  q back"),
            ("G", "? keys  q leave"),
        ] {
            let console = Console::new(World::drawn(), columns, 24).then(keys);
            assert!(
                last_line(&console).ends_with(end),
                "{columns} {keys}: {}",
                console.text()
            );
        }
    }
}

#[test]
fn what_a_field_or_a_list_takes_is_said_whole_at_60_columns() {
    for (keys, hint) in [
        ("a", "j k } look at the diff"),
        ("a Tab", "nothing is decided until Enter"),
        ("r", "nothing is decided until Enter"),
        ("t", "type the reason, or leave it out"),
        ("+", "type how long"),
        ("X", "type the id"),
        ("p", "F2 type  Tab complete"),
        ("p Esc", "the text is kept   Esc text"),
        ("p F2", "Enter writes in it   Up Down move"),
        ("e", "Tab complete  Ctrl-f find"),
        ("p Ctrl-f", "type what to find   Enter there"),
        ("?", "type to find   Up Down PgUp PgDn move"),
        (":", "Enter does it   type to find"),
        ("L", "Enter shows it   type to find"),
        ("/", "Enter keeps the filter"),
        ("j 2 /", "Enter finds"),
        ("Space g a", "j k } look at the diff"),
    ] {
        let console = Console::new(World::drawn(), 60, 24).then(keys);
        let bar = last_line(&console);
        assert!(bar.contains(hint) && !bar.ends_with('…'), "{keys}: {}", console.text());
    }
}

/// The heads of the queue's columns, each in its place.
pub fn columns(console: &Console) -> String {
    let text = console.text();
    let head = text.lines().nth(1).unwrap();
    head.split('│')
        .next()
        .unwrap()
        .split(" +")
        .next()
        .unwrap()
        .trim_end()
        .to_owned()
}

#[test]
fn rows_that_come_go_or_are_marked_move_no_column() {
    for width in [46, 60, 80, 120, 140] {
        let mut console = Console::new(World::drawn(), width, 40);
        let before = columns(&console);
        console.press("Space");
        assert!(console.text().contains("*"), "the mark is shown");
        assert_eq!(columns(&console), before, "marked at {width}");
        console.backend.gate(
            "a-job-with-quite-a-long-name-of-its-own  / a-stage-with-a-long-name #7",
            Some(900),
            [],
        );
        console
            .backend
            .set_lease("j-22", Some(("somebody-with-a-name", LeasePurpose::Compose)));
        console.event(
            "a-job-with-quite-a-long-name-of-its-own",
            "script",
            EventType::GateOpened,
            "it waits",
        );
        assert_eq!(columns(&console), before, "with a longer row at {width}");
        console.press("/").typed("reef").press("Enter");
        assert_eq!(columns(&console), before, "filtered at {width}");
    }
}

#[test]
fn what_happened_is_told_with_the_name_that_the_queue_has() {
    let id = "0198c0de-7f3a-7aaa-8bbb-0123456789ab";
    let mut world = World::new();
    world.gate(&format!("{id} tides / script #2"), Some(300), []);
    let mut console = Console::new(world, 80, 24).then("t");
    console.elsewhere(id, "script", Verdict::Approve, "ana");
    console.shows("Not held: ana approved …89ab tides / script #2");
    console.hides(id);
}

const LONG: &str = "harbour-lights-of-the-north-quay-in-the-final-cut-of-a-very-long-winter-night-2";

fn long() -> World {
    let mut world = World::new();
    let file = File::changed("the-script-of-the-film.txt", SCRIPT_OLD, SCRIPT_NEW);
    world.gate(&format!("{LONG} {LONG} / script #12"), Some(300), [file]);
    world
}

#[test]
fn a_title_gives_way_in_the_job_and_in_nothing_else() {
    for width in [60, 80, 120] {
        let mut console = Console::new(long(), width, 24);
        console.backend.set_lease(LONG, Some(("ana", LeasePurpose::Compose)));
        console.event(LONG, "script", EventType::GateHeld, "ana takes it");
        let digest = console.model.gate.as_ref().unwrap().shown_digest().unwrap().short();
        let text = console.text();
        let title = text.lines().find(|line| line.contains("─ har")).unwrap();
        for words in ["har", "/ script #12", "ana composing", "1/1"] {
            assert!(title.contains(words), "{words} at {width}: {title}");
        }
        assert!(width >= 110 || title.contains(&digest), "{digest} at {width}: {title}");
        for (key, verb) in [("a", "APPROVE"), ("r", "REJECT")] {
            console.press(key);
            let head = console.text();
            let head = head.lines().find(|line| line.contains(verb)).unwrap().to_owned();
            for words in ["har", "/ script #12", &digest, "as bea"] {
                assert!(head.contains(words), "{words} at {width}: {head}");
            }
            console.press("Esc");
        }
        console.press("p");
        assert!(console.text().contains("/ script #12"), "{}", console.text());
        console.press("Esc q");
        let key = GateKey {
            job_id: job_id(LONG),
            stage: stage("script"),
            attempt: 12,
        };
        assert!(console.model.queue.gate(&key).is_some());
    }
}

#[test]
fn a_long_stage_takes_lines_of_its_own_and_nothing_of_the_title_is_cut() {
    let stage = "a-stage-whose-name-is-as-long-as-a-name-may-be-at5";
    assert_eq!(stage.len(), 50);
    for width in [60, 72, 80, 110] {
        let mut world = World::new();
        let file = File::changed("script.txt", SCRIPT_OLD, SCRIPT_NEW);
        world.gate(&format!("{LONG} {LONG} / {stage} #12"), Some(300), [file]);
        let mut console = Console::new(world, width, 24);
        let digest = console.model.gate.as_ref().unwrap().shown_digest().unwrap().short();
        for (key, verb) in [("a", "APPROVE har"), ("r", "REJECT har"), ("t", "HOLD TIMER har")] {
            console.press(key);
            let text = console.text();
            let title = text.split(verb).nth(1).unwrap();
            for words in [&format!("{stage} #12"), "as bea"] {
                assert!(title.contains(words), "{words} at {width}: {text}");
            }
            assert!(key == "t" || title.contains(&digest), "{digest} at {width}: {text}");
            console.hides("Enter does nothing");
            console.press("Esc");
        }
    }
}
