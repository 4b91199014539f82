//! What the loop does with what its threads told: news, the lead, stages to start and to adopt, the
//! configuration.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use config::{Config, Problem};
use domain::ids::JobId;
use domain::job::Attempt;
use domain::outlook::Slots;
use runs::locks::LeadGuard;
use store::{LeadCandidate, OpenTimer, StoreError};

use super::api::Notice;
use rules::StageOutcome;

use super::inbox::{Inbox, LaunchOutcome, Snapshot, Timers};
use super::lead::Lead;
use super::reader::{LeadLook, LookFor};
use super::stage_plan::{StageKey, StageWork, tells_end};
use super::stage_watch::WatchContext;
use super::watch::FileWatch;
use super::writer::Work;
use super::{Engine, Newer, Role};

/// How long after another process's commit its files may be owed before this process pays.
const OTHERS_DEBT_US: i64 = 2_000_000;
/// A stage that could not be started is tried again after this long.
const START_AGAIN_US: i64 = 2_000_000;

/// A configuration file is read when it was not touched for this long: editors and copies write in
/// several steps.
const CONFIG_SETTLES_US: i64 = 400_000;

/// What the next look is for, what brings it about, and what it has found.
pub(super) struct Looking {
    pub(super) files: FileWatch,
    pub(super) seen_up_to: u64,
    pub(super) is_looking: bool,
    pub(super) wants_look: bool,
    pub(super) look_also: BTreeSet<JobId>,
    pub(super) wants_all_timers: bool,
    pub(super) looked_at_us: i64,
    /// When files are paid for that another process owes.
    pub(super) pay_at_us: Option<i64>,
}

/// The stages that this process starts and waits for while it leads.
pub(super) struct Stages {
    pub(super) watch: WatchContext,
    pub(super) starting: HashSet<StageKey>,
    pub(super) start_again_us: BTreeMap<JobId, i64>,
    /// The job whose stage was last told to be tried again.
    pub(super) hindered: Option<JobId>,
    pub(super) following: HashSet<StageKey>,
}

impl Stages {
    pub(super) fn following_none(watch: WatchContext) -> Self {
        Self {
            watch,
            starting: HashSet::new(),
            start_again_us: BTreeMap::new(),
            hindered: None,
            following: HashSet::new(),
        }
    }
}

impl Engine {
    pub(super) fn look(&mut self, boot_us: i64) {
        let lead = match (&self.leading.lead, self.leading.is_takeover) {
            (Lead::Not | Lead::Taking(_), _) => LeadLook::None,
            (Lead::Agent(_), false) => LeadLook::Agent,
            (Lead::Agent(_), true) => LeadLook::NewAgent,
            (Lead::Has { .. }, false) => LeadLook::Work,
            (Lead::Has { .. }, true) => LeadLook::Takeover,
        };
        let wanted = LookFor {
            since: self.looking.seen_up_to,
            also: self.looking.look_also.clone(),
            all_timers: self.looking.wants_all_timers,
            lead,
        };
        if self.ask(|reader| reader.look(wanted)) {
            self.looking.is_looking = true;
            self.looking.wants_look = false;
            self.looking.wants_all_timers = false;
            if lead != LeadLook::None {
                self.leading.is_takeover = false;
            }
            self.looking.look_also.clear();
        }
        self.looking.looked_at_us = boot_us;
    }

    pub(super) fn take(&mut self, message: Inbox) {
        match message {
            Inbox::Notice(notice) => self.notify(notice),
            Inbox::Nudged => self.looking.wants_look = true,
            // A full queue has commands in it, and the writer looks after those.
            Inbox::Flushed => {
                self.hand_to_writer(Work::Publish);
            }
            Inbox::Looked(look) => {
                self.looking.is_looking = false;
                match look {
                    Ok(look) => self.looked(*look),
                    Err(error) => {
                        // The next look asks for everything again; the backstop says when that is.
                        self.looking.wants_all_timers = true;
                        self.leading.is_takeover = true;
                        self.notify(Notice::Trouble(Some(error.into())));
                    }
                }
            }
            Inbox::NotStanding(error) => {
                self.leading.is_standing = false;
                self.notify(Notice::Trouble(Some(error.into())));
                self.stand_later();
            }
            Inbox::Locked(guard) => self.locked(guard),
            Inbox::Leading(epoch) => self.leading(epoch),
            Inbox::Started(key, start) => self.started(key, start),
            // They are found not to be wanted once more, by the next look.
            Inbox::NotEnded(keys) => self.stages.following.extend(keys),
            Inbox::Host(news) => self.host_news(news),
            Inbox::StageEnded { key, term, outcome } => {
                // By a wrong clock nothing is recorded, for a gate may open.
                let is_handed = |engine: &mut Self| {
                    let key = key.clone();
                    engine.has_the_time() && engine.hand_to_writer(Work::StageEnded { key, term, outcome })
                };
                if tells_end(self.leading.lead.stands(), term) && !is_handed(self) {
                    self.stages.watch.again(key, term);
                }
            }
            Inbox::NotDue(jobs) => {
                self.looking.look_also.extend(jobs);
                self.looking.wants_look = true;
            }
            // The file is read only when it has been quiet for a moment, because it may still be
            // being saved.
            Inbox::ConfigFileTouched => {
                self.configuration.config_at_us = Some(self.clock.now().boot_us.saturating_add(CONFIG_SETTLES_US));
            }
            Inbox::ConfigRead(read) => self.config_read(read),
        }
    }

    fn looked(&mut self, look: Snapshot) {
        let now = self.clock.now();
        if let Some(found) = look.newer {
            self.only_read(Newer { found });
        }
        self.looking.seen_up_to = self.looking.seen_up_to.max(look.up_to);
        let grace_s = self.configuration.config.pipeline.overdue_grace_s;
        let wake = |gate: &OpenTimer| gate.wake(grace_s).map(|wake| (gate.key.clone(), wake));
        match &look.timers {
            Timers::All(gates) => self.ticker.set_all(gates.iter().filter_map(wake).collect(), now),
            Timers::Of(jobs, gates) => {
                for job_id in jobs {
                    let of_job = gates.iter().filter(|gate| gate.key.job_id == *job_id).filter_map(wake);
                    self.ticker.set_job(job_id, of_job.collect::<Vec<_>>(), now);
                }
            }
        }
        if look.is_owed && self.looking.pay_at_us.is_none() {
            // Of another host's commit nobody but the leader's host pays.
            let is_ours = self.host.is_some() && self.is_lead();
            let wait_us = if is_ours { 0 } else { OTHERS_DEBT_US };
            self.looking.pay_at_us = Some(now.boot_us.saturating_add(wait_us));
        }
        if let Some(work) = look.work {
            self.lead_stages(&work, now.boot_us);
        }
        if look.events.is_empty() {
            self.notify(if look.is_changed {
                Notice::Changed
            } else {
                Notice::Looked
            });
        } else {
            self.looking.wants_look = true;
            self.leading.couriers.wake();
            self.retire_webhooks();
            self.notify(Notice::Events(look.events));
        }
    }

    /// What waits for a webhook that was taken out is void after as long as it would have been
    /// tried.
    fn retire_webhooks(&mut self) {
        let Lead::Has { epoch, .. } = self.leading.lead else {
            return;
        };
        if let Some(change) = self
            .leading
            .couriers
            .retire(&self.configuration.config, self.clock.now())
        {
            // Nobody waits for the answer; if this fails, the next try is in an hour.
            let (answer, _) = sync_channel(1);
            self.hand_to_writer(Work::Outbox(epoch, vec![change], answer));
        }
    }

    /// A newer holdpoint has brought the database up: what this one would write could be wrong
    /// there.
    fn only_read(&mut self, newer: Newer) {
        if self.newer.is_some() {
            return;
        }
        self.resign();
        self.newer = Some(newer);
        self.clients.set_newer(newer);
        tracing::warn!("{newer}");
        self.notify(Notice::ReadOnly(newer.to_string()));
    }

    /// Adopts what runs here, starts what waits, ends what nobody wants any more.
    fn lead_stages(&mut self, work: &StageWork, boot_us: i64) {
        let epoch = match self.leading.lead {
            Lead::Has { epoch, .. } => Some(epoch),
            Lead::Agent(_) => None,
            Lead::Taking(_) | Lead::Not => return,
        };
        // Of what runs here its host tells the end, whoever leads.
        let term = epoch.filter(|_| self.host.is_none());
        let key_of = |(job_id, attempt): &(JobId, Attempt)| StageKey::new(job_id, attempt);
        let plan = work.plan(self.host.as_ref(), &self.stages.following, &self.stages.starting);
        for key in plan.follow {
            if self.stages.watch.follow(None, key.clone(), term) {
                self.stages.following.insert(key);
            }
        }
        self.stages.following.retain(|key| !plan.end.contains(key));
        if !plan.end.is_empty() {
            self.hand_to_writer(Work::EndStages(plan.end));
        }
        let Some(epoch) = epoch else { return };
        for key in plan.lost {
            let outcome = StageOutcome::Lost;
            let term = Some(epoch);
            // If the queue is full the next look finds it again.
            self.hand_to_writer(Work::StageEnded { key, term, outcome });
        }
        let is_queued = |job_id: &JobId| work.queued.iter().any(|(queued, _)| queued == job_id);
        if let Some(job_id) = self.stages.hindered.clone().filter(|job_id| !is_queued(job_id)) {
            self.not_hindered(&job_id);
        }
        let running: HashSet<_> = work.running.iter().map(key_of).collect();
        let mut slots = Slots {
            ahead: running.union(&self.stages.starting).count(),
            limit: self.configuration.config.pipeline.slots(),
        };
        for queued in &work.queued {
            let key = StageKey {
                host: self.host.clone(),
                ..key_of(queued)
            };
            if !slots.is_free() {
                break;
            }
            let waits = self
                .stages
                .start_again_us
                .get(&key.job_id)
                .is_some_and(|at_us| boot_us < *at_us);
            if waits || self.stages.starting.contains(&key) {
                continue;
            }
            if self.hand_to_writer(Work::StartStage {
                key: key.clone(),
                epoch,
            }) {
                self.stages.starting.insert(key);
                slots.ahead += 1;
            }
        }
    }

    fn started(&mut self, key: StageKey, start: LaunchOutcome) {
        self.stages.starting.remove(&key);
        match start {
            LaunchOutcome::Launched => {
                self.stages.following.insert(key);
                self.stages.hindered = None;
                self.notify(Notice::Trouble(None));
            }
            // The job's events say why it does not go on.
            LaunchOutcome::NotWanted => self.not_hindered(&key.job_id),
            LaunchOutcome::Hindered(why) => {
                let StageKey {
                    job_id, stage, attempt, ..
                } = &key;
                tracing::warn!("{job_id} {stage} #{attempt} not started: {}", why.with_causes());
                let trouble = format!("{job_id} {stage} #{attempt} not started: {why}; it is tried again");
                self.notify(Notice::Trouble(Some(why.saying(trouble))));
                let at_us = self.clock.now().boot_us.saturating_add(START_AGAIN_US);
                self.stages.hindered = Some(key.job_id.clone());
                self.stages.start_again_us.insert(key.job_id, at_us);
            }
        }
        self.looking.wants_look = true;
    }

    /// That this job's stage is tried again is not true any more.
    fn not_hindered(&mut self, job_id: &JobId) {
        if self.stages.hindered.as_ref() == Some(job_id) {
            self.stages.hindered = None;
            self.notify(Notice::Trouble(None));
        }
    }

    fn locked(&mut self, guard: LeadGuard) {
        self.leading.is_standing = false;
        if !self.leading.wants_lead {
            // The lead was given up before the lock came; the lock is released here.
            return;
        }
        if self.host.is_some() {
            self.speak_for_host(guard);
        } else {
            self.leading.lead = Lead::Agent(guard);
        }
        // Where another host leads this comes to nothing; where this host did, its time need not be
        // waited for.
        self.take_lead();
    }

    /// Asks for the epoch, with the lock in hand.
    pub(super) fn take_lead(&mut self) {
        let Role::Candidate(role) = self.role else { return };
        if !self.has_the_time() {
            return;
        }
        let candidate = LeadCandidate {
            name: self.operator.name.clone(),
            role: role.to_owned(),
            host: self.operator.via.host.clone(),
            pid: self.operator.via.pid,
            since: self.clock.now().utc,
        };
        let Lead::Agent(guard) = std::mem::replace(&mut self.leading.lead, Lead::Not) else {
            return;
        };
        if self.hand_to_writer(Work::TakeLead(candidate)) {
            self.leading.lead = Lead::Taking(guard);
        } else if self.host.is_some() {
            self.leading.lead = Lead::Agent(guard);
        } else {
            self.stand_later();
        }
    }

    fn leading(&mut self, epoch: Result<Option<u64>, StoreError>) {
        match (std::mem::replace(&mut self.leading.lead, Lead::Not), epoch) {
            // Another host was quicker.
            (Lead::Taking(guard), Ok(None)) => self.leading.lead = Lead::Agent(guard),
            (Lead::Taking(guard), Ok(Some(epoch))) => {
                self.leading.lead = Lead::Has { guard, epoch };
                self.stands();
                self.ticker.set_lead(true);
                self.leading.is_takeover = true;
                self.looking.wants_look = true;
                self.leading
                    .couriers
                    .start(&self.sender_context(), &self.configuration.config, epoch);
                self.retire_webhooks();
                self.notify(Notice::Lead(true));
            }
            // The thread of the hosts says when to try again.
            (Lead::Taking(guard), Err(error)) if self.host.is_some() => {
                self.leading.lead = Lead::Agent(guard);
                self.notify(Notice::Trouble(Some(error.into())));
            }
            (Lead::Taking(_), Err(error)) => {
                self.notify(Notice::Trouble(Some(error.into())));
                self.stand_later();
            }
            // Given back while the epoch was on its way: the row must not name a leader that is
            // none.
            (Lead::Not, Ok(Some(epoch))) => {
                self.hand_to_writer(Work::Resign(epoch, None));
            }
            (former @ (Lead::Not | Lead::Agent(_) | Lead::Has { .. }), _) => self.leading.lead = former,
        }
    }

    /// Stands again after a while: what was in the way may pass.
    pub(super) fn stand_later(&mut self) {
        self.leading.stand_at_us = Some(self.clock.now().boot_us.saturating_add(START_AGAIN_US));
    }

    fn config_read(&mut self, read: Result<(Box<Config>, Vec<Problem>), Vec<Problem>>) {
        match read {
            Ok((config, _)) if *config == self.configuration.config && !self.configuration.is_config_broken => {}
            Ok((config, _)) if config.gates.is_empty() && !self.configuration.config.gates.is_empty() => {
                // Most likely a file that is being written, or was cut short: nothing may pass
                // unseen because of it.
                self.configuration.is_config_broken = true;
                self.notify(Notice::ConfigBroken(vec![Problem::of_whole(
                    "the saved configuration asks for no gate at all",
                    Some("to run without gates, start again"),
                )]));
            }
            Ok((config, warnings)) => {
                self.configuration.is_config_broken = false;
                self.configuration.config = *config;
                self.hand_to_writer(Work::PutConfig(Arc::new(self.configuration.config.clone())));
                self.clients.set_config(&self.configuration.config);
                if let Lead::Has { epoch, .. } = self.leading.lead {
                    self.leading
                        .couriers
                        .start(&self.sender_context(), &self.configuration.config, epoch);
                }
                self.looking.wants_look = true;
                self.looking.wants_all_timers = true;
                self.notify(Notice::ConfigLoaded(
                    Arc::clone(&self.configuration.config.gates),
                    self.configuration.config.console.clone(),
                    warnings,
                ));
            }
            Err(problems) => {
                self.configuration.is_config_broken = true;
                let faults = problems.into_iter().filter(Problem::is_error).collect();
                self.notify(Notice::ConfigBroken(faults));
            }
        }
    }
}
