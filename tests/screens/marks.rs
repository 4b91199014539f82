//! Marks, and deciding all marked gates with one question.

use console::prompt::bulk::BulkAsk;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::lease::LeasePurpose;
use insta::assert_snapshot;
use testing::world::job_id;

use crate::console::Console;
use crate::world::{File, World};

fn marked(console: &Console) -> Vec<String> {
    console.model.marks.on.keys().map(ToString::to_string).collect()
}

#[test]
fn space_marks_a_range_is_marked_and_star_marks_what_the_filter_shows() {
    let mut console = Console::hurried().then("Space");
    assert_eq!(marked(&console), ["j-17 / script #2"]);
    console.press("k Space");
    assert!(marked(&console).is_empty());
    console.press("g V j j");
    assert!(marked(&console).is_empty(), "a range is not marked before it ends");
    assert_snapshot!("marks_range", console.picture());
    console.press("V");
    assert_eq!(marked(&console).len(), 3);
    console.press("Esc Esc");
    assert!(marked(&console).is_empty());
    console.press("/").typed("script").press("Enter *");
    assert_eq!(marked(&console), ["j-17 / script #2", "j-19 / script #1"]);
    console.press("*");
    assert!(marked(&console).is_empty(), "all of them again: taken off");
    console.shows("2 marks taken off   M sets them again");
    console.press("* Esc Esc");
    assert_eq!(
        console.model.queue.filter.text(),
        "script",
        "marks first, then the filter"
    );
    console.press("Esc");
    assert_eq!(console.model.queue.filter.text(), "");
}

#[test]
fn a_bulk_lists_every_gate_and_each_is_decided_on_its_own_digest() {
    let mut console = Console::hurried().then("Space Space k k a");
    assert_snapshot!("bulk_80", console.picture());
    assert!(console.decisions().is_empty(), "nothing before Enter");
    console.press("i Tab").typed("all fine").press("Enter");
    assert!(
        console.decisions().is_empty(),
        "nobody has looked: Enter asks once more"
    );
    console.press("Enter");
    let decisions: Vec<String> = console.decisions().into_iter().map(str::to_owned).collect();
    assert_eq!(decisions.len(), 2);
    assert!(
        decisions.iter().all(|one| one.contains("note Some(\"all fine\")")),
        "{decisions:?}"
    );
    let digest = |words: &str| words.rsplit(' ').next().unwrap().to_owned();
    assert_ne!(digest(&decisions[0]), digest(&decisions[1]));
    console.shows("Approved 2 gates");
    assert!(marked(&console).is_empty(), "no mark survives its gate's decision");
    assert!(console.model.prompt.is_none() && console.model.outgoing.leases.is_empty());
}

#[test]
fn a_bulk_tells_who_else_has_a_gate_open_and_what_is_not_applied() {
    let mut console = Console::hurried();
    // A patch draft of one's own on the first, somebody else in the editor of the second.
    console.press("p").typed("x").press("Esc q");
    console.backend.set_lease("j-21", Some(("ana", LeasePurpose::Compose)));
    console.event("j-21", "storyboard", EventType::GateSeen, "ana looks");
    console.press("g Space Space Space g a");
    console.press("i").shows("APPROVE 2 gates");
    console.shows("1 of your patch drafts are NOT applied");
    console.shows("Left out, somebody else has it open: 2 j-21 dunes / storyboard #1");
    console.shows("left out: ana composing");
    console.press("Enter Enter");
    let decisions = console.decisions();
    assert_eq!(decisions.len(), 2, "nothing is decided over a colleague: {decisions:?}");
    assert!(decisions.iter().all(|words| !words.contains("j-21")), "{decisions:?}");
    assert_eq!(marked(&console), ["j-21 / storyboard #1"], "left out, still marked");
    console.shows("Approved 2 gates   1 gate left out, still marked");
}

#[test]
fn what_was_not_looked_at_is_left_out_until_a_key_takes_it_in() {
    let mut console = Console::hurried();
    console.backend.looked("j-17", "bea");
    console.press("Space Space Space g a").shows("APPROVE 1 gate");
    console.shows("Left out, not wholly seen by you: 2 j-21 dunes / storyboard #1");
    console.shows("[Enter] approve 1");
    console.shows("[i] take them in");
    assert_snapshot!("bulk_left_out_80", console.picture());
    console.press("i").shows("APPROVE 3 gates");
    console.shows("2 of them not wholly seen by you; Enter asks once more");
    console.press("Enter").decides(0);
    console.shows("2 of them NOT wholly seen by you: Enter once more approves them all the same");
    console.press("Enter").decides(3);
}

#[test]
fn a_bulk_decides_what_was_looked_at_and_keeps_the_rest_marked() {
    let mut console = Console::hurried();
    console.backend.looked("j-17", "bea");
    console.press("Space Space Space g a Enter");
    let decisions = console.decisions();
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    assert!(decisions[0].starts_with("Approve j-17"), "{decisions:?}");
    assert_eq!(marked(&console), ["j-21 / storyboard #1", "j-22 / audio #1"]);
    console.shows("Approved 1 gate   2 gates left out, still marked");
}

#[test]
fn on_a_gate_that_is_not_marked_the_key_means_that_one_alone() {
    let mut console = Console::hurried();
    console.press("Space Space a").shows("APPROVE j-22 marsh / audio #1");
    console.shows("2 marked gates are NOT included");
    console.press("Enter").decides(1);
    assert_eq!(marked(&console).len(), 2);
    // In the diff the key is about what is on the screen, marked or not.
    console.press("g Enter a").shows("APPROVE j-17 tides / script #2");
    console.shows("1 marked gate is NOT included");
}

#[test]
fn what_changes_or_is_decided_elsewhere_loses_its_mark_aloud() {
    let mut console = Console::hurried().then("Space Space Space");
    console.elsewhere("j-21", "storyboard", Verdict::Approve, "ana");
    assert_eq!(marked(&console), ["j-17 / script #2", "j-22 / audio #1"]);
    console.press("g a i").shows("APPROVE 2 gates");
    console.backend.patch("j-22", "cy", "02:13:30", b"other bytes");
    console.event("j-22", "audio", EventType::PatchApplied, "cy applied a patch");
    console.shows("APPROVE 1 gate ");
    console.shows("NOT: it changed (");
    assert_eq!(marked(&console), ["j-17 / script #2"]);
    console.press("Enter Enter");
    let decisions = console.decisions();
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    assert!(decisions[0].starts_with("Approve j-17"));
}

#[test]
fn each_gate_has_its_own_result_and_the_lost_ones_name_winner_and_time() {
    let mut console = Console::hurried();
    console.press("Space Space Space g r i").press("Enter");
    console.shows("The note is empty: Enter once more rejects without a reason");
    // Somebody is quicker, and the console has not heard of it.
    console.backend.settle("j-21", "storyboard", Verdict::Approve, "ana");
    console.press("Enter");
    assert_snapshot!("bulk_result_80", console.picture());
    console.shows("Rejected 2 of 3");
    console.shows("NOT: ana approved at 2026-11-22 02:13:0");
    assert!(marked(&console).is_empty());
    console.press("Esc");
    assert!(console.model.prompt.is_none());
}

/// A console over so many gates.
fn many(count: usize, columns: u16, rows: u16) -> Console {
    let mut world = World::new();
    for n in 0..count {
        let name = format!("j-{n:03}");
        let files = vec![File::new("s.txt", name.clone())];
        world.gate(&format!("{name} many / script #1"), None, files);
    }
    Console::new(world, columns, rows)
}

/// Pages to the end of the list of a bulk.
fn read_list(console: &mut Console) {
    let undrawn = |console: &Console| console.model.asked::<BulkAsk>().expect("a bulk").undrawn();
    console.press("Home");
    while undrawn(console) > 0 {
        let before = undrawn(console);
        console.press("PgDn");
        assert!(undrawn(console) < before, "every page shows more");
    }
}

#[test]
fn a_bulk_is_confirmed_only_when_every_gate_of_it_was_on_the_screen() {
    for (columns, rows) in [(80, 24), (60, 14)] {
        let mut console = many(30, columns, rows);
        console.press("* a i").shows("not shown yet: PgDn PgUp");
        assert!(!console.text().contains("[Enter]"), "{columns}x{rows}");
        console.press("Enter Enter").shows(" of 30 gates were not on the");
        // The end is not all of it.
        console.press("G Enter Enter");
        assert!(console.decisions().is_empty(), "{columns}x{rows}");
        read_list(&mut console);
        console.shows("[Enter] approve 30");
        console.press("Enter Enter");
        assert_eq!(console.decisions().len(), 30, "{columns}x{rows}");
    }
}

#[test]
fn a_bulk_of_what_nobody_looked_at_can_be_asked_in_the_smallest_window_that_decides() {
    let mut console = many(9, 60, 14);
    console.press("* a").shows("[i] take them in");
    console.shows("Left out, not wholly seen by you: ");
    console.press("i");
    read_list(&mut console);
    console.press("Enter");
    console.shows("8 of them NOT wholly seen by you: Enter once more");
    assert!(console.decisions().is_empty());
    console.press("Enter").decides(9);
}

#[test]
fn what_was_not_looked_at_is_taken_in_only_by_a_key_that_is_on_the_screen() {
    let mut console = many(9, 80, 24);
    console.press("* a").resize(59, 24).press("i");
    console.shows("Not taken in: this window does not hold the");
    console.resize(80, 24).shows("Left out, not wholly seen by you: ");
    // Before the first frame of the question.
    let mut console = many(9, 80, 24);
    console.press("*").burst("a i");
    console.shows("The key came before the question was on the screen");
    console.shows("[i] take them in");
    // In the note it is a letter.
    console.press("Tab");
    assert!(!console.text().contains("take them in"), "{}", console.text());
}

#[test]
fn the_digest_of_a_gate_is_on_its_line_however_long_its_name() {
    let mut world = World::new();
    for name in ["a-job-whose-name-is-longer-than-any-line-of-this-window-is", "b"] {
        let files = vec![File::new("s.txt", name)];
        world.gate(&format!("{name} with-a-slug-as-well / script #1"), None, files);
    }
    let mut console = Console::new(world, 60, 14);
    console.press("* a").shows("[i] take them in");
    let items = &console.model.asked::<BulkAsk>().expect("a bulk").items;
    let digests: Vec<String> = items.iter().map(|item| item.pin.digest.short().to_string()).collect();
    for digest in digests {
        console.shows(&digest);
    }
}

#[test]
fn a_long_list_scrolls_and_a_bulk_is_bounded() {
    let mut console = many(420, 80, 24).then("*");
    assert_eq!(marked(&console).len(), 400);
    console.shows("400 marked, 20 NOT: at most 400 at a time   hint: decide these,");
    console.press("a i");
    assert_snapshot!("bulk_long_80", console.picture());
    console.press("G").shows("400 j-399 many / script #1");
    console.press("k g").shows("  1 j-000 many / script #1");
    console.press("Enter Enter");
    assert!(console.decisions().is_empty(), "most of the list was not on the screen");
    console.resize(80, 240);
    read_list(&mut console);
    console.press("Enter Enter").decides(400);
    console.shows("Approved 400 gates");
    assert!(console.backend.jobs[&job_id("j-399")].gates[0].settled.is_some());
}

#[test]
fn a_bulk_is_sent_once_and_waits_for_all_answers() {
    let mut console = Console::hurried().then("Space Space g a i Enter");
    console.backend.is_slow = true;
    console.press("Enter").shows("writing… 0 of 2 answered");
    console.press("Enter Enter Esc").shows("writing…");
    assert_eq!(console.decisions().len(), 2);
}

#[test]
fn a_bulk_is_not_confirmed_before_it_was_on_the_screen() {
    let mut console = Console::hurried();
    console.press("Space Space g").burst("a i Enter Enter").decides(0);
}

#[test]
fn of_a_gate_that_was_read_in_part_a_bulk_says_how_much_was_not() {
    let text: String = (2..=300).map(|line| format!("line {line}\n")).collect();
    let mut world = World::new();
    for (id, slug) in [("j-1", "big"), ("j-2", "bigger"), ("j-3", "never")] {
        let file = crate::world::File::new("s.txt", format!("{id}\n{text}"));
        world.gate(&format!("{id} {slug} / script #1"), None, [file]);
    }
    let mut console = Console::new(world, 100, 40).then("j k Space Space Space g a");
    console.shows("Left out, not wholly seen by you: 1 j-1 big");
    let shown = console.text();
    let line = |name: &str| {
        shown
            .lines()
            .find(|line| line.contains(name) && line.contains("left out:"))
            .unwrap()
    };
    assert!(line(" big /").contains("of 300 lines not seen"), "{shown}");
    assert!(line("bigger /").contains("of 300 lines not seen"), "{shown}");
    console.hides("not looked at");
    console.press("i").shows("3 of them not wholly seen by you");
}

#[test]
fn what_became_of_a_gate_meanwhile_does_not_make_a_bulk_too_wide_to_be_asked() {
    let mut console = Console::hurried();
    console.press("Space Space Space g a i").shows("APPROVE 3 gates");
    let who = "a-colleague-with-quite-a-long-name-of-her-own";
    console.backend.settle("j-21", "storyboard", Verdict::Approve, who);
    console.event("j-21", "storyboard", EventType::GateApproved, "approved");
    console.shows("APPROVE 2 gates");
    console.shows("NOT: ");
    console.hides("Enter does nothing");
}

#[test]
fn a_bulk_that_leaves_all_out_is_no_question_before_a_key_takes_it_in() {
    let mut console = Console::hurried().then("Space Space g a");
    console.shows("APPROVE: nothing to approve yet, 2 left out");
    console.shows("[i] take them in    [Esc] back");
    for words in ["0 gates", "[Enter]", "note for each"] {
        console.hides(words);
    }
    console.press("Enter");
    console.shows("Not approved: you have seen none of the marked gates wholly");
    console.press("i").hides("Not approved: you have seen none");
    console.shows("APPROVE 2 gates");
    console.shows("note for each");
    console.press("Enter Enter").decides(2);
}

#[test]
fn a_bulk_tells_who_holds_a_gate_and_why() {
    for (width, words) in [(60, "held by carl"), (80, "held by carl"), (120, "held by carl: legal")] {
        let mut world = World::drawn();
        world.hold("j-17", "carl", Some("legal looks at it"));
        let mut console = Console::new(world, width, 30);
        console.press("* a").shows(words);
        console.press("i").shows(words);
    }
}

#[test]
fn the_end_of_a_long_bulk_list_stays_in_sight() {
    let mut world = World::new();
    for number in 1..=40 {
        world.gate(&format!("j-{number} many / script #1"), None, []);
    }
    let mut console = Console::new(world, 80, 24).then("* g a i");
    for _ in 0..3 {
        console.press("G").shows("-40 of 40");
    }
    // From there on it goes back by what is in sight.
    console.press("k").shows("-39 of 40");
    console.press("PgUp PgDn PgDn").shows("-40 of 40");
}

#[test]
fn marks_go_at_the_second_escape_with_a_word_and_come_back() {
    let mut console = Console::drawn().then("Space Space Esc");
    console.shows("Esc once more takes 2 marks off");
    assert_eq!(console.model.marks.on.len(), 2);
    console.press("j Esc");
    assert_eq!(console.model.marks.on.len(), 2, "another key came between");
    console.press("Esc");
    assert!(console.model.marks.on.is_empty());
    console.shows("2 marks taken off   M sets them again");
    console.press("M");
    assert_eq!(console.model.marks.on.len(), 2);
    console.shows("2 marked");
    console.press("M").shows("No marks were taken off");
}

#[test]
fn a_mark_that_comes_back_is_on_what_it_was_set_on() {
    let mut console = Console::drawn().then("Space Space Esc Esc");
    console.backend.patch("j-17", "cy", "02:13:30", b"other bytes");
    console.press("M");
    assert_eq!(console.model.marks.on.len(), 1);
    console.shows("Mark taken off j-17 / script #2: it changed");
}

#[test]
fn a_marked_gate_that_is_decided_alone_loses_its_mark_without_a_word() {
    let mut console = Console::drawn();
    console.press("Space Space k k Enter a Enter").decides(1);
    console.shows("Approved j-17 tides / script #2").hides("Mark taken off");
    let marked: Vec<_> = console.model.marks.on.keys().map(|key| key.job_id.as_str()).collect();
    assert_eq!(marked, ["j-21"]);
}
