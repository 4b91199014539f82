//! What the screens say: lines that are counted are drawn, nothing is cut that matters, and plain
//! words.

use console::effect::Msg;
use console::model::toast::Tone;
use domain::artifact::{Base, BaseOrigin};
use domain::event::EventType;
use domain::gate::Verdict;
use domain::ids::Digest;
use domain::job::JobStatus;
use domain::lease::LeasePurpose;
use domain::operator::Surface;
use domain::policy::OnTimeout;
use domain::timer::GateTimer;
use domain::view::QueueKind;
use testing::world::job_id;

use crate::console::{Console, session};
use crate::world::{File, SCRIPT_NEW, World, job_row};

/// The numbers of the text's lines that stand on the screen.
fn drawn(console: &Console) -> Vec<usize> {
    let text = console.text();
    // What stands beside the text is to its left, in a broad window to its right.
    let is_right = console.model.window.size.0 < 160;
    let pane = text.lines().filter_map(|line| match is_right {
        true => line.rsplit('│').next(),
        false => line.split('│').next(),
    });
    let body = pane.skip_while(|line| !line.starts_with('─')).skip(1);
    let number = |line: &str| {
        let mut words = line.split_whitespace();
        let number: usize = words.next()?.parse().ok()?;
        (words.next() == Some("+")).then_some(number)
    };
    body.take_while(|line| !line.starts_with('─'))
        .filter_map(number)
        .collect()
}

/// `lines 3-7 of 12` of the line below the diff.
fn said(console: &Console) -> Option<(usize, usize)> {
    let text = console.text();
    let said = text.split("   lines ").nth(1)?.split(' ').next()?.to_owned();
    let (first, last) = said.split_once('-')?;
    Some((first.parse().unwrap(), last.parse().unwrap()))
}

fn two(lines: usize) -> World {
    let mut world = World::new();
    for (id, left) in [("j-1", 300), ("j-2", 900)] {
        let text: String = (1..=lines).map(|line| format!("line {line}\n")).collect();
        world.gate(
            &format!("{id} tides / script #1"),
            Some(left),
            [File::new("script.txt", text)],
        );
    }
    world
}

#[test]
fn the_lines_that_are_counted_are_those_that_are_drawn() {
    for (columns, rows) in [
        (60, 8),
        (80, 8),
        (80, 9),
        (60, 10),
        (60, 14),
        (72, 14),
        (80, 24),
        (120, 40),
        (200, 50),
    ] {
        for keys in ["", "Enter", "Enter G", "}", "} }", "a", "t", "p", "3", "a j j"] {
            let console = Console::new(two(60), columns, rows).then(keys);
            let drawn = drawn(&console);
            let between = said(&console);
            let whole = drawn.first().copied().zip(drawn.last().copied());
            // What was not shown may take the room of the words; nothing else is ever said.
            assert!(
                between.is_none() || between == whole,
                "{keys} at {columns}x{rows}: {between:?} {whole:?}\n{}",
                console.text()
            );
        }
    }
    let console = Console::new(World::drawn(), 60, 14).then("j j j a");
    assert!(
        drawn(&console).is_empty() && said(&console).is_none(),
        "{}",
        console.text()
    );
    console.shows("NOT YET SHOWN: 7 of 11 lines");
}

#[test]
fn what_was_removed_is_no_line_of_the_text_as_it_is() {
    let mut world = World::new();
    let old: String = (1..=40).map(|line| format!("line {line}\n")).collect();
    world.gate(
        "j-1 tides / script #1",
        Some(300),
        [File::changed("s.txt", old, b"line 40\n")],
    );
    let mut console = Console::new(world, 80, 24);
    console.press("Enter PgDn").shows("20 - line 20");
    assert_eq!(said(&console), None, "{}", console.text());
    console.press("G").shows("39 - line 39");
    assert!(matches!(said(&console), None | Some((1, 1))), "{}", console.text());
}

#[test]
fn in_a_low_window_every_pane_shows_what_it_is_for() {
    for (columns, rows) in [(24, 8), (40, 8), (60, 8), (80, 8), (80, 9), (60, 10), (80, 13)] {
        let mut console = Console::new(World::drawn(), columns, rows).then("G k k");
        assert!(
            console.text().contains("1 + **Opening**"),
            "{columns}x{rows}\n{}",
            console.text()
        );
        console.tell(Msg::ReadOnly(
            "a sentence that wants lines of its own, and more of them than there are".to_owned(),
        ));
        console.press("3");
        let events = console.text();
        let below = events
            .lines()
            .skip_while(|line| !line.starts_with(" events"))
            .nth(1)
            .unwrap_or("");
        assert!(!below.trim().is_empty(), "{columns}x{rows}\n{events}");
    }
}

#[test]
fn of_a_file_that_is_no_text_a_low_window_says_all_that_is_known() {
    for (columns, rows) in [(60, 8), (60, 14), (80, 8)] {
        let console = Console::new(World::drawn(), columns, rows).then("j j");
        console.shows("voice.mp3 by size and digest only: the bytes are no sound");
        console.shows("known here");
        console.shows("4e4d27 vs 30b992");
    }
}

#[test]
fn the_row_that_is_asked_about_is_in_sight_beside_many_that_hurry() {
    for keys in ["a", "r", "t", "+", "X"] {
        let mut world = World::drawn();
        for number in 50..58 {
            world.gate(&format!("j-{number} many / script #1"), Some(50), []);
        }
        let mut console = Console::new(world, 60, 14);
        while console.model.queue.selected().unwrap().job_id() != &job_id("j-22") {
            console.press("j");
        }
        console.press(keys).shows("  >j-22 marsh");
        console.pass(8).shows("  >j-22 marsh");
    }
}

#[test]
fn the_clock_is_never_cut() {
    for columns in 46..=140 {
        let mut world = World::drawn();
        for number in 50..70 {
            world.gate(&format!("j-{number} many / script #1"), Some(2000), []);
        }
        let console = Console::new(world, columns, 24);
        let text = console.text();
        let head = text.lines().next().unwrap();
        assert!(
            head.ends_with("02:13Z") || head.ends_with("02:13:00Z"),
            "{columns}: {head}"
        );
    }
}

#[test]
fn no_line_of_the_help_is_cut() {
    for columns in [40, 60, 72, 80, 100, 120] {
        let mut console = Console::new(World::drawn(), columns, 200).then("?");
        for _ in 0..3 {
            let text = console.text();
            let cut: Vec<_> = text.lines().filter(|line| line.contains('…')).collect();
            assert!(cut.is_empty(), "{columns}: {cut:?}");
            console.press("PgDn");
        }
    }
    let mut console = Console::drawn();
    console.press("?").typed("select");
    for key in ["Shift-Left", "Ctrl-Shift-End"] {
        console.shows(key);
    }
    console.press("Ctrl-u").typed("signs of the stages");
    console.shows("approved, or passed without a gate; rejected");
}

#[test]
fn a_text_in_which_nothing_was_written_is_not_said_to_be_wrong() {
    for (keys, words) in [("e Esc", "Nothing is changed yet"), ("p Esc", "Nothing is written yet")] {
        let mut console = Console::drawn();
        console.press(keys).shows(words);
        console.hides("does not fit");
    }
}

#[test]
fn the_menu_names_every_key_whole_and_the_bar_repeats_none() {
    for (columns, rows) in [(60, 14), (80, 24), (120, 40)] {
        let console = Console::new(World::drawn(), columns, rows).then("e x Esc");
        for key in [
            "[a]",
            "[r]",
            "[t]",
            "[p]",
            "[D]",
            "[q]",
            "[E] on in your own editor",
            "[Esc] back to the text",
        ] {
            console.shows(key);
        }
        let text = console.text();
        let bar = text.lines().last().unwrap();
        assert!(bar.contains("Esc text  ? keys  q leave"), "{text}");
        assert!(!bar.contains("approve with"), "{text}");
    }
}

#[test]
fn what_a_restricted_console_refuses_is_no_line_of_its_help() {
    let mut session = session();
    session.is_restricted = true;
    let console = Console::with(session, World::drawn(), 80, 200).then("?");
    for words in ["EDITOR", "suspend", "Ctrl-z"] {
        console.hides(words);
    }
    console.shows("approve");
}

#[test]
fn a_text_that_can_only_be_read_offers_nothing_to_write() {
    let mut console = Console::drawn();
    console.press("e x").shows("Tab complete");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.shows("the text can only be read");
    console.hides("Tab complete");
}

#[test]
fn a_refusal_is_read_to_its_end_and_says_what_to_do_first() {
    let digest = "7b0188".repeat(10) + "7b01";
    for columns in [60, 80, 120] {
        let mut console = Console::new(World::drawn(), columns, 24);
        let words = format!(
            "Not resumed: artifacts/write/the-whole-script-of-the-film.txt is missing from the run directory   hint: copy the reviewed \
             bytes back first, from versions/{digest}"
        );
        let now = console.model.now.utc;
        console.model.toasts.push(now, Tone::Error, words);
        console.model.window.is_dirty = true;
        console.draw();
        let text = console.text();
        let said: String = text.lines().skip_while(|line| !line.contains("Not resumed")).collect();
        assert!(said.replace(' ', "").contains(&digest), "{columns}: {text}");
        console.hides("…");
    }
}

#[test]
fn a_message_without_room_for_its_end_says_that_it_is_cut() {
    for (columns, rows) in [(60, 14), (80, 8), (60, 8)] {
        let mut console = Console::new(World::drawn(), columns, rows).then("a");
        let now = console.model.now.utc;
        let words: Vec<_> = (1..=60).map(|word| format!("word{word}")).collect();
        console.model.toasts.push(now, Tone::Info, words.join(" "));
        console.model.window.is_dirty = true;
        console.draw();
        let text = console.text();
        let said: Vec<_> = text.lines().filter(|line| line.contains("word")).collect();
        assert!(said.last().unwrap().ends_with('…'), "{columns}x{rows}: {text}");
    }
}

#[test]
fn the_reason_of_a_pause_or_a_hold_is_read_in_the_job_pane() {
    let reason =
        "paused before audio #2: the-whole-script-of-the-film.txt is not what was decided on: somebody replaced it";
    for (columns, rows) in [(60, 14), (80, 24), (120, 40)] {
        let mut world = World::drawn();
        world.paused("j-30", "heath");
        world.log("02:12:00", "j-30", "audio", EventType::JobPaused, "ana", reason);
        let mut console = Console::new(world, columns, rows);
        console.press("/").typed("heath").press("Enter G 3");
        let text = console.text();
        for word in reason.split(' ') {
            assert!(text.contains(word), "{word} at {columns}: {text}");
        }
    }
}

#[test]
fn plain_words_stand_for_what_the_program_calls_otherwise() {
    let mut world = World::drawn();
    world.rows_of("j-23").job.is_manual = true;
    world.set_lease("j-22", Some(("bea", LeasePurpose::Compose)));
    let gate = world.rows_of("j-22").gates.last_mut().unwrap();
    gate.lease.as_mut().unwrap().session = "another".to_owned();
    let mut console = Console::new(world, 120, 40);
    console.press("g").shows("c compares with 1 other version");
    while console.model.queue.selected().unwrap().job_id() != &job_id("j-22") {
        console.press("j");
    }
    console.shows("no text");
    console.shows("you, other console");
    console.shows("you, in another console, composing");
    while console.model.queue.selected().unwrap().job_id() != &job_id("j-23") {
        console.press("j");
    }
    console.press("3").shows("waits at acceptance, run by its own pipeline");
    for words in ["(manual)", "binary", "elsewhere"] {
        console.hides(words);
    }
}

#[test]
fn the_history_says_how_somebody_came_in() {
    for (surface, how) in [
        (Surface::Console, "ana (ana@ops1, console, ssh from 10.0.0.7)"),
        (Surface::Cli, "ana (ana@ops1, command line, ssh from 10.0.0.7)"),
        (Surface::Http, "ana (ana@ops1, HTTP, ssh from 10.0.0.7)"),
    ] {
        let mut world = World::drawn();
        let mut ana = testing::world::operator("ana");
        ana.via.surface = surface;
        world.settle_as("j-17", "script", Verdict::Approve, ana, None);
        Console::new(world, 80, 24).then("4").shows(how);
    }
}

#[test]
fn a_stage_that_the_timer_approved_says_so_in_words() {
    let mut world = World::drawn();
    world.gate("j-40 shoal / outline #1", Some(300), []);
    world.expire("j-40", "outline");
    world.job("j-40", "shoal", Some("audio"), JobStatus::Failed);
    world
        .slots
        .push(job_row("j-40", "shoal", QueueKind::Failed, Some("audio")));
    let mut console = Console::new(world, 80, 24);
    console.press("/").typed("shoal").press("Enter 3");
    console.shows("+ outline (timer)");
    // Where that finds no room a sign of its own says it: never that of a person.
    for stage in ["script", "storyboard", "assets"] {
        console.backend.gate(&format!("j-40 shoal / {stage} #1"), Some(300), []);
        console.backend.expire("j-40", stage);
        console.event("j-40", stage, EventType::GateAutoApproved, "timer approved");
    }
    console.resize(60, 24).shows("t outline");
    console.hides("+ outline");
}

#[test]
fn a_hold_by_policy_finds_room() {
    let mut world = World::drawn();
    world.change_timer(&job_id("j-17"), |timer: &GateTimer| {
        let mut held = timer.clone();
        held.held_by_policy_at = Some(crate::world::at("02:12:00"));
        held
    });
    let mut console = Console::new(world, 60, 14);
    console.press("/").typed("tides").press("Enter").shows("held by policy");
    console.resize(80, 24).shows("held by policy");
}

#[test]
fn an_overdue_gate_is_no_longer_told_where_somebody_has_looked() {
    let mut world = World::drawn();
    world.change_timer(&job_id("j-17"), |timer: &GateTimer| {
        let mut overdue = timer.clone();
        overdue.overdue_since = Some(crate::world::at("02:12:50"));
        overdue
    });
    let mut console = Console::resting(session(), world, (80, 24), false);
    console.shows("overdue");
    console.rests = true;
    console.press("g").hides("overdue");
}

#[test]
fn a_job_that_the_timer_rejected_waits_for_a_person_in_the_queue() {
    let mut world = World::drawn();
    world.change_timer(&job_id("j-17"), |timer| GateTimer {
        on_timeout: OnTimeout::Reject,
        ..timer.clone()
    });
    world.expire("j-17", "script");
    let mut console = Console::new(world, 80, 24);
    console.press("/").typed("tides").press("Enter");
    let text = console.text();
    let row = text.lines().find(|line| line.contains(">j-17 tides")).unwrap();
    assert!(row.contains("paused"), "{text}");
    console.press("R").shows("RESUME j-17 tides");
}

#[test]
fn the_key_for_another_base_is_offered_where_there_is_one() {
    let mut console = Console::new(World::drawn(), 140, 24);
    console.press("j j j Enter").hides("c base");
    console
        .press("c")
        .shows("Nothing else to compare with: the file is new");
    console.press("q g Enter").shows("c base");
}

#[test]
fn the_way_back_to_the_usual_base_and_which_one_is_shown_stand_in_every_window() {
    for (columns, rows) in [(80, 24), (60, 24), (60, 14)] {
        let mut world = World::drawn();
        let rejected = b"**Opening**\nrejected\n".to_vec();
        let digest = Digest::of(&rejected);
        world.versions.get_mut().insert(digest, rejected);
        let origin = BaseOrigin::Decided {
            attempt: 1,
            approved: false,
        };
        let gate = &mut world.rows_of("j-17").gates[0];
        gate.artifacts[0].bases.push(Base { digest, origin });
        let mut console = Console::new(world, columns, rows);
        console.press("Enter c").shows("VS ");
        console.shows(&format!(
            "{} vs {}",
            Digest::of(SCRIPT_NEW.as_bytes()).short(),
            digest.short()
        ));
        console.shows(" c base  ");
    }
}

#[test]
fn at_the_end_of_a_gate_no_key_is_named_that_would_be_refused() {
    let mut console = Console::new(World::drawn(), 80, 8).then("g Enter");
    for _ in 0..60 {
        if !console.text().contains("This is the end") {
            console.press("}");
        }
    }
    console.shows("This is the end");
    console.hides("a approves");
}

#[test]
fn a_hold_says_its_end_as_the_queue_does() {
    let console = Console::drawn().then("t");
    let words = console.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("at the latest until 03:13Z;"), "{}", console.text());
}

#[test]
fn all_facts_of_a_decision_can_be_read_in_a_small_window() {
    let mut world = World::drawn();
    world.paused("j-30", "heath");
    let mut console = Console::new(world, 60, 14);
    console.press("4").shows("Ctrl-d Ctrl-u");
    let mut read = console.text();
    for _ in 0..10 {
        console.press("Ctrl-d");
        read.push_str(&console.text());
    }
    for name in ["by ", "seen ", "about ", "patch ", "hash ", "note "] {
        assert!(read.contains(&format!("\n {name}")), "{name}: {read}");
    }
    assert!(read.contains("too long, cut the second tip"), "{read}");
}

#[test]
fn a_broad_help_has_columns_of_lines() {
    // Pages of it, in hundredths.
    let pages = |columns: u16, sides: usize| {
        let console = Console::new(World::drawn(), columns, 50).then("?");
        let text = console.text();
        let words: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
        let at = words.iter().position(|word| *word == "more");
        let below = at.map_or(0, |at| words[at - 1].parse::<usize>().unwrap());
        100 + 100 * below / (47 * sides)
    };
    assert!(
        pages(112, 2) + 100 < pages(111, 1),
        "{} {}",
        pages(112, 2),
        pages(111, 1)
    );
    assert!(
        pages(168, 3) + 100 < pages(112, 2),
        "{} {}",
        pages(168, 3),
        pages(112, 2)
    );
}
