//! What must hold whatever becomes of hosts, lines and clocks, by the time that really passed and
//! counted beside the rows.

use std::collections::{BTreeMap, BTreeSet};

use domain::ask::Command;
use domain::decision::SealedDecision;
use domain::gate::{Gate, GateState};
use domain::hosts::{AHEAD_US_MAX, HOST_US};
use domain::ids::Digest;
use domain::job::{Attempt, AttemptState, JobRows, JobStatus};
use domain::key::GateKey;
use domain::time::{SECOND_US, Timestamp};
use rules::{Happening, Trigger};
use store::Batched;

use super::super::store::{Storage, Wanted};
use super::super::world::{GRACE_S, RECALL_S};
use super::process::Process;
use super::record::Outcome;
use super::world::{Hosts, Ran, Run};

/// How soon another host leads after a leader was killed, or its line was cut.
const TAKEOVER_US: i64 = 6 * SECOND_US;
/// The same after one that ended in order.
const HANDOVER_US: i64 = SECOND_US;
/// Seconds that a lease may outlive its last heartbeat (SPEC §3).
const LEASE_US: i64 = 30 * SECOND_US;

#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Who has written, or taken the lead, under each epoch.
    writers: BTreeMap<u64, u64>,
    newest_epoch: u64,
    ends: BTreeMap<GateKey, (GateState, String, Timestamp)>,
    /// When each decision of a person was made that may be taken back.
    made_us: BTreeMap<GateKey, i64>,
    /// The last heartbeat of each lease.
    beats_us: BTreeMap<GateKey, i64>,
    /// How often each gate was changed: hosts whose clocks are right may differ by two seconds.
    changes: BTreeMap<GateKey, i64>,
    pub lost: BTreeSet<Run>,
    ended: BTreeSet<Run>,
    /// Since when nobody leads, and how long that may be.
    leaderless: Option<(i64, i64)>,
    /// Since when each host could take the lead.
    able_us: [Option<i64>; 3],
    /// What the schedules reach.
    pub takeovers: usize,
    pub by_timer: usize,
}

impl Judged {
    /// Something was in the way of this host's transaction.
    pub fn hindered(&mut self, host: usize, true_us: i64) {
        self.able_us[host] = Some(true_us);
    }
}

fn run_of(rows: &JobRows, attempt: &Attempt) -> Run {
    (rows.job.id.clone(), attempt.stage.clone(), attempt.number)
}

impl Hosts {
    pub fn took_lead(&mut self, epoch: u64, process: u64) {
        self.judged.leaderless = None;
        self.judged.takeovers += 1;
        if epoch <= self.judged.newest_epoch {
            self.broken(format!("epoch {epoch} begins behind {}", self.judged.newest_epoch));
        }
        self.judged.newest_epoch = epoch;
        self.judged.writers.insert(epoch, process);
    }

    pub fn lead_was_given_back(&mut self) {
        if self.record.memory.lead.writer().is_none() {
            self.judged.leaderless = Some((self.true_us, HANDOVER_US));
        }
    }

    pub fn leader_was_killed(&mut self) {
        self.judged.leaderless.get_or_insert((self.true_us, TAKEOVER_US));
    }

    /// The database has heard of this host.
    pub fn heard_of(&mut self, host: usize) {
        self.hosts[host].heard_us = Some(self.true_us);
    }

    fn is_right(&self, host: usize) -> bool {
        self.hosts[host].ahead_us.abs() <= AHEAD_US_MAX
    }

    /// Somebody leads, or will soon.
    pub fn judge_lead(&mut self) {
        let epoch = self.record.memory.lead.writer();
        let true_us = self.true_us;
        let mut leads = false;
        for number in 0..self.hosts.len() {
            let host = &self.hosts[number];
            let process = host.process.as_ref().filter(|_| !host.is_cut && !host.is_stopped);
            leads |= process.is_some_and(|one| epoch.is_some() && one.stands.epoch() == epoch);
            let could = self.is_right(number) && !host.is_stalled;
            let is_able = |one: &Process| could && one.stands.is_agent() && one.watch.has_the_time();
            let is_able = process.is_some_and(is_able);
            let since_us = &mut self.judged.able_us[number];
            *since_us = is_able.then(|| since_us.unwrap_or(true_us));
        }
        if leads {
            self.judged.leaderless = None;
            return;
        }
        let (since_us, max_us) = *self.judged.leaderless.get_or_insert((true_us, TAKEOVER_US));
        let is_late = |able_us: &Option<i64>| able_us.is_some_and(|able_us| true_us - since_us.max(able_us) > max_us);
        if let Some(host) = self.judged.able_us.iter().position(is_late) {
            let us = true_us - since_us;
            self.broken(format!("nobody leads for {us} us, and host {host} could"));
        }
    }

    /// Looks at what one transaction made of a job.
    pub fn judge(
        &mut self,
        host: usize,
        process: u64,
        before: Option<&JobRows>,
        entry: &Batched<Wanted>,
        answer: &Outcome,
    ) {
        if let (Some(epoch), Ok(_)) = (entry.epoch, answer) {
            let writer = *self.judged.writers.entry(epoch).or_insert(process);
            if writer != process || epoch != self.judged.newest_epoch {
                let newest = self.judged.newest_epoch;
                self.broken(format!(
                    "process {process} wrote under epoch {epoch} of {writer}; the newest is {newest}"
                ));
            }
        }
        let Some(after) = self.record.rows(&entry.job_id) else {
            return;
        };
        let trigger = &entry.matter.0;
        if answer.is_ok() && !self.is_right(host) {
            let us = self.hosts[host].ahead_us;
            self.broken(format!(
                "host {host} has recorded something by a clock that is off by {us} us"
            ));
        }
        for gate in &after.gates {
            let former = before.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt));
            if former != Some(gate) {
                self.judge_gate(&after, former, gate, trigger);
            }
        }
        self.judge_attempts(host, before, &after);
        let command = match trigger {
            Trigger::Asked(ask) => Some(&ask.command),
            Trigger::Happened(_) => None,
        };
        self.truth.follow(before, &after, command, self.true_us);
    }

    fn slack_us(&self, key: &GateKey) -> i64 {
        let changes = self.judged.changes.get(key).copied().unwrap_or_default();
        2 * AHEAD_US_MAX * (1 + changes)
    }

    fn judge_gate(&mut self, after: &JobRows, former: Option<&Gate>, gate: &Gate, trigger: &Trigger) {
        let (key, true_us) = (&gate.key, self.true_us);
        let is_expiry = matches!(trigger, Trigger::Happened(Happening::Expired(_)));
        let was_open = former.is_some_and(|former| former.state == GateState::Open);
        let is_decided = matches!(gate.state, GateState::Approved | GateState::Rejected);
        let slack_us = self.slack_us(key);
        if is_decided && was_open && after.decision_on(key).is_none() {
            self.broken(format!("{key} is settled without a decision"));
        }
        if let Some(former) = former.filter(|_| is_decided && was_open && is_expiry) {
            self.judged.by_timer += 1;
            if let Some(objection) = self.truth.objection(former, true_us + slack_us) {
                self.broken(format!("{key}: {objection}"));
            }
        }
        // A lease ends by itself 30 s after the last heartbeat, whoever notices; not where it kept the
        // timer for as long as it may.
        let beat_us = self.judged.beats_us.get(key).copied();
        let had_lease = former.is_some_and(|former| former.lease.is_some());
        let is_at_bound = former
            .and_then(|former| former.timer.as_ref())
            .is_none_or(|timer| timer.added_us > 0);
        if let Some(beat_us) = beat_us.filter(|_| is_expiry && had_lease && gate.lease.is_none())
            && true_us < beat_us + LEASE_US - slack_us
            && !is_at_bound
        {
            self.broken(format!("{key}: a live lease was ended after {} us", true_us - beat_us));
        }
        match (&gate.lease, trigger) {
            (None, _) => drop(self.judged.beats_us.remove(key)),
            (Some(_), Trigger::Asked(ask)) if matches!(ask.command, Command::TakeLease { .. }) => {
                self.judged.beats_us.insert(key.clone(), true_us);
            }
            (Some(_), Trigger::Asked(_) | Trigger::Happened(_)) => {}
        }
        // What may be taken back may be for its time.
        if gate.recall.is_some() {
            self.judged.made_us.entry(key.clone()).or_insert(true_us);
        } else if let Some(made_us) = self.judged.made_us.remove(key)
            && is_decided
            && true_us - made_us < RECALL_S as i64 * SECOND_US - 2 * AHEAD_US_MAX
        {
            self.broken(format!(
                "the decision on {key} was carried out after {} us",
                true_us - made_us
            ));
        }
        if let Some(settled) = &gate.settled {
            let end = (gate.state, settled.by.clone(), settled.at);
            let known = self.judged.ends.insert(key.clone(), end.clone());
            let is_taken_back = end.0 == GateState::Recalled && former.is_some_and(|former| former.recall.is_some());
            if let Some(known) = known.filter(|known| *known != end && !is_taken_back) {
                self.broken(format!("{key} ended as {known:?} and then as {end:?}"));
            }
        } else if self.judged.ends.contains_key(key) {
            self.broken(format!("{key} is open again"));
        }
        *self.judged.changes.entry(key.clone()).or_default() += 1;
    }

    fn judge_attempts(&mut self, host: usize, before: Option<&JobRows>, after: &JobRows) {
        for former in before.into_iter().flat_map(|rows| &rows.attempts) {
            let Some(attempt) = after.attempt(&former.stage, former.number) else {
                continue;
            };
            if former.state == attempt.state {
                continue;
            }
            let key = run_of(after, former);
            let on = self.hosts.iter().position(|one| Some(&one.id) == former.host.as_ref());
            match attempt.state {
                AttemptState::Lost => {
                    let heard_us = on.and_then(|on| self.hosts[on].heard_us).unwrap_or(0);
                    if on != Some(host) && self.true_us - heard_us < HOST_US {
                        let us = self.true_us - heard_us;
                        self.broken(format!("{key:?} was taken for lost, its host was heard of {us} us ago"));
                    }
                    if on == Some(host) && self.supervisors.get(&(host, key.clone())) == Some(&Ran::Alive) {
                        self.broken(format!("{key:?} was taken for lost where it runs"));
                    }
                    self.judged.lost.insert(key);
                }
                AttemptState::Completed | AttemptState::Failed => {
                    if on != Some(host) {
                        self.broken(format!("{key:?} was told by host {host}, and ran on {on:?}"));
                    }
                    if self.judged.lost.contains(&key) || !self.judged.ended.insert(key.clone()) {
                        self.broken(format!("{key:?} counts although it had ended"));
                    }
                    self.judge_made(after, &key, on);
                }
                AttemptState::Queued | AttemptState::Running | AttemptState::Canceled => {}
            }
        }
    }

    /// The gate behind a stage shows what that very run has made.
    fn judge_made(&mut self, after: &JobRows, run: &Run, on: Option<usize>) {
        let Some(gate) = after.gate(&run.1, run.2) else {
            return;
        };
        for made in &gate.artifacts {
            let by = self.made.get(&made.digest).cloned();
            if by.as_ref().map(|(host, made)| (Some(*host), made)) != Some((on, run)) {
                self.broken(format!("{} shows what {by:?} has made", gate.key));
            }
        }
    }

    /// Everything is well again; what is owed settles.
    pub fn judge_end(&mut self) {
        for host in 0..self.hosts.len() {
            let one = &mut self.hosts[host];
            (one.is_cut, one.is_stopped, one.is_stalled) = (false, false, false);
            (one.ahead_us, one.fault) = (0, None);
            self.write(host);
            self.start_process(host);
        }
        for _ in 0..100 {
            self.pass(20 * SECOND_US);
            self.wanted_end();
            if self.is_at_rest() || !self.violations.is_empty() {
                break;
            }
        }
        self.pass(30 * SECOND_US);
        if !self.violations.is_empty() {
            return;
        }
        for job_id in self.jobs.clone() {
            let Some(rows) = self.record.rows(&job_id) else {
                continue;
            };
            self.judge_rest(&rows);
        }
        let mut ran = self.supervisors.iter();
        if let Some((host, key)) = ran.find(|(_, ran)| **ran == Ran::Alive).map(|(at, _)| at.clone()) {
            self.broken(format!("{key:?} still runs on host {host}, and nobody wants it"));
        }
        self.judge_chain();
        // Whoever asks again, wherever, is answered the same.
        for number in 0..self.asked.len() {
            for host in 0..self.hosts.len() {
                self.ask(host, number);
            }
        }
        let decided = |outcome: &Outcome| outcome.as_ref().map_or(0, |applied| applied.decisions.len());
        let told: usize = self
            .asked
            .iter()
            .filter_map(|asked| asked.answer.as_ref())
            .map(decided)
            .sum();
        let chain = self.record.memory.chain();
        let by_persons = chain.iter().filter(|sealed| !sealed.decision.is_by_timer()).count();
        if told != by_persons {
            self.broken(format!("{by_persons} decisions of persons, and {told} were told"));
        }
        let mut asked = self.asked.iter();
        if let Some(asked) = asked.find(|asked| asked.answer.is_none() && !asked.is_put_off) {
            self.broken(format!("{:?} is still not answered", asked.ask.command));
        }
    }

    fn judge_rest(&mut self, rows: &JobRows) {
        let (id, status) = (&rows.job.id, rows.job.status);
        if matches!(status, JobStatus::Queued | JobStatus::Running) {
            self.broken(format!("{id} is {status} and nothing happens"));
        }
        for gate in &rows.gates {
            let is_timed = gate
                .timer
                .as_ref()
                .is_some_and(|timer| timer.held_by_policy_at.is_none());
            if gate.recall.is_some() || gate.state == GateState::Open && is_timed {
                self.broken(format!("{} still waits, and nothing comes of it", gate.key));
            }
        }
    }

    fn is_at_rest(&self) -> bool {
        let is_busy = |id| {
            let status = self.record.rows(id).map(|rows| rows.job.status);
            matches!(status, Some(JobStatus::Queued | JobStatus::Running))
        };
        let timers = self.record.memory.timers();
        !timers.iter().any(|gate| gate.wake(GRACE_S).is_some()) && !self.jobs.iter().any(is_busy)
    }

    fn judge_chain(&mut self) {
        let (mut prev, mut keys) = (Digest::ZERO, BTreeSet::new());
        for (place, sealed) in self.record.memory.chain().iter().enumerate() {
            let SealedDecision {
                seq, hash, decision, ..
            } = sealed;
            if *seq != place as u64 + 1 || sealed.prev != prev || *hash != sealed.computed_hash() {
                self.broken(format!("decision {seq} does not fit into the chain"));
            }
            prev = *hash;
            let key = decision.key();
            if !self.judged.ends.contains_key(&key) {
                self.broken(format!("{key} has a decision, and nobody saw it made"));
            }
            if !keys.insert(key.clone()) {
                self.broken(format!("{key} is decided twice"));
            }
        }
        for (key, (state, ..)) in self.judged.ends.clone() {
            let is_decided = matches!(state, GateState::Approved | GateState::Rejected | GateState::Recalled);
            if is_decided && !keys.contains(&key) {
                self.broken(format!("the decision on {key} is lost"));
            }
        }
    }
}
