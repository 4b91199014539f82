//! File watching: the nudge file that every commit touches, and the configuration file.
//!
//! Events are only hints to look again (the WAL is never watched: its event comes before the commit is visible). Where watching does not
//! work, a slower look serves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::Sender;

use super::inbox::Inbox;

/// How often to look without a hint: a net under the watching, or all there is when it does not work.
const BACKSTOP_WATCHED: Duration = Duration::from_secs(10);
const BACKSTOP_BLIND: Duration = Duration::from_secs(1);

/// Keeps the watching alive.
pub(super) struct FileWatch {
    _watcher: Option<RecommendedWatcher>,
    /// How long the loop may go without a look.
    pub backstop: Duration,
}

/// Watches the nudge file, and the configuration file where there is one.
pub(super) fn watch_files(nudge: PathBuf, config: Option<PathBuf>, inbox: Sender<Inbox>) -> FileWatch {
    // The nudge file itself, not its directory: there every write of the database would wake the watching thread. The configuration's
    // directory, because editors replace the file.
    let watched: Vec<PathBuf> = [Some(nudge.clone()), config.as_deref().and_then(folder_of)]
        .into_iter()
        .flatten()
        .collect();
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Reading a watched file raises Access events too; they mean nothing for the nudge.
        let is_read = matches!(event.kind, EventKind::Access(_));
        // A full inbox is already full of reasons to look.
        if !is_read && event.paths.iter().any(|path| same_name(path, &nudge)) {
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
            _watcher: Some(watcher),
            backstop: BACKSTOP_WATCHED,
        },
        Err(error) => {
            tracing::warn!("files cannot be watched, looking every second instead: {error}");
            FileWatch {
                _watcher: None,
                backstop: BACKSTOP_BLIND,
            }
        }
    }
}

/// Whether a file that raises this is whole. Saving begins with an empty file: read then, it would take every gate away.
fn is_whole(kind: EventKind) -> bool {
    let is_closed = kind == EventKind::Access(AccessKind::Close(AccessMode::Write));
    let is_in_place = matches!(kind, EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_));
    // Only inotify tells when a writer is done.
    let is_written = !cfg!(target_os = "linux") && matches!(kind, EventKind::Create(_) | EventKind::Modify(_));
    is_closed || is_in_place || is_written
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
