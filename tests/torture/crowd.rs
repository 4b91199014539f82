//! Those who use one runs directory at once, and what kills them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use holdpoint::fault;
use serde_json::Value;

use crate::random::Random;
use crate::support::pty::{Pty, PtyOptions};
use crate::support::run::Workspace;

/// A timed gate, a bare gate of a person, and a stage that hears what was approved.
const PIPELINE: &str = r#"
pipeline:
  max_concurrent_jobs: 4
  overdue_grace_s: 1
  stages:
    - name: script
      command: [sh, -c, 'echo $HOLDPOINT_ATTEMPT >> script.runs; mkdir -p artifacts/script; echo "attempt $HOLDPOINT_ATTEMPT" > artifacts/script/script.txt']
      artifacts: [{kind: script, path: artifacts/script/script.txt}]
    - name: review
    - name: audio
      command: [sh, -c, 'cat artifacts/script/script.txt > audio.heard']
gates:
  script: {required: true, auto_approve: true, auto_approve_after_s: 5, max_hold_s: 20}
  review: {required: true}
"#;

const CONSOLES: usize = 3;
const SERVERS: usize = 2;
const DECIDERS_MAX: usize = 5;
const JOBS_LIVE: usize = 6;

const KEYS: [&str; 16] = [
    "a", "a", "Enter", "Enter", "Enter", "r", "j", "k", "Tab", "x", "n", "g", "G", "<C-l>", "p", "?",
];

#[derive(Debug, Default)]
pub struct Figures {
    pub deeds: u32,
    pub jobs: u32,
    pub commands: u32,
    pub kills: u32,
    pub crashes: u32,
    pub keys: u32,
    pub told: u32,
    pub too_late: u32,
    pub refused: BTreeMap<String, u32>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} deeds, {} jobs, {} commands, {} keys, {} killed, {} crashed at a named point, {} told that they decided, {} too late",
            self.deeds, self.jobs, self.commands, self.keys, self.kills, self.crashes, self.told, self.too_late
        )?;
        for (why, times) in &self.refused {
            write!(f, "\n  {times} times: {why}")?;
        }
        Ok(())
    }
}

/// A command that is under way, and the note by which its decision is known again.
struct Decider {
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
    pub workspace: Workspace,
    random: Random,
    consoles: Vec<Option<Pty>>,
    servers: Vec<Option<Child>>,
    deciders: Vec<Decider>,
    pub told: Vec<Told>,
    /// Notes of commands that died or failed: they may have decided, at most once.
    pub unheard: BTreeSet<String>,
    open: Vec<(String, String)>,
    paused: Vec<String>,
    live: usize,
    pub figures: Figures,
}

impl Crowd {
    pub fn gathered(random: Random) -> Self {
        let mut crowd = Self {
            workspace: Workspace::new(PIPELINE),
            random,
            consoles: (0..CONSOLES).map(|_| None).collect(),
            servers: (0..SERVERS).map(|_| None).collect(),
            deciders: Vec::new(),
            told: Vec::new(),
            unheard: BTreeSet::new(),
            open: Vec::new(),
            paused: Vec::new(),
            live: 0,
            figures: Figures::default(),
        };
        for server in 0..SERVERS {
            crowd.start_server(server);
        }
        crowd
    }

    fn start_server(&mut self, server: usize) {
        let mut command = self.workspace.command(&["serve", "--no-http"]);
        if self.random.one_in(2) {
            let (point, _) = fault::POINTS[self.random.below(fault::POINTS.len())];
            command.env("HOLDPOINT_CRASH_AT", point);
            // Present from time to time only: the crash takes it away.
            command.env("HOLDPOINT_FAULT_WHEN", self.workspace.root().join("armed"));
        }
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.servers[server] = Some(quiet.spawn().unwrap());
    }

    /// One thing that somebody does, or that happens to somebody.
    pub fn deed(&mut self) {
        self.figures.deeds += 1;
        if self.figures.deeds % 15 == 1 {
            self.look();
        }
        match self.random.below(30) {
            0..=11 => self.decide(),
            12..=19 => self.press(),
            20 => self.start_job(),
            21 => self.run_aside(&["job", "resume"]),
            22 => self.kill_server(),
            23 => self.kill_console(),
            24 => self.kill_decider(),
            25 => self.write_artifact(),
            26 => self.workspace.write("armed", ""),
            27 => self.hold(),
            _ => self.hear_one(),
        }
        for server in 0..SERVERS {
            let is_gone = match &mut self.servers[server] {
                Some(child) => child.try_wait().unwrap().is_some(),
                None => true,
            };
            if is_gone {
                self.figures.crashes += u32::from(self.servers[server].is_some());
                self.start_server(server);
            }
        }
    }

    /// What a person would see who asks.
    fn look(&mut self) {
        let list = |arguments: &[&str]| -> Vec<Value> {
            let output = self.workspace.command(arguments).arg("--json").output().unwrap();
            serde_json::from_slice(&output.stdout).unwrap_or_default()
        };
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let jobs = list(&["job", "list", "--limit", "60"]);
        let gates = list(&["gate", "list"]);
        self.open = gates
            .iter()
            .map(|row| (text(row, "job_id"), text(row, "stage")))
            .collect();
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
        let started = self
            .workspace
            .command(&["job", "start", "--id", &id, "--slug", "tides"])
            .output()
            .unwrap();
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
        let output = self.workspace.command(arguments).arg(job).output().unwrap();
        self.heard(&output.status, &output.stderr);
    }

    fn decide(&mut self) {
        if self.open.is_empty() {
            return self.look();
        }
        while self.deciders.len() >= DECIDERS_MAX {
            self.hear_one();
        }
        let (job, stage) = self.open[self.random.below(self.open.len())].clone();
        let is_approval = !self.random.one_in(4);
        let note = format!("note-{}", self.figures.deeds);
        let verb = if is_approval { "approve" } else { "reject" };
        let mut command = self.workspace.command(&["gate", verb, &job, &stage, "--notes", &note]);
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

    fn hear_one(&mut self) {
        if self.deciders.is_empty() {
            return;
        }
        let decider = self.deciders.swap_remove(self.random.below(self.deciders.len()));
        let output = decider.child.wait_with_output().unwrap();
        self.heard(&output.status, &output.stderr);
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
            Some(_) => {}
            None => {
                self.figures.crashes += u32::from(decider.is_victim);
                self.unheard.insert(decider.note);
            }
        }
    }

    fn hold(&mut self) {
        if let Some((job, stage)) = self.open.last().cloned() {
            let output = self
                .workspace
                .command(&["gate", "hold", &job, &stage])
                .output()
                .unwrap();
            self.heard(&output.status, &output.stderr);
        }
    }

    fn press(&mut self) {
        let console = self.random.below(CONSOLES);
        if self.consoles[console].is_none() {
            let options = PtyOptions::new(self.workspace.root());
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
        let server = self.random.below(SERVERS);
        if let Some(mut child) = self.servers[server].take() {
            self.figures.kills += 1;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.start_server(server);
    }

    fn kill_decider(&mut self) {
        if let Some(decider) = self.deciders.last_mut() {
            self.figures.kills += 1;
            decider.child.kill().unwrap();
        }
    }

    /// Somebody writes to what is under review.
    fn write_artifact(&mut self) {
        if let Some((job, _)) = self.open.first().cloned() {
            let number = self.figures.deeds;
            let path = format!("runs/{job}/artifacts/script/script.txt");
            if self.workspace.root().join(&path).exists() {
                self.workspace.write(&path, format!("somebody's {number}\n"));
            }
        }
    }

    /// Everybody is killed at once; then one server works off what is left, and a person decides what waits for one.
    pub fn go_home(&mut self) {
        for console in &mut self.consoles {
            *console = None;
        }
        for server in self.servers.iter_mut().filter_map(Option::take) {
            let mut server = server;
            server.kill().unwrap();
            server.wait().unwrap();
        }
        while !self.deciders.is_empty() {
            self.hear_one();
        }
        let _ = std::fs::remove_file(self.workspace.root().join("armed"));
        let mut command = self.workspace.command(&["serve", "--no-http"]);
        let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.end_all_jobs();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(server.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        server.wait().unwrap();
    }

    /// Every job that goes on by itself is waited for, every gate is approved; what is paused stays so.
    fn end_all_jobs(&mut self) {
        let ids: Vec<String> = (1..=self.figures.jobs).map(|number| format!("j-{number}")).collect();
        for id in ids {
            loop {
                let output = self
                    .workspace
                    .command(&["job", "show", &id, "--json"])
                    .output()
                    .unwrap();
                let Ok(job) = serde_json::from_slice::<Value>(&output.stdout) else {
                    // Its start was killed before it was there.
                    break;
                };
                match job["status"].as_str().unwrap_or_default() {
                    "completed" | "failed" | "canceled" | "paused" => break,
                    "needs_approval" => {
                        let stage = job["stage"].as_str().unwrap_or_default().to_owned();
                        let approved = self
                            .workspace
                            .command(&["gate", "approve", &id, &stage])
                            .output()
                            .unwrap();
                        if approved.status.code() == Some(1) {
                            // Somebody wrote to what is under review, and nobody has read it since.
                            self.workspace.cmd(&["job", "cancel", &id]).assert().success();
                        }
                    }
                    _ => self.until_it_moves(&id, &job),
                }
            }
        }
    }

    /// Follows the job until its next event.
    fn until_it_moves(&self, id: &str, job: &Value) {
        let events = self.workspace.json_lines(&["events", id]);
        let since = events.last().map_or(0, |event| event["seq"].as_u64().unwrap_or(0));
        let now = self.workspace.command(&["job", "show", id, "--json"]).output().unwrap();
        if serde_json::from_slice::<Value>(&now.stdout)
            .ok()
            .as_ref()
            .map(|now| &now["status"])
            != Some(&job["status"])
        {
            return;
        }
        let mut follow = self
            .workspace
            .command(&["events", id, "--follow", "--json", "--since", &since.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
        lines.next();
        follow.kill().unwrap();
        follow.wait().unwrap();
    }
}
