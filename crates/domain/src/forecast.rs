//! What the timers will do while nobody does anything.

use serde::{Deserialize, Serialize};

use super::ids::JobId;
use super::key::GateKey;
use super::outlook::{Fact, Outlook, Slots};
use super::policy::GatePolicy;
use super::refusal::Refusal;
use super::time::Timestamp;

/// The end of one gate's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeseenEnd {
    pub key: GateKey,
    /// When, if nobody sets the clock.
    pub at: Timestamp,
    /// The policy that the timer goes by.
    pub policy: GatePolicy,
    /// Who was shown all of what is under review, by name.
    pub seen_by: Vec<String>,
    /// What it comes to; or why it comes to nothing as things are, and nothing more of the job is
    /// foreseen.
    pub then: Result<Outlook, Refusal>,
}

impl ForeseenEnd {
    /// What follows in plain words, a sentence each; of one that fails, why.
    pub fn follows(&self) -> Vec<String> {
        let outlook = match &self.then {
            Ok(outlook) => outlook,
            Err(refusal) => return vec![format!("not as things are: {refusal}")],
        };
        let mut follows = outlook.follows();
        let waits = |fact: &Fact| is_start(fact) && fact.is_hindrance();
        if outlook.facts.iter().any(waits) {
            // How long their commands run is not known.
            follows.push("Stages that end before that are not foreseen.".to_owned());
        }
        follows
    }

    /// What the timer does to the gate itself: it decides, or leaves it to a person.
    pub fn verdict(&self) -> ForeseenVerdict {
        let Ok(outlook) = &self.then else {
            return ForeseenVerdict::Fails;
        };
        let decided = outlook.facts.iter().find_map(|fact| {
            let Fact::GateDecided { stage, approved, .. } = fact else {
                return None;
            };
            (*stage == self.key.stage).then_some(*approved)
        });
        match decided {
            Some(true) => ForeseenVerdict::Approves,
            Some(false) => ForeseenVerdict::Rejects,
            None => ForeseenVerdict::Holds,
        }
    }
}

fn is_start(fact: &Fact) -> bool {
    matches!(fact, Fact::StageStarts { .. })
}

words! {
    /// What the timer does to a gate at the end of its time.
    pub enum ForeseenVerdict {
        Approves = "approves",
        Rejects = "rejects",
        /// Only a person decides from then on.
        Holds = "holds",
        /// As things are the rules refuse, and the ticker asks again.
        Fails = "fails",
    }
}

/// What the timers of one job will do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobForecast {
    pub job_id: JobId,
    /// The job's short name.
    pub slug: String,
    /// What ends, the first first.
    pub ends: Vec<ForeseenEnd>,
    /// Open gates that the policies asked about would not have opened.
    pub unasked: Vec<GateKey>,
}

/// What the timers will do, by job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Those where they do something.
    pub jobs: Vec<JobForecast>,
    /// How many stages run now, or wait for their start, and how many may run at once.
    pub slots: Slots,
}

impl Forecast {
    /// The ends of all jobs' gates, the first first, each with how many stages come before the one
    /// that starts then: those of now, and those that are foreseen to start earlier.
    pub fn ends(&self) -> Vec<(&JobForecast, ForeseenEnd)> {
        let ends = self
            .jobs
            .iter()
            .flat_map(|job| job.ends.iter().map(move |end| (job, end)));
        let mut ends: Vec<_> = ends.collect();
        ends.sort_by(|(_, a), (_, b)| a.at.cmp(&b.at).then_with(|| a.key.cmp(&b.key)));
        let mut slots = self.slots;
        let mut in_line = |end: &ForeseenEnd| {
            let mut end = end.clone();
            if let Ok(outlook) = &mut end.then {
                let starts = outlook.facts.iter().filter(|fact| is_start(fact)).count();
                *outlook = outlook.clone().among(Some(slots));
                slots.ahead += starts;
            }
            end
        };
        ends.into_iter().map(|(job, end)| (job, in_line(end))).collect()
    }
}
