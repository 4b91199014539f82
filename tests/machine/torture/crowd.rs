//! Those who use one runs directory at once, and what kills them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use domain::ids::Digest;

use serde_json::Value;

use super::caller::{Caller, Heard, Read};
use super::figures::Figures;
use crate::support::beside::{Beside, Stream};
use crate::support::pty::{Pty, PtyOptions};
use crate::support::random::Random;
use crate::support::receiver::{Receiver, Reply, Script};
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

/// HTTP on this port with a token of Ana's, and everything told to whoever listens at this address.
fn outside(port: u16, receiver: SocketAddr) -> String {
    let sha256 = Digest::of(b"ana-token");
    format!(
        "server: {{port: {port}}}\nsecurity:\n  rate_limiting: {{enabled: false}}\n  tokens: [{{name: ana, role: operator, sha256: {sha256}}}]\n\
         webhooks: [{{name: chat, url: 'http://{receiver}/', secret_file: webhook.secret, events: [gate_opened, gate_decided, gate_canceled, job_ended]}}]\n"
    )
}

/// Every so many requests the receiver fails.
const RECEIVER: Script = |number| {
    if number % 50 == 20 {
        Reply::Status("503 Service Unavailable")
    } else {
        Reply::Status("204 No Content")
    }
};

const CONSOLES: usize = 3;
const SERVERS: usize = 2;
const DECIDERS_MAX: usize = 5;
const CALLERS_MAX: usize = 4;
const JOBS_LIVE: usize = 6;

const KEYS: [&str; 16] = [
    "a", "a", "Enter", "Enter", "Enter", "r", "j", "k", "Tab", "x", "n", "g", "G", "<C-l>", "p", "?",
];

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
    servers: Vec<Option<Beside>>,
    deciders: Vec<Decider>,
    callers: Vec<Caller>,
    address: SocketAddr,
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
    pub fn gathered(random: Random) -> Self {
        let receiver = Receiver::start(RECEIVER);
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let workspace = Workspace::new(&format!("{PIPELINE}{}", outside(address.port(), receiver.address)));
        workspace.write("webhook.secret", "a secret of two parties");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(workspace.root().join("webhook.secret"), private).unwrap();
        let mut crowd = Self {
            workspace,
            random,
            callers: Vec::new(),
            address,
            receiver,
            delivered: BTreeMap::new(),
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
        // The first speaks HTTP, always at the same address.
        let arguments: &[&str] = if server == 0 {
            &["serve"]
        } else {
            &["serve", "--no-http"]
        };
        let mut command = self.workspace.command(arguments);
        if self.random.one_in(2) {
            let (point, _) = fault::POINTS[self.random.below(fault::POINTS.len())];
            command.env("HOLDPOINT_CRASH_AT", point);
            // Present from time to time only: the crash takes it away.
            command.env("HOLDPOINT_FAULT_WHEN", self.workspace.root().join("armed"));
        }
        self.servers[server] = Some(Beside::of(&mut command, Stream::Neither));
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
            26 => self.workspace.write("armed", ""),
            27 => self.hold(),
            28..=32 => self.call(),
            33 => self.kill_speaker(),
            _ => self.hear_one(),
        }
        for server in 0..SERVERS {
            self.start_if_gone(server);
        }
    }

    fn start_if_gone(&mut self, server: usize) {
        let is_gone = self.servers[server].as_mut().is_none_or(|child| !child.is_there());
        if is_gone {
            self.figures.crashes += u32::from(self.servers[server].is_some());
            self.start_server(server);
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
        let Read { job, stage, .. } = self.open[self.random.below(self.open.len())].clone();
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

    /// Decides over HTTP.
    fn call(&mut self) {
        if self.open.is_empty() {
            return self.look();
        }
        while self.callers.len() >= CALLERS_MAX {
            self.hear_caller();
        }
        let gate = self.open[self.random.below(self.open.len())].clone();
        let is_approval = !self.random.one_in(4);
        let note = format!("note-{}", self.figures.deeds);
        self.figures.requests += 1;
        self.callers
            .push(Caller::decides(self.address, gate, note, is_approval));
        // Killed while it answers, as often as not.
        if self.random.one_in(6) {
            self.kill_speaker();
        }
    }

    fn hear_caller(&mut self) {
        // Whoever waits for a server that is away would wait for ever.
        self.start_if_gone(0);
        let caller = self.callers.remove(0);
        let (note, is_approval) = (caller.note.clone(), caller.is_approval);
        let (heard, lost) = caller.heard();
        self.figures.answers_lost += lost;
        match heard {
            Heard::Decided => {
                self.figures.told += 1;
                self.told.push(Told { note, is_approval });
            }
            Heard::TooLate => self.figures.too_late += 1,
            Heard::Refused(why) => *self.figures.refused.entry(why).or_default() += 1,
            Heard::Nothing => {
                self.unheard.insert(note);
            }
        }
    }

    fn take_deliveries(&mut self) {
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

    /// Kills the server that speaks HTTP.
    fn kill_speaker(&mut self) {
        self.figures.kills += u32::from(self.servers[0].take().is_some());
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
        if let Some(Read { job, stage, .. }) = self.open.last().cloned() {
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
        self.figures.kills += u32::from(self.servers[server].take().is_some());
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
        if let Some(Read { job, .. }) = self.open.first().cloned() {
            let number = self.figures.deeds;
            let path = format!("runs/{job}/artifacts/script/script.txt");
            if self.workspace.root().join(&path).exists() {
                self.workspace.write(&path, format!("somebody's {number}\n"));
            }
        }
    }

    /// Everybody is killed at once; then one server works off what is left, and a person decides
    /// what waits for one.
    pub fn go_home(&mut self) {
        self.consoles.fill_with(|| None);
        self.servers.fill_with(|| None);
        while !self.deciders.is_empty() {
            self.hear_one();
        }
        let _ = std::fs::remove_file(self.workspace.root().join("armed"));
        self.servers[0] = Some(Beside::start(&self.workspace, "serve", Stream::Neither));
        while !self.callers.is_empty() {
            self.hear_caller();
        }
        self.end_all_jobs();
        self.until_all_is_told();
        self.servers[0].take().unwrap().leaves();
    }

    /// Waits until the webhook was told everything.
    fn until_all_is_told(&mut self) {
        loop {
            self.take_deliveries();
            let standing = self.workspace.json("webhooks")[0].clone();
            assert_eq!(standing["lost"], 0, "{standing}");
            if standing["waiting"] == 0 {
                break;
            }
        }
        self.take_deliveries();
    }

    /// Every job that goes on by itself is waited for, every gate is approved; what is paused stays
    /// so.
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
                            self.workspace.ok(&format!("job cancel {id}"));
                        }
                    }
                    _ => self.until_it_moves(&id, &job),
                }
            }
        }
    }

    /// Follows the job until its next event.
    fn until_it_moves(&self, id: &str, job: &Value) {
        let events = self.workspace.json_lines(&format!("events {id}"));
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
        let args = ["events", id, "--follow", "--json", "--since", &since.to_string()];
        Beside::start(&self.workspace, &args, Stream::Stdout).line();
    }
}
