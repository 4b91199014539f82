//! What the timers will do while nobody does anything.

use serde::Serialize;
use utoipa::ToSchema;

use domain::forecast::{Forecast, ForeseenEnd, ForeseenVerdict, JobForecast};
use domain::ids::{JobId, StageName};
use domain::outlook::Fact;
use domain::policy::OnTimeout;
use domain::refusal::Refusal;
use domain::time::Timestamp;

/// What the timers will have done by a time, if nobody does anything.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
pub struct ForecastDoc<'a> {
    /// When this was foreseen.
    #[schema(value_type = String)]
    pub(crate) at: Timestamp,
    /// Until when.
    #[schema(value_type = String)]
    pub(crate) until: Timestamp,
    /// The ends of gates' times, the first first.
    pub ends: Vec<ForeseenEndDoc<'a>>,
    /// Open gates that the policies asked about would not have opened.
    pub unasked: Vec<UnaskedDoc<'a>>,
}

/// The end of one gate's time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ForeseenEnd)]
pub struct ForeseenEndDoc<'a> {
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    /// The job's short name.
    pub slug: &'a str,
    #[schema(value_type = String)]
    pub stage: &'a StageName,
    pub attempt: u32,
    /// When, if nobody sets the clock.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// `approves`, `rejects`, `holds`: only a person decides from then on; or `fails`: it would be refused as things are, and is tried again.
    #[schema(value_type = String)]
    pub verdict: ForeseenVerdict,
    /// Who was shown all of what is under review.
    pub seen_by: &'a [String],
    /// The policy that it goes by: after how many seconds.
    pub auto_approve_after_s: Option<u64>,
    /// And what then.
    #[schema(value_type = String)]
    pub on_timeout: OnTimeout,
    /// What instead of an approval where nobody was shown the whole change.
    #[schema(value_type = String)]
    pub(crate) unseen: OnTimeout,
    /// The policy in words.
    #[serde(skip)]
    pub policy: String,
    /// What follows, in plain words.
    pub sentences: Vec<String>,
    /// The same as data: each names itself in `fact`.
    #[schema(value_type = Vec<Object>)]
    pub(crate) facts: &'a [Fact],
    /// Why it comes to nothing as things are; nothing more of the job is foreseen then.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'a Refusal>,
}

/// An open gate that would not have been asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnaskedGate)]
pub struct UnaskedDoc<'a> {
    #[schema(value_type = String)]
    pub job_id: &'a JobId,
    #[schema(value_type = String)]
    pub stage: &'a StageName,
    pub attempt: u32,
}

impl<'a> ForecastDoc<'a> {
    /// The document of what was foreseen at `at`; `ends` are those of the forecast.
    pub fn of(
        forecast: &'a Forecast,
        ends: &'a [(&'a JobForecast, ForeseenEnd)],
        (at, until): (Timestamp, Timestamp),
    ) -> Self {
        let ends = ends.iter().map(|(job, end)| ForeseenEndDoc::of(job, end));
        let unasked = forecast.jobs.iter().flat_map(|job| &job.unasked).map(|key| UnaskedDoc {
            job_id: &key.job_id,
            stage: &key.stage,
            attempt: key.attempt,
        });
        Self {
            at,
            until,
            ends: ends.collect(),
            unasked: unasked.collect(),
        }
    }
}

impl<'a> ForeseenEndDoc<'a> {
    fn of(job: &'a JobForecast, end: &'a ForeseenEnd) -> Self {
        let facts = end.then.as_ref().map_or(&[][..], |outlook| &outlook.facts[..]);
        Self {
            job_id: &job.job_id,
            slug: &job.slug,
            stage: &end.key.stage,
            attempt: end.key.attempt,
            at: end.at,
            verdict: end.verdict(),
            seen_by: &end.seen_by,
            auto_approve_after_s: end.policy.auto_approve_after_s,
            on_timeout: end.policy.on_timeout,
            unseen: end.policy.unseen,
            policy: end.policy.timer_words().unwrap_or_default(),
            sentences: end.then.as_ref().map_or_else(|_| Vec::new(), |_| end.follows()),
            facts,
            refused: end.then.as_ref().err(),
        }
    }
}
