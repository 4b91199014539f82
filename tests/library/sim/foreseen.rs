//! The forecast against what then happens when nobody does anything: every end of a gate's time at
//! its moment, and no other.

use std::collections::BTreeMap;

use domain::forecast::ForeseenVerdict;
use domain::gate::GateState;
use domain::job::JobRows;
use domain::key::GateKey;
use domain::time::{SECOND_US, Timestamp};
use domain::wake::{Armed, Due};
use engine::evidence::Files as _;
use engine::find;

use super::steps::Step;
use super::store::{Plant, Storage};
use super::world::{GRACE_S, MAX_HOLD_S, WINDOW_S, World, person};

/// Longer than any gate's time, with all that persons may add.
const HORIZON_US: i64 = 2 * (WINDOW_S + MAX_HOLD_S + GRACE_S) as i64 * SECOND_US;
const TURNS_MAX: usize = 500;

type End = (Timestamp, ForeseenVerdict);
type Ends = BTreeMap<GateKey, End>;

impl<S: Storage + Clone> World<S> {
    /// Foresees, and lets it happen in a world beside this one.
    pub fn happens_as_foreseen(&mut self) {
        let until = self.now.utc.plus_us(HORIZON_US);
        let mut foreseen = self.foreseen(until);
        let mut then = self.clone();
        let before = then.ended();
        then.timers_run(until);
        let mut happened = then.ended();
        happened.retain(|key, _| !before.contains_key(key));
        if self.boots > 1 {
            // Of each gate the ticker knows the next time only. Across a start of the machine a lease's
            // end is a wait that begins when it is first known, and signs of life may put that off.
            let is_promised = |key: &GateKey| self.requesters.has_promised(key);
            foreseen.retain(|key, _| !is_promised(key));
            happened.retain(|key, _| !is_promised(key));
        }
        self.violations.append(&mut then.violations);
        let is_same = |(foreseen, happened): ((&GateKey, &End), (&GateKey, &End))| {
            let ((key, (at, verdict)), (then, (then_at, then_verdict))) = (foreseen, happened);
            (key, verdict, at) == (then, then_verdict, then_at)
        };
        if foreseen.len() != happened.len() || !foreseen.iter().zip(&happened).all(is_same) {
            self.violations
                .push(format!("foreseen was {foreseen:?}, and what happened is {happened:?}"));
        }
    }

    fn all_rows(&self) -> impl Iterator<Item = JobRows> {
        let rows = self.jobs.iter().filter_map(|job_id| self.store.rows(job_id));
        rows.map(|rows| JobRows::clone(&rows))
    }

    fn foreseen(&self, until: Timestamp) -> Ends {
        let via = person(0).via;
        let mut ends = Ends::new();
        for mut rows in self.all_rows() {
            if self.plant == Plant::ForecastForgetsHolds {
                for timer in rows.gates.iter_mut().filter_map(|gate| gate.timer.as_mut()) {
                    timer.hold = None;
                }
            }
            let find = &mut |rows: &JobRows, gate: &_| find::expiry(self, rows, Some(gate));
            let foreseen = rules::forecast(&rows, until, self.context(&via), find);
            ends.extend(
                foreseen
                    .into_iter()
                    .map(|end| (end.key.clone(), (end.at, end.verdict()))),
            );
        }
        ends
    }

    /// Every gate that a timer has ended or left to a person.
    fn ended(&self) -> Ends {
        let mut ends = Ends::new();
        for gate in self.all_rows().flat_map(|rows| rows.gates) {
            let settled = gate.settled.filter(|settled| settled.by == "timer");
            let held = gate.timer.and_then(|timer| timer.held_by_policy_at);
            let end = match (gate.state, settled, held) {
                (GateState::Approved, Some(settled), _) => (settled.at, ForeseenVerdict::Approves),
                (GateState::Rejected, Some(settled), _) => (settled.at, ForeseenVerdict::Rejects),
                (GateState::Open, None, Some(at)) => (at, ForeseenVerdict::Holds),
                (
                    GateState::Open
                    | GateState::Approved
                    | GateState::Rejected
                    | GateState::Canceled
                    | GateState::Recalled,
                    Some(_) | None,
                    _,
                ) => continue,
            };
            ends.insert(gate.key, end);
        }
        ends
    }

    fn timers_run(&mut self, until: Timestamp) {
        for _ in 0..TURNS_MAX {
            self.requesters_go_on();
            let timers_before = self.store.timers();
            let timers = timers_before.iter();
            let wakes = timers.filter_map(|gate| gate.wake(GRACE_S));
            let sights = &self.processes[0].first_sights;
            let wait_us = |wake| {
                let seen = sights.values().find(|sight| sight.wake == wake);
                let seen = seen.map_or(self.now, |sight| domain::time::Now {
                    utc: sight.utc,
                    boot_us: self.now.boot_us - (self.true_us - sight.true_us),
                    ..self.now
                });
                match Armed::first_seen(wake, seen).due(self.now, 0) {
                    Due::NotYet(us) => us,
                    Due::Now | Due::Missed(_) => 0,
                }
            };
            let Some(wait_us) = wakes.map(wait_us).min() else {
                return;
            };
            if self.now.utc.plus_us(wait_us) > until {
                return;
            }
            match wait_us {
                // A gate whose dead lease was ended is asked about again only after a while.
                0 => {
                    self.take(Step::Tick(0, true, true));
                    if self.store.timers() == timers_before {
                        self.take(Step::Pass(SECOND_US));
                    }
                }
                us => {
                    self.take(Step::Pass(us));
                    self.take(Step::Look(0));
                }
            }
        }
    }
}
