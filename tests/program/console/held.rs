//! Two people at one gate: who holds it, who has it open, and who takes it over.

use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};

use super::desk::Desk;
use super::record;
use crate::support::beside::{job_at_gate, wait_for};
use crate::support::pty::PtyOptions;
use crate::support::run::Workspace;
use crate::support::said::{assert_contains, assert_has};

/// A timed gate.
pub(super) fn shared() -> Workspace {
    shared_with(
        "pipeline: {stages: [{name: release}, {name: handover}]}\n\
         gates:\n  release: {auto_approve: true, auto_approve_after_s: 600}\n  handover: {required: true}\n",
    )
}

/// Whoever runs the tests may act for others.
pub(super) fn shared_with(configuration: &str) -> Workspace {
    let login = User::from_uid(Uid::current())
        .ok()
        .flatten()
        .map_or_else(|| format!("uid-{}", Uid::current()), |user| user.name);
    Workspace::new(&format!("security: {{shared_accounts: [{login}]}}\n{configuration}"))
}

pub(super) fn desk(workspace: &Workspace, name: &str) -> Desk {
    let options = PtyOptions::new(workspace.root())
        .args(["--operator", name])
        .size(120, 40);
    let mut desk = Desk::spawn(options);
    desk.sees(" open ");
    desk.reads("j-1", "release", 1, "Nothing is attached");
    desk
}

pub(super) fn at_gate() -> Workspace {
    let workspace = shared();
    let mut first = Desk::leading(&workspace);
    job_at_gate(&workspace, &["--id", "j-1", "--slug", "tides"]);
    first.press("q");
    first.pty.wait_exit();
    workspace
}

#[test]
fn a_hold_is_everywhere_with_its_name_until_anybody_releases_it() {
    let workspace = at_gate();
    let mut ana = desk(&workspace, "ana");
    let bea = desk(&workspace, "bea");
    ana.sees_after("t", "HOLD TIMER j-1 tides / release #1");
    ana.sees_after("'the lawyer looks'", "reason: the lawyer looks");
    ana.confirms("Held j-1 tides / release #1");
    let held = wait_for(&workspace, "j-1", "gate_held", 0);
    ana.sees("held by you until ");
    bea.sees("held by ana until ");
    bea.sees("left: the lawyer looks");
    bea.sees("ana holds the timer of release #1");
    // The command line is one more hand.
    let told = workspace.ok("gate release j-1 release --operator cy");
    assert_contains(&told, "the timer will approve");
    wait_for(&workspace, "j-1", "gate_released", held);
    for desk in [&ana, &bea] {
        desk.pty.wait_gone("held by ");
        desk.sees("cy releases release #1, which ana held");
    }
    ana.sees_after("+", "EXTEND TIMER");
    ana.sees_after("'2h'", "by: 2h");
    ana.confirms("Not extended: 2h00m are more than may still be added");
    ana.sees_after("Backspace Backspace '5m'", "by: 5m");
    ana.sees("The time left: ");
    ana.confirms("Extended j-1 tides / release #1");
    bea.sees("ana gives release #1 5:00 more");
    wait_for(&workspace, "j-1", "gate_extended", held);
    let events = workspace.events("j-1");
    let by = |kind: &str| {
        let of_kind = events
            .iter()
            .filter(|event| event["type"] == kind && event["payload"]["kind"] != "lease");
        of_kind
            .map(|event| event["payload"]["by"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(by("gate_held"), ["ana"]);
    assert_eq!(by("gate_released"), ["cy"]);
    assert_eq!(by("gate_extended"), ["ana"]);
    ana.leaves();
    bea.leaves();
    workspace.ok("gate approve j-1 release");
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_gate_is_taken_over_both_names_are_kept_and_the_loser_is_told_at_once() {
    let workspace = at_gate();
    let mut ana = desk(&workspace, "ana");
    let mut bea = desk(&workspace, "bea");
    ana.rejects("REJECT j-1", "too slow in the mid");
    bea.sees("ana deciding");
    bea.sees_after("a", "ana has a prompt open here since ");
    bea.sees("takes it over");
    bea.sees_after("<C-t>", "Taken over j-1 / release #1 from ana");
    bea.sees("timer held");
    ana.sees("bea took j-1 / release #1 over from you");
    // What was typed is still there, and typing goes on.
    ana.sees_after("'dle'", "note: too slow in the middle");
    let events = workspace.events("j-1");
    let taken = events
        .iter()
        .find(|event| event["payload"]["from"].is_string())
        .expect("it is on record");
    assert_has!(taken, "payload/by": "bea", "payload/from": "ana");
    bea.confirms("Approved j-1 tides / release #1");
    ana.sees("Not rejected: bea approved");
    ana.backs_out("Not rejected: ");
    ana.leaves();
    bea.leaves();
    assert_eq!(record::assert_agrees(&workspace, &["j-1"]), 1);
}

#[test]
fn a_console_that_is_ended_gives_its_gate_back_at_once() {
    let workspace = at_gate();
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut ana = desk(&workspace, "ana");
        let since = workspace.events("j-1").len() as u64;
        ana.sees_after("a", "APPROVE j-1 tides / release #1");
        ana.sees("timer held");
        ana.pty.terminate(signal);
        ana.pty.wait_exit();
        // It is on disk when the process has ended: nobody waits for the lease to die.
        let shown = workspace.ok("gate show j-1 release --json");
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["held_by"], serde_json::Value::Null, "{signal}");
        let events = workspace.events("j-1");
        let last = events.last().unwrap();
        assert_has!(last, "type": "gate_released", "payload/why": "given back");
        assert!(last["seq"].as_u64() > Some(since));
    }
}
