//! A small world: jobs, persons at several processes, a clock that somebody moves, stages that run
//! and die. Every rule in it is the real reducer's, every timer the real ticker's; store and files
//! are handed in or stand beside it, and fail when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;

use domain::anchor::BootId;
use domain::artifact::GateArtifact;
use domain::ask::{Ask, Command, NewJob};
use domain::change::Applied;
use domain::decision::Extent;
use domain::event::predecessors;
use domain::gate::{Gate, GateState, OnDisk, Verdict};
use domain::ids::{ArtifactPath, Digest, JobId, StageName};
use domain::job::{AttemptState, JobRows, JobStatus};
use domain::key::GateKey;
use domain::key::GateRef;
use domain::lease::LeasePurpose;
use domain::operator::{Operator, Surface, Via};
use domain::outlook::{Fact, Outlook};
use domain::policy::{GatePolicy, OnTimeout};
use domain::proposal::{FileEffect, Proposal};
use domain::refusal::Refusal;
use domain::stage::StageSpec;
use domain::time::{Now, SECOND_US, Timestamp};
use rules::{Ahead, Context, Evidence, Happening, OpeningRecord, Review, StageOutcome, Trigger, foresee, reduce};
use serde_json::{Value, json};
use store::Batched;

use super::disk::{self, Budget, Disk, Publisher, Stop, Versions, artifact_file};
use super::hands::Hands;
use super::process::{InFlight, Process};
use super::store::{Plant, Storage, attempts_in};
use super::truth::Truth;
use crate::support::random::Random;

pub const GRACE_S: u64 = 20;
pub const WINDOW_S: u64 = 60;
pub const MAX_HOLD_S: u64 = 300;
const PERSONS: [&str; 3] = ["ana", "bea", "cem"];

/// Research has neither command nor gate: it is passed over.
static STAGES: LazyLock<[StageSpec; 3]> = LazyLock::new(|| {
    let spec = |name: &str, command: &[&str]| StageSpec {
        name: stage(name),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: BTreeMap::new(),
        timeout_s: None,
        artifacts: Vec::new(),
    };
    [
        spec("script", &["make"]),
        spec("research", &[]),
        spec("audio", &["speak"]),
    ]
});

/// Something that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Approve,
    ApprovePatched,
    Reject,
    RejectPatched,
    Patch,
    Undo,
    Hold,
    Release,
    Extend,
    Lease,
    TakeOver,
    Unlease,
    Seen,
    Resume,
    Cancel,
    /// A gate is opened from outside: on the manual job.
    Open,
    Withdraw,
}

/// Where the next process that commits dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    BeforeCommit,
    AfterCommit,
    AfterAnswer,
    /// After so many steps of publishing.
    InFiles(usize),
}

/// One step of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Process, job, deed; whether it is committed at once or left on its way.
    Deed(usize, usize, Deed, bool),
    /// The oldest input on its way in this process is committed.
    Commit(usize),
    Look(usize),
    /// Look first or not; commit at once or not.
    Tick(usize, bool, bool),
    Pass(i64),
    SetClock(i64),
    Change(usize),
    Vanish(usize),
    Restore(usize),
    Arm(Crash),
    Fault(super::store::CommitFault),
    Die(usize),
    Start(usize),
    LosePower,
    TakeLead(usize),
    Resign(usize),
    /// At once, or left on its way: a leader that is stopped for a while.
    LeaderTurn(usize, bool),
    CommandEnds(usize),
    SupervisorDies(usize),
    /// The next supervisor cannot be started.
    FailLaunch,
    /// Somebody replaces the artifact between the row that says that the next stage runs and its
    /// launch.
    ReplaceAtLaunch,
    Publish(usize, Option<(usize, Stop)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supervisor {
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
    pub versions: Rc<Versions>,
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
    policies: Rc<BTreeMap<StageName, GatePolicy>>,
    pub plant: Plant,
    epoch: u64,
    supervisors: BTreeMap<(JobId, StageName, u32), Supervisor>,
    pub crash: Option<Crash>,
    pub fails_launch: bool,
    pub replaces_at_launch: bool,
    contents: u32,
    /// Jobs whose artifact somebody else wrote to.
    pub touched: BTreeSet<JobId>,
    pub told: Vec<Told>,
    /// Gates that were taken back, as somebody was told.
    pub withdrawn: BTreeSet<GateKey>,
    /// How each gate ended, as it was first seen.
    pub settled: BTreeMap<GateKey, (GateState, String, Timestamp)>,
    pub violations: Vec<String>,
}

fn boot(number: u64) -> BootId {
    BootId::of_kernel(&format!("{number:016x}"))
}

fn stage(name: &str) -> StageName {
    StageName::new(name).expect("a stage")
}

fn via(process: usize) -> Via {
    Via {
        surface: Surface::Console,
        login: PERSONS[process % PERSONS.len()].to_owned(),
        uid: 1000,
        host: "ops1".to_owned(),
        ssh_client: None,
        pid: 100 + u32::try_from(process).unwrap_or(0),
    }
}

fn person(process: usize) -> Operator {
    Operator {
        name: PERSONS[process % PERSONS.len()].to_owned(),
        via: via(process),
    }
}

fn script_path() -> ArtifactPath {
    ArtifactPath::new("artifacts/script/script.txt").expect("a path")
}

impl<S: Storage> World<S> {
    /// Processes that run, the first of them leading; jobs that have been started.
    pub fn new(store: S, plant: Plant, processes: usize, jobs: usize, on_timeout: Option<OnTimeout>) -> Self {
        let policy = GatePolicy {
            required: true,
            auto_approve: on_timeout.is_some(),
            auto_approve_after_s: on_timeout.map(|_| WINDOW_S),
            on_timeout: on_timeout.unwrap_or_default(),
            max_hold_s: MAX_HOLD_S,
        };
        let mut world = Self {
            store,
            manual: None,
            opened_by: BTreeMap::new(),
            disk: Disk::default(),
            versions: Rc::default(),
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
            withdrawn: BTreeSet::new(),
            settled: BTreeMap::new(),
            violations: Vec::new(),
        };
        world.take(Step::TakeLead(0));
        for number in 1..=jobs {
            world.start_job(&format!("j-{number}"));
        }
        world
    }

    fn start_job(&mut self, id: &str) {
        let id = JobId::new(id).expect("a job id");
        self.jobs.push(id.clone());
        let new = NewJob {
            id: Some(id.clone()),
            slug: "tides".to_owned(),
            ..NewJob::default()
        };
        let in_flight = asked(0, Command::StartJob(new), Evidence::default());
        self.commit(0, &id, in_flight);
    }

    /// A job whose gates are opened from outside, beside the others.
    pub fn start_manual(&mut self) {
        let id = JobId::new("m-1").expect("a job id");
        self.jobs.push(id.clone());
        self.manual = Some(id.clone());
        let opened = self.opening(0, "first");
        self.commit(0, &id, opened);
    }

    fn opening(&mut self, process: usize, word: &str) -> InFlight {
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
                self.now = Now {
                    utc: self.now.utc.plus_us(us),
                    boot_us: self.now.boot_us + us,
                    ..self.now
                };
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

    fn look(&mut self, process: usize) {
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
            due.map(|((key, _), sight)| engine::ticker::DueGate {
                key: key.clone(),
                wake: sight.wake,
                is_missed: false,
            })
            .collect()
        } else {
            self.processes[process].ticker.due(self.now, 500)
        };
        for gate in due {
            let job_id = gate.key.job_id.clone();
            let Some(rows) = self.store.rows(&job_id) else { continue };
            let Some(found) = rows.gate(&gate.key.stage, gate.key.attempt) else {
                continue;
            };
            let looked_at = self.lies_there(&rows, &script_path());
            let mut on_disk = self.on_disk(&rows, found);
            if self.plant == Plant::BlindTimer {
                for looked in &mut on_disk {
                    looked.found = Some((looked.registered, 1));
                }
            }
            let expired = Happening::Expired {
                key: gate.key,
                wake: gate.wake,
                is_missed: gate.is_missed,
            };
            let in_flight = InFlight {
                looked_at,
                ..happened(expired, on_disk)
            };
            self.send(process, &job_id, in_flight, at_once);
            if !self.processes[process].is_alive {
                return;
            }
        }
    }

    fn send(&mut self, process: usize, job_id: &JobId, in_flight: InFlight, at_once: bool) {
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

    fn die(&mut self, process: usize) {
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
    }

    fn commit(&mut self, process: usize, job_id: &JobId, in_flight: InFlight) -> Option<Result<Applied, Refusal>> {
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
            epoch: in_flight.epoch,
            matter: (in_flight.trigger.clone(), in_flight.evidence.clone()),
        };
        let policies = Rc::clone(&self.policies);
        let (mut now, via) = (self.now, via(process));
        if self.plant == Plant::CivilStops {
            now.boot = BootId::UNKNOWN;
        }
        let cx = Context {
            now,
            policies: &policies,
            stages: &STAGES[..],
            grace_s: GRACE_S,
            via: &via,
        };
        let answers = self.store.commit(&[entry], now.utc, &mut |job_id, rows, wanted| {
            reduce(job_id, rows, &wanted.0, &wanted.1, cx)
        });
        self.judge(process, job_id, before.as_deref(), &in_flight);
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
            if let Trigger::Happened(Happening::StageStarted { stage, attempt }) = &in_flight.trigger
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
            Command::Withdraw { gate, .. } => {
                let keys = self.opened_by.keys();
                let same = keys.filter(|key| key.job_id == gate.job_id && Some(key.attempt) == gate.attempt);
                self.withdrawn.extend(same.cloned().collect::<Vec<_>>());
            }
            _ => {}
        }
    }

    /// The row says that it runs; after a last look its supervisor starts.
    fn launch(&mut self, process: usize, job_id: &JobId, stage: &StageName, attempt: u32, epoch: Option<u64>) {
        if std::mem::take(&mut self.replaces_at_launch)
            && let Some(job) = self.jobs.iter().position(|id| id == job_id)
        {
            let bytes = self.new_content("somebody's");
            self.put_script(job, Some(bytes));
        }
        let rows = self.store.rows(job_id).expect("the job that was just changed");
        let moved = self.looks(&rows, stage).into_iter().find(OnDisk::is_moved);
        let stage = stage.clone();
        let not_launched = match moved.filter(|_| self.plant != Plant::LaunchesBlind) {
            Some(moved) => Some(Happening::ArtifactMoved {
                stage: stage.clone(),
                attempt,
                moved,
            }),
            None if std::mem::take(&mut self.fails_launch) => Some(Happening::StageNotStarted {
                stage: stage.clone(),
                attempt,
                why: "too many processes".to_owned(),
            }),
            None => None,
        };
        if let Some(happening) = not_launched {
            let in_flight = InFlight {
                epoch,
                ..happened(happening, Vec::new())
            };
            self.commit(process, job_id, in_flight);
            return;
        }
        self.judge_launch(job_id, &stage, attempt);
        let is_any_alive = self
            .supervisors
            .iter()
            .any(|(key, supervisor)| key.0 == *job_id && *supervisor == Supervisor::Alive);
        if is_any_alive {
            self.violations.push(format!("{job_id}: two stages run at once"));
        }
        let key = (job_id.clone(), stage.clone(), attempt);
        if self.supervisors.insert(key, Supervisor::Alive).is_some() {
            self.violations.push(format!("{job_id}: {stage} #{attempt} runs twice"));
        }
    }

    fn publish(&mut self, process: usize, mut budget: Budget) {
        for job_id in self.store.job_ids() {
            let versions = Rc::clone(&self.versions);
            let by = Publisher {
                process,
                plant: self.plant,
                versions: &versions,
            };
            let paid = disk::publish(&mut self.store, &mut self.disk, &by, &job_id, &mut budget);
            match paid {
                Ok(()) => {}
                Err(Stop::Died) => return self.die(process),
                Err(Stop::Error | Stop::Slow) => return,
            }
        }
        // A process that was to die in the files and found too few steps dies after them.
        if budget.stop == Some(Stop::Died) {
            self.die(process);
        }
    }

    /// What the leader does on its own: starts what waits, tells what ended.
    fn leader_turn(&mut self, process: usize, at_once: bool) {
        let Some(epoch) = self.processes[process]
            .epoch
            .filter(|_| self.processes[process].is_alive)
        else {
            return;
        };
        for job_id in self.jobs.clone() {
            let Some(rows) = self.store.rows(&job_id) else { continue };
            for (stage, attempt) in attempts_in(&rows, AttemptState::Running) {
                let outcome = match self.supervisors.get(&(job_id.clone(), stage.clone(), attempt)) {
                    Some(Supervisor::Alive) => continue,
                    Some(Supervisor::Ended) => StageOutcome::Made(self.made(&job_id, &stage)),
                    Some(Supervisor::Dead) | None => StageOutcome::Lost,
                };
                let ended = Happening::StageEnded {
                    stage,
                    attempt,
                    outcome,
                };
                let in_flight = InFlight {
                    epoch: Some(epoch),
                    ..happened(ended, Vec::new())
                };
                self.send(process, &job_id, in_flight, at_once);
            }
            let queued = attempts_in(&rows, AttemptState::Queued).into_iter().next();
            if let Some((stage, attempt)) = queued.filter(|_| rows.job.status == JobStatus::Queued) {
                // What a stage reads is in its place; whether it is on the platter is another
                // matter.
                self.publish(process, Budget::SLOW);
                let on_disk = self.looks(&rows, &stage);
                let happening = match on_disk.iter().find(|looked| looked.is_moved()).cloned() {
                    Some(moved) => Happening::ArtifactMoved { stage, attempt, moved },
                    None => Happening::StageStarted { stage, attempt },
                };
                let in_flight = InFlight {
                    epoch: Some(epoch),
                    ..happened(happening, on_disk)
                };
                self.send(process, &job_id, in_flight, at_once);
            }
        }
    }

    fn agreed_look(&self, rows: &JobRows, path: &ArtifactPath, agreed: Digest) -> OnDisk {
        let found = self.lies_there(rows, path);
        // Whoever lets bytes through takes what is registered for what was decided on.
        let is_let_through = self.plant == Plant::ResumeLetsThrough && found == rows.registered(path);
        let found = if is_let_through { Some(agreed) } else { found };
        OnDisk {
            path: path.clone(),
            registered: agreed,
            found: found.map(|digest| (digest, 1)),
        }
    }

    /// What lies there of everything that a stage may read.
    fn looks(&self, rows: &JobRows, stage: &StageName) -> Vec<OnDisk> {
        let agreed = rows.agreed_before(stage).into_iter();
        agreed
            .map(|agreed| self.agreed_look(rows, &agreed.artifact.path, agreed.digest))
            .collect()
    }

    fn made(&mut self, job_id: &JobId, stage: &StageName) -> Vec<GateArtifact> {
        if stage.as_str() != "script" {
            return Vec::new();
        }
        let path = script_path();
        let bytes = self
            .disk
            .read(&artifact_file(job_id, path.as_str()))
            .map(<[u8]>::to_vec);
        bytes.map(|bytes| self.keep(&path, bytes)).into_iter().collect()
    }

    /// The commands of this job's running stages end well; the first one's makes the script anew.
    fn command_ends(&mut self, job: usize) {
        let id = self.jobs[job].clone();
        let alive: Vec<_> = self
            .supervisors
            .iter()
            .filter(|(key, supervisor)| key.0 == id && **supervisor == Supervisor::Alive)
            .map(|(key, _)| key.clone())
            .collect();
        for key in alive {
            if key.1.as_str() == "script" {
                let bytes = self.new_content("made");
                self.put_script(job, Some(bytes));
                let rows = self.store.rows(&id);
                let attempts = rows
                    .map(|rows| attempts_in(&rows, AttemptState::Running))
                    .unwrap_or_default();
                // What the command of a canceled job still wrote is never registered: it stays
                // somebody's bytes.
                if attempts.contains(&(key.1.clone(), key.2)) {
                    self.touched.remove(&id);
                }
            }
            self.supervisors.insert(key, Supervisor::Ended);
        }
    }

    fn new_content(&mut self, word: &str) -> Vec<u8> {
        self.contents += 1;
        format!("{word} {}\n", self.contents).into_bytes()
    }

    fn keep(&mut self, path: &ArtifactPath, bytes: Vec<u8>) -> GateArtifact {
        let (digest, size_bytes) = (Digest::of(&bytes), bytes.len() as u64);
        Rc::make_mut(&mut self.versions).insert(digest, bytes);
        under_review(path, digest, size_bytes)
    }

    fn put_script(&mut self, job: usize, bytes: Option<Vec<u8>>) {
        let id = self.jobs[job].clone();
        if let Some(bytes) = &bytes {
            self.keep(&script_path(), bytes.clone());
        }
        self.disk.put(&artifact_file(&id, script_path().as_str()), bytes);
        self.touched.insert(id);
    }

    /// Somebody puts back what is registered.
    fn restore(&mut self, job: usize) {
        let id = self.jobs[job].clone();
        let registered = self.store.rows(&id).and_then(|rows| rows.registered(&script_path()));
        if let Some(bytes) = registered.and_then(|digest| self.versions.get(&digest).cloned()) {
            self.disk.put(&artifact_file(&id, script_path().as_str()), Some(bytes));
            self.touched.remove(&id);
        }
    }

    /// What lies there; a version that an owed patch replaced counts as the patched one.
    fn lies_there(&self, rows: &JobRows, path: &ArtifactPath) -> Option<Digest> {
        let found = self
            .disk
            .read(&artifact_file(&rows.job.id, path.as_str()))
            .map(Digest::of);
        let registered = rows.registered(path);
        if found == registered {
            return found;
        }
        let owed = self.store.owed_of(&rows.job.id);
        let is_owed = owed.is_some_and(|owed| predecessors(&owed.events, path).any(|former| former == found));
        if is_owed { registered } else { found }
    }

    fn on_disk(&self, rows: &JobRows, gate: &Gate) -> Vec<OnDisk> {
        let look = |artifact: &GateArtifact| OnDisk {
            path: artifact.path.clone(),
            registered: artifact.digest,
            found: self.lies_there(rows, &artifact.path).map(|digest| (digest, 1)),
        };
        gate.artifacts.iter().map(look).collect()
    }

    fn planned(&mut self, gate: &Gate, on_disk: &[OnDisk], patch: Value) -> Option<FileEffect> {
        let artifact = gate.artifacts.first()?.clone();
        let (planned_on, size_bytes) = on_disk.first()?.found?;
        let current = GateArtifact {
            digest: planned_on,
            size_bytes,
            ..artifact.clone()
        };
        let after = self.keep(&artifact.path, format!("patched {}\n", patch["number"]).into_bytes());
        Some(FileEffect {
            patch,
            artifact: artifact.path.clone(),
            planned_on,
            former: Some(current.version()),
            after: GateArtifact {
                patches: artifact.patches,
                ..after
            },
            changes: vec!["changed".to_owned()],
        })
    }

    fn new_patch(&mut self) -> Value {
        self.contents += 1;
        json!({ "type": "text_replace", "number": self.contents })
    }

    fn deed(&mut self, process: usize, job: usize, deed: Deed, at_once: bool) {
        if !self.processes[process].is_alive {
            return;
        }
        let job_id = self.jobs[job].clone();
        let Some(rows) = self.store.rows(&job_id) else { return };
        let Some(in_flight) = self.prepare(process, &rows, deed) else {
            return;
        };
        if !at_once {
            return self.send(process, &job_id, in_flight, false);
        }
        // Who is asked before it is done is asked with the very same input.
        let foreseen = self.foresee(process, &job_id, &in_flight);
        let in_flight = InFlight {
            job_id: job_id.clone(),
            ..in_flight
        };
        // None: a crash or a fault, of which no preview speaks.
        if let Some(done) = self.commit(process, &job_id, in_flight) {
            self.judge_preview(&rows, foreseen, &done.map(|_| ()));
        }
    }

    /// What a preview would say of this input, right before it is committed.
    fn foresee(&mut self, process: usize, job_id: &JobId, in_flight: &InFlight) -> Result<Outlook, Refusal> {
        let rows = self.store.rows_to_foresee(job_id);
        let Trigger::Asked(ask) = &in_flight.trigger else {
            panic!("only what somebody wants is foreseen");
        };
        let mut evidence = in_flight.evidence.clone();
        if self.plant == Plant::BlindPreview {
            look_away(&mut evidence);
        }
        let via = via(process);
        let policies = Rc::clone(&self.policies);
        let cx = self.context(&policies, &via);
        let (mut outlook, _) = foresee(job_id, rows.as_deref(), ask, &evidence, cx, &mut |_, rows| {
            Ok(self.resume(process, rows).evidence)
        })?;
        if self.plant == Plant::GuessingPreview {
            guess(&mut outlook, rows.as_deref());
        }
        Ok(outlook)
    }

    fn prepare(&mut self, process: usize, rows: &JobRows, deed: Deed) -> Option<InFlight> {
        if deed == Deed::Cancel {
            let cancel = Command::Cancel(rows.job.id.clone());
            return Some(asked(process, cancel, Evidence::default()));
        }
        if deed == Deed::Open {
            return (Some(&rows.job.id) == self.manual.as_ref()).then(|| self.opening(process, "opened"));
        }
        if deed == Deed::Resume {
            return Some(self.resume(process, rows));
        }
        let found = rows.gates.last()?.clone();
        let gate = GateRef {
            job_id: rows.job.id.clone(),
            stage: found.key.stage.clone(),
            attempt: Some(found.key.attempt),
        };
        let on_disk = self.on_disk(rows, &found);
        let looked_at = self.lies_there(rows, &script_path());
        let proposal = match deed {
            Deed::ApprovePatched | Deed::RejectPatched | Deed::Patch => {
                let patch = self.new_patch();
                Some(Proposal::File(Box::new(self.planned(&found, &on_disk, patch)?)))
            }
            _ => None,
        };
        let patch = proposal.as_ref().map(|proposal| proposal.patch().clone());
        let reason = None;
        let command = match deed {
            Deed::Approve | Deed::ApprovePatched | Deed::Reject | Deed::RejectPatched => Command::Decide {
                gate,
                verdict: match deed {
                    Deed::Approve | Deed::ApprovePatched => Verdict::Approve,
                    _ => Verdict::Reject,
                },
                notes: Some("a note".to_owned()),
                patch,
                digest: Some(found.digest()),
            },
            Deed::Patch => Command::ApplyPatch {
                gate,
                patch: patch?,
                digest: Some(found.digest()),
            },
            Deed::Undo => Command::UndoPatch {
                gate,
                path: Some(script_path()),
                digest: None,
            },
            Deed::Hold => Command::Hold { gate, reason },
            Deed::Release => Command::Release { gate, reason },
            Deed::Extend => Command::Extend {
                gate,
                seconds: 45,
                expected: None,
            },
            Deed::Lease | Deed::TakeOver => Command::TakeLease {
                gate,
                purpose: LeasePurpose::Compose,
                is_takeover: deed == Deed::TakeOver,
            },
            Deed::Unlease => Command::ReleaseLease { gate },
            Deed::Seen => Command::MarkSeen {
                gate,
                digest: found.digest(),
                extent: Extent {
                    hunks: 3,
                    hunks_shown: self.contents % 4,
                },
            },
            Deed::Withdraw => Command::Withdraw { gate, reason },
            Deed::Resume | Deed::Cancel | Deed::Open => return None,
        };
        let evidence = Evidence {
            on_disk,
            proposal,
            opening: OpeningRecord {
                opened_by: self.opened_by.get(&found.key).cloned(),
                is_withdrawn: self.withdrawn.contains(&found.key),
                may_any: false,
            },
            ..Evidence::default()
        };
        let session = match deed {
            Deed::Lease | Deed::TakeOver | Deed::Unlease => Some(session(process)),
            _ => console(process).filter(|_| self.plant != Plant::NamelessConsole),
        };
        let ask = Ask {
            by: person(process),
            session,
            command,
        };
        let ahead = if matches!(ask.command, Command::Decide { .. }) {
            let (policies, via) = (Rc::clone(&self.policies), via(process));
            let ahead = Ahead::of(rows, &ask, &evidence, self.context(&policies, &via));
            ahead.ok().flatten().map(|ahead| self.looks_ahead(rows, &ahead))
        } else {
            None
        };
        Some(InFlight {
            looked_at,
            console: console(process),
            ..plain(Trigger::Asked(ask), Evidence { ahead, ..evidence })
        })
    }

    /// A resume, with what it needs to know.
    fn resume(&mut self, process: usize, rows: &JobRows) -> InFlight {
        let (mut on_disk, mut proposal) = (Vec::new(), None);
        if let Some(rejection) = rows.rejection_to_answer()
            && let Some(patch) = rejection.decision.patch().cloned()
            && let Some(gate) = rows.gate(rejection.decision.stage(), rejection.decision.attempt())
        {
            on_disk = self.on_disk(rows, gate);
            let effect = self.planned(gate, &on_disk, patch);
            proposal = effect.map(|effect| Proposal::File(Box::new(effect)));
        }
        let evidence = Evidence {
            on_disk,
            proposal,
            ..Evidence::default()
        };
        let ask = Ask {
            by: person(process),
            session: None,
            command: Command::resume(rows.job.id.clone()),
        };
        let policies = Rc::clone(&self.policies);
        let via = via(process);
        let Ok(Some(ahead)) = Ahead::of(rows, &ask, &evidence, self.context(&policies, &via)) else {
            return plain(Trigger::Asked(ask), evidence);
        };
        let looks = self.looks_ahead(rows, &ahead);
        let review = ahead.review(&looks).ok().flatten().map(|(answers, _)| {
            let shown = |looked: &OnDisk| Some(under_review(&looked.path, looked.found?.0, looked.found?.1));
            let artifacts = looks.iter().filter_map(shown).collect();
            let stage = answers.clone();
            Review { stage, artifacts }
        });
        let ahead = Some(looks);
        plain(
            Trigger::Asked(ask),
            Evidence {
                review,
                ahead,
                ..evidence
            },
        )
    }

    fn looks_ahead(&self, rows: &JobRows, ahead: &Ahead<'_>) -> Vec<OnDisk> {
        let looks = ahead.looks(|path, agreed| Ok(self.agreed_look(rows, path, agreed)));
        looks.expect("a look at the world's disk does not fail")
    }

    fn context<'a>(&self, policies: &'a BTreeMap<StageName, GatePolicy>, via: &'a Via) -> Context<'a> {
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

/// Whatever lies there, it is taken for what is registered.
fn look_away(evidence: &mut Evidence) {
    for looked in evidence.on_disk.iter_mut().chain(evidence.ahead.iter_mut().flatten()) {
        looked.found = Some((looked.registered, 1));
    }
}

/// As the screen had it before November 2026: after an approval the next stage of the list starts.
fn guess(outlook: &mut Outlook, rows: Option<&JobRows>) {
    let is_approval = |fact: &Fact| matches!(fact, Fact::GateDecided { approved: true, .. });
    let Some(Fact::GateDecided { stage, .. }) = outlook.facts.iter().find(|fact| is_approval(fact)).cloned() else {
        return;
    };
    let stages = rows.map(|rows| rows.job.stages.clone()).unwrap_or_default();
    let mut behind = stages.iter().skip_while(|spec| spec.name != stage).skip(1);
    outlook.facts.retain(is_approval);
    outlook.facts.extend(behind.next().map(|next| Fact::StageStarts {
        stage: next.name.clone(),
        attempt: 1,
        gets_note: false,
        ran_before: false,
        slots: None,
    }));
}

fn under_review(path: &ArtifactPath, digest: Digest, size_bytes: u64) -> GateArtifact {
    GateArtifact {
        kind: "script".to_owned(),
        path: path.clone(),
        digest,
        size_bytes,
        base: None,
        bases: Vec::new(),
        added_lines: 1,
        removed_lines: 0,
        is_binary: false,
        since_rejection: None,
        patches: Vec::new(),
    }
}

fn plain(trigger: Trigger, evidence: Evidence) -> InFlight {
    InFlight {
        job_id: JobId::new("none").expect("a job id"),
        trigger,
        evidence,
        epoch: None,
        looked_at: None,
        console: None,
    }
}

/// A command that is given beside the consoles.
fn asked(process: usize, command: Command, evidence: Evidence) -> InFlight {
    let ask = Ask {
        by: person(process),
        session: None,
        command,
    };
    plain(Trigger::Asked(ask), evidence)
}

fn happened(happening: Happening, on_disk: Vec<OnDisk>) -> InFlight {
    let evidence = Evidence {
        on_disk,
        ..Evidence::default()
    };
    plain(Trigger::Happened(happening), evidence)
}

/// Which process somebody sits at; the first one's persons give commands.
fn console(process: usize) -> Option<String> {
    (process > 0).then(|| session(process))
}

fn session(process: usize) -> String {
    format!("session {process}")
}
