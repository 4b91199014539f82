//! The decisions made so far: ours, newest first, then those of the old system, which stand outside the chain and before it.

use domain::decision::SealedDecision;
use domain::ids::{JobId, StageName};
use domain::old::OldDecision;
use domain::time::Timestamp;

/// At most so many of either kind are listed.
pub(crate) const DECISIONS_MAX: u32 = 500;

/// The history pane.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// Ours, newest first.
    pub(crate) decisions: Vec<SealedDecision>,
    /// The old system's, newest first; read when the pane is first shown.
    pub(crate) old: Vec<OldDecision>,
    /// The selected decision; none: the newest.
    pub(crate) selected: Option<Key>,
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
pub enum Key {
    /// Its number.
    Ours(u64),
    /// The job and the stage: the old system kept one for each.
    Old(JobId, StageName),
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'h> {
    /// In the chain.
    Ours(&'h SealedDecision),
    /// History only.
    Old(&'h OldDecision),
}

impl<'h> Entry<'h> {
    /// See [`Key`].
    pub(crate) fn key(self) -> Key {
        match self {
            Self::Ours(sealed) => Key::Ours(sealed.seq),
            Self::Old(old) => Key::Old(old.job_id.clone(), old.stage.clone()),
        }
    }

    /// When.
    pub(crate) fn at(self) -> Timestamp {
        match self {
            Self::Ours(sealed) => sealed.decision.at(),
            Self::Old(old) => old.at,
        }
    }

    /// The job.
    pub(crate) fn job_id(self) -> &'h JobId {
        match self {
            Self::Ours(sealed) => sealed.decision.job_id(),
            Self::Old(old) => &old.job_id,
        }
    }

    /// Who decided.
    pub(crate) fn by(self) -> &'h str {
        match self {
            Self::Ours(sealed) => sealed.decision.by(),
            Self::Old(old) => &old.by,
        }
    }

    /// The stage, with the attempt where there is one.
    pub(crate) fn stage(self) -> String {
        match self {
            Self::Ours(sealed) => format!("{} #{}", sealed.decision.stage(), sealed.decision.attempt()),
            Self::Old(old) => format!("{} old", old.stage),
        }
    }

    /// Whether the work was to go on.
    pub(crate) fn is_approved(self) -> bool {
        match self {
            Self::Ours(sealed) => sealed.decision.is_approved(),
            Self::Old(old) => old.approved,
        }
    }

    /// Whether the timer decided.
    pub(crate) fn is_by_timer(self) -> bool {
        match self {
            Self::Ours(sealed) => sealed.decision.is_by_timer(),
            Self::Old(old) => old.auto_approved,
        }
    }

    /// What the decider wrote.
    pub(crate) fn notes(self) -> Option<&'h str> {
        match self {
            Self::Ours(sealed) => sealed.decision.notes(),
            Self::Old(old) => old.notes.as_deref(),
        }
    }

    /// The patch that came with it.
    pub(crate) fn patch(self) -> Option<&'h serde_json::Value> {
        match self {
            Self::Ours(sealed) => sealed.decision.patch(),
            Self::Old(old) => old.patch.as_ref(),
        }
    }
}

impl History {
    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.decisions.len() + self.old.len()
    }

    /// The row at a place.
    pub(crate) fn entry(&self, place: usize) -> Option<Entry<'_>> {
        match self.decisions.get(place) {
            Some(sealed) => Some(Entry::Ours(sealed)),
            None => self.old.get(place.checked_sub(self.decisions.len())?).map(Entry::Old),
        }
    }

    /// Rows from a place on.
    pub(crate) fn entries(&self, from: usize, rows: usize) -> Vec<Entry<'_>> {
        (from..self.count())
            .take(rows)
            .filter_map(|place| self.entry(place))
            .collect()
    }

    /// The place of the selected decision.
    pub(crate) fn index(&self) -> usize {
        let found = self.selected.as_ref().and_then(|key| match key {
            Key::Ours(seq) => self.decisions.iter().position(|sealed| sealed.seq == *seq),
            Key::Old(job_id, stage) => {
                let place = self
                    .old
                    .iter()
                    .position(|old| old.job_id == *job_id && old.stage == *stage);
                place.map(|place| self.decisions.len() + place)
            }
        });
        found.unwrap_or(0)
    }

    /// Selects the row at a place.
    pub(crate) fn select(&mut self, place: usize) {
        let key = self.entry(place).map(Entry::key);
        if self.selected != key {
            self.detail_top = 0;
        }
        self.selected = key;
    }

    /// The selected decision.
    pub(crate) fn current(&self) -> Option<Entry<'_>> {
        self.entry(self.index())
    }
}
