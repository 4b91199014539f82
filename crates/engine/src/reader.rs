//! The reading thread: answers what clients ask and looks for what changed, on its own read-only
//! connection.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::Receiver;

use tokio::sync::mpsc::Sender;

use config::{Config, ConfigFileError, ConfigText, Problem};
use domain::ids::JobId;
use store::StoreError;

use super::inbox::{Inbox, Snapshot, Timers};
use super::prepare::Preparer;
use super::stage_plan::StageWork;

/// The most events of one look; what is left is seen by the next.
const EVENTS_MAX: u32 = 2000;
/// From so many touched jobs on, all timers are read at once.
const JOBS_ONE_BY_ONE_MAX: usize = 64;

/// How much of the leader's work a look wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadLook {
    /// Nothing: this process does not lead.
    None,
    /// What runs on this host, which another one leads.
    Agent,
    /// That, and what a former agent may have left running.
    NewAgent,
    /// What is queued and what runs.
    Work,
    /// That, and what a former leader may have left running after a cancellation.
    Takeover,
}

/// The most attempts of those that nobody wants any more which a takeover looks after: the newest.
const UNWANTED_MAX: u32 = 200;

/// Something to be done by the reader.
pub(super) type ReaderWork = Box<dyn FnOnce(&mut ReaderThread) + Send>;

/// What a look is for.
pub(super) struct LookFor {
    /// Events after this one.
    pub(crate) since: u64,
    /// The timers of the jobs that those touch, and of these,
    pub(crate) also: BTreeSet<JobId>,
    /// or all of them.
    pub(crate) all_timers: bool,
    pub(crate) lead: LeadLook,
}

/// Everything the thread owns.
pub(super) struct ReaderThread {
    /// Looks at rows and files, and keeps nothing.
    pub(crate) preparer: Preparer,
    pub(crate) program: Option<String>,
    /// Which rows the last look found. None: it failed, or an answer since.
    pub(crate) found: Option<i64>,
    pub(crate) work: Receiver<ReaderWork>,
    pub(crate) inbox: Sender<Inbox>,
}

impl ReaderThread {
    /// Works until nobody can ask any more.
    pub(crate) fn run(mut self) {
        while let Ok(work) = self.work.recv() {
            work(&mut self);
        }
    }

    fn tell(&self, message: Inbox) {
        // The loop is gone when this fails, and with it everyone who could listen.
        let _ = self.inbox.blocking_send(message);
    }

    /// Looks for what changed, and tells the loop.
    pub(crate) fn look(&mut self, wanted: LookFor) {
        let look = self.found_by(wanted);
        self.tell(Inbox::Looked(look.map(Box::new)));
    }

    /// Reads the configuration file anew, and tells the loop.
    pub(crate) fn reread_config(&self, path: &Path) {
        self.tell(Inbox::ConfigRead(self.read_config(path)));
    }

    fn found_by(&mut self, wanted: LookFor) -> Result<Snapshot, StoreError> {
        let LookFor {
            since,
            mut also,
            all_timers,
            lead,
        } = wanted;
        // Before anything is read: what is committed meanwhile is a change for the next look.
        let former = self.found.take();
        let data_version = self.preparer.reader.data_version()?;
        let events = self.preparer.reader.events(None, since, EVENTS_MAX, false)?;
        let up_to = events.last().map_or(since, |event| event.seq);
        also.extend(events.iter().map(|event| event.job_id.clone()));
        let timers = if all_timers || also.len() > JOBS_ONE_BY_ONE_MAX {
            Timers::All(self.preparer.reader.timers()?)
        } else {
            let mut of_jobs = Vec::new();
            for job_id in &also {
                of_jobs.extend(self.preparer.reader.timers_of(job_id)?);
            }
            Timers::Of(also.into_iter().collect(), of_jobs)
        };
        let work = match lead {
            LeadLook::None => None,
            LeadLook::Agent | LeadLook::NewAgent | LeadLook::Work | LeadLook::Takeover => Some(self.stage_work(lead)?),
        };
        // What another host's directories are owed is not paid here.
        let is_owed = self.preparer.is_here()? && !self.preparer.reader.owed(1)?.is_empty();
        self.found = Some(data_version);
        Ok(Snapshot {
            is_changed: former != self.found,
            newer: self.preparer.reader.newer_version()?,
            events,
            up_to,
            timers,
            work,
            is_owed,
        })
    }

    fn stage_work(&self, lead: LeadLook) -> Result<StageWork, StoreError> {
        let reader = &self.preparer.reader;
        let is_leader = matches!(lead, LeadLook::Work | LeadLook::Takeover);
        let mut work = StageWork {
            running: reader.running_attempts()?,
            ..StageWork::default()
        };
        if is_leader {
            work.queued = reader.queued_attempts()?;
            work.lost = reader.lost_with_their_hosts()?;
        }
        if matches!(lead, LeadLook::NewAgent | LeadLook::Takeover) {
            work.unwanted = reader.canceled_attempts(UNWANTED_MAX)?;
            if let Some(host) = &self.preparer.host {
                work.unwanted.extend(reader.lost_here(host, UNWANTED_MAX)?);
            }
        }
        Ok(work)
    }

    fn read_config(&self, path: &Path) -> Result<(Box<Config>, Vec<Problem>), Vec<Problem>> {
        let text = ConfigText::read(Some(path), &[]).map_err(|error| vec![unreadable(path, &error)])?;
        let mut loaded = text.load()?;
        if let Some(program) = &self.program {
            loaded.config.resolve_program(program);
        }
        Ok((Box::new(loaded.config), loaded.warnings))
    }
}

fn unreadable(path: &Path, error: &ConfigFileError) -> Problem {
    Problem {
        file: path.display().to_string(),
        ..Problem::of_whole(&error.to_string(), error.hint())
    }
}
