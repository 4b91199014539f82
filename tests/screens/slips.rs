//! The slips that must be impossible (SCREENS.md), each tried.

use console::effect::Msg;
use console::input::{Mouse, MouseKind, TerminalInput};
use console::question::Answered;
use domain::event::EventType;
use domain::gate::Verdict;
use domain::job::JobStatus;
use domain::view::QueueKind;
use insta::assert_snapshot;

use crate::console::Console;
use crate::world::{File, SCRIPT_OLD};

#[test]
fn a_bracketed_paste_outside_a_text_field_does_nothing() {
    let mut console = Console::drawn();
    console.paste("a\rr\rq");
    assert!(console.decisions().is_empty() && !console.is_left && console.model.prompt.is_none());
    console.shows("Pasted text dropped: no text field is open");
    console.press("a").paste("\r\r").decides(0);
}

#[test]
fn a_paste_into_the_note_is_only_text() {
    let mut console = Console::drawn();
    console.press("r").paste("line one\rline two\n\x1b[31mred").decides(0);
    console
        .shows("note: line one")
        .shows("      line two")
        .shows("      ␛[31mred");
}

#[test]
fn an_unbracketed_paste_never_confirms() {
    let mut console = Console::drawn();
    console.burst("a Enter").decides(0);
    console.shows("Enter came before the prompt was on the screen");
    console.press("Esc");
    // Text and Enter in one piece, in the note of a rejection.
    console.press("r").burst("b a d Enter");
    assert!(console.decisions().is_empty(), "the note was not on the screen yet");
    console.pass_ms(700).press("Enter").decides(1);
}

#[test]
fn a_frame_that_was_not_written_does_not_count() {
    let mut console = Console::drawn();
    console.unseen("a");
    let stale = console::effect::FrameFacts {
        called: Vec::new(),
        prompt: None,
        listed: 0..0,
        diff: None,
        outcomes: 0,
        gate: None,
    };
    console.tell(Msg::Drawn(stale));
    console.unseen("Enter");
    assert!(console.decisions().is_empty());
}

#[test]
fn the_prompt_does_not_follow_the_selection() {
    let mut console = Console::drawn().then("j a");
    // A more urgent gate appears above, and a click and a wheel turn try to move the selection.
    console.opens("j-40 storm / script #1", Some(20), [File::new("s.txt", SCRIPT_OLD)]);
    for kind in [MouseKind::Click, MouseKind::WheelDown] {
        console.tell(Msg::Input(TerminalInput::Mouse(Mouse {
            kind,
            column: 5,
            row: 4,
        })));
    }
    console.draw();
    console.shows("APPROVE j-21 dunes / storyboard #1");
    console.shows(" >j-21 dunes");
    console.press("Enter");
    assert!(console.decisions()[0].starts_with("Approve j-21/storyboard #1"));
}

#[test]
fn a_new_attempt_turns_the_prompt_into_a_refusal() {
    let mut console = Console::drawn().then("a");
    console.backend.settle("j-17", "script", Verdict::Reject, "ana");
    console.opens("j-17 tides / script #3", Some(300), [File::new("script.txt", b"other")]);
    console.shows("Not approved: ana rejected j-17 / script #2");
    console.press("Enter Enter").decides(0);
}

#[test]
fn a_patch_by_another_turns_the_prompt_into_a_refusal() {
    let mut console = Console::drawn();
    console.press("a Tab").typed("fine");
    let patched = SCRIPT_OLD.replace("boots", "waders");
    console.backend.overwrite("j-17", "script/script.txt", &patched);
    let gate = &mut console.backend.rows_of("j-17").gates[0];
    gate.artifacts[0].digest = domain::ids::Digest::of(patched.as_bytes());
    console.hears(EventType::PatchApplied, "ana applied a patch");
    console.shows("changed while it was on screen (you read ");
    console.shows("your note is kept");
    assert_snapshot!("changed_80", console.picture());
    console.press("Enter Enter").decides(0);
}

#[test]
fn a_second_a_does_not_land_in_the_note_or_decide() {
    let mut console = Console::drawn();
    console.press("a a a a").shows("note: (none; Tab to write)");
    assert!(console.decisions().is_empty());
}

#[test]
fn a_split_escape_sequence_acts_on_nothing() {
    for letter in ["A", "B", "C", "D", "H", "F"] {
        for before in ["", "Enter", "a", "r Esc", "3", "4"] {
            let mut console = Console::drawn();
            console.press(before).press("Esc [").press(letter);
            assert!(
                console.decisions().is_empty() && !console.is_left,
                "{before} Esc [ {letter}"
            );
            assert!(console.model.prompt.is_none(), "{before} Esc [ {letter}");
        }
    }
    // In the editor Esc opens the menu: the letters that follow decide nothing and lose nothing.
    for letter in ["A", "B", "C", "D", "H", "F"] {
        // This late the rest is no rest any more (see `hands.rs` for the others).
        let mut console = Console::drawn();
        console
            .press("p")
            .typed("x")
            .press("Esc [")
            .press(letter)
            .press("Esc Esc Esc");
        assert!(console.decisions().is_empty());
        assert!(
            console.model.drafts.by_gate.values().any(|draft| draft.patch.is_some()),
            "{letter}"
        );
    }
}

#[test]
fn escape_never_leaves_and_control_c_never_quits() {
    let mut console = Console::drawn();
    console.press("Esc Esc Ctrl-c Ctrl-c Ctrl-d Enter Ctrl-c Esc Esc Esc Ctrl-c");
    assert!(!console.is_left);
    console.press("a Ctrl-c");
    assert!(console.model.prompt.is_none() && console.decisions().is_empty());
}

#[test]
fn nothing_drops_text() {
    let mut console = Console::drawn();
    console.press("r").typed("half a thought").press("Ctrl-d Ctrl-c");
    console.press("q").shows("LEAVE holdpoint");
    console.shows("1 draft is not sent");
    assert_snapshot!("leave_80", console.picture());
    console.press("Esc");
    assert!(!console.is_left);
    console.pass(1);
    let (_, saved) = console.backend.saved.last().unwrap();
    assert_eq!(saved.as_ref().unwrap().rejection, "half a thought");
    // A line that drops before the half second is over: what is unsaved is handed out.
    console.press("r").typed("!");
    let unsaved = console::update::unsaved_drafts(&mut console.model);
    assert_eq!(unsaved[0].1.as_ref().unwrap().rejection, "half a thought!");
}

#[test]
fn drafts_of_a_former_session_are_back() {
    let mut console = Console::drawn();
    console.press("r").typed("from before").press("Esc").pass(1);
    let draft = console.backend.saved.last().unwrap().1.clone().unwrap();
    let json = serde_json::to_string(&draft).unwrap();
    let mut again = Console::drawn();
    again.tell(Msg::Drafts(vec![serde_json::from_str(&json).unwrap()], Vec::new()));
    again.press("r");
    again.shows("note: from before");
}

#[test]
fn no_second_verdict_while_the_first_is_being_written() {
    let mut console = Console::drawn();
    console.backend.is_slow = true;
    console.press("a Enter").shows("writing…");
    assert_snapshot!("writing_80", console.picture());
    console.press("Enter Enter Esc").shows("Sent already");
    console.press("a");
    console.shows("Not approved: a decision on j-17 / script #2 is being written");
    console.press("r Enter Enter").decides(1);
    console.press("q q").shows("A decision is being written");
}

#[test]
fn rows_that_come_and_go_move_no_selection() {
    let mut console = Console::drawn().then("j j");
    let line = |console: &Console| console.text().lines().position(|line| line.starts_with("  >")).unwrap();
    let before = line(&console);
    console.elsewhere("j-17", "script", Verdict::Approve, "ana");
    console.shows(" >j-22 marsh");
    console.shows("j-17 tides: ana approved script #2");
    for number in 50..60 {
        console
            .backend
            .gate(&format!("j-{number} many / script #1"), Some(30 + number), []);
    }
    console.event("j-50", "script", EventType::GateOpened, "script #1 waits");
    console.shows(" >j-22 marsh");
    assert!(line(&console) <= before + 6, "it stays in sight");
}

#[test]
fn the_gate_that_is_read_stays_on_the_screen_when_it_goes_away_and_says_what_happened() {
    let mut console = Console::drawn().then("j Enter");
    console.elsewhere("j-21", "storyboard", Verdict::Reject, "cy");
    console.hides(">j-21 dunes");
    console.shows("REJECTED by cy 02:13:0");
    assert_snapshot!("gone_80", console.picture());
    console.press("a").shows("Not approved: cy rejected it at 02:13:0");
    console.press("q").hides("REJECTED by cy");
    console.shows(">j-17 tides");
}

#[test]
fn on_the_queue_a_gate_that_went_away_leaves_no_ghost() {
    let mut console = Console::drawn();
    console.elsewhere("j-17", "script", Verdict::Approve, "cy");
    console.shows(">j-21 dunes");
    console.shows("j-17 tides: cy approved script #2");
    console.hides("APPROVED");
}

#[test]
fn leaving_asks_when_this_console_leads_a_running_stage() {
    let mut console = Console::drawn();
    console.tell(Msg::Lead(true));
    console.press("q").shows("This console leads and 1 stage is running");
    console.shows("stages go on; another console or");
    console.press("Enter");
    assert!(console.is_left);
    let mut calm = Console::drawn();
    calm.press("q");
    assert!(calm.is_left, "nothing is under way: q leaves at once");
}

#[test]
fn a_job_that_reaches_its_gate_is_followed_and_no_key_meant_for_it_decides() {
    let mut console = Console::drawn();
    console.press("G").shows(" >j-24 fjord");
    console.backend.slots.clear();
    console.backend.rows_of("j-24").job.status = JobStatus::NeedsApproval;
    console.opens("j-24 fjord / assets #1", Some(60), []);
    let text = console.text();
    let rows: Vec<_> = text.lines().filter(|line| line.contains("j-24 fjord  ")).collect();
    assert_eq!(rows.len(), 1, "no ghost below its own gate: {text}");
    assert!(rows[0].contains(">j-24 fjord") && rows[0].contains("approve"), "{text}");
    console.burst("a Enter");
    assert!(
        console.decisions().is_empty(),
        "Enter came before the question was on the screen"
    );
    console.shows("Enter came before the prompt was on the screen");
}

#[test]
fn an_enter_held_down_or_bouncing_answers_no_question_that_asks_once_more() {
    for gaps_ms in [[5, 5, 5], [30, 30, 30], [450, 30, 30], [600, 600, 600]] {
        let mut console = Console::hurried().then("Space Space g a i Enter");
        console.shows("2 of them NOT wholly seen by you: Enter once more");
        for gap_ms in gaps_ms {
            console.hides("[Enter] approve");
            console.pass_ms(gap_ms).burst("Enter");
            assert!(console.decisions().is_empty(), "{gaps_ms:?}");
            console.shows("Enter came at once and did nothing");
        }
        console.pass_ms(700).shows("[Enter] approve 2");
        console.press("Enter").decides(2);
    }
    let mut console = Console::hurried();
    console.press("g r Enter").shows("The note is empty: Enter once more");
    console.pass_ms(30).burst("Enter").decides(0);
    console.pass_ms(700).press("Enter").decides(1);
}

#[test]
fn a_text_that_comes_letter_by_letter_confirms_nothing() {
    for gap_ms in [2, 30, 200] {
        let mut console = Console::drawn().then("g");
        for letter in "approved by all".chars() {
            console.pass_ms(gap_ms).typed(&letter.to_string());
        }
        console.pass_ms(gap_ms).burst("Enter");
        assert!(console.decisions().is_empty(), "{gap_ms} ms");
    }
    let mut console = Console::drawn();
    console.press("g a").typed("v").burst("Enter").decides(0);
    console.shows("Enter does nothing right behind");
    console.pass_ms(700).burst("Enter").decides(1);
}

#[test]
fn an_enter_soon_behind_a_text_that_came_in_one_piece_confirms_nothing() {
    for before in ["g a", "g"] {
        let mut console = Console::drawn().then(before);
        console.at_once("looks good to me");
        if before == "g" {
            console.pass_ms(150).burst("a");
        }
        console.pass_ms(150).burst("Enter");
        assert!(console.decisions().is_empty(), "{before}");
        console.shows("Enter does nothing right behind");
        console.pass_ms(700).burst("Enter");
        assert_eq!(console.decisions().len(), 1, "{before}");
    }
}

#[test]
fn letters_that_all_mean_something_are_a_text_when_they_differ_and_its_enter_confirms_nothing() {
    for gap_ms in [2, 60, 400] {
        for text in ["jk", "k n", "}j", "bf", "ok", "junk"] {
            let mut console = Console::drawn().then("g a");
            for letter in text.chars() {
                console.pass_ms(gap_ms).typed(&letter.to_string());
            }
            console.pass_ms(gap_ms).burst("Enter");
            assert!(console.decisions().is_empty(), "{text} {gap_ms} ms");
            console.shows("Enter does nothing right behind");
            console.pass_ms(700).burst("Enter");
            assert_eq!(console.decisions().len(), 1, "{text} {gap_ms} ms");
        }
    }
    // What began before the question and ends in the key that opens it.
    let mut console = Console::drawn().then("g");
    for letter in "hola".chars() {
        console.pass_ms(150).typed(&letter.to_string());
    }
    console.shows("APPROVE j-17 tides / script #2");
    console.pass_ms(150).burst("Enter").decides(0);
}

#[test]
fn one_key_however_often_it_comes_is_no_text() {
    for key in ["j", "k", "f", "}", "Space", "PgDn", "Down"] {
        let mut console = Console::drawn().then("g a");
        for _ in 0..9 {
            console.pass_ms(30).press(key);
        }
        console.pass_ms(30).burst("Enter");
        assert_eq!(console.decisions().len(), 1, "{key}");
    }
    // Slowly enough, two keys are two keys.
    let mut console = Console::drawn();
    console
        .press("g a j")
        .pass_ms(700)
        .press("k")
        .pass_ms(30)
        .burst("Enter");
    assert_eq!(console.decisions().len(), 1);
    // The keys that lead to the question are none of it.
    let mut console = Console::drawn();
    console.press("g j k a Enter").decides(1);
}

#[test]
fn leaving_asks_about_what_is_under_way_now_and_leaves_only_at_a_key() {
    let leading = || {
        let mut console = Console::drawn();
        console.tell(Msg::Lead(true));
        console
    };
    let rows = |console: &Console| {
        let mut rows = console.backend.queue();
        rows.retain(|row| row.kind != QueueKind::Running);
        Msg::Answered(Answered::Queue(Ok(rows)))
    };
    // It ends while the question stands there to be read.
    let mut console = leading();
    console.press("q").shows("1 stage is running");
    let ended = rows(&console);
    console.tell(ended);
    console.draw();
    assert!(!console.is_left);
    console.hides("1 stage is running");
    console.shows("Nothing is under way any more");
    console.press("Enter");
    assert!(console.is_left);
}
