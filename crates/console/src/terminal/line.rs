//! The line to the terminal: where frames go. A frame that the line takes at once is written here
//! and now, by a descriptor of our own that never blocks; what it does not take goes through a
//! thread, so that a stalled line blocks that thread and never the clock.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use nix::fcntl::OFlag;
use nix::sys::stat::fstat;
use nix::unistd::ttyname;
use tokio::sync::mpsc;

use super::job_control::FromBackground;

/// The way out, for one frame at a time.
pub(super) struct FrameOutput {
    /// A second descriptor of the same terminal; none: this machine or user cannot open one, and
    /// every frame goes through the thread.
    direct: Option<File>,
    frames: SyncSender<Vec<u8>>,
    written: mpsc::Receiver<()>,
    is_busy: bool,
}

impl FrameOutput {
    /// The line to this process's terminal, which is its standard output.
    pub(crate) fn open() -> io::Result<Self> {
        let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (frames, inbox) = sync_channel::<Vec<u8>>(1);
        let (outbox, written) = mpsc::channel(2);
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            while let Ok(frame) = inbox.recv() {
                // If the terminal is gone the thread ends; the closed channel shows that.
                if out.write_all(&frame).is_err() || outbox.blocking_send(()).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self {
            direct: unblocked(),
            frames,
            written,
            is_busy: false,
        })
    }

    /// Whether a frame is still being written: no other may be sent.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Sends a frame. Returns whether it is written already; else [`Self::written`] tells. The
    /// error is that the line is gone.
    pub(crate) fn send(&mut self, mut bytes: Vec<u8>) -> io::Result<bool> {
        if !self.is_busy {
            let taken = self.direct.as_ref().map_or(0, |direct| take(direct, &bytes));
            if taken == bytes.len() {
                return Ok(true);
            }
            bytes.drain(..taken);
        }
        match self.frames.try_send(bytes) {
            Ok(()) => {
                self.is_busy = true;
                Ok(false)
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(io::Error::new(
                ErrorKind::BrokenPipe,
                "the terminal takes no more output",
            )),
        }
    }

    /// Writes this now, where the line takes it; whether it did. Another program may have the
    /// terminal.
    pub(crate) fn send_now(&self, bytes: &[u8]) -> bool {
        let _guard = FromBackground::new();
        let direct = self.direct.as_ref().filter(|_| !self.is_busy);
        direct.is_some_and(|direct| take(direct, bytes) == bytes.len())
    }

    /// Waits for the thread; for ever when no frame is under way. False: the thread has ended, the
    /// line is gone. Cancel-safe.
    pub(crate) async fn written(&mut self) -> bool {
        if !self.is_busy {
            std::future::pending::<()>().await;
        }
        let is_written = self.written.recv().await.is_some();
        self.is_busy = !is_written;
        is_written
    }
}

/// A descriptor of its own: O_NONBLOCK is a mark of the open file, and the one of stdout is the
/// shell's as well.
fn unblocked() -> Option<File> {
    let path = ttyname(io::stdout()).ok()?;
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).bits();
    let direct = OpenOptions::new().write(true).custom_flags(flags).open(path).ok()?;
    // The name may belong to another terminal by now, as in a container: so the two are compared.
    let (here, there) = (fstat(io::stdout()).ok()?, fstat(&direct).ok()?);
    (here.st_rdev == there.st_rdev && here.st_dev == there.st_dev).then_some(direct)
}

/// How many of these bytes the line takes now. An error is not told here: the thread will meet it
/// as well.
fn take(mut direct: &File, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
        match direct.write(rest) {
            Ok(0) => break,
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    taken
}
