//! What a console says when it starts, and the job and history panes that it points to.

use console::effect::Msg;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::JobStatus;
use insta::assert_snapshot;
use testing::world::{job_id, stage};

use crate::console::{Console, SIZES, session};
use crate::world::{File, SCRIPT_OLD, World, at, start};

fn opened_at(id: &str, name: Option<&str>) -> Console {
    let mut session = session();
    session.open_at = Some((job_id(id), name.map(stage)));
    let mut world = World::drawn();
    world.job("j-9", "old", None, JobStatus::Completed);
    Console::with(session, world, 80, 24)
}

#[test]
fn a_console_opens_where_it_was_asked_to_or_says_why_not() {
    let console = opened_at("j-22", Some("audio"));
    console.shows(" >j-22 marsh");
    console.hides("Not opened");
    let console = opened_at("j-22", Some("nope"));
    console.shows("Not opened: j-22 has no stage nope");
    console.shows(" >j-22 marsh");
    opened_at("j-22", Some("assemble")).shows("Not opened: assemble of j-22 has no gate yet");
    opened_at("j-99", None).shows("Not opened: there is no job j-99");
    opened_at("j-9", None).shows("Not opened: j-9 is completed");
}

/// At 01:00 the timer approved two, at 01:30 ana rejected one, at 02:00 bea (who sits here) one.
fn decided() -> World {
    let mut world = World::drawn();
    for (clock, name) in [("01:00:00", "one"), ("01:05:00", "two")] {
        world.gate(&format!("{name} {name} / script #1"), Some(60), []);
        world.now.utc = at(clock);
        world.rows_of(name).gates[0].timer.as_mut().unwrap().deadline = at(clock);
        world.expire(name, "script");
    }
    world.gate("three three / script #1", None, []);
    world.now.utc = at("01:30:00");
    world.settle("three", "script", Verdict::Reject, "ana");
    world.now = start();
    world
}

#[test]
fn the_first_line_says_what_was_decided_meanwhile() {
    let console = Console::new(decided(), 80, 24);
    console.shows("In the last day: ");
    console.shows("timer approved 2, ana rejected 1   4: history");

    let mut world = decided();
    world.log("01:02:00", "one", "script", EventType::GateSeen, "bea", "bea looked");
    world.log("01:40:00", "one", "script", EventType::GateSeen, "cy", "cy looked");
    let console = Console::new(world, 80, 24);
    console.shows("Since you were here (01:02Z): timer approved 1, ana rejected 1");

    let mut world = decided();
    world.gate("four four / script #1", None, []);
    world.settle("four", "script", Verdict::Approve, "bea");
    let console = Console::new(world, 80, 24);
    console.hides("Since you were here");
    console.hides("In the last");
}

#[test]
fn news_are_decisions_and_not_answers_to_keys() {
    let mut console = Console::new(World::drawn(), 120, 40);
    console.press("s s s s").hides("NEWS");
    console.elsewhere("j-22", "audio", Verdict::Approve, "ana");
    console.press("s").shows("NEWS");
    console.shows("02:13:00Z j-22 marsh: ana");
    console.shows("  approved audio #1");
    let text = console.text();
    let below: Vec<&str> = text.lines().skip_while(|line| !line.contains("NEWS")).collect();
    let news = below.iter().filter(|line| line.contains("Sorted")).count();
    assert_eq!(news, 1, "in the message line alone: {text}");
}

fn busy() -> World {
    let mut world = World::drawn();
    for number in 1..=30 {
        let clock = format!("02:{number:02}:00");
        let kind = if number % 2 == 0 {
            EventType::StageStarted
        } else {
            EventType::GateExtended
        };
        let message = format!("event {number}");
        world.log(&clock, "j-24", "assets", kind, "ana", &message);
    }
    let log: String = (1..=30).map(|line| format!("plate {line}\n")).collect();
    world.logs.insert((job_id("j-24"), stage("assets"), 1), log.into());
    world
}

#[test]
fn events_and_log_share_the_height_and_scroll() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(busy(), columns, rows).then("G Enter");
        assert_snapshot!(format!("job_busy_{columns}"), console.picture());
        console.shows("event 30");
        console.shows("plate 30");
        console.press("g").shows("event 1");
        console.shows("newer below");
        console.shows("plate 30");
        console.press("G Ctrl-u").shows("event 30");
        console.hides("plate 30");
        console.press("PgUp j k").hides("event 30");
    }
}

#[test]
fn the_sign_of_a_stage_is_no_part_of_its_name() {
    let mut console = Console::drawn();
    console.backend.settle("j-21", "storyboard", Verdict::Approve, "ana");
    console.press("j 3").shows("+ storyboard");
}

#[test]
fn a_line_that_is_cut_off_says_so() {
    let mut world = World::new();
    let text = format!("{}\n{}\nshort\n", "a".repeat(200), "潮".repeat(100));
    world.gate("j-1 wide / script #1", None, [File::new("s.txt", text)]);
    let mut console = Console::new(world, 80, 24);
    let ends = |console: &Console| console.text().lines().filter(|line| line.ends_with('›')).count();
    assert_eq!(ends(&console), 0, "wrapped at first");
    console.press("Enter w");
    assert_eq!(ends(&console), 2);
    console.press(&"l ".repeat(30));
    assert_eq!(ends(&console), 0);
    console.shows("from column");
}

#[test]
fn a_search_begins_empty_and_enter_repeats_the_former() {
    let mut console = Console::drawn();
    console.press("Enter /").typed("Tip").press("Enter /");
    console.hides("find /Tip");
    console.shows("find /");
    console.press("Enter");
    assert_eq!(console.model.gate.as_ref().unwrap().search.text.as_deref(), Some("Tip"));
}

#[test]
fn today_has_times_and_other_days_have_dates() {
    let mut world = decided();
    let id = "harbour-lights-of-the-quay";
    world.gate(&format!("{id} x / script #1"), None, [File::new("s.txt", SCRIPT_OLD)]);
    world.now.utc = world.now.utc.plus_us(86_400_000_000);
    world.settle_noting(id, "script", Verdict::Reject, "cy", "too long; cut it");
    let now = world.now;
    let mut console = Console::new(world, 80, 24);
    console.tell(console::effect::Msg::Tick(now));
    console.press("4").shows("02:13:00Z");
    console.shows("2026-11-22 three");
    console.shows("too long; cut it");
}

#[test]
fn a_draft_that_is_not_offered_is_told_as_long_as_it_lies_there() {
    let mut console = Console::drawn();
    let problem = "read runs/.drafts/bea/j-1.script.1.json: it has more than 67108864 bytes".to_owned();
    console.tell(Msg::Drafts(Vec::new(), vec![problem]));
    console.press("j k");
    console.shows("A draft is not offered: read runs/.drafts/bea/j-1.script.1.json");
}

/// A console that nobody has touched yet.
fn untouched(world: World) -> Console {
    Console::resting(session(), world, (80, 24), false)
}

#[test]
fn until_a_key_is_pressed_the_selection_follows_the_most_urgent_gate() {
    let mut console = untouched(World::drawn());
    console.shows(">j-17 tides");
    console.opens("j-50 dunlin / script #1", Some(30), []);
    console.shows(">j-50 dunlin");
    console.press("Ctrl-l");
    console.opens("j-51 plover / script #1", Some(10), []);
    console.shows(">j-50 dunlin");
}

#[test]
fn where_the_console_was_to_open_the_selection_stays() {
    let mut console = opened_at("j-22", Some("audio"));
    console.opens("j-50 dunlin / script #1", Some(30), []);
    console.shows(" >j-22 marsh");
}

fn reason() -> String {
    (1..=30).map(|word| format!("word{word}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn of_two_messages_at_once_no_word_is_lost() {
    for columns in [60, 80, 120] {
        let mut console = Console::new(World::drawn(), columns, 24);
        for _ in 0..2 {
            let held = serde_json::json!({ "by": "cy", "kind": "hold" });
            let words = format!("cy holds it: {}", &reason()[..90]);
            console.event_by("j-22", "audio", EventType::GateHeld, &words, held);
        }
        console.shows("+1 earlier");
        let text = console.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&reason()[..80]), "{columns}: {}", console.text());
    }
}

#[test]
fn the_job_pane_shows_the_whole_reason_of_an_event_and_history_the_whole_note() {
    for columns in [60, 80, 120] {
        let mut world = World::drawn();
        let message = format!("fjord paused: {}", reason());
        world.log("02:10:00", "j-24", "assets", EventType::JobPaused, "ana", &message);
        world.log(
            "02:11:00",
            "j-24",
            "assets",
            EventType::StageStarted,
            "ana",
            "assets #2 starts",
        );
        world.settle_noting("j-22", "audio", Verdict::Reject, "ana", &reason());
        let mut console = Console::new(world, columns, 24);
        let is_whole = |console: &Console| {
            let text = console.text().replace('│', " ");
            (1..=30).all(|word| text.contains(&format!("word{word}")))
        };
        console.press("/").typed("fjord").press("Enter G 3");
        assert!(is_whole(&console), "{columns}: {}", console.text());
        console.shows("assets #2 starts");
        console.press("4");
        assert!(is_whole(&console), "{columns}: {}", console.text());
    }
}

#[test]
fn what_a_key_was_answered_goes_with_what_it_was_about_and_news_stay_until_something_takes_their_place() {
    let mut console = Console::drawn();
    console.event("j-22", "audio", EventType::JobCompleted, "marsh is completed");
    console.press("j").shows("marsh is completed");
    console.press("s s s s").shows("Sorted by");
    console.press("j").hides("Sorted by");
    console.hides("marsh is completed");
    // The end of one gate is not the end of the next.
    let mut console = Console::drawn();
    for _ in 0..9 {
        console.press("}");
        if console.text().contains("This is the end") {
            break;
        }
    }
    console.shows("This is the end");
    console.press("}").hides("This is the end");
    console.shows("j-21 dunes / storyboard #1");
}

#[test]
fn of_many_warnings_the_remedy_comes_first() {
    let mut console = Console::drawn();
    let warning = format!("holdpoint.yaml:2:1: gates.script: {}", reason());
    console.tell(Msg::ConfigLoaded(
        Default::default(),
        Default::default(),
        vec![warning.clone(), warning],
    ));
    console.draw();
    console.shows("Configuration loaded with 2 warnings   hint: holdpoint config");
}

#[test]
fn who_has_a_long_name_can_decide_and_sees_how_many_are_open() {
    let name = "a-name-of-thirty-eight-letters-at-most";
    assert_eq!(name.len(), 38);
    for (columns, rows) in [(60, 14), (80, 24), (120, 40)] {
        for keys in ["a", "Space j Space a", "t"] {
            let mut session = session();
            session.operator = testing::world::operator(name);
            let mut console = Console::with(session, World::drawn(), columns, rows);
            console.shows("5 open");
            console.press(keys).shows(&format!("as {name}"));
            console.hides("Enter does nothing");
        }
    }
}
