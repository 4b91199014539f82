//! Reads the terminal on a thread of its own.
//!
//! Readiness comes from the system, level-triggered; what is read becomes inputs here, because only
//! here is it known which bytes came together and when (see [`super::decode`]).
//!
//! While another program has the terminal the thread rests: it waits for a word from the loop and
//! reads nothing.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use tokio::sync::mpsc;

use super::decode::Decoder;
use crate::input::TerminalInput;
use clock::{Clock, SystemClock};

/// The most inputs that wait for the loop; more stay with the system, which slows the sender down.
const INPUTS_MAX: usize = 4096;
/// What comes in a burst is read together up to this many bytes: a sequence that is whole is not to
/// be cut by the reader.
const BURST_BYTES_MAX: usize = 64 * 1024;

/// The loop's end of the thread. The thread ends when this is dropped or the terminal is gone.
pub(super) struct Keyboard {
    inputs: mpsc::Receiver<TerminalInput>,
    // The first byte tells the thread to rest, the next one to go on.
    words: PipeWriter,
    rested: mpsc::Receiver<()>,
}

impl Keyboard {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, inputs) = mpsc::channel(INPUTS_MAX);
        let (resting, rested) = mpsc::channel(1);
        let (mut heard, words) = io::pipe()?;
        std::thread::Builder::new()
            .name("keyboard".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || {
                let mut decoder = Decoder::default();
                loop {
                    let wake_us = decoder.wake_us();
                    let goes_on = match wait(&heard, wake_us) {
                        Waited::Input => take(&mut decoder, &sender),
                        Waited::Time => hand_over(&sender, |inputs| decoder.tick(now_us(), inputs)),
                        Waited::Word => {
                            decoder.forget();
                            rest(&mut heard, &resting)
                        }
                        Waited::Signal => true,
                        Waited::Gone => false,
                    };
                    if !goes_on {
                        break;
                    }
                }
            })?;
        Ok(Self { inputs, words, rested })
    }

    /// The next input; none: the terminal is gone. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<TerminalInput> {
        self.inputs.recv().await
    }

    /// An input that is there already.
    pub(crate) fn ready(&mut self) -> Option<TerminalInput> {
        self.inputs.try_recv().ok()
    }

    /// Returns when the thread reads no more. What was typed until then is dropped: it was meant
    /// for the program that comes now, and would be read by the console that comes back.
    pub(crate) async fn rest(&mut self) -> io::Result<()> {
        self.words.write_all(b".")?;
        loop {
            tokio::select! {
                biased;
                rested = self.rested.recv() => match rested {
                    Some(()) => break,
                    None => return Err(io::ErrorKind::BrokenPipe.into()),
                },
                // If the channel were full, the thread could not receive the order to rest.
                input = self.inputs.recv() => if input.is_none() {
                    return Err(io::ErrorKind::BrokenPipe.into());
                },
            }
        }
        while self.inputs.try_recv().is_ok() {}
        Ok(())
    }

    /// Has the thread read again.
    pub(crate) fn go_on(&mut self) -> io::Result<()> {
        self.words.write_all(b".")
    }
}

enum Waited {
    Input,
    /// The time has come that was waited for.
    Time,
    Word,
    Signal,
    Gone,
}

fn now_us() -> i64 {
    SystemClock.now().boot_us
}

/// Blocks until there is something to read, or to hear, or until a time.
fn wait(heard: &PipeReader, until_us: Option<i64>) -> Waited {
    let stdin = io::stdin();
    let mut waited = [
        PollFd::new(heard.as_fd(), PollFlags::POLLIN),
        PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
    ];
    let timeout = match until_us {
        // Rounded up, because a wait that ends too early would only begin again.
        Some(at_us) => {
            let left_ms = (at_us - now_us()).max(0) / 1000 + 1;
            PollTimeout::from(u16::try_from(left_ms).unwrap_or(u16::MAX))
        }
        None => PollTimeout::NONE,
    };
    match nix::poll::poll(&mut waited, timeout) {
        Ok(0) => return Waited::Time,
        // A signal interrupted the wait, as after Ctrl-Z.
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

/// Says that nothing is read any more, and waits for the word to go on. False: nobody is there to
/// say it.
fn rest(heard: &mut PipeReader, resting: &mpsc::Sender<()>) -> bool {
    let mut word = [0];
    heard.read_exact(&mut word).is_ok() && resting.blocking_send(()).is_ok() && heard.read_exact(&mut word).is_ok()
}

/// Reads what is there and hands it over. False: nobody listens any more, or it cannot be read.
fn take(decoder: &mut Decoder, sender: &mpsc::Sender<TerminalInput>) -> bool {
    let stdin = io::stdin();
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match nix::unistd::read(stdin.as_fd(), &mut piece) {
            Ok(0) => return false,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(_) => return false,
        }
        let mut more = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
        let has_more = nix::poll::poll(&mut more, PollTimeout::ZERO).is_ok_and(|count| count > 0)
            && more[0].revents() == Some(PollFlags::POLLIN);
        if !has_more || bytes.len() >= BURST_BYTES_MAX {
            break;
        }
    }
    hand_over(sender, |inputs| decoder.feed(&bytes, now_us(), inputs))
}

/// Hands over what is made; false: nobody listens any more.
fn hand_over(sender: &mpsc::Sender<TerminalInput>, make: impl FnOnce(&mut Vec<TerminalInput>)) -> bool {
    let mut inputs = Vec::new();
    make(&mut inputs);
    inputs.into_iter().all(|input| sender.blocking_send(input).is_ok())
}
