//! Faults that come while somebody sits at an open console: it goes on, says what is wrong, and all
//! is well when the fault is over.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, chown};
use std::path::Path;

use super::{assert_recovers, assert_said, opened};
use crate::console::desk::Desk;
use crate::support::binary::holdpoint;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;

/// Two gates, and a console whose selection is on the first.
fn at_the_first(workspace: &Workspace) -> Desk {
    workspace.ok("gate open j-2 deploy --artifact plan=plan.txt");
    let mut desk = Desk::leading(workspace);
    desk.reads("j-1", "deploy", 1, "plan v1");
    desk
}

fn approves(workspace: &Workspace, desk: &mut Desk) {
    desk.press("a");
    desk.asked(workspace, "APPROVE j-");
    desk.confirm();
}

#[test]
fn a_torn_line_in_the_log_is_cut_by_the_next_decision_of_an_open_console() {
    let workspace = opened();
    let mut desk = at_the_first(&workspace);
    let log = workspace.run_directory("j-1").join("events.jsonl");
    let length = fs::metadata(&log).unwrap().len();
    fs::File::options()
        .write(true)
        .open(&log)
        .unwrap()
        .set_len(length - 10)
        .unwrap();
    approves(&workspace, &mut desk);
    desk.sees("Approved j-1");
    assert_recovers(&workspace, 5);
    desk.leaves();
}

#[test]
fn decision_files_that_vanish_under_an_open_console_are_written_again_beside_it() {
    let workspace = opened();
    let mut desk = at_the_first(&workspace);
    approves(&workspace, &mut desk);
    desk.sees("Approved j-1");
    let gates = workspace.run_directory("j-1").join("gates");
    // As long as something is owed to the job its files are written again: then they are taken away
    // once more.
    let missing = loop {
        if gates.join("deploy.1.json").exists() {
            fs::remove_dir_all(&gates).unwrap();
        }
        let verified = workspace.under(&[], "decisions verify");
        if verified.status.code() != Some(0) {
            break verified;
        }
    };
    assert_said(&missing, 1, &["j-1/gates/deploy.1.json"]);
    // The rows know what was decided, and the console goes on with the next.
    desk.selects("j-2", "deploy", 1);
    approves(&workspace, &mut desk);
    desk.sees("Approved j-2");
    desk.sees_after("4", "decision 1 of 2, newest first");
    assert_said(&workspace.under(&[], "doctor --repair"), 0, &["j-1/gates/deploy"]);
    assert_recovers(&workspace, 5);
    desk.press("1");
    desk.leaves();
}

#[test]
fn a_database_that_is_damaged_under_an_open_console_is_named_and_nothing_is_decided() {
    let workspace = opened();
    let mut desk = at_the_first(&workspace);
    let path = workspace.runs().join("holdpoint.db");
    workspace.checkpoint();
    let whole = fs::read(&path).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&vec![0xA5; whole.len() - 100], 100).unwrap();
    // The rules cannot be asked: no prompt opens.
    desk.sees_after("a", "Not approved: cannot re");
    desk.sees("the file is damaged");
    desk.pty.wait_gone("nothing is decided");
    assert!(!workspace.exists("runs/j-1/gates/deploy.json"));
    file.write_all_at(&whole, 0).unwrap();
    // What was read of the damaged file is not held against the one that was put back.
    approves(&workspace, &mut desk);
    desk.sees("Approved j-1");
    while !workspace.exists("runs/j-1/gates/deploy.json") {
        workspace.json("gate list");
    }
    assert_recovers(&workspace, 5);
    desk.leaves();
}

/// Gives everything here to somebody who is not root, whom directories without the right to write
/// do stop.
fn owned_by_nobody(workspace: &Workspace) -> Option<Desk> {
    fn give(path: &Path) {
        chown(path, Some(65534), Some(65534)).unwrap();
        if path.is_dir() {
            fs::read_dir(path)
                .unwrap()
                .flatten()
                .for_each(|entry| give(&entry.path()));
        }
    }
    let options = PtyOptions::new(workspace.root());
    if !nix::unistd::geteuid().is_root() {
        return Some(Desk::spawn(options));
    }
    give(workspace.root());
    let setpriv = Path::new("/usr/bin/setpriv");
    let as_nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    let reaches = std::process::Command::new(setpriv)
        .args(as_nobody)
        .arg(holdpoint())
        .arg("--version")
        .output();
    // The build itself may lie where nobody else may look.
    if !reaches.is_ok_and(|output| output.status.success()) {
        println!("skipped: nobody else may run {}", holdpoint().display());
        return None;
    }
    let program = holdpoint().display().to_string();
    let options = options.args(as_nobody.map(str::to_owned).into_iter().chain([program]));
    Some(Desk::of(Pty::spawn_program(setpriv, options)))
}

#[test]
fn a_runs_directory_that_turns_read_only_under_an_open_console_is_owed_its_files() {
    let workspace = opened();
    let Some(mut desk) = owned_by_nobody(&workspace) else {
        return;
    };
    desk.sees("lead you");
    desk.reads("j-1", "deploy", 1, "plan v1");
    let gates = workspace.run_directory("j-1").join("gates");
    let directories = [workspace.runs(), workspace.run_directory("j-1"), gates.clone()];
    let allow = |mode| {
        directories
            .iter()
            .for_each(|path| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap())
    };
    allow(0o500);
    approves(&workspace, &mut desk);
    desk.sees("Decided, not yet on disk");
    desk.sees("ermission denied");
    assert!(!gates.join("deploy.json").exists());
    // It is decided all the same, the console says what it will do, and answers keys.
    desk.sees_after("4", "decision 1 of 1, newest first");
    allow(0o700);
    while !workspace.exists("runs/j-1/gates/deploy.json") {
        workspace.json("gate list");
    }
    desk.pty.wait_gone("ermission denied");
    assert_recovers(&workspace, 5);
    desk.press("1");
    desk.leaves();
}
