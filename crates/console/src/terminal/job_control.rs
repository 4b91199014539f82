//! Who has the terminal: process groups, as a shell with job control deals them out (POSIX.1-2017,
//! 11.1.2 and 11.1.4).

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::{Pid, getpgid, getpgrp, getsid, tcgetpgrp, tcsetpgrp};

/// As long as this lives its thread may change the terminal from the background without being
/// stopped for it.
pub(crate) struct FromBackground {
    former: Option<SigSet>,
}

impl FromBackground {
    /// Blocks SIGTTOU.
    pub(crate) fn new() -> Self {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGTTOU);
        Self {
            former: signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok(),
        }
    }
}

impl Drop for FromBackground {
    fn drop(&mut self) {
        if let Some(former) = &self.former {
            // Restoring cannot fail: this mask was in force a moment ago.
            let _ = former.thread_set_mask();
        }
    }
}

/// Gives the terminal to a process group.
pub(crate) fn give_to(group: Pid) -> io::Result<()> {
    let _guard = FromBackground::new();
    match tcsetpgrp(io::stdin(), group) {
        // Not our controlling terminal: then no group is in its foreground, and none is stopped for
        // reading it.
        Ok(()) | Err(Errno::ENOTTY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives the terminal to the group of this process.
pub(crate) fn take() -> io::Result<()> {
    give_to(getpgrp())
}

/// Whether the terminal is this group's.
pub(crate) fn is_ours() -> bool {
    tcgetpgrp(io::stdin()).map_or(true, |group| group == getpgrp())
}

/// Whether there is a shell that could continue this process once it is stopped.
///
/// A session's leader in our own group is no such shell: that is `ssh -t host holdpoint`, or a
/// terminal that runs the console alone.
pub(crate) fn has_shell() -> bool {
    let leader_group = getsid(None).and_then(|leader| getpgid(Some(leader)));
    leader_group.is_ok_and(|group| group != getpgrp())
}

/// Stops this process and whatever was started together with it, until the shell continues them.
/// Not SIGTSTP, which the loop takes: what has to be done before a stop is done by then.
pub(crate) fn stop() -> io::Result<()> {
    Ok(kill(Pid::from_raw(0), Signal::SIGSTOP)?)
}
