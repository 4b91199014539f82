//! One process: its view of the timers, which may be old, and what a person or the ticker has
//! prepared in it and not yet committed.

use std::collections::BTreeMap;

use domain::ask::Command;
use domain::gate::OnDisk;
use domain::ids::{Digest, JobId};
use domain::key::GateKey;
use domain::time::{Now, Timestamp};
use domain::wake::Wake;
use engine::ticker::Ticker;
use rules::{Evidence, Happening, Trigger};
use store::OpenTimer;
use testing::world::{found, job_id};

use super::world::person;

/// When this process first saw a wake-up time: by the true clock, and what its civil clock said.
#[derive(Debug, Clone, Copy)]
pub struct FirstSight {
    pub true_us: i64,
    pub utc: Timestamp,
    pub wake: Wake,
}

/// A trigger on its way: prepared on what the files and rows were then.
#[derive(Debug, Clone)]
pub struct InFlight {
    pub job_id: JobId,
    pub trigger: Trigger,
    pub evidence: Evidence,
    pub epoch: Option<u64>,
    /// What lay on disk of the gate's artifact when it was looked at; the timer's promise is about
    /// that.
    pub looked_at: Option<Digest>,
    /// The session of the console that it comes from. None: a command, or the timer.
    pub console: Option<String>,
}

impl InFlight {
    /// What somebody wants; none: it is nobody's wish.
    pub fn command(&self) -> Option<&Command> {
        match &self.trigger {
            Trigger::Asked(ask) => Some(&ask.command),
            Trigger::Happened(_) => None,
        }
    }
}

pub fn plain(trigger: Trigger, evidence: Evidence) -> InFlight {
    InFlight {
        job_id: job_id("none"),
        trigger,
        evidence,
        epoch: None,
        looked_at: None,
        console: None,
    }
}

/// A command that is given beside the consoles.
pub fn asked(process: usize, command: Command, evidence: Evidence) -> InFlight {
    plain(testing::world::asked(person(process), None, command), evidence)
}

pub fn happened(happening: Happening, on_disk: Vec<OnDisk>) -> InFlight {
    plain(Trigger::Happened(happening), found(on_disk))
}

#[derive(Debug, Clone, Default)]
pub struct Process {
    pub is_alive: bool,
    pub epoch: Option<u64>,
    pub ticker: Ticker,
    pub first_sights: BTreeMap<(GateKey, Timestamp), FirstSight>,
    pub in_flight: Vec<InFlight>,
}

impl Process {
    pub fn started() -> Self {
        Self {
            is_alive: true,
            ticker: Ticker::follower(),
            ..Self::default()
        }
    }

    pub fn look(&mut self, timers: &[OpenTimer], grace_s: u64, now: Now, true_us: i64) {
        let wakes: Vec<_> = timers
            .iter()
            .filter_map(|gate| {
                let wake = gate.wake(grace_s)?;
                Some((gate.key.clone(), wake))
            })
            .collect();
        self.first_sights
            .retain(|(key, _), sight| wakes.contains(&(key.clone(), sight.wake)));
        for (key, wake) in &wakes {
            let sight = FirstSight {
                true_us,
                utc: now.utc,
                wake: *wake,
            };
            self.first_sights.entry((key.clone(), wake.at)).or_insert(sight);
        }
        self.ticker.set_all(wakes, now);
    }
}
