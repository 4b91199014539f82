//! A job that is in everybody's way.

use std::fs;
use std::path::{Path, PathBuf};

use domain::event::EventType;
use domain::ids::JobId;
use domain::job::JobStatus;
use engine::{Engine, Role};

use crate::support::engine::{open, start, until};

/// A job whose stage takes the only slot until it is let go.
pub struct Hog {
    id: JobId,
    fifo: PathBuf,
}

impl Hog {
    pub const SLOTS: &str = "pipeline:\n  max_concurrent_jobs: 1\n";

    /// Begins once this process leads and nothing else runs.
    pub async fn start(engine: &mut Engine, runs: &Path, fifo: PathBuf) -> Self {
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let yaml = format!(
            "{}  stages: [{{name: hog, command: [sh, -c, 'read line < {}']}}]\n",
            Self::SLOTS,
            fifo.display()
        );
        let mut other = open(runs, &yaml, "bea", Role::Visitor);
        let id = start(&mut other, "hog").await;
        other.close();
        until(engine, &id, |rows| rows.job.status == JobStatus::Running).await;
        Self { id, fifo }
    }

    /// Lets the slot go; when that was, in the log.
    pub async fn end(self, engine: &mut Engine) -> u64 {
        fs::write(self.fifo, "go\n").unwrap();
        until(engine, &self.id, |rows| rows.job.status == JobStatus::Completed).await;
        when(engine, &self.id, EventType::JobCompleted).await
    }
}

/// When something happened to a job last; 0: never.
pub async fn when(engine: &mut Engine, id: &JobId, kind: EventType) -> u64 {
    let client = engine.client();
    let events = engine.beside(client.last_events(Some(id), 1000)).await.unwrap();
    let of_kind = events.iter().filter(|event| event.kind == kind);
    of_kind.map(|event| event.seq).max().unwrap_or(0)
}
