//! `holdpoint demo` in a terminal: its own runs directory, and no other's.

use crate::support::run::Workspace;
use crate::support::said::assert_starts;

#[test]
fn the_demo_starts_its_jobs_once_and_goes_on_with_them() {
    let workspace = Workspace::without_configuration();
    for _ in 0..2 {
        let mut demo = workspace.pty(&["demo"]);
        demo.wait_text("unseen");
        demo.hang_up();
        drop(demo);
        let jobs = workspace.json("job list --runs runs/demo");
        assert_eq!(jobs.as_array().map(Vec::len), Some(7));
        // Opened from outside, with a base: a diff to read from the first second.
        let diff = workspace.ok("gate diff tide-pool-manners script --runs runs/demo");
        assert_starts(&diff, "--- artifacts/script/script.txt\n");
    }
}

#[test]
fn a_directory_with_other_work_is_refused() {
    let workspace = Workspace::without_configuration();
    workspace.ok("job start --slug mine --manual");
    let demo = workspace.pty(&["demo", "--runs", "runs"]);
    demo.wait_text("Not started: runs holds other jobs than the demo's");
    assert_eq!(workspace.count("job list"), 1);
}
