//! Text that would act on a terminal, from everywhere it can come: it is shown as marks, and none
//! of it is written raw.

use serde_json::json;

use super::desk::{Desk, RELEASE};
use super::record;
use crate::support::beside::job_at_gate;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::tame;

/// Clears the screen, sets the clipboard, moves the cursor with C1, reverses the reading direction,
/// hides; and bytes that are no UTF-8.
const EVIL: &str = r"\033[2JEVIL \033]52;c;RVZJTA==\007 \302\2335;5H \342\200\256txt.exe \342\200\213gap \033]0;title\007 \377\376 end\n";

/// The same as a Rust text.
const EVIL_TEXT: &str = "\x1b[2JEVIL \x1b]52;c;RVZJTA==\x07 \u{9b}5;5H \u{202e}txt.exe \u{200b}gap";

const NEVER: [&[u8]; 8] = [
    b"\x1b[2JEVIL",
    b"\x1b]52",
    b"\x1b]0;",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\xff",
    b"\xfe",
];

#[test]
fn nothing_that_people_or_stages_write_acts_on_the_terminal() {
    let stage = format!(
        "pipeline:\n  stages:\n    - name: script\n      command: [/bin/sh, -c, 'mkdir -p artifacts/script; printf \"$EVIL\"; printf \"$EVIL\" > artifacts/script/script.txt']\n      env: {{EVIL: '{EVIL}'}}\n      artifacts: [{{kind: script, path: artifacts/script/script.txt}}]\ngates: {{script: {{required: true}}}}\n"
    );
    let workspace = Workspace::new(&stage);
    let mut desk = Desk::spawn(PtyOptions::new(workspace.root()).size(200, 40));
    desk.sees("lead you");
    job_at_gate(&workspace, &["--id", "j-1", "--slug", EVIL_TEXT, "--intent", EVIL_TEXT]);
    // The artifact.
    desk.reads(
        "j-1",
        "script",
        1,
        "␛[2JEVIL ␛]52;c;RVZJTA==␇ <U+009B>5;5H <U+202E>txt.exe <U+200B>gap ␛]0;title␇ <FF><FE> end",
    );
    // The slug in the queue, the intent and the log in the job pane.
    desk.sees("j-1 ␛[2JEVIL");
    desk.sees_after("3", "log script #1");
    desk.sees(" ␛[2JEVIL ␛]52;c;RVZJTA==␇ <U+009B>5;5H");
    desk.backs_out("log script #1");
    // A note that was pasted, and one that a command brought.
    desk.sees_after("r", "REJECT j-1 ");
    desk.pty.paste("\u{9b}5;5H \u{202e}note \u{200b}gap");
    desk.sees("note: <U+009B>5;5H <U+202E>note <U+200B>gap");
    workspace.ok(&["gate", "reject", "j-1", "script", "--notes", EVIL_TEXT]);
    desk.sees("Not rejected: ");
    desk.backs_out("Not rejected: ");
    desk.sees_after("R", "RESUME j-1 ");
    desk.sees("wrote: ␛[2JEVIL ␛]52;c;RVZJTA==␇");
    desk.backs_out("RESUME j-1 ");
    desk.sees_after("4", "rejected script #1");
    desk.terminated();
    desk.pty.wait_end_of_output();
    let raw = desk.pty.raw_bytes();
    for sequence in NEVER {
        let at = raw.windows(sequence.len()).position(|window| window == sequence);
        assert_eq!(at, None, "{}", sequence.escape_ascii());
    }
    // What was written down is what was said, not what was shown.
    assert_eq!(workspace.decision("j-1", "script")["notes"], EVIL_TEXT);
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_name_from_outside_is_no_way_in_either() {
    let workspace = Workspace::new(RELEASE);
    let stderr = workspace.refused(&["--operator", "\x1b[2JEVIL", "job", "list"], 1);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
}

#[test]
fn no_view_lets_it_act_on_the_terminal() {
    let workspace = tame::hostile_gate();
    for (columns, rows) in [(80, 24), (200, 50)] {
        let mut desk = Desk::spawn(PtyOptions::new(workspace.root()).size(columns, rows));
        desk.sees("lead you");
        desk.selects("j-1", "script", 1);
        desk.sees_after("Enter", "␛[31337;5HEVIL");
        // Two columns, then one again; cut instead of wrapped, and to the far end of the line.
        for keys in ["v", "v", "w", "l l l l l l", "h h h", "w", "z", "c", "c", "z"] {
            desk.press(keys);
            desk.pty.resize(columns - 1, rows);
            desk.resize(columns, rows);
        }
        // The other files: values of JSON, and the name that reads backwards.
        desk.sees_after("L", "Enter shows it");
        desk.sees("x<U+202E>txt.exe");
        desk.backs_out("Enter shows it");
        desk.sees_after("]", "board.json");
        desk.sees_after("v v", "duration_ms");
        // The line below the diff names what was not seen yet, and how much of that is there
        // depends on how long it stood.
        desk.sees_after("]", "new file");
        // What was searched for and not found.
        desk.sees_after("[", "duration_ms");
        desk.sees_after("/", "find /");
        desk.pty.paste("\u{202e}\u{9b}31337J none");
        desk.sees("find /<U+202E><U+009B>31337J none");
        desk.backs_out("find /");
        // A patch that does not fit and says so in its own words.
        desk.sees_after("]", "new file");
        desk.sees_after("[", "duration_ms");
        desk.sees_after("p", "PATCH j-1");
        let patch = json!({ "type": "json_patch", "ops": [{ "op": "remove", "path": format!("/{}", tame::evil()) }] });
        desk.writes_patch(&patch.to_string(), "Not fitting: ");
        desk.sees("EVIL");
        desk.press("Esc");
        desk.discards();
        desk.resize(columns, rows);
        desk.pty.wait_gone("PATCH j-1");
        desk.press("4");
        desk.press("3");
        desk.press("?");
        desk.press("Esc");
        desk.terminated();
        desk.pty.wait_end_of_output();
        // The console itself steps back by this one; in a text it would show as <U+0008>.
        let mut raw = desk.pty.raw_bytes();
        raw.retain(|byte| *byte != 0x08);
        tame::assert_tame(&raw);
    }
}
