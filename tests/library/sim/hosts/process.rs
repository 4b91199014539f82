//! What `holdpoint serve` on one host does: it keeps its lead up, looks, lets timers expire, starts
//! stages and tells their ends. What it decides by are the engine's own rules; threads and lines are
//! the world's.

use std::collections::HashSet;

use domain::gate::OnDisk;
use domain::hosts::{Stands, Turn, Watch, clock_differs};
use domain::refusal::RefusalCode;
use domain::time::{Now, SECOND_US, Timestamp};
use domain::wake::Wake;
use engine::find;
use engine::stage_plan::{StageKey, StagePlan, tells_end};
use engine::ticker::Ticker;
use rules::{Evidence, Happening, StageOutcome, Trigger};
use store::Batched;

use super::super::store::{Plant, Wanted};
use super::super::world::GRACE_S;
use super::world::{Host, Hosts, Ran, run};

/// How long a stage that is to end may still take.
const TERM_US: i64 = 5 * SECOND_US;
/// Between two tries of whatever the line was in the way of.
const AGAIN_US: i64 = 2 * SECOND_US;

/// What was handed to the writer.
#[derive(Debug, Clone)]
pub enum Work {
    Commit(Box<Batched<Wanted>>, Tell),
    Start(StageKey, u64),
    TakeLead,
    Resign(u64),
}

/// Who hears what came of an entry.
#[derive(Debug, Clone)]
pub enum Tell {
    /// The submission of this number.
    Asker(usize),
    Start(StageKey),
    End(StageKey),
    Nobody,
}

#[derive(Debug, Clone)]
pub struct Process {
    /// No other process, on whichever host, has it.
    pub number: u64,
    pub stands: Stands,
    pub watch: Watch,
    keep_at_us: i64,
    kept_as: Stands,
    pub ticker: Ticker,
    following: HashSet<StageKey>,
    starting: HashSet<StageKey>,
    /// Ends that were told and answered.
    told: HashSet<StageKey>,
    /// What it last heard of the record; none: it is to look anew.
    seen: Option<u64>,
    is_new_agent: bool,
    again_us: i64,
    /// When it next has something to do, by the boot clock.
    wakes_us: i64,
    /// Which ends of stages on its host it has heard.
    heard: u64,
    pub in_flight: Vec<Work>,
}

impl Process {
    /// It has the lock of its runs directory at once: nobody else is there.
    pub fn started(number: u64, plant: Plant) -> Self {
        Self {
            number,
            stands: Stands::Agent,
            watch: Watch::default(),
            keep_at_us: 0,
            kept_as: Stands::Not,
            ticker: match plant {
                Plant::KeepsSights => Ticker::follower(),
                _ => Ticker::of_host(),
            },
            following: HashSet::new(),
            starting: HashSet::new(),
            told: HashSet::new(),
            seen: None,
            is_new_agent: true,
            again_us: i64::MAX,
            wakes_us: 0,
            heard: 0,
            in_flight: Vec::new(),
        }
    }

    fn sleeps(&mut self, now: Now) {
        let ends_us = self.stands.epoch().map_or(i64::MAX, |_| self.watch.lead_ends_us());
        let sleep_us = self.ticker.sleep_us(now).unwrap_or(i64::MAX);
        let due_us = now.boot_us.saturating_add(sleep_us);
        self.wakes_us = self.keep_at_us.min(ends_us).min(due_us).min(self.again_us);
    }
}

impl Hosts {
    /// Microseconds until somebody has something to do, at least a tenth of a second.
    pub fn sleep_us(&self) -> i64 {
        let sleeps = self.hosts.iter().filter(|host| !host.is_stopped).filter_map(|host| {
            let process = host.process.as_ref()?;
            Some(process.wakes_us.saturating_sub(host.boot_us + self.true_us))
        });
        sleeps.min().unwrap_or(i64::MAX).max(SECOND_US / 10)
    }

    pub fn is_awake(&self, host: usize) -> bool {
        let one = &self.hosts[host];
        let process = one.process.as_ref().filter(|_| !one.is_stopped);
        process.is_some_and(|process| process.wakes_us <= one.boot_us + self.true_us)
    }

    fn process(&mut self, host: usize) -> Option<&mut Process> {
        let host = &mut self.hosts[host];
        host.process.as_mut().filter(|_| !host.is_stopped)
    }

    /// All that have heard news, until nobody has any.
    pub fn hear(&mut self) {
        for _ in 0..64 {
            let news = self.record.news;
            let hears = |host: &Host| {
                !host.is_stopped && !host.is_cut && host.process.as_ref().is_some_and(|one| one.seen != Some(news))
            };
            let Some(host) = self.hosts.iter().position(hears) else {
                return;
            };
            // Perhaps the lead was given back.
            if let Some(process) = self.process(host).filter(|process| process.stands.stands_by()) {
                process.keep_at_us = 0;
            }
            self.turn(host);
        }
        self.broken("the hosts wake each other without end".to_owned());
    }

    /// One turn of its loop.
    pub fn turn(&mut self, host: usize) {
        let (now, ends) = (self.now(host), self.ends);
        let Some(process) = self.process(host) else { return };
        let is_again = process.again_us <= now.boot_us;
        if is_again {
            process.again_us = i64::MAX;
            process.seen = None;
        }
        // A process that was stopped finds its lead over before it does anything.
        self.end_lead(host);
        self.keep(host);
        self.end_lead(host);
        self.expire(host);
        let has_looked = self.look(host);
        if let Some(process) = self.process(host)
            && (has_looked || is_again || process.heard != ends)
        {
            process.heard = ends;
            self.tell_ends(host);
        }
        if let Some(process) = self.process(host) {
            process.sleeps(now);
        }
    }

    fn end_lead(&mut self, host: usize) {
        let boot_us = self.now(host).boot_us;
        let is_over =
            |process: &mut Process| process.stands.epoch().is_some() && boot_us >= process.watch.lead_ends_us();
        if self.process(host).is_some_and(is_over) {
            self.act(host, Turn::StepDown);
        }
    }

    fn keep(&mut self, host: usize) {
        let (now, time, is_cut) = (self.now(host), self.time(), self.hosts[host].is_cut);
        let id = self.hosts[host].id.clone();
        let plant = self.plant;
        let Some(process) = self.process(host) else { return };
        if now.boot_us < process.keep_at_us && process.stands == process.kept_as {
            return;
        }
        let stands = process.stands;
        if is_cut {
            process.keep_at_us = now.boot_us + SECOND_US;
            process.kept_as = stands;
            return;
        }
        let pause_us = match plant {
            Plant::SleepyStandby => 4 * SECOND_US,
            _ => stands.pause_us(),
        };
        process.keep_at_us = now.boot_us + pause_us;
        process.kept_as = stands;
        let kept = self.record.keep(stands.is_agent().then_some(&id), stands.epoch(), time);
        self.heard_of(host);
        let ahead = clock_differs(now, kept.time, now).filter(|_| plant != Plant::BelievesClock);
        if let Some(ahead_us) = ahead {
            let Some(process) = self.process(host) else { return };
            let turn = process.watch.hears_time(process.stands, ahead_us);
            self.act(host, turn);
        }
        let Some(process) = self.process(host) else { return };
        if kept.has_lost && process.stands.epoch().is_some() {
            process.seen = None;
        }
        let turn = process.watch.hears(process.stands, stands.epoch(), &kept, now.boot_us);
        self.act(host, turn);
    }

    pub fn act(&mut self, host: usize, turn: Turn) {
        let Some(process) = self.process(host) else { return };
        match turn {
            Turn::Nothing => {}
            Turn::Take => {
                process.stands = Stands::Taking;
                self.hand(host, Work::TakeLead);
            }
            Turn::StepDown => self.step_down(host),
            Turn::GiveBack(epoch) => {
                self.step_down(host);
                self.hand(host, Work::Resign(epoch));
            }
        }
    }

    fn step_down(&mut self, host: usize) {
        let Some(process) = self.process(host) else { return };
        if process.stands.epoch().is_some() {
            process.stands = Stands::Agent;
            process.is_new_agent = true;
            process.seen = None;
            process.ticker.set_lead(false);
            process.starting.clear();
        }
    }

    fn expire(&mut self, host: usize) {
        let now = self.now(host);
        let Some(process) = self.process(host) else { return };
        if !process.watch.has_the_time() {
            return;
        }
        for gate in process.ticker.due(now, 500) {
            let Some(rows) = self.record.rows(&gate.key.job_id) else {
                continue;
            };
            self.looking = host;
            let found = find::expiry(self, &rows, rows.gate(&gate.key.stage, gate.key.attempt));
            let job_id = gate.key.job_id.clone();
            let trigger = Trigger::Happened(Happening::Expired(gate));
            let entry = Batched::new(job_id, (trigger, found.unwrap_or_default()));
            self.hand(host, Work::Commit(Box::new(entry), Tell::Nobody));
        }
    }

    fn look(&mut self, host: usize) -> bool {
        let (now, time, id) = (self.now(host), self.time(), self.hosts[host].id.clone());
        if self.hosts[host].is_cut {
            if let Some(process) = self.process(host) {
                process.again_us = process.again_us.min(now.boot_us + AGAIN_US);
            }
            return false;
        }
        let news = self.record.news;
        let plant = self.plant;
        let Some(process) = self.process(host) else {
            return false;
        };
        if process.seen == Some(news) {
            return false;
        }
        process.seen = Some(news);
        let wakes: Vec<(_, Wake)> = {
            let timers = super::super::store::Storage::timers(&self.record.memory);
            let wake = |gate: &store::OpenTimer| Some((gate.key.clone(), gate.wake(GRACE_S)?));
            timers.iter().filter_map(wake).collect()
        };
        let Some(process) = self.process(host) else {
            return false;
        };
        process.ticker.set_all(wakes, now);
        let (stands, is_new) = (process.stands, std::mem::take(&mut process.is_new_agent));
        if !stands.is_agent() || stands == Stands::Taking {
            process.is_new_agent = is_new;
            return true;
        }
        let work = self.record.work(&id, stands.epoch().is_some(), is_new, time);
        let Some(process) = self.process(host) else {
            return false;
        };
        let plan = work.plan(Some(&id), &process.following, &process.starting);
        let StagePlan { follow, end, lost } = plan;
        process.following.extend(follow);
        process.following.retain(|key| !end.contains(key));
        if plant != Plant::KeepsOrphans {
            self.end_stages(host, end);
        }
        let Some(epoch) = stands.epoch() else { return true };
        for key in lost {
            let entry = ended(&key, StageOutcome::Lost, Some(epoch));
            self.hand(host, Work::Commit(Box::new(entry), Tell::Nobody));
        }
        for (job_id, attempt) in &work.queued {
            let key = StageKey {
                host: Some(id.clone()),
                ..StageKey::new(job_id, attempt)
            };
            let Some(process) = self.process(host) else {
                return false;
            };
            if process.starting.insert(key.clone()) {
                self.hand(host, Work::Start(key, epoch));
            }
        }
        true
    }

    /// The operating system ends them, unless the rows say that they run.
    fn end_stages(&mut self, host: usize, keys: Vec<StageKey>) {
        for key in keys {
            let rows = self.record.rows(&key.job_id);
            let attempt = rows.as_ref().and_then(|rows| rows.attempt(&key.stage, key.attempt));
            if attempt.is_some_and(|attempt| attempt.state != domain::job::AttemptState::Running) {
                self.ending.push((self.true_us + TERM_US, host, run(&key)));
            }
        }
    }

    /// What its threads heard of the ends of stages, and was not answered yet.
    fn tell_ends(&mut self, host: usize) {
        let boot_us = self.now(host).boot_us;
        let Some(process) = self.process(host) else { return };
        let waiting = process.following.iter().filter(|key| !process.told.contains(*key));
        let mut waiting: Vec<_> = waiting.cloned().collect();
        waiting.sort_by_key(run);
        for key in waiting {
            let outcome = match self.supervisors.get(&(host, run(&key))).copied() {
                Some(Ran::Alive) => continue,
                Some(Ran::Ended) => StageOutcome::Made(self.made(host, &key)),
                Some(Ran::Dead) | None => StageOutcome::Lost,
            };
            let Some(process) = self.process(host) else { return };
            if !tells_end(process.stands, None) || !process.watch.has_the_time() {
                process.again_us = process.again_us.min(boot_us + AGAIN_US);
                continue;
            }
            process.told.insert(key.clone());
            let entry = ended(&key, outcome, None);
            self.hand(host, Work::Commit(Box::new(entry), Tell::End(key)));
        }
    }

    /// To the writer, which does it at once, or later.
    pub fn hand(&mut self, host: usize, work: Work) {
        let is_stalled = self.hosts[host].is_stalled;
        let Some(process) = self.process(host) else { return };
        process.in_flight.push(work);
        if !is_stalled {
            self.write(host);
        }
    }

    pub fn write(&mut self, host: usize) {
        while let Some(process) = self.process(host).filter(|process| !process.in_flight.is_empty()) {
            match process.in_flight.remove(0) {
                Work::Commit(entry, tell) => self.commit(host, *entry, tell),
                Work::Start(key, epoch) => self.start(host, key, epoch),
                Work::TakeLead => self.take_lead(host),
                Work::Resign(epoch) => {
                    if self.transacts(host).is_some() {
                        self.record.resign(epoch);
                        self.lead_was_given_back();
                    }
                }
            }
        }
    }

    fn take_lead(&mut self, host: usize) {
        let (time, id, boot_us) = (self.time(), self.hosts[host].id.clone(), self.now(host).boot_us);
        let taken = self
            .transacts(host)
            .map(|is_answered| (self.record.take_lead(&id, time), is_answered));
        if let Some((Some(epoch), _)) = taken {
            let number = self.hosts[host].process.as_ref().map_or(0, |process| process.number);
            self.took_lead(epoch, number);
        }
        let Some(process) = self.process(host) else { return };
        match (process.stands, taken) {
            (Stands::Taking, Some((Some(epoch), true))) => {
                process.stands = Stands::Leads(epoch);
                process.watch.leads(boot_us);
                process.ticker.set_lead(true);
                process.is_new_agent = true;
                process.seen = None;
            }
            (Stands::Taking, Some((Some(_), false) | (None, _)) | None) => process.stands = Stands::Agent,
            (Stands::Not | Stands::Agent | Stands::Leads(_), _) => {}
        }
    }

    fn start(&mut self, host: usize, key: StageKey, epoch: u64) {
        if self.runs_here(host, &key) && self.plant != Plant::BesideOrphan {
            return self.not_started(host, &key);
        }
        let Some(rows) = self.record.rows(&key.job_id) else {
            return;
        };
        self.looking = host;
        let on_disk = find::look_before(self, &rows, &key.stage).unwrap_or_default();
        if on_disk.iter().any(OnDisk::is_moved) {
            return self.broken(format!("{key:?} reads what nobody decided on"));
        }
        let happening = Happening::StageStarted {
            stage: key.stage.clone(),
            attempt: key.attempt,
            host: key.host.clone(),
        };
        let evidence = Evidence {
            on_disk,
            ..Evidence::default()
        };
        let entry = Batched {
            epoch: Some(epoch),
            ..Batched::new(key.job_id.clone(), (Trigger::Happened(happening), evidence))
        };
        self.commit(host, entry, Tell::Start(key));
    }

    fn not_started(&mut self, host: usize, key: &StageKey) {
        let boot_us = self.now(host).boot_us;
        if let Some(process) = self.process(host) {
            process.starting.remove(key);
            process.again_us = process.again_us.min(boot_us + AGAIN_US);
        }
    }

    /// What came of an entry; none: nobody knows.
    pub fn answered(&mut self, host: usize, tell: Tell, answer: Option<super::record::Outcome>) {
        let boot_us = self.now(host).boot_us;
        match (tell, answer) {
            (Tell::Asker(number), answer) => self.answer(number, answer),
            (Tell::Start(key), Some(Ok(_))) => {
                self.launch(host, &key);
                if let Some(process) = self.process(host) {
                    process.starting.remove(&key);
                    process.following.insert(key);
                    process.seen = None;
                }
            }
            (Tell::Start(key), Some(Err(refusal))) if refusal.code == RefusalCode::WrongState => {
                if let Some(process) = self.process(host) {
                    process.starting.remove(&key);
                }
            }
            (Tell::Start(key), Some(Err(_)) | None) => self.not_started(host, &key),
            (Tell::End(key), None) => {
                if let Some(process) = self.process(host) {
                    process.told.remove(&key);
                    process.again_us = process.again_us.min(boot_us + AGAIN_US);
                }
            }
            (Tell::End(_) | Tell::Nobody, Some(_)) => {}
            (Tell::Nobody, None) => {
                if let Some(process) = self.process(host) {
                    process.again_us = process.again_us.min(boot_us + AGAIN_US);
                }
            }
        }
    }
}

fn ended(key: &StageKey, outcome: StageOutcome, term: Option<u64>) -> Batched<Wanted> {
    let ended = Happening::StageEnded {
        stage: key.stage.clone(),
        attempt: key.attempt,
        host: key.host.clone(),
        outcome,
    };
    Batched {
        epoch: term,
        ..Batched::new(key.job_id.clone(), (Trigger::Happened(ended), Evidence::default()))
    }
}

/// The time of the database at the beginning of the world.
pub const BEGAN: Timestamp = Timestamp::from_micros(1_750_000_000 * SECOND_US);
