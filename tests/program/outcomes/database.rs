//! A database that is locked, damaged, or an older copy of itself.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt as _;
use std::process::Stdio;

use super::{approve, assert_recovers, assert_said, opened};

#[test]
fn a_locked_database_is_waited_for_and_its_holder_named() {
    let workspace = opened();
    let holder = rusqlite::Connection::open(workspace.runs().join("holdpoint.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let own = format!("process {} (", std::process::id());
    assert_said(&approve(&workspace), 1, &["another process has kept it locked", &own]);
    assert_eq!(workspace.json("gate show j-1 deploy")["state"], "open");
    holder.execute_batch("ROLLBACK").unwrap();
    drop(holder);
    assert_recovers(&workspace, 0);
}

#[test]
fn a_damaged_database_is_named_at_the_start_and_while_running_and_nothing_is_decided() {
    let workspace = opened();
    let path = workspace.runs().join("holdpoint.db");
    let mut server = workspace
        .command(&["serve", "--no-http"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().contains("this process leads")),
        "it never led"
    );
    // Everything is in the file itself, so that damage to the file is damage to what is read.
    let checkpoint = rusqlite::Connection::open(&path).unwrap();
    checkpoint
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(checkpoint);
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&vec![0xA5; whole.len() - 100], 100).unwrap();
    let output = approve(&workspace);
    assert_said(&output, 1, &["damaged", "doctor"]);
    assert!(server.try_wait().unwrap().is_none(), "the server ended");
    assert!(!workspace.run_directory("j-1").join("gates/deploy.json").exists());
    server.kill().unwrap();
    server.wait().unwrap();
    file.write_all_at(&[0xA5; 100], 0).unwrap();
    assert_said(&approve(&workspace), 1, &["it is not a database", "doctor"]);
    file.write_all_at(&whole, 0).unwrap();
    assert_recovers(&workspace, 0);
}

#[test]
fn an_older_copy_of_the_database_is_not_begun_upon() {
    // Older by a decision that is on disk; older by an event only.
    for deed in [&["gate", "approve", "j-1", "deploy"][..], &["job", "cancel", "j-1"]] {
        let workspace = opened();
        let names = ["holdpoint.db", "holdpoint.db-wal", "holdpoint.db-shm"].map(|name| workspace.runs().join(name));
        let checkpoint = rusqlite::Connection::open(&names[0]).unwrap();
        checkpoint
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        drop(checkpoint);
        let older = std::fs::read(&names[0]).unwrap();
        workspace.ok(deed);
        let newer: Vec<_> = names.iter().map(|name| std::fs::read(name).ok()).collect();
        for name in &names {
            let _ = std::fs::remove_file(name);
        }
        workspace.write("runs/holdpoint.db", &older);
        let refused = workspace
            .command(&["gate", "reject", "j-1", "deploy"])
            .output()
            .unwrap();
        assert_said(&refused, 1, &["is older than the record beside it", "doctor --rebuild"]);
        for (name, bytes) in names.iter().zip(newer) {
            if let Some(bytes) = bytes {
                workspace.write(&format!("runs/{}", name.file_name().unwrap().to_str().unwrap()), bytes);
            }
        }
        assert_said(&workspace.command(&["decisions", "verify"]).output().unwrap(), 0, &[]);
        assert_said(&workspace.command(&["job", "list"]).output().unwrap(), 0, &[]);
    }
}
