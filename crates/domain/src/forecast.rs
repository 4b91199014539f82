//! What the timers will do while nobody does anything.

use super::ids::JobId;
use super::key::GateKey;
use super::outlook::{Fact, Outlook};
use super::policy::GatePolicy;
use super::refusal::Refusal;
use super::time::Timestamp;

/// The end of one gate's time.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
pub struct JobForecast {
    pub job_id: JobId,
    /// The job's short name.
    pub slug: String,
    /// What ends, the first first.
    pub ends: Vec<ForeseenEnd>,
    /// Open gates that the policies asked about would not have opened.
    pub unasked: Vec<GateKey>,
}
