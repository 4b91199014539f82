//! Which run directories may have a dropped file: told by the operating system, or looked at again and again where it tells nothing.
//!
//! Watched are the runs directory, for new run directories, and `gates/` of every job that has not ended before. Never a whole tree: artifacts
//! and the database are written all the time.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::domain::ids::JobId;
use crate::runs::{RunsDir, drops};

/// How many directories are watched at most; the kernel's limit is for all programs of a user.
const WATCHED_MAX: usize = 2_000;
/// How often everything is looked at where not everything can be watched, at most.
const BLIND_TIME: Duration = Duration::from_secs(2);
/// And how much longer than a look the pause after it is: what does not change costs no more than one part in so many of a core.
const PAUSE_FACTOR: u32 = 200;
/// The longest pause, however many directories there are: so long at most a dropped file lies unseen.
const BLIND_TIME_MAX: Duration = Duration::from_mins(5);

/// Where the operating system saw something happen.
#[derive(Default)]
struct Hints {
    jobs: Mutex<BTreeSet<JobId>>,
    news: Notify,
}

impl Hints {
    fn add(&self, job_id: JobId) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(job_id);
        self.news.notify_one();
    }

    fn take(&self) -> BTreeSet<JobId> {
        std::mem::take(&mut self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The watching; ends when dropped.
pub struct Watch {
    runs: RunsDir,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<JobId>,
    /// Those of them that are over, the first to end first.
    ended: VecDeque<JobId>,
    hints: Arc<Hints>,
    /// Where to look next.
    due: BTreeSet<JobId>,
    is_all_due: bool,
    /// Not every directory is watched.
    is_blind: bool,
    /// When everything is looked at again.
    pause: Pin<Box<Sleep>>,
}

impl Watch {
    /// Begins to watch, and has every job looked at that may have a file: the unfinished ones, and directories nobody knows. Blocks: it
    /// looks at every run directory.
    pub fn new(runs: &RunsDir, unfinished: &BTreeSet<JobId>) -> Self {
        let hints = Arc::new(Hints::default());
        let watcher = watcher(runs.path(), Arc::clone(&hints));
        let mut watch = Self {
            runs: runs.clone(),
            is_blind: watcher.is_none(),
            watcher,
            watched: BTreeSet::new(),
            ended: VecDeque::new(),
            hints,
            due: BTreeSet::new(),
            is_all_due: false,
            pause: Box::pin(tokio::time::sleep(BLIND_TIME)),
        };
        // The newest first, as far as names tell: a file is most likely dropped there, and not all may be watched.
        for job_id in runs.jobs().unwrap_or_default().into_iter().rev() {
            if unfinished.contains(&job_id) || !runs.run(&job_id).state().exists() {
                watch.hint(job_id);
            }
        }
        watch
    }

    /// The jobs to look at now; none: all that have a directory.
    pub fn take_due(&mut self) -> Option<Vec<JobId>> {
        let due = std::mem::take(&mut self.due).into_iter().collect();
        (!std::mem::take(&mut self.is_all_due)).then_some(due)
    }

    /// Everything was looked at, which took so long.
    pub fn looked(&mut self, took: Duration) {
        let pause = took.saturating_mul(PAUSE_FACTOR).clamp(BLIND_TIME, BLIND_TIME_MAX);
        self.pause.set(tokio::time::sleep(pause));
    }

    /// Has a job looked at again.
    pub fn again(&mut self, job_id: JobId) {
        self.due.insert(job_id);
    }

    /// Returns when there is something to look at. Cancel-safe.
    pub async fn changed(&mut self) {
        tokio::select! {
            () = self.hints.news.notified() => {}
            () = &mut self.pause, if self.is_blind => {
                self.is_all_due = true;
                self.pause.set(tokio::time::sleep(BLIND_TIME_MAX));
            }
        }
        for job_id in self.hints.take() {
            self.hint(job_id);
        }
    }

    /// A job is over: a file that is dropped there is refused, so it is watched as long as there is room for those that are not.
    pub fn ended(&mut self, job_id: JobId) {
        if self.watched.contains(&job_id) {
            self.ended.push_back(job_id);
        }
    }

    /// Whether one more job can be watched; the one that ended first makes room.
    fn make_room(&mut self) -> bool {
        if self.watched.len() < WATCHED_MAX {
            return true;
        }
        let Some(job_id) = self.ended.pop_front() else {
            return false;
        };
        self.watched.remove(&job_id);
        if let Some(watcher) = &mut self.watcher {
            let run = self.runs.run(&job_id);
            // Gone already where the directory is.
            let _ = watcher.unwatch(&run.gates());
            let _ = watcher.unwatch(run.path());
        }
        true
    }

    /// Watches a job's `gates/`, before it is looked at; its directory until there is one.
    fn hint(&mut self, job_id: JobId) {
        let run = self.runs.run(&job_id);
        let is_room = self.watched.contains(&job_id) || self.make_room();
        if let Some(watcher) = &mut self.watcher
            && run.path().is_dir()
        {
            let is_watched = is_room && {
                // The run directory first: `gates/` may be made in between. It is left when there is one, for it is written all the time.
                let _ = watcher.watch(run.path(), RecursiveMode::NonRecursive);
                let has_gates = run.gates().is_dir();
                let is_watched = !has_gates || watcher.watch(&run.gates(), RecursiveMode::NonRecursive).is_ok();
                if has_gates {
                    let _ = watcher.unwatch(run.path());
                }
                is_watched
            };
            if is_watched {
                self.watched.insert(job_id.clone());
            } else {
                self.is_blind = true;
            }
        }
        self.due.insert(job_id);
    }
}

fn watcher(runs: &Path, hints: Arc<Hints>) -> Option<RecommendedWatcher> {
    // The watcher tells absolute paths, whatever it was given.
    let root = std::path::absolute(runs).ok()?;
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if is_whole(event.kind) {
            let below = event.paths.iter().filter_map(|path| path.strip_prefix(&root).ok());
            below.filter_map(job_of).for_each(|job_id| hints.add(job_id));
        }
    };
    let watching = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(runs, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| tracing::warn!("dropped files are looked for every {BLIND_TIME:?}: {error}"))
        .ok()
}

/// A directory was made, or a file was written to its end or moved here.
fn is_whole(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Create(CreateKind::Folder)
            | EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(_))
    ) || (!cfg!(target_os = "linux") && matches!(kind, EventKind::Create(_) | EventKind::Modify(_)))
}

/// The job that a path below the runs directory may open a gate of: its directory, its `gates/`, or a dropped file in one of them.
fn job_of(below: &Path) -> Option<JobId> {
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    match parts?[..] {
        [job] | [job, "gates"] => JobId::new(job).ok(),
        [job, name] | [job, "gates", name] if drops::is_dropped(name) => JobId::new(job).ok(),
        _ => None,
    }
}
