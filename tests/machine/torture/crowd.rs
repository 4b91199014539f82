//! Those who use one record at once, and what kills them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use serde_json::Value;
use testing::database_line::DatabaseLine;

use super::caller::{Caller, Heard, Read};
use super::figures::Figures;
use super::host::Host;
use super::storm::Storm;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::random::Random;
use crate::support::receiver::{Receiver, Reply, Script};

/// Every so many requests the receiver fails.
const RECEIVER: Script = |number| {
    if number % 50 == 20 {
        Reply::Status("503 Service Unavailable")
    } else {
        Reply::Status("204 No Content")
    }
};

const CONSOLES: usize = 3;
/// On each host.
const DECIDERS_MAX: usize = 5;
const CALLERS_MAX: usize = 4;
const JOBS_LIVE: usize = 6;

const KEYS: [&str; 16] = [
    "a", "a", "Enter", "Enter", "Enter", "r", "j", "k", "Tab", "x", "n", "g", "G", "<C-l>", "p", "?",
];

/// A command that is under way, and the note by which its decision is known again.
pub(super) struct Decider {
    child: Child,
    note: String,
    is_approval: bool,
    is_victim: bool,
}

/// What somebody was told: a note that must be found in exactly one decision.
#[derive(Debug)]
pub struct Told {
    pub note: String,
    pub is_approval: bool,
}

pub struct Crowd {
    /// One with its record in a file, or several that share one.
    pub hosts: Vec<Host>,
    /// What befalls the record that they share.
    pub(super) storm: Option<Storm>,
    pub(super) random: Random,
    pub(super) consoles: Vec<Option<Pty>>,
    pub(super) deciders: Vec<Decider>,
    pub(super) callers: Vec<Caller>,
    receiver: Receiver,
    /// Deliveries by their ids: the bytes, and how often they came.
    pub delivered: BTreeMap<String, (Vec<u8>, u32)>,
    pub told: Vec<Told>,
    /// Notes of commands that died or failed: they may have decided, at most once.
    pub unheard: BTreeSet<String>,
    open: Vec<Read>,
    paused: Vec<String>,
    live: usize,
    pub figures: Figures,
}

impl Crowd {
    /// In one runs directory with its record in a file.
    pub fn gathered(random: Random) -> Self {
        let receiver = Receiver::start(RECEIVER);
        let host = Host::alone(receiver.address);
        Self::of(vec![host], None, receiver, random)
    }

    /// On several hosts that share a record; none without PostgreSQL.
    pub fn on_hosts(random: Random) -> Option<Self> {
        let receiver = Receiver::start(RECEIVER);
        let (storm, hosts) = Storm::over(receiver.address)?;
        Some(Self::of(hosts, Some(storm), receiver, random))
    }

    fn of(hosts: Vec<Host>, storm: Option<Storm>, receiver: Receiver, random: Random) -> Self {
        let mut crowd = Self {
            hosts,
            storm,
            random,
            callers: Vec::new(),
            receiver,
            delivered: BTreeMap::new(),
            consoles: (0..CONSOLES).map(|_| None).collect(),
            deciders: Vec::new(),
            told: Vec::new(),
            unheard: BTreeSet::new(),
            open: Vec::new(),
            paused: Vec::new(),
            live: 0,
            figures: Figures::default(),
        };
        for host in &mut crowd.hosts {
            for server in 0..host.servers.len() {
                host.start_server(server, &mut crowd.random);
            }
        }
        crowd
    }

    /// Whether several hosts share the record.
    pub fn is_on_several(&self) -> bool {
        self.storm.is_some()
    }

    /// Where somebody is who is waited for: there the line is whole, if it is anywhere.
    fn somewhere(&mut self) -> usize {
        let is_whole = |host: &Host| host.line.as_ref().is_none_or(DatabaseLine::is_there);
        let whole: Vec<usize> = (0..self.hosts.len()).filter(|at| is_whole(&self.hosts[*at])).collect();
        match whole.len() {
            0 => self.anywhere(),
            some => whole[self.random.below(some)],
        }
    }

    /// Where somebody is.
    pub(super) fn anywhere(&mut self) -> usize {
        self.random.below(self.hosts.len())
    }

    /// One thing that somebody does, or that happens to somebody.
    pub fn deed(&mut self) {
        self.figures.deeds += 1;
        if self.figures.deeds % 15 == 1 {
            self.look();
        }
        self.take_deliveries();
        match self.random.below(36) {
            0..=11 => self.decide(),
            12..=19 => self.press(),
            20 => self.start_job(),
            21 => self.run_aside(&["job", "resume"]),
            22 => self.kill_server(),
            23 => self.kill_console(),
            24 => self.kill_decider(),
            25 => self.write_artifact(),
            26 => {
                let host = self.anywhere();
                self.hosts[host].workspace.write("armed", "");
            }
            27 => self.hold(),
            28..=32 => self.call(),
            33 => {
                let host = self.anywhere();
                self.figures.kills += self.hosts[host].kill_speaker();
            }
            _ => self.hear_who_has_ended(),
        }
        self.start_who_is_gone();
        self.blow();
    }

    fn start_who_is_gone(&mut self) {
        for host in &mut self.hosts {
            self.figures.crashes += host.start_who_is_gone(&mut self.random);
        }
    }

    /// What a person would see who asks.
    pub(super) fn look(&mut self) {
        let host = self.somewhere();
        let list = |arguments: &[&str]| -> Vec<Value> {
            let output = self.hosts[host]
                .workspace
                .command(arguments)
                .arg("--json")
                .output()
                .unwrap();
            serde_json::from_slice(&output.stdout).unwrap_or_default()
        };
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let jobs = list(&["job", "list", "--limit", "60"]);
        let gates = list(&["gate", "list"]);
        let read = |row: &Value| Read {
            job: text(row, "job_id"),
            stage: text(row, "stage"),
            attempt: row["attempt"].as_u64().unwrap_or_default(),
            digest: row["digest"].clone(),
        };
        self.open = gates.iter().map(read).collect();
        let paused = jobs.iter().filter(|job| job["status"] == "paused");
        self.paused = paused.map(|job| text(job, "id")).collect();
        let is_ended = |job: &&Value| {
            ["completed", "failed", "canceled"]
                .iter()
                .any(|ended| job["status"] == *ended)
        };
        self.live = jobs.len() - jobs.iter().filter(is_ended).count();
        while self.live < JOBS_LIVE {
            self.start_job();
        }
    }

    fn start_job(&mut self) {
        self.figures.jobs += 1;
        self.live += 1;
        let id = format!("j-{}", self.figures.jobs);
        let host = self.somewhere();
        let mut start = self.hosts[host]
            .workspace
            .command(&["job", "start", "--id", &id, "--slug", "tides"]);
        let started = start.output().unwrap();
        self.heard(&started.status, &started.stderr);
    }

    fn heard(&mut self, status: &std::process::ExitStatus, stderr: &[u8]) {
        self.figures.commands += 1;
        if !status.success() && status.signal().is_none() {
            let said = String::from_utf8_lossy(stderr);
            let line = said.lines().next().unwrap_or_default();
            // Numbers and ids make each refusal another one.
            let words: Vec<_> = line
                .split_whitespace()
                .filter(|word| !word.contains(|c: char| c.is_ascii_digit()))
                .take(9)
                .collect();
            *self.figures.refused.entry(words.join(" ")).or_default() += 1;
        }
    }

    fn run_aside(&mut self, arguments: &[&str]) {
        let Some(job) = self.paused.pop() else { return };
        let host = self.somewhere();
        let output = self.hosts[host].workspace.command(arguments).arg(job).output().unwrap();
        self.heard(&output.status, &output.stderr);
    }

    fn decide(&mut self) {
        if self.open.is_empty() {
            return self.look();
        }
        while self.deciders.len() >= DECIDERS_MAX * self.hosts.len() {
            self.hear_one();
        }
        let Read { job, stage, .. } = self.open[self.random.below(self.open.len())].clone();
        let is_approval = !self.random.one_in(4);
        let note = format!("note-{}", self.figures.deeds);
        let verb = if is_approval { "approve" } else { "reject" };
        let host = self.anywhere();
        let mut command = self.hosts[host]
            .workspace
            .command(&["gate", verb, &job, &stage, "--notes", &note]);
        let is_victim = self.random.one_in(8);
        if is_victim {
            let (point, _) = fault::POINTS[self.random.below(fault::POINTS.len())];
            command.env("HOLDPOINT_CRASH_AT", point);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        self.deciders.push(Decider {
            child,
            note,
            is_approval,
            is_victim,
        });
    }

    /// Decides over HTTP.
    fn call(&mut self) {
        if self.open.is_empty() {
            return self.look();
        }
        while self.callers.len() >= CALLERS_MAX * self.hosts.len() {
            self.hear_caller();
        }
        let gate = self.open[self.random.below(self.open.len())].clone();
        let is_approval = !self.random.one_in(4);
        let note = format!("note-{}", self.figures.deeds);
        self.figures.requests += 1;
        let host = self.anywhere();
        self.callers
            .push(Caller::decides(self.hosts[host].address, gate, note, is_approval));
        // Killed while it answers, as often as not.
        if self.random.one_in(6) {
            self.figures.kills += self.hosts[host].kill_speaker();
        }
    }

    pub(super) fn hear_caller(&mut self) {
        // Whoever waits for a server that is away would wait for ever.
        self.start_who_is_gone();
        let ended = self.callers.iter().position(Caller::has_heard);
        let caller = self.callers.remove(ended.unwrap_or_default());
        let (note, is_approval) = (caller.note.clone(), caller.is_approval);
        let (heard, lost, doubts) = caller.heard();
        self.figures.answers_lost += lost;
        match heard {
            Heard::Decided => {
                self.figures.told += 1;
                self.told.push(Told { note, is_approval });
            }
            Heard::TooLate => self.figures.too_late += 1,
            Heard::Refused(why) => {
                *self.figures.refused.entry(why).or_default() += 1;
                // The refusal is about this request; one before it may still be on its way.
                if self.is_on_several() && lost + doubts > 0 {
                    self.unheard.insert(note);
                }
            }
            Heard::Nothing => {
                self.unheard.insert(note);
            }
        }
    }

    pub(super) fn take_deliveries(&mut self) {
        for delivered in self.receiver.rest() {
            self.figures.deliveries += 1;
            let known = self
                .delivered
                .entry(delivered.id().to_owned())
                .or_insert_with(|| (delivered.bytes.clone(), 0));
            assert!(known.0 == delivered.bytes, "{} came with other bytes", delivered.id());
            known.1 += 1;
        }
    }

    /// Whoever has ended, if anybody has.
    fn ended(&mut self) -> Option<usize> {
        let has_ended = |decider: &mut Decider| decider.child.try_wait().unwrap().is_some();
        self.deciders.iter_mut().position(has_ended)
    }

    fn hear_who_has_ended(&mut self) {
        while self.ended().is_some() {
            self.hear_one();
        }
    }

    /// Waits for one of them, if none has ended.
    pub(super) fn hear_one(&mut self) {
        if self.deciders.is_empty() {
            return;
        }
        let one = self.ended().unwrap_or_else(|| self.random.below(self.deciders.len()));
        let decider = self.deciders.swap_remove(one);
        let output = decider.child.wait_with_output().unwrap();
        self.heard(&output.status, &output.stderr);
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {
                self.figures.told += 1;
                self.told.push(Told {
                    note: decider.note,
                    is_approval: decider.is_approval,
                });
            }
            // Whoever is told that somebody else was quicker, or no, has not decided.
            Some(5) => self.figures.too_late += 1,
            Some(_) if said.contains("it may have been recorded") => {
                self.figures.doubts += 1;
                self.unheard.insert(decider.note);
            }
            Some(_) => {}
            None => {
                self.figures.crashes += u32::from(decider.is_victim);
                self.unheard.insert(decider.note);
            }
        }
    }

    fn hold(&mut self) {
        if let Some(Read { job, stage, .. }) = self.open.last().cloned() {
            let host = self.somewhere();
            let mut hold = self.hosts[host].workspace.command(&["gate", "hold", &job, &stage]);
            let output = hold.output().unwrap();
            self.heard(&output.status, &output.stderr);
        }
    }

    fn press(&mut self) {
        let console = self.random.below(CONSOLES);
        if self.consoles[console].is_none() {
            let host = console % self.hosts.len();
            let options = PtyOptions::new(self.hosts[host].workspace.root());
            self.consoles[console] = Some(Pty::spawn(options));
        }
        let keys = self.random.pick(&KEYS);
        self.figures.keys += 1;
        if let Some(open) = &mut self.consoles[console]
            && open.try_send(keys).is_err()
        {
            self.consoles[console] = None;
        }
    }

    fn kill_console(&mut self) {
        let console = self.random.below(CONSOLES);
        if let Some(open) = self.consoles[console].take() {
            self.figures.kills += 1;
            open.kill9();
        }
    }

    fn kill_server(&mut self) {
        let host = self.anywhere();
        self.figures.kills += self.hosts[host].kill_server(&mut self.random);
    }

    fn kill_decider(&mut self) {
        if let Some(decider) = self.deciders.last_mut() {
            self.figures.kills += 1;
            decider.child.kill().unwrap();
        }
    }

    /// Somebody writes to what is under review.
    fn write_artifact(&mut self) {
        if let Some(Read { job, .. }) = self.open.first().cloned() {
            let number = self.figures.deeds;
            let path = format!("runs/{job}/artifacts/script/script.txt");
            let host = self.anywhere();
            let workspace = &self.hosts[host].workspace;
            if workspace.exists(&path) {
                workspace.write(&path, format!("somebody's {number}\n"));
            }
        }
    }
}
