//! What the engine's threads tell the loop.

use config::{Config, Problem};
use domain::event::Event;
use domain::ids::JobId;
use domain::refusal::Refusal;
use runs::RunsError;
use runs::locks::LeadGuard;
use store::{OpenTimer, StoreError};

use super::api::Notice;
use super::host_watch::HostNews;
use super::stage_plan::{StageKey, StageWork, Term};
use rules::StageOutcome;

/// Which gates a list of timers speaks of.
#[derive(Debug)]
pub(super) enum Timers {
    /// Of all jobs.
    All(Vec<OpenTimer>),
    /// Of these jobs only.
    Of(Vec<JobId>, Vec<OpenTimer>),
}

/// A fresh look at the store.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(crate) events: Vec<Event>,
    pub(crate) up_to: u64,
    pub(crate) timers: Timers,
    pub(crate) work: Option<StageWork>,
    /// The rows are not known to be those of the last look.
    pub(crate) is_changed: bool,
    /// Some job's files are behind its rows.
    pub(crate) is_owed: bool,
    /// The schema's version, when a newer holdpoint has brought it up.
    pub(crate) newer: Option<u32>,
}

/// What came of a stage that was to be started.
#[derive(Debug)]
pub(super) enum LaunchOutcome {
    /// Its supervisor runs.
    Launched,
    /// Its job is not to go on, as the rows have it now: paused, canceled, or somebody else was
    /// quicker.
    NotWanted,
    /// This is in the way; it is tried again.
    Hindered(Refusal),
}

/// What arrives in the loop.
#[derive(Debug)]
pub(super) enum Inbox {
    /// For whoever owns the loop.
    Notice(Notice),
    /// The rows changed: by this process, or another one touched the nudge file.
    Nudged,
    Looked(Result<Box<Snapshot>, StoreError>),
    /// Waiting for the lock failed.
    NotStanding(RunsError),
    /// The operating system's lock is ours.
    Locked(LeadGuard),
    /// The epoch is ours: leader-only work may begin. None: another host leads.
    Leading(Result<Option<u64>, StoreError>),
    /// Nobody could say whether these are wanted; they may run on.
    NotEnded(Vec<StageKey>),
    /// What the other hosts do.
    Host(HostNews),
    /// The disk has taken what the writer has handed over, or has not.
    Flushed,
    /// A stage was to be started.
    Started(StageKey, LaunchOutcome),
    /// A stage's supervisor is gone.
    StageEnded {
        key: StageKey,
        term: Term,
        outcome: StageOutcome,
    },
    /// These gates could not be expired as asked; their rows say otherwise.
    NotDue(Vec<JobId>),
    ConfigFileTouched,
    ConfigRead(Result<(Box<Config>, Vec<Problem>), Vec<Problem>>),
}
