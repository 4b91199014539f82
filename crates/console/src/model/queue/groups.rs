//! Gates that ask for the same change, in one row.

use std::collections::{HashMap, HashSet};

use domain::ids::Digest;
use domain::view::QueueRow;

/// Rows of which one stands for all, or which stand one below the other.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    id: Digest,
    /// Its rows, in the order of the queue: two at least.
    pub(super) members: Vec<usize>,
    /// Whether each has a row of its own.
    pub(crate) is_open: bool,
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
    pub(super) fn fold(&mut self, rows: &[QueueRow], order: Vec<usize>) -> Vec<usize> {
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
                self.all.push(Group { id, members, is_open });
            } else if self.of_row.get(row).is_some_and(Option::is_none) {
                folded.push(row);
            }
        }
        folded
    }
}
