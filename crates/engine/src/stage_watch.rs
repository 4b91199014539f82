//! Waits for stages' supervisors, one thread each: the operating system's lock tells their end,
//! nothing is polled.
//!
//! A console may die and another process lead: the supervisor goes on, and whoever leads then waits
//! for the same lock (SPEC §9).

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use domain::job::JobRows;
use domain::refusal::Refusal;
use runs::supervisor::{StageEnd, StageLaunch, Supervised, adopt, end_orphan, signal_cancel};
use runs::{RunDir, RunsDir};

use super::api::Notice;
use super::inbox::Inbox;
use super::stage_plan::{StageKey, Term};
use rules::StageOutcome;

/// How long to wait before what was in the way is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// What the watching threads need.
#[derive(Clone)]
pub(super) struct WatchContext {
    pub(crate) runs: RunsDir,
    /// The binary that supervises: our own.
    pub(crate) program: PathBuf,
    /// The loop.
    pub(crate) inbox: Sender<Inbox>,
}

impl WatchContext {
    /// What to launch for an attempt.
    pub(crate) fn launch_of<'a>(&self, rows: &'a JobRows, key: &StageKey) -> Option<StageLaunch<'a>> {
        let stage = rows.stage_spec(&key.stage)?;
        let attempt = rows.attempt(&key.stage, key.attempt)?;
        Some(StageLaunch {
            stage,
            attempt: key.attempt,
            params: &rows.job.params,
            notes: attempt.notes.as_deref(),
            comments: &attempt.comments,
            patch: attempt.patch.as_ref(),
            program: self.program.clone(),
        })
    }

    fn run(&self, key: &StageKey) -> RunDir {
        self.runs.run(&key.job_id)
    }

    /// Waits for a supervisor that this process started, or, where none is given, another one.
    /// False: there is no thread for it.
    pub(crate) fn follow(&self, supervised: Option<Supervised>, key: StageKey, term: Term) -> bool {
        let (run, inbox) = (self.run(&key), self.inbox.clone());
        spawn(move || tell_end(supervised, &run, key, term, &inbox))
    }

    /// Ends stages that nobody wants any more: their supervisors do it, and where one is dead, its
    /// orphans are ended here.
    pub(crate) fn end(&self, keys: Vec<StageKey>) {
        if keys.is_empty() {
            return;
        }
        let runs = self.runs.clone();
        spawn(move || {
            for key in keys {
                let run = runs.run(&key.job_id);
                let ended = match signal_cancel(&run, &key.stage, key.attempt) {
                    Ok(false) if run.stage().exists() => end_orphan(&run, &key.stage, key.attempt),
                    signaled => signaled,
                };
                if let Err(error) = ended {
                    tracing::warn!("cannot end {} {} #{}: {error}", key.job_id, key.stage, key.attempt);
                }
            }
        });
    }

    /// Tells an end once more after a while. False: there is no thread for it.
    pub(crate) fn again(&self, key: StageKey, term: Term) -> bool {
        let (run, inbox) = (self.run(&key), self.inbox.clone());
        spawn(move || {
            thread::park_timeout(AGAIN);
            tell_end(None, &run, key, term, &inbox);
        })
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> bool {
    let thread = thread::Builder::new()
        .name("stage".to_owned())
        .stack_size(256 * 1024)
        .spawn(work);
    if let Err(error) = &thread {
        tracing::error!("cannot watch a stage: {error}");
    }
    thread.is_ok()
}

/// Waits for the end and tells it. What is in the way is told too, and tried again until it is gone
/// or nobody listens any more.
fn tell_end(mut supervised: Option<Supervised>, run: &RunDir, key: StageKey, term: Term, inbox: &Sender<Inbox>) {
    let outcome = loop {
        let waited = supervised
            .take()
            .unwrap_or_else(|| adopt(run, &key.stage, key.attempt))
            .wait();
        let trouble = match waited {
            Ok(StageEnd::Exited(exit)) if exit.is_success() => break StageOutcome::Made(Vec::new()),
            Ok(StageEnd::Exited(exit)) => break StageOutcome::Failed(exit.message),
            // Never run beside its orphan: what the dead supervisor left is ended first, however
            // long that takes.
            Ok(StageEnd::Lost) => match end_orphan(run, &key.stage, key.attempt) {
                Ok(true) => break StageOutcome::Lost,
                Ok(false) => {
                    Refusal::not_possible("a process of the lost stage cannot be ended; it is not run again beside it")
                }
                Err(error) => error.into(),
            },
            Err(error) => error.into(),
        };
        let said = format!("{} {} #{}: {trouble}", key.job_id, key.stage, key.attempt);
        let trouble: Refusal = trouble.saying(said);
        if inbox
            .blocking_send(Inbox::Notice(Notice::Trouble(Some(trouble))))
            .is_err()
        {
            return;
        }
        thread::park_timeout(AGAIN);
    };
    // The loop is gone when this fails; whoever leads next waits for the same lock.
    let _ = inbox.blocking_send(Inbox::StageEnded { key, term, outcome });
}
