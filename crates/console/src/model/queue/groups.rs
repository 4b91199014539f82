//! Gates that ask for the same change, in one row.

use std::collections::{HashMap, HashSet};

use super::is_unseen;
use domain::filter::Reading;
use domain::ids::Digest;
use domain::time::{Now, Timestamp};
use domain::timer::{GateTimer, TimerStatus};
use domain::view::QueueRow;

/// Rows of which one stands for all, or which stand one below the other.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    id: Digest,
    /// Its rows, in the order of the queue: two at least.
    pub(super) members: Vec<usize>,
    /// Whether each has a row of its own.
    pub(crate) is_open: bool,
    pub(super) sum: Sum,
}

/// What one row says of all its gates: made once for every arrangement, so that no frame costs by how
/// many they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// The one whose timer acts first.
    pub(super) soonest: usize,
    /// The one that is open for the longest.
    pub(super) oldest: usize,
    /// The first one that somebody is at, or that is held, and how many are such.
    pub(super) attended: Option<(usize, usize)>,
    /// How many the whole change of which was shown to nobody.
    pub(super) unseen: usize,
    pub(super) is_of_one_attempt: bool,
    /// Whether different things are said of them.
    pub(super) is_said_otherwise: bool,
}

impl Sum {
    /// Of these rows; the first one is told of apart, so that there is one.
    pub(super) fn of(rows: &[QueueRow], first: usize, members: &[usize], reading: Reading<'_>) -> Self {
        let all = || members.iter().filter_map(|member| Some((*member, rows.get(*member)?)));
        let fires_us = |row: &QueueRow| {
            let lease = row.lease.as_deref();
            let status = row
                .timer
                .as_ref()
                .map(|timer| timer.status(lease, reading.now, row.max_hold_s, reading.grace_s));
            status
                .and_then(TimerStatus::fires_at)
                .map_or(i64::MAX, Timestamp::micros)
        };
        let mut attended = all().filter(|(_, row)| is_attended(row, reading.now));
        let first_row = rows.get(first);
        Self {
            soonest: all()
                .min_by_key(|(_, row)| fires_us(row))
                .map_or(first, |(member, _)| member),
            oldest: all()
                .min_by_key(|(_, row)| row.since)
                .map_or(first, |(member, _)| member),
            attended: attended.next().map(|(member, _)| (member, 1 + attended.count())),
            unseen: all().filter(|(_, row)| is_unseen(row)).count(),
            is_of_one_attempt: all().all(|(_, row)| first_row.is_some_and(|first| first.attempt == row.attempt)),
            is_said_otherwise: all()
                .any(|(_, row)| first_row.is_none_or(|first| first.context_digest != row.context_digest)),
        }
    }
}

/// Whether its row says that somebody is at a gate, or that it is held.
pub(crate) fn is_attended(row: &QueueRow, now: Now) -> bool {
    let is_held = |timer: &GateTimer| timer.hold.is_some() || timer.held_by_policy_at.is_some();
    row.lease.as_ref().is_some_and(|lease| lease.is_live(now)) || row.timer.as_ref().is_some_and(is_held)
}

impl Group {
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    /// Whether rows fold at all.
    pub(crate) is_on: bool,
    open: HashSet<Digest>,
    all: Vec<Group>,
    /// The group of each row.
    of_row: Vec<Option<usize>>,
}

impl Groups {
    /// The group of a row.
    pub(super) fn of(&self, row: usize) -> Option<&Group> {
        self.all.get(self.of_row.get(row).copied().flatten()?)
    }

    /// Opens the group of a row, or closes it. To be arranged anew.
    pub(super) fn unfold(&mut self, row: usize, is_open: bool) {
        let Some(id) = self.of(row).map(|group| group.id) else {
            return;
        };
        match is_open {
            true => self.open.insert(id),
            false => self.open.remove(&id),
        };
    }

    /// Puts the rows of each group where its first one stands, and leaves that one of them only
    /// where the group is not open. Costs by what there is, once for every arrangement.
    pub(super) fn fold(&mut self, rows: &[QueueRow], order: Vec<usize>, reading: Reading<'_>) -> Vec<usize> {
        (self.all, self.of_row) = (Vec::new(), vec![None; rows.len()]);
        if !self.is_on {
            return order;
        }
        let id = |row: &usize| Some(rows.get(*row)?.group.as_ref()?.id);
        let mut members: HashMap<Digest, Vec<usize>> = HashMap::new();
        for row in &order {
            if let Some(id) = id(row) {
                members.entry(id).or_default().push(*row);
            }
        }
        members.retain(|_, members| members.len() > 1);
        // One that is left, or that the filter hides, is joined again: what was opened stays so.
        let present: HashSet<_> = match self.open.is_empty() {
            true => HashSet::new(),
            false => (0..rows.len()).filter_map(|row| id(&row)).collect(),
        };
        self.open.retain(|id| present.contains(id));
        let mut folded = Vec::with_capacity(order.len());
        for row in order {
            let Some(id) = id(&row) else {
                folded.push(row);
                continue;
            };
            if let Some(members) = members.remove(&id) {
                let is_open = self.open.contains(&id);
                folded.extend(members.iter().take(if is_open { members.len() } else { 1 }));
                for member in &members {
                    if let Some(of_row) = self.of_row.get_mut(*member) {
                        *of_row = Some(self.all.len());
                    }
                }
                let sum = Sum::of(rows, row, &members, reading);
                self.all.push(Group {
                    id,
                    members,
                    is_open,
                    sum,
                });
            } else if self.of_row.get(row).is_some_and(Option::is_none) {
                folded.push(row);
            }
        }
        folded
    }
}
