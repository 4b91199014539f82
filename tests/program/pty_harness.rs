//! The terminal harness against ordinary programs: what it claims to see, send and wait for is so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use nix::sys::signal::Signal;
use vt100::Color;

use crate::support::keys;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_lacks};
use crate::support::screen::Style;

fn shell(script: &str) -> (tempfile::TempDir, Pty) {
    shell_of_size(script, 80, 24)
}

fn shell_of_size(script: &str, columns: u16, rows: u16) -> (tempfile::TempDir, Pty) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let options = PtyOptions::new(directory.path())
        .args(["-c", script])
        .size(columns, rows);
    let pty = Pty::spawn_program(Path::new("/bin/sh"), options);
    (directory, pty)
}

/// Raw mode, then every key the program receives shown in hexadecimal, one read a line.
const SHOW_KEYS: &str = "stty raw -echo; printf 'ready\\r\\n'; while :; do \
     dd bs=64 count=1 2>/dev/null | od -An -tx1 | tr -d '\\n'; printf ';\\r\\n'; done";

#[test]
fn text_comes_back_from_a_program_that_reads_lines() {
    let directory = tempfile::tempdir().unwrap();
    let mut pty = Pty::spawn_program(Path::new("/bin/cat"), PtyOptions::new(directory.path()));
    pty.send("'low tide – ebb' Enter");
    // Once from the terminal's echo, once from cat.
    pty.wait_for(|screen| screen.contents().matches("low tide – ebb").count() == 2);
    pty.send("<C-d>");
    assert!(pty.wait_exit().success());
}

#[test]
fn named_keys_and_chords_arrive_as_a_terminal_sends_them() {
    let (_directory, mut pty) = shell(SHOW_KEYS);
    pty.wait_text("ready");
    pty.send("j j Enter");
    pty.wait_text("6a 6a 0d;");
    pty.send("<C-c> Up <S-Tab> PageDown");
    pty.wait_text("03 1b 5b 41 1b 5b 5a 1b 5b 36 7e;");
    pty.send("Esc");
    pty.wait_for(|screen| screen.contents().contains("\n 1b;"));
}

#[test]
fn cursor_keys_follow_the_mode_the_program_asked_for() {
    assert_eq!(keys::bytes("Up", false).unwrap(), b"\x1b[A");
    assert_eq!(keys::bytes("Up", true).unwrap(), b"\x1bOA");
    let (_directory, mut pty) = shell(&format!("printf '\\033[?1h'; {SHOW_KEYS}"));
    pty.wait_text("ready");
    pty.send("Left");
    pty.wait_text("1b 4f 44;");
}

#[test]
fn keys_that_make_no_sense_are_refused_with_a_reason() {
    for (keys, reason) in [
        ("Esc j", "Esc has to be the last key"),
        ("<X-a>", "not a modifier"),
        ("<C-é>", "no byte for it"),
        ("<C-nonsense>", "neither a key's name nor one character"),
        ("'open", "not closed"),
    ] {
        let refusal = keys::bytes(keys, false).unwrap_err();
        assert!(refusal.contains(reason), "{keys}: {refusal}");
    }
    assert_eq!(keys::bytes("'Enter' < > <A-x>", false).unwrap(), b"Enter<>\x1bx");
}

#[test]
fn a_paste_is_bracketed_only_for_programs_that_asked() {
    let (_directory, mut pty) = shell(&format!("printf '\\033[?2004h'; {SHOW_KEYS}"));
    pty.wait_text("ready");
    pty.paste("a");
    pty.wait_text("1b 5b 32 30 30 7e 61 1b 5b 32 30 31 7e;");

    let (_directory, mut pty) = shell(SHOW_KEYS);
    pty.wait_text("ready");
    pty.paste("a");
    pty.wait_text("61;");
}

#[test]
fn colours_and_attributes_are_read_from_cells() {
    let (_directory, pty) =
        shell("printf '\\033[1;31murgent\\033[0m plain \\033[7m>\\033[0m \\033[4;92;44mword\\033[0m done'; read x");
    pty.wait_text("done");
    assert_eq!(
        pty.style_of("urgent"),
        Style {
            fg: Color::Idx(1),
            bold: true,
            ..Style::default()
        }
    );
    assert_eq!(pty.style_of("plain"), Style::default());
    assert!(pty.style_at(0, 13).reverse);
    assert_eq!(
        pty.styled_text(),
        "urgent plain > word done\n---\n\
         row 0, columns 0-5: red bold \"urgent\"\n\
         row 0, columns 13-13: reverse \">\"\n\
         row 0, columns 15-18: bright-green on blue underline \"word\"\n"
    );
}

#[test]
fn text_is_found_behind_wide_letters() {
    let (_directory, pty) = shell("printf '潮汐 tide'; read x");
    pty.wait_text("潮汐 tide");
    assert_eq!(
        pty.inspect(|screen| crate::support::screen::find(screen, "tide")),
        Some((0, 5))
    );
    assert_eq!(pty.inspect(|screen| crate::support::screen::find(screen, "ebb")), None);
}

#[test]
fn what_goes_away_is_waited_for() {
    let (_directory, mut pty) = shell("printf 'prompt'; read x; printf '\\033[2J\\033[Hempty'; read x");
    pty.wait_text("prompt");
    pty.send("Enter");
    pty.wait_gone("prompt");
    pty.wait_text("empty");
}

#[test]
fn half_a_frame_is_not_looked_at() {
    let (_directory, mut pty) =
        shell("printf '\\033[?2026hfirst half'; read x; printf ' and the rest\\033[?2026l'; read x");
    pty.send("Enter");
    // Would be met by the half frame too, were it shown.
    pty.wait_text("first half");
    assert!(pty.screen_text().contains("and the rest"), "{}", pty.screen_text());
}

#[test]
fn a_new_size_reaches_program_and_screen() {
    let (_directory, mut pty) = shell_of_size("stty size; while :; do read x; stty size; done", 60, 20);
    pty.wait_text("20 60");
    pty.resize(120, 40);
    pty.send("Enter");
    pty.wait_text("40 120");
    assert_eq!(pty.inspect(crate::support::screen::size), (120, 40));
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    let (_directory, pty) = shell("exit 3");
    assert_eq!(pty.wait_exit().code(), Some(3));

    // Loops that block nowhere: a shell can miss a signal that comes between its last look and a
    // blocking read.
    let (_directory, pty) = shell("trap 'exit 7' TERM; printf ready; while :; do :; done");
    pty.wait_text("ready");
    pty.terminate(Signal::SIGTERM);
    assert_eq!(pty.wait_exit().code(), Some(7));

    let (_directory, pty) = shell("trap '' TERM; printf ready; while :; do read x; done");
    pty.wait_text("ready");
    pty.kill9();
    let exit = pty.wait_exit();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&exit), Some(9));
    // A second signal to a program that has ended is nothing.
    pty.kill9();
}

#[test]
fn a_dropped_line_is_a_hang_up_and_types_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    // Raw mode, as the console has it: a newline or ^D from the harness would be read as keys.
    let script = "stty raw -echo; trap 'echo hangup >>log; exit 0' HUP; printf ready; \
                  while :; do dd bs=1 count=1 2>/dev/null >>log; printf got; done";
    let options = PtyOptions::new(directory.path()).args(["-c", script]);
    let mut pty = Pty::spawn_program(Path::new("/bin/sh"), options);
    pty.wait_text("ready");
    pty.send("k");
    // A key not read yet would be lost with the line.
    pty.wait_text("got");
    pty.hang_up();
    assert_eq!(pty.wait_exit().code(), Some(0));
    assert_eq!(std::fs::read_to_string(log).unwrap(), "khangup\n");
}

#[test]
fn closing_the_keyboard_types_nothing() {
    let script = "stty raw -echo; trap 'dd bs=9 count=1 iflag=nonblock 2>/dev/null | od -An -tx1; printf done; exit' USR1; \
                  printf ready; while :; do :; done";
    let (_directory, mut pty) = shell(script);
    pty.wait_text("ready");
    pty.close_keyboard();
    pty.terminate(Signal::SIGUSR1);
    pty.wait_text("done");
    assert_eq!(pty.screen_text(), "readydone");
}

#[test]
fn a_stalled_terminal_blocks_the_program_until_it_is_read_again() {
    let script = |bytes: u32| {
        format!(
            "printf ready; read x; head -c {bytes} /dev/zero | tr '\\0' x; touch written; printf ' finished'; read x"
        )
    };
    let (directory, mut pty) = shell(&script(200_000));
    let (_elsewhere, mut other) = shell(&script(2_000_000));
    pty.wait_text("ready");
    other.wait_text("ready");
    pty.stall();
    pty.send("Enter");
    // As long as ten times the work takes on a terminal that is read, begun later.
    other.send("Enter");
    other.wait_text("finished");
    assert!(!directory.path().join("written").exists());
    pty.resume();
    pty.wait_text("finished");
    assert!(directory.path().join("written").exists());
    assert!(pty.raw_bytes().len() > 200_000);
}

#[test]
fn a_wait_in_vain_shows_the_screen_and_why() {
    let (_directory, pty) = shell("printf 'Not approved: ana was first'; exit 5");
    let failure = catch_unwind(AssertUnwindSafe(|| pty.wait_text("Approved"))).unwrap_err();
    let message = failure.downcast_ref::<String>().unwrap();
    assert_contains(message, "the output ended before there was \"Approved\"");
    assert_contains(message, "0 |Not approved: ana was first");
}

#[test]
fn nothing_of_the_callers_environment_reaches_the_program() {
    let (directory, pty) = shell("env | sort; printf 'end of list'; read x");
    pty.wait_text("end of list");
    let text = pty.screen_text();
    let home = format!("HOME={}", directory.path().display());
    assert_contains(&text, &home);
    assert_contains(&text, "TERM=xterm-256color");
    assert_lacks(&text, "CARGO");
    // The clock file of this workspace is the one variable of ours; there is no such file until a
    // test moves the clocks.
    let ours: Vec<_> = text.lines().filter(|line| line.contains("HOLDPOINT")).collect();
    let clock = format!("HOLDPOINT_CLOCK_FILE={}/clock", directory.path().display());
    assert_eq!(ours, [clock.as_str()], "{text}");
}

#[test]
fn the_terminal_is_the_programs_own() {
    let (_directory, mut pty) = shell("trap 'printf interrupted; exit 4' INT; printf ready; while :; do :; done");
    pty.wait_text("ready");
    // ^C has to reach it as a signal of its controlling terminal.
    pty.send("<C-c>");
    pty.wait_text("interrupted");
    assert_eq!(pty.wait_exit().code(), Some(4));
}

#[test]
fn a_workspace_runs_commands_in_itself_and_reads_what_they_leave() {
    let workspace = Workspace::new("gates: {}\n");
    assert_eq!(workspace.read("conf/operator.yaml"), "gates: {}\n");
    let command = workspace.command(&["job", "list"]);
    assert_eq!(command.get_current_dir(), Some(workspace.root()));
    let ours: Vec<_> = command
        .get_envs()
        .map(|(name, _)| name.to_string_lossy())
        .filter(|name| name.starts_with("HOLDPOINT_"))
        .collect();
    assert_eq!(ours, ["HOLDPOINT_CLOCK_FILE"]);

    workspace.write(
        "runs/j-17/events.jsonl",
        "{\"seq\":1,\"type\":\"job_created\"}\n{\"seq\":2,\"type\":\"gate_opened\"}\n",
    );
    assert_eq!(workspace.event_types("j-17"), ["job_created", "gate_opened"]);
    workspace.write("runs/j-17/gates/script.2.json", r#"{"approved": false}"#);
    assert_eq!(workspace.decision_of_attempt("j-17", "script", 2)["approved"], false);

    workspace.write("runs/j-17/events.jsonl", "{\"seq\":1}\n{\"se");
    let torn = catch_unwind(AssertUnwindSafe(|| workspace.events("j-17"))).unwrap_err();
    assert!(torn.downcast_ref::<String>().unwrap().contains("is torn"));
}

#[test]
fn the_binary_of_this_build_runs_in_a_workspace_and_in_a_terminal() {
    let workspace = Workspace::without_configuration();
    workspace.ok("--version");
    assert!(workspace.pty(&["--version"]).wait_exit().success());
}

#[test]
fn the_database_is_opened_to_read_only() {
    let workspace = Workspace::without_configuration();
    let writer = rusqlite::Connection::open(workspace.runs().join("holdpoint.db")).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE tide (level)")
        .unwrap();
    writer.execute("INSERT INTO tide VALUES (3)", []).unwrap();
    let reader = workspace.database();
    let level: i64 = reader
        .query_row("SELECT level FROM tide", [], |row| row.get(0))
        .unwrap();
    assert_eq!(level, 3);
    assert!(reader.execute("DELETE FROM tide", []).is_err());
}
