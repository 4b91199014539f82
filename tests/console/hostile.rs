//! Text that would act on a terminal, from everywhere it can come: it is shown as marks, and none of it is written raw.

use super::beside::{job_at_gate, run};
use super::desk::{Desk, RELEASE};
use super::record;
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;

/// Clears the screen, sets the clipboard, moves the cursor with C1, reverses the reading direction, hides; and bytes that are no UTF-8.
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
    desk.selects("j-1", "script", 1);
    desk.sees("␛[2JEVIL ␛]52;c;RVZJTA==␇ <U+009B>5;5H <U+202E>txt.exe <U+200B>gap ␛]0;title␇ <FF><FE> end");
    // The slug in the queue, the intent and the log in the job pane.
    desk.sees("j-1 ␛[2JEVIL");
    desk.press("3");
    desk.sees("log script #1");
    desk.sees(" ␛[2JEVIL ␛]52;c;RVZJTA==␇ <U+009B>5;5H");
    desk.press("Esc");
    desk.pty.wait_gone("log script #1");
    // A note that was pasted, and one that a command brought.
    desk.press("r");
    desk.sees("REJECT j-1 ");
    desk.pty.paste("\u{9b}5;5H \u{202e}note \u{200b}gap");
    desk.sees("note: <U+009B>5;5H <U+202E>note <U+200B>gap");
    run(
        &workspace,
        &["gate", "reject", "j-1", "script", "--notes", EVIL_TEXT],
        0,
    );
    desk.sees("Not rejected: ");
    desk.press("Esc");
    desk.pty.wait_gone("Not rejected: ");
    desk.press("R");
    desk.sees("RESUME j-1 ");
    desk.sees("wrote: ␛[2JEVIL ␛]52;c;RVZJTA==␇");
    desk.press("Esc");
    desk.pty.wait_gone("RESUME j-1 ");
    desk.press("4");
    desk.sees("rejected script #1");
    desk.pty.terminate(nix::sys::signal::Signal::SIGTERM);
    desk.pty.wait_exit();
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
    let (_, stderr) = run(&workspace, &["--operator", "\x1b[2JEVIL", "job", "list"], 1);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
}
