//! The overnight board: what the timers will do while nobody does anything.

use std::collections::BTreeSet;

use domain::forecast::{Forecast, ForeseenEnd, ForeseenVerdict, JobForecast};
use domain::ids::JobId;
use domain::key::GateKey;
use domain::time::{SECOND_US, Timestamp};

/// While something happens all the time, it is foreseen anew no more often than this.
const AFRESH_US: i64 = 3 * SECOND_US;

/// All of it is foreseen anew only after so many times as long as that took: many gates that wait
/// must not keep the machine busy. What happened to a job is foreseen for that job alone.
const REST_TIMES: i64 = 20;

/// The end of one gate's time.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardLine {
    pub(crate) key: GateKey,
    pub(crate) slug: String,
    /// When, if nobody sets the clock.
    pub(crate) at: Timestamp,
    pub(crate) verdict: ForeseenVerdict,
    /// Who was shown all of it.
    pub(crate) seen_by: Vec<String>,
    /// The policy that the timer goes by, in words.
    pub(crate) policy: String,
    /// What follows, in words; of one that fails, why.
    pub(crate) follows: Vec<String>,
}

impl BoardLine {
    fn of(forecast: &Forecast) -> Vec<Self> {
        let line = |(job, end): (&JobForecast, ForeseenEnd)| Self {
            slug: job.slug.clone(),
            at: end.at,
            verdict: end.verdict(),
            policy: end.policy.timer_words().unwrap_or_default(),
            follows: end.follows(),
            key: end.key,
            seen_by: end.seen_by,
        };
        forecast.ends().into_iter().map(line).collect()
    }
}

/// All of it is foreseen anew at least this often: what no row and no event tells of, as a file that
/// somebody replaced, and the time up to which it is foreseen, which goes on.
const STALE_US: i64 = 60 * SECOND_US;

/// What is foreseen anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outdated {
    pub(crate) is_all: bool,
    pub(crate) jobs: BTreeSet<JobId>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BoardPane {
    /// None: no answer has come.
    forecast: Option<Forecast>,
    /// The ends of it.
    lines: Vec<BoardLine>,
    /// Until when it is foreseen.
    pub(crate) until: Option<Timestamp>,
    /// The selected gate; none, or one that is gone: the first.
    selected: Option<GateKey>,
    /// The first row shown.
    pub(crate) top: usize,
    /// When it was asked for last, on the boot clock.
    asked_boot_us: i64,
    /// The same of all jobs, and how long the answer took.
    all_boot_us: i64,
    all_took_us: i64,
    /// What has happened since.
    pub(crate) outdated: Outdated,
    /// Whether what happened is not known: nobody looked, or it was asked in vain.
    pub(crate) is_behind: bool,
}

impl BoardPane {
    /// It is asked for now. Returns the jobs that it is asked of; none: all.
    pub(crate) fn ask(&mut self, boot_us: i64) -> Option<BTreeSet<JobId>> {
        self.asked_boot_us = boot_us;
        let is_due = self.all_us(boot_us) == 0;
        let is_behind = std::mem::take(&mut self.is_behind) || self.forecast.is_none();
        if !is_due && !is_behind {
            return Some(std::mem::take(&mut self.outdated.jobs));
        }
        self.all_boot_us = boot_us;
        self.outdated = Outdated::default();
        None
    }

    /// Takes an answer: of these jobs, or of all.
    pub(crate) fn take(&mut self, of: Option<&BTreeSet<JobId>>, until: Timestamp, fresh: Forecast, boot_us: i64) {
        // What is decided meanwhile leaves the list; the row that follows is the selected one then.
        let place = self.index();
        let mut kept = match (of, self.forecast.take()) {
            (Some(of), Some(former)) => {
                let mut jobs = former.jobs;
                jobs.retain(|job| !of.contains(&job.job_id));
                jobs
            }
            (None, _) | (_, None) => {
                self.until = Some(until);
                self.all_took_us = (boot_us - self.all_boot_us).max(0);
                Vec::new()
            }
        };
        kept.extend(fresh.jobs);
        let forecast = Forecast {
            jobs: kept,
            slots: fresh.slots,
        };
        self.lines = BoardLine::of(&forecast);
        self.forecast = Some(forecast);
        let is_listed = |line: &BoardLine| Some(&line.key) == self.selected.as_ref();
        if !self.shown().iter().any(is_listed) {
            self.select(place.min(self.shown().len().saturating_sub(1)));
        }
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.forecast.is_some()
    }

    pub(crate) fn shown(&self) -> &[BoardLine] {
        &self.lines
    }

    /// The place of the selected row.
    pub(crate) fn index(&self) -> usize {
        let is_selected = |line: &BoardLine| Some(&line.key) == self.selected.as_ref();
        self.shown().iter().position(is_selected).unwrap_or(0)
    }

    pub(crate) fn current(&self) -> Option<&BoardLine> {
        self.shown().get(self.index())
    }

    pub(crate) fn select(&mut self, place: usize) {
        self.selected = self.shown().get(place).map(|line| line.key.clone());
    }

    /// Microseconds until all of it is foreseen anew.
    fn all_us(&self, boot_us: i64) -> i64 {
        let rest_us = self.all_took_us.saturating_mul(REST_TIMES);
        let rest_us = rest_us.max(if self.outdated.is_all { AFRESH_US } else { STALE_US });
        (self.all_boot_us + rest_us - boot_us).max(0)
    }

    /// Microseconds until it is to be asked for anew.
    pub(crate) fn wake_us(&self, boot_us: i64) -> i64 {
        let next_us = (self.asked_boot_us + AFRESH_US - boot_us).max(0);
        let all_us = self.all_us(boot_us).max(next_us);
        match self.outdated.jobs.is_empty() {
            true => all_us,
            false => next_us.min(all_us),
        }
    }
}
