//! Keeps drafts on a thread of its own: each is flushed, and nobody who decides, no timer and no
//! stage waits for the disk meanwhile.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use domain::refusal::Refusal;
use runs::{RunsDir, drafts};

use super::flusher::FLUSH_PATIENCE;
use super::inbox::Inbox;

/// How many wait at most: of each draft its newest text and its removal, and each text that was
/// thrown away or restored. It is more than a person types while a disk hangs. No more drafts are
/// remembered whose texts could not be put aside.
const WAITING_MAX: usize = 1_000;

const GONE: &str = "drafts are not kept any more: the thread that keeps them has ended";

/// What is done with a text that was typed.
pub(super) enum Typed {
    /// Keep it under this name, or remove what was kept.
    Draft(String, Option<Vec<u8>>),
    /// Keep it among what was thrown away, and remove there what is older than this. Its draft is
    /// not removed where that fails.
    Discarded(String, Vec<u8>, i64),
    /// Keep a draft that a text was restored to, and forget what was kept of it among what was
    /// thrown away.
    Restored(String, Vec<u8>, String),
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Typed>,
    is_busy: bool,
    /// How many were done.
    done: u64,
    /// Why the last draft could not be kept.
    trouble: Option<Refusal>,
    /// Why the last text that was thrown away could not be kept.
    aside_trouble: Option<Refusal>,
    /// The drafts whose texts were thrown away, and are nowhere else.
    not_aside: BTreeSet<String>,
    /// Somebody waited in vain, and nothing became done since.
    is_given_up: bool,
    is_over: bool,
    /// The thread has ended.
    is_gone: bool,
}

impl State {
    fn is_resting(&self) -> bool {
        !self.is_busy && self.waiting.is_empty()
    }

    fn trouble(&self) -> Option<Refusal> {
        self.aside_trouble.clone().or_else(|| self.trouble.clone())
    }

    fn may_remove(&self, draft: &str) -> bool {
        self.not_aside.len() < WAITING_MAX && !self.not_aside.contains(draft)
    }

    /// Notes what became of one of them.
    fn note(&mut self, typed: &Typed, why: Option<Refusal>) {
        match typed {
            Typed::Draft(..) | Typed::Restored(..) => self.trouble = why,
            Typed::Discarded(name, ..) => {
                let draft = drafts::of_discarded(name);
                if why.is_none() {
                    self.not_aside.remove(draft);
                } else if self.not_aside.len() < WAITING_MAX {
                    self.not_aside.insert(draft.to_owned());
                }
                self.aside_trouble = why;
            }
        }
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

/// One is being done. Also where that panics, nobody waits for what will not be done.
struct Busy<'a>(&'a Shared);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.is_busy, state.is_given_up, state.done) = (false, false, state.done.saturating_add(1));
        if std::thread::panicking() {
            state.is_gone = true;
            state.waiting.clear();
            state.trouble = Some(Refusal::not_possible(GONE));
        }
        self.0.changed.notify_all();
    }
}

/// The writer's side of the thread, which has done everything when this is dropped, unless the disk
/// does nothing any more.
pub(super) struct DraftKeeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl DraftKeeper {
    /// Starts the thread for the drafts of this operator; it is told whenever something else than
    /// before cannot be kept.
    pub(crate) fn start(
        runs: RunsDir,
        operator: String,
        tell: impl Fn(Option<Refusal>) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("drafts".to_owned())
            .spawn(move || run(&runs, &operator, &of_thread, &tell))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Does this after everything before; never waits. Of a draft only the newest text is kept, so
    /// an older one that waits still is passed over; not where it is to be removed, which is not
    /// done if its text cannot be put aside. False: it is not kept.
    pub(crate) fn take(&self, typed: Typed) -> bool {
        let mut state = self.shared.state();
        if let Typed::Draft(name, text) = &typed {
            state.waiting.retain(|other| match other {
                Typed::Draft(older, kept) => older != name || (text.is_none() && kept.is_some()),
                Typed::Discarded(..) | Typed::Restored(..) => true,
            });
        }
        let why = if state.is_gone {
            Some(GONE.to_owned())
        } else if state.waiting.len() >= WAITING_MAX {
            Some(format!(
                "{WAITING_MAX} texts wait for the disk; the last one typed is not kept"
            ))
        } else {
            None
        };
        if let Some(why) = why {
            state.note(&typed, Some(Refusal::not_possible(why)));
            return false;
        }
        state.waiting.push_back(typed);
        self.shared.changed.notify_all();
        true
    }

    /// Waits until everything before is done. False: nothing more became done for so long.
    pub(crate) fn rest(&self, patience: Duration) -> bool {
        let mut state = self.shared.state();
        while !state.is_resting() {
            let done = state.done;
            let is_same = |state: &mut State| !state.is_resting() && state.done == done;
            let waited = self.shared.changed.wait_timeout_while(state, patience, is_same);
            let (mut now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                now.is_given_up = true;
                return false;
            }
            state = now;
        }
        true
    }

    /// Why the last text could not be kept; of those that were thrown away, why the last of them
    /// could not.
    pub(crate) fn trouble(&self) -> Option<Refusal> {
        self.shared.state().trouble()
    }
}

impl Drop for DraftKeeper {
    fn drop(&mut self) {
        let is_given_up = {
            let mut state = self.shared.state();
            state.is_over = true;
            state.is_given_up
        };
        self.shared.changed.notify_all();
        // A disk that hangs is waited for once and does not keep the process from ending.
        if !is_given_up
            && self.rest(FLUSH_PATIENCE)
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn run(runs: &RunsDir, operator: &str, shared: &Shared, tell: &impl Fn(Option<Refusal>)) {
    while let Some(typed) = shared.next() {
        let _busy = Busy(shared);
        let why = keep(runs, operator, shared, &typed).err();
        let (former, now) = {
            let mut state = shared.state();
            let former = state.trouble();
            state.note(&typed, why);
            (former, state.trouble())
        };
        if former != now {
            tell(now);
        }
    }
}

/// Has the loop look at what cannot be kept.
pub(super) fn to_loop(inbox: Sender<Inbox>) -> impl Fn(Option<Refusal>) {
    move |_| {
        if inbox.blocking_send(Inbox::Flushed).is_err() {
            tracing::debug!("the loop is gone");
        }
    }
}

fn keep(runs: &RunsDir, operator: &str, shared: &Shared, typed: &Typed) -> Result<(), Refusal> {
    let kept = match typed {
        Typed::Draft(name, None) if !shared.state().may_remove(name) => {
            return Err(Refusal::not_possible(format!(
                "the draft {name} is not removed: what was thrown away of it could not be kept elsewhere"
            )));
        }
        Typed::Draft(name, bytes) => runs.save_draft(operator, name, bytes.as_deref()),
        Typed::Discarded(name, bytes, oldest_us) => runs.put_aside(operator, name, bytes, *oldest_us),
        Typed::Restored(name, bytes, aside) => runs.restore(operator, name, bytes, aside),
    };
    Ok(kept?)
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
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), to_loop(sender)).unwrap();
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
        assert!(
            keeper.trouble().unwrap().message.contains(".drafts"),
            "{:?}",
            keeper.trouble()
        );
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

    #[test]
    fn a_draft_whose_text_could_not_be_put_aside_is_not_removed_and_that_is_told_until_one_can() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let (sender, _inbox) = tokio::sync::mpsc::channel(16);
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), to_loop(sender)).unwrap();
        let discarded = |name: &str| Typed::Discarded(name.to_owned(), b"text".to_vec(), 0);
        let count = || runs.load_drafts("ana").unwrap().drafts.len();
        keeper.take(draft("one.json", Some(b"text")));
        assert!(keeper.rest(FLUSH_PATIENCE));
        // A file where a directory belongs: drafts can be kept, and nothing beside them.
        let blocked = runs.path().join(".drafts/ana/discarded");
        std::fs::File::create(&blocked).unwrap();
        keeper.take(discarded("7.one.json"));
        keeper.take(draft("one.json", None));
        keeper.take(draft("two.json", Some(b"other")));
        keeper.take(draft("two.json", None));
        keeper.take(draft("three.json", Some(b"other")));
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert_eq!(count(), 2, "one.json, and three.json that came later");
        assert!(
            keeper.trouble().unwrap().message.contains("discarded"),
            "{:?}",
            keeper.trouble()
        );
        std::fs::remove_file(blocked).unwrap();
        // Of another draft: that of the first is nowhere else all the same.
        keeper.take(discarded("8.three.json"));
        keeper.take(draft("three.json", None));
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert_eq!((count(), keeper.trouble()), (1, None));
        keeper.take(draft("one.json", None));
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert!(keeper.trouble().unwrap().message.contains("one.json is not removed"));
        keeper.take(discarded("9.one.json"));
        keeper.take(draft("one.json", None));
        assert!(keeper.rest(FLUSH_PATIENCE));
        assert_eq!((count(), keeper.trouble()), (0, None));
    }

    #[test]
    fn whoever_waits_for_a_thread_that_panicked_waits_no_longer() {
        let shared = Arc::new(Shared::default());
        shared
            .state()
            .waiting
            .extend([draft("one.json", None), draft("two.json", None)]);
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            assert!(of_thread.next().is_some());
            let _busy = Busy(&of_thread);
            panic!("as the disk's code might");
        });
        let keeper = DraftKeeper {
            shared,
            thread: Some(thread),
        };
        // For ever, if it had to be done.
        assert!(keeper.rest(Duration::MAX));
        keeper.take(draft("three.json", Some(b"text")));
        assert!(keeper.rest(Duration::MAX));
        assert_eq!(keeper.trouble(), Some(Refusal::not_possible(GONE)));
    }

    /// The thread is stuck, as on a disk that hangs: here because nobody hears what it has to tell.
    #[test]
    fn whoever_hands_a_text_over_never_waits_and_the_newest_of_each_draft_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let runs = RunsDir::open(folder.path(), None).unwrap();
        let (sender, mut inbox) = tokio::sync::mpsc::channel(1);
        sender.try_send(Inbox::Flushed).unwrap();
        let keeper = DraftKeeper::start(runs.clone(), "ana".to_owned(), to_loop(sender)).unwrap();
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
        assert!(keeper.shared.state().is_given_up, "whoever leaves does not wait again");
        assert_eq!(keeper.shared.state().waiting.len(), 2);
        // If the text cannot be put aside, the draft is not removed.
        keeper.take(draft("three.json", Some(b"text")));
        let taken = (0..2 * WAITING_MAX)
            .filter(|number| keeper.take(Typed::Discarded(format!("{number}.one.json"), Vec::new(), 0)));
        assert_eq!(taken.count(), WAITING_MAX - 3);
        // Nothing has room any more but what takes a place.
        keeper.take(Typed::Discarded("7.three.json".to_owned(), b"text".to_vec(), 0));
        keeper.take(draft("three.json", None));
        assert_eq!(keeper.shared.state().waiting.len(), WAITING_MAX);
        assert!(!keeper.shared.state().may_remove("three.json"));
        assert!(keeper.trouble().unwrap().message.contains("is not kept"));
        keeper
            .shared
            .state()
            .waiting
            .retain(|typed| matches!(typed, Typed::Draft(..)));
        keeper.take(Typed::Discarded("8.one.json".to_owned(), b"text".to_vec(), 0));
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
        assert!(kept.eq([("one.json", &[99][..]), ("three.json", b"text"), ("two.json", &[99])]));
    }
}
