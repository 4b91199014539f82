//! The patch on its way into a decision: what is shown of it, its types, its draft.

use console::editor::Editor;
use console::effect::Msg;
use domain::gate::Verdict;
use insta::assert_snapshot;

use crate::console::{Console, SIZES, session};
use crate::world::{File, SCRIPT_OLD, World};

fn write(console: &mut Console, patch: &str) {
    console.model.compose.as_mut().unwrap().editor = Editor::of_text("");
    console.paste(patch);
}

/// The words are on the screen, wherever its lines break.
#[track_caller]
fn says(console: &Console, words: &str) {
    let text = console.text();
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(words), "{words:?} is not on\n{text}");
}

const LONG: &str = "We walk out past the last groyne, past the posts that nobody paints, until the water is a line and the line is a rumour.";

fn long_line() -> World {
    let mut world = World::drawn();
    world.gate(
        "j-41 skerry / script #1",
        Some(90),
        [File::new("script.txt", format!("**Opening**\n{LONG}\n"))],
    );
    world
}

fn long_patch() -> String {
    let new = LONG.replace("rumour", "promise");
    format!(
        "{{\n  \"type\": \"text_replace\",\n  \"replacements\": [\n    {{\n      \"old\": \"{LONG}\",\n      \"new\": \"{new}\"\n    }}\n  ]\n}}\n"
    )
}

#[test]
fn a_change_at_the_end_of_a_long_line_is_in_sight_before_it_cannot_be_taken_back() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(long_line(), columns, rows).then("p");
        write(&mut console, &long_patch());
        assert_snapshot!(format!("patch_long_{columns}"), console.picture());
        for keys in ["", "Esc", "a"] {
            console.press(keys);
            let text = console.text();
            let signed = |sign: &str, word: &str| {
                let lines: Vec<_> = text.lines().skip_while(|line| !line.contains(sign)).take(8).collect();
                lines.join("").contains(word)
            };
            assert!(
                signed(" - ", "rumour") && signed(" + ", "promise"),
                "{keys} at {columns}\n{text}"
            );
        }
        assert_snapshot!(format!("patch_approve_long_{columns}"), console.picture());
    }
}

#[test]
fn a_plain_decision_says_that_the_draft_is_not_applied_and_keeps_it() {
    for key in ["a", "r"] {
        let mut console = Console::drawn();
        console.press("p").typed("x").press("Esc q").press(key);
        // The letter is one of the note where that has the focus, as in every rejection.
        if key == "r" {
            console.shows("Your patch draft is NOT applied (Tab, then p shows it)");
            console.typed("no");
        } else {
            console.shows("Your patch draft is NOT applied (p shows it)");
        }
        console.press("Enter");
        says(
            &console,
            "your patch draft was not applied; it is kept: holdpoint drafts list",
        );
        let (_, saved) = console.backend.saved.last().unwrap();
        assert!(
            saved
                .as_ref()
                .is_some_and(|draft| draft.patch.is_some() && draft.approval.is_empty())
        );
    }
}

#[test]
fn the_draft_stays_when_the_decision_is_refused_and_p_leads_to_it() {
    let mut console = Console::drawn();
    console.press("p").typed("x").press("Esc q a p");
    assert!(console.model.prompt.is_none());
    console.shows("─ PATCH j-17");
    console.press("Esc q a");
    console.backend.settle("j-17", "script", Verdict::Reject, "ana");
    console.press("Enter").shows("Not approved: ana rejected");
    assert!(console.model.drafts.by_gate.values().any(|draft| draft.patch.is_some()));
    // Without a draft the prompt has no such key.
    let mut console = Console::drawn();
    console.press("j a").hides("patch draft");
    console.press("p").shows("APPROVE j-21");
}

#[test]
fn a_draft_of_a_former_attempt_is_offered_again() {
    let mut console = Console::drawn().then("p");
    write(
        &mut console,
        r#"{"type": "text_replace", "replacements": [{"old": "Tip 1", "new": "Hint 1"}]}"#,
    );
    console.press("Esc q r").typed("no").press("Enter");
    console.backend.gate(
        "j-17 tides / script #3",
        Some(100),
        [File::new("script.txt", format!("{SCRIPT_OLD}End.\n"))],
    );
    console.tell(Msg::Changed);
    console.press("j k g p").shows("Your draft of #2 is back");
    console.shows("Fits script.txt");
    console.press("Esc D").typed("discard").press("Enter p").hides("Hint 1");
    assert!(console.model.drafts.by_gate.is_empty());
}

#[test]
fn a_new_attempt_says_why_the_former_one_was_rejected() {
    for (columns, rows) in SIZES {
        let mut world = World::new();
        world.paused("j-30", "skerry");
        world.slots.clear();
        world.gate(
            "j-30 skerry / script #2",
            Some(100),
            [File::new("script.txt", SCRIPT_OLD)],
        );
        let mut console = Console::new(world, columns, rows).then("a");
        console.shows("#1 was rejected by ana: too long, cut the second tip");
        assert_snapshot!(format!("approve_again_{columns}"), console.picture());
        console.press("Esc r").shows("#1 was rejected by ana");
    }
}

#[test]
fn another_patch_type_is_one_key_away_and_loses_nothing() {
    let mut console = Console::drawn();
    console.press("j p").shows("  storyboard.json  duration_adjust");
    console.shows("F2 type");
    console.typed("9").press("F2");
    for (columns, rows) in SIZES {
        console.resize(columns, rows);
        assert_snapshot!(format!("compose_types_{columns}"), console.picture());
    }
    console.resize(80, 24).press("Down Enter");
    says(
        &console,
        "Patch type text_replace; what you wrote as duration_adjust is kept",
    );
    console.press("F2").shows("   duration_adjust  (yours)");
    console.press("Up Enter").shows("\"duration\": 94");
    console.press("Esc T");
    console.press("F2 Enter").shows("  storyboard.json  text_replace");
    // Both survive a dropped line.
    console.typed("zz").pass(1);
    let draft = console.backend.saved.last().unwrap().1.clone().unwrap();
    let json = serde_json::to_string(&draft).unwrap();
    let mut again = Console::drawn();
    again.tell(Msg::Drafts(vec![serde_json::from_str(&json).unwrap()], Vec::new()));
    again.press("j p");
    again.shows("zz");
    again.press("F2 k Enter");
    again.shows("\"duration\": 94");
}

#[test]
fn a_section_comes_filled() {
    for (columns, rows) in SIZES {
        let mut console = Console::new(World::drawn(), columns, rows).then("p F2 Down Enter");
        assert_snapshot!(format!("compose_section_{columns}"), console.picture());
        console.shows("\"section_marker\": \"**Opening**\"");
        console.shows("\"new_section\": \"The sea gives");
        console.typed("Hear: ").shows("Fits script.txt: 1 change");
    }
}

#[test]
fn an_untouched_template_is_no_draft() {
    let console = Console::drawn().then("p F2 Down Enter F2 Up Enter x Backspace Esc q a");
    console.hides("patch draft");
    assert!(console.model.drafts.by_gate.is_empty());
}

#[test]
fn menu_and_footer_offer_what_can_be_done() {
    let mut console = Console::drawn().then("p");
    write(&mut console, "{");
    console.press("Esc");
    let last = |console: &Console| console.text().lines().last().unwrap().to_owned();
    let menu = " the text is kept   Esc text  ? keys  q leave";
    assert_eq!(last(&console), menu);
    console.shows("[T] other type    [D] discard");
    console.hides("[a]");
    console.press("Esc");
    write(
        &mut console,
        r#"{"type": "text_replace", "replacements": [{"old": "Tip 1", "new": "Hint 1"}]}"#,
    );
    console.press("Esc");
    assert_eq!(last(&console), menu);
    console.shows("[a] approve with it    [r] reject with it    [t] apply only");
    console.press("a");
    assert_eq!(
        last(&console),
        " nothing is decided until Enter   ? keys  q back",
        "the editor is behind, no diff"
    );
    console.press("Esc Esc t");
    assert_eq!(last(&console), " nothing is changed until Enter   ? keys  q back");
}

#[test]
fn footers_name_only_keys_that_apply() {
    let last = |console: &Console| console.text().lines().last().unwrap().to_owned();
    let mut reading = session();
    reading.is_read_only = true;
    let mut console = Console::with(reading, World::drawn(), 80, 24);
    assert!(
        last(&console).starts_with(" } read on  Enter open"),
        "{}",
        last(&console)
    );
    console.press("Enter");
    assert!(last(&console).starts_with(" } read on  / find"), "{}", last(&console));
    // A gate without files: nothing to patch, nothing to look at.
    let mut console = Console::drawn();
    console.press("G k").shows(">j-23 delta");
    assert!(
        last(&console).starts_with(" } read on  a approve  r reject  Enter open"),
        "{}",
        last(&console)
    );
    console.press("a");
    assert_eq!(last(&console), " nothing is decided until Enter   ? keys  q back");
    // With the queue's keys stands the queue's pane.
    let mut console = Console::drawn();
    console.press("4 1").hides("HISTORY");
    console.shows("Tall boots".to_lowercase().as_str());
    console.press("3 Tab");
    assert!(
        last(&console).starts_with(" QUEUE } read on  a approve"),
        "{}",
        last(&console)
    );
}

#[test]
fn a_refusal_wraps_above_the_keys_and_goes_when_the_text_changes() {
    let mut console = Console::new(World::drawn(), 60, 20).then("p");
    write(
        &mut console,
        r#"{"type": "text_replace", "replacements": [{"old": "tall shoes on the wet sand", "new": "waders"}]}"#,
    );
    console.press("Esc");
    console.unseen("a");
    console.draw();
    console.shows("Not approved");
    says(&console, "and no line is like it hint: Esc goes back to the text");
    console.press("Esc").typed("x").hides("Not approved");
    console.press("Esc a").shows("Not approved");
    console.press("D").typed("discard").press("Enter").hides("Not approved");
}

#[test]
fn a_missing_quotation_mark_is_named_with_its_line() {
    let mut console = Console::drawn().then("p");
    write(
        &mut console,
        "{\n  \"type\": \"text_replace\",\n  \"replacements\": [\n    {\"old\": \"tall boots,\n     \"new\": \"waders\"}\n  ]\n}",
    );
    console.shows("line 4: the patch is not JSON: the closing \" is missing");
    console.hides("control character");
}

#[test]
fn a_decision_with_a_patch_says_so() {
    let mut console = Console::drawn().then("p");
    write(
        &mut console,
        r#"{"type": "text_replace", "replacements": [{"old": "Tip 1", "new": "Hint 1"}]}"#,
    );
    console.press("Esc a Enter");
    console.shows("Approved j-17 tides / script #2 with patch");
    let mut console = Console::drawn();
    console.press("a Enter").hides("with patch");
    console.hides("draft");
}

#[test]
fn writing_hides_no_gate_in_its_last_minute() {
    for (columns, rows) in [(60, 20), (80, 24)] {
        let mut world = World::drawn();
        for number in 50..56 {
            world.gate(&format!("j-{number} many / script #1"), Some(200), []);
        }
        let mut console = Console::new(world, columns, rows);
        console.press("G k k p").shows("─ PATCH j-19");
        console.pass(50).shows("j-17 tides");
        console.shows("0:51");
        assert_eq!(
            console.model.queue.selected().unwrap().job_id(),
            &testing::world::job_id("j-19")
        );
    }
}

#[test]
fn a_prompt_moves_no_row_of_the_queue() {
    let mut console = Console::drawn();
    let rows = |console: &Console| {
        let text = console.text();
        text.lines()
            .take(8)
            .map(|line| line.get(..12).unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    let before = rows(&console);
    console.press("a");
    assert_eq!(rows(&console), before);
}

#[test]
fn a_key_that_means_nothing_says_so_once() {
    let mut console = Console::drawn();
    for key in ["x", "o", "O"] {
        console.press(key).shows(&format!("no such key: {key}   ? keys"));
    }
    console.press("O O O");
    assert_eq!(console.model.toasts.unread, 0, "the same key again says nothing new");
    console.press("4 Enter").shows("no such key: Enter");
    console.press("1 a m").shows("no such key: m   ? keys");
}

#[test]
fn hunk_keys_on_the_queue_move_the_diff_on_screen() {
    let mut console = Console::drawn();
    console.press("j }").shows("310.0");
    console.shows(" >j-21 dunes");
    console.press("{ {").shows("4500");
    console.press("j {").shows("There is no diff on the screen");
}

#[test]
fn a_gate_without_a_timer_speaks_of_none() {
    use domain::lease::LeasePurpose;
    let mut world = World::drawn();
    world.set_lease("j-23", Some(("cy", LeasePurpose::Prompt)));
    let mut console = Console::new(world, 80, 24);
    console.press("G k a").shows("cy has a prompt open here since");
    console.hides("the timer is not held");
    let mut console = Console::new(World::drawn(), 120, 40);
    console.press("a").shows("at most 1h00m");
    console.press("Esc");
    console.resize(160, 40);
    console.press("a").shows("timer held for you, at most 1h00m more");
}

/// A gate of several files keeps the bytes of those that are looked at; a patch for another one has
/// them read.
#[test]
fn a_patch_for_a_file_whose_bytes_are_not_there_has_them_read() {
    let files = ["a.txt", "b.txt", "c.txt", "d.txt"];
    let mut world = World::drawn();
    let file = |name: &&'static str| File::new(name, format!("in {name}\n"));
    world.gate("j-42 ness / script #1", Some(80), files.iter().map(file));
    let mut console = Console::new(world, 80, 24);
    let far = |console: &Console| console.model.gate.as_ref().unwrap().files[3].bytes.is_some();
    console.model.gate.as_mut().unwrap().files[3].forget();
    console.press("p");
    assert!(!far(&console));
    let patch = r#"{"type": "text_replace", "artifact": "d.txt", "replacements": [{"old": "in", "new": "out of"}]}"#;
    write(&mut console, patch);
    says(&console, "Fits d.txt: 1 change");
    assert!(far(&console));

    // One that is gone says so, and is no reason to wait.
    let view = console.model.gate.as_mut().unwrap();
    view.files[2].bytes = None;
    view.files[2].content = console::model::file::Content::Missing;
    write(&mut console, &patch.replace("d.txt", "c.txt"));
    says(&console, "Not fitting: c.txt is missing from the run directory");
}
