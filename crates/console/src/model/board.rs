//! The overnight board: what the timers will do while nobody does anything.

use domain::forecast::{ForeseenVerdict, JobForecast};
use domain::key::GateKey;
use domain::outlook::Outlook;
use domain::time::{SECOND_US, Timestamp};

/// While something happens all the time, it is foreseen anew no more often than this.
const AFRESH_US: i64 = 3 * SECOND_US;

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
    /// The ends of all jobs, the first first.
    pub fn of(jobs: &[JobForecast]) -> Vec<Self> {
        let ends = jobs.iter().flat_map(|job| job.ends.iter().map(move |end| (job, end)));
        let mut lines: Vec<_> = ends
            .map(|(job, end)| Self {
                key: end.key.clone(),
                slug: job.slug.clone(),
                at: end.at,
                verdict: end.verdict(),
                seen_by: end.seen_by.clone(),
                policy: end.policy.timer_words().unwrap_or_default(),
                follows: match &end.then {
                    Ok(outlook) => Outlook::follows(outlook),
                    Err(refusal) => vec![format!("not as things are: {refusal}")],
                },
            })
            .collect();
        lines.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.key.cmp(&b.key)));
        lines
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BoardPane {
    /// None: no answer has come.
    lines: Option<Vec<BoardLine>>,
    /// Until when it is foreseen.
    pub(crate) until: Option<Timestamp>,
    /// The selected gate; none, or one that is gone: the first.
    selected: Option<GateKey>,
    /// The first row shown.
    pub(crate) top: usize,
    /// When it was asked for last, on the boot clock.
    pub(crate) asked_boot_us: i64,
    /// Whether something has happened since.
    pub(crate) is_outdated: bool,
}

impl BoardPane {
    /// Takes an answer.
    pub(crate) fn take(&mut self, until: Timestamp, lines: Vec<BoardLine>) {
        // What is decided meanwhile leaves the list; the row that follows is the selected one then.
        let place = self.index();
        self.lines = Some(lines);
        self.until = Some(until);
        let is_listed = |line: &BoardLine| Some(&line.key) == self.selected.as_ref();
        if !self.shown().iter().any(is_listed) {
            self.select(place.min(self.shown().len().saturating_sub(1)));
        }
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.lines.is_some()
    }

    pub(crate) fn shown(&self) -> &[BoardLine] {
        self.lines.as_deref().unwrap_or_default()
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

    /// Microseconds until it is to be asked for anew; none: it is as things are.
    pub(crate) fn wake_us(&self, boot_us: i64) -> Option<i64> {
        self.is_outdated
            .then(|| (self.asked_boot_us + AFRESH_US - boot_us).max(0))
    }
}
