//! What must hold (HOUSE.md §6), stated without the words of the code that keeps it: after every
//! step, at every decision, and after a recovery.

use std::collections::BTreeMap;

use domain::ask::Command;
use domain::chain::ChainLink;
use domain::decision::SealedDecision;
use domain::event::{Event, EventType};
use domain::gate::{Gate, GateState, Verdict};
use domain::ids::{Digest, JobId, StageName};
use domain::job::{Attempt, AttemptState, JobRows, JobStatus};
use domain::key::GateKey;
use domain::outlook::Outlook;
use domain::policy::{Doubt, OnTimeout};
use domain::refusal::Refusal;
use domain::time::SECOND_US;
use domain::wake::{Armed, Due, WakeKind};
use rules::{Happening, Trigger};
use runs::publish::{StateFile, event_line, state_file};

use super::disk::{CHAIN, artifact_file};
use super::process::InFlight;
use super::steps::Step;
use super::store::{Storage, attempts_in};
use super::world::{GRACE_S, MAX_HOLD_S, WINDOW_S, World};
use crate::support::happened::{lies, timer_lies};

impl<S: Storage> World<S> {
    fn broken(&mut self, what: String) {
        self.violations.push(what);
    }

    /// Looks at what one transaction made of the gates: may this decision have been made now, by
    /// this process?
    pub fn judge(&mut self, process: usize, job_id: &JobId, before: Option<&JobRows>, in_flight: &InFlight) {
        let Some(after) = self.store.rows(job_id) else { return };
        for gate in after.gates.iter().filter(|gate| gate.state != GateState::Open) {
            let former = before.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt));
            if former.is_some_and(|former| former.state != GateState::Open) || gate.state == GateState::Canceled {
                continue;
            }
            let Some(sealed) = after.decision_on(&gate.key).cloned() else {
                self.broken(format!("{} is settled without a decision", gate.key));
                continue;
            };
            let is_said = |note: &str| match sealed.decision.unseen() {
                Some(_) => note.contains("nobody was shown the whole change"),
                None => note.contains("nobody had looked") != is_looked_at(gate),
            };
            if let Some(note) = sealed.decision.notes().filter(|_| is_by_expiry(in_flight))
                && !is_said(note)
            {
                self.broken(format!(
                    "{}: the timer's note says {note:?} of who had looked",
                    gate.key
                ));
            }
            if sealed.decision.notes().is_none() && is_by_expiry(in_flight) {
                self.broken(format!("{}: the timer decided without a word", gate.key));
            }
            let decided = sealed.decision.artifacts().first().and_then(|artifact| artifact.sha256);
            let is_by_expiry = is_by_expiry(in_flight);
            let is_by_decider = matches!(in_flight.command(), Some(Command::Decide { .. }));
            if sealed.decision.is_by_timer() != is_by_expiry {
                self.broken(format!("{}: the record names the wrong kind of decider", gate.key));
            }
            if sealed.decision.is_approved() && (is_by_expiry || is_by_decider) && decided != in_flight.looked_at {
                self.broken(format!("{} is approved, and what lay there was other bytes", gate.key));
            }
            if is_by_expiry && let Some(former) = former {
                self.judge_timer(process, former);
                self.judge_looks(former, Verdict::of(&sealed.decision));
            }
        }
        self.judge_held(before, &after);
        self.judge_calls(before, &after, in_flight.command());
        self.judge_review(before, &after, in_flight.command());
        self.judge_hands(before, &after, in_flight);
        self.judge_requesters(before, &after, in_flight);
        self.truth.follow(before, &after, in_flight.command(), self.true_us);
    }

    /// What a preview said is what then happened; what it refused was refused, in the same words.
    pub fn judge_preview(&mut self, before: &JobRows, foreseen: Result<Outlook, Refusal>, done: &Result<(), Refusal>) {
        let job_id = &before.job.id;
        match (foreseen, done) {
            (Ok(outlook), Ok(())) => {
                let Some(after) = self.store.rows(job_id) else { return };
                let of_timers = timer_lies(&outlook.facts, &after, self.now.utc);
                let after = self.once_carried_out(&after);
                for lie in lies(&outlook, before, &after).into_iter().chain(of_timers) {
                    self.broken(format!("{job_id}: a preview lied: {lie}"));
                }
            }
            (Err(said), Err(done)) if said == *done => {}
            (said, done) => {
                let said = said.map(|outlook| outlook.sentences());
                self.broken(format!("{job_id}: a preview said {said:?}, and then {done:?}"));
            }
        }
    }

    /// A stage starts: what it reads is what the newest decision about it approved.
    pub fn judge_launch(&mut self, job_id: &JobId, stage: &StageName, attempt: u32) {
        if stage.as_str() == "script" {
            return;
        }
        let chain = self.store.chain();
        let of_script = |sealed: &&SealedDecision| {
            sealed.decision.job_id() == job_id && sealed.decision.stage().as_str() == "script"
        };
        let of_script = chain.iter().filter(of_script);
        let newest = of_script
            .filter(|sealed| !self.recalls.taken_back.contains(&sealed.decision.key()))
            .max_by_key(|sealed| sealed.seq);
        let approved = newest.filter(|sealed| sealed.decision.is_approved());
        let named = approved.and_then(|sealed| sealed.decision.artifacts().first()?.decided());
        let path = artifact_file(job_id, "artifacts/script/script.txt");
        let found = self.disk.read(&path).map(Digest::of);
        if approved.is_none() || named != found {
            self.broken(format!(
                "{job_id}: {stage} #{attempt} starts on bytes that no decision names"
            ));
        }
    }

    /// What was found changed is opened for a person: silence approves nothing of it.
    fn judge_review(&mut self, before: Option<&JobRows>, after: &JobRows, command: Option<&Command>) {
        let opened = after.gates.iter().filter(|gate| {
            let key = &gate.key;
            gate.state == GateState::Open && before.is_some_and(|rows| rows.gate(&key.stage, key.attempt).is_none())
        });
        let timed = opened.filter(|gate| gate.timer.is_some()).map(|gate| gate.key.clone());
        if matches!(command, Some(Command::Resume { .. } | Command::Recall { .. })) {
            for key in timed.collect::<Vec<_>>() {
                self.broken(format!("{key} was opened for review, and a timer may approve it"));
            }
        }
    }

    /// Silence approves, where the policy asks for it, only what somebody was shown all of; and
    /// nothing is rejected for want of a look that was there.
    fn judge_looks(&mut self, gate: &Gate, verdict: Verdict) {
        let is_wanted = gate.policy.nobody_reached == OnTimeout::Hold && verdict == Verdict::Approve;
        if is_wanted && !self.reached.contains(&gate.key) {
            self.broken(format!(
                "{}: the timer approved, and its last call reached nobody",
                gate.key
            ));
        }
        let (key, asked) = (gate.key.clone(), (gate.policy.on_timeout, gate.policy.unseen));
        match (asked, verdict, is_shown_whole(gate)) {
            ((_, OnTimeout::Hold | OnTimeout::Reject), Verdict::Approve, false) => {
                self.broken(format!("{key}: the timer approved what nobody was shown all of"));
            }
            ((OnTimeout::Approve, _), Verdict::Reject, true) => {
                self.broken(format!("{key}: the timer rejected, and somebody was shown all of it"));
            }
            ((OnTimeout::Approve, OnTimeout::Approve | OnTimeout::Hold), Verdict::Reject, false) => {
                self.broken(format!("{key}: the timer rejected, and nobody had asked for that"));
            }
            _ => {}
        }
    }

    /// Each last call is said once, in its order, whatever becomes of the deadline; who was called
    /// before is reached by a screen that tells it.
    fn judge_calls(&mut self, before: Option<&JobRows>, after: &JobRows, command: Option<&Command>) {
        let events = self.store.events(&after.job.id);
        for gate in &after.gates {
            let is_its = |event: &&Event| {
                event.kind == EventType::LastCall
                    && event.stage.as_ref() == Some(&gate.key.stage)
                    && event.payload["attempt"] == gate.key.attempt
            };
            let said: Vec<_> = events
                .iter()
                .filter(is_its)
                .map(|event| event.payload["before_s"].as_u64())
                .collect();
            if !said.is_sorted_by(|one, other| one > other) {
                self.broken(format!("{}: its last calls were {said:?}", gate.key));
            }
            let former = before.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt));
            let is_told = matches!(command, Some(Command::MarkReached { .. })) && former != Some(gate);
            if is_told && !said.is_empty() {
                self.reached.insert(gate.key.clone());
            }
        }
    }

    /// What is held because nobody was shown it was shown to nobody.
    fn judge_held(&mut self, before: Option<&JobRows>, after: &JobRows) {
        let because = |gate: &Gate| gate.timer.as_ref().and_then(|timer| timer.held_because);
        for former in before.into_iter().flat_map(|rows| &rows.gates) {
            let gate = after.gate(&former.key.stage, former.key.attempt);
            let is_new = because(former).is_none() && gate.and_then(because) == Some(Doubt::Unseen);
            if is_new && (is_shown_whole(former) || former.policy.unseen != OnTimeout::Hold) {
                self.broken(format!("{}: held as unseen, and it was not", former.key));
            }
        }
    }

    fn judge_timer(&mut self, process: usize, gate: &Gate) {
        let (now, key) = (self.now.utc, gate.key.clone());
        let Some(timer) = &gate.timer else {
            return self.broken(format!("{key}: a timer decided that is none"));
        };
        // What is stopped ends by the time that passed, wherever the civil clock was set to
        // meanwhile.
        if now < timer.deadline && timer.stopped_at.is_none() {
            self.broken(format!("{key}: the timer decided before the deadline"));
        }
        if let Some(objection) = self.truth.objection(gate, self.true_us) {
            self.broken(format!("{key}: {objection}"));
        }
        let Some(wake) = timer.wake(gate.lease.as_ref(), MAX_HOLD_S, GRACE_S) else {
            return self.broken(format!("{key}: a timer decided that was stopped for good"));
        };
        match self.processes[process].first_sights.get(&(key.clone(), wake.at)) {
            // Noted since the machine was started: the truth above has said what there is to say.
            Some(_) if wake.anchor.is_of(self.now) => {}
            Some(sight) if self.true_us - sight.true_us >= wake.at.us_since(sight.utc) => {}
            Some(_) => self.broken(format!("{key}: the timer decided before the time had really passed")),
            None => self.broken(format!(
                "{key}: the timer decided at a deadline that this process never saw"
            )),
        }
    }

    /// What holds after every step.
    pub fn check(&mut self) {
        for job_id in self.jobs.clone() {
            let Some(rows) = self.store.rows(&job_id) else {
                self.broken(format!("{job_id} is gone"));
                continue;
            };
            self.check_gates(&rows);
            self.check_status(&rows);
        }
    }

    fn check_gates(&mut self, rows: &JobRows) {
        for gate in &rows.gates {
            let Some(settled) = &gate.settled else {
                if self.settled.contains_key(&gate.key) {
                    self.broken(format!("{} is open again", gate.key));
                }
                let added_us = gate.timer.as_ref().map_or(0, |timer| timer.added_us);
                if added_us > MAX_HOLD_S as i64 * SECOND_US {
                    self.broken(format!("{}: persons added more than the bound", gate.key));
                }
                continue;
            };
            let end = (gate.state, settled.by.clone(), settled.at);
            let known = self.settled.entry(gate.key.clone()).or_insert_with(|| end.clone());
            let is_taken_back = end.0 == GateState::Recalled && self.recalls.is_wanted;
            if is_taken_back && matches!(known.0, GateState::Approved | GateState::Rejected) {
                *known = end;
            } else if *known != end {
                let what = format!("{} ended as {known:?} and then as {end:?}", gate.key);
                self.broken(what);
            }
        }
        let missing: Vec<GateKey> = self
            .settled
            .keys()
            .filter(|key| key.job_id == rows.job.id && rows.gate(&key.stage, key.attempt).is_none())
            .cloned()
            .collect();
        for key in missing {
            self.broken(format!("{key} is gone"));
        }
    }

    /// A gate that somebody took back was theirs, and stays so; one that its stage opened ends with
    /// its job, or because it is decided.
    fn check_canceled(&mut self, rows: &JobRows) {
        for gate in rows.gates.iter().filter(|gate| gate.state == GateState::Canceled) {
            let by = gate.settled.as_ref().map(|settled| settled.by.as_str());
            let opener = self.opened_by.get(&gate.key).cloned();
            if self.withdrawn.contains(&gate.key) && by != opener.as_deref() {
                self.broken(format!(
                    "{} was withdrawn by {by:?}, and {opener:?} opened it",
                    gate.key
                ));
            }
            if !rows.job.is_manual && rows.job.status != JobStatus::Canceled {
                self.broken(format!("{} is canceled, and its job is not", gate.key));
            }
        }
        for key in self.withdrawn.clone().iter().filter(|key| key.job_id == rows.job.id) {
            if rows.gate(&key.stage, key.attempt).map(|gate| gate.state) != Some(GateState::Canceled) {
                self.broken(format!("{key} was withdrawn and is not canceled"));
            }
        }
    }

    fn check_status(&mut self, rows: &JobRows) {
        self.check_canceled(rows);
        let open = rows.gates.iter().filter(|gate| gate.is_live()).count();
        let queued = attempts_in(rows, AttemptState::Queued).len();
        let running = attempts_in(rows, AttemptState::Running).len();
        let is_right = match rows.job.status {
            JobStatus::Queued => (open, queued, running) == (0, 1, 0),
            JobStatus::Running if rows.job.is_manual => (open, queued, running) == (0, 0, 0),
            JobStatus::Running => (open, queued, running) == (0, 0, 1),
            JobStatus::NeedsApproval => (open, queued, running) == (1, 0, 0),
            JobStatus::Paused => open == 0 && running == 0,
            JobStatus::Completed | JobStatus::Failed | JobStatus::Canceled => (open, queued, running) == (0, 0, 0),
        };
        if !is_right {
            let status = rows.job.status.as_str();
            self.broken(format!(
                "{} is {status} with {open} open gates, {queued} queued and {running} running attempts",
                rows.job.id
            ));
        }
        // Each approval sends the job on once; a lost attempt runs again.
        let lost = rows
            .attempts
            .iter()
            .filter(|attempt| attempt.stage.as_str() == "audio" && attempt.state == AttemptState::Lost)
            .count();
        let ran = rows
            .attempts
            .iter()
            .filter(|attempt| attempt.stage.as_str() == "audio")
            .count();
        let approved = rows
            .gates
            .iter()
            .filter(|gate| gate.state == GateState::Approved && gate.recall.is_none())
            .count();
        if ran > approved + lost {
            self.broken(format!(
                "{}: {approved} approvals, and the next stage ran {ran} times",
                rows.job.id
            ));
        }
    }

    /// Everything starts again and pays what is owed; then rows, files and what persons were told
    /// agree.
    pub fn recover(&mut self) {
        self.crash = None;
        self.store.fail_next(None);
        for process in 0..self.processes.len() {
            self.take(Step::Die(process));
            self.take(Step::Start(process));
        }
        self.take(Step::TakeLead(0));
        self.take(Step::Publish(0, None));
        self.check_record();
    }

    /// The processes go on without faults until nothing is left to do: no timed gate may be
    /// forgotten.
    pub fn settle(&mut self) {
        self.bury_leases();
        // A lease that lapses lets a timer run again whose end is another wait.
        for _ in 0..4 {
            let waits_us = self.waits_us().max().unwrap_or(0);
            let bound_us = (WINDOW_S + MAX_HOLD_S + GRACE_S) as i64 * SECOND_US + self.stepped_back_us;
            if waits_us > bound_us {
                let back_us = self.stepped_back_us;
                self.broken(format!(
                    "a gate waits {waits_us} us more, and its clock was set back by {back_us} us"
                ));
            }
            self.take(Step::Pass(waits_us));
            self.take(Step::Tick(0, true, true));
        }
        for _ in 0..24 {
            if self.is_at_rest() {
                break;
            }
            for job in 0..self.jobs.len() {
                self.take(Step::CommandEnds(job));
            }
            self.take(Step::LeaderTurn(0, true));
            self.take(Step::Pass(30 * SECOND_US));
            self.take(Step::Tick(0, true, true));
        }
        // Watched: a silence that nobody could have heard lets a promise begin anew.
        for _ in 0..6 {
            let Some(wait_us) = self.waits_us().min() else { break };
            self.take(Step::Pass(wait_us));
            self.take(Step::Tick(0, true, true));
        }
        self.take(Step::Publish(0, None));
        self.judge_carried_out();
        for job_id in self.jobs.clone() {
            let Some(rows) = self.store.rows(&job_id) else { continue };
            for gate in rows.gates.iter().filter(|gate| gate.state == GateState::Open) {
                let forgotten = gate.timer.as_ref().filter(|timer| timer.held_by_policy_at.is_none());
                if let Some(timer) = forgotten {
                    let what = format!(
                        "{} is still open, its deadline {} is long past",
                        gate.key, timer.deadline
                    );
                    self.broken(what);
                }
            }
            self.judge_forgotten(&rows);
            if matches!(rows.job.status, JobStatus::Queued | JobStatus::Running) && !rows.job.is_manual {
                self.broken(format!("{job_id} is {} and nothing happens", rows.job.status.as_str()));
            }
        }
        self.check_record();
    }

    /// Nobody is at it any more: half a minute later no lease keeps a timer.
    fn bury_leases(&mut self) {
        // After another start of the machine a lease is found only when its overdue deadline was.
        for _ in 0..self.boots.min(2) {
            self.take(Step::Pass(31 * SECOND_US));
            self.take(Step::Tick(0, true, true));
        }
        // A lease may have ended in the moment in which a requester fell silent, who came first.
        self.take(Step::Pass(3 * SECOND_US));
        self.take(Step::Tick(0, true, true));
        for gate in self.store.timers() {
            // After another start of the machine the bound goes by civil time, which is all there
            // is; it may end before the lease did.
            let waits_for = gate.wake(GRACE_S);
            let is_bound = waits_for.is_some_and(|wake| wake.kind == WakeKind::Limit && !wake.anchor.is_of(self.now));
            // So may a silence: of each gate the ticker knows the next time only.
            let is_bound = is_bound || self.boots > 1 && gate.heartbeat.is_some();
            if gate.lease.is_some() && gate.timer.as_ref().is_some_and(|timer| timer.hold.is_none()) && !is_bound {
                self.broken(format!("{}: a dead lease keeps its timer", gate.key));
            }
        }
    }

    /// Nothing happens any more unless a person acts.
    fn is_at_rest(&self) -> bool {
        let is_busy = |job_id: &JobId| {
            let rows = self.store.rows(job_id).filter(|rows| !rows.job.is_manual);
            let status = rows.map(|rows| rows.job.status);
            matches!(status, Some(JobStatus::Queued | JobStatus::Running))
        };
        let is_waited_for = self.store.timers().iter().any(|gate| gate.wake(GRACE_S).is_some());
        !is_waited_for && !self.jobs.iter().any(is_busy)
    }

    /// How long each gate waits for what comes next of itself.
    fn waits_us(&self) -> impl Iterator<Item = i64> {
        let timers = self.store.timers().into_iter();
        let wakes = timers.filter_map(|gate| gate.wake(GRACE_S));
        let now = self.now;
        let wait_us = move |wake| match Armed::first_seen(wake, now).due(now, 0) {
            Due::NotYet(wait_us) => wait_us,
            Due::Now | Due::Missed(_) => 0,
        };
        wakes.map(wait_us)
    }

    fn check_record(&mut self) {
        let chain = self.store.chain();
        let mut prev = Digest::ZERO;
        let mut keys = BTreeMap::new();
        for (place, sealed) in chain.iter().enumerate() {
            if sealed.seq != place as u64 + 1 || sealed.prev != prev || sealed.hash != sealed.computed_hash() {
                self.broken(format!("decision {} does not fit into the chain", sealed.seq));
            }
            prev = sealed.hash;
            if keys.insert(sealed.decision.key(), sealed.hash).is_some() {
                self.broken(format!("{} is decided twice", sealed.decision.key()));
            }
        }
        for told in self.told.clone() {
            if keys.get(&told.key) != Some(&told.hash) {
                self.broken(format!(
                    "{}: somebody was told of a decision that is not there",
                    told.key
                ));
            }
        }
        let mut links: Vec<u8> = Vec::new();
        for sealed in &chain {
            links.extend(ChainLink::of(sealed).line());
        }
        let mut lines: Vec<&[u8]> = self
            .disk
            .read(CHAIN)
            .unwrap_or_default()
            .split_inclusive(|byte| *byte == b'\n')
            .collect();
        // Jobs publish side by side.
        lines.sort_by_key(|line| serde_json::from_slice::<ChainLink>(line).map_or(0, |link| link.seq));
        if lines.concat() != links {
            self.broken("chain.jsonl differs from the decisions".to_owned());
        }
        for job_id in self.jobs.clone() {
            self.check_files(&job_id);
        }
        for sealed in &chain {
            let gate = self.store.rows(sealed.decision.job_id());
            let gate = gate.and_then(|rows| rows.gate(sealed.decision.stage(), sealed.decision.attempt()).cloned());
            let gate = gate.filter(|gate| gate.state != GateState::Recalled);
            let Some(gate) = gate else { continue };
            let is_approved = Some(gate.state == GateState::Approved);
            if is_approved != Some(sealed.decision.is_approved()) {
                self.broken(format!("{} and its gate disagree", sealed.decision.key()));
            }
        }
    }

    fn check_files(&mut self, job_id: &JobId) {
        let Some(owed) = self.store.owed_of(job_id) else { return };
        if owed.up_to != owed.published_seq {
            self.broken(format!("{job_id} is still owed its files"));
        }
        let events = self.store.events(job_id);
        if !events.is_sorted_by(|one, other| one.seq < other.seq) {
            self.broken(format!("the events of {job_id} do not rise"));
        }
        let mut expected: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let lines = events
            .iter()
            .flat_map(|event| event_line(event).expect("an event has a line"));
        expected.insert(format!("{job_id}/events.jsonl"), lines.collect());
        let state = state_file(&owed.rows, owed.up_to, owed.status_since).expect("rows have a form");
        expected.insert(format!("{job_id}/state.json"), state);
        for sealed in self
            .store
            .chain()
            .iter()
            .filter(|sealed| sealed.decision.job_id() == job_id)
        {
            let (stage, attempt) = (sealed.decision.stage(), sealed.decision.attempt());
            // What may still be taken back answers nobody; what was, bears another name.
            let gate = owed.rows.gate(stage, attempt);
            let path = format!("{job_id}/gates/{stage}.{attempt}");
            if gate.is_some_and(|gate| gate.recall.is_some()) {
                continue;
            }
            if gate.is_some_and(|gate| gate.state == GateState::Recalled) {
                expected.insert(format!("{path}.recalled.json"), sealed.to_file());
                continue;
            }
            expected.insert(format!("{path}.json"), sealed.to_file());
            expected.insert(format!("{job_id}/gates/{stage}.json"), sealed.to_file());
        }
        let is_artifact = |path: &str| path.contains("/artifacts/");
        let found: BTreeMap<String, Vec<u8>> = self
            .disk
            .below(&format!("{job_id}/"))
            .filter(|(path, _)| !is_artifact(path))
            .map(|(path, bytes)| (path.to_owned(), bytes.to_vec()))
            .collect();
        for path in expected.keys().chain(found.keys()) {
            let (wanted, found) = (expected.get(path), found.get(path));
            if wanted != found && !(path.ends_with("/state.json") && is_same_but_leases(wanted, found)) {
                self.violations.push(format!("{path} differs from its rows"));
            }
        }
        // What a stage wrote before its end was told, or before its job was canceled, is not
        // registered, and rightly so.
        let is_unfinished = |attempt: &&Attempt| match attempt.state {
            AttemptState::Running => true,
            AttemptState::Canceled => attempt.started_at.is_some(),
            AttemptState::Queued | AttemptState::Completed | AttemptState::Failed | AttemptState::Lost => false,
        };
        let is_unregistered = owed.rows.attempts.iter().any(|attempt| is_unfinished(&attempt));
        if !self.touched.contains(job_id) && !is_unregistered {
            for artifact in &owed.rows.artifacts {
                let found = self
                    .disk
                    .read(&artifact_file(job_id, artifact.path.as_str()))
                    .map(Digest::of);
                if found != Some(artifact.digest) {
                    self.violations
                        .push(format!("{job_id}: {} is not what is registered", artifact.path));
                }
            }
        }
    }
}

fn is_by_expiry(in_flight: &InFlight) -> bool {
    matches!(in_flight.trigger, Trigger::Happened(Happening::Expired(_)))
}

/// Whether somebody had looked at just this version.
fn is_looked_at(gate: &Gate) -> bool {
    gate.seen.iter().any(|seen| seen.digest == gate.digest())
}

/// Whether somebody was shown every hunk of just this version.
fn is_shown_whole(gate: &Gate) -> bool {
    let looks = gate.seen.iter().filter(|seen| seen.digest == gate.digest());
    let mut counts = looks.filter_map(|seen| Some((seen.hunks?, seen.hunks_shown?)));
    counts.any(|(all, shown)| shown >= all)
}

/// Leases and signs of life come and go without an event, so without a word in the files.
fn is_same_but_leases(one: Option<&Vec<u8>>, other: Option<&Vec<u8>>) -> bool {
    let without = |bytes: Option<&Vec<u8>>| {
        let mut state: StateFile = serde_json::from_slice(bytes?).ok()?;
        for gate in &mut state.rows.gates {
            gate.lease = None;
            gate.heartbeat = None;
        }
        Some(state)
    };
    let one = without(one);
    one.is_some() && one == without(other)
}
