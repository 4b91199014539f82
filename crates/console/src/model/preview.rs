//! What the rules answered to the question: what would Enter do?

use domain::ask::Command;
use domain::ids::JobId;
use domain::key::{GateKey, GateRef};
use domain::outlook::{Fact, Outlook, together};
use domain::refusal::Refusal;

/// Of the prompt that is open: a question for each job that Enter would do something to. One is
/// under way at a time.
#[derive(Debug, Clone, Default)]
pub struct Foreseen {
    /// The question that is under way.
    pub asked: Option<PreviewRequest>,
    /// Whether Enter came while answers on the screen were being asked again: it counts if they are
    /// the same.
    pub(crate) is_enter_waiting: bool,
    /// Whether an answer let the prompt stand: from then on what becomes of it is said in its
    /// place.
    pub(crate) has_stood: bool,
    /// The questions, and what was answered.
    pub jobs: Vec<JobPreview>,
}

/// A question that is under way.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    pub number: u64,
    /// See [`JobPreview::job_id`].
    pub(crate) job_id: JobId,
    /// See [`JobPreview::commands`].
    pub(crate) gist: Vec<Command>,
}

/// What would be done to one job.
#[derive(Debug, Clone)]
pub struct JobPreview {
    pub(crate) job_id: JobId,
    /// What Enter would send, in this order; of notes no more than that there are some.
    pub(crate) commands: Vec<Command>,
    /// Whether something has happened, or been written, since it was asked.
    pub(crate) is_stale: bool,
    /// Whether Enter waits for the answer to it.
    pub(crate) is_awaited: bool,
    /// The newest answer to each command; none: it was not answered yet.
    pub answers: Option<Vec<Result<Outlook, Refusal>>>,
}

impl JobPreview {
    /// Each command with what was answered to it.
    fn pairs(&self) -> impl Iterator<Item = (&Command, &Result<Outlook, Refusal>)> {
        self.commands.iter().zip(self.answers.iter().flatten())
    }

    fn foreseen(&self) -> Vec<&Outlook> {
        let answers = self.answers.iter().flatten();
        answers.filter_map(|answer| answer.as_ref().ok()).collect()
    }
}

impl Foreseen {
    /// Enter: waits for every question that is asked again, or is to be. What comes up later is not
    /// waited for, so that it cannot keep Enter waiting for ever. Returns whether there is
    /// something to wait for.
    pub(crate) fn await_answers(&mut self) -> bool {
        for job in &mut self.jobs {
            let is_under_way = self.asked.as_ref().is_some_and(|asked| asked.job_id == job.job_id);
            job.is_awaited = job.is_stale || is_under_way;
        }
        self.is_enter_waiting = self.jobs.iter().any(|job| job.is_awaited);
        self.is_enter_waiting
    }

    /// Whether Enter waited and does no longer.
    pub(crate) fn is_enter_due(&self) -> bool {
        self.is_enter_waiting && self.jobs.iter().all(|job| !job.is_awaited)
    }

    /// Whether every question has an answer, even if it is being asked again.
    pub(crate) fn is_answered(&self) -> bool {
        self.jobs.iter().all(|one| one.answers.is_some())
    }

    /// How many questions have an answer, and how many there are.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let answered = self.jobs.iter().filter(|one| one.answers.is_some());
        (answered.count(), self.jobs.len())
    }

    /// What the only command would do, as far as it was answered.
    pub(crate) fn foreseen(&self) -> Option<Outlook> {
        let foreseen = self.jobs.first().map(JobPreview::foreseen);
        foreseen.and_then(|foreseen| foreseen.first().copied().cloned())
    }

    /// The first refusal.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        let mut pairs = self.jobs.iter().flat_map(JobPreview::pairs);
        pairs.find_map(|(_, answer)| answer.as_ref().err())
    }

    /// Why what would be sent about this gate would be refused.
    pub(crate) fn refusal_of(&self, key: &GateKey) -> Option<&Refusal> {
        let is_of = |gate: &GateRef| gate.stage == key.stage && gate.attempt == Some(key.attempt);
        let of_job = self.jobs.iter().filter(|question| question.job_id == key.job_id);
        let mut pairs = of_job.flat_map(JobPreview::pairs);
        pairs.find_map(|(command, answer)| answer.as_ref().err().filter(|_| command.gate().is_some_and(is_of)))
    }

    /// Whether a stage that waits would not start any more.
    pub(crate) fn drops_a_stage(&self) -> bool {
        let foreseen = self.jobs.iter().flat_map(JobPreview::foreseen);
        let mut facts = foreseen.flat_map(|outlook| &outlook.facts);
        facts.any(|fact| matches!(fact, Fact::StageStops { .. }))
    }

    /// What would happen, in the words of the rules; of several commands in few words, what would
    /// be refused left out.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let jobs = self.jobs.iter().map(JobPreview::foreseen);
        let jobs: Vec<_> = jobs.filter(|outlooks| !outlooks.is_empty()).collect();
        match jobs.as_slice() {
            [] => Vec::new(),
            [one] if one.len() == 1 => one.iter().flat_map(|outlook| outlook.sentences()).collect(),
            several => together(several),
        }
    }
}
