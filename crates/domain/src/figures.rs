//! Figures: how gates were decided, counted from the record. Decisions and holds come in one after
//! the other, in any order; what is kept grows with the names and lengths of time that differ, not
//! with what was counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::context::LabelFilter;
use super::decision::Decision;
use super::event::Event;
use super::gate::Verdict;
use super::ids::{JobId, StageName};
use super::old::ListedDecision;
use super::time::{SECOND_US, Timestamp};

/// Which part of the record is meant; what is left out is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordFilter {
    pub job_id: Option<JobId>,
    pub stage: Option<StageName>,
    /// Who decided.
    pub operator: Option<String>,
    pub verdict: Option<Verdict>,
    /// All of them.
    pub labels: Vec<LabelFilter>,
    /// Whether the timer decided, or a person.
    pub is_by_timer: Option<bool>,
    /// Not before this time.
    pub since: Option<Timestamp>,
}

impl RecordFilter {
    /// Whether it takes this entry of a list; the store asks the same of our own.
    pub fn takes(&self, entry: ListedDecision<'_>) -> bool {
        let is_of = |verdict: &Verdict| (*verdict == Verdict::Approve) == entry.is_approved();
        self.job_id.as_ref().is_none_or(|id| entry.job_id() == id)
            && self.stage.as_ref().is_none_or(|stage| entry.stage() == stage)
            && self.operator.as_ref().is_none_or(|name| entry.by() == name)
            && self.verdict.as_ref().is_none_or(is_of)
            && self
                .labels
                .iter()
                .all(|label| entry.labels().is_some_and(|labels| label.is_met_by(labels)))
            && self.is_by_timer.is_none_or(|is| entry.is_by_timer() == is)
            && self.since.is_none_or(|since| entry.at() >= since)
    }
}

/// Lengths of time, in seconds with three digits, and how often each was.
///
/// Three digits are what anybody reads. Cutting the others off keeps the order, so a quantile of
/// these is the quantile of the exact ones, cut off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Waits(BTreeMap<u64, u64>);

/// The three leading digits of a number, noughts behind them.
pub fn three_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 1000 {
        unit *= 10;
    }
    number / unit * unit
}

impl Waits {
    fn count(&mut self, us: i64) {
        let seconds = us.max(0).unsigned_abs() / SECOND_US.unsigned_abs();
        *self.0.entry(three_digits(seconds)).or_default() += 1;
    }

    /// The least of them that so many of a hundred do not exceed; none of none.
    fn quantile_s(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.0.values().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut below = 0;
        self.0.iter().find_map(|(seconds, times)| {
            below += times;
            (below >= rank).then_some(*seconds)
        })
    }
}

/// What was counted under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureCounts {
    pub approved: u64,
    pub rejected: u64,
    /// How many others were taken back: nothing came of them, and nothing else of them is counted.
    pub recalled: u64,
    /// Of both, those that the timer decided.
    pub by_timer: u64,
    /// Of both, those of which some person was shown all of the change.
    pub seen_wholly: u64,
    /// Of both, those with a patch.
    pub patched: u64,
    /// How often a person stopped a timer on purpose.
    pub holds: u64,
    waits: Waits,
}

impl FigureCounts {
    /// How many decisions there were.
    pub fn decisions(&self) -> u64 {
        self.approved + self.rejected
    }

    /// Seconds from opening to decision that half of them did not exceed.
    pub fn median_s(&self) -> Option<u64> {
        self.waits.quantile_s(50)
    }

    /// Seconds that nine of ten did not exceed.
    pub fn p90_s(&self) -> Option<u64> {
        self.waits.quantile_s(90)
    }

    fn count(&mut self, decision: &Decision, is_seen: bool) {
        let of_verdict = if decision.is_approved() {
            &mut self.approved
        } else {
            &mut self.rejected
        };
        *of_verdict += 1;
        self.by_timer += u64::from(decision.is_by_timer());
        self.seen_wholly += u64::from(is_seen);
        self.patched += u64::from(decision.patch().is_some());
        self.waits.count(decision.waited_us());
    }
}

/// The most labels that are told of: those with the most decisions.
pub const LABELS_TOLD_MAX: usize = 50;
/// The most labels that are counted: one that is new beyond these is not. A label may be as good as
/// a number.
pub const LABELS_COUNTED_MAX: usize = 10_000;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub all: FigureCounts,
    /// By who decided, or held; the timer is one of them.
    pub operators: BTreeMap<String, FigureCounts>,
    pub stages: BTreeMap<StageName, FigureCounts>,
    /// By date, in UTC.
    pub days: BTreeMap<String, FigureCounts>,
    /// By label, as `team=media`; a decision counts under each of its gate's.
    labels: BTreeMap<String, FigureCounts>,
    /// How many patches of each type came with a decision.
    pub patches: BTreeMap<String, u64>,
}

/// The date of a time, in UTC: `2026-07-14`.
pub fn day(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d").to_string()
}

impl Figures {
    /// Counts a decision; whether it was taken back.
    pub fn count(&mut self, decision: &Decision, is_recalled: bool) {
        let is_seen = decision.is_wholly_seen();
        let count = |counts: &mut FigureCounts| match is_recalled {
            true => counts.recalled += 1,
            false => counts.count(decision, is_seen),
        };
        count(&mut self.all);
        count(self.operators.entry(decision.by().to_owned()).or_default());
        count(self.stages.entry(decision.stage().clone()).or_default());
        count(self.days.entry(day(decision.at())).or_default());
        self.each_label(&decision.context().labels, count);
        if is_recalled {
            return;
        }
        if let Some(kind) = decision.patch_type() {
            *self.patches.entry(kind.to_owned()).or_default() += 1;
        }
    }

    fn each_label(&mut self, labels: &BTreeMap<String, String>, count: impl Fn(&mut FigureCounts)) {
        for (key, value) in labels {
            let name = format!("{key}={value}");
            if self.labels.len() < LABELS_COUNTED_MAX || self.labels.contains_key(&name) {
                count(self.labels.entry(name).or_default());
            }
        }
    }

    /// The labels with the most decisions, those first, and how many are left out.
    pub fn labels(&self) -> (Vec<(&str, &FigureCounts)>, usize) {
        let mut labels: Vec<_> = self.labels.iter().map(|(name, counts)| (&**name, counts)).collect();
        labels.sort_by_key(|(name, counts)| (std::cmp::Reverse(counts.decisions()), *name));
        let left_out = labels.len().saturating_sub(LABELS_TOLD_MAX);
        labels.truncate(LABELS_TOLD_MAX);
        (labels, left_out)
    }

    /// Counts a hold, by its event and the labels of its gate.
    pub fn count_hold(&mut self, event: &Event, labels: &BTreeMap<String, String>) {
        self.each_label(labels, |counts| counts.holds += 1);
        self.all.holds += 1;
        if let Some(by) = event.payload.get("by").and_then(serde_json::Value::as_str) {
            self.operators.entry(by.to_owned()).or_default().holds += 1;
        }
        if let Some(stage) = &event.stage {
            self.stages.entry(stage.clone()).or_default().holds += 1;
        }
        self.days.entry(day(event.ts)).or_default().holds += 1;
    }

    /// All counts: what they are grouped by, the name there, and the counts.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, &FigureCounts)> {
        let operators = self
            .operators
            .iter()
            .map(|(name, counts)| ("operator", &**name, counts));
        let stages = self
            .stages
            .iter()
            .map(|(name, counts)| ("stage", name.as_str(), counts));
        let labels = self
            .labels()
            .0
            .into_iter()
            .map(|(name, counts)| ("label", name, counts));
        let days = self.days.iter().map(|(day, counts)| ("day", &**day, counts));
        [("all", "", &self.all)]
            .into_iter()
            .chain(operators)
            .chain(stages)
            .chain(labels)
            .chain(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_exact_lengths_cut_off() {
        for lengths in [vec![7], vec![1, 2, 3, 4], (1..=4321).collect::<Vec<u64>>()] {
            let mut waits = Waits::default();
            lengths
                .iter()
                .for_each(|seconds| waits.count(i64::try_from(*seconds).unwrap() * SECOND_US + 999_999));
            for percent in [50, 90] {
                let rank = (lengths.len() * percent as usize).div_ceil(100);
                assert_eq!(waits.quantile_s(percent), Some(three_digits(lengths[rank - 1])));
            }
        }
        assert_eq!(Waits::default().quantile_s(50), None);
    }

    #[test]
    fn a_length_has_three_digits() {
        for (number, cut) in [(0, 0), (999, 999), (1_234, 1_230), (98_765_432, 98_700_000)] {
            assert_eq!(three_digits(number), cut);
        }
    }
}
