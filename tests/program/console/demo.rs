//! `holdpoint demo` on a large terminal: its jobs come to their gates by themselves, and a person
//! releases one.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::desk::Desk;
use super::record;
use crate::support::beside::{Beside, Stream};
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_has, each};

#[test]
fn a_newcomer_releases_a_gate_of_the_demo() {
    let workspace = Workspace::without_configuration();
    let options = PtyOptions::new(workspace.root())
        .args(["demo", "--runs", "runs"])
        .size(120, 40);
    let mut desk = Desk::spawn(options);
    desk.sees("lead you");
    desk.sees("This is the demo: nothing you decide here harms anything");
    // A pipeline outside has handed in the second draft of a script: there is a diff to read from
    // the first second on.
    desk.reads("tide-pool-manners", "script", 1, "STAGES  tide-pool-manners");
    desk.sees("policy  a person decides");
    desk.sees("hunk 1");
    desk.sees_after("a", "APPROVE tide-pool-manners / script #1");
    desk.sees("Then the pipeline that opened the gate may go on.");
    desk.sees_after("Tab 'reads well'", "note: reads well");
    desk.confirms("Approved tide-pool-manners / script #1");
    workspace.ok("gate wait tide-pool-manners script");
    let decision = workspace.decision("tide-pool-manners", "script");
    assert_has!(decision, "approved": true, "notes": "reads well", "auto_approved": false);

    // Its other jobs would go on for minutes.
    let listed = workspace.json("job list");
    let listed = each(&listed, "id");
    let jobs: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
    assert!(jobs.len() > 3, "{jobs:?}");
    for job in &jobs {
        workspace.ok(&format!("job cancel {job}"));
        let watch = Beside::start(&workspace, &format!("job watch {job}"), Stream::Stdout);
        assert_eq!(watch.finish().0.code(), Some(1));
    }
    desk.sees(" 0 open");
    desk.pty.terminate(Signal::SIGTERM);
    assert_eq!(desk.pty.wait_exit().code(), Some(0));
    assert!(record::assert_agrees(&workspace, &jobs) >= 1);
}
