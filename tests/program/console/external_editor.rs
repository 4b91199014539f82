//! `E`: the operator's own editor in the same terminal, what comes back from it, and what happens
//! when it does not.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use patch::Patch;

use super::desk::{Desk, FILM};
use super::edit::{drafts, wait_for_draft};
use super::terminal::assert_given_back;
use crate::support::beside::{Beside, job_at_gate};
use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;
use crate::support::said::{assert_ends, assert_has, assert_starts};
use crate::support::screen;

const PATH: &str = "artifacts/script/script.txt";

/// A workspace with an editor in it: this script, whose first argument is the file.
fn with_editor(script: &str) -> (Workspace, PathBuf) {
    let workspace = Workspace::new(FILM);
    let editor = workspace.root().join("editor");
    workspace.write("editor", format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&editor, PermissionsExt::from_mode(0o755)).expect("the editor is ours");
    (workspace, editor)
}

/// A console whose `$EDITOR` this is, on the gate of a script.
fn at_script(workspace: &Workspace, editor: &Path) -> Desk {
    let options = PtyOptions::new(workspace.root()).env("EDITOR", editor.display().to_string());
    let mut desk = Desk::spawn(options);
    desk.sees("lead you");
    job_at_gate(workspace, &["--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "bring boots");
    desk
}

fn artifact(workspace: &Workspace) -> String {
    workspace.read(&format!("runs/j-1/{PATH}"))
}

/// All files beside the drafts, with their rights.
fn copies(workspace: &Workspace) -> Vec<(PathBuf, u32)> {
    let entries = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten();
    let operators = entries(workspace.runs().join(".drafts"));
    let within = operators.flat_map(|operator| entries(operator.path()));
    let folders = within.filter(|entry| entry.path().is_dir());
    let files = folders.flat_map(|folder| entries(folder.path()).chain([folder]));
    files
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.permissions().mode() & 0o7777)))
        .collect()
}

/// The copy goes a moment after the editor.
fn wait_no_copies(desk: &Desk, workspace: &Workspace) {
    desk.pty.wait_for(|_| copies(workspace).is_empty());
}

/// A pid that the editor wrote, once it has.
fn pid_in(desk: &Desk, path: &Path) -> Pid {
    let mut found = None;
    desk.pty.wait_for(|_| {
        found = std::fs::read_to_string(path)
            .ok()
            .and_then(|text| text.strip_suffix('\n')?.parse().ok());
        found.is_some()
    });
    Pid::from_raw(found.expect("it was waited for"))
}

#[test]
fn an_edit_comes_back_as_a_patch_and_is_approved() {
    // The file keeps its name, lies alone, and is nobody else's; the artifact itself is out of
    // reach.
    let (workspace, editor) = with_editor(
        "stat -c '%a %n' \"$1\" \"$(dirname \"$1\")\" > seen\n\
         sed -i 's/boots/rubber boots/' \"$1\"",
    );
    let mut desk = at_script(&workspace, &editor);
    let former = artifact(&workspace);
    desk.press("E");
    desk.sees_verdict("Fits script.txt: ");
    desk.sees("[a] approve with it");
    desk.sees("rubber boots");
    assert_eq!(artifact(&workspace), former, "nothing is touched before it is decided");
    let seen = workspace.read("seen");
    let [copy, folder] = seen.lines().collect::<Vec<_>>()[..] else {
        panic!("{seen}")
    };
    assert_starts(copy, "600 /");
    assert_ends(copy, "/script.txt");
    assert!(copy.contains("/.drafts/") && folder.starts_with("700 /"), "{seen}");
    desk.sees_after("a", "APPROVE WITH PATCH");
    desk.confirms("with patch");
    // Leaving asks first while a stage runs.
    desk.selects("j-1", "storyboard", 1);
    desk.leaves();
    let decision = workspace.decision("j-1", "script");
    assert_has!(decision, "approved": true, "patch/type": "text_replace");
    let patch = Patch::from_value(decision["patch"].clone()).unwrap();
    let planned = patch.plan(PATH, former.as_bytes()).unwrap().bytes;
    // The text had no end of line at its end; sed or not, it has none now.
    assert_eq!(artifact(&workspace), former.replace("boots", "rubber boots"));
    assert_eq!(planned, artifact(&workspace).into_bytes());
    assert_eq!(copies(&workspace), []);
}

#[test]
fn the_end_of_line_that_an_editor_adds_is_no_change() {
    let (workspace, editor) = with_editor("echo >> \"$1\"");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "editor changed nothing in script.txt");
    desk.sees("bring boots");
    assert_eq!(drafts(&workspace), [""; 0]);
    wait_no_copies(&desk, &workspace);
    desk.leaves();
}

#[test]
fn an_editor_that_fails_decides_nothing_and_its_text_is_a_draft() {
    let (workspace, editor) = with_editor("sed -i 's/boots/waders/' \"$1\"; exit 3");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "Not taken: editor ended with status 3");
    desk.sees("your text is kept as");
    wait_for_draft(&desk, &workspace, "waders");
    desk.sees_after("e", "Your draft is back");
    desk.sees("waders");
    desk.sees_verdict("Fits script.txt: ");
    desk.press("Esc");
    desk.discards();
    desk.leaves();
    assert_eq!(drafts(&workspace), [""; 0]);

    let (workspace, editor) = with_editor("exit 1");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "Not taken: editor ended with status 1");
    desk.sees("nothing is changed");
    desk.leaves();
    assert_eq!(drafts(&workspace), [""; 0]);
}

#[test]
fn an_editor_that_is_not_there_is_named() {
    let (workspace, _) = with_editor("");
    let mut desk = at_script(&workspace, Path::new("nonesuch --wait"));
    desk.sees_after("E", "$EDITOR is `nonesuch --wait`, and there is no such");
    wait_no_copies(&desk, &workspace);
    desk.leaves();
}

#[test]
fn what_is_no_text_any_more_is_kept_and_opened_again() {
    let (workspace, editor) =
        with_editor("if grep -q caf \"$1\"; then printf mended > \"$1\"; else printf 'caf\\351 au lait' > \"$1\"; fi");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "Not taken: script.txt is not UTF-8 at byte 3");
    assert_eq!(copies(&workspace).len(), 2, "{:?}", copies(&workspace));
    desk.press("E");
    desk.sees_verdict("Fits script.txt: ");
    desk.sees("mended");
    desk.sees_after("q", "The draft is kept");
    wait_no_copies(&desk, &workspace);
    desk.leaves_with_draft();
}

/// While the editor has the terminal every key is its own; what it leaves of the terminal is
/// mended.
#[test]
fn the_editor_reads_the_keys_and_may_leave_the_terminal_in_any_state() {
    let (workspace, editor) = with_editor(
        "printf 'say: '; stty -echo; read -r words; printf '%s' \"$words\" > \"$1\"\n\
         stty raw -echo -icrnl; printf '\\033[?1h\\033[?1003h\\033[5;9r\\033[4h\\033[31;42m\\033(0'",
    );
    let mut desk = at_script(&workspace, &editor);
    // Keys that would approve the gate, had the console read one of them.
    for words in ["aaaa rrrr XXXX", "Esc q a Enter"] {
        desk.sees_after("E", "say: ");
        desk.pty.send_bytes(format!("{words}\n").as_bytes());
        desk.sees_verdict("Fits script.txt: ");
        desk.sees(words);
        desk.backs_out("[a] approve with it");
        desk.press("Esc");
        desk.discards();
    }
    assert!(!desk.pty.inspect(|now| now.application_cursor()));
    desk.press("j k");
    desk.resize(100, 30);
    desk.sees("bring boots");
    desk.leaves();
    workspace.run("gate wait j-1 script --timeout 0", 4);
}

#[test]
fn a_console_that_is_ended_keeps_what_the_editor_saved() {
    for signal in [Signal::SIGHUP, Signal::SIGTERM] {
        let (workspace, editor) =
            with_editor("sed -i 's/boots/waders/' \"$1\"; echo $$ > pid; echo ready; while :; do sleep 0.05; done");
        let mut desk = at_script(&workspace, &editor);
        desk.sees_after("E", "ready");
        let editor_pid = pid_in(&desk, &workspace.root().join("pid"));
        desk.pty.terminate(signal);
        assert_eq!(desk.pty.wait_exit().code(), Some(0));
        assert_given_back(&desk.pty.raw_bytes());
        assert!(kill(editor_pid, None).is_err(), "the editor lives on");
        let mut desk = Desk::open(&workspace);
        desk.reads("j-1", "script", 1, "bring boots");
        desk.sees_after("e", "Your draft is back");
        desk.sees("waders");
        drop(desk);
        assert_eq!(copies(&workspace), []);
    }
}

/// The editor writes on, as drafts are looked for whenever there is output, and goes with the
/// console that is killed.
#[test]
fn what_the_editor_saves_is_a_draft_before_it_ends() {
    let (workspace, editor) =
        with_editor("sed -i 's/boots/waders/' \"$1\"; echo ready; while kill -0 $PPID; do echo .; sleep 0.1; done");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "ready");
    wait_for_draft(&desk, &workspace, "waders");
    desk.killed();
}

#[test]
fn an_editor_killed_from_outside_is_told() {
    let (workspace, editor) = with_editor("sed -i 's/boots/waders/' \"$1\"; kill -HUP $$");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "Not taken: editor was ended by SIGHUP");
    desk.sees("your text is kept as");
    desk.leaves_with_draft();
}

/// Ctrl-Z in the editor, as vi does it and as nano does it: the shell is there, the lead is free,
/// and `fg` goes on in the editor.
#[test]
fn ctrl_z_in_the_editor_gives_the_lead_back() {
    for stop in ["kill -TSTP 0", "kill -STOP 0"] {
        let script =
            format!("printf 'first\\n'; {stop}; printf 'second: '; read -r words; printf '%s' \"$words\" > \"$1\"");
        let (workspace, editor) = with_editor(&script);
        let shell = PtyOptions::new(workspace.root())
            .args(["-i"])
            .env("PS1", "shell> ")
            .env("EDITOR", editor.display().to_string());
        let mut pty = Pty::spawn_program(Path::new("/bin/sh"), shell);
        pty.wait_text("shell>");
        pty.send(&format!("'{}' Enter", holdpoint().display()));
        pty.wait_text("lead you");
        job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
        pty.wait_text("unseen");
        // The job's own row may have been there first.
        pty.send("k");
        pty.wait_text("bring boots");
        pty.send("E");
        pty.wait_text("first");
        pty.wait_text("Stopped");
        pty.wait_for(|now| screen::text(now).lines().any(|row| row == "shell>"));
        // Somebody else leads and opens a gate while the console is stopped.
        let serve = Beside::leader(&workspace);
        job_at_gate(&workspace, &["--id", "j-2", "--slug", "dunes"]);
        // Continued in the background it has no terminal: it stops again and leaves the lead where
        // it is.
        pty.send("bg Enter");
        pty.send("'fg' Enter");
        pty.wait_text("second: ");
        pty.send("'written after fg' Enter");
        pty.wait_text("written after fg");
        pty.wait_text("[a] approve with it");
        assert!(serve.leaves().0.success());
        pty.wait_text("lead you");
        pty.kill9();
        pty.wait_exit();
    }
}

#[test]
fn an_emergency_copy_is_taken_also_from_an_editor_that_ends_with_a_status() {
    // As nano does on SIGTERM.
    let (workspace, editor) = with_editor("printf 'unsaved waders' > \"$1.save\"; exit 1");
    let mut desk = at_script(&workspace, &editor);
    desk.sees_after("E", "Not taken: editor ended with status 1");
    wait_for_draft(&desk, &workspace, "unsaved waders");
    let names: Vec<String> = copies(&workspace)
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(names.iter().any(|name| name.ends_with("script.txt.save")), "{names:?}");
    desk.sees_after("e", "Your draft is back");
    desk.sees("unsaved waders");
}
