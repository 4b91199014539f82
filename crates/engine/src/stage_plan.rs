//! What a look at the rows asks of whoever leads or speaks for a host: which stages to wait for, to
//! end, and to tell as lost. Knows no thread and no process.

use std::collections::HashSet;

use domain::hosts::Stands;
use domain::ids::{HostId, JobId, StageName};
use domain::job::Attempt;

/// One execution of a stage, named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StageKey {
    pub job_id: JobId,
    pub stage: StageName,
    pub attempt: u32,
    /// Where it runs, as its row says.
    pub host: Option<HostId>,
}

impl StageKey {
    pub fn new(job_id: &JobId, attempt: &Attempt) -> Self {
        Self {
            job_id: job_id.clone(),
            stage: attempt.stage.clone(),
            attempt: attempt.number,
            host: attempt.host.clone(),
        }
    }
}

/// In whose name a stage is watched: the leader's of this epoch; none: that of the host which it runs
/// on, whoever leads.
pub type Term = Option<u64>;

/// Whether a process tells an end that was heard in this name. Under another leader the same end is
/// told there: every leader waits for the same lock.
pub fn tells_end(stands: Stands, term: Term) -> bool {
    match term {
        Some(_) => stands.epoch() == term,
        None => stands.is_agent(),
    }
}

/// The attempts that there is something to do about.
#[derive(Debug, Clone, Default)]
pub struct StageWork {
    /// Oldest first.
    pub queued: Vec<(JobId, Attempt)>,
    pub running: Vec<(JobId, Attempt)>,
    /// At a takeover: attempts whose command may have outlived the cancellation of their job, or what
    /// others took for the end of this host.
    pub unwanted: Vec<(JobId, Attempt)>,
    /// Those whose hosts are gone.
    pub lost: Vec<(JobId, Attempt)>,
}

/// What comes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StagePlan {
    /// They run here, and nobody waits for their end yet.
    pub follow: Vec<StageKey>,
    /// They may run here, and nobody wants them any more.
    pub end: Vec<StageKey>,
    /// Their hosts are gone.
    pub lost: Vec<StageKey>,
}

impl StageWork {
    /// For a process on this host (none: the record is a file) that waits for the ends of `following`
    /// and has begun to start `starting`.
    pub fn plan(
        &self,
        host: Option<&HostId>,
        following: &HashSet<StageKey>,
        starting: &HashSet<StageKey>,
    ) -> StagePlan {
        let keys = |attempts: &[(JobId, Attempt)]| -> Vec<_> {
            attempts
                .iter()
                .map(|(job_id, attempt)| StageKey::new(job_id, attempt))
                .collect()
        };
        // A record that was a file once does not say where: it was here.
        let is_here = |key: &StageKey| key.host.is_none() || key.host.as_ref() == host;
        let running = keys(&self.running);
        let is_known = |key: &StageKey| following.contains(key) || starting.contains(key);
        let is_unwanted = |key: &&StageKey| !running.contains(key) && !starting.contains(*key);
        let mut end: Vec<_> = following.iter().filter(is_unwanted).cloned().collect();
        end.extend(keys(&self.unwanted));
        let mut lost = keys(&self.lost);
        lost.retain(|key| !is_here(key));
        let mut follow = running;
        follow.retain(|key| is_here(key) && !is_known(key));
        StagePlan { follow, end, lost }
    }
}
