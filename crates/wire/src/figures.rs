//! How gates were decided, counted from the record.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use domain::figures::{FigureCounts, Figures};
use domain::time::Timestamp;

/// What was counted under one name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FigureCounts)]
pub struct FigureCountsDoc {
    /// Decisions.
    pub decisions: u64,
    /// Of these, approvals.
    pub approved: u64,
    /// Of these, rejections.
    pub rejected: u64,
    /// Decisions that were taken back; none of the others.
    pub recalled: u64,
    /// Of these, those that the timer decided.
    pub by_timer: u64,
    /// Of these, those of which some person was shown all of the change.
    pub seen_wholly: u64,
    /// Of these, those with a patch.
    pub patched: u64,
    /// How often a person stopped a timer on purpose.
    pub holds: u64,
    /// Seconds from opening to decision that half of them did not exceed, in three digits.
    #[schema(required = true)]
    pub median_s: Option<u64>,
    /// Seconds that nine of ten did not exceed, in three digits.
    #[schema(required = true)]
    pub p90_s: Option<u64>,
}

impl FigureCountsDoc {
    /// The document of these counts.
    pub fn of(counts: &FigureCounts) -> Self {
        Self {
            decisions: counts.decisions(),
            approved: counts.approved,
            rejected: counts.rejected,
            recalled: counts.recalled,
            by_timer: counts.by_timer,
            seen_wholly: counts.seen_wholly,
            patched: counts.patched,
            holds: counts.holds,
            median_s: counts.median_s(),
            p90_s: counts.p90_s(),
        }
    }
}

/// How gates were decided.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Figures)]
pub struct FiguresDoc<'a> {
    /// What is before this time was not counted; null: all was.
    #[schema(value_type = Option<String>, required = true)]
    pub since: Option<Timestamp>,
    /// All of it.
    pub all: FigureCountsDoc,
    /// By who decided or held; `timer` for the timer.
    pub operators: BTreeMap<&'a str, FigureCountsDoc>,
    /// By stage.
    pub stages: BTreeMap<&'a str, FigureCountsDoc>,
    /// By label, as `team=media`: the 50 with the most decisions. A decision counts under each label of its gate.
    pub labels: BTreeMap<&'a str, FigureCountsDoc>,
    /// How many labels with fewer decisions are left out; of more than 10000 the last ones are not counted.
    pub labels_left_out: usize,
    /// By date, in UTC.
    pub days: BTreeMap<&'a str, FigureCountsDoc>,
    /// Patches that came with a decision, by type.
    pub patches: &'a BTreeMap<String, u64>,
}

impl<'a> FiguresDoc<'a> {
    /// The document of these figures.
    pub fn of(figures: &'a Figures, since: Option<Timestamp>) -> Self {
        let group = |wanted: &str| {
            let rows = figures.rows().filter(|(group, ..)| *group == wanted);
            rows.map(|(_, name, counts)| (name, FigureCountsDoc::of(counts)))
                .collect()
        };
        Self {
            since,
            all: FigureCountsDoc::of(&figures.all),
            operators: group("operator"),
            stages: group("stage"),
            labels: group("label"),
            labels_left_out: figures.labels().1,
            days: group("day"),
            patches: &figures.patches,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::figures::{LABELS_COUNTED_MAX, LABELS_TOLD_MAX};
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn what_is_described_are_the_limits_that_hold() {
        let schema = serde_json::to_value(FiguresDoc::schema()).unwrap();
        let told = |part: &str| schema["properties"][part]["description"].as_str().unwrap().to_owned();
        assert!(told("labels").contains(&format!("the {LABELS_TOLD_MAX} with")));
        assert!(told("labels_left_out").contains(&LABELS_COUNTED_MAX.to_string()));
    }
}
