//! Schedules: one out of a seed, or every ordering of a few steps.

use domain::policy::OnTimeout;
use domain::time::SECOND_US;

use super::disk::Stop;
use super::steps::{Crash, Deed, Step};
use super::store::{CommitFault, Memory, Plant};
use super::world::{RECALL_S, World};
use crate::support::random::Random;

const DEEDS: [Deed; 25] = [
    Deed::Approve,
    Deed::Approve,
    Deed::Reject,
    Deed::ApprovePatched,
    Deed::RejectPatched,
    Deed::Patch,
    Deed::Patch,
    Deed::Undo,
    Deed::Hold,
    Deed::Release,
    Deed::Extend,
    Deed::Lease,
    Deed::TakeOver,
    Deed::Unlease,
    Deed::Seen,
    Deed::Reached,
    Deed::Resume,
    Deed::Resume,
    Deed::Cancel,
    Deed::Open,
    Deed::Withdraw,
    Deed::Recall,
    Deed::Recall,
    Deed::Alive,
    Deed::Alive,
];

const PASSES_S: [i64; 9] = [1, 4, 5, 6, 15, 30, 59, 60, 400];

fn crash(random: &mut Random) -> Crash {
    match random.below(4) {
        0 => Crash::BeforeCommit,
        1 => Crash::AfterCommit,
        2 => Crash::AfterAnswer,
        _ => Crash::InFiles(random.below(12)),
    }
}

fn step(random: &mut Random, processes: usize, jobs: usize) -> Step {
    let (process, job) = (random.below(processes), random.below(jobs));
    match random.below(40) {
        0..=11 => {
            let deed = random.pick(&DEEDS);
            // A canceled job is the end of its story.
            let deed = if deed == Deed::Cancel && !random.one_in(4) {
                Deed::Seen
            } else {
                deed
            };
            Step::Deed(process, job, deed, !random.one_in(4))
        }
        12..=14 => Step::Commit(process),
        15 | 16 => Step::Look(process),
        17..=21 => Step::Tick(process, random.one_in(2), !random.one_in(4)),
        22..=25 => Step::Pass(random.pick(&PASSES_S) * SECOND_US),
        26 => Step::SetClock(random.pick(&[-3600, -61, -5, 5, 61, 3600]) * SECOND_US),
        27 => match random.below(4) {
            0 => Step::Vanish(job),
            1 => Step::Restore(job),
            _ => Step::Change(job),
        },
        28 | 29 => Step::Arm(crash(random)),
        30 => Step::Fault(random.pick(&[CommitFault::Failed, CommitFault::Unknown])),
        31 => Step::Die(process),
        32 | 33 => Step::Start(process),
        34 => match random.below(5) {
            0 => Step::LosePower,
            1 => Step::SupervisorDies(job),
            2 => random.pick(&[Step::FailLaunch, Step::ReplaceAtLaunch]),
            _ => Step::Resign(process),
        },
        35 => Step::TakeLead(process),
        36 | 37 => Step::LeaderTurn(process, !random.one_in(4)),
        38 => Step::CommandEnds(job),
        _ => {
            let stop = random.one_in(2).then(|| {
                (
                    random.below(12),
                    random.pick(&[Stop::Died, Stop::Error, Stop::Slow, Stop::Slow]),
                )
            });
            Step::Publish(process, stop)
        }
    }
}

/// What a schedule came to.
#[derive(Debug)]
pub struct Played {
    pub steps: Vec<Step>,
    pub violations: Vec<String>,
    pub decisions: usize,
    pub by_timer: usize,
    /// How often a requester fell silent.
    pub silences: usize,
}

/// Plays the schedule of this seed; stops at the first thing that must not be.
pub fn play(seed: u64, plant: Plant) -> Played {
    let mut random = Random::seeded(seed);
    let store = Memory::with(plant);
    let on_timeout = random.pick(&[
        Some(OnTimeout::Approve),
        Some(OnTimeout::Approve),
        Some(OnTimeout::Reject),
        Some(OnTimeout::Hold),
        None,
    ]);
    let (processes, jobs) = (2 + random.below(2), 1 + random.below(2));
    let unseen = random.pick(&[OnTimeout::Approve, OnTimeout::Hold, OnTimeout::Hold, OnTimeout::Reject]);
    let mut world = World::new(store, plant, processes, jobs, on_timeout.map(|then| (then, unseen)));
    if random.one_in(2) {
        world.calls(random.one_in(2));
    }
    let mut jobs = jobs;
    if random.one_in(2) {
        world.recall_decisions();
    }
    if random.one_in(3) {
        world.start_manual();
        jobs += 1;
    }
    let mut steps = Vec::new();
    // Most stories begin at a gate.
    let mut opening = vec![
        Step::LeaderTurn(0, true),
        Step::CommandEnds(0),
        Step::LeaderTurn(0, true),
    ];
    if world.jobs.len() > 1 {
        opening.insert(1, Step::CommandEnds(1));
    }
    // Others where what was approved is not what lies there when the next stage is to start.
    if random.one_in(4) {
        let replaced = random.pick(&[Step::Change(0), Step::ReplaceAtLaunch]);
        opening.extend([
            Step::Deed(0, 0, Deed::Approve, true),
            Step::Look(0),
            Step::Pass(RECALL_S as i64 * SECOND_US),
            Step::Tick(0, false, true),
            replaced,
            Step::LeaderTurn(0, true),
        ]);
    }
    let length = 10 + random.below(30);
    for number in 0..opening.len() + length {
        let step = match opening.get(number) {
            Some(step) => *step,
            None => step(&mut random, processes, jobs),
        };
        steps.push(step);
        world.take(step);
        if !world.violations.is_empty() {
            break;
        }
    }
    if world.violations.is_empty() {
        world.recover();
    }
    // The other planted defects are for other invariants.
    if world.violations.is_empty() && matches!(plant, Plant::None | Plant::ForecastForgetsHolds) {
        world.happens_as_foreseen();
    }
    if world.violations.is_empty() {
        world.settle();
    }
    let by_timer = world.settled.values().filter(|(_, by, _)| by == "timer").count();
    Played {
        steps,
        violations: world.violations,
        decisions: world.settled.len(),
        by_timer,
        silences: world.requesters.silences(),
    }
}

/// The steps whose orderings are all tried. A crash strikes whoever commits next; everything starts
/// again after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    Approve,
    Reject,
    Expire,
    Hold,
    Changed,
    Crash(Crash),
}

pub const LETTERS: [Letter; 5] = [
    Letter::Approve,
    Letter::Reject,
    Letter::Expire,
    Letter::Hold,
    Letter::Changed,
];

/// Where a crash may strike.
pub const CRASHES: [Crash; 6] = [
    Crash::BeforeCommit,
    Crash::AfterCommit,
    Crash::AfterAnswer,
    Crash::InFiles(2),
    Crash::InFiles(5),
    Crash::InFiles(9),
];

fn letter(world: &mut World<Memory>, letter: Letter) {
    for process in 0..world.processes.len() {
        world.take(Step::Start(process));
    }
    world.take(Step::TakeLead(0));
    match letter {
        Letter::Approve => world.take(Step::Deed(0, 0, Deed::Approve, true)),
        Letter::Reject => world.take(Step::Deed(1, 0, Deed::Reject, true)),
        Letter::Hold => world.take(Step::Deed(0, 0, Deed::Hold, true)),
        Letter::Changed => world.take(Step::Change(0)),
        Letter::Crash(crash) => world.take(Step::Arm(crash)),
        Letter::Expire => {
            // The rest of the window in one go, watched: the leader asks at the deadline, not long
            // after it.
            world.take(Step::Look(0));
            world.take(Step::Pass(60 * SECOND_US));
            world.take(Step::Tick(0, false, true));
        }
    }
}

/// Plays every ordering of these letters up to a length, each prefix once; a crash is one of
/// `crashes` by turns, or each of them.
pub struct Orderings {
    pub crashes: Vec<Crash>,
    pub is_each: bool,
    pub plant: Plant,
    pub played: usize,
    pub failed: Option<(Vec<Letter>, Vec<String>)>,
}

impl Orderings {
    pub fn of(plant: Plant, crashes: &[Crash], is_each: bool) -> Self {
        Self {
            crashes: crashes.to_vec(),
            is_each,
            plant,
            played: 0,
            failed: None,
        }
    }

    /// A job at its open, timed gate.
    pub fn at_gate(&self) -> World<Memory> {
        let store = Memory::with(self.plant);
        let mut world = World::new(store, self.plant, 2, 1, Some((OnTimeout::Approve, OnTimeout::Approve)));
        for step in [
            Step::LeaderTurn(0, true),
            Step::CommandEnds(0),
            Step::LeaderTurn(0, true),
        ] {
            world.take(step);
        }
        world
    }

    pub fn play(&mut self, world: &World<Memory>, so_far: &mut Vec<Letter>, left: usize) {
        if left == 0 || self.failed.is_some() {
            return;
        }
        let crashes: Vec<Crash> = if self.is_each {
            self.crashes.clone()
        } else {
            vec![self.crashes[self.played % self.crashes.len()]]
        };
        for next in LETTERS.into_iter().chain(crashes.into_iter().map(Letter::Crash)) {
            let mut world = world.clone();
            letter(&mut world, next);
            so_far.push(next);
            self.played += 1;
            let mut recovered = world.clone();
            if recovered.violations.is_empty() {
                recovered.recover();
            }
            if !recovered.violations.is_empty() && self.failed.is_none() {
                self.failed = Some((so_far.clone(), recovered.violations));
            }
            self.play(&world, so_far, left - 1);
            so_far.pop();
        }
    }
}
