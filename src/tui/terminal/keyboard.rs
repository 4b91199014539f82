//! Reads the terminal on a thread of its own.
//!
//! Not crossterm's `EventStream`: its default reader is edge-triggered and leaves what is behind the first kilobyte of a burst unread
//! until the next key; the other one never reads when asked without a wait, as the stream asks. Here readiness comes from the system,
//! level-triggered, and crossterm is only asked when there is something.
//!
//! While another program has the terminal the thread rests: it waits for a word from the loop and reads nothing.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use crossterm::event::{Event, poll, read};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use tokio::sync::mpsc;

/// The most events that wait for the loop; more stay with the system, which slows the sender down.
const EVENTS_MAX: usize = 4096;

/// Not zero, or crossterm would not look at all; not long, for it asks the system again and again as long as this lasts.
const LOOK: Duration = Duration::from_micros(20);
/// After input crossterm is asked once more: a thread that was held up for as long as a look lasts would leave what it has read until
/// the next key.
const AGAIN_MS: u16 = 5;

/// The loop's end of the thread. The thread ends when this is dropped or the terminal is gone.
pub(super) struct Keyboard {
    events: mpsc::Receiver<Event>,
    // A byte: rest; another one: go on.
    words: PipeWriter,
    rested: mpsc::Receiver<()>,
}

impl Keyboard {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let (resting, rested) = mpsc::channel(1);
        let (mut heard, words) = io::pipe()?;
        std::thread::Builder::new()
            .name("keyboard".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || {
                let mut is_fresh = false;
                loop {
                    let waited = wait(&heard, is_fresh);
                    is_fresh = matches!(waited, Waited::Input);
                    let goes_on = match waited {
                        Waited::Input | Waited::Quiet => take(&sender),
                        Waited::Word => rest(&mut heard, &resting),
                        Waited::Signal => true,
                        Waited::Gone => false,
                    };
                    if !goes_on {
                        break;
                    }
                }
            })?;
        Ok(Self { events, words, rested })
    }

    /// The next event; none: the terminal is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Returns when the thread reads no more. What was typed until then is dropped: it was meant for the program that comes now, and
    /// would be read by the console that comes back.
    pub async fn rest(&mut self) -> io::Result<()> {
        self.words.write_all(b".")?;
        loop {
            tokio::select! {
                biased;
                rested = self.rested.recv() => match rested {
                    Some(()) => break,
                    None => return Err(io::ErrorKind::BrokenPipe.into()),
                },
                // A full channel would keep the thread from hearing.
                event = self.events.recv() => if event.is_none() {
                    return Err(io::ErrorKind::BrokenPipe.into());
                },
            }
        }
        while self.events.try_recv().is_ok() {}
        Ok(())
    }

    /// Has the thread read again.
    pub fn go_on(&mut self) -> io::Result<()> {
        self.words.write_all(b".")
    }
}

enum Waited {
    Input,
    /// Nothing came for a while after input.
    Quiet,
    Word,
    Signal,
    Gone,
}

/// Blocks until there is something to read, or to hear; after input not for long.
fn wait(heard: &PipeReader, is_after_input: bool) -> Waited {
    let stdin = io::stdin();
    let mut waited = [
        PollFd::new(heard.as_fd(), PollFlags::POLLIN),
        PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
    ];
    let timeout = if is_after_input {
        PollTimeout::from(AGAIN_MS)
    } else {
        PollTimeout::NONE
    };
    match nix::poll::poll(&mut waited, timeout) {
        Ok(0) => return Waited::Quiet,
        // As after Ctrl-Z.
        Err(Errno::EINTR) => return Waited::Signal,
        Err(_) => return Waited::Gone,
        Ok(_) => {}
    }
    let [word, input] = waited.map(|fd| fd.revents().unwrap_or(PollFlags::POLLNVAL));
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
    if word.contains(PollFlags::POLLIN) {
        Waited::Word
    } else if word.intersects(gone) || input.intersects(gone) {
        Waited::Gone
    } else {
        Waited::Input
    }
}

/// Says that nothing is read any more, and waits for the word to go on. False: nobody is there to say it.
fn rest(heard: &mut PipeReader, resting: &mpsc::Sender<()>) -> bool {
    let mut word = [0];
    heard.read_exact(&mut word).is_ok() && resting.blocking_send(()).is_ok() && heard.read_exact(&mut word).is_ok()
}

/// Hands over everything that is there. False: nobody listens any more, or it cannot be read.
fn take(sender: &mpsc::Sender<Event>) -> bool {
    loop {
        match poll(LOOK) {
            Ok(true) => {
                if !read().is_ok_and(|event| sender.blocking_send(event).is_ok()) {
                    return false;
                }
            }
            Ok(false) => return true,
            Err(_) => return false,
        }
    }
}
