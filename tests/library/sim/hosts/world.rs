//! The hosts, their lines to the record, and the time that really passes.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::anchor::BootId;
use domain::artifact::GateArtifact;
use domain::event::Event;
use domain::hosts::{AHEAD_US_MAX, Stands, Turn, clock_differs};
use domain::ids::{ArtifactPath, Digest, HostId, JobId, StageName};
use domain::job::{Attempt, AttemptState, JobRows};
use domain::key::GateKey;
use domain::operator::Via;
use domain::policy::GatePolicy;
use domain::refusal::Refusal;
use domain::time::{Now, SECOND_US, Timestamp};
use engine::evidence::Files;
use engine::stage_plan::StageKey;
use rules::{Context, reduce};
use store::Batched;
use testing::world::{artifact, operator};

use super::super::store::{Plant, Storage, Wanted};
use super::super::truth::Truth;
use super::super::world::{GRACE_S, STAGES, script_path};
use super::judge::Judged;
use super::persons::Asked;
use super::process::{BEGAN, Process, Tell};
use super::record::Record;

/// What becomes of the next transaction of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// The database refuses it, for another one was quicker: nothing is recorded.
    Refused,
    /// The line is lost before COMMIT: nothing is recorded.
    LostBefore,
    /// The line is lost behind COMMIT, and nobody answers what became of it.
    LostAfter,
}

/// What became of a stage's command on the host on which it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    Alive,
    Ended,
    /// Killed, by whomever.
    Dead,
}

#[derive(Debug, Clone)]
pub struct Host {
    pub id: HostId,
    boot: BootId,
    pub boot_us: i64,
    /// By how much its civil clock is ahead of the database's.
    pub ahead_us: i64,
    /// Nothing of it reaches the database, nor the other way.
    pub is_cut: bool,
    pub fault: Option<LineFault>,
    pub process: Option<Process>,
    /// The whole process stands still.
    pub is_stopped: bool,
    /// The writer does, with all that was handed to it.
    pub is_stalled: bool,
    /// When the database last heard of it.
    pub heard_us: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct Hosts {
    pub record: Record,
    pub plant: Plant,
    pub true_us: i64,
    pub hosts: Vec<Host>,
    pub jobs: Vec<JobId>,
    pub policies: Rc<BTreeMap<StageName, GatePolicy>>,
    /// On which host files are looked for.
    pub looking: usize,
    pub supervisors: BTreeMap<(usize, Run), Ran>,
    /// What each host's own run of a stage has made.
    pub made: BTreeMap<Digest, (usize, Run)>,
    pub asked: Vec<Asked>,
    pub truth: Truth,
    pub judged: Judged,
    /// Faults that really struck.
    pub faults: usize,
    pub processes: u64,
    boots: u64,
    /// How often something ended on a host.
    pub ends: u64,
    /// What the operating system is to end, and when it will have.
    pub ending: Vec<(i64, usize, Run)>,
    pub violations: Vec<String>,
}

/// One execution of a stage, wherever.
pub type Run = (JobId, StageName, u32);

pub fn run(key: &StageKey) -> Run {
    (key.job_id.clone(), key.stage.clone(), key.attempt)
}

impl Hosts {
    pub fn new(plant: Plant, hosts: usize, policies: BTreeMap<StageName, GatePolicy>) -> Self {
        let host = |number: usize| Host {
            id: HostId::new(&format!("h-{number}")).expect("an id"),
            boot: BootId::of_kernel(&format!("{:016x}", 77 + number)),
            boot_us: (500 + 1000 * number as i64) * SECOND_US,
            ahead_us: 0,
            is_cut: false,
            fault: None,
            process: None,
            is_stopped: false,
            is_stalled: false,
            heard_us: None,
        };
        Self {
            record: Record::with(plant),
            plant,
            true_us: 0,
            hosts: (0..hosts).map(host).collect(),
            jobs: Vec::new(),
            policies: Rc::new(policies),
            looking: 0,
            supervisors: BTreeMap::new(),
            made: BTreeMap::new(),
            asked: Vec::new(),
            truth: Truth::default(),
            judged: Judged::default(),
            faults: 0,
            processes: 0,
            boots: 0,
            ends: 0,
            ending: Vec::new(),
            violations: Vec::new(),
        }
    }

    pub fn broken(&mut self, what: String) {
        self.violations.push(what);
    }

    /// The time of the database.
    pub fn time(&self) -> Timestamp {
        BEGAN.plus_us(self.true_us)
    }

    /// What the clocks of a host say.
    pub fn now(&self, host: usize) -> Now {
        let host = &self.hosts[host];
        Now {
            utc: self.time().plus_us(host.ahead_us),
            boot_us: host.boot_us + self.true_us,
            boot: host.boot,
        }
    }

    /// Time passes, and each process does what it has to.
    pub fn pass(&mut self, us: i64) {
        let end_us = self.true_us + us;
        self.settle();
        while self.violations.is_empty() {
            let sleep_us = self.sleep_us();
            if sleep_us > end_us - self.true_us {
                break;
            }
            self.true_us += sleep_us;
            self.end_due();
            for host in 0..self.hosts.len() {
                if self.is_awake(host) {
                    self.turn(host);
                }
            }
            self.hear();
            self.judge_lead();
        }
        self.true_us = end_us.max(self.true_us);
        self.end_due();
        self.settle();
    }

    /// Whatever there is to do at this moment.
    pub fn settle(&mut self) {
        for host in 0..self.hosts.len() {
            self.turn(host);
        }
        self.hear();
        self.judge_lead();
    }

    pub fn start_process(&mut self, host: usize) {
        let is_off = self.hosts[host].ahead_us.abs() > AHEAD_US_MAX;
        let one = &mut self.hosts[host];
        // A host that does not reach the database, or whose clock is off, is refused at the start.
        if one.process.is_none() && !one.is_cut && (!is_off || self.plant == Plant::BelievesClock) {
            self.processes += 1;
            one.process = Some(Process::started(self.processes, self.plant));
            (one.is_stopped, one.is_stalled) = (false, false);
            // It has the lock of its runs directory: where this host led, its time need not be waited
            // for.
            self.act(host, Turn::Take);
        }
    }

    /// The whole machine is started again, without holdpoint.
    pub fn boot(&mut self, host: usize) {
        self.kill(host);
        self.command_ends(host, Ran::Dead);
        self.boots += 1;
        let one = &mut self.hosts[host];
        one.boot = BootId::of_kernel(&format!("{:016x}", 1000 + self.boots));
        one.boot_us = 20 * SECOND_US - self.true_us;
    }

    /// Killed: its lock falls, and its stages go on.
    pub fn kill(&mut self, host: usize) {
        let was = self.hosts[host].process.take();
        (self.hosts[host].is_stopped, self.hosts[host].is_stalled) = (false, false);
        if was.is_some_and(|process| process.stands.epoch().is_some()) {
            self.leader_was_killed();
        }
    }

    /// Ends in order: what was handed over is done, and the lead is given back.
    pub fn end(&mut self, host: usize) {
        self.hosts[host].is_stalled = false;
        self.write(host);
        let stands = self.hosts[host].process.as_ref().map(|process| process.stands);
        if self.hosts[host].is_stopped {
            return self.kill(host);
        }
        if let Some(Stands::Leads(epoch)) = stands {
            if self.transacts(host).is_some() {
                self.record.resign(epoch);
                self.lead_was_given_back();
            } else {
                self.leader_was_killed();
            }
        }
        self.hosts[host].process = None;
    }

    /// Whether a transaction of this host is recorded, and then, whether its answer arrives. None:
    /// nothing is recorded.
    pub fn transacts(&mut self, host: usize) -> Option<bool> {
        let one = &mut self.hosts[host];
        if one.is_cut {
            return None;
        }
        let fault = one.fault.take();
        self.faults += usize::from(fault.is_some());
        match fault {
            Some(LineFault::Refused | LineFault::LostBefore) => {
                self.judged.hindered(host, self.true_us);
                None
            }
            Some(LineFault::LostAfter) => {
                self.judged.hindered(host, self.true_us);
                Some(false)
            }
            None => Some(true),
        }
    }

    pub fn commit(&mut self, host: usize, entry: Batched<Wanted>, tell: Tell) {
        let Some(process) = &self.hosts[host].process else {
            return;
        };
        let number = process.number;
        let Some(is_answered) = self.transacts(host) else {
            return self.answered(host, tell, None);
        };
        let (now, plant) = (self.now(host), self.plant);
        let differs = clock_differs(now, self.time(), now).flatten();
        if differs.is_some() && !matches!(plant, Plant::NoClockInside | Plant::BelievesClock) {
            return self.answered(host, tell, None);
        }
        let before = self.record.rows(&entry.job_id);
        let policies = Rc::clone(&self.policies);
        let via = operator("ops").via;
        let cx = self.cx(host, &policies, &via);
        let answer = self.record.commit(&entry, cx.now.utc, &mut |job_id, rows, wanted| {
            reduce(job_id, rows, &wanted.0, &wanted.1, cx)
        });
        self.judge(host, number, before.as_deref(), &entry, &answer);
        // What is not answered is nothing that anybody knows.
        let known = is_answered.then_some(answer);
        self.answered(host, tell, known);
    }

    pub fn cx<'a>(&self, host: usize, policies: &'a BTreeMap<StageName, GatePolicy>, via: &'a Via) -> Context<'a> {
        Context {
            now: self.now(host),
            policies,
            stages: &STAGES[..],
            grace_s: GRACE_S,
            via,
        }
    }

    /// What was to end has ended by now.
    fn end_due(&mut self) {
        let true_us = self.true_us;
        let due = self.ending.iter().filter(|(at_us, ..)| *at_us <= true_us);
        let due: Vec<_> = due.map(|(_, host, run)| (*host, run.clone())).collect();
        for at in due {
            self.ends += 1;
            self.supervisors.entry(at).and_modify(|ran| {
                if *ran == Ran::Alive {
                    *ran = Ran::Dead;
                }
            });
        }
        self.ending.retain(|(at_us, ..)| *at_us > true_us);
    }

    /// The row says that it runs here: its supervisor starts.
    pub fn launch(&mut self, host: usize, key: &StageKey) {
        if self.runs_here(host, key) {
            self.broken(format!("{} {} runs beside its orphan", key.job_id, key.stage));
        }
        let run = run(key);
        if self.supervisors.keys().any(|(_, other)| *other == run) {
            self.broken(format!("{run:?} was started twice"));
        }
        self.supervisors.insert((host, run), Ran::Alive);
    }

    /// Whether another run of the stage is alive on this host.
    pub fn runs_here(&self, host: usize, key: &StageKey) -> bool {
        let mut all = self.supervisors.iter();
        all.any(|((on, (job_id, stage, _)), ran)| {
            *on == host && *job_id == key.job_id && *stage == key.stage && *ran == Ran::Alive
        })
    }

    /// What a stage has made on this host: other bytes than any other run.
    pub fn made(&mut self, host: usize, key: &StageKey) -> Vec<GateArtifact> {
        if key.stage.as_str() != "script" {
            return Vec::new();
        }
        let bytes = format!("{} #{} on {host}\n", key.job_id, key.attempt);
        let digest = Digest::of(bytes.as_bytes());
        self.made.insert(digest, (host, run(key)));
        vec![artifact("script", &script_path(), digest, bytes.len() as u64)]
    }

    /// The commands of stages end well that are to run where they do.
    pub fn wanted_end(&mut self) {
        let alive = self.supervisors.iter().filter(|(_, ran)| **ran == Ran::Alive);
        let wanted = alive.filter(|((host, (job_id, stage, number)), _)| {
            let rows = self.record.rows(job_id);
            let attempt = rows.as_ref().and_then(|rows| rows.attempt(stage, *number));
            let is_here = |one: &&Attempt| one.host.as_ref() == Some(&self.hosts[*host].id);
            attempt
                .filter(is_here)
                .is_some_and(|one| one.state == AttemptState::Running)
        });
        let wanted: Vec<_> = wanted.map(|(at, _)| at.clone()).collect();
        self.ends += 1;
        self.supervisors.extend(wanted.into_iter().map(|at| (at, Ran::Ended)));
    }

    /// The jobs whose commands end on a host: well, or killed.
    pub fn command_ends(&mut self, host: usize, ran: Ran) {
        self.ends += 1;
        let alive = self
            .supervisors
            .iter_mut()
            .filter(|((on, _), ran)| *on == host && **ran == Ran::Alive);
        alive.for_each(|(_, now)| *now = ran);
    }
}

/// What the rows register is what lies there: the leader's host has put it in place.
impl Files for Hosts {
    fn has_draft(&self, _: &str, _: &GateKey) -> bool {
        false
    }

    fn rows(&self, job_id: &JobId) -> Result<Option<JobRows>, Refusal> {
        Ok(self.record.rows(job_id).map(|rows| (*rows).clone()))
    }

    fn context<'a>(&'a self, via: &'a Via) -> Context<'a> {
        self.cx(self.looking, &self.policies, via)
    }

    fn hash(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        let rows = self.record.rows(job_id);
        Ok(rows.and_then(|rows| Some((rows.registered(path)?, 1))))
    }

    fn hash_known(&self, job_id: &JobId, path: &ArtifactPath) -> Option<(Digest, u64)> {
        self.hash(job_id, path).ok().flatten()
    }

    fn list(&self, _: &JobId) -> Result<Vec<String>, Refusal> {
        Ok(Vec::new())
    }

    fn keep_file(&self, job_id: &JobId, path: &ArtifactPath) -> Result<Option<(Digest, u64)>, Refusal> {
        self.hash(job_id, path)
    }

    fn keep_bytes(&self, _: &JobId, bytes: &[u8]) -> Result<(Digest, u64), Refusal> {
        Ok((Digest::of(bytes), bytes.len() as u64))
    }

    fn read(&self, _: &JobId, _: &Digest) -> Result<Vec<u8>, Refusal> {
        Ok(Vec::new())
    }

    fn sayings(&self, key: &GateKey) -> Result<Vec<Event>, Refusal> {
        Ok(self.record.memory.events(&key.job_id))
    }

    fn owed(&self, _: &JobId) -> Result<Vec<Event>, Refusal> {
        Ok(Vec::new())
    }
}
