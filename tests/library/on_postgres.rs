//! The suites of the engine once more, with the record in PostgreSQL: the same tests, in a process that
//! is told so.

use std::process::Command;

use crate::support::engine::RECORD;

/// The suites.
const SUITES: [&str; 6] = [
    "engine::",
    "engine_bases::",
    "engine_client::",
    "engine_handover::",
    "engine_patches::",
    "engine_preview::",
];

/// Tests that are about the file.
const OF_FILES: [&str; 0] = [];

#[test]
fn the_suites_of_the_engine_hold_on_postgresql() {
    // In the other process this test is none of those that run.
    if testing::postgres::server().is_none() {
        return;
    }
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(SUITES).env(RECORD, "postgresql");
    OF_FILES.iter().for_each(|name| {
        tests.args(["--skip", name]);
    });
    let output = tests.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let ran = said.lines().filter(|line| line.ends_with("... ok")).count();
    assert!(ran > 30, "only {ran} tests ran: {said}");
}
