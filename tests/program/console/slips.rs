//! Slips of the hand and of the line, as they reach the real binary in a terminal of 80 columns and
//! 24 rows.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::desk::{Desk, FILM, RELEASE};
use super::held::{at_gate, desk as desk_of};
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has, each};
use crate::support::screen;

/// Keys as terminals send them, each in one piece.
const SEQUENCES: [&[u8]; 6] = [
    b"\x1b[B",
    b"\x1b[A",
    b"\x1bOB",
    b"\x1b[1;5C",
    b"\x1b[6~",
    b"\x1b[<65;5;4M",
];

fn decided(workspace: &Workspace) -> usize {
    workspace.count("decisions list")
}

/// A console with so many gates, none of which has a timer.
fn with_gates(count: usize) -> (Workspace, Desk) {
    let workspace = Workspace::new(RELEASE);
    let desk = Desk::leading(&workspace);
    for n in 1..=count {
        job_at_gate(&workspace, &["--id", &format!("j-{n}"), "--slug", "tides"]);
    }
    desk.sees(&format!("{count} open"));
    (workspace, desk)
}

/// A console whose editor is open on a script, with a word written.
fn writing() -> (Workspace, Desk) {
    let (workspace, mut desk) = Desk::at_script();
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    desk.sees_after("'zebra '", "zebra ");
    desk.sees_verdict("Fits script.txt: ");
    (workspace, desk)
}

#[test]
fn a_key_cut_at_any_byte_takes_no_marks_off() {
    let (workspace, mut desk) = with_gates(3);
    desk.sees_after("*", "3 marked");
    for sequence in SEQUENCES {
        for cut in 1..sequence.len() {
            desk.pty.send_bytes(&sequence[..cut]);
            if cut == 1 {
                // It was taken for the Escape key: so it is certain that the line has cut it here.
                desk.sees("Esc once more takes 3 marks off");
            }
            desk.pty.send_bytes(&sequence[cut..]);
            // Whatever the rest was, it was read when the next key acts.
            desk.sees_after("s", "Sorted by ");
            desk.pty.wait_for(|now| screen::row(now, 0).contains("3 marked"));
            desk.press("y");
            desk.pty.wait_gone("Sorted by ");
        }
    }
    assert_eq!(decided(&workspace), 0);
    desk.sees_after("Esc", "Esc once more takes 3 marks off");
    desk.sees_after("Esc", "3 marks taken off   M sets them again");
    desk.sees_after("M", "3 marked");
    desk.leaves();
}

#[test]
fn an_arrow_cut_at_any_byte_in_the_editor_loses_no_word() {
    let (workspace, mut desk) = writing();
    let mut count = 0;
    for sequence in [b"\x1b[D".as_slice(), b"\x1b[C", b"\x1bOD", b"\x1b[1;5D"] {
        for cut in 1..sequence.len() {
            count += 1;
            desk.pty.send_bytes(&sequence[..cut]);
            if cut == 1 {
                desk.sees("[D] discard");
            }
            desk.pty.send_bytes(&sequence[cut..]);
            // In time it was one key, and what is typed on goes into the text; a second later `D`
            // asks for a word.
            let token = format!("m{count}m");
            desk.press(&format!("'{token}'"));
            desk.pty.wait_for(|now| {
                let text = now.contents();
                text.contains(&token) || text.contains("no such key: m   ? keys")
            });
            for asked in ["DISCARD the text", "[D] discard"] {
                if desk.pty.screen_text().contains(asked) {
                    desk.press("Esc");
                    desk.pty.wait_gone(asked);
                }
            }
            desk.pty.wait_for(|now| {
                let text = now.contents();
                text.contains("EDIT j-1 tides") && text.contains("zebra") && text.contains("Esc menu")
            });
        }
    }
    desk.sees_after("Esc", "[q] leave");
    desk.sees_after("q", "The draft is kept");
    assert_contains(&workspace.read("runs/j-1/artifacts/script/script.txt"), "bring boots");
    desk.leaves_with_draft();
}

#[test]
fn escape_and_a_letter_in_one_packet_replace_and_decide_nothing() {
    for letter in ["a", "d", "w", "b", "f"] {
        let (workspace, mut desk) = writing();
        desk.pty.send_bytes(format!("\x1b{letter}\r").as_bytes());
        desk.sees("zebra ");
        if letter == "a" {
            // The menu's key, and an Enter that came before its question: said in words.
            desk.sees("APPROVE WITH PATCH");
            desk.sees("Enter came before the prompt was on the screen");
            desk.backs_out("APPROVE WITH PATCH");
        } else {
            desk.sees("[D] discard");
            desk.backs_out("[D] discard");
        }
        // What Enter would have replaced is there.
        desk.sees("bring boots");
        assert_eq!(decided(&workspace), 0, "{letter}");
        let text = workspace.read("runs/j-1/artifacts/script/script.txt");
        assert!(
            text.contains("bring boots") && !text.contains("zebra"),
            "{letter}: {text}"
        );
        desk.sees_after("Esc", "[q] leave");
        desk.press("q");
        desk.leaves_with_draft();
    }
}

#[test]
fn a_discarded_text_is_listed_shown_and_restored() {
    let (workspace, mut desk) = writing();
    desk.sees_after("Esc", "[D] discard");
    desk.sees_after("D", "DISCARD the text");
    desk.sees_after("Enter", "Not discarded: that is not discard");
    desk.backs_out("DISCARD the text");
    desk.discards();
    // Behind the screen it is put aside first, and taken away then.
    let is_put_aside =
        |listed: &Value| matches!(listed.as_array().map(Vec::as_slice), Some([one]) if one["state"] == "discarded");
    let listed = workspace.json_until("drafts list", is_put_aside);
    assert_has!(listed[0], "state": "discarded", "job_id": "j-1", "contents": "edit of script.txt");
    let id = listed[0]["id"].as_str().expect("it has a name").to_owned();
    let shown = workspace.ok(&format!("drafts show {id}"));
    assert_contains(&shown, "edit of artifacts/script/script.txt");
    assert_contains(&shown, "zebra");
    let listed = workspace.ok("drafts list");
    assert_contains(&listed, "discarded, kept until ");
    // In the console.
    desk.sees_after("Z", "discarded in the last 7 days");
    desk.sees_after("Enter", "Restored: edit of script.txt of j-1 / script #1");
    desk.sees_after("e", "zebra ");
    desk.press("Esc");
    desk.discards();
    // And on the command line, for the console that starts next.
    let listed = workspace.json_until("drafts list", |listed| listed[0]["state"] == "discarded");
    // What was restored is none.
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let id = listed[0]["id"].as_str().expect("it has a name").to_owned();
    desk.leaves();
    let restored = workspace.ok(&format!("drafts restore {id}"));
    assert_contains(&restored, "Restored edit of script.txt of j-1 / script #1");
    let listed = workspace.json("drafts list");
    assert_eq!(listed[0]["state"], "kept", "{listed}");
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let refused = workspace.refused("drafts show nothing", 6);
    assert_contains(&refused, "Not shown: you have no draft nothing");
    let mut desk = Desk::open(&workspace);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("e", "Your draft is back");
    desk.sees("zebra ");
    desk.sees_after("Esc", "[q] leave");
    desk.press("q");
    desk.leaves_with_draft();
}

#[test]
fn in_low_windows_nothing_is_decided() {
    for (columns, rows) in [(80, 8), (30, 8), (24, 8), (40, 10), (80, 9)] {
        let (workspace, mut desk) = with_gates(2);
        for keys in [
            "a Enter Enter",
            "r 'no' Enter Enter",
            "* g a i Enter Enter Enter",
            "X 'j-1' Enter",
        ] {
            // Of a width that no low window has: what is seen then is certainly the large one.
            desk.resize(100, 24);
            for _ in 0..4 {
                desk.press("Esc");
            }
            desk.sees_after("1 g", "2 open");
            // A frame of another width is certainly one of these rows.
            for width in [columns + 1, columns] {
                desk.pty.resize(width, rows);
                desk.pty.wait_for(|now| {
                    let (head, last) = (screen::row(now, 0), screen::row(now, rows - 1));
                    // The clock stands at the right edge, where the head has room for one.
                    let is_wide = head.ends_with('Z') && head.chars().count() == usize::from(width);
                    let is_narrow = width < 40 && (head.starts_with("root") || head.starts_with('['));
                    (is_wide || is_narrow) && last.contains("? keys") && now.contents().contains("release")
                });
            }
            desk.press(keys);
            // The list of keys is drawn at every size: what was pressed before it was taken.
            desk.sees_after("?", "KEYS");
            desk.backs_out("KEYS");
            assert_eq!(decided(&workspace), 0, "{columns}x{rows} {keys}");
        }
        desk.resize(80, 24);
        desk.sees("2 open");
        let jobs = workspace.json("job list");
        let is_waiting = |job: &serde_json::Value| job["status"] == "needs_approval";
        assert!(
            jobs.as_array().is_some_and(|jobs| jobs.iter().all(is_waiting)),
            "{jobs}"
        );
        desk.terminated();
    }
}

#[test]
fn a_window_that_became_low_under_a_question_refuses_enter_until_it_is_large_again() {
    let (workspace, mut desk) = Desk::at_release();
    desk.sees_after("a", "APPROVE j-1 tides / release #1");
    desk.resize(79, 9);
    desk.sees("Enter does nothing: ");
    desk.sees_after(
        "Enter Enter",
        "Not approved: this window does not hold the whole question",
    );
    assert_eq!(decided(&workspace), 0);
    desk.resize(60, 14);
    desk.sees("[Enter] approve");
    desk.confirms("Approved j-1 tides / release #1");
    assert_eq!(decided(&workspace), 1);
    desk.leaves();
}

#[test]
fn the_note_of_a_rejection_is_in_no_approval() {
    let (workspace, mut desk) = Desk::at_release();
    desk.rejects("REJECT j-1 tides / release #1", "image is NOT signed");
    desk.backs_out("REJECT");
    desk.sees_after("a", "APPROVE j-1 tides / release #1");
    desk.sees("note: (none; Tab to write)");
    desk.confirms("Approved j-1 tides / release #1");
    workspace.ok("gate wait j-1 release");
    assert_eq!(workspace.decision("j-1", "release")["notes"], json!(null));
    // It was written, and is not lost with its gate.
    desk.leaves();
    let listed = workspace.json("drafts list");
    assert_eq!(listed[0]["contents"], "note of a rejection", "{listed}");
}

#[test]
fn enter_over_a_colleague_is_refused_and_after_a_take_over_the_record_names_both() {
    let workspace = at_gate();
    let mut ana = desk_of(&workspace, "ana");
    let mut bea = desk_of(&workspace, "bea");
    ana.rejects("REJECT j-1", "not yet");
    bea.sees("ana deciding");
    bea.sees_after("a", "ana has a prompt open here since ");
    bea.confirms("Not approved: ana has a prompt open on j-1 / release #1");
    assert_eq!(decided(&workspace), 0);
    bea.sees_after("<C-t>", "Taken over j-1 / release #1 from ana");
    bea.pty.wait_gone("ana has a prompt open here since ");
    bea.confirms("Approved j-1 tides / release #1");
    ana.sees("Not rejected: bea approved");
    // Between the take-over and the decision nobody else could have come in.
    let kinds = each(&workspace.json_lines("events j-1").into(), "type");
    assert!(kinds.iter().all(|kind| kind != "gate_released"), "{kinds:?}");
    let approved = workspace.first_event("j-1", "gate_approved");
    assert_has!(approved, "payload/by": "bea", "payload/overridden": "ana");
    ana.backs_out("Not rejected: ");
    // Her note stays hers: it is a draft of a gate that is decided.
    ana.terminated();
    bea.leaves();
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_command_goes_through_and_says_who_had_the_gate_open() {
    let workspace = at_gate();
    let mut ana = desk_of(&workspace, "ana");
    ana.rejects("REJECT j-1", "not yet");
    ana.sees("timer held");
    let told = workspace.ok("gate approve j-1 release --operator cy");
    assert_contains(&told, "while ana had it open");
    let approved = workspace.first_event("j-1", "gate_approved");
    assert_has!(approved, "payload/by": "cy", "payload/overridden": "ana",
        "message": "cy approved release #1, while ana had it open");
    ana.sees("Not rejected: cy approved");
    ana.terminated();
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_key_held_down_is_no_reason_and_no_note() {
    let workspace = at_gate();
    let mut ana = desk_of(&workspace, "ana");
    ana.pty.send_bytes(&[b't'; 20]);
    ana.sees("HOLD TIMER j-1 tides / release #1");
    ana.confirms("Held j-1 tides / release #1");
    let events = workspace.json_lines("events j-1");
    let is_hold = |event: &&serde_json::Value| event["type"] == "gate_held" && event["payload"]["kind"] != "lease";
    let held = events.iter().find(is_hold).expect("it is on record");
    assert_eq!(held["payload"]["reason"], json!(null), "{held}");
    ana.pty.send_bytes(&[b'r'; 20]);
    ana.sees("REJECT j-1 tides / release #1");
    // A key of another kind: from here on letters are letters.
    ana.sees_after("'own reason'", "note: own reason");
    ana.backs_out("REJECT");
    ana.leaves_with_draft();
}

#[test]
fn what_nobody_looked_at_is_left_out_of_a_bulk() {
    let (workspace, mut desk) = with_gates(3);
    desk.press("j j j");
    desk.asks_of_all(&workspace, 3);
    desk.sees("Left out, not wholly seen by you: ");
    desk.sees("[i] take them in");
    desk.sees_after("i", "APPROVE 3 gates");
    desk.sees("Enter asks once more");
    desk.sees("[Enter] approve");
    desk.confirms(" of them NOT wholly seen by you");
    desk.sees("[Enter] approve");
    assert_eq!(decided(&workspace), 0);
    desk.confirms("Approved 3 gates");
    assert_eq!(decided(&workspace), 3);
    desk.leaves();
}

#[test]
fn a_text_without_brackets_presses_no_key_and_an_answer_of_the_terminal_neither() {
    let (workspace, mut desk) = with_gates(2);
    desk.sees_after("*", "2 marked");
    for text in ["note text", "please approve all this\rand reject that one\r"] {
        desk.pty.send_bytes(text.as_bytes());
        desk.sees("keys came at once");
        desk.press("y");
        desk.pty.wait_gone("keys came at once");
    }
    for (first, rest) in [
        ("\x1b", "[24;80R"),
        ("\x1b", "[?62;4c"),
        ("\x1b", "]11;rgb:ff/ff/ff\x07"),
    ] {
        desk.pty.send_bytes(first.as_bytes());
        desk.sees("Esc once more takes 2 marks off");
        desk.pty.send_bytes(rest.as_bytes());
        // Whatever the rest was, it was read when the next key acts.
        desk.sees_after("y", "Copied the job id");
        desk.pty.wait_for(|now| screen::row(now, 0).contains("2 marked"));
        desk.press("s");
        desk.pty.wait_gone("Copied the job id");
    }
    desk.pty.send_bytes(b"\x1b]11;rgb:ff/ff/ff\x07");
    desk.sees_after("y", "Copied the job id");
    let shown = desk.pty.screen_text();
    for opened in ["APPROVE", "REJECT", "HOLD", "RESUME", "KEYS", "history"] {
        assert!(!shown.contains(opened), "{opened}:\n{shown}");
    }
    assert_eq!(decided(&workspace), 0);
    desk.sees_after("Esc", "Esc once more");
    desk.sees_after("Esc", "taken off");
    desk.leaves();
}

/// The line that says which gates of the list are in sight.
fn place(desk: &Desk) -> String {
    let text = desk.pty.screen_text();
    let line = text.lines().find(|line| line.contains(" of 20   "));
    line.unwrap_or_else(|| panic!("no list on\n{text}")).trim().to_owned()
}

#[test]
fn a_bulk_that_does_not_fit_is_read_to_its_end_first() {
    let (workspace, mut desk) = with_gates(20);
    desk.asks_of_all(&workspace, 20);
    desk.sees("[i] take them in");
    desk.sees_after("i", "APPROVE 20 gates");
    desk.sees("not shown yet: PgDn PgUp");
    desk.confirms("of 20 gates were not on the screen yet");
    // Each page shows one gate or more that was not there.
    for _ in 0..20 {
        let before = place(&desk);
        if before.contains("-20 of 20") {
            break;
        }
        desk.press("PageDown");
        desk.pty.wait_for(|now| screen::find(now, &before).is_none());
    }
    desk.sees("[Enter] approve 20");
    assert_eq!(decided(&workspace), 0);
    desk.confirms_twice("Approved 20 gates");
    assert_eq!(decided(&workspace), 20);
    desk.leaves();
}

#[test]
fn control_c_says_what_leaves() {
    let (_workspace, mut desk) = with_gates(1);
    desk.sees_after("<C-c>", "Ctrl-c does not leave: q does");
    desk.sees_after("/", "filter /");
    desk.sees_after("'nothing like it' <C-u> 'j-1'", "filter /j-1");
    desk.press("Esc");
    desk.leaves();
}

#[test]
fn a_restricted_console_leads_nowhere_else() {
    let workspace = Workspace::new(FILM);
    workspace.write("editor.sh", "#!/bin/sh\ntouch escaped\n");
    let options = PtyOptions::new(workspace.root())
        .args(["console", "--restricted"])
        .env("EDITOR", format!("/bin/sh {}/editor.sh", workspace.root().display()));
    let mut desk = Desk::spawn(options);
    desk.sees("lead you");
    desk.sees("RESTRICTED");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("E", "Not done: this console is restricted: it starts no other program");
    desk.sees_after("<C-z>", "Not done: this console is restricted: it is not suspended");
    desk.pty.terminate(Signal::SIGTSTP);
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    desk.press("'x'");
    desk.sees_after("Esc", "[D] discard");
    assert!(!desk.pty.screen_text().contains("own editor"));
    desk.sees_after("E", "it starts no other program");
    desk.discards();
    assert!(!workspace.exists("escaped"));
    // No patch names a file outside of the run directory.
    let board = r#"{"type": "asset_substitute", "substitutions": [{"element_id": "scene_001", "asset_path": "../../conf/operator.yaml"}]}"#;
    desk.approves("j-1 tides / script #1");
    desk.reads("j-1", "storyboard", 1, "scene_001");
    desk.sees_after("p", "PATCH j-1");
    desk.writes_patch(board, "Not fitting: ");
    desk.sees("leads out with");
    desk.press("Esc");
    desk.discards();
    desk.terminated();
}

#[test]
fn a_short_text_without_brackets_is_a_note_with_its_lines_and_answers_nothing() {
    let (workspace, mut desk) = Desk::at_release();
    desk.sees_after("a", "[Enter] approve");
    desk.pty.send_bytes(b"jk\r");
    desk.sees("Enter came ");
    desk.backs_out("APPROVE");
    assert_eq!(decided(&workspace), 0);
    desk.sees_after("r", "REJECT j-1 tides / release #1");
    desk.pty.send_bytes(b"no\rgo\r");
    desk.sees("note: no");
    desk.sees("the Enter in it did nothing");
    assert_eq!(decided(&workspace), 0);
    desk.sees("[Enter] reject");
    desk.confirms("Rejected j-1 tides / release #1");
    workspace.run("gate wait j-1 release", 3);
    assert_eq!(workspace.decision("j-1", "release")["notes"], json!("no\ngo"));
    desk.leaves();
}

#[test]
fn a_note_that_comes_in_pieces_is_decided_by_no_enter_of_its_own() {
    let (workspace, mut desk) = with_gates(2);
    desk.reads("j-1", "release", 1, "Nothing is attached");
    desk.sees_after("r", "REJECT j-1 tides / release #1");
    // The Enter may be read together with the letters, or by itself right behind them.
    desk.pty.send_bytes(b"cut");
    desk.pty.send_bytes(b"\r");
    desk.pty.send_bytes(b"the");
    desk.sees("      the");
    desk.sees("REJECT j-1 tides / release #1");
    assert_eq!(decided(&workspace), 0);
    desk.confirms("Rejected j-1 tides / release #1");
    workspace.run("gate wait j-1 release", 3);
    assert_eq!(workspace.decision("j-1", "release")["notes"], json!("cut\nthe"));
    assert_eq!(decided(&workspace), 1);
    desk.leaves();
}
