//! File watching: the nudge file that every commit touches, and the configuration file.
//!
//! Events are only hints to look again (the WAL is never watched: its event comes before the commit
//! is visible). Where watching does not work, a slower look serves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::Sender;

use super::inbox::Inbox;

/// How often to look without a hint: a net under the watching, or all there is when it does not
/// work.
const BACKSTOP_WATCHED: Duration = Duration::from_secs(10);
const BACKSTOP_BLIND: Duration = Duration::from_secs(1);

/// Keeps the watching alive.
pub(super) struct FileWatch {
    watcher: Option<RecommendedWatcher>,
    nudge: PathBuf,
    /// The nudge file was removed or renamed: what is watched is not the file that others touch.
    is_lost: Arc<AtomicBool>,
}

impl FileWatch {
    /// How long the loop may go without a look.
    pub(crate) fn backstop(&self) -> Duration {
        if self.watcher.is_some() && !self.is_lost.load(Ordering::Relaxed) {
            BACKSTOP_WATCHED
        } else {
            BACKSTOP_BLIND
        }
    }

    /// Whether the nudge file has to be made and watched again.
    pub(crate) fn is_lost(&self) -> bool {
        self.watcher.is_some() && self.is_lost.load(Ordering::Relaxed)
    }

    /// Watches the nudge file anew; it must be there. What was missed meanwhile is seen by the next
    /// look.
    pub(crate) fn watch_again(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        // The kernel has most likely dropped the watch together with the file, so an error does not
        // matter.
        let _ = watcher.unwatch(&self.nudge);
        match watcher.watch(&self.nudge, RecursiveMode::NonRecursive) {
            Ok(()) => self.is_lost.store(false, Ordering::Relaxed),
            Err(error) => tracing::warn!("the nudge file cannot be watched: {error}"),
        }
    }
}

/// Watches the nudge file, and the configuration file where there is one.
pub(super) fn watch_files(nudge: PathBuf, config: Option<PathBuf>, inbox: Sender<Inbox>) -> FileWatch {
    // The nudge file itself, not its directory: there every write of the database would wake the
    // watching thread. The configuration's directory, because editors replace the file.
    let watched: Vec<PathBuf> = [Some(nudge.clone()), config.as_deref().and_then(folder_of)]
        .into_iter()
        .flatten()
        .collect();
    let is_lost = Arc::new(AtomicBool::new(false));
    let (lost, touched) = (Arc::clone(&is_lost), nudge.clone());
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let nudge = &touched;
        let is_gone = matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        if is_gone && event.paths.iter().any(|path| same_name(path, nudge)) {
            lost.store(true, Ordering::Relaxed);
        }
        // Reading a watched file raises Access events too; they mean nothing for the nudge.
        let is_read = matches!(event.kind, EventKind::Access(_));
        // If the inbox is full, the loop will look again anyway.
        if !is_read && event.paths.iter().any(|path| same_name(path, nudge)) {
            let _ = inbox.try_send(Inbox::Nudged);
        }
        if let Some(config) = &config
            && is_whole(event.kind)
            && event.paths.iter().any(|path| same_name(path, config))
        {
            let _ = inbox.try_send(Inbox::ConfigFileTouched);
        }
    };
    let watcher = notify::recommended_watcher(handler).and_then(|mut watcher| {
        for path in &watched {
            watcher.watch(path, RecursiveMode::NonRecursive)?;
        }
        Ok(watcher)
    });
    match watcher {
        Ok(watcher) => FileWatch {
            watcher: Some(watcher),
            nudge,
            is_lost,
        },
        Err(error) => {
            tracing::warn!("files cannot be watched, looking every second instead: {error}");
            FileWatch {
                watcher: None,
                nudge,
                is_lost,
            }
        }
    }
}

/// Whether a file that raises this is whole. Saving begins with an empty file: read then, it would
/// take every gate away.
fn is_whole(kind: EventKind) -> bool {
    let is_closed = kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    let is_in_place = matches!(kind, EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_));
    // Only inotify reports when a writer has closed the file.
    let is_written = !cfg!(target_os = "linux") && matches!(kind, EventKind::Create(_) | EventKind::Modify(_));
    is_closed || is_in_place || is_written
}

/// Watches folders for files that are put there, until it is dropped. None: they cannot be watched.
pub(super) fn watch_folders(
    folders: impl Iterator<Item = PathBuf>,
    tell: impl Fn() + Send + 'static,
) -> Option<RecommendedWatcher> {
    let handler = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_whole(event.kind)) {
            tell();
        }
    };
    let mut watcher = notify::recommended_watcher(handler).ok()?;
    for folder in folders {
        watcher.watch(&folder, RecursiveMode::NonRecursive).ok()?;
    }
    Some(watcher)
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        parent.to_path_buf()
    })
}

fn same_name(event: &Path, wanted: &Path) -> bool {
    event.file_name() == wanted.file_name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use runs::RunsDir;

    #[tokio::test]
    async fn a_removed_nudge_file_is_looked_past_and_watched_again() {
        let temporary = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(temporary.path().join("runs"), None).unwrap();
        runs.make_nudge().unwrap();
        let (sender, mut inbox) = tokio::sync::mpsc::channel(100);
        let mut files = watch_files(runs.nudge(), None, sender);
        assert_eq!((files.backstop(), files.is_lost()), (BACKSTOP_WATCHED, false));
        std::fs::remove_file(runs.nudge()).unwrap();
        while !files.is_lost() {
            assert!(matches!(inbox.recv().await, Some(Inbox::Nudged)));
        }
        assert_eq!(files.backstop(), BACKSTOP_BLIND);
        runs.make_nudge().unwrap();
        files.watch_again();
        assert_eq!((files.backstop(), files.is_lost()), (BACKSTOP_WATCHED, false));
        while inbox.try_recv().is_ok() {}
        runs.touch_nudge(Some(7)).unwrap();
        assert!(matches!(inbox.recv().await, Some(Inbox::Nudged)));
        assert_eq!(runs.nudged_seq(), Some(7));
    }
}
