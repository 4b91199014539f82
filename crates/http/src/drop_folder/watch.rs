//! Which run directories may have a dropped file: told by the operating system, or found in rounds
//! where it cannot tell all.
//!
//! Watched are the runs directory, for new run directories, and `gates/` of the newest jobs that
//! are not over. Never a whole tree: artifacts and the database are written all the time.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::Sleep;

use super::blocking;
use domain::decision::DIRECTORY as GATES;
use domain::ids::JobId;
use runs::rounds::{RoundPart, Rounds};
use runs::{RunDir, RunsDir, drop_folder};

/// How many directories are watched at most; the kernel's limit is for all programs of a user.
pub(crate) const WATCHED_MAX: usize = 2_000;
/// The pause between two parts of a round, where not everything can be watched.
const PART_TIME: Duration = Duration::from_secs(5);

/// A directory in which something happened.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Job(JobId),
    /// One that is no job's, or a file; see [`drops::is_stray`].
    Stray(String),
}

/// Where the operating system saw something happen.
#[derive(Default)]
struct Hints {
    homes: Mutex<BTreeSet<Home>>,
    /// The operating system could not keep up: it may have told too little.
    is_some_lost: AtomicBool,
    news: Notify,
}

impl Hints {
    fn add(&self, home: Home) {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner).insert(home);
        self.news.notify_one();
    }

    fn take(&self) -> BTreeSet<Home> {
        std::mem::take(&mut self.homes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The watching; ends when dropped.
pub(crate) struct DropWatcher {
    runs: RunsDir,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<JobId>,
    /// Those of them that are over, the first to end first.
    ended: VecDeque<JobId>,
    /// What is watched beside jobs.
    strays: BTreeSet<String>,
    hints: Arc<Hints>,
    /// Where to look next.
    due: BTreeSet<JobId>,
    due_strays: BTreeSet<String>,
    /// Not every directory is watched.
    is_blind: bool,
    /// The first round looks into every directory, without pauses; others follow where not all are
    /// watched. None: none is under way.
    rounds: Option<Rounds>,
    /// The next part of a round.
    pause: Pin<Box<Sleep>>,
    is_part_due: bool,
}

impl DropWatcher {
    /// Begins to watch these jobs, as many as may be; the first round is due. Blocks.
    pub(crate) fn new(runs: &RunsDir, newest: Vec<JobId>) -> Self {
        let hints = Arc::new(Hints::default());
        let watcher = watcher(runs.path(), Arc::clone(&hints));
        let mut watch = Self {
            runs: runs.clone(),
            is_blind: watcher.is_none(),
            watcher,
            watched: BTreeSet::new(),
            ended: VecDeque::new(),
            strays: BTreeSet::new(),
            hints,
            due: BTreeSet::new(),
            due_strays: BTreeSet::new(),
            rounds: Some(Rounds::new(runs.clone())),
            pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
            is_part_due: true,
        };
        newest.into_iter().for_each(|job_id| watch.hint(job_id));
        watch
    }

    /// The jobs to look at now.
    pub(crate) fn take_due(&mut self) -> Vec<JobId> {
        std::mem::take(&mut self.due).into_iter().collect()
    }

    /// What else to look at now.
    pub(crate) fn take_strays(&mut self) -> Vec<String> {
        std::mem::take(&mut self.due_strays).into_iter().collect()
    }

    /// Has a job looked at again.
    pub(crate) fn again(&mut self, job_id: JobId) {
        self.due.insert(job_id);
    }

    /// Returns when there is something to look at. Cancel-safe.
    pub(crate) async fn changed(&mut self) {
        tokio::select! {
            () = self.hints.news.notified() => {}
            () = &mut self.pause, if self.rounds.is_some() => self.is_part_due = true,
        }
        for home in self.hints.take() {
            match home {
                Home::Job(job_id) => self.hint(job_id),
                Home::Stray(name) => self.hint_stray(name),
            }
        }
        if self.hints.is_some_lost.swap(false, Ordering::Relaxed) {
            self.go_blind();
        }
    }

    /// Goes on with the round, when it is time.
    pub(crate) async fn look(&mut self) {
        if !std::mem::take(&mut self.is_part_due) {
            return;
        }
        let Some(mut rounds) = self.rounds.take() else { return };
        let (runs, watched) = (self.runs.clone(), std::mem::take(&mut self.watched));
        let found = blocking(move || {
            let is_first = rounds.is_first();
            let part = rounds.go_on().map(|part| sifted(&runs, &watched, part, is_first));
            Ok((part, rounds, watched))
        });
        let found = found.await;
        let (part, rounds, watched) =
            found.unwrap_or_else(|error| (Err(error), Rounds::new(self.runs.clone()), BTreeSet::new()));
        self.watched = watched;
        let is_hurried = rounds.is_first() && part.is_ok();
        match part {
            Ok(Sifted { due, strange, strays }) => {
                strange.into_iter().for_each(|job_id| self.hint(job_id));
                strays.into_iter().for_each(|name| self.hint_stray(name));
                self.due.extend(due);
            }
            Err(error) => tracing::warn!("dropped files: {error}"),
        }
        let pause = if is_hurried { Duration::ZERO } else { PART_TIME };
        self.pause.set(tokio::time::sleep(pause));
        self.rounds = (rounds.is_first() || self.is_blind).then_some(rounds);
    }

    /// From now on directories are looked at in rounds.
    fn go_blind(&mut self) {
        self.is_blind = true;
        if self.rounds.is_none() {
            self.rounds = Some(Rounds::new(self.runs.clone()));
            self.pause.set(tokio::time::sleep(Duration::ZERO));
        }
    }

    /// A job is over: a file that is dropped there is refused, so it is watched as long as there is
    /// room for those that are not.
    pub(crate) fn ended(&mut self, job_id: JobId) {
        if self.watched.contains(&job_id) {
            self.ended.push_back(job_id);
        }
    }

    /// Whether one more job can be watched; the one that ended first makes room.
    fn make_room(&mut self) -> bool {
        if self.watched.len() + self.strays.len() < WATCHED_MAX {
            return true;
        }
        let Some(job_id) = self.ended.pop_front() else {
            return false;
        };
        self.watched.remove(&job_id);
        if let Some(watcher) = &mut self.watcher {
            let run = self.runs.run(&job_id);
            // The watch is gone already if the directory is.
            let _ = watcher.unwatch(&run.gates());
            let _ = watcher.unwatch(run.path());
        }
        true
    }

    /// Watches a directory that is no job's, and its `gates/`, before it is looked at: what is
    /// dropped there is told.
    fn hint_stray(&mut self, name: String) {
        let path = self.runs.path().join(&name);
        self.due_strays.insert(name.clone());
        if !is_directory(&path) {
            self.strays.remove(&name);
            return;
        }
        let is_room = self.strays.contains(&name) || self.make_room();
        let is_watched = is_room && self.watcher.as_mut().is_some_and(|watcher| watch_stray(watcher, &path));
        if is_watched {
            self.strays.insert(name);
        } else {
            self.go_blind();
        }
    }

    /// Watches a job's `gates/`, before it is looked at; its directory until there is one.
    fn hint(&mut self, job_id: JobId) {
        let run = self.runs.run(&job_id);
        self.due.insert(job_id.clone());
        if !run.path().is_dir() {
            return;
        }
        let is_room = self.watched.contains(&job_id) || self.make_room();
        let is_watched = is_room && self.watcher.as_mut().is_some_and(|watcher| watch_run(watcher, &run));
        if is_watched {
            self.watched.insert(job_id);
        } else {
            self.go_blind();
        }
    }
}

/// What is to be done about a part of a round.
struct Sifted {
    /// To look at.
    due: Vec<JobId>,
    /// Without a state in their directory: nobody knows these jobs, and they are to be watched.
    strange: Vec<JobId>,
    /// No job's.
    strays: Vec<String>,
}

/// Where all are new, in the first round, and of what is looked at once more, most have nothing.
/// They are not opened themselves, only their `gates/`: so the watching of the runs directory is
/// not woken.
fn sifted(runs: &RunsDir, watched: &BTreeSet<JobId>, part: RoundPart, is_first: bool) -> Sifted {
    let is_any = |job_id: &JobId| {
        let run = runs.run(job_id);
        drop_folder::is_any(&run) || is_first && !run.gates().is_dir()
    };
    let is_strange = |job_id: &JobId| !runs.run(job_id).state().exists();
    let (strange, changed): (Vec<_>, Vec<_>) = part.changed.into_iter().partition(is_strange);
    let changed = changed.into_iter().filter(|job_id| !is_first || is_any(job_id));
    // Of what comes after the look at a watched one, the operating system tells.
    let unsure = part
        .unsure
        .into_iter()
        .filter(|job_id| !watched.contains(job_id) && is_any(job_id));
    Sifted {
        due: changed.chain(unsure).collect(),
        strange,
        strays: part.strays,
    }
}

fn watch_run(watcher: &mut RecommendedWatcher, run: &RunDir) -> bool {
    let mut watch = |path: &Path| watcher.watch(path, RecursiveMode::NonRecursive).is_ok();
    // The directory may be made right after this check, so it is checked once more.
    if !run.gates().is_dir() && watch(run.path()) && !run.gates().is_dir() {
        return true;
    }
    let is_watched = watch(&run.gates());
    // The run directory changes all the time, so it is not watched; mostly it never was.
    let _ = watcher.unwatch(run.path());
    is_watched
}

fn watch_stray(watcher: &mut RecommendedWatcher, path: &Path) -> bool {
    let gates = path.join(GATES);
    let is_watched = watcher.watch(path, RecursiveMode::NonRecursive).is_ok();
    is_watched && (!is_directory(&gates) || watcher.watch(&gates, RecursiveMode::NonRecursive).is_ok())
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn watcher(runs: &Path, hints: Arc<Hints>) -> Option<RecommendedWatcher> {
    // The watcher reports absolute paths, whichever path it was given.
    let root = std::path::absolute(runs).ok()?;
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.need_rescan() {
            hints.is_some_lost.store(true, Ordering::Relaxed);
            hints.news.notify_one();
        }
        if is_whole(event.kind) {
            let below = event.paths.iter().filter_map(|path| path.strip_prefix(&root).ok());
            below
                .filter_map(|below| home_of(&root, below))
                .for_each(|home| hints.add(home));
        }
    };
    let watching = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(runs, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching
        .inspect_err(|error| {
            tracing::warn!("dropped files are looked for in rounds, a part every {PART_TIME:?}: {error}")
        })
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

/// Where a path below the runs directory may open a gate, or is meant to: a directory in it, its
/// `gates/`, or a dropped file in one of them.
fn home_of(root: &Path, below: &Path) -> Option<Home> {
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    let name = match parts?[..] {
        [home] | [home, GATES] => home,
        [home, name] | [home, GATES, name] if drop_folder::is_dropped(name) => home,
        _ => return None,
    };
    let is_stray = || drop_folder::is_stray(name, is_directory(&root.join(name)));
    JobId::new(name)
        .map(Home::Job)
        .ok()
        .or_else(|| is_stray().then(|| Home::Stray(name.to_owned())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_run_directory_is_watched_until_it_has_its_gates_and_no_longer() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        fs::create_dir(run.path()).unwrap();
        let mut watch = DropWatcher::new(&runs, vec![run.job_id().clone()]);
        // No round is under way: what is due is due because the operating system told of it.
        watch.rounds = None;
        assert_eq!(watch.take_due().len(), 1);
        fs::create_dir(run.gates()).unwrap();
        while watch.take_due().is_empty() {
            watch.changed().await;
        }
        let watcher = watch.watcher.as_mut().unwrap();
        assert!(watcher.unwatch(run.path()).is_err(), "it is watched still");
        watcher.unwatch(&run.gates()).unwrap();
    }

    /// At a hundred thousand runs each of them would be news.
    #[test]
    fn looking_into_gates_wakes_nobody_who_watches_the_runs_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        let run = runs.run(&JobId::new("j-17").unwrap());
        fs::create_dir_all(run.gates()).unwrap();
        let (sender, events) = std::sync::mpsc::sync_channel(64);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            drop(sender.send(event.unwrap()));
        })
        .unwrap();
        watcher.watch(runs.path(), RecursiveMode::NonRecursive).unwrap();
        assert!(!drop_folder::is_any(&run));
        let end = runs.path().join("end");
        fs::create_dir(&end).unwrap();
        let first = events.recv().unwrap();
        assert!(first.paths.contains(&end), "{first:?}");
    }
}
