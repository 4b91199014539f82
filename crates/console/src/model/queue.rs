//! The queue: open gates, then jobs that are not at one. The selection is pinned by key, never by
//! place.

mod filtered;
mod groups;
mod wants;

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

pub(crate) use filtered::{QueueReader, is_unseen};
pub(crate) use groups::{Group, Groups, is_attended};
pub(crate) use wants::Wants;

use domain::filter::GateFilter;
use domain::ids::{Digest, JobId};
use domain::key::GateKey;
use domain::timer::GateTimer;
use domain::view::{QueueKind, QueueRow};

/// Names a row through every refresh.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// An open gate, or one whose decision may be taken back.
    Gate(GateKey),
    /// A job that is not at a gate.
    Job(JobId),
}

impl RowKey {
    /// The key of a row.
    pub fn of(row: &QueueRow) -> Self {
        match (row.kind, &row.stage) {
            (QueueKind::Gate | QueueKind::Decided, Some(stage)) => Self::Gate(GateKey {
                job_id: row.job_id.clone(),
                stage: stage.clone(),
                attempt: row.attempt,
            }),
            _ => Self::Job(row.job_id.clone()),
        }
    }

    /// Whether this is the row's key; costs no copy.
    pub(crate) fn names(&self, row: &QueueRow) -> bool {
        match self {
            Self::Gate(key) => is_gate(row, key),
            Self::Job(job_id) => !is_of_gate(row) && row.job_id == *job_id,
        }
    }

    /// The gate, where it is one.
    pub(crate) fn gate(self) -> Option<GateKey> {
        match self {
            Self::Gate(key) => Some(key),
            Self::Job(_) => None,
        }
    }

    pub fn job_id(&self) -> &JobId {
        match self {
            Self::Gate(key) => &key.job_id,
            Self::Job(job_id) => job_id,
        }
    }
}

fn is_of_gate(row: &QueueRow) -> bool {
    matches!(row.kind, QueueKind::Gate | QueueKind::Decided)
}

fn is_gate(row: &QueueRow, key: &GateKey) -> bool {
    is_of_gate(row) && row.attempt == key.attempt && row.job_id == key.job_id && row.stage.as_ref() == Some(&key.stage)
}

/// The order of the queue. Gates always stand above jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sort {
    /// The next deadline first.
    #[default]
    Left,
    /// The oldest first.
    Age,
    Job,
    Stage,
}

impl Sort {
    /// The next one.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Left => Self::Age,
            Self::Age => Self::Job,
            Self::Job => Self::Stage,
            Self::Stage => Self::Left,
        }
    }

    /// In words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Left => "time left",
            Self::Age => "age",
            Self::Job => "job",
            Self::Stage => "stage",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Queue {
    rows: Vec<QueueRow>,
    /// The visible rows, in order.
    order: Vec<usize>,
    /// The place of each row in that order, or of the row that stands for it; none: the filter
    /// hides it.
    places: Vec<Option<usize>>,
    /// How many rows the filter takes.
    taken: usize,
    pub(crate) groups: Groups,
    /// The group that the selected row was in before it went away.
    gone_group: Option<Digest>,
    /// The rows with a timer, the next deadline first. A frame asks for it more than once: it must
    /// not cost by what waits.
    deadlines: Vec<usize>,
    /// Those of them of which a last call was said: few, and the only ones that can be in it.
    called: Vec<usize>,
    /// The rows of gates by their keys; made when somebody asks for another gate than the selected
    /// one.
    by_key: OnceCell<HashMap<GateKey, usize>>,
    /// How many rows are gates.
    gates: usize,
    selected: Option<RowKey>,
    /// Where it was found among all rows; looked up again when it is there no longer.
    selected_at: usize,
    /// Whether the operator chose the selected row; else a gate that opens may take its place.
    pub(crate) is_chosen: bool,
    /// Whether the selected row went away: it is none any more; what it was about stays on the
    /// screen until it is left.
    pub(crate) is_gone: bool,
    /// The order.
    pub(crate) sort: Sort,
    /// Which rows are visible.
    pub filter: GateFilter,
    /// The first visible row on screen.
    pub(crate) top: usize,
    /// Whether an answer has come.
    pub(crate) is_loaded: bool,
    /// What the columns want.
    pub(crate) wants: Wants,
}

/// What one row says of all the gates that it stands for, as its rows have it.
pub(crate) struct Summed<'q> {
    pub(crate) group: &'q Group,
    /// The one whose timer acts first.
    pub(crate) soonest: &'q QueueRow,
    /// The one that is open for the longest.
    pub(crate) oldest: &'q QueueRow,
    /// The first one that somebody is at, or that is held, and how many are such.
    pub(crate) attended: Option<(&'q QueueRow, usize)>,
    /// How many the whole change of which was shown to nobody.
    pub(crate) unseen: usize,
    pub(crate) is_of_one_attempt: bool,
    /// Whether different things are said of them.
    pub(crate) is_said_otherwise: bool,
}

/// When its timer acts, as far as it will; with `is_running_only`, as long as no person stops it.
fn left(row: &QueueRow, is_running_only: bool) -> i64 {
    let timer = row.timer.as_ref().filter(|timer| timer.held_by_policy_at.is_none());
    let timer = timer.filter(|timer| !is_running_only || timer.stopped_at.is_none());
    timer.map_or(i64::MAX, |timer| timer.deadline.micros())
}

impl Queue {
    /// The visible rows, in order.
    pub fn visible(&self) -> impl Iterator<Item = &QueueRow> {
        self.lines(0)
    }

    /// So many visible rows from the first one on screen.
    pub(crate) fn on_screen(&self, count: usize) -> impl Iterator<Item = &QueueRow> {
        self.lines(self.top).take(count)
    }

    /// The visible rows from a place on.
    fn lines(&self, from: usize) -> impl Iterator<Item = &QueueRow> {
        let selected = self.selected_place();
        let order = self.order.get(from..).unwrap_or_default();
        let rows = (from..).zip(order).map(move |(place, row)| match selected {
            Some((at, selected)) if at == place => selected,
            Some(_) | None => *row,
        });
        rows.filter_map(|row| self.rows.get(row))
    }

    /// Where the selected row stands, and which it is: in a folded group it stands for all.
    fn selected_place(&self) -> Option<(usize, usize)> {
        let row = self.selected_row()?;
        Some((self.places.get(row).copied().flatten()?, row))
    }

    /// Which row stands at a place.
    fn row_at(&self, place: usize) -> Option<usize> {
        let selected = self.selected_place().filter(|(at, _)| *at == place);
        selected.map(|(_, row)| row).or_else(|| self.order.get(place).copied())
    }

    /// The group of the row at a place.
    pub(crate) fn group(&self, place: usize) -> Option<&Group> {
        self.groups.of(self.row_at(place)?)
    }

    /// The same where one row stands for all of it.
    pub(crate) fn folded(&self, place: usize) -> Option<&Group> {
        self.group(place).filter(|group| !group.is_open)
    }

    /// What stands in a group before the row at a place: `×12` of a folded one, else a line that
    /// joins them.
    pub(crate) fn joint(&self, place: usize) -> String {
        let Some(group) = self.group(place) else {
            return String::new();
        };
        let row = self.row_at(place);
        match group.is_open {
            false => format!("×{} ", group.len()),
            true if group.members.first().copied() == row => "┌ ".to_owned(),
            true if group.members.last().copied() == row => "└ ".to_owned(),
            true => "│ ".to_owned(),
        }
    }

    /// All that the row at a place stands for.
    pub(crate) fn members(&self, place: usize) -> impl Iterator<Item = &QueueRow> {
        let group = self.folded(place).map_or(&[][..], |group| &group.members[..]);
        let own = self.row_at(place).filter(|_| group.is_empty());
        group.iter().copied().chain(own).filter_map(|row| self.rows.get(row))
    }

    /// What the row at a place says of all that it stands for; none: of itself alone.
    pub(crate) fn summed(&self, place: usize) -> Option<Summed<'_>> {
        let group = self.folded(place)?;
        let row = |index: usize| self.rows.get(index);
        Some(Summed {
            group,
            soonest: row(group.sum.soonest)?,
            oldest: row(group.sum.oldest)?,
            attended: group.sum.attended.and_then(|(first, count)| Some((row(first)?, count))),
            unseen: group.sum.unseen,
            is_of_one_attempt: group.sum.is_of_one_attempt,
            is_said_otherwise: group.sum.is_said_otherwise,
        })
    }

    /// The row of a gate where it is one of this group.
    pub(crate) fn member(&self, group: &Group, key: &GateKey) -> Option<&QueueRow> {
        let index = self.index_of(key)?;
        let is_it = self.groups.of(index).is_some_and(|of| std::ptr::eq(of, group));
        self.rows.get(index).filter(|_| is_it)
    }

    /// Opens the group of the selected row, or closes it. False: it is so already, or there is none.
    pub(crate) fn unfold(&mut self, is_open: bool, reader: QueueReader<'_>) -> bool {
        let selected = self.selected_place().map(|(_, row)| row);
        let group = selected.and_then(|row| self.groups.of(row));
        let (Some(row), true) = (selected, group.is_some_and(|group| group.is_open != is_open)) else {
            return false;
        };
        self.groups.unfold(row, is_open);
        self.arrange(true, reader);
        true
    }

    /// The place of a gate with the same change as the selected one, which is gone.
    pub(crate) fn heir(&self) -> Option<usize> {
        let id = self.gone_group.filter(|_| self.is_gone)?;
        let is_it = |row: &QueueRow| row.group.as_ref().is_some_and(|group| group.id == id);
        self.visible().position(is_it)
    }

    /// The first row that fits and is in sight, be it in a row that stands for several: its place
    /// and its key.
    pub(crate) fn find(&self, fits: impl Fn(&QueueRow) -> bool) -> Option<(usize, RowKey)> {
        let rows = self.rows.iter().zip(&self.places);
        let fitting = rows.filter(|(row, _)| fits(row));
        let placed = fitting.filter_map(|(row, place)| Some(((*place)?, row)));
        let (place, row) = placed.min_by_key(|(place, _)| *place)?;
        Some((place, RowKey::of(row)))
    }

    /// All rows, visible or not.
    pub(crate) fn present(&self) -> impl Iterator<Item = &QueueRow> {
        self.rows.iter()
    }

    /// The jobs whose rows are not as these say: what no event tells of, as a lease, changes them
    /// too.
    pub(crate) fn changed_jobs(&self, fresh: &[QueueRow]) -> BTreeSet<JobId> {
        let mut former: HashMap<_, _> = self.rows.iter().map(|row| (RowKey::of(row), row)).collect();
        let mut is_other = |row: &&QueueRow| former.remove(&RowKey::of(row)) != Some(*row);
        let mut changed: BTreeSet<_> = fresh
            .iter()
            .filter(&mut is_other)
            .map(|row| row.job_id.clone())
            .collect();
        changed.extend(former.into_values().map(|row| row.job_id.clone()));
        changed
    }

    /// The gates with a timer, the next deadline first, each with its place among the visible rows;
    /// none: the filter hides it.
    pub(crate) fn by_deadline(&self) -> impl Iterator<Item = (&QueueRow, Option<usize>)> {
        let row = |index: &usize| Some((self.rows.get(*index)?, self.places.get(*index).copied().flatten()));
        self.deadlines.iter().filter_map(row)
    }

    /// The gates of which a last call was said, the next deadline first.
    pub(crate) fn called(&self) -> impl Iterator<Item = &QueueRow> {
        self.called.iter().filter_map(|index| self.rows.get(*index))
    }

    /// How many gates are open.
    pub(crate) fn gates(&self) -> usize {
        self.gates
    }

    /// The row of an open gate, visible or not.
    pub fn gate(&self, key: &GateKey) -> Option<&QueueRow> {
        // Most changes are about the selected row, so that one is tried first.
        let selected = self.selected_row().and_then(|index| self.rows.get(index));
        let found = selected.filter(|row| is_gate(row, key));
        found.or_else(|| self.rows.get(self.index_of(key)?))
    }

    fn index_of(&self, key: &GateKey) -> Option<usize> {
        let by_key = self.by_key.get_or_init(|| {
            let rows = (0..).zip(&self.rows);
            rows.filter_map(|(index, row)| Some((RowKey::of(row).gate()?, index)))
                .collect()
        });
        by_key.get(key).copied()
    }

    /// Whether the filter shows this gate.
    pub(crate) fn is_visible(&self, key: &GateKey) -> bool {
        let place = self.index_of(key).and_then(|index| self.places.get(index));
        place.is_some_and(Option::is_some)
    }

    /// The selected row among all rows.
    fn selected_row(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        let is_there = |row: &QueueRow| selected.names(row);
        if self.rows.get(self.selected_at).is_some_and(is_there) {
            return Some(self.selected_at);
        }
        self.rows.iter().position(is_there)
    }

    /// How many rows are visible.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether no row is visible.
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many rows the filter hides.
    pub fn hidden(&self) -> usize {
        self.rows.len().saturating_sub(self.taken)
    }

    /// A visible row.
    pub(crate) fn row(&self, place: usize) -> Option<&QueueRow> {
        self.rows.get(self.row_at(place)?)
    }

    pub fn selected(&self) -> Option<&RowKey> {
        self.selected.as_ref()
    }

    /// The place of the selected row among the visible ones.
    pub(crate) fn place(&self) -> Option<usize> {
        self.places.get(self.selected_row()?).copied().flatten()
    }

    /// The selected row.
    pub(crate) fn current(&self) -> Option<&QueueRow> {
        self.row(self.place()?)
    }

    /// Takes fresh rows. The selected row stays under the operator's eyes, at its height on the
    /// screen.
    pub(crate) fn refresh(&mut self, fresh: Vec<QueueRow>, reader: QueueReader<'_>) {
        let height = self.place().map(|place| place.saturating_sub(self.top));
        if let Some(row) = self.selected_row().and_then(|row| self.rows.get(row)) {
            self.gone_group = row.group.as_ref().map(|group| group.id);
        }
        self.rows = fresh;
        self.is_loaded = true;
        self.follow_to_gate();
        if let Some(selected) = &self.selected {
            let index = self.rows.iter().position(|row| selected.names(row));
            (self.is_gone, self.selected_at) = (index.is_none(), index.unwrap_or_default());
        }
        self.rows_changed(height.is_some(), reader);
        if let (Some(height), Some(place)) = (height, self.place()) {
            self.top = place.saturating_sub(height);
        }
    }

    /// A job that reached its gate is that gate's row from now on: a row for what it was before
    /// would be a ghost.
    fn follow_to_gate(&mut self) {
        // What was gone to on purpose without a row of its own stays what it is.
        let Some(RowKey::Job(job_id)) = self.selected.as_ref().filter(|_| !self.is_gone) else {
            return;
        };
        let of_job = || self.rows.iter().filter(|row| row.job_id == *job_id);
        let gate = of_job().find(|row| is_of_gate(row));
        if of_job().all(is_of_gate)
            && let Some(gate) = gate
        {
            self.selected = Some(RowKey::of(gate));
        }
    }

    /// Takes a row away that is known to be over, before the next answer says so.
    pub(crate) fn remove(&mut self, key: &RowKey, reader: QueueReader<'_>) {
        self.rows.retain(|row| !key.names(row));
        if self.selected.as_ref() == Some(key) {
            (self.selected, self.is_gone) = (None, false);
        }
        self.rows_changed(true, reader);
    }

    /// The places of the visible open gates, the most urgent first: by the time left, then those
    /// whose timer stands still or that have none, the oldest first.
    pub(crate) fn by_urgency(&self) -> impl Iterator<Item = usize> + use<> {
        let mut gates: Vec<_> = self
            .rows
            .iter()
            .zip(&self.places)
            .filter(|(row, _)| row.kind == QueueKind::Gate)
            .filter_map(|(row, place)| Some((left(row, true), row.since, (*place)?)))
            .collect();
        gates.sort_unstable();
        // A group is as urgent as its most urgent gate.
        let mut is_told = vec![false; self.order.len()];
        let mut is_first = move |place: &usize| {
            is_told
                .get_mut(*place)
                .is_some_and(|told| !std::mem::replace(told, true))
        };
        gates
            .into_iter()
            .map(|(_, _, place)| place)
            .filter(move |place| is_first(place))
    }

    fn rows_changed(&mut self, keeps_selected: bool, reader: QueueReader<'_>) {
        self.by_key.take();
        self.gates = self.rows.iter().filter(|row| row.kind == QueueKind::Gate).count();
        let deadline = |row: &QueueRow| Some(row.timer.as_ref()?.deadline);
        let timed = (0..)
            .zip(&self.rows)
            .filter_map(|(index, row)| Some((deadline(row)?, index)));
        let mut timed: Vec<_> = timed.collect();
        timed.sort_unstable();
        self.deadlines = timed.into_iter().map(|(_, index)| index).collect();
        let called = self.deadlines.iter().copied().filter(|index| {
            let timer = self.rows.get(*index).and_then(|row| row.timer.as_ref());
            timer.is_some_and(GateTimer::has_called)
        });
        self.called = called.collect();
        self.arrange(keeps_selected, reader);
    }

    /// Puts the rows in order and applies the filter. A selected row may stay although the filter
    /// no longer takes it, as a gate that is `unseen` no longer because it is being read.
    pub(crate) fn arrange(&mut self, keeps_selected: bool, reader: QueueReader<'_>) {
        let kept = self.selected_row().filter(|_| keeps_selected);
        let is_taken = |row: &QueueRow| reader.wants(row, &self.filter);
        let mut order: Vec<usize> = (0..self.rows.len())
            .filter(|index| kept == Some(*index) || self.rows.get(*index).is_some_and(is_taken))
            .collect();
        let rows = &self.rows;
        let sort = self.sort;
        order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (rows.get(*a), rows.get(*b)) else {
                return std::cmp::Ordering::Equal;
            };
            let by_sort = match sort {
                Sort::Left => left(a, false).cmp(&left(b, false)),
                Sort::Age => std::cmp::Ordering::Equal,
                Sort::Job => (&a.job_id, &a.stage).cmp(&(&b.job_id, &b.stage)),
                Sort::Stage => (&a.stage, &a.job_id).cmp(&(&b.stage, &b.job_id)),
            };
            let by_kind = a.kind.cmp(&b.kind);
            by_kind
                .then(by_sort)
                .then(a.since.cmp(&b.since))
                .then_with(|| a.job_id.cmp(&b.job_id))
                .then_with(|| a.stage.cmp(&b.stage))
        });
        self.taken = order.len();
        let order = self.groups.fold(&self.rows, order, reader.reading);
        self.places = vec![None; self.rows.len()];
        for (place, row) in order.iter().enumerate() {
            let folded = self.groups.of(*row).filter(|group| !group.is_open);
            let own = std::slice::from_ref(row);
            for row in folded.map_or(own, |group| &group.members) {
                if let Some(slot) = self.places.get_mut(*row) {
                    *slot = Some(place);
                }
            }
        }
        self.order = order;
    }

    /// Selects a visible row; returns whether the selection changed.
    pub(crate) fn select(&mut self, place: usize) -> bool {
        let place = place.min(self.len().saturating_sub(1));
        let Some(key) = self.row(place).map(RowKey::of) else {
            return false;
        };
        let index = self.row_at(place);
        let is_new = self.select_key(key);
        self.selected_at = index.unwrap_or_default();
        is_new
    }

    /// Selects a row by its key; returns whether the selection changed.
    pub(crate) fn select_key(&mut self, key: RowKey) -> bool {
        if self.selected.as_ref() == Some(&key) {
            return false;
        }
        (self.selected, self.is_gone) = (Some(key), false);
        true
    }

    /// Selects what was selected before, also where its row is gone.
    pub(crate) fn select_again(&mut self, key: RowKey) {
        let index = self.rows.iter().position(|row| key.names(row));
        (self.selected, self.is_gone) = (Some(key), index.is_none());
        self.selected_at = index.unwrap_or_default();
    }

    /// Selects a job that has no row.
    pub(crate) fn select_gone(&mut self, job_id: JobId) {
        (self.selected, self.is_gone) = (Some(RowKey::Job(job_id)), true);
    }

    /// Forgets a selection that cannot be kept.
    pub(crate) fn deselect(&mut self) {
        (self.selected, self.is_gone) = (None, false);
    }

    /// Moves the view so that the selected row is on a screen of so many rows.
    pub(crate) fn scroll_to_selected(&mut self, height: usize) {
        let height = height.max(1);
        if let Some(place) = self.place() {
            self.top = self.top.clamp((place + 1).saturating_sub(height), place);
        }
        // No empty rows below the last one while others are hidden above.
        self.top = self.top.min(self.len().saturating_sub(height));
    }
}

#[cfg(test)]
mod tests;
