//! What stands below (or beside) the queue.

use std::collections::VecDeque;
use std::sync::Arc;

use super::board::BoardPane;
use super::figures::FiguresPane;
use super::history::HistoryPane;
use super::job::JobView;
use super::jobs::JobsPane;
use super::look::ViewOptions;
use super::pace::Pace;
use super::remembered::Remembered;
use crate::keymap::Focus;
use domain::job::JobRows;
use domain::key::GateKey;

/// Which pane it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lower {
    /// The gate's diff.
    #[default]
    Gate,
    /// The job: stages, events, log.
    Job,
    /// The decisions.
    History,
    /// How gates were decided of late.
    Figures,
    /// All jobs.
    Jobs,
    /// What the timers will do.
    Board,
}

/// A pane with a filter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnFilter {
    History,
    Jobs,
}

/// The panes below the queue, and what was shown there.
#[derive(Debug, Default)]
pub struct Panes {
    /// Whether the keys go to what stands below the queue.
    pub is_lower_focused: bool,
    /// What stands below the queue.
    pub lower: Lower,
    /// Whether the pane that has the keys has the whole screen.
    pub(crate) is_zoomed: bool,
    /// Whether they wait for the selection to rest.
    pub pace: Pace,
    /// How diffs are looked at.
    pub look: ViewOptions,
    /// The job of the selected row.
    pub job: Option<JobView>,
    /// The decisions.
    pub(crate) history: HistoryPane,
    pub(crate) figures: FiguresPane,
    pub(crate) jobs: JobsPane,
    pub(crate) board: BoardPane,
    /// Whether the job pane was opened from the list of jobs: the way back leads there.
    pub(crate) is_of_jobs: bool,
    /// What was shown of gates that the selection left, the newest last.
    pub(crate) remembered: VecDeque<Remembered>,
    pub(crate) ahead: Ahead,
}

/// The gate that comes next, as it was read ahead over a line.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Which; none: none was asked for.
    pub(crate) key: Option<GateKey>,
    /// Its job; none: it has not come, or the selection has.
    pub(crate) rows: Option<Arc<JobRows>>,
    /// Whether an answer is awaited.
    pub(crate) is_asked: bool,
}

impl Panes {
    /// The pane that has the keys and a filter of its own; none: a filter is the queue's.
    pub(crate) fn own_filter(&self) -> Option<OwnFilter> {
        match self.lower {
            Lower::History if self.is_lower_focused => Some(OwnFilter::History),
            Lower::Jobs if self.is_lower_focused => Some(OwnFilter::Jobs),
            Lower::Gate | Lower::Job | Lower::History | Lower::Figures | Lower::Jobs | Lower::Board => None,
        }
    }

    /// Which pane the keys go to; of a job without a gate its own pane takes the diff's place.
    pub(crate) fn focus(&self, has_gate: bool) -> Focus {
        match (self.is_lower_focused, self.lower) {
            (false, _) => Focus::Queue,
            (true, Lower::Gate) if !has_gate => Focus::Job,
            (true, Lower::Gate) => Focus::Diff,
            (true, Lower::Job) => Focus::Job,
            (true, Lower::History) => Focus::History,
            (true, Lower::Figures) => Focus::Figures,
            (true, Lower::Jobs) => Focus::Jobs,
            (true, Lower::Board) => Focus::Board,
        }
    }
}
