//! The external editor, which has the terminal for a while, in a process group of its own.
//!
//! A group of its own, because an editor that suspends itself stops its whole group: a console in
//! it would be stopped together with the locks that it holds, before it could do anything about
//! them.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::job_control;
use crate::external_editor::{Ending, ExternalEditor};
use crate::terminal::{self, EditorState};

/// An editor that is told to end is waited for no longer than this.
const END_WAIT: Duration = Duration::from_secs(2);
/// How often the external editor is looked at while it runs.
const END_LOOK: Duration = Duration::from_millis(20);

/// An external editor that runs.
pub(crate) struct RunningEditor {
    // The child is never awaited alone: we must also see when it is stopped.
    child: Child,
    group: Pid,
    /// The terminal's settings before it came, and its own while it is stopped.
    ours: Termios,
    theirs: Option<Termios>,
    /// The terminal was given back: it is the shell's by now.
    is_stopped: bool,
}

impl RunningEditor {
    /// Starts an editor on a file and gives it the terminal, whose settings are these.
    pub(crate) fn start(editor: &ExternalEditor, path: &Path, ours: Termios) -> io::Result<Self> {
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(editor.script())
            .arg(&editor.command)
            .arg(path)
            .process_group(0)
            .spawn()?;
        let group = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let mut started = Self {
            child,
            group,
            ours,
            theirs: None,
            is_stopped: false,
        };
        // One that reads before the terminal is its own is stopped, and continued when that is
        // seen.
        if let Err(error) = job_control::give_to(group) {
            started.kill();
            return Err(error);
        }
        Ok(started)
    }

    /// Gives it the terminal and has it go on.
    fn go_on(&self) -> io::Result<()> {
        job_control::give_to(self.group)?;
        self.signal(Signal::SIGCONT);
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        // An error means that the editor has ended: then nothing has to be signalled.
        let _ = killpg(self.group, signal);
    }

    fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Looks at it; never waits.
    pub(crate) fn look(&self) -> EditorState {
        let flags = WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED;
        loop {
            return match waitpid(self.group, Some(flags)) {
                Ok(WaitStatus::Exited(_, status)) => EditorState::Ended(Ending::Status(status)),
                Ok(WaitStatus::Signaled(_, signal, _)) => EditorState::Ended(Ending::Signal(signal.as_str())),
                Ok(WaitStatus::Stopped(_, Signal::SIGTTIN | Signal::SIGTTOU)) => {
                    // The editor stopped before it was given the terminal, so it is continued.
                    match self.go_on() {
                        Ok(()) => continue,
                        Err(_) => EditorState::Stopped,
                    }
                }
                Ok(WaitStatus::Stopped(..)) => EditorState::Stopped,
                Err(Errno::EINTR) => continue,
                Ok(_) => EditorState::Running,
                Err(error) => EditorState::Ended(Ending::NotStarted(error.desc().to_owned())),
            };
        }
    }

    /// Takes the terminal from it while it is stopped, as the shell is to find it.
    pub(crate) fn step_back(&mut self) -> io::Result<()> {
        self.signal(Signal::SIGTSTP);
        self.theirs = tcgetattr(io::stdin()).ok();
        self.is_stopped = true;
        terminal::restore(&self.ours)
    }

    /// Gives it the terminal as it had it, and has it go on.
    pub(crate) fn step_forward(&mut self) -> io::Result<()> {
        if let Some(theirs) = self.theirs.take() {
            let _guard = job_control::FromBackground::new();
            tcsetattr(io::stdin(), SetArg::TCSADRAIN, &theirs)?;
        }
        self.is_stopped = false;
        self.go_on()
    }

    /// The settings that the terminal had before it came.
    pub(crate) fn settings(&self) -> &Termios {
        &self.ours
    }

    /// Has it end, with what it makes of this signal; an editor that makes nothing of it is killed.
    /// Takes the terminal from it.
    pub(crate) async fn end(mut self, signal: Signal) {
        self.signal(signal);
        self.signal(Signal::SIGCONT);
        let ended = async {
            while !matches!(self.look(), EditorState::Ended(_)) {
                tokio::time::sleep(END_LOOK).await;
            }
        };
        if tokio::time::timeout(END_WAIT, ended).await.is_err() {
            self.kill();
        }
        // The terminal may be gone, and a shell that loses its terminal exits.
        if !self.is_stopped {
            let _ = terminal::restore(&self.ours);
        }
    }
}
