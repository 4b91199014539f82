//! A row of the queue as its filter looks at it.

use std::collections::BTreeMap;

use super::RowKey;
use crate::draft::Draft;
use domain::context::Headline;
use domain::filter::{Filtered, GateFilter, Reading};
use domain::key::GateKey;
use domain::view::{QueueKind, QueueRow};

/// Who reads the queue, and what they have written for its gates and not sent.
#[derive(Clone, Copy)]
pub(crate) struct QueueReader<'a> {
    pub(crate) reading: Reading<'a>,
    pub(crate) drafts: &'a BTreeMap<GateKey, Draft>,
}

impl QueueReader<'_> {
    /// Whether the filter takes a row.
    pub(super) fn wants(self, row: &QueueRow, filter: &GateFilter) -> bool {
        filter.takes(&FilteredRow(row, self), self.reading.me)
    }
}

/// A row as a filter looks at it.
struct FilteredRow<'a>(&'a QueueRow, QueueReader<'a>);

impl Filtered for FilteredRow<'_> {
    fn names(&self) -> [&str; 4] {
        let Self(row, _) = self;
        let stage = row.stage.as_ref().map_or("", |stage| stage.as_str());
        let title = row.headline.as_ref().map_or("", |said| &*said.title);
        [row.job_id.as_str(), &row.slug, stage, title]
    }

    fn headline(&self) -> Option<&Headline> {
        self.0.headline.as_deref()
    }

    fn is_unseen(&self) -> bool {
        is_unseen(self.0)
    }

    fn is_failed(&self) -> bool {
        self.0.kind == QueueKind::Failed
    }

    fn is_by(&self, name: &str) -> bool {
        let Self(row, reader) = self;
        let hold = row.timer.as_ref().and_then(|timer| timer.hold.as_deref());
        let lease = row.lease.as_deref().filter(|lease| lease.is_live(reader.reading.now));
        let has_draft = || {
            RowKey::of(row)
                .gate()
                .is_some_and(|key| reader.drafts.contains_key(&key))
        };
        hold.is_some_and(|hold| hold.holder.name == name)
            || lease.is_some_and(|lease| lease.holder.name == name)
            || name == reader.reading.me && !reader.drafts.is_empty() && has_draft()
    }

    fn left_us(&self) -> Option<i64> {
        let (row, Reading { now, grace_s, .. }) = (self.0, self.1.reading);
        let timer = row.timer.as_ref()?;
        timer.left_us(row.lease.as_deref(), now, row.max_hold_s, grace_s)
    }
}

/// Whether it is a gate the whole change of which was shown to nobody.
pub(crate) fn is_unseen(row: &QueueRow) -> bool {
    row.kind == QueueKind::Gate && !row.is_wholly_seen
}
