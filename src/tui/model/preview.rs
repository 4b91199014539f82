//! What the rules answered to the question: what would Enter do?

use crate::domain::gate::GateKey;
use crate::domain::ids::JobId;
use crate::domain::outlook::{Outlook, together};
use crate::domain::refusal::Refusal;
use crate::engine::api::{Command, GateRef};

/// Of the prompt that is open: a question for each job that Enter would do something to. One is under way at a time.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The question that is under way.
    pub asked: Option<Asked>,
    /// Whether Enter came while an answer on the screen was being asked again: it counts if the answer is the same.
    pub is_enter_waiting: bool,
    /// The questions.
    pub questions: Vec<Question>,
}

/// A question that is under way.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number.
    pub number: u64,
    /// See [`Question::job_id`].
    pub job_id: JobId,
    /// See [`Question::commands`].
    pub gist: Vec<Command>,
}

/// What would be done to one job.
#[derive(Debug, Clone)]
pub struct Question {
    /// The job.
    pub job_id: JobId,
    /// What Enter would send, in this order; of notes no more than that there are some.
    pub commands: Vec<Command>,
    /// Whether something has happened, or been written, since it was asked.
    pub is_stale: bool,
    /// The newest answer to each command; none: it was not answered yet.
    pub answers: Option<Vec<Result<Outlook, Refusal>>>,
}

impl Question {
    /// Each command with what was answered to it.
    fn pairs(&self) -> impl Iterator<Item = (&Command, &Result<Outlook, Refusal>)> {
        self.commands.iter().zip(self.answers.iter().flatten())
    }

    fn foreseen(&self) -> Vec<&Outlook> {
        let answers = self.answers.iter().flatten();
        answers.filter_map(|answer| answer.as_ref().ok()).collect()
    }
}

impl Preview {
    /// Whether every answer is to its question as it stands now.
    pub fn is_current(&self) -> bool {
        self.asked.is_none() && self.questions.iter().all(|one| one.answers.is_some() && !one.is_stale)
    }

    /// Whether every question has an answer, even if it is being asked again.
    pub fn is_answered(&self) -> bool {
        self.questions.iter().all(|one| one.answers.is_some())
    }

    /// How many questions have an answer, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        let answered = self.questions.iter().filter(|one| one.answers.is_some());
        (answered.count(), self.questions.len())
    }

    /// The first refusal.
    pub fn refusal(&self) -> Option<&Refusal> {
        let mut pairs = self.questions.iter().flat_map(Question::pairs);
        pairs.find_map(|(_, answer)| answer.as_ref().err())
    }

    /// Why what would be sent about this gate would be refused.
    pub fn refusal_of(&self, key: &GateKey) -> Option<&Refusal> {
        let is_of =
            |gate: &GateRef| gate.job_id == key.job_id && gate.stage == key.stage && gate.attempt == Some(key.attempt);
        let mut pairs = self.questions.iter().flat_map(Question::pairs);
        pairs.find_map(|(command, answer)| answer.as_ref().err().filter(|_| command.gate().is_some_and(is_of)))
    }

    /// What would happen, in the words of the rules; of several commands in few words, what would be refused left out.
    pub fn sentences(&self) -> Vec<String> {
        let jobs = self.questions.iter().map(Question::foreseen);
        let jobs: Vec<_> = jobs.filter(|outlooks| !outlooks.is_empty()).collect();
        match jobs.as_slice() {
            [] => Vec::new(),
            [one] if one.len() == 1 => one.iter().flat_map(|outlook| outlook.sentences()).collect(),
            several => together(several),
        }
    }
}
