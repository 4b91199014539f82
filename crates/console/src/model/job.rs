//! The job of the selected row: its stages, its events, a stage's log.

use std::sync::Arc;

use super::outgoing::UnderWay;
use domain::event::Event;
use domain::ids::{JobId, StageName};
use domain::job::{AttemptState, JobRows};

/// How many bytes from the end of a log are shown.
pub(crate) const LOG_BYTES_MAX: u64 = 256 * 1024;
/// How many events are shown.
pub(crate) const EVENTS_MAX: u32 = 200;

/// The job pane.
#[derive(Debug, Clone)]
pub struct JobView {
    pub(crate) job_id: JobId,
    /// Everything known of it; none while loading.
    pub rows: Option<Arc<JobRows>>,
    /// Whether there is no such job any more.
    pub(crate) is_missing: bool,
    /// Whether the rules would refuse to resume it, as they were asked when it was read last.
    pub(crate) is_resume_refused: bool,
    /// The question to them.
    pub(crate) resume_asked: UnderWay,
    /// Its last events, oldest first.
    pub(crate) events: Vec<Event>,
    /// The stage and attempt whose log is shown; none: the newest.
    pub(crate) log_of: Option<(StageName, u32)>,
    /// The lines of the log; none: no log.
    pub(crate) log: Option<Vec<String>>,
    /// The newest events that are scrolled out at the bottom.
    pub(crate) events_up: usize,
    /// The log's last lines that are scrolled out at the bottom.
    pub(crate) up: usize,
    /// When the log was asked for last, on the boot clock.
    pub(crate) log_boot_us: i64,
}

impl JobView {
    /// A view that waits for its answers.
    pub(crate) fn new(job_id: JobId) -> Self {
        Self {
            job_id,
            rows: None,
            is_missing: false,
            is_resume_refused: false,
            resume_asked: UnderWay::default(),
            events: Vec::new(),
            events_up: 0,
            log_of: None,
            log: None,
            up: 0,
            log_boot_us: 0,
        }
    }

    /// The executions whose logs can be shown, oldest first.
    pub(crate) fn logs(&self) -> Vec<(StageName, u32)> {
        let attempts = self.rows.iter().flat_map(|rows| &rows.attempts);
        attempts
            .filter(|attempt| attempt.started_at.is_some())
            .map(|attempt| (attempt.stage.clone(), attempt.number))
            .collect()
    }

    /// The execution whose log is shown.
    pub(crate) fn current_log(&self) -> Option<(StageName, u32)> {
        self.log_of.clone().or_else(|| self.logs().pop())
    }

    /// Whether a command of this job runs, so that its log grows without an event.
    pub(crate) fn is_running(&self) -> bool {
        let mut attempts = self.rows.iter().flat_map(|rows| &rows.attempts);
        attempts.any(|attempt| attempt.state == AttemptState::Running)
    }
}
