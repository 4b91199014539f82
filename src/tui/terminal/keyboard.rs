//! Reads the terminal on a thread of its own.
//!
//! Not crossterm's `EventStream`: its default reader is edge-triggered and leaves what is behind the first kilobyte of a burst unread
//! until the next key; the other one never reads when asked without a wait, as the stream asks. Here readiness comes from the system,
//! level-triggered, and crossterm is only asked when there is something.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use crossterm::event::{Event, poll, read};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use tokio::sync::mpsc;

/// The most events that wait for the loop; more stay with the system, which slows the sender down.
const EVENTS_MAX: usize = 4096;

/// Not zero, or crossterm would not look at all; what is there is taken at once, so this is hardly ever waited for.
const LOOK: Duration = Duration::from_millis(1);

/// Starts the thread. The channel closes when the terminal is gone.
pub(super) fn start() -> io::Result<mpsc::Receiver<Event>> {
    let (sender, receiver) = mpsc::channel(EVENTS_MAX);
    std::thread::Builder::new()
        .name("keyboard".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || while wait_for_input() && take(&sender) {})?;
    Ok(receiver)
}

/// Blocks until there is something to read. False: the terminal is gone.
fn wait_for_input() -> bool {
    let stdin = io::stdin();
    let mut waited = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    match nix::poll::poll(&mut waited, PollTimeout::NONE) {
        // A signal, as after Ctrl-Z.
        Err(Errno::EINTR) => true,
        Err(_) => false,
        Ok(_) => {
            let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
            waited
                .iter()
                .all(|fd| fd.revents().is_some_and(|found| !found.intersects(gone)))
        }
    }
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
