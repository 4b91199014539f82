//! All jobs, with what each is at: those that failed first, then those that go on, then those that
//! ended lately.

use domain::ids::{JobId, StageName};
use domain::job::{JobRows, JobStatus, OWN_PIPELINE};
use domain::time::Timestamp;

/// At most so many of each status are listed that are not over, or failed.
pub(crate) const LIVE_MAX: u32 = 200;
/// At most so many of those that ended otherwise.
pub(crate) const ENDED_MAX: u32 = 50;

/// A job in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct JobLine {
    pub(crate) job_id: JobId,
    pub(crate) slug: String,
    pub(crate) status: JobStatus,
    /// The stage that it is at; failed, the one that failed.
    pub(crate) stage: Option<StageName>,
    /// When that changed last.
    pub(crate) since: Timestamp,
    /// How its last command ended, where it did not go on from there; else what it is for.
    pub(crate) words: String,
    /// Whether somebody has noted that it failed.
    pub(crate) is_noted: bool,
}

impl JobLine {
    pub fn of(rows: &JobRows) -> Self {
        let job = &rows.job;
        let newest = rows.attempts.iter().max_by_key(|attempt| attempt.queued_at);
        let outcome = newest
            .filter(|_| matches!(job.status, JobStatus::Failed | JobStatus::Canceled))
            .and_then(|attempt| attempt.outcome.clone());
        let intent = match job.is_manual {
            true => format!("{OWN_PIPELINE} {}", job.intent),
            false => job.intent.clone(),
        };
        let stage = job.stage.clone();
        Self {
            job_id: job.id.clone(),
            slug: job.slug.clone(),
            status: job.status,
            stage: stage.or_else(|| {
                newest
                    .filter(|_| job.status == JobStatus::Failed)
                    .map(|last| last.stage.clone())
            }),
            since: job.updated_at,
            words: outcome.unwrap_or(intent),
            is_noted: job.acknowledged_at.is_some(),
        }
    }

    /// Whether it failed and nobody has noted that.
    pub(crate) fn is_to_be_noted(&self) -> bool {
        self.status == JobStatus::Failed && !self.is_noted
    }

    /// What it is at, in a word.
    pub(crate) fn state(&self) -> &'static str {
        match self.status {
            JobStatus::Failed if self.is_noted => "noted",
            JobStatus::NeedsApproval => "waits",
            JobStatus::Queued
            | JobStatus::Running
            | JobStatus::Paused
            | JobStatus::Completed
            | JobStatus::Failed
            | JobStatus::Canceled => self.status.as_str(),
        }
    }

    fn rank(&self) -> u8 {
        match self.status {
            JobStatus::Failed if !self.is_noted => 0,
            JobStatus::Running => 1,
            JobStatus::Queued => 2,
            JobStatus::Paused => 3,
            JobStatus::NeedsApproval => 4,
            JobStatus::Completed | JobStatus::Failed | JobStatus::Canceled => 5,
        }
    }

    /// Whether it has each of these words.
    fn has(&self, words: &str) -> bool {
        let stage = self.stage.as_ref().map_or("", |stage| stage.as_str());
        let (id, slug, status) = (&self.job_id, &self.slug, self.status.as_str());
        let text = format!("{id} {slug} {stage} {status} {} {}", self.state(), self.words).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct JobsPane {
    /// None: no answer has come.
    lines: Option<Vec<JobLine>>,
    /// What a row must contain.
    pub(crate) filter: String,
    /// The rows that it takes, by their places among all.
    order: Vec<usize>,
    /// The selected job; none: the first.
    selected: Option<JobId>,
    /// The first row shown.
    pub(crate) top: usize,
}

impl JobsPane {
    /// Takes an answer: what needs somebody first, and of each kind what changed last.
    pub(crate) fn take(&mut self, mut lines: Vec<JobLine>) {
        lines.sort_by(|a, b| {
            let by_rank = a.rank().cmp(&b.rank());
            by_rank
                .then(b.since.cmp(&a.since))
                .then_with(|| a.job_id.cmp(&b.job_id))
        });
        self.lines = Some(lines);
        self.arrange();
    }

    /// Applies the filter: to be called after every change of it.
    pub(crate) fn arrange(&mut self) {
        let words = self.filter.to_lowercase();
        let lines = self.lines.iter().flatten().enumerate();
        self.order = lines
            .filter(|(_, line)| line.has(&words))
            .map(|(place, _)| place)
            .collect();
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.lines.is_some()
    }

    /// How many the filter shows.
    pub(crate) fn count(&self) -> usize {
        self.order.len()
    }

    /// How many it hides.
    pub(crate) fn hidden(&self) -> usize {
        self.lines.as_ref().map_or(0, Vec::len) - self.order.len()
    }

    /// All of them, shown or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = &JobLine> {
        self.lines.iter().flatten()
    }

    /// The rows that the filter shows.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &JobLine> {
        let line = |place: &usize| self.lines.as_ref()?.get(*place);
        self.order.iter().filter_map(line)
    }

    /// The place of the selected job.
    pub(crate) fn index(&self) -> usize {
        let is_selected = |line: &JobLine| Some(&line.job_id) == self.selected.as_ref();
        self.shown().position(is_selected).unwrap_or(0)
    }

    /// The selected job.
    pub(crate) fn current(&self) -> Option<&JobLine> {
        self.shown().nth(self.index())
    }

    pub(crate) fn select(&mut self, place: usize) {
        let selected = self.shown().nth(place).map(|line| line.job_id.clone());
        self.selected = selected;
    }

    /// The job that was selected, listed or not; none: the first.
    pub(crate) fn selected(&self) -> Option<&JobId> {
        self.selected.as_ref()
    }

    /// Selects a job, where it is listed.
    pub(crate) fn select_job(&mut self, job_id: &JobId) {
        self.selected = Some(job_id.clone());
    }
}
