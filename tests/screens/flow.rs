//! From one gate to the next: where the selection rests, and one key that reads on.

use console::effect::{FrameFacts, Msg};
use console::model::file::Content;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::JobStatus;
use domain::key::GateKey;
use domain::view::QueueKind;

use testing::world::{job_id, stage};

use crate::console::Console;
use crate::world::{File, SCRIPT_NEW, SCRIPT_OLD, World, job_row, storyboard};

fn selected(console: &Console) -> String {
    console
        .model
        .queue
        .selected()
        .map(|key| key.job_id().to_string())
        .unwrap_or_default()
}

#[test]
fn at_the_start_the_most_urgent_gate_is_selected_whatever_the_order_of_the_rows() {
    assert_eq!(selected(&Console::drawn()), "j-17");
    let mut world = World::new();
    world.gate("a-1 no timer / script #1", None, []);
    world.gate("b-2 late / script #1", Some(900), []);
    world.gate("c-3 soon / script #1", Some(30), []);
    assert_eq!(selected(&Console::new(world, 80, 24)), "c-3");
}

#[test]
fn a_row_that_nobody_chose_makes_way_for_the_first_gate_and_a_chosen_one_does_not() {
    for is_chosen in [false, true] {
        let mut world = World::new();
        for id in ["j-1", "j-2"] {
            world.slots.push(job_row(id, id, QueueKind::Running, Some("script")));
            world.job(id, id, Some("script"), JobStatus::Running);
        }
        let mut console = Console::new(world, 80, 24);
        assert_eq!(selected(&console), "j-1");
        if is_chosen {
            console.press("j k");
        }
        console.backend.slots.pop();
        console.opens("j-2 j-2 / script #1", Some(60), []);
        assert_eq!(selected(&console), if is_chosen { "j-1" } else { "j-2" });
    }
}

#[test]
fn after_a_decision_the_next_most_urgent_gate_is_shown_with_its_diff() {
    for keys in ["", "Enter"] {
        let mut console = Console::drawn();
        console.press(keys).press("a Enter");
        console.shows("Approved j-17 tides / script #2");
        console.shows("j-21 dunes / storyboard #1  storyboard.json 1/2");
        console.press("a Enter").shows("Approved j-21 dunes / storyboard #1");
        let decisions = console.decisions();
        assert!(
            decisions[0].starts_with("Approve j-17") && decisions[1].starts_with("Approve j-21"),
            "{decisions:?}"
        );
        assert_eq!(selected(&console), "j-22");
        assert_eq!(
            console.model.panes.is_lower_focused,
            keys == "Enter",
            "the keys stay where they were"
        );
    }
}

#[test]
fn the_next_most_urgent_is_not_the_one_below() {
    let mut console = Console::drawn().then("j j");
    assert_eq!(selected(&console), "j-22");
    console.press("r x Enter");
    assert_eq!(selected(&console), "j-17");
    // A late answer does not bring the decided gate back.
    let stale = console::question::Answered::Queue(Ok(World::drawn().queue()));
    console.tell(console::effect::Msg::Answered(stale));
    console.draw();
    console.hides("j-22 marsh  ");
}

/// A hunk that is longer than the screen, and a second one.
fn long_hunk() -> World {
    let old: String = (1..=80).map(|line| format!("line {line}\n")).collect();
    let new: String = (1..=80)
        .map(|line| match line {
            10..=49 => format!("LINE {line}\n"),
            75 => "LAST\n".to_owned(),
            _ => format!("line {line}\n"),
        })
        .collect();
    let mut world = World::new();
    let first = File::changed("a.txt", old, new);
    let second = File::changed("b.txt", SCRIPT_OLD, SCRIPT_NEW);
    world.gate("j-1 long / script #1", Some(600), [first, second]);
    world.gate("j-2 next / script #1", None, []);
    world
}

#[test]
fn one_key_reads_everything_anywhere_and_says_at_the_end_that_it_did() {
    for (before, key) in [
        ("", "}"),
        ("Enter", "}"),
        ("Enter", "Space"),
        ("a", "}"),
        ("a", "Space"),
    ] {
        let mut console = Console::new(long_hunk(), 80, 24);
        console.press(before).shows("NOT YET SHOWN: ");
        let mut keys = 0;
        while !console.text().contains("This is the end: all of it was shown") {
            console.press(key);
            keys += 1;
            assert!(keys < 40, "{before} {key}: {}", console.text());
        }
        console.hides("NOT YET SHOWN");
        console.shows("b.txt 2/2");
        let looks: Vec<_> = console.sent("MarkSeen");
        assert!(looks.last().unwrap().ends_with("3 of 3"), "{looks:?}");
        console.press(key);
        let expected = if before == "a" { "j-1" } else { "j-2" };
        assert_eq!(
            selected(&console),
            expected,
            "once more goes on, but never under a question"
        );
    }
}

#[test]
fn a_half_shown_hunk_is_not_stepped_over() {
    let mut console = Console::new(long_hunk(), 80, 24);
    let mut shown = std::collections::BTreeSet::new();
    for _ in 0..20 {
        for line in console.text().lines() {
            shown.extend((10..=49).filter(|number| line.contains(&format!("+ LINE {number}"))));
        }
        console.press("}");
    }
    assert_eq!(shown.len(), 40, "{shown:?}");
}

#[test]
fn a_file_that_is_still_read_is_not_stepped_over() {
    let mut console = Console::new(long_hunk(), 80, 24);
    console.model.gate.as_mut().unwrap().files[0].content = Content::Loading;
    console.press("}");
    console.shows("a.txt is still being read   hint: press the key again");
    console.shows("a.txt 1/2");
}

#[test]
fn what_was_turned_over_too_quickly_is_gone_back_to() {
    let mut console = Console::new(long_hunk(), 80, 24);
    console.rests = false;
    for _ in 0..4 {
        console.press("}");
    }
    console.rests = true;
    console.pass_us(1);
    for _ in 0..20 {
        console.press("}");
    }
    console.hides("NOT YET SHOWN");
}

#[test]
fn nothing_that_reads_needs_the_other_pane() {
    let mut console = Console::new(long_hunk(), 80, 24);
    console.press("v").shows("Shown side by side");
    console.press("v w").shows("Long lines are cut");
    console.press("w z").hides("unchanged ~~");
    console.press("g PgDn");
    assert!(!console.text().contains("   1   line 1\n"), "{}", console.text());
    console.press("PgUp f b c").shows("Compared with");
    console.press("] ").shows("b.txt 2/2");
    assert_eq!(console.model.pane_focus(), console::keymap::Focus::Queue);
    assert_eq!(selected(&console), "j-1");
}

#[test]
fn in_values_and_against_another_base_the_end_says_what_was_not_shown() {
    let mut world = World::new();
    let file = File(
        "storyboard",
        "s.json",
        Some(storyboard("12000", "306.0", "4000").into()),
        storyboard("19000", "310.0", "4500").into(),
    );
    world.gate("j-1 dunes / storyboard #1", None, [file]);
    let console = Console::new(world, 80, 16).then("Enter v v } } } } }");
    console.shows("not all of it was shown: these are values; v");
    let mut console = Console::new(long_hunk(), 80, 24).then("] c");
    for _ in 0..4 {
        console.press("}");
    }
    console.shows("a.txt 1/2");
    let mut keys = 0;
    while !console.text().contains("b.txt 2/2") {
        console.press("}");
        keys += 1;
        assert!(keys < 20, "{}", console.text());
    }
}

#[test]
fn decided_gates_from_outside_leave_the_queue() {
    let mut world = World::drawn();
    world.rows_of("j-17").job.is_manual = true;
    let mut console = Console::new(world, 80, 24);
    console.elsewhere("j-17", "script", Verdict::Reject, "cy");
    let text = console.text();
    let rows: Vec<_> = text.lines().filter(|line| line.contains("j-17 tides   ")).collect();
    // The gate is gone; its job waits for somebody to resume it.
    assert!(rows.len() == 1 && rows[0].contains("paused"), "{text}");
    assert_eq!(selected(&console), "j-21");
}

#[test]
fn the_keys_that_scroll_sideways_do_so_at_once_where_they_are_named() {
    let long = |end: &str| format!("{}{end}\n", "a long line ".repeat(30)).into_bytes();
    for (old, new, is_cut) in [
        (long("old"), long("new"), true),
        (b"short old\n".to_vec(), b"short new\n".to_vec(), false),
    ] {
        let mut world = World::new();
        world.gate("j-1 long / script #1", None, [File::changed("a.txt", old, new)]);
        let mut console = Console::new(world, 80, 24).then("w w");
        if !console.text().contains("Long lines are cut") {
            console.press("w");
        }
        console.shows("Long lines are cut");
        assert_eq!(
            console.text().contains("h and l scroll sideways"),
            is_cut,
            "{}",
            console.text()
        );
        console.press("Home l");
        assert_eq!(console.model.panes.is_lower_focused, !is_cut);
        let left = console.model.gate.as_ref().unwrap().current().unwrap().scroll.left;
        assert_eq!(left > 0, is_cut);
    }
}

#[test]
fn what_was_said_about_a_gate_goes_with_it_also_where_no_key_led_away() {
    let mut console = Console::drawn();
    for _ in 0..40 {
        if console.text().contains("This is the end") {
            break;
        }
        console.press("}");
    }
    console.shows("This is the end: all of it was shown");
    console.backend.settle("j-17", "script", Verdict::Approve, "ana");
    console.tell(Msg::Changed);
    console.draw();
    assert_eq!(selected(&console), "j-21");
    console.hides("This is the end");
    // A refusal that came meanwhile is still to be read.
    let mut console = Console::drawn().then("a");
    console.backend.settle("j-17", "script", Verdict::Approve, "ana");
    console.press("Enter").shows("Not approved: ana approved");
    console.tell(Msg::Changed);
    console.draw();
    console.shows("Not approved: ana approved");
}

#[test]
fn what_became_of_another_gate_stands_under_no_question_that_came_after_it() {
    let mut console = Console::drawn();
    console.event("j-22", "script", EventType::GateApproved, "ana approved script #1");
    console.shows("ana approved script #1");
    console.press("a").hides("ana approved script #1");
    // What comes while it is open is told.
    console.event("j-23", "script", EventType::GateApproved, "cy approved script #1");
    console.shows("cy approved script #1");
    console.press("Esc").hides("ana approved script #1");
    // An answer that went leaves the line empty.
    console.press("X").typed("no").press("Enter");
    console.shows("Not canceled: that is not j-17");
    console.typed("t").hides("Not canceled");
    console.hides("cy approved");
}

fn marked(console: &Console) -> Vec<String> {
    console.model.marks.on.keys().map(ToString::to_string).collect()
}

#[test]
fn one_key_reads_marks_what_was_read_whole_and_goes_on() {
    for before in ["", "Enter"] {
        let mut console = Console::new(long_hunk(), 80, 24).then(before);
        let mut keys = 0;
        while selected(&console) == "j-1" {
            assert_eq!(
                marked(&console),
                [""; 0],
                "not before all of it was shown: {}",
                console.text()
            );
            console.press("m");
            keys += 1;
            assert!(keys < 40, "{}", console.text());
        }
        assert_eq!(marked(&console), ["j-1 / script #1"]);
        assert!(console.sent("MarkSeen").iter().any(|look| look.ends_with("3 of 3")));
        console
            .press("m")
            .shows("2 gates marked, no other is open   hint: a or r decides them");
        assert_eq!(marked(&console).len(), 2);
        console.decides(0);
        console.press("a").shows("APPROVE 2 gates").hides("not wholly seen");
        console.press("Enter").decides(2);
    }
}

#[test]
fn what_was_turned_over_too_quickly_is_not_marked_however_often_the_key_comes() {
    let mut console = Console::resting(crate::console::session(), long_hunk(), (80, 24), false);
    for _ in 0..60 {
        console.press("m");
    }
    assert_eq!((selected(&console), marked(&console)), ("j-1".to_owned(), Vec::new()));
    console.decides(0);
    // What follows is read at leisure, and what was hurried over is gone back to.
    console.rests = true;
    for _ in 0..30 {
        console.press("m");
    }
    assert_eq!(marked(&console).len(), 2);
}

#[test]
fn a_key_that_was_meant_for_the_gate_before_decides_nothing_about_the_next() {
    for key in ["}", "m"] {
        for decides in ["a", "r"] {
            let mut console = Console::drawn();
            for _ in 0..20 {
                if console.text().contains("once more goes on") || key == "m" {
                    break;
                }
                console.press(key);
            }
            // The key leads on before anything of the next gate is on the terminal.
            console.rests = false;
            console.unseen(key);
            assert_eq!(selected(&console), "j-21");
            console.unseen(decides);
            assert!(console.model.prompt.is_none(), "{key} {decides}: {}", console.text());
            console.unseen("Enter");
            // A frame is no look either.
            console.draw();
            console.press(decides).shows("had stood on the screen");
            assert!(console.model.prompt.is_none());
            console.press("Enter").decides(0);
            console.rests = true;
            console.pass_ms(300).press(decides).shows("j-21 dunes / storyboard #1");
            assert!(console.model.prompt.is_some(), "{}", console.text());
            console.decides(0);
        }
    }
}

#[test]
fn a_mark_is_on_what_was_read_and_goes_aloud_when_that_changes() {
    let mut console = Console::drawn().then("m");
    assert_eq!(marked(&console), ["j-17 / script #2"]);
    console.backend.patch("j-17", "cy", "02:13:30", b"other bytes");
    console.event("j-17", "script", EventType::PatchApplied, "cy applied a patch");
    console.shows("Mark taken off j-17 / script #2: it changed");
    assert!(marked(&console).is_empty());
}

#[test]
fn reading_on_leads_to_a_gate_from_everywhere_and_past_what_was_read() {
    for before in ["3", "4", "5", "3 Tab"] {
        let console = Console::drawn().then(before).then("}");
        console.shows("j-17 tides / script #2");
        assert_eq!(
            console.model.panes.lower,
            console::model::panes::Lower::Gate,
            "{before}"
        );
        console.decides(0);
    }
    // A decision leaves the marked ones to their question.
    let mut console = Console::drawn().then("m r x Enter");
    assert_eq!(selected(&console), "j-22");
    assert_eq!(marked(&console), ["j-17 / script #2"]);
    console.press("m");
    assert_ne!(selected(&console), "j-17");
}

#[test]
fn a_frame_of_the_gate_before_is_none_of_this_one() {
    let mut console = Console::drawn();
    let former = GateKey {
        job_id: job_id("j-17"),
        stage: stage("script"),
        attempt: 2,
    };
    console.rests = false;
    console.unseen("m");
    assert_ne!(selected(&console), "j-17");
    // A thin line has only now taken the last frame of the gate before.
    console.tell(Msg::Drawn(FrameFacts {
        called: Vec::new(),
        prompt: None,
        listed: 0..0,
        diff: None,
        outcomes: 0,
        gate: Some(former),
    }));
    let now = console.backend.now.plus_us(400_000);
    console.backend.now = now;
    console.tell(Msg::Tick(now));
    console.unseen("a");
    assert!(console.model.prompt.is_none(), "{}", console.text());
}

#[test]
fn a_gate_of_which_nothing_is_known_yet_is_not_at_its_end() {
    for key in ["}", "m"] {
        let mut console = Console::drawn();
        console.unseen("j");
        console.unseen(key);
        console.draw();
        console.hides("This is the end").hides("has only just come");
        assert!(marked(&console).is_empty());
    }
}

#[test]
fn a_gate_whose_file_is_gone_is_rejected_after_reading_on_as_well() {
    let mut console = Console::drawn();
    console.backend.disk.retain(|(id, _), _| id.as_str() == "j-17");
    console.press("m").shows("is missing");
    console.pass_ms(400).press("r").shows("REJECT");
}
