//! What each timer is worth by the time that really passed, counted beside the rows and without
//! their words: nobody's clock is asked.

use std::collections::BTreeMap;

use domain::ask::Command;
use domain::gate::{Gate, GateState};
use domain::job::JobRows;
use domain::key::GateKey;
use domain::time::SECOND_US;

use super::world::{MAX_HOLD_S, WINDOW_S};

/// Seconds that a lease may outlive its last heartbeat (SPEC §3).
const LEASE_US: i64 = 30 * SECOND_US;

#[derive(Debug, Clone, Copy)]
struct Worth {
    /// The timer may not decide before.
    earliest_us: i64,
    /// Since when it stands.
    stopped_us: Option<i64>,
    /// The last heartbeat of its lease.
    beat_us: Option<i64>,
}

/// Of every gate that opened since the machine was started.
#[derive(Debug, Clone, Default)]
pub struct Truth(BTreeMap<GateKey, Worth>);

fn bound_left_us(gate: &Gate) -> i64 {
    let added_us = gate.timer.as_ref().map_or(0, |timer| timer.added_us);
    (MAX_HOLD_S as i64 * SECOND_US - added_us).max(0)
}

fn is_stopped(gate: &Gate) -> bool {
    gate.timer.as_ref().is_some_and(|timer| timer.stopped_at.is_some())
}

fn is_held(gate: &Gate) -> bool {
    gate.timer.as_ref().is_some_and(|timer| timer.hold.is_some())
}

impl Truth {
    /// Notes what one transaction made of the gates.
    pub fn follow(&mut self, before: Option<&JobRows>, after: &JobRows, command: Option<&Command>, true_us: i64) {
        for gate in after.gates.iter().filter(|gate| gate.state == GateState::Open) {
            let Some(former) = before.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt)) else {
                let worth = Worth {
                    earliest_us: true_us + WINDOW_S as i64 * SECOND_US,
                    stopped_us: None,
                    beat_us: None,
                };
                self.0.insert(gate.key.clone(), worth);
                continue;
            };
            if former == gate {
                continue;
            }
            let Some(worth) = self.0.get_mut(&gate.key) else {
                continue;
            };
            if let Some(Command::Extend { seconds, .. }) = command {
                worth.earliest_us += *seconds as i64 * SECOND_US;
            }
            // A lease that had died is ended on the way to something else.
            let is_begun_anew = gate.timer.as_ref().map(|timer| timer.added_us)
                != former.timer.as_ref().map(|timer| timer.added_us)
                && !matches!(command, Some(Command::Extend { .. }));
            if is_stopped(former)
                && (!is_stopped(gate) || is_begun_anew)
                && let Some(since_us) = worth.stopped_us.take()
            {
                let died_us = worth.beat_us.map(|beat_us| beat_us + LEASE_US);
                let ended_us = match died_us {
                    Some(died_us) if !is_held(former) => died_us.min(true_us),
                    Some(_) | None => true_us,
                };
                worth.earliest_us += (ended_us - since_us).clamp(0, bound_left_us(former));
            }
            if is_stopped(gate) && worth.stopped_us.is_none() {
                worth.stopped_us = Some(true_us);
            }
            if gate.lease.is_none() {
                worth.beat_us = None;
            } else if matches!(command, Some(Command::TakeLease { .. })) {
                worth.beat_us = Some(true_us);
            }
        }
    }

    /// Why the timer may not decide this gate now; its last open row is given. None: it may, or
    /// nobody can tell.
    pub fn objection(&self, gate: &Gate, true_us: i64) -> Option<&'static str> {
        let worth = self.0.get(&gate.key)?;
        match worth.stopped_us {
            Some(_) if true_us < worth.earliest_us + bound_left_us(gate) => {
                Some("the timer decided under a hold or a lease")
            }
            None if true_us < worth.earliest_us => Some("the timer decided before the time had really passed"),
            Some(_) | None => None,
        }
    }

    /// The machine was started again: civil time is all there is for what was noted before.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}
