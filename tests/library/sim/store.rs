//! The store in memory: whole transactions as `store` has them, with faults, and with defects
//! planted on purpose.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::artifact::Artifact;
use domain::ask::Command;
use domain::change::{Applied, Change};
use domain::decision::SealedDecision;
use domain::event::{Event, EventType, NewEvent};
use domain::gate::GateState;
use domain::heartbeat::WhenGone;
use domain::hosts::LeadRow;
use domain::ids::JobId;
use domain::job::{AttemptState, Job, JobRows, JobStatus};
use domain::refusal::{Refusal, RefusalCode};
use domain::time::Timestamp;
use rules::{Evidence, Happening, Trigger};
use store::{Batched, OpenTimer, OwedRecords, Rule};
use testing::world::{Numbers, Written, write};

/// What the rule reads, as the engine hands it over.
pub type Wanted = (Trigger, Evidence);

/// A defect that somebody could put into the store or around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Plant {
    #[default]
    None,
    /// For a decision the rule reads rows from before the transaction, and the update forgot
    /// `AND state = 'open'`.
    NoGuard,
    /// A commit is answered and not flushed: the next crash takes it away.
    Unflushed,
    /// The columns of hold and lease are not loaded.
    ForgetsLease,
    /// The watermark rises before the files are written.
    WatermarkFirst,
    /// The watermark rises when the files have their names, before they are flushed.
    NamedIsDone,
    /// What another process has put in place is taken for flushed.
    FoundIsDone,
    /// Leader-only transactions do not look at the epoch.
    NoEpoch,
    /// A torn last line is appended to.
    TornLineStays,
    /// What a loss of power left of a line in the midst of the chain stays there.
    ChainHoleStays,
    /// Timers go by civil time alone.
    CivilTimeOnly,
    /// Leases and stops go by civil time alone, as they did before anchors were noted.
    CivilStops,
    /// The timer does not look at the files.
    BlindTimer,
    /// A decision does not name the one before.
    ForgetsPrevious,
    /// A preview is told from rows that are one transaction old.
    StalePreview,
    /// A preview takes it that the files are what is registered.
    BlindPreview,
    /// A preview says that the next stage of the list starts, whatever the rules make of it.
    GuessingPreview,
    /// The timer takes any look for a look at all of it.
    AnyLookCounts,
    /// Which last calls were said is not stored.
    ForgetsCalls,
    /// The timer takes it that a last call reaches somebody.
    BelievesReached,
    /// A forecast takes no notice of holds.
    ForecastForgetsHolds,
    /// Resuming takes what lies there for what was decided on.
    ResumeLetsThrough,
    /// A console asks as a command does, and passes over whoever has the gate open.
    NamelessConsole,
    /// Nobody looks again between the row that says that a stage runs and its launch.
    LaunchesBlind,
    /// What the policy says of taking back is not loaded.
    ForgetsRecall,
    /// Whoever carries a decision out, or takes it back, leaves the note that this is still to come.
    WindowStays,
    /// A sign of life is answered and not noted.
    LosesSigns,
    /// Whoever falls silent is taken to have asked for a withdrawal.
    WithdrawsAll,
    /// Of several hosts: what was answered under a name is forgotten.
    ForgetsNames,
    /// What was lost on its way is told as refused.
    LostIsRefused,
    /// Whatever runs elsewhere is taken for lost.
    LosesAtOnce,
    /// An attempt that was taken for lost counts when it ends after all.
    LostCounts,
    /// Nobody ends what others took for lost.
    KeepsOrphans,
    /// A stage is started beside what still runs of it.
    BesideOrphan,
    /// A clock that is off is not noticed.
    BelievesClock,
    /// Transactions do not look at the clock.
    NoClockInside,
    /// What was first seen by a clock that was off stays.
    KeepsSights,
    /// Whoever stands by sleeps for long.
    SleepyStandby,
    /// The lead may be taken while another host leads.
    TakesAlways,
}

impl Plant {
    /// Those of several hosts, which [`super::hosts`] catches.
    pub const OF_HOSTS: [Self; 14] = [
        Self::NoGuard,
        Self::NoEpoch,
        Self::ForgetsPrevious,
        Self::ForgetsNames,
        Self::LostIsRefused,
        Self::LosesAtOnce,
        Self::LostCounts,
        Self::KeepsOrphans,
        Self::BesideOrphan,
        Self::BelievesClock,
        Self::NoClockInside,
        Self::KeepsSights,
        Self::SleepyStandby,
        Self::TakesAlways,
    ];

    pub const DEFECTS: [Self; 27] = [
        Self::NoGuard,
        Self::Unflushed,
        Self::ForgetsLease,
        Self::WatermarkFirst,
        Self::NamedIsDone,
        Self::FoundIsDone,
        Self::NoEpoch,
        Self::TornLineStays,
        Self::ChainHoleStays,
        Self::CivilTimeOnly,
        Self::CivilStops,
        Self::BlindTimer,
        Self::ForgetsPrevious,
        Self::StalePreview,
        Self::BlindPreview,
        Self::AnyLookCounts,
        Self::ForgetsCalls,
        Self::BelievesReached,
        Self::ForecastForgetsHolds,
        Self::GuessingPreview,
        Self::ResumeLetsThrough,
        Self::NamelessConsole,
        Self::LaunchesBlind,
        Self::ForgetsRecall,
        Self::WindowStays,
        Self::LosesSigns,
        Self::WithdrawsAll,
    ];
}

/// What can go wrong with one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// An error, and nothing is recorded.
    Failed,
    /// An error told although everything is recorded: the disk failed in the commit itself.
    Unknown,
}

/// One job with its log.
#[derive(Debug, Clone)]
pub struct Stored {
    pub rows: Rc<JobRows>,
    pub events: Vec<Event>,
    /// With the event at which each is owed.
    pub decisions: Vec<(SealedDecision, u64)>,
    pub last_event_seq: u64,
    pub published_seq: u64,
    /// What of the watermark survives a loss of power.
    pub published_on_disk: u64,
    pub status_since: Timestamp,
    before: Option<Rc<JobRows>>,
}

/// Whole transactions on jobs: what both stores of the simulator can do.
pub trait Storage {
    fn job_ids(&self) -> Vec<JobId>;
    fn rows(&self, job_id: &JobId) -> Option<Rc<JobRows>>;
    /// The rows that a preview is told from: as they are, unless a defect is planted.
    fn rows_to_foresee(&self, job_id: &JobId) -> Option<Rc<JobRows>> {
        self.rows(job_id)
    }
    fn commit(
        &mut self,
        wanted: &[Batched<Wanted>],
        now: Timestamp,
        rule: &mut Rule<'_, Wanted>,
    ) -> Result<Vec<Result<Applied, Refusal>>, String>;
    fn timers(&self) -> Vec<OpenTimer>;
    fn owed_of(&self, job_id: &JobId) -> Option<OwedRecords>;
    fn mark_published(&mut self, job_id: &JobId, seq: u64);
    /// The new epoch.
    fn take_lead(&mut self) -> u64;
    /// All decisions of the directory, in chain order.
    fn chain(&self) -> Vec<SealedDecision>;
    fn events(&self, job_id: &JobId) -> Vec<Event>;
    /// The power is lost.
    fn lose_power(&mut self);
    /// The next transaction does not go well.
    fn fail_next(&mut self, fault: Option<CommitFault>);
}

#[derive(Debug, Clone, Default)]
pub struct Memory {
    pub jobs: BTreeMap<JobId, Stored>,
    /// What is on disk; differs from `jobs` only where a defect is planted.
    flushed: Option<Box<Memory>>,
    numbers: Numbers,
    pub lead: LeadRow,
    pub plant: Plant,
    pub fault: Option<CommitFault>,
}

impl Memory {
    /// A durable commit takes the notes before it along: they are in one log, in order.
    fn flush(&mut self) {
        for stored in self.jobs.values_mut() {
            stored.published_on_disk = stored.published_seq;
        }
    }

    /// An empty store with this defect.
    pub fn with(plant: Plant) -> Self {
        Self {
            plant,
            ..Self::default()
        }
    }

    fn apply(&mut self, job_id: &JobId, changes: Vec<Change>, now: Timestamp) -> Result<Applied, Refusal> {
        let former = self.jobs.get(job_id).cloned();
        let rows = former.as_ref().map(|stored| (*stored.rows).clone());
        let mut numbers = self.numbers;
        let mut changes = changes;
        if self.plant == Plant::WindowStays {
            leave_windows(rows.as_ref(), &mut changes);
        }
        if self.plant == Plant::ForgetsPrevious {
            numbers.head = None;
        }
        let is_guarded = self.plant != Plant::NoGuard;
        let written = write(job_id, rows, changes, &mut numbers, now, |rows, change| {
            if !is_guarded {
                forget_guard(rows, change);
            }
        })?;
        self.numbers = numbers;
        let Written { rows, events, applied } = written;
        let Some(mut rows) = rows else { return Ok(applied) };
        self.plant.stored(&mut rows);
        let mut stored = former.unwrap_or_else(|| Stored::new(&rows, now));
        if stored.rows.job.status != rows.job.status {
            stored.status_since = now;
        }
        stored.last_event_seq = applied.last_event_seq.unwrap_or(stored.last_event_seq);
        stored.events.extend(events);
        let sealed = applied.decisions.iter().cloned();
        stored
            .decisions
            .extend(sealed.map(|sealed| (sealed, stored.last_event_seq)));
        for (sealed, owed_with) in &mut stored.decisions {
            if applied.finished.contains(&sealed.decision.key()) {
                *owed_with = stored.last_event_seq;
            }
        }
        stored.before = Some(std::mem::replace(&mut stored.rows, Rc::new(rows)));
        self.jobs.insert(job_id.clone(), stored);
        Ok(applied)
    }
}

impl Stored {
    fn new(rows: &JobRows, now: Timestamp) -> Self {
        Self {
            rows: Rc::new(rows.clone()),
            events: Vec::new(),
            decisions: Vec::new(),
            last_event_seq: 0,
            published_seq: 0,
            published_on_disk: 0,
            status_since: now,
            before: None,
        }
    }
}

fn is_sign(trigger: &Trigger) -> bool {
    matches!(trigger, Trigger::Asked(ask) if matches!(ask.command, Command::KeepAlive { .. }))
}

/// The update forgot `recall = NULL`.
fn leave_windows(rows: Option<&JobRows>, changes: &mut [Change]) {
    for change in changes {
        if let Change::FinishGate(gate) = change {
            let former = rows.and_then(|rows| rows.gate(&gate.key.stage, gate.key.attempt));
            gate.recall = former.and_then(|former| former.recall.clone());
        }
    }
}

/// The update forgot `AND state = 'open'`: whatever the gate's row says, it is taken for open.
fn forget_guard(rows: &mut Option<JobRows>, change: &Change) {
    let (Change::PutGate(gate) | Change::SettleGate { gate, .. }) = change else {
        return;
    };
    let gates = rows.iter_mut().flat_map(|rows| &mut rows.gates);
    for same in gates.filter(|other| other.key == gate.key) {
        same.state = GateState::Open;
    }
}

impl Plant {
    /// A resume that registers what it found and queues the stage, without a review.
    fn let_through(self, rows: Option<&JobRows>, (trigger, evidence): &Wanted) -> Option<Vec<Change>> {
        let (Self::ResumeLetsThrough, Some(rows), Trigger::Asked(ask)) = (self, rows, trigger) else {
            return None;
        };
        let is_resume = matches!(ask.command, Command::Resume { .. });
        let review = evidence
            .review
            .as_ref()
            .filter(|_| is_resume && rows.job.status == JobStatus::Paused)?;
        let found = rows.artifacts.iter().filter_map(|artifact| {
            let found = review.artifacts.iter().find(|found| found.path == artifact.path)?;
            Some(Change::PutArtifact(Box::new(Artifact {
                digest: found.digest,
                ..artifact.clone()
            })))
        });
        let event = NewEvent {
            kind: EventType::JobResumed,
            stage: rows.job.stage.clone(),
            status: JobStatus::Queued,
            message: "taken as it is".to_owned(),
            payload: serde_json::Value::Null,
        };
        let job = Job {
            status: JobStatus::Queued,
            ..rows.job.clone()
        };
        let resumed = [Change::PutJob(Box::new(job)), Change::Event(Box::new(event))];
        Some(resumed.into_iter().chain(found).collect())
    }

    /// The rows as the rule sees them.
    fn seen(self, stored: Option<&Stored>, trigger: &Trigger) -> Option<Rc<JobRows>> {
        let stored = stored?;
        let is_decision = match trigger {
            Trigger::Asked(ask) => matches!(ask.command, Command::Decide { .. }),
            Trigger::Happened(happening) => matches!(happening, Happening::Expired(_)),
        };
        let mut rows = match (self, &stored.before) {
            (Self::NoGuard, Some(before)) if is_decision => Rc::clone(before),
            _ => Rc::clone(&stored.rows),
        };
        if self == Self::ForgetsRecall {
            for gate in &mut Rc::make_mut(&mut rows).gates {
                gate.policy.recall_s = 0;
            }
        }
        if self == Self::ForgetsLease {
            for gate in &mut Rc::make_mut(&mut rows).gates {
                gate.lease = None;
                if let Some(timer) = &mut gate.timer {
                    timer.hold = None;
                    timer.stopped_at = None;
                }
            }
        }
        if let Trigger::Happened(Happening::StageEnded { stage, attempt, .. }) = trigger
            && self == Self::LostCounts
        {
            let attempts = &mut Rc::make_mut(&mut rows).attempts;
            let same = attempts
                .iter_mut()
                .find(|one| one.stage == *stage && one.number == *attempt);
            if let Some(same) = same.filter(|same| same.state == AttemptState::Lost) {
                same.state = AttemptState::Running;
            }
        }
        if let (Self::WithdrawsAll, Trigger::Happened(Happening::Expired(_))) = (self, trigger) {
            let gates = &mut Rc::make_mut(&mut rows).gates;
            for heartbeat in gates.iter_mut().filter_map(|gate| gate.heartbeat.as_mut()) {
                heartbeat.terms.when_gone = WhenGone::Withdraw;
            }
        }
        if let (Self::AnyLookCounts, Trigger::Happened(Happening::Expired(_))) = (self, trigger) {
            let gates = &mut Rc::make_mut(&mut rows).gates;
            for seen in gates.iter_mut().flat_map(|gate| &mut gate.seen) {
                seen.hunks_shown = seen.hunks;
            }
        }
        if let (Self::BelievesReached, Trigger::Happened(Happening::Expired(_))) = (self, trigger) {
            let timers = Rc::make_mut(&mut rows)
                .gates
                .iter_mut()
                .flat_map(|gate| &mut gate.timer);
            for calls in timers.flat_map(|timer| &mut timer.calls) {
                calls.is_reached = true;
            }
        }
        Some(rows)
    }

    /// The rows as they are stored.
    fn stored(self, rows: &mut JobRows) {
        let gates = rows.gates.iter_mut().filter(|_| self == Self::ForgetsCalls);
        for gate in gates.filter(|gate| gate.state == GateState::Open) {
            let next_s = gate.policy.remind_before_s.iter().max().copied();
            for calls in gate.timer.iter_mut().flat_map(|timer| &mut timer.calls) {
                calls.next_s = next_s;
            }
        }
    }
}

impl Storage for Memory {
    fn job_ids(&self) -> Vec<JobId> {
        self.jobs.keys().cloned().collect()
    }

    fn rows(&self, job_id: &JobId) -> Option<Rc<JobRows>> {
        self.jobs.get(job_id).map(|stored| Rc::clone(&stored.rows))
    }

    fn rows_to_foresee(&self, job_id: &JobId) -> Option<Rc<JobRows>> {
        let stored = self.jobs.get(job_id)?;
        let before = stored.before.as_ref().filter(|_| self.plant == Plant::StalePreview);
        Some(Rc::clone(before.unwrap_or(&stored.rows)))
    }

    fn commit(
        &mut self,
        wanted: &[Batched<Wanted>],
        now: Timestamp,
        rule: &mut Rule<'_, Wanted>,
    ) -> Result<Vec<Result<Applied, Refusal>>, String> {
        let fault = self.fault.take();
        if fault == Some(CommitFault::Failed) {
            return Err("disk I/O error".to_owned());
        }
        if self.plant == Plant::Unflushed {
            self.flushed = None;
            self.flushed = Some(Box::new(self.clone()));
        }
        let mut answers = Vec::with_capacity(wanted.len());
        for entry in wanted {
            let is_old_epoch = entry.epoch.is_some() && entry.epoch != self.lead.writer();
            if is_old_epoch && self.plant != Plant::NoEpoch {
                answers.push(Err(Refusal::new(RefusalCode::NotPossible, "another process leads now")));
                continue;
            }
            let seen = self.plant.seen(self.jobs.get(&entry.job_id), &entry.matter.0);
            let changes = match (self.plant.let_through(seen.as_deref(), &entry.matter), seen.as_deref()) {
                (Some(changes), _) => Ok(changes),
                (None, seen) => rule(&entry.job_id, seen, &entry.matter),
            };
            let is_lost = self.plant == Plant::LosesSigns && is_sign(&entry.matter.0);
            let changes = changes.map(|changes| if is_lost { Vec::new() } else { changes });
            answers.push(changes.and_then(|changes| self.apply(&entry.job_id, changes, now)));
        }
        self.flush();
        match fault {
            Some(CommitFault::Unknown) => Err("disk I/O error".to_owned()),
            Some(CommitFault::Failed) | None => Ok(answers),
        }
    }

    fn timers(&self) -> Vec<OpenTimer> {
        let gates = self.jobs.values().flat_map(|stored| &stored.rows.gates);
        gates
            .filter(|gate| gate.is_live())
            .filter_map(|gate| {
                if let Some(window) = gate.recall.as_deref() {
                    return Some(OpenTimer {
                        key: gate.key.clone(),
                        timer: None,
                        heartbeat: None,
                        lease: None,
                        max_hold_s: gate.policy.max_hold_s,
                        recall: Some(window.clone()),
                    });
                }
                let mut timer = gate.timer.clone().filter(|timer| timer.held_by_policy_at.is_none());
                if timer.is_none() && gate.heartbeat.is_none() {
                    return None;
                }
                let is_seen = self.plant != Plant::ForgetsLease;
                if let Some(timer) = timer.as_mut().filter(|_| !is_seen) {
                    timer.hold = None;
                }
                Some(OpenTimer {
                    key: gate.key.clone(),
                    timer,
                    heartbeat: gate.heartbeat.clone(),
                    lease: gate.lease.clone().filter(|_| is_seen),
                    max_hold_s: gate.policy.max_hold_s,
                    recall: None,
                })
            })
            .collect()
    }

    fn owed_of(&self, job_id: &JobId) -> Option<OwedRecords> {
        let stored = self.jobs.get(job_id)?;
        let events = stored.events.iter().filter(|event| event.seq > stored.published_seq);
        let decisions = stored.decisions.iter().filter(|(_, at)| *at > stored.published_seq);
        Some(OwedRecords {
            rows: (*stored.rows).clone(),
            events: events.cloned().collect(),
            decisions: decisions.map(|(sealed, _)| sealed.clone()).collect(),
            published_seq: stored.published_seq,
            is_behind: false,
            up_to: stored.last_event_seq,
            status_since: stored.status_since,
        })
    }

    fn mark_published(&mut self, job_id: &JobId, seq: u64) {
        if let Some(stored) = self.jobs.get_mut(job_id) {
            stored.published_seq = stored.published_seq.max(seq.min(stored.last_event_seq));
        }
    }

    fn take_lead(&mut self) -> u64 {
        self.lead.epoch += 1;
        self.lead.is_held = true;
        self.flush();
        self.lead.epoch
    }

    fn chain(&self) -> Vec<SealedDecision> {
        let mut chain: Vec<_> = self
            .jobs
            .values()
            .flat_map(|stored| stored.decisions.iter().map(|(sealed, _)| sealed.clone()))
            .collect();
        chain.sort_by_key(|sealed| sealed.seq);
        chain
    }

    fn events(&self, job_id: &JobId) -> Vec<Event> {
        self.jobs
            .get(job_id)
            .map(|stored| stored.events.clone())
            .unwrap_or_default()
    }

    fn fail_next(&mut self, fault: Option<CommitFault>) {
        self.fault = fault;
    }

    fn lose_power(&mut self) {
        if let Some(flushed) = self.flushed.take() {
            *self = *flushed;
        }
        for stored in self.jobs.values_mut() {
            stored.published_seq = stored.published_on_disk;
        }
    }
}

/// Attempts that the rows say run, or wait to.
pub fn attempts_in(rows: &JobRows, state: AttemptState) -> Vec<(domain::ids::StageName, u32)> {
    let attempts = rows.attempts.iter().filter(|attempt| attempt.state == state);
    attempts
        .map(|attempt| (attempt.stage.clone(), attempt.number))
        .collect()
}
