//! The decisions made so far: ours, newest first, then those of the old system, which stand outside
//! the chain and before it.

use domain::decision::SealedDecision;
use domain::figures::day;
use domain::ids::{JobId, StageName};
use domain::old::{ListedDecision, OldDecision};

/// At most so many of either kind are listed.
pub(crate) const DECISIONS_MAX: u32 = 500;

/// Whether a decision has each of these words: of its job, stage, date, verdict, who decided, and
/// what patch came with it.
fn matches(entry: ListedDecision<'_>, words: &str) -> bool {
    let verdict = if entry.is_approved() { "approved" } else { "rejected" };
    let timer = if entry.is_by_timer() { "timer" } else { "" };
    let patch = entry.patch().and_then(|patch| patch.get("type")?.as_str());
    let patch = patch.map(|kind| format!("patch {kind}")).unwrap_or_default();
    let (job, stage, by, day) = (entry.job_id(), entry.stage(), entry.by(), day(entry.at()));
    let text = format!("{job} {stage} {day} {verdict} {by} {timer} {patch}").to_lowercase();
    words.split_whitespace().all(|word| text.contains(word))
}

#[derive(Debug, Clone, Default)]
pub(crate) struct HistoryPane {
    /// Ours, newest first.
    pub(crate) decisions: Vec<SealedDecision>,
    /// The old system's, newest first; read when the pane is first shown.
    pub(crate) old: Vec<OldDecision>,
    /// What a row must contain.
    pub(crate) filter: String,
    /// The rows that it takes, by their places among all.
    order: Vec<usize>,
    /// The selected decision; none: the newest.
    pub(crate) selected: Option<HistoryKey>,
    /// The first row shown.
    pub(crate) top: usize,
    /// The first line shown of the selected decision's facts.
    pub(crate) detail_top: usize,
    /// Whether an answer has come.
    pub(crate) is_loaded: bool,
    /// Whether old ones were asked for.
    pub(crate) is_old_asked: bool,
}

/// What stays the same of a decision while others come in above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryKey {
    /// Its number.
    Ours(u64),
    /// The job and the stage: the old system kept one for each.
    Old(JobId, StageName),
}

impl HistoryKey {
    pub(crate) fn of(decision: ListedDecision<'_>) -> Self {
        match decision {
            ListedDecision::Ours(sealed) => Self::Ours(sealed.seq),
            ListedDecision::Old(old) => Self::Old(old.job_id.clone(), old.stage.clone()),
        }
    }
}

impl HistoryPane {
    /// How many rows there are, as the filter has them.
    pub(crate) fn count(&self) -> usize {
        self.order.len()
    }

    /// How many rows the filter hides.
    pub(crate) fn hidden(&self) -> usize {
        self.decisions.len() + self.old.len() - self.order.len()
    }

    /// Applies the filter: to be called after every change of it and of the rows.
    pub(crate) fn arrange(&mut self) {
        let words = self.filter.to_lowercase();
        let takes = |place: &usize| {
            let entry = self.any(*place);
            entry.is_some_and(|entry| matches(entry, &words))
        };
        let all = 0..self.decisions.len() + self.old.len();
        self.order = all.filter(takes).collect();
    }

    /// A decision that was made here; the next answer has it too.
    pub(crate) fn add(&mut self, sealed: SealedDecision) {
        if self.decisions.first().is_none_or(|newest| newest.seq < sealed.seq) {
            self.decisions.insert(0, sealed);
            self.decisions.truncate(DECISIONS_MAX as usize);
            self.arrange();
        }
    }

    /// The row at a place.
    pub(crate) fn entry(&self, place: usize) -> Option<ListedDecision<'_>> {
        self.any(*self.order.get(place)?)
    }

    /// The row at a place among all.
    fn any(&self, place: usize) -> Option<ListedDecision<'_>> {
        match self.decisions.get(place) {
            Some(sealed) => Some(ListedDecision::Ours(sealed)),
            None => self
                .old
                .get(place.checked_sub(self.decisions.len())?)
                .map(ListedDecision::Old),
        }
    }

    /// Rows from a place on.
    pub(crate) fn entries(&self, from: usize, rows: usize) -> Vec<ListedDecision<'_>> {
        (from..self.count())
            .take(rows)
            .filter_map(|place| self.entry(place))
            .collect()
    }

    /// The place of the selected decision.
    pub(crate) fn index(&self) -> usize {
        let is_selected = |place: &usize| match (&self.selected, self.any(*place)) {
            (Some(HistoryKey::Ours(seq)), Some(ListedDecision::Ours(sealed))) => sealed.seq == *seq,
            (Some(HistoryKey::Old(job_id, stage)), Some(ListedDecision::Old(old))) => {
                old.job_id == *job_id && old.stage == *stage
            }
            (Some(HistoryKey::Ours(_) | HistoryKey::Old(..)) | None, _) => false,
        };
        self.order.iter().position(is_selected).unwrap_or(0)
    }

    /// Selects the row at a place.
    pub(crate) fn select(&mut self, place: usize) {
        let key = self.entry(place).map(HistoryKey::of);
        if self.selected != key {
            self.detail_top = 0;
        }
        self.selected = key;
    }

    /// The selected decision.
    pub(crate) fn current(&self) -> Option<ListedDecision<'_>> {
        self.entry(self.index())
    }
}
