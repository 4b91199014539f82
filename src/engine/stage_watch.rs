//! Waits for stages' supervisors, one thread each: the operating system's lock tells their end, nothing is polled.
//!
//! A console may die and another process lead: the supervisor goes on, and whoever leads then waits for the same lock (SPEC §9).

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use crate::domain::job::JobRows;
use crate::runs::supervisor::{StageEnd, StageLaunch, Supervised, adopt, end_orphan};
use crate::runs::{RunDir, RunsDir};

use super::inbox::{Inbox, StageKey};
use super::reducer::StageOutcome;

/// How long to wait before a stage's end is told once more, after files or database were in the way.
const TELL_AGAIN: Duration = Duration::from_secs(2);

/// What the watching threads need.
#[derive(Clone)]
pub(super) struct Watch {
    pub runs: RunsDir,
    /// The binary that supervises: our own.
    pub program: PathBuf,
}

impl Watch {
    /// What to launch for an attempt.
    pub fn launch_of<'a>(&self, rows: &'a JobRows, key: &StageKey) -> Option<StageLaunch<'a>> {
        let stage = rows.stage_spec(&key.stage)?;
        let attempt = rows
            .attempts
            .iter()
            .find(|attempt| attempt.stage == key.stage && attempt.number == key.attempt)?;
        Some(StageLaunch {
            stage,
            attempt: key.attempt,
            params: &rows.job.params,
            notes: attempt.notes.as_deref(),
            patch: attempt.patch.as_ref(),
            program: self.program.clone(),
        })
    }

    fn run(&self, key: &StageKey) -> RunDir {
        self.runs.run(&key.job_id)
    }

    /// Waits for a supervisor that this process started.
    pub fn follow(&self, supervised: Supervised, key: StageKey, epoch: u64, inbox: Sender<Inbox>) {
        let run = self.run(&key);
        spawn(move || tell_end(supervised, &run, key, epoch, &inbox));
    }

    /// Waits for a supervisor that another process started.
    pub fn adopt(&self, key: StageKey, epoch: u64, inbox: Sender<Inbox>) {
        let run = self.run(&key);
        spawn(move || tell_end(adopt(&run, &key.stage, key.attempt), &run, key, epoch, &inbox));
    }

    /// Tells an end once more after a while.
    pub fn again(&self, key: StageKey, epoch: u64, inbox: Sender<Inbox>) {
        let watch = self.clone();
        spawn(move || {
            thread::park_timeout(TELL_AGAIN);
            watch.adopt(key, epoch, inbox);
        });
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new()
        .name("stage".to_owned())
        .stack_size(256 * 1024)
        .spawn(work)
    {
        tracing::error!("cannot watch a stage: {error}");
    }
}

fn tell_end(supervised: Supervised, run: &RunDir, key: StageKey, epoch: u64, inbox: &Sender<Inbox>) {
    let outcome = match supervised.wait() {
        Ok(StageEnd::Exited(exit)) if exit.is_success() => StageOutcome::Made(Vec::new()),
        Ok(StageEnd::Exited(exit)) => StageOutcome::Failed(exit.message),
        Ok(StageEnd::Lost) => {
            if let Err(why) = wait_for_orphans(run, &key, inbox) {
                let _ = inbox.blocking_send(Inbox::Trouble(Some(why)));
                return;
            }
            StageOutcome::Lost
        }
        Err(error) => {
            let _ = inbox.blocking_send(Inbox::Trouble(Some(error.to_string())));
            return;
        }
    };
    let _ = inbox.blocking_send(Inbox::StageEnded { key, epoch, outcome });
}

/// Never runs beside its orphan: what the dead supervisor left is ended first, however long that takes.
fn wait_for_orphans(run: &RunDir, key: &StageKey, inbox: &Sender<Inbox>) -> Result<(), String> {
    loop {
        match end_orphan(run, &key.stage, key.attempt) {
            Ok(true) => return Ok(()),
            Ok(false) => {
                let why = format!(
                    "{} {} #{}: a process of the lost stage cannot be ended; it is not run again beside it",
                    key.job_id, key.stage, key.attempt
                );
                if inbox.blocking_send(Inbox::Trouble(Some(why))).is_err() {
                    return Err("the engine is gone".to_owned());
                }
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
