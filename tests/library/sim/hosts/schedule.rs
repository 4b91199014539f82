//! Schedules of several hosts, out of a seed.

use std::collections::BTreeMap;

use domain::ask::{Command, NewJob};
use domain::policy::{GatePolicy, OnTimeout};
use domain::time::SECOND_US;
use testing::world::{job_id, stage};

use super::super::steps::Deed;
use super::super::store::Plant;
use super::super::world::{MAX_HOLD_S, RECALL_S, WINDOW_S};
use super::world::{Hosts, LineFault, Ran};
use crate::support::random::Random;

const DEEDS: [Deed; 16] = [
    Deed::Approve,
    Deed::Approve,
    Deed::Approve,
    Deed::Reject,
    Deed::Hold,
    Deed::Release,
    Deed::Extend,
    Deed::Lease,
    Deed::Lease,
    Deed::TakeOver,
    Deed::Unlease,
    Deed::Seen,
    Deed::Recall,
    Deed::Resume,
    Deed::Resume,
    Deed::Cancel,
];

/// Clocks that are right, and more often such that are not.
const AHEAD_US: [i64; 12] = [
    0,
    0,
    400_000,
    -900_000,
    1_500_000,
    -1_500_000,
    15 * SECOND_US,
    -15 * SECOND_US,
    62 * SECOND_US,
    -70 * SECOND_US,
    3600 * SECOND_US,
    -3600 * SECOND_US,
];

const PASSES_US: [i64; 12] = [
    300_000,
    SECOND_US,
    SECOND_US,
    2 * SECOND_US,
    4 * SECOND_US,
    5 * SECOND_US,
    7 * SECOND_US,
    10 * SECOND_US,
    16 * SECOND_US,
    20 * SECOND_US,
    31 * SECOND_US,
    60 * SECOND_US,
];

/// One step of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// At this host, about this job.
    Deed(usize, usize, Deed),
    /// A submission of before is sent again, at this host.
    Ask(usize, usize),
    Pass(i64),
    SetClock(usize, i64),
    /// Nothing of it reaches the database.
    Cut(usize),
    Mend(usize),
    Fault(usize, LineFault),
    Kill(usize),
    /// In order.
    End(usize),
    Start(usize),
    Stop(usize),
    GoOn(usize),
    /// Its writer stands still.
    Stall(usize),
    Flow(usize),
    CommandsEnd(usize),
    SupervisorsDie(usize),
    /// The whole machine is started again.
    Boot(usize),
}

fn step(random: &mut Random, hosts: usize, jobs: usize) -> Step {
    let host = random.below(hosts);
    match random.below(43) {
        0..=8 => {
            let deed = random.pick(&DEEDS);
            let deed = if deed == Deed::Cancel && !random.one_in(4) {
                Deed::Seen
            } else {
                deed
            };
            Step::Deed(host, random.below(jobs), deed)
        }
        9 | 10 => Step::Ask(host, random.below(8)),
        11..=18 => Step::Pass(random.pick(&PASSES_US)),
        19 | 20 => Step::SetClock(host, random.pick(&AHEAD_US)),
        21 | 22 => Step::Cut(host),
        23 | 24 => Step::Mend(host),
        25 | 26 => Step::Fault(
            host,
            random.pick(&[
                LineFault::Refused,
                LineFault::LostBefore,
                LineFault::LostAfter,
                LineFault::LostAfter,
            ]),
        ),
        27 => Step::Kill(host),
        28 => Step::End(host),
        29..=31 => Step::Start(host),
        32 => random.pick(&[Step::Stop(host), Step::Cut(host)]),
        33 | 40 => Step::GoOn(host),
        // Long enough it leads no more, and does not know.
        41 | 42 => Step::Stop(host),
        34 => Step::Stall(host),
        35 => Step::Flow(host),
        36 | 37 => Step::CommandsEnd(host),
        38 => Step::SupervisorsDie(host),
        _ => Step::Boot(host),
    }
}

/// What a schedule came to.
#[derive(Debug)]
pub struct Played {
    pub steps: Vec<Step>,
    pub violations: Vec<String>,
    pub takeovers: usize,
    pub by_timer: usize,
    pub lost: usize,
    pub faults: usize,
}

impl Played {
    pub fn told(&self, seed: u64) -> String {
        let steps: Vec<_> = self.steps.iter().map(|step| format!("  {step:?}")).collect();
        format!(
            "HOLDPOINT_SIM_SEED={seed}: {}\n{}",
            self.violations.join("; "),
            steps.join("\n")
        )
    }
}

impl Hosts {
    fn take(&mut self, step: Step) {
        match step {
            Step::Deed(host, job, deed) => self.deed(host, job, deed),
            Step::Ask(host, back) => {
                if let Some(number) = self.asked.len().checked_sub(back + 1) {
                    self.ask(host, number);
                }
            }
            Step::Pass(us) => self.pass(us),
            Step::SetClock(host, ahead_us) => self.hosts[host].ahead_us = ahead_us,
            Step::Cut(host) => self.hosts[host].is_cut = true,
            Step::Mend(host) => self.hosts[host].is_cut = false,
            Step::Fault(host, fault) => self.hosts[host].fault = Some(fault),
            Step::Kill(host) => self.kill(host),
            Step::End(host) => self.end(host),
            Step::Start(host) => self.start_process(host),
            Step::Stop(host) => {
                self.hosts[host].is_stalled = true;
                self.turn(host);
                self.hosts[host].is_stopped = self.hosts[host].process.is_some();
            }
            // What its writer had in hand then is done before its loop turns again.
            Step::GoOn(host) => {
                let one = &mut self.hosts[host];
                (one.is_stopped, one.is_stalled) = (false, false);
                self.write(host);
            }
            Step::Stall(host) => self.hosts[host].is_stalled = self.hosts[host].process.is_some(),
            Step::Flow(host) => {
                self.hosts[host].is_stalled = false;
                self.write(host);
            }
            Step::CommandsEnd(host) => self.command_ends(host, Ran::Ended),
            Step::SupervisorsDie(host) => self.command_ends(host, Ran::Dead),
            Step::Boot(host) => self.boot(host),
        }
        self.settle();
    }
}

/// Plays the schedule of this seed; stops at the first thing that must not be.
pub fn play(seed: u64, plant: Plant) -> Played {
    let mut random = Random::seeded(seed ^ 0x5EED_0FF0);
    let on_timeout = random.pick(&[OnTimeout::Approve, OnTimeout::Approve, OnTimeout::Reject]);
    let policy = GatePolicy {
        auto_approve: true,
        auto_approve_after_s: Some(WINDOW_S),
        on_timeout,
        max_hold_s: MAX_HOLD_S,
        recall_s: if random.one_in(2) { RECALL_S } else { 0 },
        ..GatePolicy::default()
    };
    let (count, jobs) = (2 + random.below(2), 1 + random.below(2));
    let mut hosts = Hosts::new(plant, count, BTreeMap::from([(stage("script"), policy)]));
    for host in 0..count {
        hosts.start_process(host);
    }
    hosts.pass(SECOND_US);
    for number in 1..=jobs {
        let id = job_id(&format!("j-{number}"));
        hosts.jobs.push(id.clone());
        let new = NewJob {
            id: Some(id.clone()),
            slug: "tides".to_owned(),
            ..NewJob::default()
        };
        hosts.submit(0, id, Command::StartJob(new));
    }
    let mut steps = Vec::new();
    // Many stories begin at a gate.
    let opening = if random.one_in(4) {
        Vec::new()
    } else {
        (0..count).map(Step::CommandsEnd).collect()
    };
    let length = 10 + random.below(40);
    for number in 0..opening.len() + length {
        let step = match opening.get(number) {
            Some(step) => *step,
            None => step(&mut random, count, jobs),
        };
        steps.push(step);
        hosts.take(step);
        if !hosts.violations.is_empty() {
            break;
        }
    }
    if hosts.violations.is_empty() {
        hosts.judge_end();
    }
    Played {
        steps,
        takeovers: hosts.judged.takeovers,
        by_timer: hosts.judged.by_timer,
        lost: hosts.judged.lost.len(),
        faults: hosts.faults,
        violations: hosts.violations,
    }
}
