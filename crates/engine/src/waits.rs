//! Waiting for one gate's decision, and for the files that a decision leaves: whoever waited goes
//! on with those.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::watch;

use domain::decision::SealedDecision;
use domain::event::Event;
use domain::ids::{JobId, StageName};
use domain::job::JobRows;
use domain::stage_state::StageState;

use super::client::{Client, Unread, Way};
use super::watch::watch_folders;

/// How long files are waited for; afterwards the decision is told without them.
const FILES_WAIT: Duration = Duration::from_secs(5);
/// How often files on another machine are asked for.
const FAR_LOOK: Duration = Duration::from_secs(1);

/// What came of waiting for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The gate of this attempt has its outcome.
    Settled(u32),
    /// The stage went by without a gate.
    Passed,
    /// The job ended before.
    Ended,
    /// The job has no such stage, or no such attempt of it.
    NoGate,
    /// Nothing in time; the attempt whose gate is open, or decided and not yet for good.
    StillOpen(Option<u32>),
}

impl Waited {
    /// What the rows say to somebody who waits for this attempt, or the newest.
    fn by(rows: &JobRows, stage: &StageName, attempt: Option<u32>) -> Self {
        let (state, newest) = StageState::of(rows, stage);
        let gate = match attempt {
            None => newest,
            Some(attempt) => rows.gate(stage, attempt),
        };
        let gate = gate.map(|gate| rows.answering(gate));
        match (gate, state) {
            (Some(gate), _) if gate.is_live() => Self::StillOpen(Some(gate.key.attempt)),
            (Some(gate), _) => Self::Settled(gate.key.attempt),
            (None, StageState::Passed) => Self::Passed,
            // A manual job learns its stages from the gates that are opened.
            (None, StageState::NotReached) if rows.stage_spec(stage).is_none() && !rows.job.is_manual => Self::NoGate,
            (None, StageState::NotReached) if rows.job.status.is_ended() => Self::Ended,
            (None, StageState::NotReached) => Self::StillOpen(None),
            (None, _) => Self::NoGate,
        }
    }
}

impl Client {
    /// Waits for the decision of a gate, at most so long. The attempt that is waited for is pinned
    /// once its gate is seen open: a later one answers for it only where its decision was taken
    /// back. None: there is no such job.
    pub async fn until_decided(
        &self,
        job_id: &JobId,
        stage: &StageName,
        attempt: Option<u32>,
        time: Option<Duration>,
    ) -> Result<Option<(Arc<JobRows>, Waited)>, Unread> {
        let mut followed = attempt;
        let (mut news, mut looks) = (self.follow(), self.looks.clone());
        let mut deadline = pin!(async {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => pending().await,
            }
        });
        let mut is_late = false;
        loop {
            let Some(rows) = self.job(job_id).await? else {
                return Ok(None);
            };
            let waited = Waited::by(&rows, stage, followed);
            let Waited::StillOpen(open) = waited else {
                return Ok(Some((rows, waited)));
            };
            if is_late {
                return Ok(Some((rows, waited)));
            }
            followed = open.or(followed);
            tokio::select! {
                biased;
                () = news_of(&mut news, job_id) => {}
                // Where the news of a line are refused, or not understood.
                Ok(()) = looks.changed(), if matches!(self.way, Way::There(_)) => {}
                // The rows are read once more: what was decided in time counts.
                () = &mut deadline => is_late = true,
            }
        }
    }

    /// Whether the files of a decision are in place, as soon as they are: whoever decided puts them
    /// there, in whichever process.
    pub async fn until_in_place(&self, sealed: &SealedDecision) -> bool {
        let is_in_place = async || matches!(self.is_in_place(sealed).await, Ok(true));
        if is_in_place().await {
            return true;
        }
        let (changed, mut changes) = watch::channel(());
        let _watch = match &self.way {
            Way::Here { runs, .. } => {
                let run = runs.run(sealed.decision.job_id());
                let files = sealed.decision.files();
                let folders = files
                    .iter()
                    .filter_map(|file| run.path().join(file.path.as_str()).parent().map(Into::into));
                Some(watch_folders(folders, move || {
                    let _ = changed.send(());
                }))
            }
            Way::There(_) => None,
        };
        // Where files cannot be watched, the engine looks every second, and so does this.
        let mut looks = self.looks.clone();
        let wait = async {
            while !is_in_place().await {
                tokio::select! {
                    Ok(()) = changes.changed() => {}
                    Ok(()) = looks.changed() => {}
                    () = tokio::time::sleep(FAR_LOOK), if matches!(self.way, Way::There(_)) => {}
                    else => pending().await,
                }
            }
        };
        tokio::time::timeout(FILES_WAIT, wait).await.is_ok()
    }
}

/// Waits until something happened to this job, in any process. Safe to drop.
pub async fn news_of(feed: &mut Receiver<Arc<[Event]>>, job_id: &JobId) {
    // What was lost may have been about this job; a feed that has ended is noticed by whoever reads
    // the rows.
    while let Ok(events) = feed.recv().await
        && events.iter().all(|event| event.job_id != *job_id)
    {}
}
