//! A database that is locked, damaged, or an older copy of itself.

use std::os::unix::fs::FileExt as _;

use super::{approve, assert_recovers, assert_said, opened};
use crate::support::beside::Beside;

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
    let mut server = Beside::leader(&workspace);
    // Everything is in the file itself, so that damage to the file is damage to what is read.
    workspace.checkpoint();
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&vec![0xA5; whole.len() - 100], 100).unwrap();
    let output = approve(&workspace);
    assert_said(&output, 1, &["damaged", "doctor"]);
    assert!(server.is_there(), "the server ended");
    assert!(!workspace.exists("runs/j-1/gates/deploy.json"));
    drop(server);
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
        workspace.checkpoint();
        let older = std::fs::read(&names[0]).unwrap();
        workspace.ok(deed);
        let newer: Vec<_> = names.iter().map(|name| std::fs::read(name).ok()).collect();
        workspace.lose_database();
        workspace.write("runs/holdpoint.db", &older);
        let refused = workspace.under(&[], "gate reject j-1 deploy");
        assert_said(&refused, 1, &["is older than the record beside it", "doctor --rebuild"]);
        for (name, bytes) in names.iter().zip(newer) {
            if let Some(bytes) = bytes {
                workspace.write(&format!("runs/{}", name.file_name().unwrap().to_str().unwrap()), bytes);
            }
        }
        workspace.ok("decisions verify");
        workspace.ok("job list");
    }
}
