//! Whose the files are: private, or a group's (`storage.group`), over a whole run and whatever the
//! umask is (SPEC §9).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::unistd::{Gid, Group, getegid, geteuid, getgroups};

use super::desk::{Desk, FILM};
use super::edit::drafts;
use crate::support::beside::{Beside, Stream};
use crate::support::pty::{PtyOptions, Waiting, patience};
use crate::support::run::{Workspace, printed, text_replace};
use crate::support::said::{assert_contains, assert_has, assert_lacks};

/// The umasks that protect nothing and everything.
const UMASKS: [&str; 2] = ["000", "077"];

/// A group that this process may give files to: root any, somebody else one of their own, another
/// than the usual one where there is one.
fn group() -> (String, Gid) {
    let named = |gid: Gid| Group::from_gid(gid).ok().flatten().map(|group| (group.name, gid));
    if geteuid().is_root() {
        let foreign = ["games", "daemon", "users"];
        let found = foreign.iter().find_map(|name| Group::from_name(name).ok().flatten());
        if let Some(group) = found {
            return (group.name, group.gid);
        }
    }
    let mut own = getgroups().unwrap_or_default();
    own.retain(|gid| *gid != getegid());
    own.push(getegid());
    let found = own.into_iter().find_map(named);
    found.unwrap_or_else(|| panic!("this user has no group with a name"))
}

/// Runs holdpoint under a umask.
fn run_under(workspace: &Workspace, umask: &str, args: &[&str]) -> Output {
    let mut command = workspace.through("/bin/sh", &["-c", "umask \"$0\"; exec \"$@\"", umask], args);
    let output = command.output().expect("sh runs");
    assert!(output.status.success(), "{args:?}: {}", printed(&output));
    output
}

/// Holds every file and directory against the rights that it has to have; their names.
#[track_caller]
fn all_are(runs: &Path, group: Option<Gid>) -> BTreeSet<String> {
    let (file, directory) = if group.is_some() {
        (0o660, 0o2770)
    } else {
        (0o600, 0o700)
    };
    let mut names = BTreeSet::new();
    let mut waiting = vec![runs.to_path_buf()];
    while let Some(path) = waiting.pop() {
        // What is being written at this moment has its last name a moment later.
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        let mode = metadata.mode() & 0o7777;
        let wanted = if metadata.is_dir() { directory } else { file };
        assert_eq!(mode, wanted, "{} has {mode:o}, not {wanted:o}", path.display());
        if let Some(group) = group {
            assert_eq!(metadata.gid(), group.as_raw(), "the group of {}", path.display());
        }
        if metadata.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.path()),
            );
        }
        names.insert(path.strip_prefix(runs).unwrap_or(&path).display().to_string());
    }
    names
}

/// A job from its start to its end, with all that lies in between; looked at while a console is
/// open and an edit under way.
fn a_whole_run(umask: &str, group: Option<&(String, Gid)>) {
    let storage = group.map_or_else(String::new, |(name, _)| format!("storage: {{group: {name}}}\n"));
    let gid = group.map(|(_, gid)| *gid);
    let workspace = Workspace::new(&format!("{FILM}{storage}"));
    // Somebody made the directory beforehand, open to everybody.
    fs::set_permissions(workspace.runs(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    let run = |args: &[&str]| run_under(&workspace, umask, args);
    let mut desk = Desk::under(umask, PtyOptions::new(workspace.root()));
    desk.sees("lead you");
    run(&["job", "start", "--id", "j-1", "--slug", "tides"]);
    desk.reads("j-1", "script", 1, "bring boots");
    desk.sees_after("e", "EDIT j-1 tides / script #1");
    desk.press("'the last words'");
    // Nothing is drawn when a draft is written, so the screen does not tell; looking takes its
    // time.
    let written = Waiting::begun();
    while !drafts(&workspace).iter().any(|text| text.contains("the last words")) {
        assert!(!written.has_lasted(patience()), "the draft is not written");
        run(&["gate", "list"]);
    }
    let names = all_are(&workspace.runs(), gid);
    let expected = "holdpoint.db holdpoint.db-wal holdpoint.db-shm .nudge .leader.lock .publish.lock .open.lock j-1/state.json \
                    j-1/events.jsonl j-1/logs/script.1.log j-1/artifacts/script/script.txt";
    for name in expected.split(' ').chain([""]) {
        assert!(names.contains(name), "{name} is not among {names:#?}");
    }
    for part in [".drafts/", "j-1/versions/", "j-1/.stage/"] {
        assert!(
            names.iter().any(|name| name.starts_with(part)),
            "{part} is not among {names:#?}"
        );
    }
    desk.killed();
    let mut desk = Desk::under(umask, PtyOptions::new(workspace.root()));
    desk.sees("lead you");
    let patch = text_replace("boots", "rubber boots");
    workspace.write("patch.json", patch);
    run(&["gate", "reject", "j-1", "script", "--patch", "patch.json"]);
    run(&["job", "resume", "j-1"]);
    run(&["gate", "wait", "j-1", "script"]);
    workspace.write("plan.txt", "plan v1\n");
    run(&["gate", "open", "j-2", "deploy", "--artifact", "plan=plan.txt"]);
    run(&["gate", "approve", "j-2", "deploy"]);
    run(&["doctor", "--repair"]);
    desk.selects("j-1", "storyboard", 1);
    let names = all_are(&workspace.runs(), gid);
    let expected = "chain.jsonl j-1/gates/script.json j-1/gates/script.2.json j-2/artifacts/deploy/plan.txt";
    for name in expected.split(' ') {
        assert!(names.contains(name), "{name} is not among {names:#?}");
    }
    desk.killed();
    run(&["gate", "approve", "j-1", "storyboard"]);
    run(&["decisions", "verify"]);
    all_are(&workspace.runs(), gid);
    // A lost database is made again with the same rights.
    workspace.lose_database();
    run(&["doctor", "--rebuild"]);
    all_are(&workspace.runs(), gid);
}

#[test]
fn a_whole_run_is_private_whatever_the_umask() {
    for umask in UMASKS {
        a_whole_run(umask, None);
    }
}

#[test]
fn a_whole_run_is_the_groups_whatever_the_umask() {
    let group = group();
    for umask in UMASKS {
        a_whole_run(umask, Some(&group));
    }
}

/// A command of `nobody`, who is in the group and nowhere else.
fn nobody(workspace: &Workspace, gid: Gid, args: &[&str]) -> Command {
    let before = ["--reuid=65534", "--regid=65534", &format!("--groups={gid}"), "--"];
    let mut command = workspace.through("setpriv", &before, args);
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_second_user_of_the_group_looks_and_decides_and_does_not_lead() {
    if !geteuid().is_root() {
        return println!("skipped: only root can become somebody else");
    }
    let (name, gid) = group();
    let workspace = Workspace::new(&format!("{FILM}storage: {{group: {name}}}\n"));
    fs::set_permissions(workspace.root(), fs::Permissions::from_mode(0o755)).unwrap();
    let run = |args: &[&str]| run_under(&workspace, "077", args);
    let as_nobody = |args: &[&str]| nobody(&workspace, gid, args).output();
    // The build itself may lie where nobody else may look.
    match as_nobody(&["--version"]) {
        Ok(output) if output.status.success() => {}
        Ok(output) => return println!("skipped: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => return println!("skipped: setpriv: {error}"),
    }
    run(&["job", "start", "--id", "j-1", "--slug", "tides"]);
    let told = |args: &[&str], code: i32| {
        let output = as_nobody(args).unwrap();
        let said = printed(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        said
    };
    // Nobody leads: a server of theirs does not, and says nothing of it either.
    let mut server = nobody(&workspace, gid, &["serve", "--no-http"]);
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = told(&["job", "start", "--id", "j-2", "--slug", "reefs"], 0);
    assert!(
        started.contains("holdpoint serve"),
        "nobody leads, and what to start is said: {started}"
    );
    assert!(told(&["job", "list"], 0).contains("j-1"));
    server.kill().unwrap();
    let said = server.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_contains(&said, "serving");
    assert_lacks(&said, "this process leads");
    let mut leader = Beside::start(&workspace, "serve --no-http", Stream::Stderr);
    leader.line_with("gate_opened");
    leader.line_with("gate_opened");
    told(
        &["gate", "approve", "j-1", "script", "--notes", "from the second desk"],
        0,
    );
    told(&["gate", "reject", "j-2", "script"], 0);
    told(&["decisions", "verify"], 0);
    let decision = workspace.decision("j-1", "script");
    assert_has!(decision, "by": "nobody", "via/uid": 65534);
    // What they wrote is the group's too, and the owner goes on with it.
    run(&["gate", "wait", "j-1", "script"]);
    run(&["gate", "show", "j-1", "script"]);
    all_are(&workspace.runs(), Some(gid));
    // Somebody outside the group sees nothing.
    let outside = nobody(&workspace, Gid::from_raw(65534), &["job", "list"])
        .output()
        .unwrap();
    assert_eq!(outside.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&outside.stderr).contains("ermission denied"));
}
