//! A small world: jobs, persons at several processes, a clock that somebody moves, stages that run
//! and die. Every rule in it is the real reducer's, every timer the real ticker's; store and files
//! are handed in or stand beside it, and fail when told to.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;

use domain::anchor::BootId;
use domain::ask::{Command, NewJob};
use domain::change::Applied;
use domain::gate::GateState;
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::key::GateKey;
use domain::operator::{Operator, Via};
use domain::policy::{GatePolicy, OnTimeout};
use domain::refusal::Refusal;
use domain::stage::StageSpec;
use domain::time::{Now, SECOND_US, Timestamp};
use domain::wake::{DueGate, WakeKind};
use engine::find;
use rules::{Context, Evidence, Happening, Trigger, reduce};
use store::Batched;
use testing::world::{found, job_id, operator, spec, stage};

use super::disk::{Budget, Disk, Stop, Versions};
use super::hands::Hands;
use super::process::{InFlight, Process, asked, plain};
use super::recalls::Recalls;
use super::requesters::{Requesters, promised};
use super::steps::{Crash, Step};
use super::store::{Plant, Storage};
use super::truth::Truth;
use crate::support::random::Random;

pub const GRACE_S: u64 = 20;
pub const WINDOW_S: u64 = 60;
pub const MAX_HOLD_S: u64 = 300;
pub const RECALL_S: u64 = 10;
const PERSONS: [&str; 3] = ["ana", "bea", "cem"];

/// Research has neither command nor gate: it is passed over.
pub static STAGES: LazyLock<[StageSpec; 3]> = LazyLock::new(|| {
    [
        spec("script", &["make"]),
        spec("research", &[]),
        spec("audio", &["speak"]),
    ]
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervisor {
    Alive,
    Ended,
    Dead,
}

/// A decision that somebody was told of: it stays for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub key: GateKey,
    pub hash: Digest,
}

#[derive(Debug, Clone)]
pub struct World<S> {
    pub store: S,
    /// The job that nothing runs for, where there is one.
    pub manual: Option<JobId>,
    /// Who opened each gate from outside.
    pub opened_by: BTreeMap<GateKey, String>,
    pub disk: Disk,
    pub versions: RefCell<Rc<Versions>>,
    pub now: Now,
    /// The time that really passed; no clock of the world shows it.
    pub true_us: i64,
    /// How often the machine was started.
    pub boots: u64,
    pub truth: Truth,
    pub hands: Hands,
    /// By how much the civil clock was set back, all in all.
    pub stepped_back_us: i64,
    pub processes: Vec<Process>,
    pub jobs: Vec<JobId>,
    pub policies: Rc<BTreeMap<StageName, GatePolicy>>,
    pub plant: Plant,
    pub epoch: u64,
    pub supervisors: BTreeMap<(JobId, StageName, u32), Supervisor>,
    pub crash: Option<Crash>,
    pub fails_launch: bool,
    pub replaces_at_launch: bool,
    pub contents: u32,
    /// Jobs whose artifact somebody else wrote to.
    pub touched: BTreeSet<JobId>,
    pub told: Vec<Told>,
    /// Gates that were taken back, as somebody was told.
    /// The gates of which somebody was reached by a last call.
    pub reached: BTreeSet<GateKey>,
    pub withdrawn: BTreeSet<GateKey>,
    /// What became of the decisions of persons that may be taken back.
    pub recalls: Recalls,
    /// Who promised signs of life.
    pub requesters: Requesters,
    /// How each gate ended, as it was first seen.
    pub settled: BTreeMap<GateKey, (GateState, String, Timestamp)>,
    pub violations: Vec<String>,
}

fn boot(number: u64) -> BootId {
    BootId::of_kernel(&format!("{number:016x}"))
}

/// Whoever sits at this process.
pub fn person(process: usize) -> Operator {
    let mut person = operator(PERSONS[process % PERSONS.len()]);
    person.via.pid = 100 + u32::try_from(process).unwrap_or(0);
    person
}

pub fn script_path() -> ArtifactPath {
    ArtifactPath::new("artifacts/script/script.txt").expect("a path")
}

impl<S: Storage> World<S> {
    /// Processes that run, the first of them leading; jobs that have been started.
    /// `at_zero`: what the timer does, and what where nobody was shown the whole change.
    pub fn new(store: S, plant: Plant, processes: usize, jobs: usize, at_zero: Option<(OnTimeout, OnTimeout)>) -> Self {
        let (on_timeout, unseen) = at_zero.unwrap_or_default();
        let policy = GatePolicy {
            auto_approve: at_zero.is_some(),
            auto_approve_after_s: at_zero.map(|_| WINDOW_S),
            on_timeout,
            unseen,
            max_hold_s: MAX_HOLD_S,
            ..GatePolicy::default()
        };
        let mut world = Self {
            store,
            manual: None,
            opened_by: BTreeMap::new(),
            disk: Disk::default(),
            versions: RefCell::default(),
            now: Now {
                utc: Timestamp::from_micros(1_750_000_000 * SECOND_US),
                boot_us: 500 * SECOND_US,
                boot: boot(1),
            },
            boots: 1,
            truth: Truth::default(),
            hands: Hands::default(),
            true_us: 0,
            stepped_back_us: 0,
            processes: (0..processes).map(|_| Process::started()).collect(),
            jobs: Vec::new(),
            policies: Rc::new(BTreeMap::from([(stage("script"), policy)])),
            plant,
            epoch: 0,
            supervisors: BTreeMap::new(),
            crash: None,
            fails_launch: false,
            replaces_at_launch: false,
            contents: 0,
            touched: BTreeSet::new(),
            told: Vec::new(),
            reached: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            recalls: Recalls::default(),
            requesters: Requesters::default(),
            settled: BTreeMap::new(),
            violations: Vec::new(),
        };
        world.take(Step::TakeLead(0));
        for number in 1..=jobs {
            world.start_job(&format!("j-{number}"));
        }
        world
    }

    /// The gates that open from now on have last calls; if nobody is reached, perhaps they are held.
    pub fn calls(&mut self, is_held: bool) {
        let policies = Rc::make_mut(&mut self.policies).values_mut();
        for policy in policies.filter(|policy| policy.auto_approve) {
            policy.remind_before_s = vec![45, 10];
            if is_held {
                policy.nobody_reached = OnTimeout::Hold;
            }
        }
    }

    fn start_job(&mut self, id: &str) {
        let id = job_id(id);
        self.jobs.push(id.clone());
        let new = NewJob {
            id: Some(id.clone()),
            slug: "tides".to_owned(),
            ..NewJob::default()
        };
        let in_flight = asked(0, Command::StartJob(new), Evidence::default());
        self.commit(0, &id, in_flight);
    }

    /// From now on the decisions of persons may be taken back for a while.
    pub fn recall_decisions(&mut self) {
        for policy in Rc::make_mut(&mut self.policies).values_mut() {
            policy.recall_s = RECALL_S;
        }
        self.recalls.is_wanted = true;
    }

    /// A job whose gates are opened from outside, beside the others.
    pub fn start_manual(&mut self) {
        let id = job_id("m-1");
        self.jobs.push(id.clone());
        self.manual = Some(id.clone());
        let opened = self.opening(0, "first");
        self.commit(0, &id, opened);
    }

    pub fn opening(&mut self, process: usize, word: &str) -> InFlight {
        let bytes = self.new_content(word);
        let artifact = self.keep(&script_path(), bytes.clone());
        if let Some(job) = self.jobs.iter().position(|id| Some(id) == self.manual.as_ref()) {
            self.put_script(job, Some(bytes));
        }
        let command = Command::OpenGate {
            job_id: self.manual.clone().expect("the manual job"),
            stage: stage("script"),
            artifacts: Vec::new(),
            bases: Vec::new(),
            context: Box::default(),
            heartbeat: promised(self.contents),
        };
        let evidence = Evidence {
            brought: vec![artifact],
            ..Evidence::default()
        };
        asked(process, command, evidence)
    }

    fn leader(&self) -> Option<usize> {
        self.processes
            .iter()
            .position(|process| process.is_alive && process.epoch == Some(self.epoch))
    }

    /// Takes one step; whatever it breaks is among the violations afterwards.
    pub fn take(&mut self, step: Step) {
        match step {
            Step::Deed(process, job, deed, at_once) => self.deed(process, job, deed, at_once),
            Step::Commit(process) => {
                let Some(runs) = self
                    .processes
                    .get_mut(process)
                    .filter(|one| one.is_alive && !one.in_flight.is_empty())
                else {
                    return;
                };
                let in_flight = runs.in_flight.remove(0);
                let job_id = in_flight.job_id.clone();
                self.commit(process, &job_id, in_flight);
            }
            Step::Look(process) => self.look(process),
            Step::Tick(process, looks, at_once) => self.tick(process, looks, at_once),
            Step::Pass(us) => {
                self.now = self.now.plus_us(us);
                self.true_us += us;
            }
            Step::SetClock(us) => {
                self.now.utc = self.now.utc.plus_us(us);
                self.stepped_back_us += us.min(0).abs();
            }
            Step::Change(job) => {
                let bytes = self.new_content("somebody's");
                self.put_script(job, Some(bytes));
            }
            Step::Vanish(job) => self.put_script(job, None),
            Step::Restore(job) => self.restore(job),
            Step::Arm(crash) => self.crash = Some(crash),
            Step::Fault(fault) => self.store.fail_next(Some(fault)),
            Step::Die(process) => self.die(process),
            Step::Start(process) => {
                if !self.processes[process].is_alive {
                    self.processes[process] = Process::started();
                    self.look(process);
                }
            }
            Step::LosePower => self.lose_power(),
            Step::TakeLead(process) => {
                if self.leader().is_none() && self.processes[process].is_alive {
                    self.epoch = self.store.take_lead();
                    self.processes[process].epoch = Some(self.epoch);
                    self.processes[process].ticker.set_lead(true);
                    self.look(process);
                }
            }
            Step::Resign(process) => {
                // What it was about to do goes on under the old epoch; a standby waits in the lock
                // and has it at once.
                let was_leading = self.leader() == Some(process);
                self.leader_turn(process, false);
                self.processes[process].epoch = None;
                self.processes[process].ticker.set_lead(false);
                let standby =
                    (0..self.processes.len()).find(|other| *other != process && self.processes[*other].is_alive);
                if let Some(standby) = standby.filter(|_| was_leading) {
                    self.take(Step::TakeLead(standby));
                }
            }
            Step::LeaderTurn(process, at_once) => self.leader_turn(process, at_once),
            Step::CommandEnds(job) => self.command_ends(job),
            Step::SupervisorDies(job) => {
                let id = &self.jobs[job];
                for (key, supervisor) in &mut self.supervisors {
                    if key.0 == *id && *supervisor == Supervisor::Alive {
                        *supervisor = Supervisor::Dead;
                    }
                }
            }
            Step::FailLaunch => self.fails_launch = true,
            Step::ReplaceAtLaunch => self.replaces_at_launch = true,
            Step::Publish(process, stop) => {
                if self.processes[process].is_alive {
                    let budget = stop.map_or(Budget::ENDLESS, |(steps, stop)| Budget {
                        steps,
                        stop: Some(stop),
                    });
                    self.publish(process, budget);
                }
            }
        }
        self.check();
    }

    pub fn look(&mut self, process: usize) {
        let timers = self.store.timers();
        let (now, true_us) = (self.now, self.true_us);
        if let Some(process) = self.processes.get_mut(process).filter(|process| process.is_alive) {
            process.look(&timers, GRACE_S, now, true_us);
        }
    }

    fn tick(&mut self, process: usize, looks: bool, at_once: bool) {
        if !self.processes[process].is_alive {
            return;
        }
        if looks {
            self.look(process);
        }
        let due = if self.plant == Plant::CivilTimeOnly {
            let now = self.now.utc;
            let known = self.processes[process].first_sights.iter();
            let due = known.filter(|((_, at), _)| *at <= now);
            due.map(|((key, _), sight)| DueGate::found(key.clone(), sight.wake, false, self.now))
                .collect()
        } else {
            self.processes[process].ticker.due(self.now, 500)
        };
        for gate in due {
            let job_id = gate.key.job_id.clone();
            let Some(rows) = self.store.rows(&job_id) else { continue };
            let Some(found_gate) = rows.gate(&gate.key.stage, gate.key.attempt) else {
                continue;
            };
            let looked_at = self.lies_there(&rows, &script_path());
            let mut on_disk = self.on_disk(&rows, found_gate);
            if self.plant == Plant::BlindTimer {
                for looked in &mut on_disk {
                    looked.found = Some((looked.registered, 1));
                }
            }
            let evidence = match gate.wake.kind {
                WakeKind::RecallEnd => find::expiry(self, &rows, Some(found_gate)).expect("the disk does not fail"),
                _ => found(on_disk),
            };
            let in_flight = InFlight {
                looked_at,
                ..plain(Trigger::Happened(Happening::Expired(gate)), evidence)
            };
            self.send(process, &job_id, in_flight, at_once);
            if !self.processes[process].is_alive {
                return;
            }
        }
    }

    pub fn send(&mut self, process: usize, job_id: &JobId, in_flight: InFlight, at_once: bool) {
        let in_flight = InFlight {
            job_id: job_id.clone(),
            ..in_flight
        };
        if at_once {
            self.commit(process, job_id, in_flight);
        } else {
            self.processes[process].in_flight.push(in_flight);
        }
    }

    pub fn die(&mut self, process: usize) {
        self.processes[process] = Process::default();
        self.disk.forget(process);
    }

    fn lose_power(&mut self) {
        for process in 0..self.processes.len() {
            self.die(process);
        }
        for supervisor in self.supervisors.values_mut() {
            if *supervisor == Supervisor::Alive {
                *supervisor = Supervisor::Dead;
            }
        }
        self.store.lose_power();
        let mut random = Random::seeded(self.true_us.unsigned_abs() ^ u64::from(self.contents));
        self.disk.lose_power(&mut random);
        self.boots += 1;
        (self.now.boot_us, self.now.boot) = (0, boot(self.boots));
        self.truth.forget();
        self.hands.forget();
        self.recalls.forget_times();
        self.requesters.forget_times();
    }

    pub fn commit(&mut self, process: usize, job_id: &JobId, in_flight: InFlight) -> Option<Result<Applied, Refusal>> {
        if !self.processes[process].is_alive {
            return None;
        }
        let crash = self.crash.take();
        if crash == Some(Crash::BeforeCommit) {
            self.die(process);
            return None;
        }
        let before = self.store.rows(job_id);
        let entry = Batched {
            job_id: job_id.clone(),
            submission: None,
            epoch: in_flight.epoch,
            matter: (in_flight.trigger.clone(), in_flight.evidence.clone()),
        };
        let policies = Rc::clone(&self.policies);
        let via = person(process).via;
        let cx = self.cx(&policies, &via);
        let answers = self.store.commit(&[entry], cx.now.utc, &mut |job_id, rows, wanted| {
            reduce(job_id, rows, &wanted.0, &wanted.1, cx)
        });
        self.judge(process, job_id, before.as_deref(), &in_flight);
        self.judge_recalls(job_id);
        if !matches!(answers.as_deref(), Ok([.., Err(_)])) {
            self.note_touched(job_id, &in_flight);
        }
        if crash == Some(Crash::AfterCommit) {
            self.die(process);
            return None;
        }
        // An error is told as an error: whether it is recorded is found out by looking.
        let answer = answers.ok()?.pop()?;
        if let Ok(applied) = &answer {
            if in_flight.epoch.is_some_and(|epoch| epoch != self.epoch) {
                self.violations.push("a former leader's input was taken".to_owned());
            }
            let told = applied.decisions.iter().map(|sealed| Told {
                key: sealed.decision.key(),
                hash: sealed.hash,
            });
            self.told.extend(told);
            self.note_outside(&in_flight.trigger, applied);
            if let Trigger::Happened(Happening::StageStarted { stage, attempt, .. }) = &in_flight.trigger
                && crash != Some(Crash::AfterAnswer)
            {
                self.launch(process, job_id, stage, *attempt, in_flight.epoch);
            }
        }
        match crash {
            Some(Crash::AfterAnswer) => self.die(process),
            Some(Crash::InFiles(steps)) => self.publish(
                process,
                Budget {
                    steps,
                    stop: Some(Stop::Died),
                },
            ),
            Some(Crash::BeforeCommit | Crash::AfterCommit) | None => {}
        }
        Some(answer)
    }

    /// What was found there, or handed in, is somebody's: it may have been put back, or changed
    /// again, since it was looked at. Also where it is not known whether it was recorded.
    fn note_touched(&mut self, job_id: &JobId, in_flight: &InFlight) {
        let is_review = in_flight.evidence.review.is_some();
        if is_review || matches!(in_flight.command(), Some(Command::OpenGate { .. })) {
            self.touched.insert(job_id.clone());
        }
    }

    fn note_outside(&mut self, trigger: &Trigger, applied: &Applied) {
        let Trigger::Asked(ask) = trigger else { return };
        match &ask.command {
            Command::OpenGate { .. } => {
                let opened = applied.opened.iter().map(|key| (key.clone(), ask.by.name.clone()));
                self.opened_by.extend(opened);
            }
            Command::Recall { .. } => {
                let opened = applied
                    .opened
                    .iter()
                    .map(|key| (key.clone(), key.attempt.saturating_sub(1)));
                for (key, attempt) in opened {
                    let former = GateKey { attempt, ..key.clone() };
                    let by = self.opened_by.get(&former).cloned();
                    self.opened_by.extend(by.map(|by| (key, by)));
                }
                self.recalls.taken_back.extend(applied.finished.iter().cloned());
            }
            Command::KeepAlive { gate, .. } => self.requesters.heard(gate, self.true_us),
            Command::Withdraw { gate, .. } => {
                let keys = self.opened_by.keys();
                let same = keys.filter(|key| key.job_id == gate.job_id && Some(key.attempt) == gate.attempt);
                self.withdrawn.extend(same.cloned().collect::<Vec<_>>());
            }
            _ => {}
        }
    }

    pub fn cx<'a>(&self, policies: &'a BTreeMap<StageName, GatePolicy>, via: &'a Via) -> Context<'a> {
        let mut now = self.now;
        if self.plant == Plant::CivilStops {
            now.boot = BootId::UNKNOWN;
        }
        Context {
            now,
            policies,
            stages: &STAGES[..],
            grace_s: GRACE_S,
            via,
        }
    }
}
