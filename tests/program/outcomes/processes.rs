//! Processes that are stopped with a lock, and news that cannot be watched for.

use std::fs::File;
use std::process::{Command, Stdio};

use super::{approve, assert_recovers, assert_said, opened};
use crate::support::beside::{Beside, Stream};
use crate::support::said::assert_contains;

#[test]
fn who_holds_the_publish_lock_is_named_and_stops_nobody_else() {
    let workspace = opened();
    let lock = File::options()
        .append(true)
        .open(workspace.runs().join(".publish.lock"))
        .unwrap();
    lock.lock().unwrap();
    let own = format!("held by process {} (", std::process::id());
    assert_said(&approve(&workspace), 0, &["not yet on disk", &own]);
    // Deciding goes on, and who only looks waits for nobody.
    workspace.write("other.txt", "plan\n");
    workspace.ok("gate open j-2 deploy --artifact plan=other.txt");
    assert_contains(&workspace.ok("decisions verify"), "owed to j-1");
    drop(lock);
    assert_recovers(&workspace, 5);
}

#[test]
fn a_stopped_holder_is_told_how_to_go_on() {
    let workspace = opened();
    let path = workspace.runs().join(".publish.lock");
    let mut flock = Command::new("flock");
    flock
        .arg("-o")
        .arg(&path)
        .args(["sh", "-c", "echo held; kill -STOP $PPID; read never"]);
    let Some(mut holder) = held_by(&mut flock) else { return };
    assert_said(
        &approve(&workspace),
        0,
        &["not yet on disk", "which is stopped: kill -CONT"],
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert_recovers(&workspace, 5);
}

/// Runs it and waits for its first word; none where there is no such program.
fn held_by(command: &mut Command) -> Option<std::process::Child> {
    use std::io::{BufRead, BufReader};
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: flock: {error}");
            return None;
        }
    };
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "held\n");
    Some(child)
}

#[test]
fn without_watching_news_come_all_the_same() {
    let workspace = opened();
    // A name space of its own, so that nobody else's watching suffers.
    let script = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" gate wait j-1 deploy";
    let mut blind = workspace.through("unshare", &["--user", "--map-root-user", "sh", "-c", script], &[]);
    let mut waiting = match blind.stdout(Stdio::null()).stderr(Stdio::piped()).spawn() {
        Ok(waiting) => waiting,
        Err(error) => return println!("skipped: unshare: {error}"),
    };
    assert_recovers(&workspace, 0);
    let output = waiting.wait().map(|_| waiting).unwrap().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare:") || said.contains("max_inotify_instances") {
        return println!("skipped: {said}");
    }
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn the_nudge_file_may_be_removed_while_others_wait_for_news() {
    let workspace = opened();
    let waiting = Beside::start(&workspace, "gate wait j-1 deploy", Stream::Stdout);
    std::fs::remove_file(workspace.runs().join(".nudge")).unwrap();
    assert_recovers(&workspace, 0);
    assert!(waiting.ended().success());
}
