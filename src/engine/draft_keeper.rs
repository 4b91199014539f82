//! Keeps drafts on a thread of its own: each is flushed, and nobody who decides, no timer and no stage
//! waits for the disk meanwhile, unless `WAITING_MAX` texts wait already.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::Sender;

use crate::runs::RunsDir;

use super::inbox::Inbox;

/// So many texts wait at most; whoever hands over another one waits with them.
const WAITING_MAX: usize = 16;

/// What is done with a text that was typed.
pub(super) enum Typed {
    /// Keep it under this name, or remove what was kept.
    Draft(String, Option<Vec<u8>>),
    /// Keep it among what was thrown away, and remove there what is older than this.
    Discarded(String, Vec<u8>, i64),
    /// Keep a draft that a text was restored to, and forget what was kept of it among what was thrown away.
    Restored(String, Vec<u8>, String),
}

enum Item {
    Typed(Typed),
    /// Tells when everything before is done.
    Rest(SyncSender<()>),
}

/// The writer's side of the thread, which has done everything when this is dropped.
pub(super) struct DraftKeeper {
    items: Option<SyncSender<Item>>,
    thread: Option<JoinHandle<()>>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl DraftKeeper {
    /// Starts the thread for the drafts of this operator.
    pub fn start(runs: RunsDir, operator: String, inbox: Sender<Inbox>) -> io::Result<Self> {
        let (items, received) = sync_channel(WAITING_MAX);
        let trouble = Arc::new(Mutex::default());
        let shared = Arc::clone(&trouble);
        let thread = std::thread::Builder::new()
            .name("drafts".to_owned())
            .spawn(move || run(&runs, &operator, &received, &shared, &inbox))?;
        Ok(Self {
            items: Some(items),
            thread: Some(thread),
            trouble,
        })
    }

    /// Does this after everything before.
    pub fn take(&self, typed: Typed) {
        self.send(Item::Typed(typed));
    }

    /// Waits until everything before is done.
    pub fn rest(&self) {
        let (sender, rested) = sync_channel(1);
        self.send(Item::Rest(sender));
        // It fails only when the thread is gone, and then nothing is under way.
        let _ = rested.recv();
    }

    fn send(&self, item: Item) {
        // The thread lives as long as this.
        let _ = self.items.as_ref().map(|items| items.send(item));
    }

    /// Why the last text could not be kept.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for DraftKeeper {
    fn drop(&mut self) {
        drop(self.items.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    runs: &RunsDir,
    operator: &str,
    received: &Receiver<Item>,
    trouble: &Mutex<Option<String>>,
    inbox: &Sender<Inbox>,
) {
    for item in received {
        let kept = match item {
            Item::Typed(Typed::Draft(name, bytes)) => runs.save_draft(operator, &name, bytes.as_deref()),
            Item::Typed(Typed::Discarded(name, bytes, oldest_us)) => runs.put_aside(operator, &name, &bytes, oldest_us),
            Item::Typed(Typed::Restored(name, bytes, aside)) => runs.restore(operator, &name, &bytes, &aside),
            Item::Rest(rested) => {
                // Nobody waits any more when this fails.
                let _ = rested.send(());
                continue;
            }
        };
        let why = kept.err().map(|error| error.to_string());
        let former = std::mem::replace(
            &mut *trouble.lock().unwrap_or_else(PoisonError::into_inner),
            why.clone(),
        );
        if former != why && inbox.blocking_send(Inbox::Flushed).is_err() {
            tracing::debug!("the loop is gone");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_in_order_and_a_failure_is_told_until_the_next_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let (sender, mut inbox) = tokio::sync::mpsc::channel(4);
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), sender).unwrap();
        let draft = |bytes: Option<&[u8]>| Typed::Draft("one.json".to_owned(), bytes.map(<[u8]>::to_vec));
        let kept = || {
            runs.load_drafts("ana")
                .unwrap()
                .drafts
                .into_iter()
                .map(|(_, bytes)| bytes)
        };
        // A file where a directory belongs.
        let blocked = runs.path().join(".drafts");
        std::fs::File::create(&blocked).unwrap();
        keeper.take(draft(Some(b"lost")));
        keeper.rest();
        assert!(keeper.trouble().unwrap().contains(".drafts"), "{:?}", keeper.trouble());
        assert!(matches!(inbox.try_recv(), Ok(Inbox::Flushed)));
        std::fs::remove_file(blocked).unwrap();
        for bytes in [Some(&b"first"[..]), None, Some(b"second")] {
            keeper.take(draft(bytes));
        }
        keeper.rest();
        assert!(kept().eq([b"second".to_vec()]));
        assert_eq!(keeper.trouble(), None);
        assert!(matches!(inbox.try_recv(), Ok(Inbox::Flushed)));
        keeper.take(Typed::Discarded("7.one.json".to_owned(), b"second".to_vec(), 0));
        keeper.take(draft(None));
        drop(keeper);
        assert_eq!(kept().count(), 0);
        assert_eq!(runs.load_discarded("ana", 0).unwrap().drafts.len(), 1);
    }
}
