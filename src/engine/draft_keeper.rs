//! Keeps drafts on a thread of its own: each is flushed, and nobody who decides, no timer and no stage waits for the disk meanwhile.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use crate::runs::RunsDir;

use super::flusher::FLUSH_PATIENCE;
use super::inbox::Inbox;

/// So many texts wait at most, each of another draft: more than a person types while a disk hangs.
const WAITING_MAX: usize = 1_000;

/// What is done with a text that was typed.
pub(super) enum Typed {
    /// Keep it under this name, or remove what was kept.
    Draft(String, Option<Vec<u8>>),
    /// Keep it among what was thrown away, and remove there what is older than this.
    Discarded(String, Vec<u8>, i64),
    /// Keep a draft that a text was restored to, and forget what was kept of it among what was thrown away.
    Restored(String, Vec<u8>, String),
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Typed>,
    is_busy: bool,
    /// How many were done.
    done: u64,
    /// Why the last text could not be kept.
    trouble: Option<String>,
    is_over: bool,
}

impl State {
    fn is_resting(&self) -> bool {
        !self.is_busy && self.waiting.is_empty()
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one to do; none: there will be no more.
    fn next(&self) -> Option<Typed> {
        let is_idle = |state: &mut State| state.waiting.is_empty() && !state.is_over;
        let waited = self.changed.wait_while(self.state(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let next = state.waiting.pop_front();
        state.is_busy = next.is_some();
        next
    }
}

/// The writer's side of the thread, which has done everything when this is dropped, unless the disk does nothing any more.
pub(super) struct DraftKeeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl DraftKeeper {
    /// Starts the thread for the drafts of this operator.
    pub fn start(runs: RunsDir, operator: String, inbox: Sender<Inbox>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("drafts".to_owned())
            .spawn(move || run(&runs, &operator, &of_thread, &inbox))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Does this after everything before; never waits. Of a draft only the newest text is kept, so an older one that waits still is passed
    /// over.
    pub fn take(&self, typed: Typed) {
        let mut state = self.shared.state();
        if let Typed::Draft(name, _) = &typed {
            let is_older = |other: &Typed| matches!(other, Typed::Draft(older, _) if older == name);
            state.waiting.retain(|other| !is_older(other));
        }
        if state.waiting.len() >= WAITING_MAX {
            state.trouble = Some(format!(
                "{WAITING_MAX} texts wait for the disk; the last one typed is not kept"
            ));
            return;
        }
        state.waiting.push_back(typed);
        self.shared.changed.notify_all();
    }

    /// Waits until everything before is done. False: nothing more became done for so long.
    pub fn rest(&self, patience: Duration) -> bool {
        let mut state = self.shared.state();
        while !state.is_resting() {
            let done = state.done;
            let is_same = |state: &mut State| !state.is_resting() && state.done == done;
            let waited = self.shared.changed.wait_timeout_while(state, patience, is_same);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return false;
            }
            state = now;
        }
        true
    }

    /// Why the last text could not be kept.
    pub fn trouble(&self) -> Option<String> {
        self.shared.state().trouble.clone()
    }
}

impl Drop for DraftKeeper {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
        // A disk that hangs keeps nobody from leaving.
        if self.rest(FLUSH_PATIENCE)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn run(runs: &RunsDir, operator: &str, shared: &Shared, inbox: &Sender<Inbox>) {
    while let Some(typed) = shared.next() {
        let kept = match typed {
            Typed::Draft(name, bytes) => runs.save_draft(operator, &name, bytes.as_deref()),
            Typed::Discarded(name, bytes, oldest_us) => runs.put_aside(operator, &name, &bytes, oldest_us),
            Typed::Restored(name, bytes, aside) => runs.restore(operator, &name, &bytes, &aside),
        };
        let why = kept.err().map(|error| error.to_string());
        let former = std::mem::replace(&mut shared.state().trouble, why.clone());
        if former != why && inbox.blocking_send(Inbox::Flushed).is_err() {
            tracing::debug!("the loop is gone");
        }
        let mut state = shared.state();
        (state.is_busy, state.done) = (false, state.done.saturating_add(1));
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, bytes: Option<&[u8]>) -> Typed {
        Typed::Draft(name.to_owned(), bytes.map(<[u8]>::to_vec))
    }

    #[test]
    fn texts_are_kept_in_order_and_a_failure_is_told_until_the_next_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let (sender, mut inbox) = tokio::sync::mpsc::channel(4);
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), sender).unwrap();
        let draft = |bytes: Option<&[u8]>| draft("one.json", bytes);
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
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert!(keeper.trouble().unwrap().contains(".drafts"), "{:?}", keeper.trouble());
        assert!(matches!(inbox.try_recv(), Ok(Inbox::Flushed)));
        std::fs::remove_file(blocked).unwrap();
        for bytes in [Some(&b"first"[..]), None, Some(b"second")] {
            keeper.take(draft(bytes));
        }
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert!(kept().eq([b"second".to_vec()]));
        assert_eq!(keeper.trouble(), None);
        assert!(matches!(inbox.try_recv(), Ok(Inbox::Flushed)));
        keeper.take(Typed::Discarded("7.one.json".to_owned(), b"second".to_vec(), 0));
        keeper.take(draft(None));
        drop(keeper);
        assert_eq!(kept().count(), 0);
        assert_eq!(runs.load_discarded("ana", 0).unwrap().drafts.len(), 1);
    }

    /// The thread is stuck, as on a disk that hangs: here because nobody hears what it has to tell.
    #[test]
    fn whoever_hands_a_text_over_never_waits_and_the_newest_of_each_draft_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let (sender, mut inbox) = tokio::sync::mpsc::channel(1);
        sender.try_send(Inbox::Flushed).unwrap();
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), sender).unwrap();
        let blocked = runs.path().join(".drafts");
        std::fs::File::create(&blocked).unwrap();
        keeper.take(draft("one.json", Some(b"lost")));
        while keeper.trouble().is_none() {
            std::thread::yield_now();
        }
        for number in 0..100_u8 {
            keeper.take(draft("one.json", Some(&[number])));
            keeper.take(draft("two.json", Some(&[number])));
        }
        assert!(
            !keeper.rest(Duration::ZERO),
            "it waits for no longer than it is told to"
        );
        assert_eq!(keeper.shared.state().waiting.len(), 2);
        for number in 0..2 * WAITING_MAX {
            keeper.take(Typed::Discarded(format!("{number}.one.json"), Vec::new(), 0));
        }
        assert_eq!(keeper.shared.state().waiting.len(), WAITING_MAX);
        assert!(keeper.trouble().unwrap().contains("is not kept"));
        keeper
            .shared
            .state()
            .waiting
            .retain(|typed| matches!(typed, Typed::Draft(..)));
        std::fs::remove_file(blocked).unwrap();
        // What was there before, that nothing could be kept, and that it can be again.
        for _ in 0..3 {
            assert!(matches!(inbox.blocking_recv(), Some(Inbox::Flushed)));
        }
        assert!(keeper.rest(FLUSH_PATIENCE));
        let kept = runs.load_drafts("ana").unwrap().drafts;
        let kept = kept
            .iter()
            .map(|(path, bytes)| (path.file_name().unwrap().to_str().unwrap(), &bytes[..]));
        assert!(kept.eq([("one.json", &[99][..]), ("two.json", &[99])]));
    }
}
