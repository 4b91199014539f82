//! Somebody sets the civil clock, or the machine sleeps, while processes run: no gate is approved
//! because of it, none is forgotten.

use serde_json::Value;

use super::desk::Desk;
use super::record;
use crate::support::beside::{Beside, wait_for};
use crate::support::pty::{Waiting, patience};
use crate::support::run::Workspace;

const HOUR_S: i64 = 3600;

/// Processes whose clocks the test moves. `quick` is a gate whose timer says that the leader's
/// ticker has looked at the clocks.
struct Moved {
    workspace: Workspace,
    civil_s: i64,
    boot_s: i64,
    ticks: u32,
}

impl Moved {
    fn new() -> Self {
        let workspace = Workspace::new(
            "pipeline: {overdue_grace_s: 10}\n\
             gates:\n  \
               release: {auto_approve: true, auto_approve_after_s: 600}\n  \
               quick: {auto_approve: true, auto_approve_after_s: 1}\n",
        );
        workspace.write("plan.txt", "plan\n");
        Self {
            workspace,
            civil_s: 0,
            boot_s: 0,
            ticks: 0,
        }
    }

    fn open(&self, job: &str, stage: &str) {
        self.workspace
            .ok(&format!("gate open {job} {stage} --artifact plan=plan.txt"));
    }

    /// The civil clock is set; no time passes.
    fn step(&mut self, by_s: i64) {
        self.civil_s += by_s;
        self.put();
    }

    /// The machine sleeps, or time passes: both clocks run on.
    fn pass(&mut self, seconds: i64) {
        self.civil_s += seconds;
        self.boot_s += seconds;
        self.put();
    }

    fn put(&self) {
        self.workspace.set_clocks(self.civil_s, self.boot_s);
    }

    /// Returns when the leader has looked at its timers, with the clocks as they are now.
    fn tick(&mut self) {
        self.ticks += 1;
        let job = format!("tick-{}", self.ticks);
        self.open(&job, "quick");
        self.workspace.ok(&format!("gate wait {job} quick"));
        assert_eq!(self.workspace.decision(&job, "quick")["by"], "timer");
    }

    /// Until when the lease stands: each heartbeat moves it.
    fn lease_ends(&self) -> Option<String> {
        let read = "SELECT json_extract(lease, '$.expires_at') FROM gate WHERE job_id = 'j-1'";
        let database = self.workspace.database();
        database
            .query_row(read, [], |row| row.get(0))
            .expect("the gate has a row")
    }

    fn gate(&self) -> Value {
        self.workspace.json("gate show j-1 release")
    }

    /// The gate is open, and so many seconds are left, give or take what the test itself takes.
    #[track_caller]
    fn assert_left(&self, seconds: i64) {
        let gate = self.gate();
        assert_eq!(gate["state"], "open");
        let left = gate["time_remaining"].as_f64().expect("it has a timer");
        let most = seconds as f64;
        assert!(left <= most && left > most - 60.0, "{left} s are left, not {seconds}");
    }

    fn count(&self, kind: &str) -> usize {
        let types = self.workspace.event_types("j-1");
        types.iter().filter(|one| *one == kind).count()
    }

    /// The time left passes, and the timer decides. Where the leader is so slow that it takes this
    /// for a sleep, the grace passes too.
    fn fires(&mut self) {
        let left = self.gate()["time_remaining"].as_f64().expect("it has a timer");
        self.pass(left as i64);
        let show = ["gate", "show", "j-1", "release"];
        let is_told = |gate: &Value| gate["state"] != "open" || self.count("gate_overdue") > 0;
        self.workspace.json_until(&show, is_told);
        if self.count("gate_overdue") > 0 {
            self.pass(61);
        }
        self.workspace.ok("gate wait j-1 release");
        assert_eq!(self.workspace.decision("j-1", "release")["by"], "timer");
    }

    /// After the machine slept past the deadline: a person can still look, and then the timer
    /// decides, once.
    fn settles_overdue(&mut self) {
        wait_for(&self.workspace, "j-1", "gate_overdue", 0);
        assert_eq!(self.gate()["state"], "open");
        self.pass(61);
        self.workspace.ok("gate wait j-1 release");
        assert_eq!(self.workspace.decision("j-1", "release")["by"], "timer");
        assert_eq!(self.count("gate_overdue"), 1);
    }
}

fn ends(serve: Beside) {
    assert!(serve.leaves().0.success());
}

#[test]
fn a_clock_set_by_an_hour_neither_ends_nor_keeps_a_lease_and_gives_the_time_left_back() {
    for by_s in [HOUR_S, -HOUR_S] {
        let mut moved = Moved::new();
        let serve = Beside::leader(&moved.workspace);
        moved.open("j-1", "release");
        let mut desk = Desk::open(&moved.workspace);
        desk.reads("j-1", "release", 1, "1 + plan");
        desk.sees_after("a", "APPROVE j-1");
        wait_for(&moved.workspace, "j-1", "gate_held", 0);

        moved.step(by_s);
        moved.tick();
        assert!(moved.gate()["held_by"].is_string(), "{by_s}: the lease lives");
        assert_eq!(
            (moved.count("gate_released"), moved.count("gate_overdue")),
            (0, 0),
            "{by_s}"
        );
        // A minute of heartbeats, and the prompt stands for all that.
        for _ in 0..6 {
            let former = moved.lease_ends();
            moved.pass(10);
            moved.tick();
            // The console may have been slower than that.
            let slower = Waiting::begun();
            while moved.lease_ends() == former {
                assert!(!slower.has_lasted(patience()), "the lease is not renewed");
                moved.tick();
            }
        }
        assert_eq!(
            (moved.count("gate_released"), moved.count("gate_held")),
            (0, 1),
            "{by_s}"
        );
        desk.sees("APPROVE j-1");

        desk.killed();
        moved.pass(31);
        moved.tick();
        wait_for(&moved.workspace, "j-1", "gate_released", 0);
        moved.assert_left(600);
        moved.pass(2 * HOUR_S);
        moved.settles_overdue();
        ends(serve);
        record::assert_agrees(&moved.workspace, &["j-1"]);
    }
}

#[test]
fn a_clock_set_forward_fires_nothing_early_and_a_process_that_starts_after_it_knows() {
    let mut moved = Moved::new();
    let serve = Beside::leader(&moved.workspace);
    moved.open("j-1", "release");
    moved.step(HOUR_S);
    moved.tick();
    moved.assert_left(600);
    // All who saw the clock before it was set are gone.
    ends(serve);
    let serve = Beside::leader(&moved.workspace);
    moved.tick();
    moved.assert_left(600);
    moved.pass(500);
    moved.tick();
    moved.assert_left(100);
    moved.fires();
    ends(serve);
    record::assert_agrees(&moved.workspace, &["j-1"]);
}

#[test]
fn a_clock_set_back_delays_by_the_step_and_a_suspended_machine_asks_first() {
    let mut moved = Moved::new();
    let serve = Beside::leader(&moved.workspace);
    moved.open("j-1", "release");
    moved.step(-HOUR_S);
    moved.pass(700);
    moved.tick();
    moved.assert_left(HOUR_S - 100);
    moved.pass(HOUR_S);
    moved.settles_overdue();
    ends(serve);
    record::assert_agrees(&moved.workspace, &["j-1"]);
}

#[test]
fn a_hold_ends_by_the_time_that_passed_wherever_the_clock_is_set() {
    for by_s in [HOUR_S, -HOUR_S] {
        let mut moved = Moved::new();
        let serve = Beside::leader(&moved.workspace);
        moved.open("j-1", "release");
        moved.workspace.ok("gate hold j-1 release");
        moved.step(by_s);
        moved.pass(1000);
        moved.tick();
        assert_eq!(
            moved.gate()["hold"]["by"].as_str().map(str::is_empty),
            Some(false),
            "{by_s}"
        );
        moved.workspace.ok("gate release j-1 release");
        moved.assert_left(600);
        moved.workspace.ok("gate hold j-1 release");
        // max_hold_s is an hour, of which a thousand seconds are gone.
        moved.step(-by_s);
        moved.pass(600 + 2600 - 30);
        moved.tick();
        assert_eq!(
            (moved.gate()["state"].as_str(), moved.count("gate_overdue")),
            (Some("open"), 0),
            "{by_s}"
        );
        moved.pass(HOUR_S);
        moved.settles_overdue();
        ends(serve);
    }
}
