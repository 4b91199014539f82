//! The record that the hosts share, in memory: who leads, which host is there, what was submitted.
//! What its rows mean is said by the rules that the store asks, too.

use std::collections::BTreeMap;
use std::rc::Rc;

use domain::change::Applied;
use domain::hosts::{HOST_US, Kept, LEAD_US, is_gone};
use domain::ids::{HostId, JobId};
use domain::job::{Attempt, AttemptState, JobRows};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use engine::stage_plan::StageWork;
use store::{Batched, Rule};

use super::super::store::{Memory, Plant, Storage, Wanted};

/// What came of a submission.
pub type Outcome = Result<Applied, Refusal>;

#[derive(Debug, Clone, Default)]
pub struct Record {
    pub memory: Memory,
    there: BTreeMap<HostId, Timestamp>,
    submissions: BTreeMap<String, Outcome>,
    /// Rises with whatever the others are told of.
    pub news: u64,
}

impl Record {
    pub fn with(plant: Plant) -> Self {
        Self {
            memory: Memory::with(plant),
            ..Self::default()
        }
    }

    fn is_there(&self, host: &HostId, time: Timestamp) -> bool {
        !is_gone(self.there.get(host).copied(), time)
    }

    pub fn keep(&mut self, host: Option<&HostId>, epoch: Option<u64>, time: Timestamp) -> Kept {
        let lead = &mut self.memory.lead;
        let is_free = lead.is_free(time);
        let is_lead = epoch.is_some() && lead.writer() == epoch;
        if is_lead {
            lead.until = Some(time.plus_us(LEAD_US));
        }
        let all = self.memory.jobs.values().flat_map(|stored| &stored.rows.attempts);
        let has_lost = all.into_iter().any(|attempt| self.is_lost(attempt, time));
        if let Some(host) = host {
            self.there.insert(host.clone(), time.plus_us(HOST_US));
        }
        Kept {
            is_lead,
            is_free,
            has_lost,
            time,
        }
    }

    pub fn take_lead(&mut self, host: &HostId, time: Timestamp) -> Option<u64> {
        let lead = &mut self.memory.lead;
        if self.memory.plant == Plant::TakesAlways {
            lead.is_held = false;
        }
        *lead = lead.taken(host, time)?;
        self.news += 1;
        Some(self.memory.lead.epoch)
    }

    pub fn resign(&mut self, epoch: u64) {
        if self.memory.lead.epoch == epoch {
            self.memory.lead.is_held = false;
        }
        self.news += 1;
    }

    /// What was answered under this name.
    pub fn submission(&self, id: &str) -> Option<&Outcome> {
        self.submissions
            .get(id)
            .filter(|_| self.memory.plant != Plant::ForgetsNames)
    }

    pub fn keep_refused(&mut self, id: &str, refusal: &Refusal) {
        if refusal.code.is_last_word() {
            self.submissions
                .entry(id.to_owned())
                .or_insert_with(|| Err(refusal.clone()));
        }
    }

    pub fn commit(&mut self, entry: &Batched<Wanted>, now: Timestamp, rule: &mut Rule<'_, Wanted>) -> Outcome {
        let id = entry.submission.as_ref().map(|submission| submission.id.clone());
        let is_done = id.as_ref().is_some_and(|id| self.submission(id).is_some());
        let answers = self
            .memory
            .commit(std::slice::from_ref(entry), now, &mut |job_id, rows, wanted| {
                let changes = rule(job_id, rows, wanted)?;
                match is_done {
                    true => Err(Refusal::wrong_state("this submission was done already")),
                    false => Ok(changes),
                }
            });
        let answer = answers
            .expect("faults of the line are the world's")
            .pop()
            .expect("one entry");
        if let Some(id) = id {
            match &answer {
                Err(refusal) => self.keep_refused(&id, refusal),
                Ok(applied) => drop(self.submissions.insert(id, Ok(applied.clone()))),
            }
        }
        self.news += 1;
        answer
    }

    fn attempts(&self, is_wanted: impl Fn(&Attempt) -> bool) -> Vec<(JobId, Attempt)> {
        let mut found = Vec::new();
        for (job_id, stored) in &self.memory.jobs {
            let wanted = stored.rows.attempts.iter().filter(|attempt| is_wanted(attempt));
            found.extend(wanted.map(|attempt| (job_id.clone(), attempt.clone())));
        }
        found
    }

    fn is_lost(&self, attempt: &Attempt, time: Timestamp) -> bool {
        let is_gone = |host: &HostId| !self.is_there(host, time) || self.memory.plant == Plant::LosesAtOnce;
        attempt.state == AttemptState::Running && attempt.host.as_ref().is_some_and(is_gone)
    }

    /// What whoever leads, or speaks for this host, has to look after; `is_new`: for the first time.
    pub fn work(&self, host: &HostId, leads: bool, is_new: bool, time: Timestamp) -> StageWork {
        let state = |state| move |attempt: &Attempt| attempt.state == state;
        let mut work = StageWork {
            running: self.attempts(state(AttemptState::Running)),
            ..StageWork::default()
        };
        if leads {
            work.queued = self.attempts(state(AttemptState::Queued));
            work.lost = self.attempts(|attempt| self.is_lost(attempt, time));
        }
        if is_new {
            work.unwanted = self.attempts(|attempt| match attempt.state {
                AttemptState::Canceled => attempt.started_at.is_some(),
                AttemptState::Lost => attempt.host.as_ref() == Some(host),
                AttemptState::Queued | AttemptState::Running | AttemptState::Completed | AttemptState::Failed => false,
            });
        }
        work
    }

    pub fn rows(&self, job_id: &JobId) -> Option<Rc<JobRows>> {
        self.memory.rows(job_id)
    }
}
