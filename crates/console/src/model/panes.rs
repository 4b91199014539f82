//! What stands below (or beside) the queue.

use std::collections::VecDeque;

use super::figures::FiguresPane;
use super::history::HistoryPane;
use super::job::JobView;
use super::look::ViewOptions;
use super::pace::Pace;
use super::remembered::Remembered;
use crate::keymap::Focus;

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
    /// What was shown of gates that the selection left, the newest last.
    pub(crate) remembered: VecDeque<Remembered>,
}

impl Panes {
    /// Which pane the keys go to; of a job without a gate its own pane takes the diff's place.
    pub(crate) fn focus(&self, has_gate: bool) -> Focus {
        match (self.is_lower_focused, self.lower) {
            (false, _) => Focus::Queue,
            (true, Lower::Gate) if !has_gate => Focus::Job,
            (true, Lower::Gate) => Focus::Diff,
            (true, Lower::Job) => Focus::Job,
            (true, Lower::History) => Focus::History,
            (true, Lower::Figures) => Focus::Figures,
        }
    }
}
