//! Slips of the hand and of the line: torn keys, keys held down, windows too low, a note said for
//! the wrong verdict.

use console::effect::Msg;
use console::facts::job::shares;
use console::layout;
use domain::gate::Verdict;
use insta::assert_snapshot;

use crate::console::{Console, session};
use crate::world::World;

const KEYS: [&str; 10] = [
    "Up",
    "Down",
    "Left",
    "Right",
    "Home",
    "End",
    "PgDn",
    "Del",
    "F2",
    "Ctrl-Right",
];

#[test]
fn a_torn_key_takes_no_marks_off_and_no_filter() {
    for key in KEYS {
        let mut console = Console::drawn();
        console.press("Space Space Space").torn(key);
        assert_eq!(console.model.marks.on.len(), 3, "{key}");
        console.shows(&format!("{key} came in pieces and did nothing   hint: "));
        // However often it happens.
        console.torn(key).torn(key);
        assert_eq!(console.model.marks.on.len(), 3, "{key}");
        // Where there are no marks Escape takes the filter back.
        let mut console = Console::drawn();
        console.press("/").typed("script").press("Enter").torn(key);
        assert_eq!(console.model.queue.filter.text(), "script", "{key}");
    }
}

/// The screen without messages, keys and what the clock says.
fn panes(console: &Console) -> String {
    let text = console.text();
    let lines: Vec<_> = text.lines().collect();
    // The gate below may have been shown between the two pieces of the key.
    let panes = lines[..lines.len() - 2]
        .iter()
        .map(|line| line.trim_end_matches("unseen").trim_end());
    let panes = panes.collect::<Vec<_>>().join("\n");
    let masked = panes.split(' ').map(|word| match word.contains(':') {
        true => word.replace(|letter: char| letter.is_ascii_digit(), "0"),
        false => word.to_owned(),
    });
    masked.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_torn_key_leaves_everything_as_it_stood() {
    let states = [
        ("the whole screen for the queue", "="),
        ("the whole screen for the diff", "Enter ="),
        ("the whole screen for the jobs", "6 ="),
        ("a row far down, in the diff", "j j Enter"),
        ("the jobs, filtered", "6 / 'fjord' Enter"),
        ("the jobs, filtered, further down", "6 / 'j-2' Enter j"),
        ("a job of the jobs", "6 j j Enter"),
        ("the decisions, filtered", "4 / 'cy' Enter"),
        ("the forecast", "F j"),
        ("a filter that is being written", "/ 'script'"),
        ("a filter of the queue, with another row selected", "/ 'script' Enter j"),
        ("a line that is pointed at", "Enter ; j"),
        ("a comment that is being written", "Enter ; Enter 'which'"),
        ("a search", "Enter / 'boots'"),
        ("a search that found something", "Enter / 'boots' Enter"),
        ("a range of marks", "Space v j"),
        ("marks", "Space Space"),
        (
            "marks, of which Escape has said that the next one takes them off",
            "Space Space Esc",
        ),
        ("what colleagues leave", "<"),
        ("the files", "Enter |"),
    ];
    for (state, keys) in states {
        for key in ["Up", "Left", "F2"] {
            let mut console = Console::drawn();
            for keys in keys.split('\'').enumerate() {
                match keys {
                    (at, text) if at % 2 == 1 => console.typed(text),
                    (_, keys) => console.press(keys),
                };
            }
            let (before, focus) = (panes(&console), console.model.focus());
            let selected = console.model.queue.selected().cloned();
            // However often it happens.
            for _ in 0..2 {
                console.torn(key);
                let after = panes(&console);
                assert_eq!(after, before, "{state}: {key}\n{}", console.text());
                assert_eq!(console.model.focus(), focus, "{state}: {key}");
                assert_eq!(console.model.queue.selected(), selected.as_ref(), "{state}: {key}");
            }
        }
    }
}

#[test]
fn a_torn_key_leaves_the_gate_that_is_read_although_it_was_decided() {
    let mut console = Console::drawn().then("j Enter");
    console.elsewhere("j-21", "storyboard", Verdict::Reject, "cy");
    let before = panes(&console);
    console.torn("Left").shows("REJECTED by cy");
    assert_eq!(panes(&console), before);
    // A gate that went away between the two pieces leaves no ghost on the queue.
    let mut console = Console::drawn();
    console.press("Esc");
    console.elsewhere("j-17", "script", Verdict::Approve, "cy");
    console.tell(Msg::Input(console::input::TerminalInput::Torn(None)));
    console.draw();
    console.shows(">j-21 dunes").hides("APPROVED");
}

#[test]
fn a_torn_key_in_the_editor_opens_no_menu_and_discards_nothing() {
    for key in KEYS {
        let mut console = Console::drawn();
        console.press("p").typed("x").torn(key);
        assert!(console.model.prompt.is_none(), "{key}: the text has the keys");
        console.typed("y");
        let text = console.model.compose.as_ref().unwrap().editor.text();
        assert!(text.contains("xy"), "{key}: {text}");
        assert!(console.decisions().is_empty());
    }
}

#[test]
fn a_torn_key_closes_no_prompt_for_good_and_confirms_nothing() {
    for before in ["a", "r", "t", "+", "R", "X", "/", "?", ":"] {
        let mut console = Console::drawn().then(before);
        let focus = console.model.focus();
        console.torn("Left");
        assert_eq!(console.model.focus(), focus, "{before}");
        assert!(console.decisions().is_empty());
    }
    // What was on the screen before the slip does not count.
    let mut console = Console::drawn().then("a");
    console.burst("Esc");
    console.tell(Msg::Input(console::input::TerminalInput::Torn(None)));
    console.unseen("Enter");
    assert!(console.decisions().is_empty());
    console.draw();
    console.press("Enter").decides(1);
}

#[test]
fn escape_and_the_letter_behind_it_in_one_burst_replace_and_decide_nothing() {
    for letter in ["a", "r", "t", "c", "p", "T", "D", "q", "d", "w", "f", "b", "x"] {
        for opened in ["p", "e"] {
            let mut console = Console::drawn();
            console.press(opened).typed("zz");
            let text = console.model.compose.as_ref().unwrap().editor.text();
            console.burst(&format!("Esc {letter} Enter"));
            assert!(console.decisions().is_empty(), "{opened} Esc {letter} Enter");
            if let Some(compose) = &console.model.compose {
                assert_eq!(compose.editor.text(), text, "{opened} Esc {letter} Enter");
            }
            let kept = console.model.drafts.by_gate.values().any(|draft| draft.has_patch());
            assert!(kept, "{opened} Esc {letter} Enter");
        }
    }
    let mut console = Console::drawn();
    console.press("e").typed("zz").burst("Esc p");
    console.shows("The key came before the menu was on the screen");
}

#[test]
fn discarding_takes_a_typed_word_and_the_text_can_be_taken_back() {
    let mut console = Console::drawn();
    console.press("p").typed("my patch").press("Esc D");
    assert_snapshot!("discard_80", console.picture());
    console.press("Enter").shows("Not discarded: that is not discard");
    console.typed("D").press("Enter");
    assert!(console.model.compose.is_some() && console.backend.put_aside.is_empty());
    console.press("Backspace").typed("discard").press("Enter");
    assert!(console.model.compose.is_none());
    console.shows("The text is discarded; Z on the queue has it for 7 days");
    assert!(console.model.drafts.by_gate.is_empty());
    let aside = console.backend.put_aside[0].draft.patch.as_ref().unwrap();
    assert!(aside.text.contains("my patch"), "{}", aside.text);
    // And back.
    console.press("Z").shows("discarded in the last 7 days");
    assert_snapshot!("discarded_80", console.picture());
    console.press("Enter");
    console.shows("Restored: patch for script.txt of j-17 / script #2   p on its gate");
    console.pass(1);
    assert!(
        console.backend.saved.last().unwrap().1.as_ref().unwrap().has_patch(),
        "it is on disk again"
    );
    console.press("p").shows("my patch");
    console.press("Esc q Z");
    console.shows("No text was discarded here in the last 7 days");
    // What was written since is never written over.
    console
        .press("p Esc D")
        .typed("discard")
        .press("Enter p")
        .typed("!")
        .press("Esc q Z Enter");
    console.shows("Not restored: a patch is kept for j-17 / script #2   hint: send or");
}

#[test]
fn a_text_of_a_decided_gate_is_restored_to_where_it_can_be_read() {
    let mut console = Console::drawn();
    console
        .press("p")
        .typed("x")
        .press("Esc D")
        .typed("discard")
        .press("Enter");
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.press("Z Enter");
    console.shows("Restored: patch for script.txt of j-17 / script #2");
    console.shows("drafts show prints it");
    console.hides("on its gate");
}

#[test]
fn what_was_discarded_is_offered_for_seven_days() {
    let mut console = Console::drawn().then("Z");
    console.shows("No text was discarded here in the last 7 days");
    console
        .press("p")
        .typed("x")
        .press("Esc D")
        .typed("discard")
        .press("Enter");
    console.pass(7 * 86_400 - 1).press("Z").shows("patch for script.txt");
    console.press("Esc").pass(1).press("Z").hides("patch for script.txt");
}

#[test]
fn the_note_of_a_rejection_is_no_approvals() {
    let mut console = Console::drawn();
    console
        .press("r")
        .typed("image is NOT signed, do not ship")
        .press("Esc a");
    console.shows("note: (none; Tab to write)");
    console.press("Tab").typed("reads well").press("Esc r");
    console.shows("note: image is NOT signed, do not ship");
    console.press("Esc a").shows("note: reads well");
    console.press("Enter");
    let decisions = console.decisions();
    assert_eq!(decisions.len(), 1);
    assert!(decisions[0].contains("note Some(\"reads well\")"), "{decisions:?}");
    // The other one was written too: it is not lost with the gate.
    assert_eq!(console.backend.put_aside.len(), 1);
    assert_eq!(
        console.backend.put_aside[0].draft.note(Verdict::Reject),
        "image is NOT signed, do not ship"
    );
    assert_eq!(console.backend.put_aside[0].draft.note(Verdict::Approve), "");
}

#[test]
fn the_note_of_a_bulk_is_of_its_verdict_too() {
    let mut console = Console::drawn();
    console
        .press("Space Space g r")
        .press("Tab")
        .typed("both wrong")
        .press("Esc a");
    console.shows("note for each: (none; Tab to write)");
    console.press("Esc r").shows("note for each: both wrong");
}

/// The windows of the trial in which a question was decided that nobody could read.
const LOW: [(u16, u16); 6] = [(80, 8), (30, 8), (24, 8), (40, 10), (80, 9), (59, 40)];

#[test]
fn in_a_low_window_nothing_that_decides_is_asked() {
    for (columns, rows) in LOW {
        for key in ["a", "r", "t", "+", "X", "u"] {
            let mut console = Console::new(World::drawn(), columns, rows);
            console.press(key).press("Enter Enter").typed("j-17").press("Enter");
            assert!(console.model.prompt.is_none(), "{columns}x{rows} {key}");
            let changes = console.backend.sent.iter().filter(|sent| !sent.starts_with("MarkSeen"));
            assert_eq!(changes.count(), 0, "{columns}x{rows} {key}: {:?}", console.backend.sent);
        }
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("Space Space Space g a Enter i Enter Enter");
        assert!(console.decisions().is_empty(), "{columns}x{rows}, marked");
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("p").typed("x").press("Esc r Enter Enter a Enter");
        assert!(console.decisions().is_empty(), "{columns}x{rows}, from the editor");
    }
    let mut console = Console::new(World::drawn(), 80, 9).then("a");
    console.shows("Not approved: below 60x14 nothing is decided, and this window is");
    // Everything can be read.
    console.press("Enter j j").shows("Bring tall boots");
}

#[test]
fn in_the_smallest_window_that_decides_the_question_is_whole() {
    let mut console = Console::new(World::drawn(), 60, 14).then("a");
    assert_snapshot!("approve_60x14", console.picture());
    for words in [
        "APPROVE j-17 tides / script #2",
        "as bea",
        "[Enter] approve",
        "Cannot be taken back",
    ] {
        console.shows(words);
    }
    console.press("Enter").decides(1);
    let mut console = Console::new(World::drawn(), 60, 14);
    console.press("j r").typed("no").press("Enter").decides(1);
}

#[test]
fn a_window_that_became_too_low_under_a_question_refuses_enter() {
    for (columns, rows) in LOW {
        for (key, typed) in [("a", ""), ("r", "no"), ("t", "why"), ("+", "10m"), ("X", "j-17")] {
            let mut console = Console::drawn();
            console.press(key).typed(typed);
            let before = console.backend.sent.len();
            console.resize(columns, rows).press("Enter Enter");
            let sent = &console.backend.sent[before..];
            assert!(
                sent.iter().all(|sent| sent.starts_with("MarkSeen")),
                "{columns}x{rows} {key}: {sent:?}"
            );
            // In a window that holds it the same question goes on.
            console.resize(80, 24).pass(1).press("Enter");
            assert!(console.backend.sent.len() > before, "{columns}x{rows} {key}");
        }
    }
    let mut console = Console::drawn();
    console.press("a").resize(80, 9);
    assert_snapshot!("approve_80x9", console.picture());
    console.shows("Enter does nothing: below 60x14 nothing is decided, and this window is 80x9");
    console.press("Enter");
    console.shows("Not approved: this window does not hold the whole question");
}

#[test]
fn a_question_that_does_not_fit_is_said_not_to_and_fits_again() {
    // Forty files that nobody has seen take many lines.
    let mut world = World::new();
    let names: Vec<String> = (0..40).map(|n| format!("a-rather-long-file-name-{n:02}.txt")).collect();
    let files = names.iter().map(|name| {
        let name: &'static str = Box::leak(name.clone().into_boxed_str());
        crate::world::File::new(name, name)
    });
    world.gate("j-1 many / script #1", None, files);
    let mut console = Console::new(world, 80, 18);
    console.press("a Enter Enter").decides(0);
    console.shows("Enter does nothing: this window does not hold the whole question");
    console.resize(80, 50).shows("You have not seen: ");
    console.press("Enter").decides(1);
}

#[test]
fn a_title_gives_way_in_the_name_of_the_job_alone() {
    let mut world = World::new();
    let id = "nightly-render-of-the-harbour-at-dusk-with-all-the-boats-and-the-lighthouse-17";
    world.gate(
        &format!("{id}  / storyboard #12"),
        None,
        [crate::world::File::new("s.txt", b"x")],
    );
    let mut console = Console::new(world, 80, 24);
    console.press("a").shows(" / storyboard #12  ");
    console.shows("  as bea");
    let text = console.text();
    let title = text.lines().find(|line| line.contains("APPROVE")).unwrap();
    assert!(
        title.contains("APPROVE nightly-render") && title.contains('…'),
        "{title}"
    );
}

#[test]
fn a_question_that_changes_is_read_again_before_enter_counts() {
    let mut console = Console::drawn().then("a");
    // Somebody marked another gate meanwhile: the question says so, and no frame has shown it.
    console.backend.set_lease("j-17", None);
    let key = console
        .model
        .queue
        .visible()
        .nth(1)
        .map(console::model::queue::RowKey::of)
        .unwrap();
    if let console::model::queue::RowKey::Gate(key) = key {
        console.model.marks.on.insert(key, Default::default());
    }
    console.unseen("Enter");
    assert!(
        console.decisions().is_empty(),
        "the line about the other mark was not on the screen"
    );
    console.model.window.is_dirty = true;
    console.draw();
    console.shows("1 marked gate is NOT included");
    console.press("Enter").decides(1);
}

#[test]
fn control_c_on_the_queue_says_what_leaves_and_control_u_clears_a_field() {
    let mut console = Console::drawn();
    console.press("Ctrl-c").shows("Ctrl-c does not leave: q does");
    console.press("Enter Ctrl-c");
    console.shows("Ctrl-c does not leave: q on the queue does");
    console.press("1 /").typed("reef").press("Ctrl-u");
    assert_eq!(console.model.queue.filter.text(), "");
    console.typed("dunes").press("Enter");
    assert_eq!(console.model.queue.filter.text(), "dunes");
}

#[test]
fn a_restricted_console_starts_nothing_and_says_so() {
    let restricted = console::session::Session {
        is_restricted: true,
        ..session()
    };
    let mut console = Console::with(restricted, World::drawn(), 80, 24);
    console.shows("RESTRICTED");
    console.press("E");
    console.shows("Not done: this console is restricted: it starts no other program");
    assert!(console.terminal.editors.is_empty() && console.model.keys.away.is_none());
    console.press("Ctrl-z");
    console.shows("Not done: this console is restricted: it is not suspended");
    // Not from the menu of the editor either, and no menu, palette or hint offers it.
    console.press("e").typed("x").press("Esc").hides("own editor");
    console.press("E");
    assert!(console.terminal.editors.is_empty());
    console.press("Esc Esc q").press(":").typed("editor").hides("$EDITOR");
    // It decides as any other.
    console.press("Esc a Enter").decides(1);
}

#[test]
fn a_text_that_comes_at_once_presses_no_key() {
    for keys in ["", "Enter", "3", "4", "a", "X", "e x Esc", "Space Space k a"] {
        let mut console = Console::drawn().then("g");
        for key in keys.split_whitespace() {
            console.press(key);
        }
        let focus = console.model.focus();
        let field = focus.is_text();
        console.at_once("note text\napprove all of it\n");
        assert_eq!(console.model.focus(), focus, "{keys}");
        assert!(console.decisions().is_empty(), "{keys}");
        let words = match field {
            true => "the Enter in it did nothing",
            false => "keys came at once, as pasted text does, and did nothing",
        };
        console.shows(words);
    }
}

#[test]
fn an_open_field_takes_a_text_that_comes_at_once() {
    let mut console = Console::drawn();
    console.press("r").at_once("wrong cut\n").shows("note: wrong cut");
    assert!(console.decisions().is_empty(), "the Enter was part of the text");
    console.pass_ms(700).press("Enter").decides(1);
    // A key that opened a field and was its first letter stands before it.
    let mut console = Console::drawn();
    console.press("r r").at_once("eject this").shows("note: reject this");
    // A filter ends with its Enter, and what stands behind that is nothing.
    let mut console = Console::drawn();
    console.press("/").at_once("script\na\n");
    assert_eq!(console.model.queue.filter.text(), "script");
    assert!(console.model.prompt.is_none() && console.model.keys.field.is_none());
    console.shows("2 keys came at once");
    let mut console = Console::drawn();
    console.press("e").at_once("one line\nand another\n").shows("one line");
    console.shows("and another");
}

#[test]
fn in_a_low_window_everything_can_be_read() {
    for (columns, rows) in LOW {
        for keys in ["Enter", "}", "j }", "Enter j"] {
            let mut console = Console::new(World::drawn(), columns, rows);
            console.press("g").press(keys);
            let shown = console::layout::diff_rows(&console.model);
            assert!(shown > 0, "{columns}x{rows} {keys}: no line of the diff");
        }
        // To the last line, by one key.
        let mut console = Console::new(World::drawn(), columns, rows);
        console.press("g").press(&"} ".repeat(60));
        assert!(!console.sent("MarkSeen").is_empty(), "{columns}x{rows}");
        let console = Console::new(World::drawn(), columns, rows).then("g 3");
        assert!(
            shares(&console.model, layout::of(&console.model).lower).events > 0,
            "{columns}x{rows}: no event"
        );
        // A text that was open before the window became small.
        let mut console = Console::drawn();
        console.press("g e").resize(columns, rows).typed("zebra").shows("zebra");
    }
}

#[test]
fn where_nothing_is_decided_no_editor_opens() {
    let mut console = Console::new(World::drawn(), 80, 8);
    for (key, what) in [("e", "Not edited"), ("p", "Not composed"), ("E", "Not edited")] {
        console.press("Enter").hides(" patch  ");
        console.press(key);
        assert!(console.model.compose.is_none(), "{key}");
        console.shows(&format!("{what}: below 60x14 nothing is decided"));
    }
    assert_eq!(console.sent("TakeLease"), [""; 0]);
}

#[test]
fn lines_that_are_cut_scroll_from_the_queue() {
    let mut world = World::new();
    let long = format!("{} end", "word ".repeat(40));
    let files = vec![crate::world::File::new("s.txt", long)];
    world.gate("j-1 long / script #1", None, files);
    let mut console = Console::new(world, 80, 24);
    let left = |console: &Console| console.model.gate.as_ref().unwrap().current().unwrap().scroll.left;
    console.press("w l");
    assert!(left(&console) > 0 && !console.model.panes.is_lower_focused);
    console.press("h");
    assert!(left(&console) == 0 && !console.model.panes.is_lower_focused);
    console.press("h");
    assert!(!console.model.panes.is_lower_focused);
    // Wrapped, nothing is to the right: the key is the other pane's.
    console.press("w l");
    assert!(console.model.panes.is_lower_focused);
}

#[test]
fn a_restricted_console_explains_no_key_that_it_refuses_and_an_unknown_name_is_said_to_be_none() {
    let mut session = session();
    session.is_restricted = true;
    let mut console = Console::with(session, World::drawn(), 80, 24);
    for key in ["ctrl-z", "visual"] {
        console.press("?").typed(key).shows("No key is for that");
        console.press("Esc");
    }
    console.press(":").typed("zzz").shows("No command is called that");
}

#[test]
fn the_change_of_a_row_comes_when_the_selection_has_rested() {
    for size in [(60, 20), (80, 24), (120, 40)] {
        let mut console = Console::new(World::drawn(), size.0, size.1);
        console.shows("Tip 3");
        console.unseen("j");
        // The row has moved: nothing of the former gate stands below it, and nothing of this one.
        console.hides("Tip 3").hides("Reading").hides("NOT YET SHOWN");
        assert_eq!(console.model.queue.selected().unwrap().job_id().as_str(), "j-21");
        assert!(console.model.gate.as_ref().unwrap().files.is_empty());
        console.pass_us(1).shows("scene_00");
    }
}

#[test]
fn a_verdict_before_the_change_is_shown_counts_nothing_as_seen() {
    let mut console = Console::drawn();
    console.unseen("j");
    console.unseen("a");
    // Any other key has it read at once.
    assert!(!console.model.panes.pace.is_moving());
    console.unseen("Enter");
    assert!(console.decisions().is_empty());
    let mut console = Console::drawn();
    console.unseen("j");
    console.unseen("a");
    console.draw();
    console.press("Esc a");
    console
        .shows("APPROVE j-21 dunes / storyboard #1")
        .shows("You have not seen");
}
